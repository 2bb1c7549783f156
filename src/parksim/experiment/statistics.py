"""Paired differences between scenarios: intervals, what pairing bought, and a verdict in fixed words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

Better = Literal["lower", "higher", "none"]
Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
NOT_AVAILABLE = "n/a"
MOST_REPLICATIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications with its 95 % t interval.

    Attributes
    ----------
    n : int
        Replications in which the value existed.
    mean, low, high : float
        nan where there is no replication; the interval is nan with a single one.
    """

    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """A difference between two scenarios over the same replications.

    Attributes
    ----------
    n : int
        Replications in which both scenarios have a value; the others are left out of everything below.
    mean, low, high : float
        Mean of the paired differences and its 95 % t interval: how sure the mean is, falls with `n`.
    range90 : tuple of float
        5 % and 95 % quantiles of the differences over the replications, that is over the futures
        drawn: how sure the conclusion is, does not shrink with `n`.
    sign_share : float
        Share of the replications whose difference has the sign of the mean; a difference of 0, and
        every difference where the mean is 0, counts half.
    variance_reduction : float
        (variance of one + variance of the other) / variance of the difference: how many times more
        replications unpaired runs would need. nan where a variance is 0 or `n` < 2.
    p_beyond, p_within : float
        Two-sided-equivalent p values (twice the one-sided) against "the difference is not beyond the
        threshold" and "the difference is not within the threshold"; what :func:`holm` corrects.
    verdict : str
        ``better``, ``worse`` (for indicators without a better side ``higher``, ``lower``),
        ``no difference larger than x``, ``unclear`` or ``n/a``.
    """

    n: int
    mean: float
    low: float
    high: float
    range90: tuple[float, float]
    sign_share: float
    variance_reduction: float
    p_beyond: float
    p_within: float
    verdict: str


