"""What each building reaches: coverage, what is really served, the gap between them, and access per head.

For maps and tables, asked of a model after any month; nothing here changes the run. Values are per building,
in the order of ``model.place.buildings``; ``nan`` where nobody works who needs anything of the circle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.access import enhanced_two_step_fca, three_step_fca, two_step_fca
from parksim.bits import count_by_needs
from parksim.errors import ParksimError, nearest
from parksim.people import ALLOTTED, bits_of, visits_wanted
from parksim.phases.measure import coverage
from parksim.phases.services import days_a_month, served_within, wanted
from parksim.scenario.categories import CATEGORIES, CIRCLE_PRESETS, DAYPARTS, WEEKEND
from parksim.scenario.schema import Circle
from parksim.world.market import DAY, parts

if TYPE_CHECKING:
    import pandas as pd

    from parksim.model import ParkModel

Floats = npt.NDArray[np.float64]

METHODS = ("two_step", "enhanced_two_step", "three_step")
_NAMES = list(CATEGORIES)


class CatchmentError(ParksimError, ValueError):
    """A circle or category that does not exist."""


def circle_of(model: ParkModel, circle: str | Circle) -> Circle:
    """Return a circle by name: one of the layout's, else one of any preset's.

    Parameters
    ----------
    model : ParkModel
    circle : str or Circle
        ``life_15`` of the preset ``iot-town``, ``10min`` of ``td-t-1062``, or one's own.

    Raises
    ------
    CatchmentError
        If there is no such circle.
    """
    if isinstance(circle, Circle):
        return circle
    known = {
        name: Circle(minutes=minutes, categories=categories)
        for preset in CIRCLE_PRESETS.values()
        for name, (minutes, categories) in preset.items()
    } | model.layout.circles
    if circle not in known:
        raise CatchmentError(f"there is no circle '{circle}'{nearest(circle, known)}")
    return known[circle]


def building_coverage(model: ParkModel, circle: str | Circle) -> Floats:
    """Mean over a building's employees of the share of the categories they need that they have within reach.

    As ``coverage_<circle>``, by the building of the desk; residents of the park count what is near home too.
    """
    shape = circle_of(model, circle)
    rows = np.flatnonzero(model.posts.filled)
    need, have = coverage(model, rows, shape.minutes, shape.categories)
    some = need > 0
    where = model.place.unit_building[model.posts.unit[rows[some]]]
    return _mean(where, have[some] / need[some], len(model.place.buildings))


def building_served(model: ParkModel, circle: str | Circle) -> Floats:
    """Share of the visits wanted at a building that end within the circle's minutes, walk plus wait.

    As ``served_<circle>``, by the building the visits start from: the desk's, on days off the home's.
    """
    got, total = _served_by_category(model, circle_of(model, circle))
    got, total = (_by_building(model, x.sum(axis=1)) for x in (got, total))
    return np.divide(got, total, out=np.full_like(total, np.nan), where=total > 0)


def gap(model: ParkModel, preset: str | None = None) -> pd.DataFrame:
    """Set what the map promises beside what people get.

    Parameters
    ----------
    model : ParkModel
    preset : str, optional
        A preset of circles instead of the layout's own.

    Returns
    -------
    DataFrame
        Index ``circle, category`` (category "" for the circle as a whole); columns ``coverage`` (doors within
        reach), ``served`` (visits that end in time) and ``gap``. A whole circle's coverage is the mean over
        people, its served share the mean over visits, as the indicators of these names.
    """
    import pandas as pd  # noqa: PLC0415

    if preset is not None and preset not in CIRCLE_PRESETS:
        raise CatchmentError(f"unknown preset of circles '{preset}'{nearest(preset, CIRCLE_PRESETS)}")
    circles = model.layout.circles
    if preset is not None:
        circles = {c: Circle(minutes=m, categories=k) for c, (m, k) in CIRCLE_PRESETS[preset].items()}
    rows = np.flatnonzero(model.posts.filled)
    table = []
    for name, circle in circles.items():
        got, total = _served_by_category(model, circle)
        table.append((name, "", *promised_and_served(model, circle)))
        for category in circle.categories:
            c = _NAMES.index(category)
            need, have = coverage(model, rows, circle.minutes, (category,))
            doors, visits = _ratio(have.sum(), need.sum()), _ratio(got[:, c].sum(), total[:, c].sum())
            table.append((name, category, doors, visits))
    out = pd.DataFrame(table, columns=["circle", "category", "coverage", "served"])
    out = out.set_index(["circle", "category"])
    return out.assign(gap=out["coverage"] - out["served"])


def promised_and_served(model: ParkModel, circle: Circle) -> tuple[float, float]:
    """Return coverage and served share of one circle, as the indicators of these names."""
    rows = np.flatnonzero(model.posts.filled)
    got, total = _served_by_category(model, circle)
    need, have = coverage(model, rows, circle.minutes, circle.categories)
    some = need > 0
    whole = float(np.mean(have[some] / need[some])) if some.any() else float("nan")
    return whole, _ratio(got.sum(), total.sum())


def accessibility(
    model: ParkModel,
    category: str,
    *,
    method: str = "two_step",
    catchment: float | None = None,
    decay: str = "gaussian",
) -> Floats:
    """Places per head within reach, by a floating catchment method of :mod:`parksim.access`.

    Competition for places counts, time does not: there are no dayparts and no queues. Supply is the places a
    category has in a day (seats times the visits that each can take while open; of allotted categories the
    places), less what outsiders take; demand are the visits a day (of allotted categories the children)
    wanted at the desks.

    Parameters
    ----------
    model : ParkModel
    category : str
    method : str
        ``two_step``, ``enhanced_two_step`` or ``three_step``.
    catchment : float, optional
        Minutes; by default the longest walk that visitors consider (``parameters.services.reach_min``).
    decay : str
        Of the two-step and three-step methods.

    Returns
    -------
    float array [building]
        Units of supply per unit of demand: below 1 there is not enough for everybody; nan where nobody
        needs it.

    Raises
    ------
    CatchmentError
        If there is no such category or method.
    """
    if category not in CATEGORIES:
        raise CatchmentError(f"there is no category '{category}'{nearest(category, CATEGORIES)}")
    if method not in METHODS:
        raise CatchmentError(f"there is no method '{method}'{nearest(method, METHODS)}")
    place = model.place
    people = demand_by_unit(model, category)
    seats = [j for j, a in enumerate(place.amenities) if a.category == category]
    supply = np.array([_places(model, j) for j in seats])
    minutes = np.where(place.usable[:, seats], place.walk[:, seats], np.inf)
    reach = catchment or model.spec.parameters.services.reach_min
    if not seats:
        access = np.zeros(len(people))
    elif method == "two_step":
        access = two_step_fca(supply, people, minutes, reach, decay)
    elif method == "enhanced_two_step":
        access = enhanced_two_step_fca(supply, people, minutes, reach)
    else:
        access = three_step_fca(supply, people, minutes, reach, decay)
    weights = _by_building(model, people)
    total = _by_building(model, people * access)
    return np.divide(total, weights, out=np.full_like(total, np.nan), where=weights > 0)


def demand_by_unit(model: ParkModel, category: str) -> Floats:
    """Visits a working day wanted at each unit; of allotted categories the children who need a place."""
    c = _NAMES.index(category)
    if CATEGORIES[category].allotted:
        rows = np.flatnonzero(model.posts.filled)
        units = len(model.place.unit_building)
        return count_by_needs(model.posts.unit[rows], model.posts.needs[rows], units, len(_NAMES))[:, c]
    working = np.arange(len(DAYPARTS)) != WEEKEND
    return np.asarray((wanted(model)[working, :, c] / days_a_month(model)[working, None]).sum(axis=0))


# --- parts ---------------------------------------------------------------------------------------


def _places(model: ParkModel, amenity: int) -> float:
    """Visits a working day that a place can take from the park's people; of allotted ones its places."""
    a, market = model.place.amenities[amenity], model.place.market
    if CATEGORIES[a.category].allotted:
        return a.capacity
    pairs = np.flatnonzero(market.amenity == amenity)
    pairs = pairs[parts()[DAY][market.daypart[pairs], market.category[pairs]] > 0]
    most = market.servers[pairs] * 60 / market.service_min[pairs] * market.hours[pairs]
    return float(np.maximum(most - market.outside[pairs], 0.0).sum())


