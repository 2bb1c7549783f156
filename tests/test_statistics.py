"""Differences between parks: intervals against scipy and by hand, verdicts in fixed words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from parksim.experiment import statistics as s

NUMBERS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=20)


def test_the_interval_is_scipys_t_interval():
    a, b = np.array([40.0, 41.5, 39.2, 42.8, 40.1]), np.array([38.9, 41.0, 38.0, 41.9, 39.8])
    got = s.paired(a, b, better="lower", threshold=0.1, unit="min")
    want = stats.ttest_rel(b, a)
    low, high = want.confidence_interval(0.95)
    assert (got.low, got.high) == pytest.approx((low, high))
    assert got.mean == pytest.approx((b - a).mean())
    assert got.n == 5
    assert got.verdict == "better"


def test_by_hand_two_replications():
    # differences -1 and -3: mean -2, sd sqrt(2), half width 12.706 * sqrt(2) / sqrt(2)
    got = s.paired([10, 10], [9, 7])
    assert got.mean == -2
    assert got.high - got.mean == pytest.approx(12.7062, abs=1e-4)
    assert got.range90 == pytest.approx((-2.9, -1.1))
    assert got.verdict == "unclear"


@pytest.mark.parametrize(
    ("better", "shift", "word"),
    [
        ("lower", -5, "better"),
        ("lower", 5, "worse"),
        ("higher", 5, "better"),
        ("higher", -5, "worse"),
        ("none", 5, "higher"),
        ("none", -5, "lower"),
        ("lower", 0.01, "no difference larger than 1 min"),
    ],
)
def test_verdicts(better, shift, word):
    base = np.array([30.0, 35, 40, 45])
    other = base + shift + np.array([0.01, -0.01, 0.02, -0.02])
    assert s.paired(base, other, better=better, threshold=1, unit="min").verdict == word


def test_a_difference_across_the_threshold_is_unclear():
    assert s.paired([0, 0, 0, 0], [0.2, 1.8, 1.0, 1.2], better="lower", threshold=1).verdict == "unclear"


def test_shares_speak_of_percentage_points():
    same = s.paired([0.5, 0.6], [0.5, 0.6], better="higher", threshold=0.01, unit="share")
    assert same.verdict == "no difference larger than 1 percentage point"
    assert (same.low, same.mean, same.high) == (0, 0, 0)
    assert same.sign_share == 0.5
    assert math.isnan(same.variance_reduction)


def test_a_constant_difference_is_certain():
    got = s.paired([1, 2, 3], [3, 4, 5], better="higher", threshold=1)
    assert (got.low, got.high, got.verdict) == (2, 2, "better")
    assert math.isnan(got.variance_reduction)


def test_what_is_missing_in_one_scenario_leaves_the_pair_out():
    nan = math.nan
    got = s.paired([1, nan, 3, 4], [2, 5, nan, 6])
    assert got.n == 2
    assert got.mean == 1.5
    none = s.paired([nan, 1], [1, nan])
    assert (none.n, none.verdict) == (0, "n/a")
    assert s.estimate([nan]).n == 0


def test_one_replication_has_a_mean_and_no_interval():
    got = s.paired([1], [2])
    assert (got.mean, got.verdict) == (1, "unclear")
    assert math.isnan(got.low)


def test_pairing_pays_when_luck_is_shared():
    rng = np.random.default_rng(1)
    luck, own = rng.normal(0, 10, 400), rng.normal(0, 1, (2, 400))
    got = s.paired(luck + own[0], luck + own[1] + 1)
    assert got.variance_reduction == pytest.approx(101, rel=0.3)


def test_sign_share_counts_ties_half():
    assert s.paired([0, 0, 0, 0], [1, 2, 0, -1]).sign_share == pytest.approx((1 + 1 + 0.5 + 0) / 4)


def test_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="pairs need"):
        s.paired([1, 2], [1])


def test_holm_by_hand():
    got = s.holm([0.01, 0.04, math.nan, 0.03, 0.005])
    np.testing.assert_allclose(got, [0.03, 0.06, math.nan, 0.06, 0.02])


def test_looking_often_needs_more():
    """Among many groups without a difference, the uncorrected words find some, the corrected none."""
    rng = np.random.default_rng(3)
    rows = [s.paired(np.zeros(12), rng.normal(0, 1, 12), threshold=0) for _ in range(300)]
    assert sum(row.verdict in ("higher", "lower") for row in rows) > 5
    assert not any(word in ("higher", "lower") for word in s.corrected(rows))


@given(NUMBERS, st.floats(0, 50).map(lambda x: round(x, 2)))
def test_the_verdict_is_the_rule_of_the_interval(d, threshold):
    got = s.paired(np.zeros(len(d)), d, better="higher", threshold=threshold)
    edge = 1e-9 * (1 + abs(got.mean) + threshold)
    if got.low > threshold + edge:
        assert got.verdict == "better"
    elif got.high < -threshold - edge:
        assert got.verdict == "worse"
    elif -threshold + edge < got.low and got.high < threshold - edge:
        assert got.verdict.startswith("no difference")
    elif got.high > threshold + edge or got.low < -threshold - edge:
        assert got.verdict == "unclear"
    assert s.corrected([got], better="higher", threshold=threshold) == [got.verdict]


@given(NUMBERS.filter(lambda d: np.std(d) > 0.01), st.floats(0.1, 5))
def test_further_replications_are_just_enough(d, width):
    more = s.further_replications(d, width)
    sd = np.std(d, ddof=1)

    def half(n):
        return stats.t.ppf(0.975, n - 1) * sd / math.sqrt(n)

    if more is None:
        assert half(1_000_000) > width
    else:
        assert half(len(d) + more) <= width * (1 + 1e-9)
        assert more == 0 or half(len(d) + more - 1) > width * (1 - 1e-9)
