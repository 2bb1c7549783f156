"""Pooling: what linked towns measured becomes one table, and every indicator also stands by town.

Counts and money add up. Shares, minutes and other means are weighed by those they are means over: people
employed in the month, people of month 0 for their cohort, people or firms of so many months ago for who stayed,
active firms for means over firms, land for output and tax per mu. A town that cannot tell an indicator is left
out of its mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parksim.indicators import describe
from parksim.phases.measure import LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.chance import Floats
    from parksim.model import ParkModel

SUMMED = frozenset({"persons", "firms", "workers", "projects/year", "mu", "m2", "CNY", "CNY/year", "methods"})
"""Units of what adds up over towns."""

LOCAL = ("home_zone", "building", "amenity", "block")
"""Groupings whose labels belong to a town: those of other towns are written ``building=<town>/<name>``."""

_PER_FIRM = frozenset({"runway_months", "digital_level", "small_firms_gone_share", "partner_share_near"})
_PER_COHORT = frozenset({"commute_mean_min_cohort", "stayed_share_cohort"})
_PER_EARLIER = frozenset({"retention_employee_12m", "retention_employer_12m"})


@dataclass(frozen=True)
class Measured:
    """What one park has measured: the tables of a :class:`~parksim.experiment.run.Run`."""

    series: pd.DataFrame
    groups: pd.DataFrame
    cohort: pd.DataFrame
    events: pd.DataFrame


def pooled(parks: Mapping[str, ParkModel], measured: Mapping[str, Measured]) -> Measured:
    """Pool what linked towns measured.

    Parameters
    ----------
    parks : mapping of str to ParkModel
        The towns at the end of the run, the scenario's own first.
    measured : mapping of str to Measured
        What each has measured, in the same order.
    """
    return Measured(
        pooled_series(parks, {name: m.series for name, m in measured.items()}),
        _groups(measured),
        _stacked({name: m.cohort for name, m in measured.items()}),
        _stacked({name: m.events for name, m in measured.items()}),
    )


def pooled_series(parks: Mapping[str, ParkModel], series: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Pool indicators month by month, with what only several towns have, ``digital_gap``."""
    columns = dict.fromkeys(column for each in series.values() for column in each.columns)
    index = next(iter(series.values())).index
    out = {}
    for column in columns:
        values = np.array(
            [each.reindex(columns=[column])[column].to_numpy(float) for each in series.values()]
        )
        known = ~np.isnan(values)
        if describe(column).unit in SUMMED:
            total = np.where(known, values, 0.0).sum(axis=0)
        else:
            weight = np.array([_weight(column, parks[name], each) for name, each in series.items()]) * known
            with np.errstate(invalid="ignore", divide="ignore"):
                total = (np.where(known, values, 0.0) * weight).sum(axis=0) / weight.sum(axis=0)
        out[column] = np.where(known.any(axis=0), total, np.nan)
    levels = np.array([each["digital_level"].to_numpy(float) for each in series.values()])
    out["digital_gap"] = levels.max(axis=0) - levels.min(axis=0)
    return pd.DataFrame(out, index=index)


def _weight(indicator: str, park: ParkModel, series: pd.DataFrame) -> Floats:
    """Say what an indicator of a town weighs in each month."""
    months = len(series)
    start = float(park.memory.cohort["identity"].size)
    if indicator in _PER_COHORT:
        return np.full(months, start)
    if indicator in _PER_EARLIER:
        heads = [start, *park.memory.heads]
        return np.array([heads[max(m - LOOK_BACK, 0)] for m in range(1, months + 1)], dtype=np.float64)
    if indicator.startswith("retention_enterprise_"):
        span = int(indicator.rpartition("_")[2].removesuffix("m"))
        firms = [np.unique(park.memory.cohort["firm"]).size, *series["enterprises"]]
        return np.array([firms[max(m - span, 0)] for m in range(1, months + 1)], dtype=np.float64)
    if "/mu/" in describe(indicator).unit:
        return series["land_mu"].to_numpy(dtype=np.float64)
    per_firm = indicator in _PER_FIRM or indicator.startswith("firms_grade_")
    return series["enterprises" if per_firm else "employees"].to_numpy(dtype=np.float64)


def _stacked(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put tables of rows under each other, with the town they belong to; labels of categories join."""
    labelled = [frame.assign(town=name) for name, frame in frames.items()]
    return pd.concat(
        [
            frame.astype({c: object for c in frame.columns if frame[c].dtype == "category"})
            for frame in labelled
        ],
        ignore_index=True,
    )


def _groups(measured: Mapping[str, Measured]) -> pd.DataFrame:
    """Pool tables of groups, each group weighed by its size, and add every indicator by ``town=…``."""
    from parksim.experiment.run import headline  # noqa: PLC0415  (run pools)

    parts = []
    for at, (name, each) in enumerate(measured.items()):
        rows = each.groups
        if at:
            grouping = rows["group"].str.partition("=")
            local = grouping[0].isin(LOCAL)
            rows = rows.assign(group=rows["group"].where(~local, grouping[0] + f"={name}/" + grouping[2]))
        parts.append(rows)
    rows = pd.concat(parts, ignore_index=True)
    rows["total"] = rows["n"] * rows["value"].fillna(0.0)
    joined = rows.groupby(["indicator", "group"], sort=False, as_index=False).agg(
        n=("n", "sum"), total=("total", "sum"), value=("value", "first"), parts=("n", "size")
    )
    several = joined["parts"] > 1
    joined.loc[several, "value"] = joined["total"][several] / joined["n"][several].where(joined["n"] > 0)
    towns = [
        (indicator, f"town={name}", int(each.series["employees"].iloc[-1]), value)
        for name, each in measured.items()
        for indicator, value in headline(each.series).items()
    ]
    by_town = pd.DataFrame(towns, columns=["indicator", "group", "n", "value"])
    return pd.concat([joined[["indicator", "group", "n", "value"]], by_town], ignore_index=True)