def _served_by_category(model: ParkModel, circle: Circle) -> tuple[Floats, Floats]:
    """Visits a month that end within the circle, and those wanted, [unit, category]."""
    posts, place = model.posts, model.place
    mine = np.isin(np.arange(len(_NAMES)), [_NAMES.index(c) for c in circle.categories])
    total = wanted(model).sum(axis=0) * mine
    got = total * served_within(model, circle.minutes, circle.categories)
    visits = visits_wanted(model.spec.needs)
    for name in set(ALLOTTED) & set(circle.categories):
        c, column = _NAMES.index(name), getattr(posts, name)
        holds = np.flatnonzero(posts.filled & (column >= 0) & ((posts.needs & bits_of((name,))) != 0))
        near = place.walk[posts.unit[holds], column[holds]] <= circle.minutes
        got[:, c] = visits[c] * np.bincount(posts.unit[holds[near]], minlength=len(total))
    return got, total


def _by_building(model: ParkModel, values: Floats) -> Floats:
    total = np.bincount(model.place.unit_building, weights=values, minlength=len(model.place.buildings))
    return np.asarray(total, dtype=np.float64)


def _mean(where: npt.NDArray[np.intp], values: Floats, size: int) -> Floats:
    count = np.bincount(where, minlength=size).astype(np.float64)
    total = np.bincount(where, weights=values, minlength=size)
    return np.asarray(np.divide(total, count, out=np.full(size, np.nan), where=count > 0))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
