"""Siting: no set of sites in a full enumeration is better, and what more sites, money or room can do."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parksim.errors import ParksimError
from parksim.siting import Siting, SitingError, max_coverage, p_center, p_median, set_cover


def town(seed, n=9, m=7, holes=0.0):
    """People and plots on a square; whole minutes, so that ties happen; some pairs without a way."""
    rng = np.random.default_rng(seed)
    people, plots = rng.uniform(0, 20, (n, 1, 2)), rng.uniform(0, 20, (1, m, 2))
    cost = np.round(np.hypot(*np.moveaxis(people - plots, 2, 0)))
    cost[rng.random((n, m)) < holes] = math.inf
    return cost, rng.integers(0, 6, n).astype(float), rng


def sets(m, sizes, existing=(), forbidden=(), prices=None, budget=math.inf):
    for size in sizes:
        for chosen in itertools.combinations(range(m), size):
            paid = 0 if prices is None else sum(prices[j] for j in chosen if j not in existing)
            if set(existing) <= set(chosen) and not set(chosen) & set(forbidden) and paid <= budget:
                yield chosen


def serve(cost, weights, chosen, capacities, penalty=math.inf):
    """Least cost of giving every demand wholly to one of the sites, by trying all ways."""
    room = {j: capacities[j] for j in chosen}
    order = [i for i in range(len(weights)) if weights[i] > 0]
    best = math.inf

    def place(k, so_far):
        nonlocal best
        if so_far >= best:
            return
        if k == len(order):
            best = so_far
            return
        i = order[k]
        for j in chosen:
            if cost[i][j] < math.inf and weights[i] <= room[j]:
                room[j] -= weights[i]
                place(k + 1, so_far + weights[i] * cost[i][j])
                room[j] += weights[i]
        if penalty < math.inf:
            place(k + 1, so_far + weights[i] * penalty)

    place(0, 0.0)
    return best


def check(answer, cost, weights=None, capacities=None):
    """What any answer must fulfil by itself."""
    assert isinstance(answer, Siting)
    assert list(answer.sites) == sorted(set(answer.sites))
    assert answer.gap == 0
    assert answer.bound == pytest.approx(answer.objective)
    served = answer.assignment >= 0
    assert set(answer.assignment[served]) <= set(answer.sites)
    assert np.all(np.isfinite(cost[np.flatnonzero(served), answer.assignment[served]]))
    if capacities is not None:
        load = np.bincount(answer.assignment[served], np.asarray(weights)[served], len(capacities))
        assert np.all(load <= np.asarray(capacities) + 1e-9)


RULES = [{}, {"existing": [2]}, {"forbidden": [0, 4]}, {"existing": [1, 5], "forbidden": [3]}]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("p", [2, 3])
def test_p_median_is_the_best_of_all_sets(seed, p, rule):
    cost, weights, _ = town(seed)
    best = min(weights @ cost[:, list(c)].min(axis=1) for c in sets(7, [p], **rule))
    answer = p_median(cost, weights, p, **rule)
    check(answer, cost)
    assert len(answer.sites) == p
    assert answer.objective == pytest.approx(best)
    assert weights @ cost[np.arange(9), answer.assignment] == pytest.approx(best)


@pytest.mark.parametrize("seed", range(40))
def test_p_median_of_arbitrary_costs_is_the_best_of_all_sets(seed):
    rng = np.random.default_rng(100 + seed)
    n, m = rng.integers(1, 14), rng.integers(2, 10)
    cost, weights = rng.integers(0, 30, (n, m)) * 1.0, rng.uniform(0, 3, n)
    p = int(rng.integers(1, m + 1))
    best = min(weights @ cost[:, list(c)].min(axis=1) for c in sets(m, [p]))
    answer = p_median(cost, weights, p)
    check(answer, cost)
    assert answer.objective == pytest.approx(best)


@pytest.mark.parametrize("seed", range(12))
def test_sites_without_a_way_are_never_used(seed):
    cost, weights, _ = town(seed, holes=0.45)
    with np.errstate(invalid="ignore"):
        totals = [np.nansum(weights * cost[:, list(c)].min(axis=1)) for c in sets(7, [3])]
    reach = [np.isfinite(cost[weights > 0][:, list(c)]).any(axis=1).all() for c in sets(7, [3])]
    best = min((t for t, r in zip(totals, reach, strict=True) if r), default=None)
    if best is None:
        with pytest.raises(SitingError, match=r"demand \d+ reaches no site|no 3 sites"):
            p_median(cost, weights, 3)
    else:
        answer = p_median(cost, weights, 3)
        check(answer, cost)
        assert answer.objective == pytest.approx(best)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(6))
def test_max_coverage_is_the_best_of_all_sets(seed, rule):
    cost, weights, _ = town(seed, holes=0.2)
    best = max(weights[(cost[:, list(c)] <= 5).any(axis=1)].sum() for c in sets(7, [2], **rule))
    answer = max_coverage(cost, weights, 2, 5, **rule)
    check(answer, cost)
    assert len(answer.sites) == 2
    assert answer.objective == pytest.approx(best)
    covered = answer.assignment >= 0
    assert np.array_equal(covered, (cost[:, list(answer.sites)] <= 5).any(axis=1))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(6))
def test_set_cover_opens_the_fewest(seed, rule):
    cost, _, _ = town(seed)
    covers = [len(c) for c in sets(7, range(8), **rule) if (cost[:, list(c)] <= 10).any(axis=1).all()]
    if not covers:
        with pytest.raises(SitingError, match=r"demand \d+ is within 10 of no site"):
            set_cover(cost, 10, **rule)
        return
    answer = set_cover(cost, 10, **rule)
    check(answer, cost)
    assert answer.objective == len(answer.sites) == min(covers)
    assert np.all(cost[np.arange(9), answer.assignment] <= 10)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("p", [2, 3])
def test_p_center_has_the_least_radius(seed, p, rule):
    cost, _, _ = town(seed)
    best = min(cost[:, list(c)].min(axis=1).max() for c in sets(7, [p], **rule))
    answer = p_center(cost, p, **rule)
    check(answer, cost)
    assert len(answer.sites) == p
    assert answer.objective == best == cost[np.arange(9), answer.assignment].max()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(5))
def test_with_capacities_every_problem_is_the_best_of_all_ways(seed, rule):
    cost, weights, rng = town(seed, n=7, m=6)
    weights += 1
    room = rng.integers(5, 14, 6).astype(float)
    ways = list(sets(6, [3], **rule))
    best = min(serve(cost, weights, c, room) for c in ways)
    if best == math.inf:
        with pytest.raises(SitingError):
            p_median(cost, weights, 3, capacities=room, **rule)
    else:
        answer = p_median(cost, weights, 3, capacities=room, **rule)
        check(answer, cost, weights, room)
        assert answer.objective == pytest.approx(best)
        level = min(
            r for r in np.unique(cost) for c in ways if serve(far_cut(cost, r), weights, c, room) < math.inf
        )
        center = p_center(cost, 3, weights=weights, capacities=room, **rule)
        check(center, cost, weights, room)
        assert center.objective == level

    covered = max_coverage(cost, weights, 3, 7, capacities=room, **rule)
    check(covered, cost, weights, room)
    lost = min(serve(np.where(cost <= 7, 0.0, math.inf), weights, c, room, penalty=1) for c in ways)
    assert covered.objective == pytest.approx(weights.sum() - lost)

    sizes = [
        len(c) for c in sets(6, range(7), **rule) if serve(far_cut(cost, 12), weights, c, room) < math.inf
    ]
    if sizes:
        fewest = set_cover(cost, 12, weights=weights, capacities=room, **rule)
        check(fewest, cost, weights, room)
        assert fewest.objective == min(sizes)
    else:
        with pytest.raises(SitingError):
            set_cover(cost, 12, weights=weights, capacities=room, **rule)


def far_cut(cost, radius):
    return np.where(cost <= radius, cost, math.inf)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("existing", [[], [1]])
def test_a_budget_buys_the_best_it_can(seed, existing):
    cost, weights, rng = town(seed)
    prices = rng.integers(1, 9, 7).astype(float)
    ways = list(sets(7, [1, 2, 3], existing, (), prices, 9))
    money = {"existing": existing, "site_costs": prices, "budget": 9}
    median = p_median(cost, weights, 3, **money)
    check(median, cost)
    assert median.objective == pytest.approx(min(weights @ cost[:, list(c)].min(axis=1) for c in ways))
    assert sum(prices[j] for j in median.sites if j not in existing) <= 9
    cover = max_coverage(cost, weights, 3, 6, **money)
    assert cover.objective == max(weights[(cost[:, list(c)] <= 6).any(axis=1)].sum() for c in ways)
    center = p_center(cost, 3, **money)
    assert center.objective == min(cost[:, list(c)].min(axis=1).max() for c in ways)
    sizes = [
        len(c)
        for c in sets(7, range(8), existing, (), prices, 9)
        if (cost[:, list(c)] <= 12).any(axis=1).all()
    ]
    if sizes:
        assert set_cover(cost, 12, **money).objective == min(sizes)
    else:
        with pytest.raises(SitingError, match=r"budget|demand"):
            set_cover(cost, 12, **money)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0, 20))
def test_more_is_never_worse(seed, p, radius):
    cost, weights, _ = town(seed)
    assert p_median(cost, weights, p + 1).objective <= p_median(cost, weights, p).objective + 1e-9
    assert p_center(cost, p + 1).objective <= p_center(cost, p).objective
    covered = max_coverage(cost, weights, p, radius).objective
    assert max_coverage(cost, weights, p + 1, radius).objective >= covered
    assert max_coverage(cost, weights, p, radius + 1).objective >= covered
    assert covered <= weights.sum()
    centre = p_center(cost, p).objective
    assert set_cover(cost, centre).objective <= p
    assert max_coverage(cost, weights, p, centre).objective == weights.sum()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_a_rule_never_helps_and_the_unit_of_weight_does_not_matter(seed, p):
    cost, weights, _ = town(seed)
    free = p_median(cost, weights, p).objective
    assert p_median(cost, weights, p, existing=[0]).objective >= free - 1e-9
    assert p_median(cost, weights, p, forbidden=[0]).objective >= free - 1e-9
    assert p_median(cost, weights, p, capacities=np.full(7, weights.sum())).objective == pytest.approx(free)
    assert p_median(cost, 1e-6 * weights, p).objective == pytest.approx(1e-6 * free)
    assert p_median(1e5 * cost, weights, p).objective == pytest.approx(1e5 * free)


@pytest.mark.parametrize("p", [5, 20])
def test_two_hundred_places_are_solved_to_proof(p):
    rng = np.random.default_rng(p)
    places = rng.uniform(0, 1000, (200, 2))
    cost = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    weights = rng.integers(1, 100, 200)
    for answer in (
        p_median(cost, weights, p, time_limit=30),
        max_coverage(cost, weights, p, 100, time_limit=30),
        p_center(cost, p, time_limit=30),
        set_cover(cost, 150, time_limit=30),
    ):
        check(answer, cost)


def test_an_unproven_answer_says_so():
    rng = np.random.default_rng(1)
    cost, weights = rng.random((150, 150)), np.ones(150)
    answer = p_median(cost, weights, 12, time_limit=0.5)
    assert answer.gap > 0
    assert answer.bound < answer.objective
    assert answer.gap == pytest.approx(1 - answer.bound / answer.objective)
    assert answer.objective == pytest.approx(cost[:, list(answer.sites)].min(axis=1).sum())


def test_weightless_demands_go_to_the_nearest_and_count_for_nothing():
    cost = np.array([[1.0, 9.0], [8.0, 2.0], [math.inf, math.inf]])
    answer = p_median(cost, [1, 0, 0], 1)
    assert answer.sites == (0,)
    assert answer.objective == 1
    assert answer.assignment.tolist() == [0, 0, -1]
    nobody = p_median(cost, [0, 0, 0], 2)
    assert nobody.objective == nobody.gap == 0
    assert nobody.assignment.tolist() == [0, 1, -1]
    assert max_coverage(cost, [0, 0, 3], 1, 5).objective == 0


COST = np.array([[1.0, 5.0, 9.0], [5.0, 1.0, 4.0], [9.0, 4.0, 1.0]])
ONES = np.ones(3)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: p_median(COST, ONES, 0), "p = 0"),
        (lambda: p_median(COST, ONES, 4), "p = 4: there are only 3 sites"),
        (lambda: p_center(COST, 3, forbidden=[1]), "p = 3: only 2 of 3"),
        (lambda: p_center(COST, 1, existing=[0, 1]), "p = 1 counts existing sites, of which there are 2"),
        (lambda: p_median([[1, math.nan]], [1], 1), r"cost\[0, 1\] = nan"),
        (lambda: p_median([[1, -2]], [1], 1), r"cost\[0, 1\] = -2"),
        (lambda: p_median(COST[0], ONES, 1), r"cost has shape \(3,\)"),
        (lambda: max_coverage(COST, [1, -1, 1], 1, 2), r"weights\[1\] = -1"),
        (lambda: max_coverage(COST, [1, 1], 1, 2), r"weights has shape \(2,\)"),
        (lambda: max_coverage(COST, ONES, 1, -2), "radius = -2"),
        (lambda: set_cover(COST, math.nan), "radius = nan"),
        (lambda: p_median(COST, ONES, 1, existing=[2], forbidden=[2]), "site 2 is both"),
        (lambda: p_median(COST, ONES, 1, existing=[3]), "existing: site 3"),
        (lambda: p_median(COST, ONES, 1, forbidden=[-1]), "forbidden: site -1"),
        (lambda: set_cover(COST, 1, forbidden=[1]), "demand 1 is within 1 of no site"),
        (lambda: p_median(COST, ONES, 2, capacities=[1, 1, 1]), "add up to 2: less than the demand of 3"),
        (lambda: p_median(COST, [5, 1, 1], 2, capacities=[3, 3, 3]), "demand 0 of weight 5"),
        (lambda: p_median(COST, [2, 2, 2], 2, capacities=[3, 3, 3]), "no 2 sites exist"),
        (lambda: p_median(COST, ONES, 1, capacities=[1, 1]), "capacities has shape"),
        (lambda: p_median(COST, ONES, 1, site_costs=[3, 3, 3], budget=2), "budget = 2"),
        (lambda: p_median(COST, ONES, 1, site_costs=[3, 3, 3]), "go together"),
        (lambda: p_median(COST, ONES, 1, time_limit=0), "time_limit = 0"),
        (lambda: p_median([[1, math.inf], [math.inf, 1]], [1, 1], 1), "no 1 sites within the rules"),
        (lambda: p_center([[1, math.inf], [math.inf, math.inf]], 1), "demand 1 reaches no site"),
        (lambda: set_cover(COST, 1, site_costs=[1, 1, 1], budget=2), "budget = 2"),
    ],
)
def test_impossible_problems_are_named(call, text):
    with pytest.raises(SitingError, match=text):
        call()
    assert issubclass(SitingError, ParksimError)
