"""Who left, when and why, from the event logs of a comparison: read run by run, so that many fit into memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from parksim.experiment import statistics
from parksim.packing import unpack_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.experiment.comparison import Comparison

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Leaving:
    """What the logs say.

    Attributes
    ----------
    curves : dict of str to DataFrame
        For each scenario, by month: the share (``survival``) of those employed at the start who are employed in
        the park, whether they stayed or came back, with its 95 % interval (``low, high``) over replications.
    rates : DataFrame
        A row a cause, a column a scenario: leavers per 1,000 employees and year, the most frequent cause first.
    """

    curves: dict[str, pd.DataFrame]
    rates: pd.DataFrame


def leaving(comparison: Comparison) -> Leaving | None:
    """Read who left, when and why; None where the comparison keeps no logs or does not count employees.

    Those employed at the start are as many as at the end, and those who left, less those who were hired.

    Parameters
    ----------
    comparison : Comparison
        Made with ``events=True``.
    """
    if "employees" not in comparison.indicators:
        return None
    shares: dict[str, list[Floats]] = {}
    rates: dict[str, list[pd.Series]] = {}
    for name, replication, _, outcome in comparison.outcomes_:
        if outcome.events is None or outcome.failed:
            continue
        log = unpack_arrays(outcome.events, ("month", "kind", "identity", "detail"))
        left, hired = log["kind"] == "leave", log["kind"] == "hire"
        employees = float(comparison.of("employees", name)[replication])
        start = employees + left.sum() - hired.sum()
        if start <= 0:
            continue
        shares.setdefault(name, []).append(_present(log, left, hired, start, comparison.months))
        person_years = (start + employees) / 2 * comparison.months / 12
        causes, times = np.unique(log["detail"][left], return_counts=True)
        rates.setdefault(name, []).append(pd.Series(1000 * times / person_years, index=causes.astype(object)))
    if set(shares) != set(comparison.names):
        return None
    mean = pd.DataFrame(
        {n: pd.concat(rates[n], axis=1).fillna(0).mean(axis=1) for n in comparison.names}
    ).fillna(0)
    order = mean[comparison.baseline].sort_values(ascending=False).index
    return Leaving({name: _curve(shares[name]) for name in comparison.names}, mean.loc[order])


def _present(
    log: Mapping[str, npt.NDArray[Any]], left: Bools, hired: Bools, start: float, months: int
) -> Floats:
    """Return the share of the starters who are in the park after each month, from 0."""
    known = left | hired
    leaves, month = left[known], log["month"][known].astype(np.int64)
    _, first, who = np.unique(log["identity"][known], return_index=True, return_inverse=True)
    own = leaves[first][who]  # others were hired before they could leave
    change = np.where(leaves[own], -1.0, 1.0)
    by_month = np.bincount(month[own], weights=change, minlength=months + 1)
    return np.asarray(1 + np.cumsum(by_month)[: months + 1] / start, dtype=np.float64)


def _curve(shares: list[Floats]) -> pd.DataFrame:
    found = [statistics.estimate(month) for month in np.array(shares).T]
    return pd.DataFrame(
        {
            "month": np.arange(len(found)),
            "survival": [e.mean for e in found],
            "low": [e.low for e in found],
            "high": [e.high for e in found],
        }
    )
