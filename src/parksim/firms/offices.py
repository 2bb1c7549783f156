"""Floor to work on: what each building holds, who finds room where, and what a square metre costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import combine
from parksim.firms.zoning import floor_shares
from parksim.scenario.renewal import under_works
from parksim.world.place import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.chance import Floats, Ids
    from parksim.model import ParkModel
    from parksim.scenario.schema import Scenario
    from parksim.table import Rows
    from parksim.world.grid import Building
    from parksim.world.place import Place

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_INDEX = (0.5, 2.0)  # rents halve or double at most, whatever the vacancy
_LEAST_VACANCY = 0.02
_FIRMS_AT_ONCE = 256


class Offices:
    """The buildings of a layout as floor to let.

    Attributes
    ----------
    capacity : float array [building]
        Posts there is floor for, whole numbers; 0 in what is no office, lab or factory, and in blocks that are
        being vacated or built.
    market : bool array [building]
        Whether anybody may rent there; the blocks of anchor enterprises are their own until they are renewed.
    of_anchor : list of int arrays
        Buildings of each anchor enterprise.
    anchor_floor : int array [anchor + 1]
        Floor that an anchor enterprise has named, 0 for none; the last, as for firms that are no anchor, is 0.
    block : int array [building]
        Buildings of one block have one number: their vacancy counts together.
    base_rent : float array [building]
        CNY a square metre a month at the vacancy of the plain park's first month.
    usual_vacancy : float
        That vacancy, over all floor on the market.
    kernel : float array [building, building]
        Weight of a worker there for a firm here: exp(decay * walking minutes), nil beyond the reach.
    near : bool array [building, building]
        Which buildings are neighbours.
    lets, shown : float arrays [building, sector]
        Which floor is for whom: see :func:`parksim.firms.zoning.floor_shares`.
    """

    def __init__(self, scenario: Scenario, place: Place) -> None:
        p = scenario.parameters.enterprises
        self.minutes = place.between
        self.capacity = capacity(place.buildings, p.m2_per_worker)
        closed = under_works(place.layout)
        self.capacity[[b.block in closed for b in place.buildings]] = 0.0
        self.own = own_blocks(scenario, place.buildings)
        renewed = {r.block for r in place.layout.renewals if r.stage == "reopened"}
        self.own &= ~np.array([b.block in renewed for b in place.buildings], dtype=np.bool_)
        self.market = self.capacity > 0
        if (self.market & ~self.own).any():
            self.market &= ~self.own
        self.of_anchor = [
            np.flatnonzero([b.block == a.block and b.workplace for b in place.buildings])
            for a in scenario.enterprises.anchors
        ]
        self.anchor_floor = np.array([*(a.floor or 0 for a in scenario.enterprises.anchors), 0])
        names = [b.block or f"building {i}" for i, b in enumerate(place.buildings)]
        self.block = np.unique(names, return_inverse=True)[1] if names else np.empty(0, dtype=np.intp)
        self.storeys = place.storeys
        self.base_rent = np.array([b.rent for b in place.buildings], dtype=np.float64)
        self.usual_vacancy = _usual_vacancy(scenario)
        reached = self.minutes <= p.spillover_reach_min
        self.kernel = np.where(reached, np.exp(p.spillover_decay * self.minutes), 0.0)
        self.near = (self.minutes <= p.neighbour_reach_min).astype(np.float64)
        sectors = list(scenario.enterprises.sectors)
        self.lets, self.shown = floor_shares(place.layout.zoning, place.buildings, sectors)


def capacity(buildings: tuple[Building, ...], m2_per_worker: float) -> Floats:
    """Whole posts that each building has floor for."""
    return np.floor(np.array([b.m2 if b.workplace else 0.0 for b in buildings]) / m2_per_worker)


def own_blocks(scenario: Scenario, buildings: tuple[Building, ...]) -> Bools:
    """Which buildings belong to an anchor enterprise."""
    blocks = {a.block for a in scenario.enterprises.anchors}
    return np.array([b.block in blocks for b in buildings], dtype=np.bool_)


def _usual_vacancy(scenario: Scenario) -> float:
    """Share of the market's floor that is free when the plain park's firms have just been founded."""
    buildings = draw(scenario.plain.layout).park.buildings
    posts = capacity(buildings, scenario.parameters.enterprises.m2_per_worker)
    own = own_blocks(scenario, buildings)
    named = sum(a.employees for a in scenario.enterprises.anchors)
    if posts[~own].sum() == 0:
        own, named = np.zeros_like(own), 0
    let = posts[~own].sum()
    taken = scenario.population.employees - named
    return max(1 - taken / let, _LEAST_VACANCY) if let else _LEAST_VACANCY


def free(model: ParkModel) -> Floats:
    """Return the posts each building has floor for, less those there are."""
    building = model.place.unit_building
    by_unit = np.bincount(model.posts.unit[model.posts.firm >= 0], minlength=building.size)
    return model.offices.capacity - np.bincount(building, by_unit, model.offices.capacity.size)


def lots(model: ParkModel, ids: Ids) -> Iterator[Floats]:
    """Draw the luck of firms in finding a building: for each firm an exponential number a building.

    They are drawn for some hundred firms at a time.
    """
    for start in range(0, ids.size, _FIRMS_AT_ONCE):
        pairs = combine(ids[start : start + _FIRMS_AT_ONCE, None], model.building_codes)
        yield from model.chance.exponential("firm/building", 0, pairs)


def choose_building(lot: Floats, room: Floats, size: float, appeal: Floats) -> int:
    """Draw a building with room for a firm, in proportion to room times appeal; -1 if none has room.

    Parameters
    ----------
    lot : float array [building]
        The firm's luck (:func:`lots`).
    room : float array [building]
        Posts there is room for.
    size : float
        Posts of the firm.
    appeal : float array [building]
        Weight of a free post; none is let where it is nil.
    """
    fits = (room >= size) & (appeal > 0)
    race = np.divide(lot, room * appeal, out=np.full(lot.size, np.inf), where=fits)
    first = int(np.argmin(race))
    return first if fits[first] else -1


def going_rent(model: ParkModel, room: Floats) -> Floats:
    """Rent that a new lease costs in each building, CNY a square metre a month.

    ``base * exp(-elasticity * (vacancy of the block - usual vacancy))``, so that rents stand at their base
    in the plain park's first month.
    """
    offices, elasticity = model.offices, model.spec.parameters.enterprises.rent_elasticity
    floor = np.where(offices.market, offices.capacity, 0.0)
    vacant = np.where(offices.market, np.maximum(room, 0.0), 0.0)
    total = np.bincount(offices.block, floor)
    vacancy = (np.bincount(offices.block, vacant) / np.maximum(total, 1.0))[offices.block]
    index = np.clip(np.exp(-elasticity * (vacancy - offices.usual_vacancy)), *_INDEX)
    return np.asarray(offices.base_rent * np.where(offices.market, index, 1.0))


def move_in(
    model: ParkModel, rows: Rows, wanted: npt.NDArray[np.integer], *, everybody: bool = False
) -> Ints:
    """Open posts for firms where there is floor, and return how many each firm got.

    First every firm takes what its own building has free (an anchor enterprise: the buildings of its block,
    in proportion to their free floor), then those who lack some rent in the nearest buildings on the market.
    A lottery says who comes first.

    Parameters
    ----------
    model : ParkModel
    rows : int array
        Firms, each once.
    wanted : int array
        Posts each wants to open.
    everybody : bool
        Whether nobody may go away empty: those without room sit closer in their own building, and those who
        would have to rent may do so in an anchor's block. For founding only.
    """
    if rows.size == 0:
        return np.empty(0, dtype=np.int64)
    lot = model.chance.uniform("floor", model.month, model.firms.identity[rows])
    turn = np.argsort(lot, kind="stable")
    rows, wanted = rows[turn], wanted[turn].astype(np.int64)
    home, anchor = model.firms.building[rows].astype(np.intp), model.firms.anchor[rows]
    room = np.maximum(free(model), 0.0).astype(np.int64)
    got = _at_home(room, home, np.where(anchor < 0, wanted, 0))
    owner, building, count = [np.arange(rows.size)], [home], [got]
    for k in np.flatnonzero(got < wanted):
        let = model.offices.market & (model.offices.lets[:, model.firms.sector[rows[k]]] > 0) | everybody
        taken = _elsewhere(model, home[k], int(anchor[k]), int(wanted[k] - got[k]), room, let, everybody)
        used = np.flatnonzero(taken)
        owner.append(np.full(used.size, k))
        building.append(used)
        count.append(taken[used])
    order = np.argsort(np.concatenate(owner), kind="stable")
    seats = np.repeat(np.concatenate(building)[order], np.concatenate(count)[order])
    granted = np.bincount(np.concatenate(owner), np.concatenate(count), rows.size).astype(np.int64)
    for k in np.flatnonzero(anchor >= 0):
        end = int(granted[: k + 1].sum())
        seats[end - granted[k] : end] = _shuffled(model, int(rows[k]), seats[end - granted[k] : end])
    model.open_posts(rows, granted, seats)
    out = np.empty_like(granted)
    out[turn] = granted
    return out


def _at_home(room: Ints, home: npt.NDArray[np.intp], wanted: Ints) -> Ints:
    """Grant what firms, in the order of their turn, get in their own buildings; `room` shrinks."""
    order = np.argsort(home, kind="stable")
    before = np.cumsum(wanted[order]) - wanted[order]
    first = np.flatnonzero(np.r_[True, np.diff(home[order]) != 0])
    before -= np.repeat(before[first], np.diff(np.r_[first, order.size]))
    got = np.empty_like(wanted)
    got[order] = np.clip(room[home[order]] - before, 0, wanted[order])
    np.subtract.at(room, home, got)
    return got


def _elsewhere(
    model: ParkModel, home: int, anchor: int, wanted: int, room: Ints, let: Bools, everybody: bool
) -> Ints:
    """Grant a firm posts beyond its own building, the nearest first; `room` shrinks. Posts by building.

    `let` says which buildings the firm may rent in.
    """
    offices = model.offices
    taken = np.zeros(room.size, dtype=np.int64)
    if anchor >= 0:
        mine = offices.of_anchor[anchor]
        taken[mine] = _in_proportion(room[mine], wanted)
    may = let & np.isfinite(offices.minutes[home])
    order = np.argsort(offices.minutes[home], kind="stable")
    order = order[may[order]]
    left = (room - taken)[order]
    before = np.cumsum(left) - left
    taken[order] += np.clip(wanted - int(taken.sum()) - before, 0, left)
    room -= taken
    if everybody:
        taken[home] += wanted - int(taken.sum())
    return taken


def _shuffled(model: ParkModel, row: int, seats: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Mix the buildings of an anchor's new posts: neighbours in number need not be neighbours in space."""
    firms = model.firms
    number = firms.posts_made[row] + np.arange(seats.size, dtype=np.uint64)
    ids = model.chance.identities("post", np.repeat(firms.identity[row], seats.size), number)
    mixed = np.empty_like(seats)  # by rank: one post more moves hardly any other
    mixed[np.argsort(model.chance.uniform("post/building", 0, ids), kind="stable")] = seats
    return mixed


def _in_proportion(room: Ints, wanted: int) -> Ints:
    """Divide posts over buildings in proportion to their room, never more than there is."""
    total = room.sum()
    if total <= wanted:
        return room.copy()
    exact = room * wanted / total
    whole = np.floor(exact).astype(np.int64)
    for k in np.argsort(whole - exact, kind="stable")[: wanted - int(whole.sum())]:
        whole[k] += 1
    return np.asarray(whole)
