"""A Raft replica, whole. Each section of the paper is a module, and builds on the one before:

state ◀ snapshots ◀ replication ◀ election ◀ transfer ◀ membership ◀ reads
"""

from .reads import Reads


class RaftReplica(Reads):
    """One replica of the machine. `peers` are the group's members at first, by name; `reconfigure` changes them."""