def estimate(values: npt.ArrayLike) -> Estimate:
    """Return the mean of `values` with its 95 % t interval, leaving out what is nan.

    Parameters
    ----------
    values : array-like of float
        One value a replication.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[np.isfinite(x)]
    if not x.size:
        return Estimate(0, math.nan, math.nan, math.nan)
    mean = float(x.mean())
    half = _half_width(x)
    return Estimate(int(x.size), mean, mean - half, mean + half)


def paired(
    baseline: npt.ArrayLike,
    alternative: npt.ArrayLike,
    *,
    better: Better = "none",
    threshold: float = 0.0,
    unit: str = "",
) -> Paired:
    """Compare two scenarios replication by replication.

    Parameters
    ----------
    baseline, alternative : array-like of float, same length
        Value in replication r of either; nan where there is none.
    better : {'lower', 'higher', 'none'}
        Which side is the better one.
    threshold : float
        Smallest difference that matters, in the indicator's unit.
    unit : str
        Unit of the threshold, for the verdict's text.

    Returns
    -------
    Paired
        Differences are alternative minus baseline.

    Raises
    ------
    ValueError
        If the two have different lengths.
    """
    a, b = np.asarray(baseline, dtype=np.float64), np.asarray(alternative, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"pairs need two values each: {a.size} baseline and {b.size} alternative values")
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    d = b - a
    n = int(d.size)
    if n == 0:
        nan = math.nan
        return Paired(0, nan, nan, nan, (nan, nan), nan, nan, nan, nan, NOT_AVAILABLE)
    mean, half = float(d.mean()), _half_width(d)
    low5, high95 = np.quantile(d, [0.05, 0.95])
    beyond, within = _p_values(d, threshold)
    return Paired(
        n=n,
        mean=mean,
        low=mean - half,
        high=mean + half,
        range90=(float(low5), float(high95)),
        sign_share=_sign_share(d, mean),
        variance_reduction=_variance_reduction(a, b, d),
        p_beyond=beyond,
        p_within=within,
        verdict=verdict(mean, beyond, within, better=better, threshold=threshold, unit=unit),
    )


def verdict(
    mean: float, p_beyond: float, p_within: float, *, better: Better, threshold: float, unit: str = ""
) -> str:
    """Choose the word for a difference from a fixed vocabulary.

    With uncorrected p values this is the rule of the interval: ``better`` or ``worse`` where the whole 95 %
    interval lies beyond the threshold, ``no difference larger than x`` where it lies within plus or minus
    the threshold, else ``unclear``. With p values from :func:`holm` it is the same rule for many looks.
    """
    if math.isnan(mean):
        return NOT_AVAILABLE
    level = 1 - CONFIDENCE
    if p_beyond <= level:
        if better == "none":
            return "higher" if mean > 0 else "lower"
        return "better" if (mean > 0) == (better == "higher") else "worse"
    if p_within <= level:
        return f"no difference larger than {_amount(threshold, unit)}"
    return "unclear"


def holm(p: npt.ArrayLike) -> Floats:
    """Correct p values for looking often (Holm 1979): the chance of any false finding stays below the level.

    Parameters
    ----------
    p : array-like of float
        One p value a look; nan (nothing to look at) stays nan and does not count.

    Returns
    -------
    array of float
        Adjusted p values, at most 1, in the order of `p`.
    """
    raw = np.asarray(p, dtype=np.float64)
    out = np.full(raw.shape, np.nan)
    seen = np.flatnonzero(~np.isnan(raw))
    order = seen[np.argsort(raw[seen], kind="stable")]
    steps = raw[order] * np.arange(order.size, 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if order.size else steps
    return out


def corrected(
    family: Sequence[Paired], *, better: Better = "none", threshold: float = 0.0, unit: str = ""
) -> list[str]:
    """Return the verdicts of differences that are looked at together, as the groups of one table.

    Parameters
    ----------
    family : sequence of Paired
        All rows of the table.
    better, threshold, unit
        As for :func:`paired`.
    """
    beyond, within = holm([row.p_beyond for row in family]), holm([row.p_within for row in family])
    return [
        verdict(row.mean, p, q, better=better, threshold=threshold, unit=unit)
        for row, p, q in zip(family, beyond.tolist(), within.tolist(), strict=True)
    ]


def further_replications(differences: npt.ArrayLike, half_width: float) -> int | None:
    """Return how many more replications the 95 % interval needs to be plus or minus `half_width`.

    Parameters
    ----------
    differences : array-like of float
        Paired differences so far.
    half_width : float
        Wanted half width of the interval, above 0.

    Returns
    -------
    int or None
        0 where it is narrow enough; None with fewer than two replications, or beyond a million.
    """
    if not half_width > 0:
        raise ValueError(f"half_width {half_width:g} must be above 0")
    d = np.asarray(differences, dtype=np.float64)
    d = d[np.isfinite(d)]
    if d.size < 2:
        return None
    sd = float(d.std(ddof=1))

    def half(n: int) -> float:
        return _quantile(n) * sd / math.sqrt(n)

    if half(d.size) <= half_width:
        return 0
    if half(MOST_REPLICATIONS) > half_width:
        return None
    low, high = int(d.size), MOST_REPLICATIONS  # the half width falls with n: bisect
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if half(middle) <= half_width else (middle, high)
    return high - int(d.size)


def finite(value: Any) -> float | None:
    """Return `value` as JSON can hold it: None for nan and infinity."""
    return float(value) if math.isfinite(value) else None


def _quantile(n: int) -> float:
    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def _half_width(x: Floats) -> float:
    return math.nan if x.size < 2 else _quantile(x.size) * float(x.std(ddof=1)) / math.sqrt(x.size)


def _sign_share(d: Floats, mean: float) -> float:
    agree = np.sign(d) * np.sign(mean)
    return float(((agree + 1) / 2).mean())


def _variance_reduction(a: Floats, b: Floats, d: Floats) -> float:
    if d.size < 2:
        return math.nan
    of_difference, apart = float(d.var(ddof=1)), float(a.var(ddof=1) + b.var(ddof=1))
    # a spread at the last bits of the values is rounding, not luck
    rounding = (1e-12 * float(np.abs(a).max() + np.abs(b).max())) ** 2
    return apart / of_difference if of_difference > rounding and apart > rounding else math.nan


def _p_values(d: Floats, threshold: float) -> tuple[float, float]:
    if d.size < 2:
        return math.nan, math.nan
    size, error = abs(float(d.mean())), float(d.std(ddof=1)) / math.sqrt(d.size)
    if error == 0:
        return (0.0, 1.0) if size > threshold else (1.0, 0.0)
    t, freedom = (size - threshold) / error, d.size - 1
    beyond, nearer = float(stdtr(freedom, -t)), float(stdtr(freedom, t))
    farther = float(stdtr(freedom, -(size + threshold) / error))
    return min(2 * beyond, 1.0), min(2 * max(nearer, farther), 1.0)


def _amount(threshold: float, unit: str) -> str:
    if unit == "share":
        points = 100 * threshold
        return f"{points:g} percentage point{'' if points == 1 else 's'}"
    return f"{threshold:g} {unit}".strip()
