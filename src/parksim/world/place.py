"""A layout made ready for the month: walks between all places, who may use what, and journeys from home.

What depends on the drawing alone (the map, its gateways and sites) is computed once per process and shared
by every replication; walking times scale with the walking speed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from parksim.chance import name_code
from parksim.scenario.categories import CATEGORIES, DAYPARTS
from parksim.scenario.schema import MU_M2
from parksim.world.city import Journeys, journeys
from parksim.world.grid import MAIN_ROAD_SLOWNESS, ParkMap, read_map
from parksim.world.market import Market
from parksim.world.streets import RoadMap, Streets, read_roads
from parksim.world.walking import Ground, Walks, floor_minutes

if TYPE_CHECKING:
    from parksim.scenario.schema import Amenity, CarPark, Layout, Scenario

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]

REFERENCE_KMH = 4.5
_LIFT_OFF_PEAK = 0.4  # of the interval between lifts is the wait when few come (walking.floor_minutes)
_CATEGORY = {name: i for i, name in enumerate(CATEGORIES)}
_KEPT = 16


@dataclass(frozen=True)
class Drawn:
    """What follows from the drawing alone: the map and the walks between its places.

    Places are the buildings, then the gateways, then the open cells of amenities and car parks.
    """

    park: ParkMap
    walks: Walks
    roads: RoadMap
    gateway_place: Ints
    cell_place: dict[tuple[int, int], int]


_drawn: OrderedDict[str, Drawn] = OrderedDict()


def draw(layout: Layout) -> Drawn:
    """Read the map of a layout and walk between all its places, or remember having done so."""
    gateways = [g.cell for g in layout.gateways]
    entrances = [g.cell for g in layout.gateways if g.kind == "road" and not g.closed]
    spots = sorted(
        {a.cell for a in layout.amenities if a.cell is not None}
        | {c.cell for c in layout.car_parks if c.cell is not None}
    )
    told = f"{layout.map.model_dump_json()}{gateways}{entrances}{spots}"
    key = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
    if key in _drawn:
        _drawn.move_to_end(key)
        return _drawn[key]
    park = read_map(layout.map)
    ground = Ground(
        cell_m=park.cell_m,
        passable=park.walkable,
        slowness=np.where(park.main_road, MAIN_ROAD_SLOWNESS, 1.0),
        wall_east=park.wall_east,
        wall_south=park.wall_south,
        speed_kmh=REFERENCE_KMH,
    )
    places = [b.cells for b in park.buildings] + [np.array([park.flat(cell)]) for cell in gateways]
    cell_place: dict[tuple[int, int], int] = {}
    for cell in spots:
        inside = int(park.building[cell])
        cell_place[cell] = inside if inside >= 0 else len(places)
        if inside < 0:
            places.append(np.array([park.flat(cell)]))
    first = len(park.buildings)
    roads = read_roads(park, ground, entrances, places)
    made = Drawn(park, Walks(ground, places), roads, np.arange(first, first + len(gateways)), cell_place)
    _drawn[key] = made
    while len(_drawn) > _KEPT:
        _drawn.popitem(last=False)
    return made


class Seats(NamedTuple):
    """The places of a category that gives them out.

    Attributes
    ----------
    amenity : list of int
    nearest : int array [unit, seat]
        Positions in `amenity`, the nearest first, last of all those where people may not go or that are too far.
    reached : int array [unit]
        How many of them are within reach.
    """

    amenity: list[int]
    nearest: npt.NDArray[np.intp]
    reached: npt.NDArray[np.intp]


class Place:
    """A layout as the phases see it; made anew when an intervention changes the layout.

    People at one desk place share its walks: a **unit** is a building, or the part of a building that an
    anchor enterprise occupies (whose staff may use what is for own staff).

    Attributes
    ----------
    amenities : tuple of Amenity
        In the order of all arrays below.
    category : int array [amenity]
    walk : float array [unit, amenity]
        Minutes on foot from the desk's floor to the amenity's, ``inf`` where there is no way.
    owns, usable : bool arrays [unit, amenity]
        Whether it belongs to the employer or block of the people there, and whether they may use it.
    unit_building, unit_anchor : int arrays [unit]
        Building of each unit, and the anchor enterprise (-1: any other).
    journeys : Journeys
    streets : Streets
    entrance_beside : int array [gateway]
        Entrance in whose queue a bus or shuttle stands, -1 for other gateways.
    """

    def __init__(self, scenario: Scenario, layout: Layout) -> None:
        self.layout = layout
        self._scenario = scenario
        self.drawn = draw(layout)
        park, travel = self.drawn.park, scenario.parameters.travel
        self._scale = REFERENCE_KMH / travel.walk_kmh
        self._travel = travel
        n = len(park.buildings)
        self.buildings = park.buildings
        self.floor_min = np.array(
            [self.minutes_up(np.arange(1, b.floors + 1)).mean() for b in park.buildings]
        )
        self.between = self.drawn.walks.minutes[:n, :n] * self._scale
        gateway_walk = self.drawn.walks.minutes[self.drawn.gateway_place, :n] * self._scale
        self.gateway_walk = gateway_walk
        self.journeys: Journeys = journeys(scenario.city, layout.gateways, gateway_walk, travel)

        anchors = scenario.enterprises.anchors
        lots = np.array([self.amenity_place(c) for c in layout.car_parks], dtype=np.intp)
        self.streets = Streets(
            layout,
            scenario.city,
            self.drawn.roads,
            park.buildings,
            lots,
            self.drawn.walks.minutes[:, :n] * self._scale,
            {a.name: a.block for a in anchors},
            travel,
        )
        between_gateways = self.drawn.walks.minutes[
            np.ix_(self.drawn.gateway_place, self.drawn.gateway_place)
        ]
        self.entrance_beside = self.streets.beside(layout, between_gateways)
        units = [(b, -1) for b in range(n)]
        units += [
            (b, a)
            for a, anchor in enumerate(anchors)
            for b, building in enumerate(park.buildings)
            if building.block == anchor.block
        ]
        self.unit_building = np.array([b for b, _ in units])
        self.unit_anchor = np.array([a for _, a in units])
        self.unit_of = {unit: i for i, unit in enumerate(units)}

        self.amenities = layout.amenities
        self.category = np.array([_CATEGORY[a.category] for a in self.amenities], dtype=np.intp)
        self.code = np.array([name_code(a.name) for a in self.amenities], dtype=np.uint64)
        names = [x.name for x in anchors]
        self.owns = np.array(
            [[self._owns(a, b, u, names) for a in self.amenities] for b, u in units], dtype=np.bool_
        ).reshape(len(units), len(self.amenities))
        self.usable = self.owns | np.array([a.access == "everyone" for a in self.amenities], dtype=np.bool_)
        walks = (
            np.stack([self._walk_to(a) for a in self.amenities], axis=1)
            if self.amenities
            else np.empty((n, 0))
        )
        self.walk = np.round(walks[self.unit_building], 2)

    def minutes_up(
        self, floor: npt.ArrayLike, m2: npt.ArrayLike = 1.0, people: npt.ArrayLike = 0.0
    ) -> Floats:
        """Return the minutes from a building's entrance to each floor, by stairs or lift.

        Parameters
        ----------
        floor : array_like of int
            1 is the ground floor; one climbs or descends from there.
        m2 : array_like of float
            Floor of the building, for which its lifts were dimensioned.
        people : array_like of float
            Those who come by lift in the morning peak; 0 outside the peak.
        """
        p = self._travel
        return floor_minutes(
            np.abs(np.asarray(floor, dtype=np.float64) - 1),
            lift_capacity_persons_per_5min=p.lift_design_share * np.asarray(m2) / p.lift_design_m2,
            population=people,
            peak_share=p.lift_peak_share,
            peak_min=p.lift_peak_min,
            interval_min=p.lift_interval_min,
            stairs_min_per_floor=p.stairs_min_per_floor,
            ride_min_per_floor=p.lift_min_per_floor,
        )

    def peak_minutes_up(self, people: Floats) -> Floats:
        """Return the minutes up in the morning peak, [building, floor]; 0 at floors that are not there.

        Parameters
        ----------
        people : float array [building]
            Those who come by lift.
        """
        floor = np.arange(int(self.storeys.max(initial=1)) + 1)
        m2 = np.array([max(b.m2, 1.0) for b in self.buildings])
        up = self.minutes_up(np.maximum(floor, 1), m2[:, None], people[:, None])
        return np.where((floor >= 1) & (floor <= self.storeys[:, None]), up, 0.0)

    def _owns(self, amenity: Amenity, building: int, anchor: int, names: list[str]) -> bool:
        if amenity.owner is None:
            return False
        return amenity.owner == self.buildings[building].block or (
            anchor >= 0 and names[anchor] == amenity.owner
        )

    def _walk_to(self, amenity: Amenity) -> Floats:
        """Return the walking minutes from every building's desks to one amenity."""
        beyond = 0.0
        if amenity.outside is not None:
            where = [g.name for g in self.layout.gateways].index(amenity.outside.via)
            place = int(self.drawn.gateway_place[where])
            beyond = amenity.outside.walk_m * 0.06 / REFERENCE_KMH
        else:
            place = self.amenity_place(amenity)
        return self._walk_in(place, amenity.floor, beyond)

    def walk_to_floor(self, building: int, floor: int) -> Floats:
        """Return the walking minutes from every unit's desks to a floor of a building, [unit]."""
        return np.asarray(np.round(self._walk_in(building, floor, 0.0)[self.unit_building], 2))

    def _walk_in(self, place: int, floor: int, beyond: float) -> Floats:
        minutes = self.drawn.walks.minutes
        n = len(self.buildings)
        up = float(self.minutes_up(floor))
        walk: Floats = (minutes[:n, place] + beyond) * self._scale + self.floor_min + up
        if place < n:  # in the same building: from floor to floor
            walk[place] = abs(self.floor_min[place] - up) + _LIFT_OFF_PEAK * self._travel.lift_interval_min
        return walk

    def amenity_place(self, amenity: Amenity | CarPark) -> int:
        """Index of the walking place an amenity or car park inside the park belongs to."""
        if amenity.cell is not None:
            return self.drawn.cell_place[amenity.cell]
        return self.drawn.park.building_in(amenity.block or "")

    def amenity_cell(self, amenity: Amenity) -> tuple[int, int] | None:
        """Cell an amenity stands on; its gateway's where it lies outside the grid."""
        if amenity.cell is not None:
            return amenity.cell
        if amenity.outside is not None:
            via = amenity.outside.via
            return next(g.cell for g in self.layout.gateways if g.name == via)
        cells = self.buildings[self.amenity_place(amenity)].cells
        row, column = np.divmod(cells[len(cells) // 2], self.drawn.park.shape[1])
        return int(row), int(column)

    @cached_property
    def storeys(self) -> npt.NDArray[np.int64]:
        """Floors of each building, [building]."""
        return np.array([b.floors for b in self.buildings], dtype=np.int64)

    @cached_property
    def open_hours(self) -> Floats:
        """Hours each amenity is open in each daypart, [daypart, amenity]."""
        out = np.zeros((len(DAYPARTS), len(self.amenities)))
        for d, (start, end) in enumerate(DAYPARTS.values()):
            for j, a in enumerate(self.amenities):
                out[d, j] = max(0.0, min(end, a.closes) - max(start, a.opens))
        return out

    @cached_property
    def capacity(self) -> Floats:
        """Seats, places, counters or vehicles an hour, [amenity]."""
        return np.array([a.capacity for a in self.amenities], dtype=np.float64)

    @cached_property
    def price(self) -> Floats:
        """CNY a visit, for flats a month, [amenity]."""
        return np.array([a.price for a in self.amenities], dtype=np.float64)

    @cached_property
    def visit_price(self) -> Floats:
        """CNY a visit, [amenity]; flats are not visited."""
        return np.where([a.category == "flats" for a in self.amenities], 0.0, self.price)

    @cached_property
    def run_by(self) -> npt.NDArray[np.str_]:
        """Operator of each amenity of the park, nobody's name for those outside, [amenity]."""
        return np.array([a.operator if a.outside is None else "" for a in self.amenities], dtype=np.str_)

    @cached_property
    def allotted(self) -> Bools:
        """Which amenities give out places instead of queueing, [amenity]."""
        return np.array([CATEGORIES[a.category].allotted for a in self.amenities], dtype=np.bool_)

    @cached_property
    def nearest(self) -> Floats:
        """Minutes to the nearest open place that people may use, [unit, category]; ``inf`` where there is none."""
        out = np.full((len(self.unit_building), len(CATEGORIES)), np.inf)
        for j in np.flatnonzero(self.open_hours.sum(axis=0) > 0):
            c = self.category[j]
            out[:, c] = np.minimum(out[:, c], np.where(self.usable[:, j], self.walk[:, j], np.inf))
        return out

    @cached_property
    def flats(self) -> list[int]:
        """Amenities inside the park that are flats."""
        return [j for j, a in enumerate(self.amenities) if a.category == "flats" and a.outside is None]

    @cached_property
    def seats(self) -> dict[str, Seats]:
        """What each category that gives out places has, and how far it is."""
        most, out = self._scenario.parameters.services.reach_min, {}
        for name, kind in CATEGORIES.items():
            if kind.allotted:
                own: list[int] = np.flatnonzero(self.category == _CATEGORY[name]).tolist()
                near = self.usable[:, own] & (self.walk[:, own] <= most)
                minutes = np.where(near, self.walk[:, own], np.inf)
                out[name] = Seats(own, np.argsort(minutes, axis=1, kind="stable"), near.sum(axis=1))
        return out

    @cached_property
    def home_building(self) -> npt.NDArray[np.intp]:
        """Building of each amenity that is flats, -1 for those that stand outside buildings, [amenity]."""
        out = np.full(len(self.amenities), -1, dtype=np.intp)
        for j in self.flats:
            out[j] = self.amenity_place(self.amenities[j])
        out[out >= len(self.buildings)] = -1
        return out

    @cached_property
    def market(self) -> Market:
        """What people choose among and queue for."""
        return Market(self, self._scenario)

    @cached_property
    def mu_per_m2(self) -> Floats:
        """Mu of land under a square metre of floor, [building]."""
        cell = self.drawn.park.cell_m**2 / MU_M2
        return np.array([cell * len(b.cells) / max(b.m2, 1.0) for b in self.buildings])

    @property
    def land_mu(self) -> float:
        """Land of the park in mu."""
        return self.drawn.park.land_mu

    @cached_property
    def school_detour(self) -> Floats:
        """Extra walking minutes from the park's edge by way of an amenity to the desk, [building, amenity].

        The nearest gateway with and without the detour; 0 for places outside, which lie on the way.
        """
        n = len(self.buildings)
        out = np.zeros((n, len(self.amenities)))
        direct = self.gateway_walk.min(axis=0)
        minutes = self.drawn.walks.minutes * self._scale
        for j, a in enumerate(self.amenities):
            if a.outside is None and CATEGORIES[a.category].allotted:
                at = self.amenity_place(a)
                via = (minutes[self.drawn.gateway_place, at][:, None] + minutes[at, :n][None, :]).min(axis=0)
                out[:, j] = np.maximum(via - direct, 0.0)
        return out
