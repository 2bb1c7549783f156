"""The text map as arrays: land use, floors, blocks, buildings, and the fences that stand on edges between cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.scenario.schema import BUILT, MU_M2, WORKPLACE, Fence, Gate, Map

if TYPE_CHECKING:
    from collections.abc import Sequence

LAND_USES = ("vacant", "road", "green", "water", "office", "lab", "factory", "housing", "service", "outside")
MAIN_ROAD_SLOWNESS = 2.0
"""Crossing a main road on foot takes twice as long a metre (signals; assumed)."""

_SIDES = {"N": (-1, 0), "S": (1, 0), "W": (0, -1), "E": (0, 1)}


@dataclass(frozen=True, slots=True)
class Building:
    """A 4-connected group of built cells with the same symbol."""

    name: str
    use: str
    block: str
    site: str
    site_zh: str
    cells: npt.NDArray[np.intp]
    floors: int
    m2: float
    rent: float

    @property
    def workplace(self) -> bool:
        """Whether enterprises can have their floor here."""
        return self.use in WORKPLACE


@dataclass(frozen=True)
class ParkMap:
    """The map as arrays of shape (rows, columns).

    Attributes
    ----------
    use : array of int8
        Index into :data:`LAND_USES`.
    floors, m2 : arrays
        Storeys, and floor area in square metres (0 where nothing is built).
    block : array of int16
        Index into `blocks`, -1 for none.
    building : array of int32
        Index into `buildings`, -1 for none.
    main_road : array of bool
    wall_east, wall_south : arrays of bool
        A fence without a gate between a cell and its neighbour to the east (south).
    """

    cell_m: float
    use: npt.NDArray[np.int8]
    floors: npt.NDArray[np.int16]
    m2: npt.NDArray[np.float64]
    block: npt.NDArray[np.int16]
    blocks: tuple[str, ...]
    building: npt.NDArray[np.int32]
    buildings: tuple[Building, ...]
    main_road: npt.NDArray[np.bool_]
    wall_east: npt.NDArray[np.bool_]
    wall_south: npt.NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.use.shape
        return rows, columns

    @property
    def walkable(self) -> npt.NDArray[np.bool_]:
        """Cells one may walk through: neither built nor water."""
        closed = [LAND_USES.index(use) for use in (*BUILT, "water")]
        return ~np.isin(self.use, closed)

    @property
    def land_mu(self) -> float:
        """Land of the park in mu (666.7 square metres), without what is marked outside."""
        return float(np.count_nonzero(self.use != LAND_USES.index("outside"))) * self.cell_m**2 / MU_M2

    def flat(self, cell: tuple[int, int]) -> int:
        """Return the number of a cell when rows are laid end to end."""
        return cell[0] * self.shape[1] + cell[1]

    def building_in(self, block: str) -> int:
        """Index of the largest building of a block; -1 if the block has none."""
        sizes = [(b.m2, -i) for i, b in enumerate(self.buildings) if b.block == block]
        return -max(sizes)[1] if sizes else -1


def read_map(drawing: Map) -> ParkMap:
    """Turn a validated text map into arrays.

    Parameters
    ----------
    drawing : Map
        Rows of equal length whose every character is in the legend (see :mod:`parksim.scenario.verify`).
    """
    rows, columns = drawing.shape
    symbols = np.array([list(row) for row in drawing.rows])
    use = np.zeros((rows, columns), np.int8)
    floors = np.zeros((rows, columns), np.int16)
    m2 = np.zeros((rows, columns))
    main = np.zeros((rows, columns), np.bool_)
    block = np.full((rows, columns), -1, np.int16)
    blocks = tuple(sorted({s.block for s in drawing.legend.values() if s.block}))
    for character, symbol in drawing.legend.items():
        here = symbols == character
        use[here] = LAND_USES.index(symbol.use)
        main[here] = symbol.use == "road" and symbol.road == "main"
        if symbol.block:
            block[here] = blocks.index(symbol.block)
        if symbol.use in BUILT:
            floors[here] = symbol.floors
            m2[here] = drawing.cell_m**2 * symbol.built * symbol.floors
    building, buildings = _buildings(drawing, symbols, m2)
    wall_east, wall_south = walls(drawing.fences, drawing.gates, block, blocks)
    return ParkMap(
        drawing.cell_m, use, floors, m2, block, blocks, building, buildings, main, wall_east, wall_south
    )


def _buildings(
    drawing: Map, symbols: npt.NDArray[np.str_], m2: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int32], tuple[Building, ...]]:
    from scipy.ndimage import label  # noqa: PLC0415  (scipy is slow to import)

    number = np.full(symbols.shape, -1, np.int32)
    found: list[Building] = []
    for character, symbol in drawing.legend.items():
        if symbol.use not in BUILT:
            continue
        groups, count = label(symbols == character)
        stem = symbol.block or f"{symbol.use}-{len(found) + 1}"
        for k in range(1, count + 1):
            cells = np.flatnonzero(groups == k)
            number.flat[cells] = len(found)
            taken = sum(1 for b in found if b.block and b.block == symbol.block)
            name = f"{stem}-{taken + 1}" if symbol.block else (stem if count == 1 else f"{stem}.{k}")
            found.append(
                Building(
                    name,
                    symbol.use,
                    symbol.block or "",
                    symbol.site or stem,
                    symbol.site_zh,
                    cells,
                    symbol.floors,
                    float(m2.flat[cells].sum()),
                    symbol.office_rent,
                )
            )
    return number, tuple(found)


def walls(
    fences: Sequence[Fence], gates: Sequence[Gate], block: npt.NDArray[np.int16], blocks: tuple[str, ...]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return ``wall_east`` and ``wall_south`` for all fences that are not open, less their gates.

    A gate opens the fence it belongs to; where two fences share an edge, both need a gate there.
    """
    east = np.zeros(block.shape, np.bool_)
    south = np.zeros(block.shape, np.bool_)
    for fence in fences:
        if fence.open:
            continue
        inside = np.zeros(block.shape, np.bool_)
        if fence.block is not None:
            inside = block == blocks.index(fence.block)
        elif fence.cells is not None:
            top, left, bottom, right = fence.cells
            inside[top : bottom + 1, left : right + 1] = True
        own_east = np.zeros_like(east)
        own_south = np.zeros_like(south)
        own_east[:, :-1] = inside[:, :-1] != inside[:, 1:]
        own_south[:-1] = inside[:-1] != inside[1:]
        for gate in gates:
            if gate.fence == fence.name:
                row, column = gate.cell
                down, right = _SIDES[gate.side]
                if right:
                    own_east[row, column if right > 0 else column - 1] = False
                else:
                    own_south[row if down > 0 else row - 1, column] = False
        east |= own_east
        south |= own_south
    return east, south
