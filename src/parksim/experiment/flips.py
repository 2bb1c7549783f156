"""What could turn a conclusion: the assumptions along whose range a paired difference changes its sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parksim.experiment.statistics import holm

if TYPE_CHECKING:
    import numpy.typing as npt

LEVEL = 0.05
COLUMNS = ("path", "correlation", "p_holm", "low", "high", "at_low", "at_high", "turns_at")
_FEWEST = 10


def turning(difference: pd.Series, drawn: pd.DataFrame) -> pd.DataFrame:
    """List the drawn parameters on which a difference depends, and where each would turn its sign.

    Which ones matter is asked of ranks (Spearman's correlation, corrected for looking at all of them after Holm 1979),
    so that one odd future decides nothing; where the sign turns is read off the least-squares line.

    Parameters
    ----------
    difference : Series
        Paired differences, a value a replication; nan is left out.
    drawn : DataFrame
        The values drawn, a row a replication, a column a parameter.

    Returns
    -------
    DataFrame
        A row a parameter that matters, the surest first. ``correlation`` of ranks, ``p_holm``, the ends ``low`` and
        ``high`` of what was drawn, the difference ``at_low`` and ``at_high`` on the line, and ``turns_at``, where
        the line crosses zero (nan: not within what was drawn). Empty with fewer than ten replications.
    """
    from scipy.stats import rankdata, t  # noqa: PLC0415  (slow to import)

    y = difference.dropna()
    n = len(y)
    varied = drawn.loc[y.index].astype(np.float64)
    varied = varied.loc[:, np.ptp(varied.to_numpy(), axis=0) > 0] if n else varied
    if n < _FEWEST or varied.empty or np.ptp(y.to_numpy()) == 0:
        return pd.DataFrame(columns=list(COLUMNS))
    x = varied.to_numpy()
    rank = _correlation(rankdata(x, axis=0), rankdata(y.to_numpy()))
    with np.errstate(divide="ignore"):
        p = 2 * t.sf(np.abs(rank) * np.sqrt((n - 2) / (1 - rank**2)), n - 2)
    sure = holm(p)
    slope = _correlation(x, y.to_numpy()) * y.std(ddof=0) / x.std(axis=0)
    start = y.mean() - slope * x.mean(axis=0)
    low, high = x.min(axis=0), x.max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = -start / slope
    table = pd.DataFrame(
        {
            "path": varied.columns,
            "correlation": rank,
            "p_holm": sure,
            "low": low,
            "high": high,
            "at_low": start + slope * low,
            "at_high": start + slope * high,
            "turns_at": np.where((crossing > low) & (crossing < high), crossing, np.nan),
        }
    )
    table = table[table["p_holm"] <= LEVEL]
    return table.sort_values("p_holm", kind="stable", ignore_index=True)


def _correlation(columns: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pearson's correlation of every column with y."""
    a, b = columns - columns.mean(axis=0), y - y.mean()
    found: npt.NDArray[np.float64] = (a * b[:, None]).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum())
    return np.clip(found, -1, 1)
