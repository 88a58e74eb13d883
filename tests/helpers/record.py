"""Which seed finds each planted bug, and by what, for tests/quality:

    python tests/helpers/record.py [SYSTEM...]

For each bug the seeds from 0 on are tried under the default swarm, the workloads of the system taking turns, until one
finds it; the file keeps what is not asked for. To be repeated whenever faults are drawn differently: all seeds change
their meaning then. It exits with 1 if a bug was not found by any of a thousand seeds.
"""

import json
import sys
from itertools import cycle, islice
from pathlib import Path

from campaign import attempt

from splitbrain.bench.registry import SYSTEMS, system
from splitbrain.errors import ContractError

TABLE = Path(__file__).parent.parent / "quality" / "found.json"
SEEDS = 1000


def table() -> dict[str, list[object]]:
    """Workload, seed and finders of each `system/bug`."""
    found: dict[str, list[object]] = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    return found


def first(tested: str, bug: str) -> list[object]:
    """Workload, seed and finders of the first seed that finds the bug without an exception; nothing if none does."""
    for seed, workload in enumerate(islice(cycle(system(tested).workloads), SEEDS)):
        try:
            found = attempt(tested, workload, seed, bug).found_by
        except ContractError:
            continue
        if found:
            return [workload, seed, *found]
    return []


def main() -> int:
    """Record the systems named on the command line, all if none is, and give the exit code."""
    asked = sys.argv[1:] or list(SYSTEMS)
    found = {name: what for name, what in table().items() if name.split("/")[0] not in asked}
    missing = []
    for name in asked:
        for bug in system(name).bugs:
            what = first(name, bug)
            if what:
                found[f"{name}/{bug}"] = what
            else:
                missing.append(f"{name}/{bug}")
    lines = [f"  {json.dumps(name)}: {json.dumps(what)}" for name, what in sorted(found.items())]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    sys.stderr.write("".join(f"{name} was not found\n" for name in missing))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
