"""Streets: how cars get from the city through an entrance and park roads to a place for the car.

::

    homes to the NE ── around the park ──▶ entrance ──▶ roads ──▶ car park ──▶ on foot ──▶ building
                                            queue       queue     search

A link with a queue takes longer the more cars use it (BPR 1964). Roads are the road cells of the map, drawn
together between junctions; a fence across a road closes it, a gate opens it. Search in a car park grows the
same way with the share of its places that are taken, so that a full one sends the rest to the next. Where no
car park is within reach, cars park at the building. Every driver takes the fastest route in minutes and
money (user equilibrium, :mod:`parksim.world.roads`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from parksim.world.city import TRANSIT
from parksim.world.grid import LAND_USES
from parksim.world.roads import Network, Routes
from parksim.world.walking import minutes_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parksim.scenario.parameters import TravelParameters
    from parksim.scenario.schema import CarPark, City, Layout
    from parksim.world.grid import Building, ParkMap
    from parksim.world.walking import Ground

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

GAP = 1e-4
ACCESS_LIMIT_MIN = 20.0
"""A road farther from a building than this on foot is not its road."""

_COMPASS = {
    name: np.array([np.cos(k * np.pi / 4), np.sin(k * np.pi / 4)])  # north, east
    for k, name in enumerate(("N", "NE", "E", "SE", "S", "SW", "W", "NW"))
}
_DETOUR = 1.3  # road over straight distance, as in the table of home zones
_LOOKING = 1e-6  # cars an hour that drive everywhere, so that a way nobody takes has a time


@dataclass(frozen=True)
class RoadMap:
    """The road cells that cars can reach, drawn together between junctions; follows from the drawing alone.

    Attributes
    ----------
    init, term : int arrays [road]
        Cells at the two ends; each road is there in both directions.
    main_m, park_m : float arrays [road]
        Metres on main roads and on park roads.
    access : int array [place]
        Road cell nearest on foot to each walking place; -1 where there is none.
    access_m : float array [place]
        Metres to it, where one walks.
    """

    init: Ints
    term: Ints
    main_m: Floats
    park_m: Floats
    access: Ints
    access_m: Floats


def read_roads(
    park: ParkMap, ground: Ground, entrances: Sequence[tuple[int, int]], places: Sequence[Ints]
) -> RoadMap:
    """Find the roads that lead from the entrances, and the road nearest to each place.

    Parameters
    ----------
    park : ParkMap
    ground : Ground
        What one walks on.
    entrances : sequence of (row, column)
        Cells of the road entrances.
    places : sequence of int arrays
        Cells of each walking place.

    Returns
    -------
    RoadMap
    """
    beside = _beside(park)
    starts = [park.flat(cell) for cell in entrances if park.flat(cell) in beside]
    known, todo = set(starts), list(starts)
    while todo:
        for cell in beside[todo.pop()]:
            if cell not in known:
                known.add(cell)
                todo.append(cell)
    drivable = np.array(sorted(known), dtype=np.intp)
    access = np.full(len(places), -1, dtype=np.intp)
    access_m = np.full(len(places), np.inf)
    if drivable.size and len(places):
        cells = [drivable[k : k + 1] for k in range(drivable.size)]
        yards = replace(ground, slowness=np.ones(ground.shape))  # who drives does not wait to cross
        there = minutes_between(yards, places, cells, limit_min=ACCESS_LIMIT_MIN)
        nearest = there.argmin(axis=1)
        access_m = there[np.arange(len(places)), nearest] * ground.speed_kmh / 0.06
        access[np.isfinite(access_m)] = drivable[nearest[np.isfinite(access_m)]]
    stops = {*starts, *access[access >= 0].tolist()}
    nodes = {cell for cell in known if len(beside[cell]) != 2 or cell in stops}
    main = park.main_road.ravel().astype(np.float64)
    roads: list[tuple[int, int, float, float]] = []
    for node in sorted(nodes):
        for following in beside[node]:
            before, here, on_main = node, following, 0.5 * (main[node] + main[following])
            steps = 1
            while here not in nodes:
                ahead = next(cell for cell in beside[here] if cell != before)
                on_main += 0.5 * (main[here] + main[ahead])
                steps += 1
                before, here = here, ahead
            if here != node:
                roads.append((node, here, on_main * park.cell_m, (steps - on_main) * park.cell_m))
    init, term, main_m, park_m = np.array(roads, dtype=np.float64).reshape(-1, 4).T
    return RoadMap(init.astype(np.intp), term.astype(np.intp), main_m, park_m, access, access_m)


def _beside(park: ParkMap) -> dict[int, list[int]]:
    """Road cells one can drive to from each road cell: the four neighbours, unless a fence stands between."""
    road = park.use == LAND_USES.index("road")
    number = np.arange(road.size).reshape(road.shape)
    east = road[:, :-1] & road[:, 1:] & ~park.wall_east[:, :-1]
    south = road[:-1] & road[1:] & ~park.wall_south[:-1]
    pairs = [(number[:, :-1][east], number[:, 1:][east]), (number[:-1][south], number[1:][south])]
    beside: dict[int, list[int]] = {cell: [] for cell in np.flatnonzero(road).tolist()}
    for one, other in pairs:
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            beside[a].append(b)
            beside[b].append(a)
    return beside


class Drive(NamedTuple):
    """What driving takes when everybody has found the fastest way.

    Attributes
    ----------
    minutes, price : float arrays [zone, building]
        Minutes from the park's edge to the building's entrance, and CNY for half a day's parking;
        ``inf`` and 0 where no road leads.
    entrance_flow, entrance_lost : float arrays [entrance]
        Cars in the peak hour, and minutes lost in the queue.
    taken : float array [car park]
        Share of the places taken when all have come.
    routes : Routes or None
        To start from the next time.
    """

    minutes: Floats
    price: Floats
    entrance_flow: Floats
    entrance_lost: Floats
    taken: Floats
    routes: Routes | None


class Link(NamedTuple):
    """One row of :attr:`Streets.links`: what :class:`parksim.world.roads.Network` takes, and a price."""

    init: str
    term: str
    capacity: float = np.inf
    free_flow_time: float = 0.0
    b: float = 0.0
    power: float = 1.0
    background: float = 0.0
    price: float = 0.0
    """CNY; drivers count it as minutes, at the value of time of their mode choice."""


def _may_park(lot: CarPark, building: Building, anchors: dict[str, str]) -> bool:
    """Whether the people of a building may use a car park."""
    if lot.access == "everyone":
        return True
    return building.block != "" and building.block in (lot.owner, anchors.get(lot.owner or ""))


class Streets:
    """The streets of a layout as a network; made anew when the layout changes.

    Parameters
    ----------
    layout : Layout
    city : City
    roads : RoadMap
    buildings : tuple of Building
    lots : int array [car park]
        Walking place of each car park.
    walk : float array [place, building]
        Walking minutes.
    anchors : dict
        Block of each anchor enterprise.
    parameters : TravelParameters

    Attributes
    ----------
    entrances : tuple of str
        Names of the road entrances.
    links : DataFrame
        The network as :class:`parksim.world.roads.Network` takes it; entrances first, then car parks.
    reached : bool array [building]
        Whether a car can get there.
    """

    def __init__(
        self,
        layout: Layout,
        city: City,
        roads: RoadMap,
        buildings: tuple[Building, ...],
        lots: Ints,
        walk: Floats,
        anchors: dict[str, str],
        parameters: TravelParameters,
    ) -> None:
        self._p = p = parameters
        gates = [g for g in layout.gateways if g.kind == "road" and not g.closed]
        self.entrances = tuple(g.name for g in gates)
        self.car_parks: tuple[CarPark, ...] = layout.car_parks
        columns = len(layout.map.rows[0])
        links = [
            Link(
                f"entrance {g.name}",
                f"road {g.cell[0] * columns + g.cell[1]}",
                g.capacity,
                p.entrance_min,
                p.bpr_b,
                p.bpr_power,
                g.background,
            )
            for g in gates
        ]
        links += [
            Link(
                f"road {roads.access[place]}",
                f"car park {lot.name}",
                lot.places * p.peak_hour_share,  # full when the morning's last car has come
                p.parking_empty_min,
                p.parking_full_factor,
                p.parking_power,
            )
            for lot, place in zip(self.car_parks, lots, strict=True)
        ]
        minutes = roads.main_m * 0.06 / p.main_road_kmh + roads.park_m * 0.06 / p.park_road_kmh
        width = np.where(roads.park_m > roads.main_m, p.park_road_capacity, p.main_road_capacity)
        links += [
            Link(f"road {a}", f"road {b}", capacity, free, p.bpr_b, p.bpr_power)
            for a, b, capacity, free in zip(roads.init, roads.term, width, minutes, strict=True)
        ]
        sides = [z.lies or "any" for z in city.zones]
        self._sides = tuple(dict.fromkeys(sides))
        self._side = np.array([self._sides.index(side) for side in sides], dtype=np.intp)
        middle = np.array([len(layout.map.rows) - 1, columns - 1]) / 2
        north_east = (np.array([g.cell for g in gates]).reshape(-1, 2) - middle) * [-1, 1]
        links += self._approaches(north_east * layout.map.cell_m)
        links += self._last_steps(roads, buildings, lots, walk, anchors)
        self.links = pd.DataFrame(links, columns=list(Link._fields))
        self._price = self.links["price"].to_numpy()
        worth = p.cost_weight / p.time_weight if p.time_weight else 0.0  # minutes a yuan
        self._asked = self._price * worth
        self.links["free_flow_time"] += self._asked
        self._network = Network(self.links) if gates else None
        ends = {link.term for link in links} if gates else set()
        self.reached = np.array([f"building {k}" in ends for k in range(len(buildings))], dtype=np.bool_)
        pairs = {
            (f"homes {side}", f"building {k}"): s * len(buildings) + k
            for s, side in enumerate(self._sides)
            for k in np.flatnonzero(self.reached).tolist()
        }
        self._ends = np.array(list(pairs.values()), dtype=np.intp)
        if self._network is not None:
            frame = pd.DataFrame(list(pairs), columns=["origin", "destination"]).assign(trips=_LOOKING)
            self._demand = self._network.trips(frame)
            self._number = np.array([pairs[ends] for ends in self._demand.names], dtype=np.intp)  # type: ignore[index]

    def _approaches(self, north_east: Floats) -> list[Link]:
        """Roads around the park: from where homes lie to each entrance, 0 minutes to the nearest."""
        links = []
        for side in self._sides:
            ahead = north_east @ _COMPASS[side] if side in _COMPASS else np.zeros(len(north_east))
            around = _DETOUR * (ahead.max(initial=-np.inf) - ahead) * 0.06 / self._p.car_kmh
            links += [
                Link(f"homes {side}", f"entrance {name}", free_flow_time=t)
                for name, t in zip(self.entrances, around, strict=True)
            ]
        return links

    def _last_steps(
        self,
        roads: RoadMap,
        buildings: tuple[Building, ...],
        lots: Ints,
        walk: Floats,
        anchors: dict[str, str],
    ) -> list[Link]:
        """From car parks on foot to buildings in reach; where there is none, from the road into the yard."""
        p = self._p
        yard = roads.access_m * 0.06 / p.driveway_kmh
        links = []
        for k, building in enumerate(buildings):
            end = f"building {k}"
            parks = [
                Link(
                    f"car park {lot.name}",
                    end,
                    free_flow_time=walk[place, k] + yard[place],
                    price=lot.price / 2,
                )
                for lot, place in zip(self.car_parks, lots, strict=True)
                if walk[place, k] <= p.parking_reach_min
                and roads.access[place] >= 0
                and _may_park(lot, building, anchors)
            ]
            if not parks and roads.access[k] >= 0:
                parks = [
                    Link(
                        f"road {roads.access[k]}",
                        end,
                        free_flow_time=yard[k] + p.parking_search_min,
                        price=p.parking_price / 2,
                    )
                ]
            links += parks
        return links

    @property
    def possible(self) -> bool:
        """Whether a car can get anywhere."""
        return bool(self.reached.any())

    def drive(self, cars: Floats, warm: Routes | None = None) -> Drive:
        """Let cars find their ways.

        Parameters
        ----------
        cars : float array [zone, building]
            In the peak hour; those to buildings out of reach stay at home.
        warm : Routes, optional
            Of an earlier month.

        Returns
        -------
        Drive
        """
        zones, buildings = len(self._side), len(self.reached)
        minutes, price = np.full((zones, buildings), np.inf), np.zeros((zones, buildings))
        n, lots = len(self.entrances), len(self.car_parks)
        if self._network is None or not self.possible:
            return Drive(minutes, price, np.zeros(n), np.zeros(n), np.zeros(lots), None)
        by_side = np.zeros((len(self._sides), buildings))
        np.add.at(by_side, self._side, cars)
        demand = self._demand.anew(by_side.ravel()[self._ends] + _LOOKING)
        found = self._network.assign(demand, gap=GAP, warm=warm)
        routes = found.routes
        pair = self._number[routes.pair]  # everybody looks, so every pair travels

        def mean(of_link: Floats) -> Floats:
            """Mean over the routes of each pair, as they are used."""
            of_route = np.add.reduceat(of_link[routes.link], routes.start[:-1]) * routes.share
            of_pair = np.bincount(pair, of_route, minlength=by_side.size).astype(np.float64)
            return of_pair.reshape(by_side.shape)

        taking, paying = mean(found.time - self._asked), mean(self._price)
        minutes[:, self.reached] = taking[self._side][:, self.reached]
        price[:, self.reached] = paying[self._side][:, self.reached]
        full = self.links["capacity"].to_numpy()[n : n + lots]
        free = self.links["free_flow_time"].to_numpy()[:n]
        return Drive(
            minutes, price, found.flow[:n], found.time[:n] - free, found.flow[n : n + lots] / full, routes
        )

    def beside(self, layout: Layout, walk: Floats) -> Ints:
        """Return the entrance nearest to each gateway, [gateway]; -1 for those nobody drives through.

        Buses and shuttles stand in the queue of the entrance beside their stop.

        Parameters
        ----------
        layout : Layout
        walk : float array [gateway, gateway]
            Walking minutes.
        """
        open_ = [i for i, g in enumerate(layout.gateways) if g.kind == "road" and not g.closed]
        roads = np.array(open_, dtype=np.intp)
        rides = np.array([g.kind in TRANSIT and g.kind != "metro" for g in layout.gateways], dtype=np.bool_)
        if not roads.size:
            return np.full(len(rides), -1, dtype=np.intp)
        return np.where(rides, walk[:, roads].argmin(axis=1), -1)
