"""Who asks for what: unserved visits, places not obtained and long walks become requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim import cores
from parksim.bits import Sums
from parksim.chance import combine, name_code
from parksim.matching import least
from parksim.people import ALLOTTED, bits_of, visits_wanted
from parksim.phases.services import home_unit
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from parksim.model import ParkModel

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

NAMES = list(CATEGORIES)
CODES = np.array([name_code(name) for name in NAMES], dtype=np.uint64)
_QUEUED = np.array([not kind.allotted for kind in CATEGORIES.values()])
_BITS = np.arange(len(NAMES), dtype=np.uint32)


def circle_minutes(model: ParkModel) -> Floats:
    """Return the minutes promised for each category, the shortest circle's; ``inf`` where none promises it."""
    minutes = np.full(len(NAMES), np.inf)
    for circle in model.layout.circles.values():
        for category in circle.categories:
            c = NAMES.index(category)
            minutes[c] = min(minutes[c], circle.minutes)
    return minutes


def too_far(model: ParkModel) -> npt.NDArray[np.bool_]:
    """Say where the nearest place that people may use lies beyond the circle's minutes, [unit, category]."""
    return model.place.nearest > circle_minutes(model)


def pressure(model: ParkModel) -> Callable[[Rows], Floats]:
    """Return what tells how many requests a month people, given by their posts, have reason for.

    Unserved visits and those missed for want of an allotted place count ``request_per_unserved`` each, visits
    made to a category whose nearest place is beyond its circle ``request_per_long_walk``.
    """
    posts, p = model.posts, model.spec.parameters.community
    visits = visits_wanted(model.spec.needs)
    far = np.where(_QUEUED, visits * model.services.served, 0.0) * too_far(model)
    far_walks = Sums(far)

    def of(rows: Rows) -> Floats:
        needs = posts.needs[rows]
        missed = np.maximum(posts.unserved[rows], 0).astype(np.float64)
        for name in ALLOTTED:
            without = ((needs & bits_of((name,))) != 0) & (getattr(posts, name)[rows] < 0)
            missed += visits[NAMES.index(name)] * without
        walked = far_walks(posts.unit[rows], needs)
        lodger = np.flatnonzero(posts.flat[rows] >= 0)
        if lodger.size:
            walked[lodger] = _far_from_both(model, rows[lodger], far).sum(axis=1)
        there = model.presence(rows)
        if there is not None:
            walked *= there
        return np.asarray(p.request_per_unserved * missed + p.request_per_long_walk * walked)

    return of


def _needed(model: ParkModel, rows: Rows) -> npt.NDArray[np.bool_]:
    return ((model.posts.needs[rows][:, None] >> _BITS) & np.uint32(1)).astype(np.bool_)


def _far_from_both(model: ParkModel, rows: Rows, far: Floats) -> Floats:
    """Long walks of those who live in the park: beyond the circle from the desk and from the flat."""
    unit = model.posts.unit[rows]
    return np.asarray(far[unit] * too_far(model)[home_unit(model, rows)] * _needed(model, rows))


def who_asks(model: ParkModel) -> Rows:
    """Return the posts whose holders make a request this month."""
    posts, reasons = model.posts, pressure(model)

    def asks(rows: Rows) -> npt.NDArray[np.bool_]:
        odds = -np.expm1(-reasons(rows))
        return np.asarray(model.chance.uniform("request", model.month, posts.identity[rows]) < odds)

    return cores.those(asks, np.flatnonzero(posts.filled))


def matter(model: ParkModel, rows: Rows) -> npt.NDArray[np.intp]:
    """Draw the category that each request is about, in proportion to what it is made of, [person]."""
    posts, p, state = model.posts, model.spec.parameters.community, model.services
    visits, needed, unit = visits_wanted(model.spec.needs), _needed(model, rows), posts.unit[rows]
    got = np.where(posts.rotating[rows][:, None], state.served_rotating[unit], state.served[unit])
    weight = np.where(_QUEUED, p.request_per_unserved * visits * (1 - got), 0.0)
    far = np.where(_QUEUED, visits * state.served, 0.0) * too_far(model)
    walked = far[unit]
    lodger = np.flatnonzero(posts.flat[rows] >= 0)
    if lodger.size:
        walked[lodger] = _far_from_both(model, rows[lodger], far)
    weight += p.request_per_long_walk * walked
    for name in ALLOTTED:
        c = NAMES.index(name)
        weight[:, c] = p.request_per_unserved * visits[c] * (getattr(posts, name)[rows] < 0)
    weight *= needed
    nothing = ~(weight > 0).any(axis=1)  # what was missed was missed on days off: all that is needed alike
    weight[nothing] = needed[nothing]
    one, category = np.nonzero(weight > 0)
    pair = combine(posts.identity[rows][one], CODES[category])
    race = model.chance.exponential("request/category", model.month, pair) / weight[one, category]
    return np.asarray(category[least(one, race)])
