"""Survival: who is still here after so many months, and of what the others left.

Time is counted in whole months, as the model plays it; whoever is still here at the end is censored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

_Z95 = 1.959963984540054
_ROUNDING = 1e-12  # everybody has left of one cause: the sum of shares may miss 1 by a bit


def kaplan_meier(
    months: npt.ArrayLike, left: npt.ArrayLike, *, group: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Estimate the survival curve of Kaplan and Meier (1958) with Greenwood intervals.

    ``S(t) = prod over s <= t of (1 - d_s / n_s)``; ``var ln(-ln S)`` after Greenwood (1926), which keeps the
    95 % interval inside 0 and 1 (Kalbfleisch and Prentice 1980).

    Parameters
    ----------
    months : int array [person]
        Month of leaving, or the last month seen. At least 0.
    left : bool array [person]
        True where the person left in that month, False where the record ends (censored).
    group : array [person], optional
        Estimate one curve a group.

    Returns
    -------
    DataFrame
        Columns ``(group,) month, at_risk, left, survival, low, high``, from month 0.

    Raises
    ------
    ParksimError
        If lengths differ, nobody is given, or a month is negative.
    """
    time, event = _checked(months, np.asarray(left, dtype=np.bool_))
    if group is not None:
        return _by_group(group, time, lambda mine: kaplan_meier(time[mine], event[mine]))
    at_risk, counts = _table(time, np.where(event, 0, -1), 1)
    died = counts[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - died / at_risk)
        greenwood = np.cumsum(np.where(at_risk > died, died / (at_risk * (at_risk - died)), 0.0))
        theta = np.sqrt(greenwood) / np.log(survival)
        low, high = (survival ** np.exp(sign * _Z95 * theta) for sign in (-1, 1))
    sure = (survival == 1) | (survival == 0)
    return pd.DataFrame(
        {
            "month": np.arange(len(at_risk)),
            "at_risk": at_risk.astype(int),
            "left": died.astype(int),
            "survival": survival,
            "low": np.where(sure, survival, low),
            "high": np.where(sure, survival, high),
        }
    )


def cumulative_incidence(
    months: npt.ArrayLike, cause: npt.ArrayLike, *, group: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Estimate how many have left by each month for each cause, with all other causes competing.

    ``F_k(t) = sum over s <= t of S(s-) d_ks / n_s`` (Aalen and Johansen 1978); the variance is that of the
    delta method as in Marubini and Valsecchi (1995, §10.3), the interval on the log-log scale.

    Parameters
    ----------
    months : int array [person]
        Month of leaving, or the last month seen.
    cause : array of str [person]
        Empty where the record ends (censored).
    group : array [person], optional
        Estimate one set of curves a group.

    Returns
    -------
    DataFrame
        Columns ``(group,) cause, month, left, incidence, low, high``. Over all causes the incidences and the
        survival curve sum to one.

    Raises
    ------
    ParksimError
        As :func:`kaplan_meier`.
    """
    names = np.asarray(cause, dtype=object)
    time, _ = _checked(months, names)
    if group is not None:
        return _by_group(group, time, lambda mine: cumulative_incidence(time[mine], names[mine]))
    causes = sorted({str(name) for name in names if name})
    code = np.array([causes.index(name) if name else -1 for name in names])
    at_risk, counts = _table(time, code, len(causes))
    total = counts.sum(axis=1)
    before = np.r_[1.0, np.cumprod(1 - total / at_risk)[:-1]]
    parts = []
    for k, name in enumerate(causes):
        d = counts[:, k]
        incidence = np.minimum(np.cumsum(before * d / at_risk), 1.0)  # sums may pass 1 by a rounding
        low, high = _incidence_interval(incidence, before, d, total, at_risk)
        parts.append(
            pd.DataFrame(
                {
                    "cause": name,
                    "month": np.arange(len(d)),
                    "left": d.astype(int),
                    "incidence": incidence,
                    "low": low,
                    "high": high,
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=["cause", "month", "left", "incidence", "low", "high"])
    return pd.concat(parts, ignore_index=True)


def _incidence_interval(
    incidence: npt.NDArray[np.float64],
    before: npt.NDArray[np.float64],
    d: npt.NDArray[np.float64],
    total: npt.NDArray[np.float64],
    at_risk: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Interval by the delta method; the gap F(t) - F(s) is expanded, so that sums cost O(months)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        a = np.where(at_risk > total, total / (at_risk * (at_risk - total)), 0.0)
        b = before**2 * (at_risk - d) / at_risk * d / at_risk**2
        c = before * d / at_risk**2
        s0, s1, s2 = np.cumsum(a), np.cumsum(incidence * a), np.cumsum(incidence**2 * a)
        variance = incidence**2 * s0 - 2 * incidence * s1 + s2 + np.cumsum(b)
        variance -= 2 * (incidence * np.cumsum(c) - np.cumsum(incidence * c))
        spread = np.sqrt(np.maximum(variance, 0)) / (incidence * np.log(incidence))
        low, high = (incidence ** np.exp(sign * _Z95 * spread) for sign in (-1, 1))
    sure = (incidence <= 0) | (incidence >= 1 - _ROUNDING)
    return np.where(sure, incidence, low), np.where(sure, incidence, high)


def _checked(
    months: npt.ArrayLike, other: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    time = np.asarray(months, dtype=np.int64)
    if time.size == 0 or time.shape != other.shape:
        raise ParksimError(
            f"months has {time.size} entries and what happened {other.size}; both must name the same people"
        )
    if time.min() < 0:
        raise ParksimError(f"month {time.min()} of person {int(time.argmin())} is negative")
    return time, other.astype(np.bool_)


def _table(
    time: npt.NDArray[np.int64], code: npt.NDArray[np.int64], kinds: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Count people at risk [month], and those who leave by kind [month, kind]; code -1 is censored."""
    last = int(time.max())
    present = np.bincount(time, minlength=last + 1)
    at_risk = present[::-1].cumsum()[::-1].astype(np.float64)
    counts = np.zeros((last + 1, kinds))
    for k in range(kinds):
        counts[:, k] = np.bincount(time[code == k], minlength=last + 1)
    return at_risk, counts


def _by_group(
    group: npt.ArrayLike,
    time: npt.NDArray[np.int64],
    estimate: Callable[[npt.NDArray[np.bool_]], pd.DataFrame],
) -> pd.DataFrame:
    labels = np.asarray(group, dtype=object)
    if labels.shape != time.shape:
        raise ParksimError(f"group has {labels.size} entries for {time.size} people")
    parts = []
    for label in sorted(set(labels), key=str):
        part = estimate(labels == label)
        part.insert(0, "group", label)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
