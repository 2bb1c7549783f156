"""Services: visits of the representative day, their queues, and who is turned away.

Shares, loads and waits follow place by place from a logit choice among what is open, reachable and allowed;
expected wait and demand agree at a fixed point. Places in a class are allotted, not queued for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.bits import count_by_needs, sum_by_needs
from parksim.people import ALLOTTED, bits_of, visits_wanted
from parksim.scenario.categories import CATEGORIES, DAYPARTS

if TYPE_CHECKING:
    from parksim.model import ParkModel

Floats = npt.NDArray[np.float64]

MAX_ROUNDS = 10
CONVERGED_MIN = 0.05


@dataclass
class ServiceState:
    """What services remember from month to month.

    Attributes
    ----------
    wait : float array [daypart, amenity]
        Expected minutes in the queue.
    load : float array [daypart, amenity]
        Visits a working day, outsiders included.
    staff_load : float array [amenity]
        Visits a working day by employees.
    demand : float array [unit, category]
        Visits a month wanted.
    served : float array [unit, category]
        Share of the visits wanted that are served at all.
    served_in : dict of circle to float array [unit, category]
        Share that ends within the circle's minutes, walk plus wait.
    met : float array [unit, category]
        Share of visits spent among people of other firms.
    met_at : float array [unit, amenity]
        The same by place.
    """

    wait: Floats
    load: Floats
    staff_load: Floats = field(default_factory=lambda: np.empty(0))
    demand: Floats = field(default_factory=lambda: np.empty(0))
    served: Floats = field(default_factory=lambda: np.empty(0))
    served_in: dict[str, Floats] = field(default_factory=dict)
    met: Floats = field(default_factory=lambda: np.empty(0))
    met_at: Floats = field(default_factory=lambda: np.empty((0, 0)))
    residual_min: float = 0.0
    codes: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))


def play(model: ParkModel) -> None:
    """Allot places, send the day's visits, and note whose were not served."""
    allot(model)
    visit(model)
    _remember(model)


def visit(model: ParkModel) -> None:
    """Find loads and waits at which demand and expected wait agree."""
    from parksim.world.queues import peak_wait, served_share  # noqa: PLC0415  (loads scipy)

    place, p, posts = model.place, model.spec.parameters.services, model.posts
    rows = np.flatnonzero(posts.filled)
    visits = visits_wanted(model.spec.needs)
    categories, units = len(CATEGORIES), len(place.unit_building)
    amenities = place.amenities
    count = len(amenities)
    state = model.services
    needed = count_by_needs(posts.unit[rows], posts.needs[rows], units, categories)
    state.demand = needed * visits
    queued = np.array([not c.allotted for c in CATEGORIES.values()])
    daily = np.where(queued, state.demand, 0.0) / p.days_per_month
    part = np.array([[c.dayparts.get(d, 0.0) for c in CATEGORIES.values()] for d in DAYPARTS])  # [daypart, category]

    category = place.category
    member = np.zeros((count, categories))
    member[np.arange(count), category] = 1.0
    open_hours = place.open_hours * (part[:, category] > 0)
    price = np.array([a.price for a in amenities])
    quality = np.array([a.quality for a in amenities])
    capacity = np.array([a.capacity for a in amenities])
    service = np.array([a.service_min or CATEGORIES[a.category].service_min or 1.0 for a in amenities])
    patience = np.array([_patience(model, a.category) for a in amenities])
    outsiders = np.array([a.outsiders if a.access == "everyone" else 0.0 for a in amenities])
    outside_load = outsiders * part[:, category] * (open_hours > 0)
    reach = place.usable & (place.walk <= p.reach_min) & queued[category]
    pull = np.where(reach, np.exp(p.walk_weight * np.where(reach, place.walk, 0.0) + p.price_weight * price + quality), 0)
    forgo = np.exp(p.forgo)
    hours = np.maximum(open_hours, 1e-9)

    def shares(wait: Floats) -> tuple[Floats, Floats]:
        """Attraction of each amenity now [daypart, amenity], and what each unit's choices sum to."""
        now = np.where(open_hours > 0, np.exp(p.wait_weight * wait), 0.0)
        total = np.stack([(pull * now[d]) @ member for d in range(len(DAYPARTS))])  # [daypart, unit, category]
        return now, total + forgo

    wait = state.wait if np.array_equal(state.codes, place.code) else _carried(state, place.code)
    for rounds in range(1, MAX_ROUNDS + 1):
        now, total = shares(wait)
        wanted = (daily[None] * part[:, None, :] / total)[:, :, category]  # [daypart, unit, amenity]
        staff = now * (wanted * pull).sum(axis=1)
        load = staff + outside_load
        fresh = np.where(load > 0, peak_wait(load / hours, 60 / service, capacity, open_hours * 60 + 1e-9), 0.0)
        fresh = np.minimum(fresh, patience)
        change = float((np.abs(fresh - wait) * load).sum() / max(load.sum(), 1e-9))
        wait = fresh if rounds == 1 else wait + (fresh - wait) / (1 + rounds / 2)
        if change <= CONVERGED_MIN:
            break
    state.wait, state.load, state.staff_load, state.residual_min = np.round(wait, 2), load, staff.sum(axis=0), change
    state.codes = place.code

    got = np.where(load > 0, served_share(load / hours, 60 / service, capacity, open_hours * 60 + 1e-9, patience), 1.0)
    now, total = shares(state.wait)
    choice = pull[None] * now[:, None, :] / total[:, :, category]  # [daypart, unit, amenity]
    served = choice * got[:, None, :] * part[:, category][:, None, :]
    state.served = np.round(served.sum(axis=0) @ member, 6)
    state.served_in = {}
    for name, circle in model.layout.circles.items():
        mine = np.isin(category, [list(CATEGORIES).index(c) for c in circle.categories])
        quick = (place.walk[None] + state.wait[:, None, :] <= circle.minutes) & mine
        state.served_in[name] = np.round((served * quick).sum(axis=0) @ member, 6)
    state.met_at = _among_others(model, served, staff, load)
    state.met = state.met_at @ member


