import os
import subprocess
import sys

CODE = """
from random import Random
from splitbrain.nemesis.cluster import Cluster
from splitbrain.nemesis.resolve import resolve
from splitbrain.nemesis.schedule import plan
from splitbrain.systems.system import FaultModel, Tolerance
groups = {f"s{i}": "servers" for i in range(5)}
model = FaultModel({"servers": Tolerance(2, 2)}, None, "")
cluster = Cluster(groups, ("c0", "c1", "c2"), frozenset(groups), frozenset({"s1"}), {"s2": "primary"}, "s3")
for seed in range(100):
    for fault in plan("swarm", model=model, groups=groups, messages=("Ping",), duration=10**9, random=Random(seed)):
        print(resolve(fault, cluster, model, Random(seed)))
"""


def test_plans_and_targets_do_not_depend_on_the_hash_seed() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert len(printed.pop().splitlines()) > 500
