"""What a council does with its budget: new places, longer hours, or a staff facility opened to everybody.

The council knows requests, not queues: what counts is what stands on its agenda, by category and building,
weighed by who sits for whom. New places go into service floor that stands empty and rooms that are offered,
where :func:`parksim.siting.max_coverage` finds most of that need within the circle's minutes. All ways to
answer are compared by the requests they should answer for a CNY a year; the best is paid as soon as the budget
carries it, and until then saved for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.governance.asking import NAMES, circle_minutes
from parksim.governance.council import Decision, weights
from parksim.people import visits_wanted
from parksim.phases.services import days_a_month, unmet_by_daypart
from parksim.scenario.categories import CATEGORIES, DAYPARTS, M2_PER_PLACE
from parksim.scenario.schema import Amenity, Intervention
from parksim.world.market import DAY, parts

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.organs import Offer, Project

Floats = npt.NDArray[np.float64]
_BEGIN, _END = np.array(list(DAYPARTS.values())).T
_OPERATORS = ("public", "enterprise")


@dataclass(frozen=True)
class Option:
    """One way to answer requests.

    Attributes
    ----------
    kind, category, place : str
        As in :class:`~parksim.governance.council.Decision`.
    worth : float
        Weighed requests it should answer.
    reaches : bool array [unit]
        Where people get something of it.
    cost_cny, cost_cny_year : float
    build_months : int
    does : dict
        Fields of the intervention that does it.
    offer : str or None
        The offer it takes up.
    """

    kind: str
    category: str
    place: str
    worth: float
    reaches: npt.NDArray[np.bool_]
    cost_cny: float
    cost_cny_year: float
    build_months: int
    does: dict[str, Any]
    offer: str | None = None


def play(model: ParkModel) -> None:
    """Add the month's share of the budget, and decide in the months in which the council meets."""
    state, governance = model.council, model.layout.governance
    if governance.budget_cny_year <= 0 or model.in_burn_in:
        return
    state.cash += (governance.budget_cny_year - state.yearly) / 12
    if model.month % governance.meets_months:
        return
    while (best := _best(model)) is not None and best.cost_cny <= state.cash:
        _decide(model, best)


def _best(model: ParkModel) -> Option | None:
    """Return the option with most requests for a CNY a year, of those the budget could carry within a year."""
    state, governance, p = model.council, model.layout.governance, model.spec.parameters.governance
    free = governance.budget_cny_year - state.yearly
    need = agenda(model)
    if need.sum() < p.least_requests:
        return None
    found = [
        option
        for option in options(model, need)
        if option.worth >= p.least_requests
        and option.cost_cny_year <= free
        and option.cost_cny <= max(state.cash, 0.0) + free
    ]
    if not found:
        return None
    return max(found, key=lambda o: o.worth / max(o.cost_cny / p.place_years + o.cost_cny_year, 1.0))


def agenda(model: ParkModel) -> Floats:
    """Count requests on the agenda for which nothing is decided, weighed by who sits for whom, [unit, category]."""
    one, place = model.register.open, model.place
    need = np.zeros((len(place.unit_building), len(NAMES)))
    waits = one[(one["level"] == len(model.layout.governance.chain)) & ~one["promised"]]
    if len(waits):
        weight = weights(model)[model.offices.block[place.unit_building[waits["unit"]]]]
        np.add.at(need, (waits["unit"], waits["category"]), weight)
    return need


def options(model: ParkModel, need: Floats) -> list[Option]:
    """Return every way to answer what is needed.

    Parameters
    ----------
    model : ParkModel
    need : float array [unit, category]
        Requests.
    """
    when = _when(model, need)
    found = [_longer_hours(model, when, j) for j in range(len(model.layout.amenities))]
    offers = [o for o in model.layout.governance.offers if o.name not in model.council.taken]
    found += [_opened(model, when, offer) for offer in offers if offer.amenity is not None]
    rooms = _rooms(model, offers)
    found += [_new_place(model, need, when, project, rooms) for project in model.layout.governance.projects]
    return [option for option in found if option is not None]


def _when(model: ParkModel, need: Floats) -> Floats:
    """Spread requests over the dayparts in which visits of their category go unserved, [daypart, unit, category]."""
    missing = unmet_by_daypart(model)
    total = missing.sum(axis=0)
    usual = np.broadcast_to(parts()[DAY][:, None, :], missing.shape)
    split = np.divide(missing, total, out=usual.copy(), where=total > 0)
    return np.asarray(need * split)


