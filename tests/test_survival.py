"""Survival curves agree with an independent implementation, and competing causes sum to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parksim.errors import ParksimError
from parksim.survival import cumulative_incidence, kaplan_meier

people = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["", "wage", "commute", "left_city"])),
    min_size=2,
    max_size=200,
)


def random_people(n=400, seed=3):
    rng = np.random.default_rng(seed)
    leave = rng.geometric(0.03, n)
    cause = rng.choice(["wage", "commute", "firm_closed"], n, p=[0.5, 0.3, 0.2]).astype(object)
    end = rng.integers(5, 37, n)
    cause[leave > end] = ""
    return np.minimum(leave, end), cause


def test_kaplan_meier_agrees_with_lifelines():
    lifelines = pytest.importorskip("lifelines")
    months, cause = random_people()
    ours = kaplan_meier(months, cause != "").set_index("month")
    fitter = lifelines.KaplanMeierFitter().fit(months, cause != "")
    theirs = fitter.survival_function_["KM_estimate"]
    mine = ours.reindex(theirs.index)
    assert mine["survival"].to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-12)
    interval = fitter.confidence_interval_survival_function_.to_numpy()
    some = theirs.to_numpy() < 1  # lifelines gives no interval before anybody has left
    assert mine["low"].to_numpy()[some] == pytest.approx(interval[some, 0], abs=1e-9)
    assert mine["high"].to_numpy()[some] == pytest.approx(interval[some, 1], abs=1e-9)


def test_cumulative_incidence_agrees_with_lifelines():
    lifelines = pytest.importorskip("lifelines")
    months, cause = random_people()
    causes = ["", "commute", "firm_closed", "wage"]
    code = np.array([causes.index(c) for c in cause])
    ours = cumulative_incidence(months, cause)
    # lifelines takes no ties: within a month leavers come one after the other, and before the censored.
    order = np.lexsort((code == 0, months))
    distinct = months.astype(float)
    distinct[order] += np.arange(months.size) * 1e-6
    for k, name in enumerate(causes[1:], start=1):
        fitter = lifelines.AalenJohansenFitter(calculate_variance=True).fit(
            distinct, code, event_of_interest=k
        )
        curve = fitter.cumulative_density_.iloc[:, 0]
        for month in (1, 5, 12, 24, 36):
            row = ours.query(f"cause == '{name}' and month == {month}").iloc[0]
            until = curve.index <= month + 0.5
            assert row["incidence"] == pytest.approx(curve[until].iloc[-1], abs=0.004)
            if month < 12:
                continue  # a handful of leavers: the log-log interval is not symmetric yet
            spread = fitter.variance_[until].iloc[-1].item() ** 0.5
            assert (row["high"] - row["low"]) / 3.92 == pytest.approx(spread, rel=0.15)


def test_a_curve_by_pencil():
    # Four people: one leaves in month 1, one is last seen in month 1, one leaves in month 3, one stays to 4.
    curve = kaplan_meier([1, 1, 3, 4], [True, False, True, False]).set_index("month")["survival"]
    assert curve.to_dict() == pytest.approx({0: 1.0, 1: 3 / 4, 2: 3 / 4, 3: 3 / 8, 4: 3 / 8})


@given(people)
@settings(deadline=None, max_examples=60)
def test_those_who_stay_and_all_causes_sum_to_one(rows):
    months, cause = np.array([m for m, _ in rows]), np.array([c for _, c in rows], dtype=object)
    stay = kaplan_meier(months, cause != "").set_index("month")["survival"]
    gone = cumulative_incidence(months, cause).groupby("month")["incidence"].sum()
    assert (stay + gone.reindex(stay.index, fill_value=0.0)).to_numpy() == pytest.approx(1.0)


@given(people)
@settings(deadline=None, max_examples=60)
def test_intervals_hold_the_estimate_and_stay_within_zero_and_one(rows):
    months, cause = np.array([m for m, _ in rows]), np.array([c for _, c in rows], dtype=object)
    for frame, value in (
        (kaplan_meier(months, cause != ""), "survival"),
        (cumulative_incidence(months, cause), "incidence"),
    ):
        known = frame[frame["low"].notna()]
        assert (known["low"] <= known[value] + 1e-12).all()
        assert (known["high"] >= known[value] - 1e-12).all()
        assert ((known["low"] >= 0) & (known["high"] <= 1)).all()


def test_the_interval_of_incidence_covers_as_often_as_it_says():
    hit = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        leave, end = rng.geometric(0.05, 150), rng.integers(8, 25, 150)
        cause = np.where(rng.random(150) < 0.4, "a", "b").astype(object)
        cause[leave > end] = ""
        row = (
            cumulative_incidence(np.minimum(leave, end), cause).query("cause == 'a' and month == 12").iloc[0]
        )
        truth = 0.4 * (1 - 0.95**12)
        hit += row["low"] <= truth <= row["high"]
    assert 180 <= hit <= 199


def test_when_everybody_left_of_one_cause_the_incidence_is_one_and_certain():
    frame = cumulative_incidence([0, 1, 2, 2, 3], ["wage", "wage", "", "wage", "wage"])
    last = frame.iloc[-1]
    assert last[["incidence", "low", "high"]].tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_groups_are_estimated_apart():
    frame = kaplan_meier([1, 2, 1, 2], [True, True, False, False], group=["low", "low", "high", "high"])
    assert frame.query("group == 'high'")["survival"].eq(1).all()
    assert frame.query("group == 'low' and month == 2")["survival"].item() == 0


@pytest.mark.parametrize(("months", "left"), [([], []), ([1, 2], [True]), ([-1], [True])])
def test_impossible_records_are_named(months, left):
    with pytest.raises(ParksimError):
        kaplan_meier(months, left)
