"""Who and what cannot be reached: buildings nobody can walk to, entrances to nowhere, zones without a way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parksim.world.city import TRANSIT
from parksim.world.grid import MAIN_ROAD_SLOWNESS, read_map
from parksim.world.streets import read_roads
from parksim.world.walking import Ground, minutes_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.parameters import TravelParameters
    from parksim.scenario.schema import City, Layout
    from parksim.world.grid import ParkMap

Cell = tuple[int, int]


def ground_of(park: ParkMap, speed_kmh: float) -> Ground:
    """Return what one walks on in a park.

    Parameters
    ----------
    park : ParkMap
    speed_kmh : float
        Walking speed.
    """
    return Ground(
        cell_m=park.cell_m,
        passable=park.walkable,
        slowness=np.where(park.main_road, MAIN_ROAD_SLOWNESS, 1.0),
        wall_east=park.wall_east,
        wall_south=park.wall_south,
        speed_kmh=speed_kmh,
    )


def stranded_workplaces(layout: Layout) -> Iterator[tuple[str, Cell, str]]:
    """Find buildings to work in that nobody can walk to from any gateway.

    Parameters
    ----------
    layout : Layout
        With a sound map.

    Yields
    ------
    name, cell, fences
        Of the building, its first cell, and the fences around it ("" where none is shut).
    """
    park = read_map(layout.map)
    gates = [np.unique([park.flat(g.cell) for g in layout.gateways])]
    minutes = minutes_between(ground_of(park, 4.5), gates, [b.cells for b in park.buildings])[0]
    for building, minute in zip(park.buildings, minutes, strict=True):
        if building.workplace and not np.isfinite(minute):
            row, column = divmod(int(building.cells[0]), park.shape[1])
            yield building.name, (row, column), ", ".join(_around(layout, park, (row, column)))


def _around(layout: Layout, park: ParkMap, cell: Cell) -> list[str]:
    """Name the shut fences that have a cell inside and no gate."""
    gated = {gate.fence for gate in layout.map.gates}
    names = []
    for fence in layout.map.fences:
        if fence.open or fence.name in gated:
            continue
        top, left, bottom, right = fence.cells or (0, 0, -1, -1)
        inside = top <= cell[0] <= bottom and left <= cell[1] <= right
        if inside or (fence.block is not None and park.block[cell] == park.blocks.index(fence.block)):
            names.append(f"'{fence.name}'")
    return names


def stranded_entrances(layout: Layout) -> Iterator[tuple[str, Cell]]:
    """Find road entrances from which no building can be reached by car.

    Parameters
    ----------
    layout : Layout
        With a sound map.

    Yields
    ------
    name, cell
        Of the gateway.
    """
    park = read_map(layout.map)
    ground = ground_of(park, 4.5)
    for gateway in layout.gateways:
        if gateway.kind == "road":
            roads = read_roads(park, ground, [gateway.cell], [b.cells for b in park.buildings if b.workplace])
            if not (roads.access >= 0).any():
                yield gateway.name, gateway.cell


def stranded_zones(city: City, layout: Layout, p: TravelParameters) -> Iterator[tuple[str, float]]:
    """Find home zones from which no mode runs to the park.

    Parameters
    ----------
    city : City
    layout : Layout
    p : TravelParameters

    Yields
    ------
    name, km
        Of the zone.
    """
    for zone in city.zones:
        rides = any(
            (zone.name in g.minutes)
            if g.minutes is not None
            else (g.kind != "metro" or zone.metro_min is not None)
            for g in layout.gateways
            if g.kind in TRANSIT
        )
        on_foot = (
            any(g.kind in {"road", "path"} for g in layout.gateways) and zone.road_km <= p.bicycle_range_km
        )
        drives = any(g.kind == "road" for g in layout.gateways)
        if not (rides or on_foot or drives):
            yield zone.name, zone.road_km
