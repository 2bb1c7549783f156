"""From home to the park's buildings: minutes by mode, zone and building, and what they cost.

Times are linear in a person's place inside the home zone: ``minutes = fixed + spread * stretch``, where
``spread`` (mean 1) belongs to the person's home and ``stretch`` are the minutes that grow with distance: what
is ridden, driven or walked, but not the way to a station, of which a zone has many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.scenario.schema import MODES

if TYPE_CHECKING:
    from parksim.scenario.parameters import TravelParameters
    from parksim.scenario.schema import City, Gateway

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

WALK, BICYCLE, EBIKE, BUS, METRO, SHUTTLE, CAR = range(len(MODES))
TRANSIT = {"bus": BUS, "metro": METRO, "shuttle": SHUTTLE}
"""Mode of each kind of gateway that somebody drives you to."""


@dataclass(frozen=True)
class Journeys:
    """Minutes and money from every zone to every building, without traffic and with a seat for everybody.

    Attributes
    ----------
    fixed, stretch : float arrays [mode, zone, building]
        Minutes to the building's entrance; ``inf`` in `fixed` where the mode does not run. Cars: to the
        park's edge (:mod:`parksim.world.streets` goes on from there).
    wait, walk : float arrays [mode, zone, building]
        What of `fixed` is waiting for the vehicle, and what is the way from the park's edge, the stop or the
        station to the entrance (ridden where one comes by bicycle).
    cost : float array [mode, zone]
        CNY one way.
    km : float array [zone]
        Distance by road.
    via : int array [mode, zone, building]
        Gateway of the fastest way by bus, metro or shuttle; -1 for other modes and where none runs.
    """

    fixed: Floats
    stretch: Floats
    wait: Floats
    walk: Floats
    cost: Floats
    km: Floats
    via: Ints


def journeys(
    city: City, gateways: tuple[Gateway, ...], gateway_walk: Floats, parameters: TravelParameters
) -> Journeys:
    """Compute the journeys of a layout.

    Parameters
    ----------
    city : City
    gateways : tuple of Gateway
    gateway_walk : float array [gateway, building]
        Walking minutes inside the park.
    parameters : TravelParameters

    Returns
    -------
    Journeys
    """
    p = parameters
    zones, buildings = len(city.zones), gateway_walk.shape[1]
    km = np.array([z.road_km for z in city.zones])
    fixed = np.full((len(MODES), zones, buildings), np.inf)
    stretch = np.zeros((len(MODES), zones, buildings))
    wait, walk = np.zeros_like(fixed), np.zeros_like(fixed)
    via = np.full((len(MODES), zones, buildings), -1, dtype=np.intp)

    def offer(mode: int, access: Floats, until: float, ride: Floats, after: Floats, gateway: int) -> None:
        """Keep the gateway that is fastest for each zone and building; `access` and `ride` are by zone."""
        runs, before = np.isfinite(ride), access + until
        total = np.where(runs, before + ride, np.inf)[:, None] + after
        better = total < fixed[mode] + stretch[mode]
        fixed[mode][better] = (before[:, None] + after)[better]
        stretch[mode][better] = np.broadcast_to(ride[:, None], total.shape)[better]
        wait[mode][better] = until
        walk[mode][better] = np.broadcast_to(after, total.shape)[better]
        via[mode][better] = gateway

    def riding(kmh: float) -> Floats:
        return km / kmh * 60

    none = np.zeros(zones)
    to_station = np.array([_to_station(z.station_km, p) for z in city.zones])
    metro = np.array([np.inf if z.metro_min is None else z.metro_min for z in city.zones])
    by_distance = {"bus": riding(p.bus_kmh), "shuttle": riding(p.shuttle_kmh), "metro": metro}
    for i, gateway in enumerate(gateways):
        if gateway.closed and gateway.kind != "road":
            continue
        beyond = gateway.beyond_m * 0.06 / p.walk_kmh
        at_park = gateway_walk[i] + beyond
        if gateway.kind in TRANSIT:
            ride = by_distance[gateway.kind]
            if gateway.minutes is not None:
                ride = np.array([gateway.minutes.get(z.name, np.inf) for z in city.zones])
            access = to_station if gateway.kind == "metro" else none + p.bus_access_min
            offer(TRANSIT[gateway.kind], access, gateway.headway_min / 2, ride, at_park, i)
            continue
        for mode, kmh, start in (
            (WALK, p.walk_kmh, 0.0),
            (BICYCLE, p.bicycle_kmh, p.ebike_access_min),
            (EBIKE, p.ebike_kmh, p.ebike_access_min),
        ):
            spared = 0.0 if mode == WALK else p.cycle_path_gain * _on_cycle_path(city, gateway)
            offer(mode, none + start, 0.0, riding(kmh) * (1 - spared), at_park * p.walk_kmh / kmh, -1)
    if any(g.kind == "road" and not g.closed for g in gateways):
        fixed[CAR] = p.car_access_min
        stretch[CAR] = riding(p.car_kmh)[:, None]
    return Journeys(fixed, stretch, wait, walk, _cost(gateways, km, p), km, via)


def _on_cycle_path(city: City, gateway: Gateway) -> Floats:
    """Return the share of the way from each zone that lies on the separate cycle path to a gateway, [zone]."""
    led = [not gateway.cycle_zones or z.name in gateway.cycle_zones for z in city.zones]
    return np.array(
        [min(gateway.cycle_km / z.road_km, 1.0) * on for z, on in zip(city.zones, led, strict=True)]
    )


def _cost(gateways: tuple[Gateway, ...], km: Floats, p: TravelParameters) -> Floats:
    """CNY one way, [mode, zone]: fares (the lowest where gateways differ), fuel, half a day's parking."""
    cost = np.zeros((len(MODES), len(km)))
    for kind, usual in (("bus", p.bus_fare), ("metro", p.metro_fare), ("shuttle", 0.0)):
        stated = [g.fare for g in gateways if g.kind == kind and g.fare is not None and not g.closed]
        cost[TRANSIT[kind]] = min(stated, default=usual)
    cost[CAR] = km * p.car_cost_km + p.parking_price / 2
    return cost


def _to_station(km: float, p: TravelParameters) -> float:
    """Minutes from home to the station: on foot, by shared bicycle or by feeder bus."""
    return min(km / p.walk_kmh, p.station_feeder_wait_min / 60 + km / p.station_feeder_kmh) * 60
