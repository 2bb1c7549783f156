"""One run: a scenario, a seed, some months, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parksim import cores
from parksim.errors import ParksimError
from parksim.experiment import pooling
from parksim.experiment.pooling import Measured
from parksim.indicators import describe
from parksim.phases import measure, renewal
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from parksim.linked import LinkedParks
    from parksim.model import ParkModel
    from parksim.scenario.schema import Scenario

LAST_MONTHS = 12


@dataclass(frozen=True)
class Run:
    """What came of playing one scenario with one seed.

    Attributes
    ----------
    scenario : Scenario
    seed, months : int
    indicators : dict
        Headline values; nan where an indicator cannot be told (its look-back is longer than the run, or nobody
        is in its denominator).
    series : DataFrame
        Index ``month`` from 1, one column an indicator.
    groups : DataFrame
        Columns ``indicator, group, n, value``; groups are written ``wage_band=low``, places ``building=…``,
        ``amenity=…`` and ``block=… before`` (``during``, ``after``) for what was renewed; of linked towns also
        every indicator by ``town=…``.
    cohort : DataFrame
        One row for each person employed at month 0: ``identity``, groups, ``start_minutes`` at month 0,
        ``minutes`` (last known door-to-desk time), ``left_month`` and ``left_cause`` of leaving the
        employer, and ``gone_month`` of leaving the park (-1: never); of linked towns also ``town``.
    events : DataFrame
        ``month, kind, identity, enterprise, detail``; empty unless asked for.
    residual_min : float
        Largest residual of a fixed point of times and choices in any month.
    wall_s : float
        Seconds it took.
    blocks : DataFrame
        A row a month and block that is renewed in the run: ``month, block, stage, land_mu, floor_m2,
        enterprises, employees, output_per_mu, tax_per_mu``.
    """

    scenario: Scenario
    seed: int
    months: int
    indicators: dict[str, float]
    series: pd.DataFrame
    groups: pd.DataFrame
    cohort: pd.DataFrame
    events: pd.DataFrame
    residual_min: float
    wall_s: float = field(compare=False)
    blocks: pd.DataFrame = field(default_factory=pd.DataFrame)

    def survival(self, where: str = "park", *, by: str | None = None) -> pd.DataFrame:
        """Estimate who of month 0 is still in the park, or with the employer, by month (Kaplan-Meier).

        Parameters
        ----------
        where : str
            ``park`` or ``employer``.
        by : str, optional
            A grouping of :attr:`cohort`, as ``wage_band``.

        Returns
        -------
        DataFrame
            As :func:`parksim.survival.kaplan_meier`.
        """
        from parksim.survival import kaplan_meier  # noqa: PLC0415

        if where not in ("park", "employer"):
            raise ParksimError(f"where is '{where}', should be 'park' or 'employer'")
        month = self.cohort["gone_month" if where == "park" else "left_month"].to_numpy()
        left = month >= 0
        return kaplan_meier(
            np.where(left, month, self.months), left, group=None if by is None else self.cohort[by]
        )

    def incidence(self, *, by: str | None = None) -> pd.DataFrame:
        """Estimate how many of month 0 have left their employer, by month and cause (Aalen-Johansen).

        Returns
        -------
        DataFrame
            As :func:`parksim.survival.cumulative_incidence`.
        """
        from parksim.survival import cumulative_incidence  # noqa: PLC0415

        month = self.cohort["left_month"].to_numpy()
        group = None if by is None else self.cohort[by]
        return cumulative_incidence(
            np.where(month >= 0, month, self.months), self.cohort["left_cause"], group=group
        )

    def _repr_html_(self) -> str:
        rows = [(name, value, describe(name).unit) for name, value in self.indicators.items()]
        table = pd.DataFrame(rows, columns=["indicator", "value", "unit"]).set_index("indicator")
        return f"<h4>{self.scenario.name}, seed {self.seed}, {self.months} months</h4>{table.to_html()}"


def run(
    scenario: Scenario,
    seed: int = 0,
    months: int = 36,
    *,
    events: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Play a scenario.

    Parameters
    ----------
    scenario : Scenario
    seed : int
    months : int
        At least 1.
    events : bool
        Whether to keep the table of events; never changes anything else.
    progress : callable, optional
        Called with the number of months played.

    Raises
    ------
    ParksimError
        If `months` is below 1.
    """
    from parksim.linked import LinkedParks  # noqa: PLC0415  (imports Mesa, which takes about a second)

    if months < 1:
        raise ParksimError(f"months is {months}, should be at least 1")
    start = time.perf_counter()
    with cores.playing():
        model = LinkedParks(scenario, seed=seed)
        residual = model.residual_min
        for month in range(1, months + 1):
            model.step()
            residual = max(residual, model.residual_min)
            if progress is not None:
                progress(month)
        return told(model, residual, time.perf_counter() - start, events=events)


def told(model: LinkedParks, residual_min: float, wall_s: float, *, events: bool = False) -> Run:
    """Return what came of a model that has been played.

    Parameters
    ----------
    model : LinkedParks
    residual_min, wall_s : float
        As kept while it was played, see :class:`Run`.
    events : bool
        Whether to keep the table of events.
    """
    from parksim.model import EVENT_COLUMNS  # noqa: PLC0415  (imports Mesa)

    index = pd.RangeIndex(1, model.tick + 1, name="month")
    towns = {
        name: Measured(
            pd.DataFrame(park.measured, index=index),
            groups(park),
            cohort(park),
            park.event_table() if events else pd.DataFrame(columns=list(EVENT_COLUMNS)),
        )
        for name, park in model.parks.items()
    }
    found = pooling.pooled(model.parks, towns) if len(towns) > 1 else next(iter(towns.values()))
    return Run(
        model.spec,
        model.run_seed,
        model.tick,
        headline(found.series),
        found.series,
        found.groups,
        found.cohort,
        found.events,
        residual_min,
        wall_s,
        renewal.table(*model.parks.values()),
    )


