"""The workloads that come with Splitbrain."""
