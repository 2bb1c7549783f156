"""Shapes in metres become cells: land, ways, buildings, blocks, fences and gates.

Every building keeps its floor area: it gets the cells that it covers most of, and the share of them that it
builds over. Where two things claim one cell, a main road goes before a building, a building before a path,
the larger claim before the smaller; the share of cells in conflict is reported. What nobody could reach on
foot is opened up, and said.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.importers.draft import OPEN, DraftError, Names, symbols
from parksim.world.grid import LAND_USES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parksim.importers.features import Building, Features, Shape
    from parksim.importers.findings import Findings

Cell = tuple[int, int]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

MOST_CELLS = 250_000
CLAIM = 0.3
"""Share of a cell that a building must cover to claim it; its best cell it claims anyway."""
OVER_ROAD = 0.75
"""Share from which a building goes before a park road, for instance where a road passes under it."""
TOO_SMALL_M2 = 40
"""Sheds and kiosks: not drawn, unless nothing else stands there."""
HOUSE_M2 = 250
"""Footprint below which a building of which nothing is said is taken for a house (assumed)."""
FLOORS = {"office": 6, "lab": 4, "factory": 2, "housing": 6, "service": 2}
"""Storeys of a building whose file does not tell them (assumed)."""
WAYS = ("", "path", "park", "main")
SIDES = {"N": (-1, 0), "E": (0, 1), "S": (1, 0), "W": (0, -1)}
BUILT_USES = frozenset(FLOORS)
NO_BUILDING = -1


@dataclass(slots=True)
class Yard:
    """One block: a fenced ring, a parcel or a named building."""

    name: str
    title: str = ""
    title_zh: str = ""
    fenced: bool = False
    shape: Any = None


@dataclass(slots=True)
class Drawing:
    """The grid while it is drawn; arrays have the shape (rows, columns).

    Attributes
    ----------
    west, north : float
        Corner of cell [0, 0], m.
    inside : array of bool
        Cells within the outline.
    land : array of int8
        Land use without buildings and ways, index into :data:`parksim.world.grid.LAND_USES`.
    way : array of int8
        Index into :data:`WAYS`.
    building : array of int64
        Index into the features' buildings.
    block : array of int64
        Index into `yards`, -1 for none.
    """

    cell_m: float
    west: float
    north: float
    inside: Bools
    land: npt.NDArray[np.int8]
    way: npt.NDArray[np.int8]
    building: Ints
    block: Ints
    car_park: Bools
    yards: list[Yard] = field(default_factory=list)
    gates: list[dict[str, Any]] = field(default_factory=list)
    legend: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)

    @property
    def shape(self) -> Cell:
        """Rows and columns."""
        rows, columns = self.inside.shape
        return rows, columns

    @property
    def walkable(self) -> Bools:
        """Cells one may walk through."""
        return np.asarray((self.building == NO_BUILDING) & ((self.land != _WATER) | (self.way > 0)))

    def cell(self, x: float, y: float) -> Cell:
        """Cell of a point, which may lie off the grid."""
        return math.floor((self.north - y) / self.cell_m), math.floor((x - self.west) / self.cell_m)

    def on(self, cell: Cell) -> bool:
        """Whether a cell is on the grid."""
        return 0 <= cell[0] < self.shape[0] and 0 <= cell[1] < self.shape[1]

    def middle(self, cell: Cell) -> tuple[float, float]:
        """Middle of a cell, m."""
        return self.west + (cell[1] + 0.5) * self.cell_m, self.north - (cell[0] + 0.5) * self.cell_m

    def nearest(self, cell: Cell, mask: Bools) -> Cell | None:
        """Nearest cell of a mask."""
        spots = np.argwhere(mask)
        if not spots.size:
            return None
        best = spots[np.argmin(((spots - np.array(cell)) ** 2).sum(axis=1))]
        return int(best[0]), int(best[1])


_VACANT, _ROAD, _GREEN, _WATER = (LAND_USES.index(use) for use in ("vacant", "road", "green", "water"))


def draw(features: Features, cell_m: float, findings: Findings) -> Drawing:
    """Draw features on a grid.

    Parameters
    ----------
    features : Features
        With their outline.
    cell_m : float
        Side of a cell, m.
    findings : Findings
        Receives guesses, conflicts and what could not be drawn.

    Returns
    -------
    Drawing
        With legend, rows, yards and gates.

    Raises
    ------
    DraftError
        Where the outline is too large or too small for its cells.
    """
    drawing = _grid(features.outline, cell_m)
    _cut(features, findings)
    _land(drawing, features)
    _ways(drawing, features)
    _buildings(drawing, features, findings)
    _yards(drawing, features, findings)
    if not drawing.walkable.any():
        raise DraftError("every cell is built or water: nobody could walk; give smaller cells (--cell-m)")
    _open_up(drawing, findings)
    _gates(drawing, features, findings)
    _letters(drawing, features)
    _measure(drawing, features, findings)
    return drawing


def _grid(outline: Shape, cell_m: float) -> Drawing:
    import shapely  # noqa: PLC0415  (an extra)

    west, south, east, north = outline.bounds
    rows, columns = (max(math.ceil(size / cell_m - 0.3), 1) for size in (north - south, east - west))
    if rows * columns > MOST_CELLS:
        side = math.ceil(math.sqrt((north - south) * (east - west) / MOST_CELLS))
        raise DraftError(
            f"{(east - west) / 1000:.1f} × {(north - south) / 1000:.1f} km are {rows * columns:,} cells "
            f"of {cell_m:g} m, more than {MOST_CELLS:,}: give a smaller area, or --cell-m {side} or more"
        )
    if rows < 3 or columns < 3:
        raise DraftError(
            f"{east - west:.0f} × {north - south:.0f} m are only {rows} × {columns} cells of {cell_m:g} m: "
            "give a larger area or smaller cells (--cell-m)"
        )
    west, north = (west + east - columns * cell_m) / 2, (north + south + rows * cell_m) / 2
    x = west + (np.arange(columns) + 0.5) * cell_m
    y = north - (np.arange(rows) + 0.5) * cell_m
    inside = np.asarray(shapely.contains_xy(outline.buffer(cell_m * 0.1), *np.meshgrid(x, y)))
    if not inside.any():
        raise DraftError("no cell lies within the outline: give smaller cells (--cell-m)")
    size = (rows, columns)
    return Drawing(
        cell_m, west, north, inside,
        land=np.full(size, _VACANT, np.int8), way=np.zeros(size, np.int8),
        building=np.full(size, NO_BUILDING),
        block=np.full(size, -1), car_park=np.zeros(size, np.bool_),
    )  # fmt: skip


def _cut(features: Features, findings: Findings) -> None:
    """Leave of a building what lies within the outline."""
    import shapely  # noqa: PLC0415

    for building in features.buildings:
        if not features.outline.covers(building.shape):
            building.shape = shapely.intersection(building.shape, features.outline)
            findings.guess(
                "building across the outline", "the part inside", "its floor is taken to lie evenly"
            )


def _centres(drawing: Drawing, shape: Shape) -> tuple[slice, slice, Bools]:
    """Cells whose middle lies in a shape, as a window of the grid and a mask within it."""
    import shapely  # noqa: PLC0415

    west, south, east, north = shape.bounds
    top, left = drawing.cell(west, north)
    bottom, right = drawing.cell(east, south)
    rows, columns = drawing.shape
    top, left = min(max(top, 0), rows), min(max(left, 0), columns)
    bottom, right = min(max(bottom + 1, top), rows), min(max(right + 1, left), columns)
    x = drawing.west + (np.arange(left, right) + 0.5) * drawing.cell_m
    y = drawing.north - (np.arange(top, bottom) + 0.5) * drawing.cell_m
    return slice(top, bottom), slice(left, right), np.asarray(shapely.contains_xy(shape, *np.meshgrid(x, y)))


def _land(drawing: Drawing, features: Features) -> None:
    """Paint green, water and open ground, the larger areas first."""
    for area in sorted(features.areas, key=lambda a: -a.shape.area):
        if area.parcel:
            continue
        rows, columns, mask = _centres(drawing, area.shape)
        drawing.car_park[rows, columns] &= ~mask
        if area.use == "parking":
            drawing.car_park[rows, columns] |= mask
        use = "vacant" if area.use == "parking" else area.use
        drawing.land[rows, columns][mask] = LAND_USES.index(use)


def _ways(drawing: Drawing, features: Features) -> None:
    """Mark the cells that roads and paths pass through; on small cells main roads have their width."""
    import shapely  # noqa: PLC0415

    for way in sorted(features.ways, key=lambda w: WAYS.index(w.kind)):
        kind = WAYS.index(way.kind)
        for row, column in _along(drawing, way.line):
            drawing.way[row, column] = max(drawing.way[row, column], kind)
        half = {"main": 9.0, "park": 3.5, "path": 0.0}[way.kind]
        if half > drawing.cell_m / 2:
            rows, columns, mask = _centres(drawing, shapely.buffer(way.line, half))
            here = drawing.way[rows, columns]
            here[mask] = np.maximum(here[mask], kind)


def _along(drawing: Drawing, line: Shape) -> Iterator[Cell]:
    import shapely  # noqa: PLC0415

    points = shapely.get_coordinates(shapely.segmentize(line, drawing.cell_m / 4))
    rows = np.floor((drawing.north - points[:, 1]) / drawing.cell_m).astype(int)
    columns = np.floor((points[:, 0] - drawing.west) / drawing.cell_m).astype(int)
    for cell in dict.fromkeys(zip(rows.tolist(), columns.tolist(), strict=True)):
        if drawing.on(cell):
            yield cell


# --- buildings -----------------------------------------------------------------------------------


def _claims(drawing: Drawing, buildings: list[Building]) -> tuple[Ints, Ints, Ints, npt.NDArray[np.float64]]:
    """List building, row, column and covered share of every cell that a building touches."""
    import shapely  # noqa: PLC0415

    whose, rows, columns = [], [], []
    for number, building in enumerate(buildings):
        west, south, east, north = building.shape.bounds
        top, left = drawing.cell(west, north)
        bottom, right = drawing.cell(east, south)
        for row in range(max(top, 0), min(bottom + 1, drawing.shape[0])):
            for column in range(max(left, 0), min(right + 1, drawing.shape[1])):
                if drawing.inside[row, column]:
                    whose.append(number)
                    rows.append(row)
                    columns.append(column)
    owner, row_of, column_of = (np.array(each, dtype=np.int64) for each in (whose, rows, columns))
    x = drawing.west + column_of * drawing.cell_m
    y = drawing.north - row_of * drawing.cell_m
    boxes = shapely.box(x, y - drawing.cell_m, x + drawing.cell_m, y)
    shapes = np.array([building.shape for building in buildings], dtype=object)
    share = shapely.area(shapely.intersection(shapes[owner], boxes)) / drawing.cell_m**2
    kept = share > 1e-6
    return owner[kept], row_of[kept], column_of[kept], np.asarray(share)[kept]


def _buildings(drawing: Drawing, features: Features, findings: Findings) -> None:
    """Give each building its cells and guess what its file does not tell."""
    features.buildings = [b for b in features.buildings if b.shape.area > 0]
    _guess_buildings(features, findings)
    if not features.buildings:
        return
    owner, rows, columns, share = _claims(drawing, features.buildings)
    best = np.zeros(len(features.buildings))
    np.maximum.at(best, owner, share)
    big = np.array([b.shape.area >= TOO_SMALL_M2 for b in features.buildings])
    claims = (share >= CLAIM) | ((share >= best[owner] - 1e-9) & big[owner])
    contested = np.zeros(drawing.shape, dtype=np.int64)
    np.add.at(contested, (rows[share >= CLAIM], columns[share >= CLAIM]), 1)
    road = (drawing.way >= WAYS.index("park")) & (contested > 0)
    conflict = (contested > 1) | road | ((drawing.land == _WATER) & (contested > 0))
    findings.measured["cells in conflict"] = (
        f"{conflict.sum() / drawing.inside.sum():.1%} of {int(drawing.inside.sum()):,} "
        f"({int(road.sum()):,} building and road, {int((contested > 1).sum()):,} two buildings or more)"
    )
    order = np.lexsort((owner, -share))
    for k in order[claims[order]]:
        cell = rows[k], columns[k]
        way = WAYS[drawing.way[cell]]
        if drawing.building[cell] != NO_BUILDING or way == "main" or (way == "park" and share[k] < OVER_ROAD):
            continue
        drawing.building[cell] = owner[k]
        drawing.way[cell] = 0
    _homeless(drawing, features, findings, (owner, rows, columns, share))


def _homeless(
    drawing: Drawing, features: Features, findings: Findings,
    claims: tuple[Ints, Ints, Ints, npt.NDArray[np.float64]],
) -> None:  # fmt: skip
    """Find room beside its place for a building that got no cell, or count it as left out."""
    owner, rows, columns, share = claims
    housed = set(np.unique(drawing.building).tolist())
    for number, building in enumerate(features.buildings):
        if number in housed:
            continue
        mine = owner == number
        if not mine.any():
            findings.left_out["buildings outside the outline"] += 1
            continue
        if building.shape.area < TOO_SMALL_M2:
            findings.left_out[f"buildings under {TOO_SMALL_M2} m²"] += 1
            continue
        k = np.flatnonzero(mine)[np.argmax(share[mine])]
        row, column = int(rows[k]), int(columns[k])
        window = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
        free = np.zeros(drawing.shape, np.bool_)
        free[window] = drawing.inside[window] & drawing.walkable[window]
        free &= drawing.way < WAYS.index("park")
        beside = drawing.nearest((row, column), free)
        host = int(drawing.building[row, column])
        if beside is None and host >= 0 and features.buildings[host].use == building.use:
            features.buildings[host].more_m2 += (
                building.shape.area * (building.floors or 1) / (features.buildings[host].floors or 1)
            )
            findings.left_out["outlines of buildings (their floor is drawn in the neighbour's)"] += 1
        elif beside is None:
            findings.left_out["buildings without a cell of their own (others or roads cover it)"] += 1
        else:
            drawing.building[beside] = number
            drawing.way[beside] = 0


def _guess_buildings(features: Features, findings: Findings) -> None:
    """Guess uses by the land they stand on, and storeys by use."""
    from shapely import STRtree  # noqa: PLC0415

    parcels = [area for area in features.areas if area.parcel and area.use in BUILT_USES]
    unknown = [building for building in features.buildings if not building.use]
    if parcels and unknown:
        tree = STRtree([area.shape for area in parcels])
        which, where = tree.query([b.shape.representative_point() for b in unknown], predicate="within")
        pairs = zip(which.tolist(), where.tolist(), strict=True)
        for b, p in sorted(pairs, key=lambda pair: -parcels[pair[1]].shape.area):
            unknown[b].use = parcels[p].use  # the smallest parcel has the last word
    for building in unknown:
        if building.use:
            findings.guess("use of a building", building.use, "the land it stands on")
        elif building.shape.area < HOUSE_M2:
            building.use = "housing"
            findings.guess("use of a building", "housing", f"under {HOUSE_M2} m², and nothing is said of it")
        else:
            building.use = "office"
            findings.guess("use of a building", "office", "nothing is said of it or its land")
    for building in features.buildings:
        if building.floors is None:
            building.floors = FLOORS[building.use]
            findings.guess(
                f"storeys of a building ({building.use})", FLOORS[building.use], "usual for its use"
            )
        building.floors = min(max(round(building.floors), 1), 120)


# --- blocks --------------------------------------------------------------------------------------


def _yards(drawing: Drawing, features: Features, findings: Findings) -> None:
    """Make blocks of fenced rings, named parcels and named buildings."""
    names = Names()
    rings = _rings(drawing, features, findings)
    rings += [area.shape for area in features.areas if area.parcel and area.fenced]
    parcels = [a for a in features.areas if a.parcel and (a.name or a.name_zh) and not a.fenced]
    titled = [a for a in features.areas if a.parcel and (a.name or a.name_zh)]
    for area in sorted(parcels, key=lambda a: -a.shape.area):
        _yard(drawing, Yard(names(area.name, "parcel"), area.name, area.name_zh, shape=area.shape))
    for ring in sorted(rings, key=lambda r: -r.area):
        middle = ring.representative_point()
        title = next(
            (a for a in sorted(titled, key=lambda a: a.shape.area) if a.shape.contains(middle)), None
        )
        name, name_zh = (title.name, title.name_zh) if title else ("", "")
        _yard(drawing, Yard(names(name, "yard"), name, name_zh, fenced=True, shape=ring))
    _whole_buildings(drawing)
    for number, building in enumerate(features.buildings):
        mine = drawing.building == number
        if (building.name or building.name_zh) and mine.any() and (drawing.block[mine] < 0).all():
            drawing.yards.append(Yard(names(building.name, "building"), building.name, building.name_zh))
            drawing.block[mine] = len(drawing.yards) - 1


def _yard(drawing: Drawing, yard: Yard) -> None:
    rows, columns, mask = _centres(drawing, yard.shape)
    mask &= drawing.inside[rows, columns]
    if mask.sum() >= (4 if yard.fenced else 1):
        drawing.yards.append(yard)
        drawing.block[rows, columns][mask] = len(drawing.yards) - 1


def _whole_buildings(drawing: Drawing) -> None:
    """Let a building on the edge of a block be inside or outside as a whole."""
    for number in np.unique(drawing.building[drawing.building >= 0]):
        mine = drawing.building == number
        blocks = drawing.block[mine]
        if (blocks != blocks[0]).any():
            drawing.block[mine] = Counter(blocks.tolist()).most_common(1)[0][0]


def _rings(drawing: Drawing, features: Features, findings: Findings) -> list[Shape]:
    """Find what fences close around; gaps up to a few metres wide are closed and taken for openings."""
    import shapely  # noqa: PLC0415

    from parksim.importers.features import Opening  # noqa: PLC0415

    if not features.barriers:
        return []
    lines = shapely.line_merge(shapely.unary_union([barrier.line for barrier in features.barriers]))
    pieces = [piece for piece in shapely.get_parts(lines) if piece.geom_type == "LineString"]
    ends = Counter(end for piece in pieces for end in (piece.coords[0], piece.coords[-1]))
    loose = np.array([end for end, times in ends.items() if times == 1])
    bridges = []
    taken: set[int] = set()
    if len(loose) > 1:
        tree = shapely.STRtree(shapely.points(loose))
        reach = max(1.5 * drawing.cell_m, 20)
        pairs = tree.query(tree.geometries, predicate="dwithin", distance=reach).T.tolist()
        for a, b in sorted(
            (pair for pair in pairs if pair[0] < pair[1]),
            key=lambda pair: float(np.hypot(*(loose[pair[0]] - loose[pair[1]]))),
        ):
            if a in taken or b in taken:
                continue
            taken |= {a, b}
            bridges.append(shapely.linestrings([loose[a], loose[b]]))
            features.openings.append(Opening(shapely.points((loose[a] + loose[b]) / 2), gap=True))
    open_ends = [end for k, end in enumerate(loose.tolist()) if k not in taken]
    houses = _against(features, open_ends, max(drawing.cell_m / 2, 5), bridges, findings)
    edges = [house.boundary for house in houses]
    faces = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.unary_union([*pieces, *bridges, *edges])))
    )
    least = 4 * drawing.cell_m**2
    rings = [
        face
        for face in faces
        if face.area >= least and not any(h.contains(face.representative_point()) for h in houses)
    ]
    used = shapely.unary_union([ring.boundary for ring in rings]) if rings else shapely.GeometryCollection()
    rest = shapely.length(shapely.difference(lines, shapely.buffer(used, 0.1)))
    if rest > 1:
        findings.left_out["metres of fence that close around nothing, or around less than four cells"] += (
            round(rest)
        )
    return rings


def _against(
    features: Features, ends: list[list[float]], reach: float, bridges: list[Shape], findings: Findings
) -> list[Shape]:
    """Lead loose ends of fences on to the buildings that they stand against; return these buildings."""
    import shapely  # noqa: PLC0415

    if not (ends and features.buildings):
        return []
    shapes = [building.shape for building in features.buildings]
    tree = shapely.STRtree(shapes)
    met: dict[int, Shape] = {}
    for end in ends:
        point = shapely.points(end)
        house = int(tree.nearest(point))
        if shapes[house].distance(point) <= reach:
            met[house] = shapes[house]
            bridges.append(shapely.linestrings([end, shapes[house].representative_point().coords[0]]))
            findings.guess("end of a fence", "the building beside it", f"it stands within {reach:g} m of one")
    return list(met.values())


# --- reaching everything -------------------------------------------------------------------------


def walls(drawing: Drawing) -> tuple[Bools, Bools]:
    """Fences without gates east and south of each cell, as :func:`parksim.world.grid.walls` has them."""
    east, south = np.zeros(drawing.shape, np.bool_), np.zeros(drawing.shape, np.bool_)
    for number, yard in enumerate(drawing.yards):
        if not yard.fenced:
            continue
        own = drawing.block == number
        own_east, own_south = np.zeros_like(east), np.zeros_like(south)
        own_east[:, :-1] = own[:, :-1] != own[:, 1:]
        own_south[:-1] = own[:-1] != own[1:]
        for gate in drawing.gates:
            if gate["fence"] == yard.name:
                row, column = gate["cell"]
                down, right = SIDES[gate["side"]]
                if right:
                    own_east[row, column if right > 0 else column - 1] = False
                else:
                    own_south[row if down > 0 else row - 1, column] = False
        east |= own_east
        south |= own_south
    return east, south


def connected(drawing: Drawing, *, fences: bool) -> Ints:
    """Label the connected ground that each cell belongs to: 0 is the largest, -1 is no ground.

    Ground that cannot be left on foot has another number than the rest.
    """
    from scipy.sparse import coo_matrix  # noqa: PLC0415  (slow to import)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    open_ = drawing.walkable
    east, south = walls(drawing) if fences else (np.zeros(drawing.shape, np.bool_),) * 2
    index = np.arange(open_.size).reshape(open_.shape)
    across = open_[:, :-1] & open_[:, 1:] & ~east[:, :-1]
    down = open_[:-1] & open_[1:] & ~south[:-1]
    a = np.r_[index[:, :-1][across], index[:-1][down]]
    b = np.r_[index[:, 1:][across], index[1:][down]]
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(open_.size,) * 2)
    label = connected_components(graph, directed=False)[1].reshape(open_.shape)
    label[~open_] = -1
    sizes = Counter(label[open_].tolist())
    order = {old: new for new, (old, _) in enumerate(sizes.most_common())}
    return np.array([order.get(each, -1) for each in label.ravel().tolist()], dtype=np.int64).reshape(
        open_.shape
    )


def _doors(drawing: Drawing, mask: Bools, east: Bools, south: Bools) -> Bools:
    """Ground one steps on when leaving a building straight, not across a fence."""
    out = np.zeros_like(mask)
    out[:, 1:] |= mask[:, :-1] & ~east[:, :-1]
    out[:, :-1] |= mask[:, 1:] & ~east[:, :-1]
    out[1:] |= mask[:-1] & ~south[:-1]
    out[:-1] |= mask[1:] & ~south[:-1]
    return out & drawing.walkable


def _parts(drawing: Drawing) -> Iterator[tuple[int, Bools]]:
    """Yield each 4-connected piece of each building."""
    from scipy.ndimage import find_objects, label  # noqa: PLC0415

    for number in np.unique(drawing.building[drawing.building >= 0]).tolist():
        groups, count = label(drawing.building == number)
        for part, window in enumerate(find_objects(groups), 1):
            if window is not None and part <= count:
                yield number, groups == part


def _open_up(drawing: Drawing, findings: Findings) -> None:
    """Break a passage to every building that no ground leads to."""
    none = np.zeros(drawing.shape, np.bool_)
    stood = set(np.unique(drawing.building).tolist())
    opened = 0
    for _ in range(3):
        reached = connected(drawing, fences=False) == 0
        shut = [m for _, m in _parts(drawing) if not reached[_doors(drawing, m, none, none)].any()]
        if not shut:
            break
        for mask in shut:
            if not (drawing.building[mask] >= 0).all() or reached[_doors(drawing, mask, none, none)].any():
                continue  # broken through meanwhile
            for cell in _passage(drawing, mask, reached):
                reached[cell] = True
                if drawing.building[cell] >= 0 or drawing.land[cell] == _WATER:
                    drawing.building[cell] = NO_BUILDING
                    drawing.land[cell] = _VACANT
                    opened += 1
    if opened:
        findings.notes.append(
            f"{opened} cells of buildings were opened as passages: no ground led to what lies behind them"
        )
    if lost := len(stood - set(np.unique(drawing.building).tolist())):
        findings.left_out["buildings that gave way to a passage"] += lost


def _passage(drawing: Drawing, mask: Bools, goal: Bools) -> list[Cell]:
    """Cheapest cells from a building to connected ground: over other buildings' corners, last over water."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415
    from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415

    sizes = Counter(drawing.building.ravel().tolist())
    cost = np.where(drawing.land == _WATER, 30.0, 0.1)
    built = drawing.building >= 0
    cost[built] = [10.0 if sizes[n] > 1 else 100.0 for n in drawing.building[built].tolist()]
    cost[~drawing.inside] = 0.1
    index = np.arange(mask.size).reshape(mask.shape)
    a = np.r_[index[:, :-1].ravel(), index[:-1].ravel(), index[:, 1:].ravel(), index[1:].ravel()]
    b = np.r_[index[:, 1:].ravel(), index[1:].ravel(), index[:, :-1].ravel(), index[:-1].ravel()]
    graph = coo_matrix((cost.ravel()[b], (a, b)), shape=(mask.size,) * 2).tocsr()
    length, before, _ = dijkstra(graph, indices=index[mask], return_predecessors=True, min_only=True)
    goals = index[goal]
    if not goals.size:
        return []
    at = int(goals[np.argmin(length[goals])])
    path = []
    while at >= 0 and not mask.flat[at]:
        path.append((at // mask.shape[1], at % mask.shape[1]))
        at = int(before[at])
    return path


# --- gates ---------------------------------------------------------------------------------------


def _edges(drawing: Drawing, number: int) -> list[tuple[Cell, str, Cell]]:
    """Cells of a block, sides and cells beyond where one could walk through a gate."""
    own, open_ = drawing.block == number, drawing.walkable
    found = []
    for row, column in np.argwhere(own & open_).tolist():
        for side, (down, right) in SIDES.items():
            beyond = (row + down, column + right)
            if drawing.on(beyond) and not own[beyond] and open_[beyond]:
                found.append(((row, column), side, beyond))
    return found


def _gates(drawing: Drawing, features: Features, findings: Findings) -> None:
    """Put gates where openings are told, where ways cross a fence, and where else nobody could get in."""
    import shapely  # noqa: PLC0415

    names = Names()
    used: set[int] = set()
    told = [(opening.point.x, opening.point.y) for opening in features.openings]
    for number, yard in enumerate(drawing.yards):
        if not yard.fenced:
            continue
        edges = _edges(drawing, number)
        if not edges:
            yard.fenced = False
            findings.notes.append(
                f"the fence around '{yard.title or yard.name}' is not drawn: no ground beside it"
            )
            continue
        middle = np.array([_edge_middle(drawing, edge) for edge in edges])
        for k, point in enumerate(told):
            away = np.hypot(*(middle - point).T)
            beside = yard.shape.boundary.distance(features.openings[k].point) <= drawing.cell_m
            if away.min() <= 1.5 * drawing.cell_m and beside:
                used.add(k)
                if features.openings[k].gap:
                    findings.guess("gate", "a gap in the fence", "the fence has two loose ends there")
                _gate(drawing, names, edges[int(away.argmin())], features.openings[k].name)
        crossings = [
            point
            for way in features.ways
            for point in shapely.get_parts(shapely.intersection(way.line, yard.shape.boundary)).tolist()
            if point.geom_type == "Point"
        ]
        for crossing in crossings:
            away = np.hypot(*(middle - (crossing.x, crossing.y)).T)
            edge = edges[int(away.argmin())]
            near = any(math.dist(g["cell"], edge[0]) <= 2 for g in drawing.gates if g["fence"] == yard.name)
            if away.min() <= 1.5 * drawing.cell_m and not near:
                _gate(drawing, names, edge)
                findings.guess("gate", "open", "a road or path crosses the fence there")
        if not any(gate["fence"] == yard.name for gate in drawing.gates):
            roads = np.argwhere(drawing.way >= WAYS.index("park"))
            edge = min(edges, key=lambda e: ((roads - e[2]) ** 2).sum(axis=1).min() if roads.size else 0)
            _gate(drawing, names, edge)
            findings.guess("gate", "one", "the file shows no way through the fence; nearest to a road")
    if lost := sum(1 for k, opening in enumerate(features.openings) if k not in used and not opening.gap):
        findings.left_out["gates that stand in no fence that is drawn"] += lost
    _let_in(drawing, names, findings)


def _edge_middle(drawing: Drawing, edge: tuple[Cell, str, Cell]) -> tuple[float, float]:
    (ax, ay), (bx, by) = drawing.middle(edge[0]), drawing.middle(edge[2])
    return (ax + bx) / 2, (ay + by) / 2


def _gate(drawing: Drawing, names: Names, edge: tuple[Cell, str, Cell], title: str = "") -> None:
    """Open a fence at one edge, and the neighbour's where two share it."""
    cell, side, beyond = edge
    opposite = {"N": "S", "S": "N", "E": "W", "W": "E"}[side]
    for at, where in ((cell, side), (beyond, opposite)):
        number = int(drawing.block[at])
        if number >= 0 and drawing.yards[number].fenced:
            fence = drawing.yards[number].name
            gate = {"fence": fence, "cell": list(at), "side": where}
            if not any(gate.items() <= other.items() for other in drawing.gates):
                name = names(title, f"{fence}-gate"[:60])
                drawing.gates.append({"name": name, **gate})


def _let_in(drawing: Drawing, names: Names, findings: Findings) -> None:
    """Open further gates until every building can be reached; give a fence up where none helps."""
    parts = [mask for _, mask in _parts(drawing)]
    edges = [(n, edge) for n, yard in enumerate(drawing.yards) if yard.fenced for edge in _edges(drawing, n)]
    none = np.zeros(drawing.shape, np.bool_)
    while True:
        label = connected(drawing, fences=True)
        main = city_side(label)
        east, south = walls(drawing)
        shut = [m for m in parts if not (label[_doors(drawing, m, east, south)] == main).any()]
        done: set[int] = set()
        changed = False
        for mask in shut:
            doors = _doors(drawing, mask, none, none)
            pockets = {int(each) for each in np.unique(label[doors])} - {-1, main}
            if pockets & done:
                continue  # what was opened in this round leads here too
            edge = next(
                (e for n, e in edges if drawing.yards[n].fenced
                 and ((label[e[2]] == main and label[e[0]] in pockets)
                      or (label[e[0]] == main and label[e[2]] in pockets))),
                None,
            )  # fmt: skip
            if edge is not None:
                _gate(drawing, names, edge)
                findings.guess("gate", "one more", "a building inside could not be reached otherwise")
                done |= pockets
                changed = True
                continue
            inside = np.isin(label, [*pockets])
            fenced = {
                int(n) for n in drawing.block[inside | mask | doors] if n >= 0 and drawing.yards[n].fenced
            }
            for number in fenced:
                yard = drawing.yards[number]
                yard.fenced = False
                drawing.gates = [gate for gate in drawing.gates if gate["fence"] != yard.name]
                title = yard.title or yard.name
                findings.notes.append(f"the fence around '{title}' is not drawn: it would lock people in")
            if fenced:
                changed = True
                break  # what can be reached has changed all over
        if not changed:
            return


def city_side(label: Ints) -> int:
    """Tell the ground that most of the map's edge belongs to: there the city begins."""
    rim = np.r_[label[0], label[-1], label[:, 0], label[:, -1]]
    counted = Counter(rim[rim >= 0].tolist())
    return counted.most_common(1)[0][0] if counted else 0


# --- letters -------------------------------------------------------------------------------------


def _letters(drawing: Drawing, features: Features) -> None:
    """Write the map: a symbol for each kind of land in each block, adjoining buildings apart."""
    rows, columns = drawing.shape
    free = symbols()
    by_entry: dict[str, list[str]] = {}
    grid = [[""] * columns for _ in range(rows)]
    whose: dict[Any, int] = {}

    def symbol(entry: dict[str, Any], wanted: str = "") -> str:
        key = repr(entry)
        if key not in by_entry:
            letter = wanted if wanted and wanted not in drawing.legend else next(free)
            drawing.legend[letter] = entry
            by_entry[key] = [letter]
        return by_entry[key][0]

    for row in range(rows):
        for column in range(columns):
            if drawing.building[row, column] < 0:
                grid[row][column] = symbol(*_ground(drawing, row, column))
    for number in np.unique(drawing.building[drawing.building >= 0]).tolist():
        cells = [tuple(cell) for cell in np.argwhere(drawing.building == number).tolist()]
        entry = _house(drawing, features.buildings[number], cells)
        beside = {
            grid[r + d][c + e]
            for r, c in cells
            for d, e in SIDES.values()
            if drawing.on((r + d, c + e)) and whose.get((r + d, c + e), number) != number
        }
        letters = by_entry.setdefault(repr(entry), [])
        letter = next((each for each in letters if each not in beside), None)
        if letter is None:
            letter = next(free)
            drawing.legend[letter] = entry
            letters.append(letter)
        for cell in cells:
            grid[cell[0]][cell[1]] = letter
            whose[cell] = number
    drawing.rows = ["".join(row) for row in grid]


def _ground(drawing: Drawing, row: int, column: int) -> tuple[dict[str, Any], str]:
    """Legend entry of a cell without a building, and the symbol it should have if it can."""
    number = int(drawing.block[row, column])
    yard = drawing.yards[number] if number >= 0 else None
    entry: dict[str, Any]
    way = WAYS[drawing.way[row, column]]
    if not drawing.inside[row, column]:
        return {"use": "outside"}, OPEN["outside"]
    if way == "main":
        entry, wanted = {"use": "road", "road": "main", "site": "main road"}, "#"
    elif way == "park":
        entry, wanted = {"use": "road", "site": "road"}, "="
    elif drawing.car_park[row, column]:
        entry, wanted = {"use": "vacant", "site": "car park"}, OPEN["parking"]
    else:
        use = LAND_USES[drawing.land[row, column]]
        if use == "water" and way == "path":
            use = "vacant"  # a footbridge
        entry, wanted = {"use": use}, OPEN[use]
    if yard is not None:
        entry = entry | {"block": yard.name}
        if yard.title and "site" not in entry:
            entry["site"] = yard.title
        return entry, ""
    return entry, wanted


def _house(drawing: Drawing, building: Building, cells: list[Any]) -> dict[str, Any]:
    """Legend entry of a building: its whole floor on its cells."""
    share = (building.shape.area + building.more_m2) / (len(cells) * drawing.cell_m**2)
    entry: dict[str, Any] = {"use": building.use}
    if building.floors and building.floors > 1:
        entry["floors"] = int(building.floors)
    step = 0.05 if share >= 0.1 else 0.01
    entry["built"] = max(round(round(min(share, 1.0) / step) * step, 2), 0.01)
    number = int(drawing.block[cells[0]])
    if number >= 0:
        entry["block"] = drawing.yards[number].name
    if building.name:
        entry["site"] = building.name
    if building.name_zh:
        entry["site_zh"] = building.name_zh
    return entry


def _measure(drawing: Drawing, features: Features, findings: Findings) -> None:
    """Compare the floor that was read with the floor that is drawn."""
    read = sum(b.shape.area * (b.floors or 1) for b in features.buildings)
    drawn = floor_m2(drawing, BUILT_USES)
    findings.measured["floor"] = f"{read:,.0f} m² read, {drawn:,.0f} m² drawn"
    rows, columns = drawing.shape
    size = f"{rows} rows × {columns} columns of {drawing.cell_m:g} m"
    findings.measured["map"] = f"{size}, {len(drawing.legend)} symbols"


def floor_m2(drawing: Drawing, uses: Iterable[str]) -> float:
    """Floor of all buildings of some uses, m²."""
    counted = Counter("".join(drawing.rows))
    floors = (
        counted[letter] * drawing.cell_m**2 * entry.get("built", 0.6) * entry.get("floors", 1)
        for letter, entry in drawing.legend.items()
        if entry["use"] in uses
    )
    return float(sum(floors))