def headline(series: pd.DataFrame) -> dict[str, float]:
    """Take each indicator over the last 12 months of a run, or as its definition says."""
    out: dict[str, float] = {}
    for name in series.columns:
        values = series[name].to_numpy(dtype=np.float64)
        if describe(name).over == "last":
            out[name] = float(values[-1])
        elif describe(name).over == "sum":
            out[name] = float(np.nansum(values))
        else:
            tail = values[-LAST_MONTHS:]
            tail = tail[~np.isnan(tail)]
            out[name] = float(tail.mean()) if tail.size else float("nan")
    for name in (
        "retention_employee_12m",
        "retention_employer_12m",
        "turnover_annual",
        "participation_share",
        "retention_enterprise_12m",
        "retention_enterprise_36m",
        "small_firms_gone_share",
    ):
        out.setdefault(name, float("nan"))
    return out


def cohort(model: ParkModel) -> pd.DataFrame:
    """Return the people employed at month 0 and what became of them."""
    from parksim.phases.staying import CAUSES  # noqa: PLC0415

    names = measure.group_names(model)
    data = dict(model.memory.cohort)
    cause = np.array([*CAUSES, ""], dtype=object)[data.pop("left_cause")]
    columns = {
        name: pd.Categorical.from_codes(  # type: ignore[call-overload]
            np.where(codes < 0, len(names[name]) - 1, codes), categories=list(names[name])
        )
        if name in names
        else codes
        for name, codes in data.items()
    }
    return pd.DataFrame({**columns, "left_cause": cause})


def groups(model: ParkModel) -> pd.DataFrame:
    """Return indicators by group at the end of the run."""
    posts = model.posts
    rows = np.flatnonzero(posts.filled & (posts.mode >= 0))
    names = measure.group_names(model)
    codes = measure.group_codes(model, rows)
    values: dict[str, np.ndarray] = {"commute_mean_min": posts.commute_min[rows].astype(np.float64)}
    for circle, content in model.layout.circles.items():
        need, have = measure.coverage(model, rows, content.minutes, content.categories)
        with np.errstate(invalid="ignore", divide="ignore"):
            values[f"coverage_{circle}"] = np.where(need > 0, have / need, np.nan)
    parts = [_by_group(name, value, codes, names) for name, value in values.items()]
    members = model.memory.cohort
    member_codes = {name: members[name] for name in names}
    parts.append(_by_group("commute_mean_min_cohort", members["minutes"], member_codes, names))
    stayed = (members["left_month"] < 0).astype(np.float64)
    parts.append(_by_group("stayed_share_cohort", stayed, member_codes, names))
    parts.append(_by_place(model))
    return pd.concat(parts, ignore_index=True)


def _by_place(model: ParkModel) -> pd.DataFrame:
    """Return what maps show: by workplace ``building=…``, by renewed block and by queue of the park ``amenity=…``.

    Every workplace and queue has its row in every run, so that runs of a scenario share their labels in the
    store; nobody there is n = 0 and nan.
    """
    from parksim.catchments import building_coverage, building_served  # noqa: PLC0415  (imports the phases)

    place, posts = model.place, model.posts
    works = [b for b, building in enumerate(place.buildings) if building.workplace]
    people = np.bincount(place.unit_building[posts.unit[posts.filled]], minlength=len(place.buildings))
    values = {"commute_mean_min": measure.building_minutes(model)}
    for circle in model.layout.circles:
        values[f"coverage_{circle}"] = building_coverage(model, circle)
        values[f"served_{circle}"] = building_served(model, circle)
    out = renewal.by_stage(model)
    out += [
        (indicator, f"building={place.buildings[b].name}", int(people[b]), float(value[b]))
        for indicator, value in values.items()
        for b in works
    ]
    queues = model.place_table()
    for k, amenity in enumerate(model.layout.amenities):
        if amenity.outside is None and not CATEGORIES[amenity.category].allotted:
            visits, wait = float(queues.visits_day[k]), float(queues.wait_min[k])
            used = wait if visits > 0 else float("nan")
            out.append(("wait_min", f"amenity={amenity.name}", round(visits), used))
    return pd.DataFrame(out, columns=["indicator", "group", "n", "value"])


def _by_group(
    indicator: str, value: np.ndarray, codes: dict[str, np.ndarray], names: dict[str, tuple[str, ...]]
) -> pd.DataFrame:
    out = []
    known = ~np.isnan(value)
    for grouping, code in codes.items():
        labels = names[grouping]
        known_code = np.where(code < 0, len(labels) - 1, code)[known]
        count = np.bincount(known_code, minlength=len(labels))
        total = np.bincount(known_code, weights=value[known], minlength=len(labels))
        out += [
            (indicator, f"{grouping}={label}", int(count[k]), float(total[k] / count[k]))
            for k, label in enumerate(labels)
            if count[k]
        ]
    return pd.DataFrame(out, columns=["indicator", "group", "n", "value"])
