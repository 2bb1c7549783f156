"""Travel: everybody's way to the desk in the morning, with cars queueing at the entrances.

Place by place first (zones, buildings, what people own), until times and choices agree; then each person
chooses once, with errors of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import combine
from parksim.scenario.schema import MODES
from parksim.world.city import BICYCLE, CAR, EBIKE, WALK

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.parameters import TravelParameters

Floats = npt.NDArray[np.float64]

CONVERGED_MIN = 0.05
MAX_ROUNDS = 10
_KM_PER_WALK_MIN = 0.075


@dataclass
class TravelState:
    """What travel remembers from month to month; model state, kept in snapshots.

    Attributes
    ----------
    car_delay : float array [building]
        Minutes a car takes from the park's edge to each building, queueing included.
    residual_min : float
        Change of the mean time in the last round of the fixed point.
    rounds : int
        Rounds the fixed point took this month.
    minutes : float array [mode, zone, building]
        Door-to-desk minutes from the middle of each zone.
    expected : float array [zone, building]
        The same as people there would travel, over modes and ownership.
    entrance_flow : float array [entrance]
        Cars in the peak hour.
    """

    car_delay: Floats
    residual_min: float = 0.0
    rounds: int = 0
    minutes: Floats = field(default_factory=lambda: np.empty(0))
    expected: Floats = field(default_factory=lambda: np.empty(0))
    entrance_flow: Floats = field(default_factory=lambda: np.empty(0))
    warm: object = None


def play(model: ParkModel) -> None:
    """Settle this month's times, then let everybody choose a mode."""
    settle(model)
    choose(model)


def constants(p: TravelParameters) -> Floats:
    """Mode constants in the order of :data:`MODES`."""
    return np.array([getattr(p, f"asc_{mode}") for mode in MODES])


def reachable(p: TravelParameters, km: Floats) -> npt.NDArray[np.bool_]:
    """Which modes are considered over a distance: bool array [mode, zone or person]."""
    within = np.ones((len(MODES), len(km)), dtype=np.bool_)
    within[WALK] = km <= p.walk_range_km
    within[BICYCLE] = km <= p.bicycle_range_km
    within[EBIKE] = km <= p.ebike_range_km
    return within


def settle(model: ParkModel) -> None:
    """Average car times and mode shares until they agree (at most ten rounds); remember the residual."""
    place, p = model.place, model.spec.parameters.travel
    j, state = place.journeys, model.travel
    zones, buildings = j.fixed.shape[1:]
    people = _people(model, zones, buildings)
    ways = constants(p)[:, None, None] + p.cost_weight * j.cost[:, :, None] + np.where(
        reachable(p, j.km)[:, :, None], 0.0, -np.inf)
    base = j.fixed + j.stretch + place.floor_min
    cars_possible = bool(len(j.entrances)) and bool(np.isfinite(base[CAR]).any())
    delay = state.car_delay if len(state.car_delay) == buildings else _free_delay(model)
    for rounds in range(1, MAX_ROUNDS + 1):
        state.rounds = rounds
        minutes = base.copy()
        minutes[CAR] += delay
        shares = _shares(ways + p.time_weight * minutes)  # [own, mode, zone, building]
        if not cars_possible:
            state.residual_min = 0.0
            break
        cars = (people * shares[:, CAR]).sum(axis=(0, 1)) * p.peak_hour_share / p.car_occupancy
        fresh = _queue_at_entrances(model, cars)
        total = people.sum()
        change = float((np.abs(fresh - delay) * cars).sum() / max(cars.sum(), 1e-9)) if total else 0.0
        state.residual_min = change
        delay = fresh if rounds == 1 and model.month <= model.first_month else delay + (fresh - delay) / (1 + rounds / 2)
        if change <= CONVERGED_MIN:
            break
    state.car_delay = delay
    minutes = base.copy()
    minutes[CAR] += delay
    state.minutes = np.round(minutes, 2)
    shares = _shares(ways + p.time_weight * state.minutes)
    with np.errstate(invalid="ignore"):
        timed = np.where(shares > 0, shares * state.minutes, 0.0).sum(axis=1)  # [own, zone, building]
    state.expected = np.round(np.tensordot(_own_shares(model), timed, axes=1), 2)


def _own_shares(model: ParkModel) -> Floats:
    """Expected shares of people by what they own: neither, e-bike, car, both."""
    population = model.spec.population
    bands = population.wage_band.items()
    car = sum(share * population.car_share.get(b, 0.0) for b, share in bands)
    ebike = sum(share * population.ebike_share.get(b, 0.0) for b, share in bands)
    return np.array([(1 - car) * (1 - ebike), (1 - car) * ebike, car * (1 - ebike), car * ebike])


def _people(model: ParkModel, zones: int, buildings: int) -> Floats:
    """Commuters from the city by (ownership, zone, building)."""
    posts = model.posts
    rows = np.flatnonzero(posts.filled & (posts.zone >= 0) & (posts.flat < 0))
    own = posts.car[rows].astype(np.intp) * 2 + posts.ebike[rows]
    building = model.place.unit_building[posts.unit[rows]]
    cell = (own * zones + posts.zone[rows]) * buildings + building
    return np.bincount(cell, minlength=4 * zones * buildings).reshape(4, zones, buildings).astype(np.float64)


