"""What holds at every moment of every run, whatever the clients happen to see of it."""

from collections.abc import Mapping
from typing import Final

from ..node import Node
from ..system import Broken, Monitor
from .coordinator import BUCKETS, Coordinator
from .jobs import bucket, sequential
from .messages import Job, ReduceDone, Submit


class RightOutputs:
    """The output that counts of each reduce task is that part of the job's result that a sequential run would have.

    The state holds the results of the jobs in progress.
    """

    name = "right-outputs"
    initial: Mapping[Job, dict[str, str]] = {}
    events = frozenset((Submit, ReduceDone))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(state, Mapping)
        assert isinstance(node, Coordinator)
        if isinstance(event, Submit):
            return {
                job: state.get(job) or dict(sequential(work.submit.kind, work.submit.documents))
                for job, work in node.jobs.items()
            }
        assert isinstance(event, ReduceDone)
        work = node.jobs.get(event.job)
        if work is None or event.task not in work.outputs:
            return state
        expected = state[event.job]
        output = work.outputs[event.task]
        right = tuple((key, value) for key, value in expected.items() if bucket(key, BUCKETS) == event.task)
        if output != right:
            return Broken(
                f"the output of reduce task {event.task} of {event.job.client}'s job is not that of its words"
            )
        return state


MONITORS: Final[tuple[Monitor, ...]] = (RightOutputs(),)
