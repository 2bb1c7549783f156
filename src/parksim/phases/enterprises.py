"""Enterprises: growth on the anniversary, closing, moving out, and entry into free floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Floats, Ids, combine
from parksim.phases.staying import FIRM_CLOSED, FIRM_MOVED, LAID_OFF

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.parameters import EnterpriseParameters

_REFERENCE_SIZE = 40.0
_PARETO_CUT = 40.0  # largest entrant, in multiples of the smallest


def play(model: ParkModel) -> None:
    """Let firms grow or shrink, leave, and enter, in this order."""
    grow(model)
    leave_park(model)
    enter(model)


def exit_odds(p: EnterpriseParameters, age_years: Floats, size: Floats) -> Floats:
    """Yearly odds of leaving by age (Chinese registration data), falling with size."""
    by_age = np.select(
        [age_years < 1, age_years < 2, age_years < 3, age_years < 7],
        [p.exit_year_1, p.exit_year_2, p.exit_year_3, p.exit_year_4_7],
        p.exit_year_8,
    )
    return np.asarray(by_age * (np.maximum(size, 1) / _REFERENCE_SIZE) ** p.exit_size_exponent)


def grow(model: ParkModel) -> None:
    """Change the number of posts of firms whose anniversary it is: yearly log growth follows Laplace's law.

    Growth is limited by the free floor of the building; shrinking removes the highest-numbered posts.
    """
    firms, p, chance, month = model.firms, model.spec.parameters.enterprises, model.chance, model.month
    rows = np.flatnonzero(firms.active & ((month - firms.born) % 12 == 0) & (month > firms.born))
    if rows.size == 0:
        return
    ids = firms.identity[rows]
    u = chance.uniform("growth", month, ids) - 0.5
    scale = p.growth_scale
    # mean of exp(Laplace(mu, b)) is exp(mu) / (1 - b^2): mu makes the mean growth what the parameter says
    mu = p.growth_mean + np.log1p(-(scale**2))
    growth = np.exp(np.clip(mu - scale * np.sign(u) * np.log1p(-2 * np.abs(u)), -1.5, 1.5))
    wanted = firms.size[rows] * growth
    target = np.maximum(np.floor(wanted + chance.uniform("growth/round", month, ids)), 1).astype(np.int64)
    change = target - firms.size[rows]
    _shrink(model, rows[change < 0], -change[change < 0])
    _expand(model, rows[change > 0], change[change > 0])


def _shrink(model: ParkModel, rows: npt.NDArray[np.intp], by: npt.NDArray[np.int64]) -> None:
    posts, firms = model.posts, model.firms
    if rows.size == 0:
        return
    loses = np.zeros(len(firms), dtype=np.int64)
    loses[rows] = by
    held = posts.firm >= 0
    mine = np.flatnonzero(held)
    mine = mine[loses[posts.firm[mine]] > 0]
    order = mine[np.lexsort((-posts.post[mine].astype(np.int64), posts.firm[mine]))]
    firm = posts.firm[order]
    start = np.flatnonzero(np.r_[True, np.diff(firm) != 0])
    rank = np.arange(order.size) - np.repeat(start, np.diff(np.r_[start, order.size]))
    close = order[rank < loses[firm]]
    model.close_posts(close, LAID_OFF)
    firms.size[rows] -= by.astype(np.int32)


def _expand(model: ParkModel, rows: npt.NDArray[np.intp], by: npt.NDArray[np.int64]) -> None:
    """Add posts where there is floor; firms in one building share what is free by lottery."""
    firms = model.firms
    if rows.size == 0:
        return
    lot = model.chance.uniform("growth/floor", model.month, firms.identity[rows])
    free = np.floor(model.free_posts()).astype(np.int64)
    granted = np.zeros(rows.size, dtype=np.int64)
    for k in np.argsort(lot, kind="stable"):
        room = free[firms.building[rows[k]]]
        granted[k] = max(min(by[k], room), 0)
        free[firms.building[rows[k]]] -= granted[k]
    model.open_posts(rows, granted)


def leave_park(model: ParkModel) -> None:
    """Close firms or let them move out of the park, by age and size."""
    firms, p, chance, month = model.firms, model.spec.parameters.enterprises, model.chance, model.month
    rows = np.flatnonzero(firms.active)
    ids = firms.identity[rows]
    odds = exit_odds(p, (month - firms.born[rows]) / 12, firms.size[rows].astype(np.float64))
    odds[firms.anchor[rows] >= 0] = 0.0  # a named anchor leaves by an intervention, not by chance
    goes = chance.uniform("exit", month, ids) < -np.expm1(np.log1p(-np.minimum(odds, 0.95)) / 12)
    rows, ids = rows[goes], ids[goes]
    moves = chance.uniform("exit/moves out", month, ids) < p.relocation_share
    for which, cause in ((rows[~moves], FIRM_CLOSED), (rows[moves], FIRM_MOVED)):
        if which.size:
            leaving = np.zeros(len(firms), dtype=np.bool_)
            leaving[which] = True
            held = np.flatnonzero(model.posts.firm >= 0)
            model.close_posts(held[leaving[model.posts.firm[held]]], cause)
            model.log("firm_exit", firms.identity[which], firms.identity[which], np.full(which.size, cause))
            model.firm_exits += which.size
            firms.active[which] = False
            firms.release(which)


def pareto_sizes(u: Floats, exponent: float, mean: float) -> Floats:
    """Return truncated Pareto sizes of a given mean; CCDF exponent as in Axtell 2001 (Science 293:1818)."""
    cut = _PARETO_CUT
    sizes = (1 - u * (1 - cut**-exponent)) ** (-1 / exponent)
    unit_mean = float(((1 - (np.arange(2000) + 0.5) / 2000 * (1 - cut**-exponent)) ** (-1 / exponent)).mean())
    return np.asarray(np.maximum(np.round(sizes * mean / unit_mean), 1))


def enter(model: ParkModel) -> None:
    """Let this month's candidate entrants, known by (month, rank), take floor where there is some."""
    scenario, chance, month, firms = model.spec, model.chance, model.month, model.firms
    p = scenario.parameters.enterprises
    expected = p.entry_year * scenario.enterprises.count / 12
    candidates = int(np.ceil(2 * expected)) + 1
    ids = chance.identities(
        "entrant",
        np.full(candidates, month + 100_000, dtype=np.uint64),
        np.arange(candidates, dtype=np.uint64),
    )
    ids = ids[chance.uniform("entry", 0, ids) < expected / candidates]
    if ids.size == 0:
        return
    sizes = pareto_sizes(
        chance.uniform("firm/size", 0, ids), scenario.enterprises.size_exponent, p.entrant_size
    )
    free = model.free_posts()
    let = np.array([b.workplace for b in model.place.buildings]) & ~model.anchored
    for identity, size in zip(ids, sizes, strict=True):
        building = choose_building(model, identity, free * let, float(size))
        if building < 0:
            model.turned_away += 1
            continue
        free[building] -= size
        one = np.array([identity], dtype=np.uint64)
        row = firms.add(
            1, identity=identity, active=True, sector=model.draw_sectors(one), building=building, born=month
        )
        model.open_posts(row, np.array([int(size)]))
        model.log("firm_entry", one, one, np.array([building]))
        model.firm_entries += 1


def choose_building(model: ParkModel, identity: np.uint64, free: Floats, size: float) -> int:
    """Draw a building with room for the firm, in proportion to its free floor; -1 if none has room."""
    room = np.flatnonzero(free >= size)
    if room.size == 0:
        return -1
    pairs: Ids = combine(np.full(room.size, identity, dtype=np.uint64), model.building_codes[room])
    race = model.chance.exponential("firm/building", 0, pairs) / free[room]
    return int(room[np.argmin(race)])
