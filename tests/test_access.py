"""Floating catchments: what is shared out adds up, and loops written from the papers agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from parksim.access import (
    DECAYS,
    LUO_QI_SHARP,
    AccessError,
    enhanced_two_step_fca,
    three_step_fca,
    two_step_fca,
)
from parksim.errors import ParksimError


@st.composite
def towns(draw):
    n, m = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    supply = draw(hnp.arrays(float, m, elements=st.integers(0, 50)))
    people = draw(hnp.arrays(float, n, elements=st.sampled_from([0.0, 0.0, 1.0, 3.5, 200.0])))
    minutes = draw(hnp.arrays(float, (n, m), elements=st.one_of(st.floats(0, 40), st.just(math.inf))))
    return supply, people, minutes


def by_loops(supply, people, minutes, weight, three=False):
    """The papers' sums, one pair at a time."""
    n, m = len(people), len(supply)
    f = [[weight(minutes[i][j]) if minutes[i][j] < math.inf else 0.0 for j in range(m)] for i in range(n)]
    if three:
        f = [[f[i][j] * f[i][j] / sum(f[i]) if sum(f[i]) else 0.0 for j in range(m)] for i in range(n)]
    access = [0.0] * n
    for j in range(m):
        demand = sum(f[i][j] * people[i] for i in range(n))
        for i in range(n):
            if demand:
                access[i] += f[i][j] * supply[j] / demand
    return access


SHAPES = {
    "step": lambda _: 1.0,
    "none": lambda _: 1.0,
    "gaussian": lambda d: (math.exp(-(d**2) / 800) - math.exp(-0.5)) / (1 - math.exp(-0.5)),
    "exponential": lambda d: math.exp(-3 * d / 20),
    "power": lambda d: (d / 2) ** -2 if d > 2 else 1.0,
    "linear": lambda d: 1 - d / 20,
    "epanechnikov": lambda d: 1 - d * d / 400,
}


@given(towns(), st.sampled_from(sorted(SHAPES)))
def test_every_decay_agrees_with_loops(town, name):
    def weight(d):
        return SHAPES[name](d) if d <= 20 else 0.0

    assert two_step_fca(*town, 20, decay=name) == pytest.approx(by_loops(*town, weight), rel=1e-8, abs=1e-12)
    assert three_step_fca(*town, 20, decay=name) == pytest.approx(
        by_loops(*town, weight, three=True), rel=1e-8, abs=1e-12
    )


def test_every_name_has_its_formula_here():
    assert set(SHAPES) == set(DECAYS)


@given(towns())
def test_zones_agree_with_loops(town):
    def weight(d):
        return 1.0 if d <= 5 else 0.42 if d <= 10 else 0.09 if d <= 15 else 0.0

    expected = pytest.approx(by_loops(*town, weight), rel=1e-9, abs=1e-12)
    assert enhanced_two_step_fca(*town, 15, weights=LUO_QI_SHARP) == expected
    assert enhanced_two_step_fca(*town, zones=[5, 10, 15], weights=LUO_QI_SHARP) == expected
    assert two_step_fca(*town, 15, decay=np.vectorize(weight, otypes=[float])) == expected


@given(towns())
def test_what_is_shared_out_is_what_anyone_can_reach(town):
    supply, people, minutes = town
    lived = minutes[people > 0]
    reached = supply[(lived <= 20).any(axis=0)].sum()
    for access in (
        two_step_fca(*town, 20),
        two_step_fca(*town, 20, decay="exponential"),
        three_step_fca(*town, 20, decay="power"),
        enhanced_two_step_fca(*town, 20),
    ):
        assert people @ access == pytest.approx(reached)


@given(towns(), st.integers(0, 5), st.floats(0, 30))
def test_more_seats_never_lessen_anyones_access(town, place, seats):
    supply, people, minutes = town
    richer = supply.copy()
    richer[place % supply.size] += seats
    assert np.all(two_step_fca(richer, people, minutes, 20) >= two_step_fca(*town, 20) - 1e-12)


@given(towns())
def test_the_unit_of_weight_does_not_matter(town):
    tripled = two_step_fca(*town, 20, decay=lambda d: 3 * np.exp(-d))
    assert tripled == pytest.approx(two_step_fca(*town, 20, decay=lambda d: np.exp(-d)))


def test_one_canteen_for_two_blocks():
    # 100 seats, 150 + 50 people near it, 30 too far: half a seat a head, none for the far block.
    access = two_step_fca([100], [150, 50, 30], [[3], [10], [10.1]], 10)
    assert np.array_equal(access, [0.5, 0.5, 0])


def test_a_near_kiosk_takes_demand_from_a_far_one_only_in_three_steps():
    minutes = np.array([[1.0, 15.0], [15.0, 15.0]])
    two = two_step_fca([10, 10], [100, 100], minutes, 20, decay="gaussian")
    three = three_step_fca([10, 10], [100, 100], minutes, 20)
    assert three[1] > two[1]


def test_an_empty_place_sees_what_its_first_inhabitant_would():
    access = two_step_fca([10], [5, 0], [[1], [1]], 5)
    assert np.array_equal(access, [2, 2])


def test_a_supply_nobody_lives_near_adds_nothing_and_no_way_is_no_access():
    assert np.array_equal(two_step_fca([10, 4], [0, 2], [[1, math.inf], [math.inf, 1]], 5), [0, 2])
    assert np.array_equal(two_step_fca([10], [3], [[math.inf]], math.inf), [0])
    assert two_step_fca([], [1, 2], np.empty((2, 0)), 5).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: two_step_fca([-1], [1], [[1]], 5), r"supply\[0\] = -1"),
        (lambda: two_step_fca([1], [1, math.inf], [[1], [1]], 5), r"population\[1\] = inf"),
        (lambda: two_step_fca([1], [1], [[math.nan]], 5), r"minutes\[0, 0\] = nan"),
        (lambda: three_step_fca([1], [1], [[-3]], 5), r"minutes\[0, 0\] = -3"),
        (lambda: two_step_fca([1, 2], [1], [[1], [2]], 5), r"minutes has shape \(2, 1\)"),
        (lambda: two_step_fca([[1]], [1], [[1]], 5), r"supply has shape \(1, 1\)"),
        (lambda: two_step_fca([1], [1], [[1]], 0), "catchment = 0"),
        (lambda: two_step_fca([1], [1], [[1]], math.inf, decay="linear"), "catchment = inf"),
        (lambda: two_step_fca([1], [1], [[1]], 5, decay="gausian"), "did you mean 'gaussian'"),
        (lambda: two_step_fca([1], [1], [[1]], 5, decay=lambda d: d - 9), r"decay\(1 min\) = -8"),
        (lambda: two_step_fca([1], [1], [[1]], 5, decay=lambda _: 1.0), "decay returned shape"),
        (lambda: enhanced_two_step_fca([1], [1], [[1]], zones=[5, 5, 9]), "zones = "),
        (lambda: enhanced_two_step_fca([1], [1], [[1]], zones=[5]), "1 zones for 3 weights"),
        (lambda: enhanced_two_step_fca([1], [1], [[1]], weights=[1, -1]), "weights = "),
    ],
)
def test_impossible_values_are_named(call, text):
    with pytest.raises(AccessError, match=text):
        call()
    assert issubclass(AccessError, ParksimError)
