"""Write a park of one's own to start from: a drawn map, a plain member, and the community it could become.

``parksim new`` calls :func:`new`. The park is invented and says so: main roads around, park roads between
blocks, fenced yards with gates, a green, a way in of every kind. What the types are stands in
:mod:`parksim.scenario.presets`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parksim.errors import nearest
from parksim.importers.draft import Draft, DraftError, named, symbols, write_all
from parksim.scenario import presets, typical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.presets import Drawing

LEAST, MOST = (14, 18), (400, 400)
"""Rows and columns that can be drawn."""


@dataclass(slots=True)
class Block:
    """One block between roads: rows and columns from, to (exclusive), and what has been drawn in it."""

    name: str
    top: int
    left: int
    bottom: int
    right: int
    role: str = "open"
    symbol: str = ""
    service: list[tuple[int, int]] = field(default_factory=list)
    work: list[tuple[int, int]] = field(default_factory=list)
    ground: tuple[int, int] = (0, 0)

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column of its middle."""
        return (self.top + self.bottom) / 2, (self.left + self.right) / 2


class Sketch:
    """A map drawn block by block.

    Parameters
    ----------
    kind : Drawing
    rows, columns : int
    """

    def __init__(self, kind: Drawing, rows: int, columns: int) -> None:
        self.kind, self.rows, self.columns = kind, rows, columns
        self.cells = [["-"] * columns for _ in range(rows)]
        for row in range(rows):
            for column in range(columns):
                if row in (0, rows - 1) or column in (0, columns - 1):
                    self.cells[row][column] = "#"
        self.free = symbols()
        self.legend: dict[str, dict[str, Any]] = {
            "#": {"use": "road", "road": "main", "site": "bounding road", "site_zh": "周边干道"},
            "-": {"use": "road", "site": "park road", "site_zh": "园区道路"},
        }
        self.blocks = list(self._blocks())
        self._roles()
        for block in self.blocks:
            self._draw(block)

    def _blocks(self) -> Iterator[Block]:
        downs = _cuts(self.rows, 10)
        acrosses = _cuts(self.columns, 13)
        number = 0
        for top, bottom in pairwise(downs):
            for left, right in pairwise(acrosses):
                number += 1
                yield Block(f"block-{number}", top + 1, left + 1, bottom, right)

    def _roles(self) -> None:
        """Say what each block is: the middle one is green, the others are yards and open blocks in turn."""
        middle = (self.rows / 2, self.columns / 2)
        order = sorted(self.blocks, key=lambda b: math.dist(b.middle, middle))
        order[0].role = "centre"
        for number, block in enumerate(self.blocks):
            if block.role != "centre":
                block.role = "yard" if self.kind.fenced and number % 3 != 1 else "open"
        others = [block for block in self.blocks if block.role != "centre"]
        if all(block.role == "yard" for block in others):
            others[0].role = "open"
        for role, stem in (("yard", "yard"), ("open", "front"), ("centre", "centre")):
            same = [block for block in self.blocks if block.role == role]
            for number, block in enumerate(same, 1):
                block.name = stem if len(same) == 1 else f"{stem}-{number}"

    def _draw(self, block: Block) -> None:
        title, kind = block.name.replace("-", " "), self.kind
        ground = "vacant" if block.role == "open" else "green"
        symbol = next(self.free)
        self.legend[symbol] = {"use": ground, "block": block.name, "site": f"{title} grounds"}
        self._fill(symbol, block.top, block.left, block.bottom, block.right)
        block.ground = (block.top, block.left)
        slabs = list(_slabs(block, kind.slab))
        if block.role == "centre":
            row, column = (round(x) for x in block.middle)
            slabs = [(row - 1, column - 2, row + 1, column + 2)]
        service = slabs[-1]
        slabs = slabs[:-1]
        if not slabs and block.role != "centre":  # room for one building: a third of it serves
            top, left, bottom, right = service
            third = right - max((right - left) // 3, 1)
            slabs, service = [(top, left, bottom, third)], (top, third, bottom, right)
        if slabs:
            block.symbol = next(self.free)
            number = sum(1 for b in self.blocks if b.symbol)
            use = kind.second_use if number % 3 == 0 else kind.use
            self.legend[block.symbol] = {
                "use": use,
                "floors": kind.floors,
                "built": kind.built,
                "block": block.name,
                "site": title,
                "office_rent": kind.rent,
            }
        for slab in slabs:
            block.work += self._fill(block.symbol, *slab)
        symbol = next(self.free)
        floors = 4 if block.role == "centre" else 2
        self.legend[symbol] = {
            "use": "service",
            "floors": floors,
            "block": block.name,
            "site": f"{title} services",
        }
        block.service = self._fill(symbol, *service)

    def _fill(self, symbol: str, top: int, left: int, bottom: int, right: int) -> list[tuple[int, int]]:
        spots = [(row, column) for row in range(top, bottom) for column in range(left, right)]
        for row, column in spots:
            self.cells[row][column] = symbol
        return spots

    def role(self, role: str) -> list[Block]:
        """Blocks of one role."""
        return [block for block in self.blocks if block.role == role]

    def raise_to(self, floors: int) -> None:
        """Give the workplaces so many storeys."""
        for block in self.blocks:
            if block.symbol:
                self.legend[block.symbol]["floors"] = floors


def _cuts(length: int, usual: int) -> list[int]:
    """Lines of roads along one side: the frame's two, and park roads about `usual` cells apart."""
    count = min(max(round((length - 2) / usual), 2), 12)
    return [round(i * (length - 1) / count) for i in range(count + 1)]


def _slabs(block: Block, size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield rectangles for buildings, a margin around them and at least a cell between them."""
    high, wide = (min(size[0], block.bottom - block.top - 2), min(size[1], block.right - block.left - 2))
    for top in _spread(block.top + 1, block.bottom - 1, high):
        for left in _spread(block.left + 1, block.right - 1, wide):
            yield top, left, top + high, left + wide


def _spread(start: int, end: int, size: int) -> list[int]:
    """Say where pieces of one size start, as many as fit between start and end, evenly spread."""
    count = max((end - start + 1) // (size + 1), 1)
    if count == 1:
        return [start]
    return [start + round(i * (end - start - size) / (count - 1)) for i in range(count)]


INVENTED = ("invented by parksim new", "由parksim生成，为虚构")
COMMENTS = {
    "map": """\
One character a cell. A legend entry says what it stands for: its use, storeys (floors), the share of the
cell that is built over (built), the block it belongs to, what it is called, its rent.
A fence stands around a block; a gate opens it on one side (N, E, S, W) of one cell.""",
    "gateways": """\
Ways in. A road entrance lets in `capacity` vehicles an hour; a metro, bus or shuttle comes every
`headway_min` minutes. A path leads to places outside the map.""",
    "amenities": """\
Places people use. Where: a `cell` [row, column], a `block`, or `outside` the map, so many metres beyond a
gateway. `access: staff` is for the people of its `owner`, a block or an anchor enterprise.""",
    "governance": "Whom one can ask, how many requests they answer a month, and how long that takes.",
    "circles": "What should be within how many minutes' walk: a preset (iot-town, td-t-1062), or your own.",
    "city": """\
Home zones: share of the residents (weight), km by road, minutes in the metro (none: no metro).
`parksim template xlsx` makes a workbook in which to give the counts you know.""",
    "population": "Add age:, education:, wage_band:, household:, owner_share:, car_share: as far as known.",
    "sources": """\
Where each value comes from. Grades: A official or peer-reviewed, B press or secondary, C a single weak
source, assumed. A number with a range is drawn anew in each replication of a comparison.""",
}
"""What stands above each section of a plain park."""


# --- the pair ------------------------------------------------------------------------------------


def new(
    name: str,
    kind: str,
    rows: int,
    columns: int,
    *,
    cell_m: float = 25,
    employees: int | None = None,
    into: Path = Path(),
    force: bool = False,
) -> list[Path]:
    """Write ``NAME-park.yaml`` and ``NAME-community.yaml``.

    Parameters
    ----------
    name : str
        Name of the family.
    kind : str
        One of :func:`parksim.scenario.presets.names`.
    rows, columns : int
        Size of the map in cells.
    cell_m : float
        Side of a cell, m.
    employees : int, optional
        By default what such a park usually has for its size.
    into : Path
        Folder to write in.
    force : bool
        Whether files that are there may be overwritten.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    DraftError
        For an unknown type, a map too small or large, more people than it can hold, or files that are there.
    """
    park, community = drafts(named(name), kind, rows, columns, cell_m=cell_m, employees=employees)
    return write_all({into / f"{each.name}.yaml": each.text() for each in (park, community)}, force=force)


def drafts(
    name: str, kind: str, rows: int, columns: int, *, cell_m: float = 25, employees: int | None = None
) -> tuple[Draft, Draft]:
    """Draft the pair that :func:`new` writes."""
    if kind not in presets.names():
        raise DraftError(f"there is no type '{kind}'{nearest(kind, presets.names())}")
    if not (LEAST[0] <= rows <= MOST[0] and LEAST[1] <= columns <= MOST[1]):
        raise DraftError(
            f"{columns}x{rows} cells (columns x rows) cannot be drawn; "
            f"from {LEAST[1]}x{LEAST[0]} to {MOST[1]}x{MOST[0]}"
        )
    if not 5 <= cell_m <= 200:
        raise DraftError(f"cells of {cell_m:g} m cannot be drawn; from 5 to 200")
    if employees is not None and not 20 <= employees <= 1_000_000:
        raise DraftError(f"{employees:,} employees are out of range; from 20 to 1,000,000")
    sketch = Sketch(presets.preset(kind).draws, rows, columns)
    people = _house(sketch, cell_m, employees)
    park = _park(name, kind, sketch, cell_m, people)
    return park, _community(name, kind, sketch, people, park)


def _house(sketch: Sketch, cell_m: float, employees: int | None) -> int:
    """Give the buildings the storeys that the people need; return how many people there are."""
    kind = sketch.kind
    storey = sum(len(block.work) for block in sketch.blocks) * cell_m**2 * kind.built
    each = typical.M2_A_WORKER / typical.LET_SHARE
    if employees is None:
        hectares = sketch.rows * sketch.columns * cell_m**2 / 10_000
        employees = max(20, typical.rounded(min(hectares * kind.people_ha, storey * kind.floors / each)))
    floors = max(1, math.ceil(employees * each / storey))
    if floors > kind.most_floors:
        most = int(storey * kind.most_floors / each)
        raise DraftError(
            f"{employees:,} employees need {floors} storeys on "
            f"{sketch.columns}x{sketch.rows} cells of {cell_m:g} m; "
            f"at most {kind.most_floors} storeys, {most:,} employees: give more cells"
        )
    sketch.raise_to(floors)
    return employees


def _park(name: str, type_: str, sketch: Sketch, cell_m: float, people: int) -> Draft:
    kind = sketch.kind
    yards = sketch.role("yard")
    draft = Draft(
        f"{name}-park",
        f"{name}: the {kind.title}",
        name,
        f"{name}：{kind.title_zh}",
        f"An invented {kind.title} of {people:,} employees to start from.",
        f"虚构的{kind.title_zh}，可在此基础上修改。",
        head=(
            f"{name}, the plain park: what stands there the month before it becomes a community.\n"
            "Everything is invented, drawn by `parksim new`. Put your own figures in, note where they\n"
            "come from under `sources:` at the end, and after every change run\n"
            f"  parksim check {name}-park.yaml {name}-community.yaml\n"
            f"What its type stands for, `parksim show {name}-park.yaml` tells at the end."
        ),
        type=type_,
    )
    draft.map = {
        "cell_m": cell_m,
        "legend": sketch.legend,
        "rows": ["".join(row) for row in sketch.cells],
        "fences": [{"name": block.name, "block": block.name} for block in yards],
        "gates": [gate for block in yards for gate in _gates(block)],
    }
    draft.gateways = _gateways(sketch)
    draft.amenities = _plain_amenities(sketch, people)
    draft.governance = typical.administration(people)
    draft.circles = "iot-town"
    draft.city = typical.city()
    draft.population = {"employees": people}
    draft.enterprises = typical.firms(people, kind.sectors, kind.tech)
    block = (yards or sketch.role("open"))[0].name
    example = (
        f"{{name: acme, title: Acme Ltd, employees: 300, block: {block}, sector: {next(iter(kind.sectors))}}}"
    )
    draft.comments = COMMENTS | {
        "enterprises": f"Name the large ones, as for example\n  anchors: [{example}]"
    }
    for path in (*typical.PATHS, "map", "gateways", "amenities"):
        draft.assume(path, INVENTED)
    draft.assume("population.employees", INVENTED, (round(people * 0.9), round(people * 1.1)))
    return draft


def _gates(block: Block) -> Iterator[dict[str, Any]]:
    row, column = (block.top + block.bottom) // 2, (block.left + block.right) // 2
    yield {
        "name": f"{block.name}-south",
        "fence": block.name,
        "cell": [block.bottom - 1, column],
        "side": "S",
    }
    yield {"name": f"{block.name}-east", "fence": block.name, "cell": [row, block.right - 1], "side": "E"}


def _gateways(sketch: Sketch) -> list[dict[str, Any]]:
    last_row, last_column = sketch.rows - 1, sketch.columns - 1
    down = _cuts(sketch.rows, 10)
    across = _cuts(sketch.columns, 13)
    lane, street = across[len(across) // 2], down[len(down) // 2]
    return [
        {"name": "metro", "kind": "metro", "cell": [0, lane], "beyond_m": 80, "headway_min": 5},
        {"name": "bus-west", "kind": "bus", "cell": [street - 1, 0], "headway_min": 10},
        {"name": "bus-south", "kind": "bus", "cell": [last_row, lane], "headway_min": 12},
        {"name": "shuttle", "kind": "shuttle", "cell": [street - 1, last_column], "headway_min": 20},
        {"name": "road-west", "kind": "road", "cell": [street, 0], "capacity": 1200, "background": 200},
        {
            "name": "road-east",
            "kind": "road",
            "cell": [street, last_column],
            "capacity": 1200,
            "background": 200,
        },
        {
            "name": "road-south",
            "kind": "road",
            "cell": [last_row, across[1]],
            "capacity": 1000,
            "background": 150,
        },
        {"name": "path-north", "kind": "path", "cell": [0, across[1] // 2]},
        {"name": "path-south", "kind": "path", "cell": [last_row, (across[-2] + across[-1]) // 2]},
    ]


class _Spots:
    """Hands out cells of service buildings, one block after the other."""

    def __init__(self, blocks: list[Block]) -> None:
        turns = zip_longest(*(block.service for block in blocks))
        self.cells = [cell for turn in turns for cell in turn if cell is not None]
        self.next = 0

    def __call__(self) -> list[int]:
        cell = self.cells[self.next % len(self.cells)]
        self.next += 1
        return list(cell)


def _plain_amenities(sketch: Sketch, people: int) -> list[dict[str, Any]]:
    """Own-staff canteens in the yards, some shops in front, the neighbourhood's places beyond the paths."""
    kind = sketch.kind
    cells = sum(len(block.work) for block in sketch.blocks)
    fenced = sketch.role("yard") or sketch.role("open")[::2]  # some towers have one for their own tenants
    found = [
        _place(
            kind,
            f"canteen-{block.name}",
            "canteen",
            people * len(block.work) / cells,
            cell=list(block.service[0]),
            access="staff",
            owner=block.name,
            operator="enterprise",
        )
        for block in fenced
    ]
    spot = _Spots([*sketch.role("open"), *sketch.role("centre")])
    for name, category, share in (
        ("food-court", "canteen", 0.3),
        ("restaurant", "restaurant", 0.5),
        ("cafe", "cafe", 0.4),
        ("shop-1", "convenience", 0.4),
        ("shop-2", "convenience", 0.4),
        ("bank", "bank", 0.7),
        ("pharmacy", "pharmacy", 0.6),
    ):
        found.append(_place(kind, name, category, people * share, cell=spot()))
    for name, category, share, via, walk in (
        ("restaurants-north", "restaurant", 0.4, "path-north", 300),
        ("shops-north", "convenience", 0.3, "path-north", 200),
        ("laundry-north", "laundry", 0.8, "path-north", 300),
        ("gym-north", "gym", 0.5, "path-north", 600),
        ("clinic-south", "clinic", 0.8, "path-south", 600),
        ("kindergarten-south", "kindergarten", 0.5, "path-south", 500),
        ("school-south", "school", 0.6, "path-south", 700),
        ("tutoring-south", "after_school", 0.5, "path-south", 500),
        ("library-north", "library", 0.6, "path-north", 900),
        ("mall-south", "mall", 0.8, "path-south", 1100),
        ("service-hall-north", "public_service", 0.7, "path-north", 800),
    ):
        place = _place(kind, name, category, people * share, outside={"via": via, "walk_m": walk})
        place.pop("opex_cny_year", None)  # what lies outside costs the park nothing
        found.append(place)
    return found


def _place(kind: Drawing, name: str, category: str, people: float, **more: Any) -> dict[str, Any]:
    if category in kind.hours and "outside" not in more:
        more["opens"], more["closes"] = kind.hours[category]
    return typical.amenity(name, category, people, **more)


def _community(name: str, type_: str, sketch: Sketch, people: int, park: Draft) -> Draft:
    kind = sketch.kind
    draft = Draft(
        f"{name}-community",
        f"{name}: the industrial community",
        name,
        f"{name}:产业社区",
        "The same streets, firms and homes; fences opened, places shared, and what the type brings.",
        "街道、企业、住处不变；打开围栏、共享服务，并按社区类型增设服务、设立社区治理。",
        extends=f"{name}-park",
        head=(
            f"{name}, the community: only what differs. The homes, the people and the firms are the park's.\n"
            "Things are changed by name; `remove: true` takes one away. It may lose: let the run say.\n"
            f"`parksim show {name}-community.yaml` lists the places and the council that its type brings."
        ),
        type=type_,
    )
    opened = sketch.role("yard")[: math.ceil(len(sketch.role("yard")) * kind.opened)]
    draft.map = {"fences": [{"name": block.name, "open": True} for block in opened]}
    shared = {block.name for block in opened} or {a["owner"] for a in park.amenities if "owner" in a}
    draft.amenities = [
        {"name": a["name"], "access": "everyone"} for a in park.amenities if a.get("owner") in shared
    ]
    green = sketch.role("centre")[0].ground
    draft.amenities.append(
        _place(
            kind, "green-loop", "running_path", people * 0.6, new=True, cell=list(green), operator="public"
        )
    )
    draft.comments = {
        "map": "Whoever opens a fence shortens walks; whoever keeps it keeps the yard to itself.",
        "amenities": "The places of the type are called type-...; change them here by name.",
    }
    for path in ("map.fences", "amenities"):
        draft.assume(path, INVENTED)
    if not draft.map["fences"]:
        draft.map = {}
        draft.sources.pop("map.fences")
    return draft
