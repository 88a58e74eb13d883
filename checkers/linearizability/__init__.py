"""Linearizability: whether every operation can be given one moment between its invocation and its completion.

One object at a time (checker.py): conflicts that show in linear time (zones.py), else a search (prepare.py, search.py)
behind the seam for engines (engine.py). A linearization found is verified (verify.py) before it counts; what is not
linearizable comes with evidence (find.py, reduce.py) that proves it (sound.py).
"""

from .checker import Judgement, judge, linearizable
from .find import is_evidence

__all__ = ["Judgement", "is_evidence", "judge", "linearizable"]