def _open_share(opens: float, closes: float) -> Floats:
    """Share of each daypart in which a place is open."""
    return np.asarray(
        np.clip(np.minimum(_END, closes) - np.maximum(_BEGIN, opens), 0, None) / (_END - _BEGIN)
    )


def _answers(
    model: ParkModel, category: int, need: Floats, share: Floats, capacity: float, minutes: float
) -> float:
    """Return the requests that so much capacity can answer, daypart by daypart.

    Parameters
    ----------
    model : ParkModel
    category : int
    need : float array [daypart]
        Requests within reach.
    share : float array [daypart]
        Part of the daypart that is gained.
    capacity, minutes : float
        Seats or counters, and how long a visit occupies one.
    """
    kind = CATEGORIES[NAMES[category]]
    if kind.allotted:
        return float(min(need.sum(), capacity))
    visits = float(visits_wanted(model.spec.needs)[category])
    room = capacity * share * (_END - _BEGIN) * 60 / max(minutes, 1.0) * days_a_month(model)
    return float(np.minimum(need * share, room / max(visits, 1e-9)).sum())


def _radius(model: ParkModel, category: int) -> float:
    return float(min(circle_minutes(model)[category], model.spec.parameters.services.reach_min))


def _longer_hours(model: ParkModel, when: Floats, j: int) -> Option | None:
    """Keep a place open longer; it costs as much an hour as its other hours do."""
    a, place, hours = model.undisturbed.amenities[j], model.place, model.layout.governance.hours
    if hours is None or a.operator not in _OPERATORS or a.opex_cny_year <= 0 or a.outside is not None:
        return None
    c = int(place.category[j])
    opens, closes = min(a.opens, hours[0]), max(a.closes, hours[1])
    if CATEGORIES[a.category].allotted or (opens, closes) == (a.opens, a.closes):
        return None
    reaches = place.usable[:, j] & (place.walk[:, j] <= _radius(model, c))
    gained = _open_share(opens, closes) - _open_share(a.opens, a.closes)
    minutes = a.service_min or CATEGORIES[a.category].service_min
    worth = _answers(model, c, when[:, reaches, c].sum(axis=1), gained, a.capacity, minutes)
    yearly = a.opex_cny_year * (closes - opens - a.closes + a.opens) / (a.closes - a.opens)
    does = {"kind": "change_amenity", "target": a.name, "set": {"opens": opens, "closes": closes}}
    return Option("hours", a.category, a.name, worth, reaches, 0.0, yearly, 1, does)


def _opened(model: ParkModel, when: Floats, offer: Offer) -> Option | None:
    """Open a staff facility to everybody, with the capacity that its staff leave free."""
    place, names = model.place, [a.name for a in model.layout.amenities]
    if offer.amenity not in names:
        return None
    j = names.index(offer.amenity)
    a = model.layout.amenities[j]
    if a.access == "everyone":
        return None
    c = int(place.category[j])
    reaches = ~place.usable[:, j] & (place.walk[:, j] <= _radius(model, c))
    share, minutes = _open_share(a.opens, a.closes), a.service_min or CATEGORIES[a.category].service_min
    hours = share * (_END - _BEGIN)
    busy = np.divide(
        model.services.load[:, j] * minutes / 60, hours, out=np.zeros_like(hours), where=hours > 0
    )
    free = max(a.capacity - float(busy.max()), 0.0)
    worth = _answers(model, c, when[:, reaches, c].sum(axis=1), share, free, minutes)
    does = {"kind": "change_amenity", "target": a.name, "set": {"access": "everyone"}}
    cost = (offer.cost_cny, offer.cost_cny_year, 1)
    return Option("offer", a.category, a.name, worth, reaches, *cost, does, offer.name)


@dataclass(frozen=True)
class _Room:
    """Floor where a place could stand, in a building and on a floor of it; offered, or the park's own."""

    building: int
    floor: int
    m2: float
    offer: Offer | None


