"""Plausible or not: a plain park's figures beside published ones, with the range that assumptions allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from parksim.scenario.schema import Scenario


@dataclass(frozen=True, slots=True)
class Fact:
    """One published figure that a run can be held against.

    Attributes
    ----------
    indicator : str
    low, high : float
        Range that counts as agreement.
    published, source, grade : str
    used : str
        Whether the fact was used for fitting: ``fitted``, ``shown``, or ``context`` where it describes another
        place and is no target.
    """

    indicator: str
    low: float
    high: float
    published: str
    source: str
    grade: str
    used: str


FACTS = (
    Fact(
        "commute_mean_min",
        33,
        47,
        "about 40 min",
        "hand calculation from the home-zone figures, modes by logit, half of the households tied",
        "assumed",
        "shown",
    ),
    Fact(
        "commute_mean_min",
        28,
        42,
        "35 min",
        "Hangzhou 2021, monitoring report of Chinese city commuting",
        "B",
        "context",
    ),
    Fact("commute_share_over_60", 0.06, 0.20, "11 %", "Hangzhou 2021, same report", "B", "context"),
    Fact(
        "commute_share_within_45",
        0.60,
        0.85,
        "77 %",
        "cities of Hangzhou's class, same report",
        "B",
        "context",
    ),
    Fact(
        "commute_share_under_5km",
        0.20,
        0.60,
        "50 %",
        "cities of Hangzhou's class, same report",
        "B",
        "context",
    ),
    Fact(
        "turnover_annual",
        0.14,
        0.22,
        "14-22 % a year",
        "Chinese HR surveys (14.8-18.8 %), all industries",
        "B",
        "fitted",
    ),
    Fact(
        "retention_enterprise_12m",
        0.90,
        0.96,
        "4-10 % leave a year",
        "Chinese registration data by age of firm",
        "B",
        "fitted",
    ),
)
"""What the plain park of a family is held against. Everything fitted is a default of the parameter table."""


def validate(
    scenario: Scenario,
    *,
    reps: int = 4,
    seed: int = 1,
    months: int = 24,
    futures: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Hold the plain member of a family against published facts.

    Parameters
    ----------
    scenario : Scenario
        Its plain member is played.
    reps : int
        Replications with the parameters at their defaults; their mean is the value.
    seed, months : int
    futures : int
        Replications with uncertain parameters drawn; their 5-95 % range is shown.
    progress : callable, optional
        ``progress(runs_done, runs_in_all)``.

    Returns
    -------
    DataFrame
        One row a fact: ``indicator, unit, value, low, high`` (range over the futures), ``published, agrees, used,
        grade, source``.
    """
    from parksim.experiment.futures import draw  # noqa: PLC0415
    from parksim.experiment.run import run  # noqa: PLC0415
    from parksim.experiment.work import replication_seed  # noqa: PLC0415
    from parksim.indicators import describe  # noqa: PLC0415

    plain = scenario.plain
    fixed: list[dict[str, float]] = []
    drawn: list[dict[str, float]] = []
    for k in range(reps + futures):
        luck = replication_seed(seed, k)
        one = plain if k < reps else plain.with_(draw(plain, luck))
        (fixed if k < reps else drawn).append(run(one, luck, months).indicators)
        if progress is not None:
            progress(k + 1, reps + futures)
    rows = []
    for fact in FACTS:
        value = float(np.nanmean([r.get(fact.indicator, np.nan) for r in fixed]))
        spread = [r.get(fact.indicator, np.nan) for r in drawn]
        low, high = np.nanquantile(spread, [0.05, 0.95]) if spread else (np.nan, np.nan)
        rows.append(
            {
                "indicator": fact.indicator,
                "unit": describe(fact.indicator).unit,
                "value": value,
                "low": low,
                "high": high,
                "published": fact.published,
                "agrees": fact.low <= value <= fact.high,
                "used": fact.used,
                "grade": fact.grade,
                "source": fact.source,
            }
        )
    return pd.DataFrame(rows)
