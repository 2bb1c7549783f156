"""Travel: everybody's way to the desk in the morning, with queues on roads, for parking, seats and lifts.

Place by place first (zones, buildings, what people own), until times and choices agree; then each person
chooses once, with errors of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from parksim import cores, kernels
from parksim.chance import combine
from parksim.people import bits_of
from parksim.scenario.schema import MODES
from parksim.world.city import BICYCLE, BUS, CAR, EBIKE, METRO, SHUTTLE, WALK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.model import ParkModel
    from parksim.scenario.parameters import TravelParameters
    from parksim.world.roads import Routes

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

CONVERGED_MIN = 0.05
MAX_ROUNDS = 10
_FIRST_WEIGHT = 0.6  # of what a round found, against what was believed before; later rounds learn it
_LEAST_WEIGHT = 0.1
_LONGEST_STEP_MIN = 8.0  # a queue that looks endless at first is believed bit by bit
_KM_PER_WALK_MIN = 0.075
_STAIRS = 3  # the highest floor that people climb to


@dataclass
class TravelState:
    """What travel remembers from month to month; model state, kept in snapshots.

    Attributes
    ----------
    car_delay : float array [zone, building]
        Minutes a car takes from the park's edge to the building's entrance: queues, roads, parking, walk.
    parking : float array [zone, building]
        CNY one way that parking there costs more than ``parking_price`` says.
    gate_delay : dict of str to float
        Minutes lost at each bus, metro or shuttle gateway: in traffic, and waiting for a seat.
    residual_min : float
        Change of the mean time of those who meet a queue, in the last round of the fixed point.
    rounds : int
        Rounds the fixed point took this month.
    lost : float array [mode, zone, building]
        `car_delay` and `gate_delay` where people meet them, 0 elsewhere.
    up : float array [building, floor]
        Minutes from the entrance to each floor in the morning peak.
    minutes : float array [mode, zone, building]
        Door-to-desk minutes from the middle of each zone.
    expected : float array [zone, building]
        The same as people there would travel, over modes and ownership.
    entrance_flow : float array [entrance]
        Cars in the peak hour.
    car_park_taken : float array [car park]
        Share of the places taken.
    """

    car_delay: Floats
    parking: Floats = field(default_factory=lambda: np.empty(0))
    gate_delay: dict[str, float] = field(default_factory=dict)
    residual_min: float = 0.0
    rounds: int = 0
    lost: Floats = field(default_factory=lambda: np.empty(0))
    up: Floats = field(default_factory=lambda: np.empty(0))
    minutes: Floats = field(default_factory=lambda: np.empty(0))
    expected: Floats = field(default_factory=lambda: np.empty(0))
    entrance_flow: Floats = field(default_factory=lambda: np.empty(0))
    car_park_taken: Floats = field(default_factory=lambda: np.empty(0))
    warm: Routes | None = None


def play(model: ParkModel) -> None:
    """Settle this month's times, then let everybody choose a mode."""
    settle(model)
    choose(model)


def constants(p: TravelParameters) -> Floats:
    """Mode constants in the order of :data:`MODES`."""
    return np.array([getattr(p, f"asc_{mode}") for mode in MODES])


def reachable(p: TravelParameters, km: Floats) -> Bools:
    """Which modes are considered over a distance: bool array [mode, zone or person]."""
    within = np.ones((len(MODES), len(km)), dtype=np.bool_)
    within[WALK] = km <= p.walk_range_km
    within[BICYCLE] = km <= p.bicycle_range_km
    within[EBIKE] = km <= p.ebike_range_km
    return within


# --- times and choices agree ---------------------------------------------------------------------


