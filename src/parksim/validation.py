"""Plausible or not: a plain park's figures beside published ones, with the range that assumptions allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parksim.experiment.run import Run
    from parksim.scenario.schema import Scenario


def _indicator(name: str) -> Callable[[Run], float]:
    return lambda run: run.indicators.get(name, float("nan"))


@dataclass(frozen=True, slots=True)
class Fact:
    """One published figure that a run can be held against.

    Attributes
    ----------
    name, unit : str
    value : callable
        Takes a :class:`~parksim.experiment.run.Run` and returns the figure; nan where it does not apply.
    low, high : float
        Range that counts as agreement.
    published, source, grade : str
    used : str
        ``fitted`` where parameters were chosen to meet it, ``shown`` where it is held against the outcome,
        ``context`` where it describes another place and is no target.
    families : tuple of str
        Families it belongs to; empty: every one.
    member : str
        ``plain``, or ``changed`` where the figure is of the place after the change.
    months : int
        Length of the run that it needs; 0: any.
    """

    name: str
    unit: str
    value: Callable[[Run], float]
    low: float
    high: float
    published: str
    source: str
    grade: str
    used: str
    families: tuple[str, ...] = ()
    member: Literal["plain", "changed"] = "plain"
    months: int = 0

    @property
    def key(self) -> str:
        """Name, with the families where it is not a fact of every one: unlike a name, no two facts share it."""
        return f"{self.name}@{','.join(self.families)}" if self.families else self.name


def _at_start(name: str) -> Callable[[Run], float]:
    return lambda run: float(run.series[name].iloc[0]) if name in run.series else float("nan")


def growth(run: Run) -> float:
    """Head-count at the end of three years over that of the first month; nan for shorter runs."""
    heads = run.series["employees"]
    last = _GROWTH_MONTHS - 1
    return float(heads.iloc[last] / heads.iloc[0]) if len(heads) > last else float("nan")


def leaves_within_year(run: Run, where: str = "left_month") -> pd.Series:
    """Share of each age group of month 0 that leaves its employer of its own accord within 12 months."""
    quits = (run.cohort[where] >= 0) & (run.cohort[where] <= 12)
    quits &= ~run.cohort["left_cause"].isin(["firm_closed", "firm_moved", "laid_off", "displaced", "retired"])
    return quits.groupby(run.cohort["age"].astype(str)).mean()


def younger_leave_sooner(run: Run) -> float:
    """Count the pairs of neighbouring age groups in which the older one leaves sooner: 0 is monotone."""
    order = [g for g in run.scenario.population.age if (run.cohort["age"].astype(str) == g).sum() >= 100]
    share = leaves_within_year(run).reindex(order).to_numpy()
    return float(np.count_nonzero(np.diff(share) > 0))


def tail_exponent(run: Run) -> float:
    """Slope of ln(rank - 1/2) on ln(size) over the largest fifth of the firms (Gabaix and Ibragimov 2011)."""
    size = np.sort(run.cohort.groupby("firm").size().to_numpy())[::-1]
    top = size[: max(len(size) // 5, 2)]
    if len(size) < 20:
        return float("nan")
    rank = np.log(np.arange(1, len(top) + 1) - 0.5)
    return float(-np.polyfit(np.log(top), rank, 1)[0])


def hazard_ratio_per_10min(run: Run) -> float:
    """Fit the hazard ratio per ten minutes to the run's own quits, to see whether what was put in is found.

    Exponential regression ``h = exp(a + b minutes / 10)`` on the first 12 months of the cohort, other ways of
    leaving censored, by Newton's method.
    """
    month = run.cohort["left_month"].to_numpy()
    time = np.where((month >= 0) & (month <= 12), month, 12).astype(np.float64)
    other = (
        run.cohort["left_cause"]
        .isin(["firm_closed", "firm_moved", "laid_off", "displaced", "retired"])
        .to_numpy()
    )
    quits = (month >= 0) & (month <= 12) & ~other
    x = run.cohort["start_minutes"].to_numpy(dtype=np.float64) / 10
    if quits.sum() < 50:
        return float("nan")
    design = np.stack([np.ones_like(x), x - x.mean()])
    b = np.array([np.log(quits.sum() / time.sum()), 0.0])
    for _ in range(25):
        rate = np.exp(b @ design) * time
        step = np.linalg.solve((design * rate) @ design.T, design @ (quits - rate))
        b = b + step
        if np.abs(step).max() < 1e-10:
            break
    return float(np.exp(b[1]))


def _ladder_step(lower: str, upper: str) -> Callable[[Run], float]:
    def ratio(run: Run) -> float:
        below = run.indicators.get(f"tier_{lower}", float("nan"))
        return run.indicators.get(f"tier_{upper}", float("nan")) / below if below else float("nan")

    return ratio


def tax_of(first: int, last: int) -> Callable[[Run], float]:
    """Return the yearly tax over some months of a run, in 10⁹ CNY."""

    def tax(run: Run) -> float:
        months = run.series["tax_per_mu"].loc[first:last]
        whole = len(months) == last - first + 1
        return float(months.mean() * run.indicators["land_mu"] * 1e4 / 1e9) if whole else float("nan")

    return tax


def _new_floor_a_mu(run: Run) -> float:
    land = run.indicators.get("land_vacated_mu", 0.0)
    return run.indicators.get("new_floor_m2", float("nan")) / land if land else float("nan")


_GROWTH_MONTHS = 36
PORT = "press on Information Port"
"""What was written after the article of July 2018."""
CITY = "Hangzhou 2021, monitoring report of Chinese city commuting"
FACTS = (
    Fact(
        "commute_mean_min",
        "min",
        _indicator("commute_mean_min"),
        33,
        47,
        "about 40 min",
        "hand calculation from the home-zone figures, modes by logit, half of the households tied",
        "assumed",
        "shown",
        ("iot-town",),
    ),
    Fact(
        "commute_mean_min",
        "min",
        _indicator("commute_mean_min"),
        30,
        44,
        "about 37 min",
        "hand calculation from the home-zone figures",
        "assumed",
        "shown",
        ("xingguang",),
    ),
    Fact(
        "commute_mean_min",
        "min",
        _indicator("commute_mean_min"),
        37,
        51,
        "about 44 min",
        "hand calculation from the home-zone figures",
        "assumed",
        "shown",
        ("info-port",),
    ),
    Fact("commute_mean_min", "min", _indicator("commute_mean_min"), 32, 38, "35 min", CITY, "B", "context"),
    Fact(
        "commute_share_over_60",
        "share",
        _indicator("commute_share_over_60"),
        0.08,
        0.14,
        "11 %",
        CITY,
        "B",
        "context",
    ),
    Fact(
        "commute_share_within_45",
        "share",
        _indicator("commute_share_within_45"),
        0.72,
        0.82,
        "77 %",
        "cities of Hangzhou's class, same report",
        "B",
        "context",
    ),
    Fact(
        "commute_share_under_5km",
        "share",
        _indicator("commute_share_under_5km"),
        0.42,
        0.58,
        "50 %",
        "cities of Hangzhou's class, same report",
        "B",
        "context",
    ),
    Fact(
        "turnover_annual",
        "share",
        _indicator("turnover_annual"),
        0.14,
        0.22,
        "14-22 % a year",
        "Chinese HR surveys (14.8-18.8 %), all industries",
        "B",
        "fitted",
    ),
    Fact(
        "retention_enterprise_12m",
        "share",
        _indicator("retention_enterprise_12m"),
        0.90,
        0.96,
        "4-10 % leave a year",
        "Chinese registration data by age of firm",
        "B",
        "fitted",
    ),
    Fact(
        "age_groups_out_of_order",
        "pairs",
        younger_leave_sooner,
        0,
        0,
        "younger cohorts leave sooner",
        "US and Chinese tenure data: shape only",
        "assumed",
        "shown",
    ),
    Fact(
        "size_tail_exponent",
        "–",
        tail_exponent,
        0.8,
        1.5,
        "1.06 (1.0-1.5), largest fifth",
        "Axtell 2001 and Chinese data",
        "A",
        "shown",
    ),
    Fact(
        "hazard_ratio_10min",
        "factor",
        hazard_ratio_per_10min,
        1.00,
        1.10,
        "1.05 (1.00-1.10) put in",
        "UK official statistics; a check of the estimator",
        "A",
        "fitted",
    ),
    Fact(
        "little giants / SRDI",
        "share",
        _ladder_step("srdi", "little_giant"),
        0.02,
        0.25,
        "11 of 44 in Yuhang; 10-25 %",
        "Yuhang's first provincial batch",
        "B",
        "shown",
    ),
    Fact(
        "live_in_park_share",
        "share",
        _indicator("live_in_park_share"),
        0.0,
        0.50,
        "at most flats x residents a flat",
        "bound from 7,484 flats and outsiders who rent too; 59-63 % is the upper bound of very large zones",
        "B",
        "shown",
        ("xingguang",),
    ),
    Fact(
        "workers per registered firm",
        "workers/firm",
        lambda run: _at_start("employees")(run) / _at_start("enterprises_registered")(run),
        14.8,
        18.0,
        "16.4",
        "press: 28,000+ workers, 1,706 firms",
        "B",
        "shown",
        ("xingguang",),
    ),
    Fact(
        "jobs per flat",
        "ratio",
        _at_start("jobs_per_home"),
        3.4,
        4.1,
        "3.74",
        "press: 28,000+ workers, 7,484 flats",
        "B",
        "shown",
        ("xingguang",),
    ),
    Fact(
        "growth of the head-count in three years",
        "factor",
        growth,
        2.0,
        3.0,
        "2-3 times: 10,000 in 2018, 30,000+ by 2021",
        "press; from anchors, floor and entry, not from an input growth rate",
        "B",
        "shown",
        ("info-port",),
        "changed",
        _GROWTH_MONTHS,
    ),
    Fact(
        "workers per registered firm",
        "workers/firm",
        lambda run: _at_start("employees")(run) / _at_start("enterprises_registered")(run),
        5.3,
        6.5,
        "5.9",
        "article 001, mid-2018: about 10,000 workers, 1,702 registered firms",
        "B",
        "fitted",
        ("info-port",),
    ),
    Fact(
        "jobs per km2",
        "jobs/km2",
        lambda run: _at_start("employees")(run) / 0.96,
        27_000,
        31_500,
        "29,200",
        "press: 28,000+ workers; article 002: 0.96 km2",
        "B",
        "fitted",
        ("xingguang",),
    ),
    Fact(
        "firms_high_tech",
        "firms",
        _at_start("firms_high_tech"),
        80,
        110,
        "94 of 500+",
        "article 000; the share of the parameter table comes from it",
        "B",
        "fitted",
        ("iot-town",),
    ),
    Fact(
        "firms_high_tech",
        "firms",
        _at_start("firms_high_tech"),
        12,
        20,
        "15",
        "article 001, mid-2018",
        "B",
        "shown",
        ("info-port",),
    ),
    # month 1 is August 2018: months 6-17 are 2019, 18-29 are 2020, 30-41 are 2021
    *(
        Fact(
            f"tax of {year}",
            "10^9 CNY/year",
            tax_of(first, last),
            0.9 * told,
            1.1 * told,
            published,
            source,
            "B",
            "shown",
            ("info-port",),
            "changed",
            last,
        )
        for year, first, last, told, published, source in (
            (2018, 1, 5, 1.408, "0.704 in the first half-year", "article 001"),
            (2019, 6, 17, 1.821, "1.821", PORT),
            (2020, 18, 29, 3.055, "3.055", PORT),
            (2021, 30, 41, 3.612, "3.612", PORT),
        )
    ),
    *(
        Fact(
            "commute_mean_min",
            "min",
            _indicator("commute_mean_min"),
            told - 7,
            told + 7,
            f"about {told} min",
            "hand calculation from the home-zone figures",
            "assumed",
            "shown",
            (family,),
        )
        for family, told in (("gaoqiao", 38), ("zhongtai", 60))
    ),
    Fact(
        "new floor a mu vacated",
        "m2/mu",
        _new_floor_a_mu,
        400,
        600,
        "500: 1.5 M m2 on 3,000 mu",
        "article 004, the district's targets for 2022",
        "B",
        "fitted",
        ("gaoqiao", "zhongtai", "tongyun"),
        "changed",
        60,
    ),
    Fact(
        "tax of 2021 / 2019",
        "factor",
        lambda run: tax_of(30, 41)(run) / tax_of(6, 17)(run),
        1.7,
        2.3,
        "1.98",
        PORT,
        "B",
        "shown",
        ("info-port",),
        "changed",
        41,
    ),
)
"""What a family's plain park (or the changed one) is held against. What is fitted is a parameter's default."""

CALIBRATED = {
    "parameters.staying.quit_monthly": "turnover 14-22 % a year; 1.4 % a month is the plain park's mean at month 0",
    "parameters.enterprises.exit_year_*": "exits by age of firm in the registration data (hump in years 2-4)",
    "parameters.enterprises.entry_year, entrant_size": "about as many firms and posts come as go in the plain park",
    "parameters.staying.age_*, tenure_*": "shape of leaving by age and tenure, younger and newer first",
}
"""Parameters that were chosen to meet a fact, and the fact."""


def _before_the_change(scenario: Scenario) -> Scenario:
    """Return the plain member, without the sources of what it does not have."""
    from parksim.scenario.lookup import exists  # noqa: PLC0415

    plain = scenario.plain
    return plain.model_copy(update={"sources": {k: v for k, v in plain.sources.items() if exists(plain, k)}})


def validate(
    scenario: Scenario,
    *,
    reps: int = 4,
    seed: int = 1,
    months: int = 24,
    futures: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Hold the plain member of a family against published facts, and the changed one where they are of it.

    Parameters
    ----------
    scenario : Scenario
        Its plain member is played; itself too, as long as it takes, where a fact is of the changed place.
    reps : int
        Replications with the parameters at their defaults; their mean is the value.
    seed : int
    months : int
        At least 12, because yearly figures are among the facts.
    futures : int
        Replications with uncertain parameters drawn; their 5-95 % range is shown.
    progress : callable, optional
        ``progress(runs_done, runs_in_all)``.

    Returns
    -------
    DataFrame
        One row a fact: ``key, fact, member, unit, value, low, high`` (range over the futures), ``published, agrees,
        used, grade, source``; facts that cannot be told of this park are left out.

    Raises
    ------
    ParksimError
        If `months` is below 12.
    """
    from parksim.experiment.futures import draw  # noqa: PLC0415
    from parksim.experiment.run import run  # noqa: PLC0415
    from parksim.experiment.work import replication_seed  # noqa: PLC0415

    if months < 12:
        raise ParksimError(f"months is {months}, should be at least 12: yearly figures are among the facts")
    plain = _before_the_change(scenario)
    members = {"plain": plain} | ({} if scenario.before is None else {"changed": scenario})
    facts = [
        fact
        for fact in FACTS
        if fact.member in members and (not fact.families or plain.family in fact.families)
    ]
    spans = {name: max([months, *(f.months for f in facts if f.member == name)]) for name in members}
    seen: list[list[float]] = []
    for k in range(reps + futures):
        luck, runs = replication_seed(seed, k), {}
        for member in {fact.member for fact in facts}:
            one = members[member]
            runs[member] = run(one if k < reps else one.with_(draw(one, luck)), luck, spans[member])
        seen.append([fact.value(runs[fact.member]) for fact in facts])
        if progress is not None:
            progress(k + 1, reps + futures)
    values = np.array(seen)
    rows = []
    for k, fact in enumerate(facts):
        fixed, drawn = values[:reps, k], values[reps:, k]
        if np.isnan(fixed).all():
            continue
        value = float(np.nanmean(fixed))
        known = drawn[~np.isnan(drawn)]
        low, high = np.quantile(known, [0.05, 0.95]) if known.size else (np.nan, np.nan)
        rows.append(
            {
                "key": fact.key,
                "fact": fact.name,
                "member": fact.member,
                "unit": fact.unit,
                "value": value,
                "low": low,
                "high": high,
                "published": fact.published,
                "agrees": bool(fact.low <= value <= fact.high),
                "used": fact.used,
                "grade": fact.grade,
                "source": fact.source,
            }
        )
    return pd.DataFrame(rows)
