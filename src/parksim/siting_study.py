"""Where the next places belong: exact siting among real free space, and what comes of it once people queue.

A siting problem knows walking minutes and people, not queues: whoever is near a door is taken to be served.
So a study does three things. It proposes sites (:mod:`parksim.siting`), the places that stand being fixed; it
plays the scenario with and without them; and it says how far the static answer was from what people then got.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim import siting
from parksim.errors import ParksimError, nearest
from parksim.scenario.categories import CATEGORIES, M2_PER_PLACE
from parksim.scenario.schema import LAYOUT_SECTIONS, Amenity, Circle, Layout, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from parksim.experiment.comparison import Comparison
    from parksim.model import ParkModel

Floats = npt.NDArray[np.float64]

METHODS = ("p_median", "max_coverage", "p_center")
MOST_CANDIDATES = 160
"""Open cells are thinned to a lattice of at most so many."""
_OPEN_LAND = ("green", "vacant")
_HOURS = {"kindergarten": (7.5, 18.0), "school": (7.5, 17.0), "after_school": (15.5, 19.0)}


class StudyError(ParksimError, ValueError):
    """A siting study that cannot be made."""


@dataclass(frozen=True)
class SitingStudy:
    """A proposal and what came of it.

    Attributes
    ----------
    category, method : str
    p : int
        New places.
    radius : float
        Minutes within which somebody counts as covered.
    candidates : DataFrame
        The free space that was considered: ``kind`` (a land use, or ``floor`` for ground floors), ``row``,
        ``column``, ``building`` ("" in the open).
    sites : DataFrame
        The rows of `candidates` that were chosen.
    gap : float
        Relative gap of the siting problem; 0: proven to be the best.
    proposal : Scenario
        The scenario with the new places from month 0.
    static : DataFrame
        Index ``before``, ``after``; what doors alone say of those who need the category: ``covered_share``,
        ``mean_min`` (to the nearest place they may use) and ``farthest_min``.
    played : DataFrame or None
        Index ``before``, ``after``; the same people in the model at the end of one run of each:
        ``covered_share``, ``served_share`` (of visits wanted, those that end within the radius, walk plus
        wait; of allotted categories those that hold a place within the radius) and ``off``, static covered
        less served.
    comparison : Comparison or None
        Paired replications of both, the scenario as it stands first.
    """

    category: str
    method: str
    p: int
    radius: float
    candidates: pd.DataFrame
    sites: pd.DataFrame
    gap: float
    proposal: Scenario
    static: pd.DataFrame
    played: pd.DataFrame | None
    comparison: Comparison | None

    def differences(self) -> pd.DataFrame:
        """Return the paired differences of the indicators that places of this category can touch.

        Raises
        ------
        StudyError
            If nothing was played.
        """
        if self.comparison is None:
            raise StudyError("nothing was played: study(..., reps=...) with at least 2 replications")
        circles = [n for n, c in self.proposal.circles.items() if self.category in c.categories]
        names = [
            f"placed_share_{self.category}",
            f"coverage_{self.category}",
            f"nearest_min_{self.category}",
            *(f"{kind}_{name}" for name in circles for kind in ("coverage", "served")),
            "commute_mean_min_cohort",
            "commute_mean_min",
            "retention_employee_12m",
            "turnover_annual",
            "ties_per_employee",
            "capex_cny",
            "opex_cny_year",
        ]
        table = self.comparison.table()
        return table.loc[[name for name in names if name in table.index]]

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain data, for JSON."""
        from parksim.experiment.statistics import finite  # noqa: PLC0415

        def rows(frame: pd.DataFrame | None) -> Any:
            if frame is None:
                return None
            return {
                str(k): {c: finite(v) for c, v in row.items()} for k, row in frame.to_dict("index").items()
            }

        return {
            "category": self.category,
            "method": self.method,
            "p": self.p,
            "radius_min": self.radius,
            "candidates": len(self.candidates),
            "gap": self.gap,
            "sites": self.sites.to_dict("records"),
            "static": rows(self.static),
            "played": rows(self.played),
            "comparison": None if self.comparison is None else self.comparison.to_dict(),
        }

    def _repr_html_(self) -> str:
        parts = [
            f"<h4>{self.p} x {self.category}, {self.method}</h4>",
            self.sites.to_html(),
            self.static.to_html(),
        ]
        if self.played is not None:
            parts.append(self.played.to_html())
        return "".join(str(part) for part in parts)


