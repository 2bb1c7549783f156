"""Enterprises: cash, growth on the anniversary, closing, moving out, entry, spin-offs, and the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Floats, Ids, name_code
from parksim.firms import cash, demand, digital, displaced, ladder, neighbours, support
from parksim.firms.birth import REFERENCE_SIZE, endow, size_factor
from parksim.firms.offices import choose_building, free, going_rent, lots, move_in
from parksim.phases.staying import FIRM_CLOSED, FIRM_MOVED, LAID_OFF

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.parameters import EnterpriseParameters
    from parksim.table import Rows

_PARETO_CUT = 40.0  # largest entrant, in multiples of the smallest
_MOST_CERTAIN = 0.95  # largest yearly odds of leaving
_MOST_ATTRACTION = 2.0  # what rents and neighbours can do to entry at most
_BORN = 100_000  # months are negative in the burn-in, the numbers of identities are not


def play(model: ParkModel) -> None:
    """Let firms spend, grow or shrink, leave, enter, split, climb and learn, in this order."""
    cash.spend(model)
    grow(model)
    leave_park(model)
    arrive(model)
    displaced.play(model)
    enter(model)
    spin_off(model)
    ladder.review(model)
    support.play(model, ladder.go_public(model))
    neighbours.exposure(model)
    digital.advance(model)
    if model.in_burn_in:
        model.firm_life.usual_digital = digital.per_post(model)
        active = model.firms.active
        model.firm_life.usual_exposure = float(model.firms.exposure[active].mean()) if active.any() else 0.0


# --- growth --------------------------------------------------------------------------------------


def grow(model: ParkModel) -> None:
    """Change the number of posts of firms whose anniversary it is: yearly log growth follows Laplace's law.

    Who finds no floor in the own building rents in the nearest ones; shrinking removes the highest-numbered
    posts. Leases are renewed on the same day.
    """
    firms, p, chance, month = model.firms, model.spec.parameters.enterprises, model.chance, model.month
    rows = np.flatnonzero(firms.active & ((month - firms.born) % 12 == 0) & (month > firms.born))
    if rows.size == 0:
        return
    firms.rent[rows] = going_rent(model, free(model))[firms.building[rows]]
    ids = firms.identity[rows]
    u = chance.uniform("growth", month, ids) - 0.5
    size = firms.size[rows]
    scale = p.growth_scale * (np.maximum(size, 1) / REFERENCE_SIZE) ** p.growth_size_exponent
    # mean of exp(Laplace(mu, b)) is exp(mu) / (1 - b^2): mu makes the mean growth what the parameter says
    mu = p.growth_mean + np.log1p(-(scale**2))
    growth = np.exp(np.clip(mu - scale * np.sign(u) * np.log1p(-2 * np.abs(u)), -1.5, 1.5))
    by_orders = np.broadcast_to(demand.growth(model), len(model.spec.enterprises.sectors))
    growth = growth * by_orders[firms.sector[rows]]
    target = np.maximum(np.floor(size * growth + chance.uniform("growth/round", month, ids)), 1)
    change = target.astype(np.int64) - size
    _shrink(model, rows[change < 0], -change[change < 0])
    move_in(model, rows[change > 0], change[change > 0])
    firms.growth[rows] = np.log(firms.size[rows] / np.maximum(size, 1))


def _shrink(model: ParkModel, rows: Rows, by: npt.NDArray[np.int64]) -> None:
    posts, firms = model.posts, model.firms
    if rows.size == 0:
        return
    loses = np.zeros(len(firms) + 1, dtype=np.int64)  # the last for posts of nobody, whose firm is -1
    loses[rows] = by
    mine = np.flatnonzero(loses[posts.firm])
    order = mine[np.lexsort((-posts.post[mine].astype(np.int64), posts.firm[mine]))]
    firm = posts.firm[order]
    start = np.flatnonzero(np.r_[True, np.diff(firm) != 0])
    rank = np.arange(order.size) - np.repeat(start, np.diff(np.r_[start, order.size]))
    model.close_posts(order[rank < loses[firm]], LAID_OFF)
    firms.size[rows] -= by.astype(np.int32)
    firms.shrank[rows] = model.month


# --- leaving -------------------------------------------------------------------------------------


def exit_by_age(p: EnterpriseParameters, age_years: Floats) -> Floats:
    """Yearly odds of leaving by age alone (Chinese registration data)."""
    return np.select(
        [age_years < 1, age_years < 2, age_years < 3, age_years < 7],
        [p.exit_year_1, p.exit_year_2, p.exit_year_3, p.exit_year_4_7],
        p.exit_year_8,
    )


def exit_odds(model: ParkModel, rows: Rows) -> Floats:
    """Yearly odds of leaving: by age, times factors of size and cash whose means are one."""
    firms, p = model.firms, model.spec.parameters.enterprises
    size = size_factor(model, firms.size[rows].astype(np.float64)) / model.firm_life.size_centre
    runway = cash.exit_factor(p, firms.runway[rows].astype(np.float64))
    odds = exit_by_age(p, (model.month - firms.born[rows]) / 12) * size * runway
    odds[firms.anchor[rows] >= 0] = 0.0  # a named anchor leaves by an intervention, not by chance
    return np.minimum(odds, _MOST_CERTAIN)


def leave_park(model: ParkModel) -> None:
    """Close firms or let them move out of the park, by age, size and cash."""
    firms, p, chance, month = model.firms, model.spec.parameters.enterprises, model.chance, model.month
    rows = np.flatnonzero(firms.active)
    ids = firms.identity[rows]
    goes = chance.uniform("exit", month, ids) < -np.expm1(np.log1p(-exit_odds(model, rows)) / 12)
    rows, ids = rows[goes], ids[goes]
    if rows.size == 0:
        return
    moves = chance.uniform("exit/moves out", month, ids) < p.relocation_share
    cause = np.full(len(firms) + 1, -1, dtype=np.int8)  # the last for posts of nobody, whose firm is -1
    cause[rows] = np.where(moves, FIRM_MOVED, FIRM_CLOSED)
    of_post = cause[model.posts.firm]
    gone = np.flatnonzero(of_post >= 0)
    model.close_posts(gone, of_post[gone])
    model.log("firm_exit", ids, ids, cause[rows])
    model.firm_exits += rows.size
    firms.release(rows)


# --- entry ---------------------------------------------------------------------------------------


def pareto_sizes(u: Floats, exponent: float, mean: float) -> Floats:
    """Return truncated Pareto sizes of a given mean; CCDF exponent as in Axtell 2001 (Science 293:1818)."""
    cut = _PARETO_CUT
    sizes = (1 - u * (1 - cut**-exponent)) ** (-1 / exponent)
    unit_mean = float(((1 - (np.arange(2000) + 0.5) / 2000 * (1 - cut**-exponent)) ** (-1 / exponent)).mean())
    return np.asarray(np.maximum(np.round(sizes * mean / unit_mean), 1))


def enter(model: ParkModel) -> None:
    """Let this month's candidate entrants, known by (month, rank), take floor where there is some.

    More come where floor is cheap and neighbours are of their sector; they choose one after the other in the
    order of a lottery.
    """
    scenario, chance, month = model.spec, model.chance, model.month
    p = scenario.parameters.enterprises
    expected = p.entry_year * scenario.enterprises.count / 12
    candidates = int(np.ceil(_MOST_ATTRACTION * expected)) + 1
    ids = chance.identities(
        "entrant",
        np.full(candidates, month + _BORN, dtype=np.uint64),
        np.arange(candidates, dtype=np.uint64),
    )
    sector = model.draw_sectors(ids)
    room = np.where(model.offices.market, np.maximum(free(model), 0.0), 0.0)
    rent = going_rent(model, room)
    weight = attraction(model, rent)
    appeal, shown = weight * model.offices.lets, weight * model.offices.shown
    drawn = np.minimum(room @ appeal / max(room.sum(), 1.0), _MOST_ATTRACTION)
    if not room.any():  # who comes is turned away, and counted
        drawn[:] = 1.0
    comes = chance.uniform("entry", 0, ids) < expected / candidates * drawn[sector]
    ids, sector = ids[comes], sector[comes]
    sizes = entrant_sizes(model, ids, p.entrant_size)
    building = np.full(ids.size, -1, dtype=np.intp)
    turn = np.argsort(chance.uniform("floor", month, ids), kind="stable")
    for k, lot in zip(turn, lots(model, ids[turn]), strict=True):
        building[k] = choose_building(lot, room, float(sizes[k]), shown[:, sector[k]])
        if building[k] >= 0:
            room[building[k]] -= sizes[k]
    model.firm_entries += settle(model, "firm_entry", ids, ids, sector, building, sizes, rent)


def arrive(model: ParkModel) -> None:
    """Let the enterprises that the layout announces settle in their month, and fill their posts over the ramp.

    They take floor like everybody, and once here they live like everybody.
    """
    month, firms, chance = model.month, model.firms, model.chance
    for plan in model.layout.arrivals:
        if not plan.month <= month < plan.month + plan.ramp_months:
            continue
        one = chance.identities("arrival", name_code(plan.name))
        row = np.flatnonzero(firms.active & (firms.identity == one[0]))
        if row.size == 0 and month > plan.month:
            continue  # it found no floor, or has left again
        share = plan.employees * (np.arange(month - plan.month, month - plan.month + 2)) / plan.ramp_months
        posts = np.diff(np.floor(share)).astype(np.int64)
        if row.size == 0:
            room = np.maximum(free(model), 0.0) * (model.offices.capacity > 0)
            sector = np.array([model.sector_index(plan.sector)])
            if plan.block is not None:
                room = room * np.array([b.block == plan.block for b in model.place.buildings])
            else:
                room = room * (model.offices.lets[:, sector[0]] > 0)
            building = np.array([np.argmax(room) if room.max() >= 1 else -1])
            first = np.clip(posts, 1, max(room.max(), 1)).astype(np.int64)
            rent = going_rent(model, free(model))
            model.firm_entries += settle(model, "firm_entry", one, one, sector, building, first, rent)
        else:
            move_in(model, row, posts)


def entrant_sizes(model: ParkModel, ids: Ids, mean: float) -> npt.NDArray[np.int64]:
    """Draw the sizes of newborn firms, by the scenario's exponent."""
    u = model.chance.uniform("firm/size", 0, ids)
    return pareto_sizes(u, model.spec.enterprises.size_exponent, mean).astype(np.int64)