def _among_others(model: ParkModel, served: Floats, staff: Floats, load: Floats) -> Floats:
    """Share of served visits spent among employees of other firms, [unit, amenity]."""
    place, firms, posts = model.place, model.firms, model.posts
    units = len(place.unit_building)
    rows = np.flatnonzero(posts.filled)
    here = np.bincount(posts.unit[rows], minlength=units).astype(np.float64)
    pairs = np.unique(posts.unit[rows].astype(np.int64) * len(firms) + posts.firm[rows])
    housed = np.bincount(pairs // len(firms), minlength=units)
    own = 1 / np.maximum(housed, 1)  # own firm's part of the unit
    day_staff = staff.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        employees = np.where(load.sum(axis=0) > 0, day_staff / load.sum(axis=0), 0.0)
    mine = np.where(here.sum() > 0, here / max(here.sum(), 1), 0.0) * own
    return np.asarray(served.sum(axis=0) * employees * (1 - mine)[:, None])


def _carried(state: ServiceState, codes: npt.NDArray[np.uint64]) -> Floats:
    """Keep the waits of the amenities that are still there as the start of the search."""
    wait = np.zeros((len(DAYPARTS), len(codes)))
    old = {int(code): i for i, code in enumerate(state.codes)}
    for j, code in enumerate(codes):
        if int(code) in old:
            wait[:, j] = state.wait[:, old[int(code)]]
    return wait


def _patience(model: ParkModel, category: str) -> float:
    need = model.spec.needs.get(category)
    own = None if need is None else need.patience_min
    return CATEGORIES[category].patience_min if own is None else own


def allot(model: ParkModel) -> None:
    """Give free places in kindergarten, school and class to those waiting, by a lottery of (person, place, month)."""
    posts, place = model.posts, model.place
    for name in ALLOTTED:
        column = getattr(posts, name)
        bit = bits_of((name,))
        seats = [j for j, a in enumerate(place.amenities) if a.category == name]
        holds = posts.filled & (column >= 0)
        gone = np.flatnonzero(holds & ~np.isin(column, seats))
        column[gone] = -1
        if not seats:
            continue
        waiting = np.flatnonzero(posts.filled & ((posts.needs & bit) != 0) & (column < 0))
        if waiting.size == 0:
            continue
        unit = posts.unit[waiting]
        minutes = np.where(place.usable[unit][:, seats], place.walk[unit][:, seats], np.inf)
        first = np.argmin(minutes, axis=1)
        near = minutes[np.arange(waiting.size), first] <= model.spec.parameters.services.reach_min
        for k, j in enumerate(seats):
            free = int(place.amenities[j].capacity) - int(np.count_nonzero(posts.filled & (column == j)))
            asking = waiting[near & (first == k)]
            if free <= 0 or asking.size == 0:
                continue
            lot = model.chance.uniform(f"allot/{place.amenities[j].name}", model.month, posts.identity[asking])
            column[asking[np.argsort(lot, kind="stable")[:free]]] = j


def _remember(model: ParkModel) -> None:
    """Note each person's share of wanted visits that were served, and how many were not."""
    posts, place, state = model.posts, model.place, model.services
    rows = np.flatnonzero(posts.filled)
    visits = np.broadcast_to(visits_wanted(model.spec.needs), state.served.shape)
    queued = np.array([not c.allotted for c in CATEGORIES.values()])
    unit, needs = posts.unit[rows], posts.needs[rows]
    wanted = sum_by_needs(np.where(queued, visits, 0.0), unit, needs)
    got = sum_by_needs(np.where(queued, visits * state.served, 0.0), unit, needs)
    posts.unserved[rows] = wanted - got
    posts.served[rows] = np.divide(got, wanted, out=np.ones_like(got), where=wanted > 0)
    social = np.array([c.social for c in CATEGORIES.values()])
    posts.meetings[rows] = sum_by_needs(visits * state.met * social, unit, needs)
    del place
