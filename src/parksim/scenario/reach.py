"""Who and what cannot be reached on a drawn map; in plain Python, so that checking a file stays light.

Whether one gets somewhere, not how long it takes: a diagonal step never leads where straight steps do not
(:mod:`parksim.world.walking`), so cells are joined to their four neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.scenario.schema import BUILT, WORKPLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parksim.scenario.parameters import TravelParameters
    from parksim.scenario.schema import City, Fence, Gateway, Map

Cell = tuple[int, int]

SIDES = {"N": (-1, 0), "E": (0, 1), "S": (1, 0), "W": (0, -1)}
RIDES = ("bus", "metro", "shuttle")


class Reach:
    """A map as cells that one can get to.

    Parameters
    ----------
    drawing : Map
        With rows of one length, known symbols, and fences and gates that stand somewhere.
    """

    def __init__(self, drawing: Map) -> None:
        self.drawing = drawing
        self.symbols = {
            (r, c): drawing.legend[key] for r, row in enumerate(drawing.rows) for c, key in enumerate(row)
        }
        self.shut = {edge for fence in drawing.fences if not fence.open for edge in self._edges(fence)}

    def inside(self, fence: Fence) -> set[Cell]:
        """Cells that a fence goes around."""
        if fence.cells is None:
            return set(self.drawing.blocks.get(fence.block or "", ()))
        top, left, bottom, right = fence.cells
        return {(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)}

    def _edges(self, fence: Fence) -> set[frozenset[Cell]]:
        """Pairs of cells that a fence stands between, less its gates."""
        inside = self.inside(fence)
        gates = {
            frozenset((gate.cell, (gate.cell[0] + SIDES[gate.side][0], gate.cell[1] + SIDES[gate.side][1])))
            for gate in self.drawing.gates
            if gate.fence == fence.name
        }
        return {
            frozenset((cell, beyond)) for cell in inside for beyond in _beside(cell) if beyond not in inside
        } - gates

    def spread(self, starts: Iterable[Cell], uses: frozenset[str] | None = None) -> set[Cell]:
        """Return the cells one gets to from some cells: on foot, or on land of these uses alone.

        Buildings and water are walked up to, and out of, but not through.
        """
        seen = set(starts)
        todo = list(seen)
        while todo:
            cell = todo.pop()
            for beyond in _beside(cell):
                if beyond in seen or beyond not in self.symbols or frozenset((cell, beyond)) in self.shut:
                    continue
                use = self.symbols[beyond].use
                if uses is not None and use not in uses:
                    continue
                if self._closed(cell) and self._closed(beyond):
                    continue
                seen.add(beyond)
                if not self._closed(beyond):
                    todo.append(beyond)
        return seen

    def _closed(self, cell: Cell) -> bool:
        use = self.symbols[cell].use
        return use in BUILT or use == "water"

    def workplaces(self) -> Iterator[list[Cell]]:
        """Yield the cells of each building to work in: neighbouring cells of one symbol."""
        rows = self.drawing.rows
        done: set[Cell] = set()
        for cell, symbol in self.symbols.items():
            if symbol.use not in WORKPLACE or cell in done:
                continue
            group, todo = {cell}, [cell]
            while todo:
                for beyond in _beside(todo.pop()):
                    same = beyond in self.symbols and rows[beyond[0]][beyond[1]] == rows[cell[0]][cell[1]]
                    if same and beyond not in group:
                        group.add(beyond)
                        todo.append(beyond)
            done |= group
            yield sorted(group)

    def stranded_workplaces(self, gateways: Iterable[Gateway]) -> Iterator[tuple[Cell, list[str]]]:
        """Yield the first cell of each building nobody can walk to, and the gateless fences around it."""
        there = self.spread(gateway.cell for gateway in gateways)
        gated = {gate.fence for gate in self.drawing.gates}
        for cells in self.workplaces():
            if there.isdisjoint(cells):
                shut = [f for f in self.drawing.fences if not f.open and f.name not in gated]
                yield cells[0], [f.name for f in shut if cells[0] in self.inside(f)]

    def stranded_entrances(self, gateways: Iterable[Gateway]) -> Iterator[Gateway]:
        """Yield the road entrances from whose roads nobody can walk to any building to work in."""
        buildings = [set(cells) for cells in self.workplaces()]
        for gateway in gateways:
            if gateway.kind == "road":
                there = self.spread(self.spread([gateway.cell], frozenset({"road"})))
                if all(there.isdisjoint(cells) for cells in buildings):
                    yield gateway


def stranded_zones(
    city: City, gateways: Iterable[Gateway], p: TravelParameters
) -> Iterator[tuple[str, float]]:
    """Yield the home zones from which no mode runs to the park: name, and km by road.

    Parameters
    ----------
    city : City
    gateways : iterable of Gateway
    p : TravelParameters
    """
    gateways = [g for g in gateways if not g.closed or g.kind == "road"]
    drives = any(g.kind == "road" and not g.closed for g in gateways)
    lanes = any(g.kind in {"road", "path"} for g in gateways)
    for zone in city.zones:
        rides = any(
            zone.name in g.minutes
            if g.minutes is not None
            else g.kind != "metro" or zone.metro_min is not None
            for g in gateways
            if g.kind in RIDES
        )
        if not (rides or drives or (lanes and zone.road_km <= p.bicycle_range_km)):
            yield zone.name, zone.road_km


def _beside(cell: Cell) -> list[Cell]:
    return [(cell[0] + down, cell[1] + right) for down, right in SIDES.values()]