def attraction(model: ParkModel, rent: Floats) -> Floats:
    """Weight of a free post for entrants, [building, sector]: rent over its base, own and partner sectors near."""
    p, base = model.spec.parameters.enterprises, model.offices.base_rent
    index = np.where(base > 0, rent, 1.0) / np.where(base > 0, base, 1.0)
    near = neighbours.sector_shares(model)
    pull = p.neighbour_pull * near
    if model.partners is not None:
        pull += p.partner_pull * (near @ model.partners)
    like = np.exp(pull)
    return np.asarray(index[:, None] ** p.entry_rent_elasticity * like)


def settle(
    model: ParkModel,
    event: str,
    ids: Ids,
    parents: Ids,
    sector: npt.NDArray[np.integer],
    building: npt.NDArray[np.intp],
    size: npt.NDArray[np.int64],
    rent: Floats,
) -> int:
    """Found firms in buildings with room, and return how many; those without one (-1) are turned away."""
    found = np.flatnonzero(building >= 0)
    model.turned_away += ids.size - found.size
    if found.size:
        ids, parents, building = ids[found], parents[found], building[found]
        rows = model.firms.add(
            found.size,
            identity=ids,
            active=True,
            sector=sector[found],
            building=building,
            born=model.month,
            parent=np.where(parents == ids, 0, parents),
        )
        model.open_posts(rows, size[found])
        endow(model, rows)
        model.firms.rent[rows] = rent[building]
        model.log(event, ids, parents, model.building_names(building))
    return found.size