def study(
    scenario: Scenario | str,
    category: str,
    p: int,
    *,
    method: str = "p_median",
    radius: float = 10.0,
    capacity: float | None = None,
    reps: int = 4,
    months: int = 24,
    seed: int = 1,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SitingStudy:
    """Propose sites for new places of a category, and play the scenario with and without them.

    Parameters
    ----------
    scenario : Scenario or str
        The place as it stands, or the name or file of it.
    category : str
        What is to be built.
    p : int
        New places.
    method : str
        ``p_median`` (least walking in all), ``max_coverage`` (most people within the radius) or ``p_center``
        (least for the farthest).
    radius : float
        Minutes that count as covered.
    capacity : float, optional
        Seats, counters or places of each; by default the median of those that stand, or what demand needs.
    reps, months, seed, workers
        Of the comparison (:func:`parksim.experiment.comparison.compare`). With less than 2 replications
        nothing is played.
    progress : callable, optional
        Called with runs done and runs in all.

    Returns
    -------
    SitingStudy

    Raises
    ------
    StudyError
        If the category or method is unknown, nobody needs the category, or there is no free space.
    """
    from parksim.model import ParkModel  # noqa: PLC0415  (imports Mesa, which takes about a second)

    here = _loaded(scenario)
    _check(category, p, method, radius)
    model = ParkModel(here, seed=seed)
    found = free_space(model, category, capacity)
    if len(found) < p:
        raise StudyError(f"{len(found)} free sites for {p} new places of category '{category}'")
    people, minutes, standing = _problem(model, category, found)
    need = people > 0
    if not need.any():
        raise StudyError(f"nobody in {here.name} needs category '{category}'")
    answer = _solve(method, minutes[need], people[need], standing, p, radius)
    chosen = [j - standing for j in answer.sites if j >= standing]
    sites = found.iloc[chosen].reset_index(drop=True)
    proposal = with_places(model, category, sites, capacity)
    columns = [[*range(standing)], list(answer.sites)]
    static = _static(minutes[need], people[need], columns, radius)
    played = comparison = None
    if reps >= 2:
        from parksim.experiment.comparison import compare  # noqa: PLC0415  (imports the runner)

        comparison = compare(
            [here, proposal], reps=reps, seed=seed, months=months, workers=workers, progress=progress
        )
        played = _played(here, proposal, category, radius, months, seed)
        played["off"] = static["covered_share"] - played["served_share"]
    return SitingStudy(
        category, method, p, radius, found, sites, answer.gap, proposal, static, played, comparison
    )


def free_space(model: ParkModel, category: str, capacity: float | None = None) -> pd.DataFrame:
    """List where a place of a category could stand now.

    Open ground (green or vacant cells without an amenity or gateway, thinned to a lattice), buildings for
    services, and the ground floors of workplaces with enough floor to let.

    Returns
    -------
    DataFrame
        Columns ``kind, row, column, building``.
    """
    import pandas as pd  # noqa: PLC0415

    from parksim.firms.offices import free  # noqa: PLC0415  (imports the model's parts)

    layout, park = model.layout, model.place.drawn.park
    taken = {a.cell for a in layout.amenities} | {g.cell for g in layout.gateways}
    rows = []
    m2 = M2_PER_PLACE * (capacity or typical_capacity(model, category))
    floor = free(model) * model.spec.parameters.enterprises.m2_per_worker
    for k, building in enumerate(park.buildings):
        ground = building.m2 / building.floors
        fits = building.use == "service" or (building.workplace and floor[k] >= m2 and ground >= m2)
        if fits:
            row, column = divmod(int(building.cells[len(building.cells) // 2]), park.shape[1])
            kind = "service" if building.use == "service" else "floor"
            rows.append((kind, row, column, building.name))
    from parksim.world.grid import LAND_USES  # noqa: PLC0415

    open_ = np.isin(park.use, [LAND_USES.index(use) for use in _OPEN_LAND])
    for cell in taken:
        if cell is not None:
            open_[cell] = False
    for row, column in _lattice(open_):
        rows.append((LAND_USES[int(park.use[row, column])], row, column, ""))
    return pd.DataFrame(rows, columns=["kind", "row", "column", "building"])


def _lattice(free: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Take one free cell of every square tile, nearest its middle; tiles are as small as the limit allows."""
    cells = np.argwhere(free)
    for size in range(1, max(free.shape) + 1):
        tile = cells // size
        _, which = np.unique(tile, axis=0, return_inverse=True)
        if which.max(initial=-1) + 1 <= MOST_CANDIDATES:
            away = np.abs(cells - (tile * size + (size - 1) / 2)).sum(axis=1)
            order = np.lexsort((away, which.ravel()))
            first = np.unique(which.ravel()[order], return_index=True)[1]
            return [(int(r), int(c)) for r, c in cells[order[first]]]
    return []


def typical_capacity(model: ParkModel, category: str) -> float:
    """Median capacity of the places that stand; without any, what a third of today's demand needs."""
    from parksim.catchments import demand_by_unit  # noqa: PLC0415  (imports the phases)
    from parksim.scenario.categories import DAYPARTS  # noqa: PLC0415

    standing = [a.capacity for a in model.layout.amenities if a.category == category]
    if standing:
        return float(np.median(standing))
    kind, demand = CATEGORIES[category], float(demand_by_unit(model, category).sum()) / 3
    if kind.allotted:
        return max(1.0, float(np.ceil(demand)))
    hours = {name: end - start for name, (start, end) in DAYPARTS.items()}
    peak = max(share / hours[name] for name, share in kind.dayparts.items())
    return max(1.0, float(np.ceil(demand * peak * kind.service_min / 60)))


def with_places(
    model: ParkModel, category: str, sites: pd.DataFrame, capacity: float | None = None
) -> Scenario:
    """Return the model's scenario with new places at these sites from month 0, as it was before that.

    The new places are as those that stand and are open to everybody (price, hours, service time, operator).
    """
    here = model.spec
    like = [a for a in here.amenities if a.category == category]
    like.sort(key=lambda a: (a.access != "everyone", a.outside is not None))
    opens, closes = _HOURS.get(category, (8.0, 21.0))
    common: dict[str, Any] = {"opens": opens, "closes": closes, "operator": "public"}
    if like:
        model_of = like[0]
        common = {
            k: getattr(model_of, k)
            for k in ("service_min", "opens", "closes", "operator", "price", "quality", "opex_cny_year")
        }
    names = {a.name for a in here.amenities}
    new = []
    for site in sites.to_dict("records"):
        number = next(k for k in range(1, len(names) + 2) if f"proposed-{category}-{k}" not in names)
        names.add(f"proposed-{category}-{number}")
        new.append(
            Amenity(
                name=f"proposed-{category}-{number}".replace("_", "-"),
                category=category,
                cell=(site["row"], site["column"]),
                capacity=capacity or typical_capacity(model, category),
                **common,
            )
        )
    proposal = here.with_({"name": f"{here.name[:48]}-proposal", "amenities": [*here.amenities, *new]})
    if here.before is not None:
        return proposal
    values = {name: getattr(proposal, name) for name in Scenario.model_fields}
    before = Layout.model_construct(**{name: getattr(here, name) for name in LAYOUT_SECTIONS})
    return Scenario.model_construct(**{**values, "before": before})


# --- parts ---------------------------------------------------------------------------------------


def _loaded(scenario: Scenario | str) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    from parksim.scenario.read import load  # noqa: PLC0415  (not needed for Scenario objects)

    return load(scenario)


def _check(category: str, p: int, method: str, radius: float) -> None:
    if category not in CATEGORIES:
        raise StudyError(f"there is no category '{category}'{nearest(category, CATEGORIES)}")
    if category == "flats":
        raise StudyError(
            "flats are homes: they are chosen by moving, not by walking; add them to the scenario"
        )
    if method not in METHODS:
        raise StudyError(f"there is no method '{method}'{nearest(method, METHODS)}")
    if p < 1:
        raise StudyError(f"p is {p}, should be at least 1")
    if not radius > 0:
        raise StudyError(f"radius is {radius:g}, should be more than 0 minutes")


def _problem(model: ParkModel, category: str, found: pd.DataFrame) -> tuple[Floats, Floats, int]:
    """Return people by unit, minutes [unit, site] with the places that stand first, and how many stand."""
    from parksim.catchments import demand_by_unit  # noqa: PLC0415  (imports the phases)
    from parksim.world.place import Place  # noqa: PLC0415

    layout, place = model.layout, model.place
    standing = [j for j, a in enumerate(layout.amenities) if a.category == category]
    there = np.where(place.usable[:, standing], place.walk[:, standing], np.inf)
    trial = [
        Amenity(name=f"trial-{k}", category=category, cell=(int(row), int(column)), capacity=1)
        for k, (row, column) in enumerate(zip(found["row"], found["column"], strict=True))
    ]
    walk = Place(model.spec, layout.model_copy(update={"amenities": tuple(trial)})).walk
    return demand_by_unit(model, category), np.concatenate([there, walk], axis=1), len(standing)


def _solve(
    method: str, minutes: Floats, people: Floats, standing: int, p: int, radius: float
) -> siting.Siting:
    existing, count = range(standing), standing + p
    if method == "p_median":
        return siting.p_median(minutes, people, count, existing=existing)
    if method == "max_coverage":
        return siting.max_coverage(minutes, people, count, radius, existing=existing)
    return siting.p_center(minutes, count, existing=existing)


def _static(minutes: Floats, people: Floats, columns: list[list[int]], radius: float) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    table = []
    for sites in columns:
        least = minutes[:, sites].min(axis=1) if sites else np.full(len(people), np.inf)
        near = np.isfinite(least)
        mean = float(people[near] @ least[near] / people[near].sum()) if near.any() else float("nan")
        table.append((float(people @ (least <= radius) / people.sum()), mean, float(least.max())))
    return pd.DataFrame(
        table, index=["before", "after"], columns=["covered_share", "mean_min", "farthest_min"]
    )


def _played(
    here: Scenario, proposal: Scenario, category: str, radius: float, months: int, seed: int
) -> pd.DataFrame:
    """Play both once and look at those who need the category."""
    import pandas as pd  # noqa: PLC0415

    from parksim.catchments import promised_and_served  # noqa: PLC0415  (imports the phases)
    from parksim.model import ParkModel  # noqa: PLC0415

    circle = Circle(minutes=radius, categories=(category,))
    table = [promised_and_served(ParkModel(each, seed=seed).run(months), circle) for each in (here, proposal)]
    return pd.DataFrame(table, index=["before", "after"], columns=["covered_share", "served_share"])
