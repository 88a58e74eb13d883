"""Linearizability: whether every operation can be given one moment between its invocation and its completion.

One object at a time (checker.py), by the cheapest engine that applies (choose.py). A linearization found is verified
(verify.py) before it counts; what is not linearizable comes with evidence (find.py, reduce.py) that proves it
(sound.py). While a run goes on, streaming.py follows it.
"""

from .checker import Judgement, judge, linearizable
from .choose import ENGINES
from .confirm import is_evidence
from .streaming import Streaming

__all__ = ["ENGINES", "Judgement", "Streaming", "is_evidence", "judge", "linearizable"]