# --- spin-offs -----------------------------------------------------------------------------------


def spin_off(model: ParkModel) -> None:
    """Let people of technology firms found firms of their own, where floor is free near the parent.

    A spin-off is known by (parent, number); its number is used up also when no floor is found.
    """
    firms, p, chance, month = model.firms, model.spec.parameters.enterprises, model.chance, model.month
    model.firm_life.spinoffs = 0
    rows = np.flatnonzero(firms.active & (firms.size > p.spinoff_parent_size))
    rows = rows[model.tech_sector[firms.sector[rows]]]
    around = (firms.exposure[rows] + 1) / (model.firm_life.usual_exposure + 1)
    odds = -np.expm1(-p.spinoff_year / 12 * around**p.spinoff_spillover)
    rows = rows[chance.uniform("spin-off", month, firms.identity[rows]) < odds]
    if rows.size == 0:
        return
    parents = firms.identity[rows]
    ids = chance.identities("spin-off", parents, firms.spun[rows].astype(np.uint64))
    firms.spun[rows] += 1
    sizes = entrant_sizes(model, ids, p.spinoff_size)
    room = np.where(model.offices.market, np.maximum(free(model), 0.0), 0.0)
    rent = going_rent(model, room)
    building = np.full(ids.size, -1, dtype=np.intp)
    for k in np.argsort(chance.uniform("floor", month, ids), kind="stable"):
        fits = (room >= sizes[k]) & (model.offices.lets[:, firms.sector[rows[k]]] > 0)
        minutes = np.where(fits, model.offices.minutes[firms.building[rows[k]]], np.inf)
        nearest = int(np.argmin(minutes))
        if minutes[nearest] <= p.spillover_reach_min:
            building[k] = nearest
            room[nearest] -= sizes[k]
    sector = firms.sector[rows]
    model.firm_life.spinoffs = settle(model, "spin_off", ids, parents, sector, building, sizes, rent)
