"""Who left, when and why, from the event logs of a comparison: read run by run, so that many fit into memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parksim.experiment import statistics
from parksim.packing import unpack_frame

if TYPE_CHECKING:
    from parksim.experiment.comparison import Comparison


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
    shares: dict[str, list[np.ndarray[tuple[int], np.dtype[np.float64]]]] = {}
    rates: dict[str, list[pd.Series]] = {}
    for name, replication, _, outcome in comparison.outcomes_:
        if outcome.events is None or outcome.failed:
            continue
        log = unpack_frame(outcome.events)
        log = log[log["kind"].isin(["leave", "hire"])]
        employees = float(comparison.of("employees", name)[replication])
        left = log["kind"] == "leave"
        start = employees + 2 * left.sum() - len(log)
        if start <= 0:
            continue
        shares.setdefault(name, []).append(_present(log, start, comparison.months))
        person_years = (start + employees) / 2 * comparison.months / 12
        rates.setdefault(name, []).append(1000 * log.loc[left, "detail"].value_counts() / person_years)
    if set(shares) != set(comparison.names):
        return None
    mean = pd.DataFrame(
        {n: pd.concat(rates[n], axis=1).fillna(0).mean(axis=1) for n in comparison.names}
    ).fillna(0)
    order = mean[comparison.baseline].sort_values(ascending=False).index
    return Leaving({name: _curve(shares[name]) for name in comparison.names}, mean.loc[order])


def _present(log: pd.DataFrame, start: float, months: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of the starters who are in the park after each month, from 0."""
    first = log.drop_duplicates("identity")
    starters = first.loc[first["kind"] == "leave", "identity"]  # others were hired before they could leave
    own = log[log["identity"].isin(starters)]
    change = np.where(own["kind"] == "leave", -1.0, 1.0)
    by_month = np.bincount(own["month"].to_numpy(dtype=np.int64), weights=change, minlength=months + 1)
    return np.asarray(1 + np.cumsum(by_month)[: months + 1] / start, dtype=np.float64)


def _curve(shares: list[np.ndarray[tuple[int], np.dtype[np.float64]]]) -> pd.DataFrame:
    found = [statistics.estimate(month) for month in np.array(shares).T]
    return pd.DataFrame(
        {
            "month": np.arange(len(found)),
            "survival": [e.mean for e in found],
            "low": [e.low for e in found],
            "high": [e.high for e in found],
        }
    )
