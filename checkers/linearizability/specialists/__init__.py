"""Engines for one model each, which decide in about linear time where they apply."""