def _rooms(model: ParkModel, offers: list[Offer]) -> list[_Room]:
    """List service floor that stands empty outside the blocks of anchor enterprises, and rooms that are offered."""
    place = model.place
    used = np.zeros(len(place.buildings))
    own = {model.layout.governance.offers[k].name: k for k in range(len(model.layout.governance.offers))}
    for a in model.layout.amenities:
        at = place.amenity_place(a) if a.outside is None else -1
        if 0 <= at < len(used) and a.category != "flats":
            used[at] += M2_PER_PLACE * a.capacity
    rooms = [
        _Room(k, 1, b.m2 - used[k], None)
        for k, b in enumerate(place.buildings)
        if b.use == "service" and not model.offices.own[k] and b.m2 > used[k]
    ]
    for offer in sorted((o for o in offers if o.amenity is None), key=lambda o: own[o.name]):
        park = place.drawn.park
        k = park.building_in(offer.block) if offer.block else int(park.building[offer.cell])
        if k >= 0:
            rooms.append(_Room(k, offer.floor, offer.m2, offer))
    return rooms


def _new_place(
    model: ParkModel, need: Floats, when: Floats, project: Project, rooms: list[_Room]
) -> Option | None:
    """Set a place up where most requests lie within reach."""
    from parksim.siting import max_coverage  # noqa: PLC0415  (scipy is slow to import)

    place, c = model.place, NAMES.index(project.category)
    fits = [room for room in rooms if room.m2 >= (project.m2 or M2_PER_PLACE * project.capacity)]
    if not fits or need[:, c].sum() <= 0:
        return None
    radius = _radius(model, c)
    walk = np.stack([place.walk_to_floor(room.building, room.floor) for room in fits], axis=1)
    asking = need[:, c] > 0
    site = max_coverage(walk[asking], need[asking, c], 1, radius).sites[0]
    room, reaches = fits[site], walk[:, site] <= radius
    minutes = project.service_min or CATEGORIES[project.category].service_min
    share = _open_share(project.opens, project.closes)
    worth = _answers(model, c, when[:, reaches, c].sum(axis=1), share, project.capacity, minutes)
    cells = place.buildings[room.building].cells
    cell = tuple(int(x) for x in divmod(int(cells[len(cells) // 2]), place.drawn.park.shape[1]))
    amenity = Amenity(
        name=_fresh(model, project.name),
        category=project.category,
        title=project.title,
        title_zh=project.title_zh,
        cell=cell,
        floor=room.floor,
        capacity=project.capacity,
        service_min=project.service_min,
        opens=project.opens,
        closes=project.closes,
        price=project.price,
        operator="public",
    )
    once, yearly = project.cost_cny, project.cost_cny_year
    if room.offer is not None:
        once, yearly = once + room.offer.cost_cny, yearly + room.offer.cost_cny_year
    does = {"kind": "add_amenity", "amenity": amenity}
    taken = room.offer.name if room.offer else None
    cost = (once, yearly, project.build_months)
    return Option("place", project.category, amenity.name, worth, reaches, *cost, does, taken)


def _fresh(model: ParkModel, name: str) -> str:
    known = {a.name for a in model.layout.amenities}
    known |= {i.amenity.name for _, i in model.works if i.amenity is not None}
    return next(f"{name}-{k}" for k in range(1, len(known) + 2) if f"{name}-{k}" not in known)


def _decide(model: ParkModel, best: Option) -> None:
    """Pay for it, begin the works, and strike what it should answer off the agenda."""
    state, governance, book = model.council, model.layout.governance, model.register
    intervention = Intervention(
        name=f"council-{model.month}-{len(state.decisions) + 1}",
        month=model.month,
        cost_cny=best.cost_cny,
        cost_cny_year=best.cost_cny_year,
        payer=governance.payer,
        build_months=best.build_months,
        **best.does,
    )
    model.book(governance.payer, best.cost_cny, best.cost_cny_year)
    state.cash -= best.cost_cny
    state.yearly += best.cost_cny_year
    opens = model.month + best.build_months
    model.works.append((opens, intervention))
    if best.offer is not None:
        state.taken.add(best.offer)
    if best.kind == "offer":
        state.taken |= {o.name for o in governance.offers if o.amenity == best.place}
    one = book.open
    mine = (one["level"] == len(governance.chain)) & ~one["promised"]
    mine &= (one["category"] == NAMES.index(best.category)) & best.reaches[one["unit"]]
    one["promised"] |= mine
    what = (best.kind, best.category, best.place)
    state.decisions.append(
        Decision(model.month, opens, *what, float(mine.sum()), best.cost_cny, best.cost_cny_year)
    )