def settle(model: ParkModel) -> None:
    """Average what queues cost and what people choose until they agree (at most ten rounds).

    Each queue's weight of a new round is learnt from the round before (secant method, kept within limits).
    """
    place, p, state = model.place, model.spec.parameters.travel, model.travel
    j = place.journeys
    people = commuters(model)
    state.up = place.peak_minutes_up(_riders_of_lifts(model))
    free = j.fixed + j.stretch + state.up.sum(axis=1) / place.storeys
    taste = np.where(reachable(p, j.km), constants(p)[:, None] + p.cost_weight * j.cost, -np.inf)[:, :, None]
    queues = _last_month(model)
    step = np.zeros_like(queues)
    moved = queues
    for rounds in range(1, MAX_ROUNDS + 1):
        _meet(model, queues)
        weight = _weights(taste, free, state, p)
        found, riders = _queue(model, people, weight)
        step, former = found - queues, step
        state.rounds, state.residual_min = rounds, _residual(step, riders, len(model.layout.gateways))
        if rounds == 1:
            part = np.full(len(step), _FIRST_WEIGHT)
        else:
            turned = step - former
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(np.abs(turned) > 1e-9, -moved / turned, 1.0)
            part = np.clip(part, _LEAST_WEIGHT, 1.0)
        moved = np.clip(part * step, -_LONGEST_STEP_MIN, _LONGEST_STEP_MIN)
        queues = queues + moved
        if state.residual_min <= CONVERGED_MIN:
            break
    _meet(model, np.round(queues, 2))
    state.minutes = np.round(free + state.lost, 2)
    state.expected = _expected(model, _weights(taste, free, state, p), state.minutes)


def commuters(model: ParkModel) -> Floats:
    """Count the commuters from the city on a day, [ownership, zone, building]; ownership is 2 * car + e-bike."""
    posts, place = model.posts, model.place
    zones, buildings = place.journeys.fixed.shape[1:]
    filled = np.flatnonzero(posts.filled & (posts.zone >= 0) & (posts.flat < 0))

    def count(now: slice) -> Floats:
        rows = filled[now]
        own = posts.car[rows].astype(np.intp) * 2 + posts.ebike[rows]
        cell = (own * zones + posts.zone[rows]) * buildings + place.unit_building[posts.unit[rows]]
        counted = np.bincount(cell, model.presence(rows), minlength=4 * zones * buildings)
        return counted.astype(np.float64)

    people = sum(cores.each(count, filled.size), start=np.zeros(4 * zones * buildings))
    return people.reshape(4, zones, buildings)


def _riders_of_lifts(model: ParkModel) -> Floats:
    """Count those who work above the floors that one climbs to, [building]."""
    posts, place = model.posts, model.place
    rows = np.flatnonzero(posts.filled & (posts.floor > _STAIRS))
    building = place.unit_building[posts.unit[rows]]
    return np.bincount(building, model.presence(rows), minlength=len(place.buildings)).astype(np.float64)


def _last_month(model: ParkModel) -> Floats:
    """Return the queues as they were: car delays, prices of parking, then minutes lost at each gateway."""
    state, place = model.travel, model.place
    shape = place.journeys.fixed.shape[1:]
    if state.car_delay.shape != shape:
        drive = place.streets.drive(np.zeros(shape), state.warm)
        state.car_delay = drive.minutes
        state.parking = drive.price - model.spec.parameters.travel.parking_price / 2
    gates = [state.gate_delay.get(g.name, 0.0) for g in model.layout.gateways]
    reached = place.streets.reached
    delay = np.where(reached & np.isfinite(state.car_delay), state.car_delay, 0.0)
    return np.concatenate([delay.ravel(), np.where(reached, state.parking, 0.0).ravel(), gates])


def _meet(model: ParkModel, queues: Floats) -> None:
    """Write down what the queues cost those who meet them."""
    state, place = model.travel, model.place
    j = place.journeys
    shape = j.fixed.shape[1:]
    n = shape[0] * shape[1]
    state.car_delay = np.where(place.streets.reached, queues[:n].reshape(shape), np.inf)
    state.parking = queues[n : 2 * n].reshape(shape)
    gates = queues[2 * n :]
    state.gate_delay = {g.name: float(q) for g, q in zip(model.layout.gateways, gates, strict=True) if q > 0}
    state.lost = np.zeros_like(j.fixed)
    state.lost[CAR] = state.car_delay
    for mode in (BUS, METRO, SHUTTLE):
        state.lost[mode] = np.append(gates, 0.0)[j.via[mode]]


def _weights(taste: Floats, free: Floats, state: TravelState, p: TravelParameters) -> Floats:
    """Return the weight of each mode in the logit, [mode, zone, building]; 0 where it does not run."""
    utility = taste + p.time_weight * (free + state.lost)
    utility[CAR] += p.cost_weight * state.parking
    top = utility.max(axis=0)
    weight: Floats = np.exp(utility - np.where(np.isfinite(top), top, 0.0))
    return weight


def _totals(weight: Floats) -> Floats:
    """Sum the weights of the modes that are open to each ownership, [ownership, zone, building]."""
    car, ebike = weight[CAR], weight[EBIKE]
    others = weight.sum(axis=0) - car - ebike
    others = np.maximum(others, 0.0)
    return np.stack([others, others + ebike, others + car, others + car + ebike])


