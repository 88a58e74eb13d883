"""Draws that schedules are made of."""

import math
from collections.abc import Mapping
from random import Random
from typing import TypeVar

Name = TypeVar("Name", bound=str)

MILLISECOND = 1_000_000


def log_uniform(random: Random, low: float, high: float) -> float:
    """A number between `low` and `high`, both positive, whose logarithm is uniform."""
    return math.exp(random.uniform(math.log(low), math.log(high)))


def weighted(weights: Mapping[Name, int], random: Random) -> Name:
    """One of the names, by weight."""
    return random.choices(list(weights), list(weights.values()))[0]
