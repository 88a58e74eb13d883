"""Named streams of randomness."""

from splitbrain.systems.streams import stream


def test_a_stream_depends_on_the_seed_and_every_name() -> None:
    draws = {stream(*arguments).random() for arguments in ((1, "a"), (2, "a"), (1, "b"), (1, "a", "b"), (1, "ab"))}
    assert len(draws) == 5


def test_a_stream_is_the_same_everywhere() -> None:
    assert stream(7, "workload", "c0").getrandbits(32) == stream(7, "workload", "c0").getrandbits(32) == 2160138972