def _shares(utility: Floats) -> Floats:
    """Logit shares [own, mode, zone, building]; own = 2 * car + e-bike."""
    with np.errstate(invalid="ignore", over="ignore"):
        top = utility.max(axis=0, keepdims=True)
        weight = np.exp(utility - np.where(np.isfinite(top), top, 0.0))
    out = np.empty((4, *utility.shape))
    for own in range(4):
        w = weight.copy()
        if own < 2:
            w[CAR] = 0
        if own % 2 == 0:
            w[EBIKE] = 0
        total = w.sum(axis=0)
        out[own] = np.divide(w, total, out=np.zeros_like(w), where=total > 0)
    return out


def _free_delay(model: ParkModel) -> Floats:
    inside = model.place.journeys.entrance_min
    return inside.min(axis=0) if len(inside) else np.zeros(len(model.place.buildings))


def _queue_at_entrances(model: ParkModel, cars: Floats) -> Floats:
    """Assign the peak hour's cars to entrances at user equilibrium; minutes from the edge to each building."""
    network = model.entrance_network
    demand = network.demand(cars)
    if demand.empty:
        return _free_delay(model)
    found = network.roads.assign(demand, gap=1e-4, warm=model.travel.warm)
    model.travel.warm = found.routes if hasattr(found, "routes") else None
    entrances = len(model.place.journeys.entrances)
    model.travel.entrance_flow = found.flow[:entrances]
    inside = model.place.journeys.entrance_min
    return np.asarray((found.time[:entrances, None] + inside).min(axis=0))


def choose(model: ParkModel) -> None:
    """Let everybody take the mode of highest utility; sets ``mode``, ``commute_min`` and ``km``.

    The errors last while home and employer stay; in a share of the months the month's own errors count.
    """
    posts, place, p = model.posts, model.place, model.spec.parameters.travel
    j, state, chance = place.journeys, model.travel, model.chance
    filled = np.flatnonzero(posts.filled)
    rows = filled[posts.flat[filled] < 0]
    ids = posts.identity[rows]
    lasting = combine(combine(ids, posts.moves[rows].astype(np.uint64)), model.firms.identity[posts.firm[rows]])
    own_month = chance.uniform("mode/whose errors", model.month, ids) < p.monthly_part
    occasion = np.where(own_month, combine(ids, model.month), lasting)
    building = place.unit_building[posts.unit[rows]]
    zone = posts.zone[rows].astype(np.intp)
    spread = posts.spread[rows].astype(np.float64)
    km = j.km[zone] * spread
    within = reachable(p, km)
    within[CAR] &= posts.car[rows]
    within[EBIKE] &= posts.ebike[rows]
    up = place.minutes_up(posts.floor[rows]) + _school_run(model, rows, building)
    best = np.full(len(rows), -np.inf)
    mode = np.full(len(rows), -1, dtype=np.int8)
    minutes = np.full(len(rows), np.inf)
    asc = constants(p)
    cell = zone * j.fixed.shape[2] + building
    delay = state.car_delay[building]
    for m in range(len(MODES)):
        if not np.isfinite(j.fixed[m]).any():
            continue
        time = j.fixed[m].ravel()[cell] + spread * j.stretch[m].ravel()[cell] + up
        if m == CAR:
            time = time + delay
        time = np.round(time, 2)
        value = asc[m] + p.time_weight * time + p.cost_weight * j.cost[m][zone]
        value += chance.gumbel("mode", 0, occasion, m)
        take = within[m] & (value > best)
        best[take], mode[take], minutes[take] = value[take], m, time[take]
    stranded = mode < 0  # nothing runs from there and it is beyond cycling: they ride a bicycle all the same
    if stranded.any():
        mode[stranded] = BICYCLE
        minutes[stranded] = km[stranded] / p.bicycle_kmh * 60 + up[stranded]
    posts.mode[rows] = mode
    posts.commute_min[rows] = minutes
    posts.km[rows] = km
    _walk_from_flats(model, filled[posts.flat[filled] >= 0])


def _school_run(model: ParkModel, rows: npt.NDArray[np.intp], building: npt.NDArray[np.intp]) -> Floats:
    """Minutes a parent of a kindergarten child spends on the way: near home, or in the park where a place is held."""
    from parksim.people import KINDERGARTEN  # noqa: PLC0415

    posts, p = model.posts, model.spec.parameters.travel
    extra = np.zeros(len(rows))
    parent = np.flatnonzero(posts.household[rows] == KINDERGARTEN)
    extra[parent] = p.school_run_min + p.drop_off_min
    placed = parent[posts.kindergarten[rows[parent]] >= 0]
    if placed.size:
        detour = model.place.school_detour[building[placed], posts.kindergarten[rows[placed]]]
        extra[placed] = detour + p.drop_off_min
    return extra


def _walk_from_flats(model: ParkModel, rows: npt.NDArray[np.intp]) -> None:
    """Tenants of the park's flats walk to their desk."""
    posts, place = model.posts, model.place
    if rows.size == 0:
        return
    minutes = place.walk[posts.unit[rows], posts.flat[rows]] - place.floor_min[place.unit_building[posts.unit[rows]]]
    minutes = np.round(minutes + place.minutes_up(posts.floor[rows]), 2)
    posts.mode[rows] = WALK
    posts.commute_min[rows] = minutes
    posts.km[rows] = minutes * _KM_PER_WALK_MIN
