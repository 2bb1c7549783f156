"""From home to the park's buildings: minutes by mode, zone and building, and what they cost.

Times are linear in a person's place inside the home zone: ``minutes = fixed + spread * stretch``, where
``spread`` (mean 1) belongs to the person's home and ``stretch`` are the minutes that grow with distance.
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

WALK, BICYCLE, EBIKE, BUS, METRO, SHUTTLE, CAR = range(len(MODES))
_STATION_WALK_KM = 1.5
_FEEDER_WAIT_MIN = 2.0
_INSIDE_DRIVE_KMH = 15.0


@dataclass(frozen=True)
class Journeys:
    """Minutes and money from every zone to every building.

    Attributes
    ----------
    fixed, stretch : float arrays [mode, zone, building]
        Minutes; ``inf`` in `fixed` where the mode does not run. Cars are without the delay at entrances.
    cost : float array [mode, zone]
        CNY one way.
    km : float array [zone]
        Distance by road.
    entrance_min : float array [entrance, building]
        Driving minutes inside the park from each road entrance.
    entrances : tuple of Gateway
        The road entrances, in the order of `entrance_min`.
    """

    fixed: Floats
    stretch: Floats
    cost: Floats
    km: Floats
    entrance_min: Floats
    entrances: tuple[Gateway, ...]


def journeys(
    city: City, gateways: tuple[Gateway, ...], gateway_walk: Floats, floor_min: Floats, parameters: TravelParameters
) -> Journeys:
    """Compute the journeys of a layout.

    Parameters
    ----------
    city : City
    gateways : tuple of Gateway
    gateway_walk : float array [gateway, building]
        Walking minutes inside the park.
    floor_min : float array [building]
        Minutes from the entrance of a building to a desk, on average.
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
    cost = np.zeros((len(MODES), zones))

    def offer(mode: int, zone_fixed: Floats, zone_stretch: Floats, at_park: Floats) -> None:
        """Keep the gateway that is fastest for each zone and building."""
        total = (zone_fixed + zone_stretch)[:, None] + at_park[None, :]
        better = total < (fixed[mode] + stretch[mode])
        fixed[mode][better] = np.broadcast_to(zone_fixed[:, None] + at_park, total.shape)[better]
        stretch[mode][better] = np.broadcast_to(zone_stretch[:, None], total.shape)[better]

    def riding(kmh: float) -> Floats:
        return km / kmh * 60

    none = np.zeros(zones)
    ways_in = [i for i, g in enumerate(gateways) if g.kind in ("road", "path")]
    for mode, kmh, access in (
        (WALK, p.walk_kmh, 0.0), (BICYCLE, p.bicycle_kmh, p.ebike_access_min), (EBIKE, p.ebike_kmh, p.ebike_access_min)
    ):
        for i in ways_in:
            inside = (gateway_walk[i] + gateways[i].beyond_m * 0.06 / p.walk_kmh) * p.walk_kmh / kmh
            offer(mode, none + access, riding(kmh), inside)
    feeder = np.array([_to_station(z.station_km, p) for z in city.zones])
    metro = np.array([np.inf if z.metro_min is None else z.metro_min for z in city.zones])
    for i, gateway in enumerate(gateways):
        at_park = gateway_walk[i] + gateway.beyond_m * 0.06 / p.walk_kmh
        table = gateway.minutes
        by_table = np.array([(table or {}).get(z.name, np.inf) for z in city.zones])
        wait = none + gateway.headway_min / 2
        if gateway.kind == "metro":
            offer(METRO, wait + (metro if table is None else by_table), feeder, at_park)
        elif gateway.kind == "bus":
            offer(BUS, wait + p.bus_access_min, riding(p.bus_kmh) if table is None else by_table, at_park)
        elif gateway.kind == "shuttle":
            offer(SHUTTLE, wait + p.bus_access_min, riding(p.shuttle_kmh) if table is None else by_table, at_park)
    entrance = [i for i in ways_in if gateways[i].kind == "road"]
    entrance_min = gateway_walk[entrance] * p.walk_kmh / _INSIDE_DRIVE_KMH
    if entrance:
        fixed[CAR] = p.car_access_min + p.parking_search_min
        stretch[CAR] = riding(p.car_kmh)[:, None]
    fixed += floor_min
    fares = {kind: min((g.fare for g in gateways if g.kind == kind and g.fare is not None), default=None)
             for kind in ("bus", "metro", "shuttle")}
    cost[BUS] = p.bus_fare if fares["bus"] is None else fares["bus"]
    cost[METRO] = p.metro_fare if fares["metro"] is None else fares["metro"]
    cost[SHUTTLE] = 0.0 if fares["shuttle"] is None else fares["shuttle"]
    cost[CAR] = km * p.car_cost_km + p.parking_price / 2
    return Journeys(fixed, stretch, cost, km, entrance_min, tuple(gateways[i] for i in entrance))


def _to_station(km: float, p: TravelParameters) -> float:
    """Minutes from home to the station: on foot, or beyond walking distance by shared bicycle or feeder bus."""
    on_foot = km / p.walk_kmh * 60
    fed = _FEEDER_WAIT_MIN + km / p.station_feeder_kmh * 60
    return min(on_foot, fed) if km <= _STATION_WALK_KM else fed
