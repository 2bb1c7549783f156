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


KEY = np.uint64(987654321)


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_of_needs_are_the_same(weighted):
    units = 9
    unit = draw().integers(0, units, PEOPLE).astype(np.int32)
    needs = draw().integers(0, 2**24, PEOPLE).astype(np.uint32)
    weights = draw().uniform(size=PEOPLE) if weighted else np.empty(0)
    one, other = np.zeros((3, units * 256)), np.zeros((3, units * 256))
    kernels.tally(unit, needs, weights, one)
    kernels.tally_numpy(unit, needs, weights, other)
    assert one.tobytes() == other.tobytes()
    assert one.sum() == pytest.approx(3 * (weights.sum() if weighted else PEOPLE))


def test_the_first_of_a_race_is_the_same_though_the_loop_looks_at_few():
    places, kinds, luck = 7, 21, draw()
    many = luck.integers(0, 4, (places, kinds))
    begins = np.zeros((places, kinds + 1), dtype=np.intp)
    begins[:, 1:] = np.cumsum(many, axis=1)
    begins += np.r_[0, np.cumsum(begins[:-1, -1])][:, None]
    options = int(begins[-1, -1])
    code, pull = luck.integers(0, 2**32, options, dtype=np.uint64), luck.lognormal(size=options)
    ids = luck.integers(0, 2**64, PEOPLE, dtype=np.uint64)
    place = luck.integers(0, places, PEOPLE)
    needs = (luck.integers(0, 2**21, PEOPLE) & luck.integers(0, 2**21, PEOPLE)).astype(np.uint32)
    needs[:100] = 0  # they need nothing
    told, listed = [], []
    for choose, first in (
        (kernels.options, kernels.first),
        (kernels.options_numpy, kernels.first_numpy),
    ):
        total = int((begins[place, -1] - begins[place, 0]).sum())
        taken, u, ends = np.empty(total, dtype=np.intp), np.empty(total), np.empty(PEOPLE, dtype=np.intp)
        choose(ids, (place, needs, begins), (code, pull), KEY, taken, u, ends)
        out = np.empty(PEOPLE, dtype=np.intp)
        first(taken[: ends[-1]], -np.log(u[: ends[-1]]), pull, ends, out)
        told.append(out)
        listed.append(ends[-1])
    assert (told[0] == told[1]).all()
    assert (told[0][:100] == -1).all()
    assert listed[0] < 0.5 * listed[1]


def test_mates_are_the_same():
    luck = draw()
    ids = luck.integers(0, 2**64, PEOPLE, dtype=np.uint64)
    group, firm = luck.integers(0, PEOPLE // 10, PEOPLE), luck.integers(0, 40, PEOPLE)
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(group[order]) != 0, True])
    one, other = np.empty(PEOPLE, dtype=np.intp), np.empty(PEOPLE, dtype=np.intp)
    kernels.mates(ids, firm, (order, begins), KEY, one)
    kernels.mates_numpy(ids, firm, (order, begins), KEY, other)
    assert (one == other).all()
    some = one >= 0
    assert (group[one[some]] == group[some]).all()
    assert (firm[one[some]] != firm[some]).all()
