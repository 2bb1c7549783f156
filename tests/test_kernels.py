"""Compiled or not, the loops over people give the same bits."""

import numpy as np
import pytest

from parksim import kernels

pytestmark = pytest.mark.skipif(not kernels.FAST, reason="Numba is not installed or switched off")
PEOPLE = 40_000  # more than one chunk of the numpy way


def draw(seed=1):
    return np.random.default_rng(seed)


def test_draws_are_the_same():
    ids = draw().integers(0, 2**64, PEOPLE, dtype=np.uint64)
    one, other = np.empty(PEOPLE), np.empty(PEOPLE)
    for way, out in ((kernels.uniform, one), (kernels.uniform_numpy, other)):
        way(ids, np.uint64(123456789), np.uint64(0x9E3779B97F4A7C15), out)
    assert one.tobytes() == other.tobytes()
    mixed = ids.copy()
    kernels.mix(mixed)
    kernels.mix_numpy(ids)
    assert mixed.tobytes() == ids.tobytes()


def test_sums_over_needs_are_the_same():
    units = 9
    tables = draw().normal(size=(3, 3, units * 256))
    unit = draw().integers(0, units, PEOPLE).astype(np.int32)
    needs = draw().integers(0, 2**24, PEOPLE).astype(np.uint32)
    one, other = np.empty((3, PEOPLE)), np.empty((3, PEOPLE))
    kernels.gather(tables, unit, needs, one)
    kernels.gather_numpy(tables, unit, needs, other)
    assert one.tobytes() == other.tobytes()


def test_ways_and_choices_are_the_same():
    cells, luck = 50, draw()
    cell = luck.integers(0, cells, PEOPLE)
    who = np.flatnonzero(luck.uniform(size=PEOPLE) < 0.6)
    person = (luck.lognormal(size=PEOPLE), luck.uniform(0, 9, PEOPLE))
    place = tuple(luck.uniform(0, 60, cells) for _ in range(3))
    told = []
    for way, best in ((kernels.way, kernels.best), (kernels.way_numpy, kernels.best_numpy)):
        minutes, utility = np.empty(who.size), np.empty(who.size)
        way(who, cell, person, place, (0.7, -0.06), minutes, utility)
        most, mode, taken = np.full(PEOPLE, -3.0), np.full(PEOPLE, -1, dtype=np.int8), np.zeros(PEOPLE)
        best(who, (utility, np.sin(utility), minutes), 4, most, mode, taken)
        told.append([a.tobytes() for a in (minutes, utility, most, mode, taken)])
    assert told[0] == told[1]