def _queue(model: ParkModel, people: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Let everybody queue as they choose: what the queues cost then, and how many meet each."""
    state, place, p = model.travel, model.place, model.spec.parameters.travel
    j, gateways = place.journeys, model.layout.gateways
    totals = _totals(weight)
    each = np.divide(people, totals, out=np.zeros_like(people), where=totals > 0)
    drivers = weight[CAR] * (each[2] + each[3])
    drive = place.streets.drive(drivers * p.peak_hour_share / p.car_occupancy, state.warm)
    state.warm, state.entrance_flow, state.car_park_taken = drive.routes, drive.entrance_flow, drive.taken
    riders = np.zeros(len(gateways) + 1)
    for mode in (BUS, METRO, SHUTTLE):
        riders += np.bincount(j.via[mode].ravel() + 1, (weight[mode] * each.sum(axis=0)).ravel(), len(riders))
    beside = np.append(drive.entrance_lost, 0.0)[place.entrance_beside]
    seats = np.array([np.inf if g.seats is None else g.seats for g in gateways])
    waiting = wait_for_seat(riders[1:] * p.peak_hour_share, seats)
    parking = np.where(place.streets.reached, drive.price - p.parking_price / 2, 0.0)
    delay = np.where(place.streets.reached, drive.minutes, 0.0)
    found = np.concatenate([delay.ravel(), parking.ravel(), beside + waiting])
    return found, np.concatenate([drivers.ravel(), riders[1:]])


def wait_for_seat(riders: Floats, seats: Floats) -> Floats:
    """Return the mean minutes that a peak hour's riders wait for a later bus because the first ones are full.

    A fluid queue: riders come evenly over the hour, seats leave evenly; nobody waits while there are enough.

    Parameters
    ----------
    riders, seats : float arrays
        An hour.
    """
    return np.asarray(30 * np.maximum(riders / seats - 1, 0.0))


def _residual(step: Floats, riders: Floats, gates: int) -> float:
    """Return the change of drivers' mean minutes, or of the minutes at a gateway, whichever is larger."""
    cars, at_gates = riders[: len(riders) - gates], step[len(step) - gates :]
    drivers = cars.sum()
    driving = float((np.abs(step[: len(cars)]) * cars).sum() / drivers) if drivers > 0 else 0.0
    return max(driving, float(np.abs(at_gates[riders[len(cars) :] > 0]).max(initial=0.0)))


def _expected(model: ParkModel, weight: Floats, minutes: Floats) -> Floats:
    """Return the mean minutes over modes and ownership, [zone, building]; by bicycle where nothing runs."""
    population, p = model.spec.population, model.spec.parameters.travel
    bands = population.wage_band.items()
    car = sum(share * population.car_share.get(b, 0.0) for b, share in bands)
    ebike = sum(share * population.ebike_share.get(b, 0.0) for b, share in bands)
    owning = ((1 - car) * (1 - ebike), (1 - car) * ebike, car * (1 - ebike), car * ebike)
    spent = weight * np.where(weight > 0, minutes, 0.0)
    totals, sums = _totals(weight), _totals(spent)
    by_bicycle = (model.place.journeys.km * 60 / p.bicycle_kmh)[:, None]
    expected = np.zeros(totals.shape[1:])
    for share, total, minute in zip(owning, totals, sums, strict=True):
        expected += share * np.where(total > 0, minute / np.where(total > 0, total, 1.0), by_bicycle)
    return np.round(expected, 2)


# --- everybody chooses ---------------------------------------------------------------------------


def choose(model: ParkModel) -> None:
    """Let everybody take the mode of highest utility; sets ``mode``, ``commute_min`` and ``km``."""
    filled = np.flatnonzero(model.posts.filled)
    from_flat = model.posts.flat[filled] >= 0
    from_city = filled[~from_flat]
    cores.each(lambda now: _choose_from_city(model, from_city[now]), from_city.size)
    _walk_from_flats(model, filled[from_flat])


def _choose_from_city(model: ParkModel, rows: Rows) -> None:
    posts, place, p = model.posts, model.place, model.spec.parameters.travel
    km = place.journeys.km[posts.zone[rows]] * posts.spread[rows].astype(np.float64)
    best = np.full(len(rows), -np.inf)
    mode = np.full(len(rows), -1, dtype=np.int8)
    minutes = np.zeros(len(rows))
    for way in ways(model, rows):
        kernels.best(way.who, (way.utility, way.error, way.minutes), way.mode, best, mode, minutes)
    stranded = mode < 0  # nothing runs from there and it is beyond cycling: they ride a bicycle all the same
    if stranded.any():
        mode[stranded] = BICYCLE
        minutes[stranded] = km[stranded] / p.bicycle_kmh * 60 + _to_desk(model, rows)[stranded]
    posts.mode[rows] = mode
    posts.commute_min[rows] = minutes
    posts.km[rows] = km


class Way(NamedTuple):
    """What one mode is worth to those who may take it.

    Attributes
    ----------
    mode : int
        Position in :data:`MODES`.
    who : int array [person]
        Positions, in the rows that were asked about, of those who may take it.
    minutes, utility, error : float arrays [person]
        From door to desk; systematic utility; and its error.
    """

    mode: int
    who: Rows
    minutes: Floats
    utility: Floats
    error: Floats


def ways(model: ParkModel, rows: Rows) -> Iterator[Way]:
    """Yield what each mode that runs is worth to people from the city; at most one is held at a time.

    The errors last while home and employer stay; in a share of the months the month's own errors count.
    """
    posts, place, p = model.posts, model.place, model.spec.parameters.travel
    j, state, chance = place.journeys, model.travel, model.chance
    ids = posts.identity[rows]
    occasion = combine(
        combine(ids, posts.moves[rows].astype(np.uint64)), model.firms.identity[posts.firm[rows]]
    )
    anew = np.flatnonzero(chance.uniform("mode/whose errors", model.month, ids) < p.monthly_part)
    occasion[anew] = combine(ids[anew], model.month)
    building = place.unit_building[posts.unit[rows]]
    zone = posts.zone[rows].astype(np.intp)
    cell = zone * j.fixed.shape[2] + building
    spread = posts.spread[rows].astype(np.float64)
    km = j.km[zone] * spread
    may = reachable(p, km)
    may[CAR] = posts.car[rows]
    may[EBIKE] &= posts.ebike[rows]
    up = _to_desk(model, rows)
    fixed = j.fixed + state.lost
    price = np.broadcast_to(p.cost_weight * j.cost[:, :, None], fixed.shape).copy()
    price[CAR] += p.cost_weight * state.parking
    for m, constant in enumerate(constants(p)):
        if not np.isfinite(fixed[m]).any():
            continue
        who = np.flatnonzero(may[m])
        time, value = np.empty(who.size), np.empty(who.size)
        of_cell = (fixed[m].ravel(), j.stretch[m].ravel(), price[m].ravel())
        kernels.way(who, cell, (spread, up), of_cell, (constant, p.time_weight), time, value)
        yield Way(m, who, time, value, chance.gumbel("mode", 0, occasion[who], m))


def _to_desk(model: ParkModel, rows: Rows) -> Floats:
    """Minutes from the building's entrance to the desk, and those of the school run."""
    building = model.place.unit_building[model.posts.unit[rows]]
    return np.asarray(model.travel.up[building, model.posts.floor[rows]] + school_run(model, rows, building))


def school_run(model: ParkModel, rows: Rows, building: npt.NDArray[np.integer]) -> Floats:
    """Minutes spent on the way by those who take a child to kindergarten or school.

    Only one of the family goes: who needs the place. Near home, unless a place in the park is held.
    """
    posts, p = model.posts, model.spec.parameters.travel
    extra = np.zeros(len(rows))
    needs = posts.needs[rows]
    for category in ("kindergarten", "school"):
        parent = np.flatnonzero(needs & bits_of((category,)))
        held = getattr(posts, category)[rows[parent]]
        detour = np.full(len(parent), p.school_run_min)
        here = held >= 0
        detour[here] = model.place.school_detour[building[parent[here]], held[here]]
        extra[parent] += detour + p.drop_off_min
    return extra


def _walk_from_flats(model: ParkModel, rows: Rows) -> None:
    """Tenants of the park's flats walk to their desk."""
    posts, place = model.posts, model.place
    if rows.size == 0:
        return
    unit = posts.unit[rows]
    building = place.unit_building[unit]
    minutes = place.walk[unit, posts.flat[rows]] - place.floor_min[building]
    minutes = np.round(minutes + model.travel.up[building, posts.floor[rows]], 2)
    posts.mode[rows] = WALK
    posts.commute_min[rows] = minutes
    posts.km[rows] = minutes * _KM_PER_WALK_MIN
