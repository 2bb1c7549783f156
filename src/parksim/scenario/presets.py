"""The standard's community types: what `type: manufacturing` in a scenario stands for, and where that is placed.

A type is one file in ``types/``. Its ``park`` part says who works in such a place and how buildings serve them; it
belongs to the world of a family and counts in the plain park alone, the file that extends nothing. Its places,
chain of answers and council are what a community of the type adds; they count in a file that extends a park. Either
stands **below** what the file itself says and above what it extends, and carries the type's name in ``sources:``.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from parksim.errors import ParksimError, nearest
from parksim.scenario import typical
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.lookup import get
from parksim.scenario.merge import merge
from parksim.scenario.organs import Level
from parksim.scenario.parameters import Frozen, Grade
from parksim.scenario.schema import WORKPLACE, Map, Scenario
from parksim.scenario.standard import LINES, LIST_NAMES, LISTS
from parksim.scenario.terms import Cell, Name, Share  # noqa: TC001  (pydantic reads them)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parksim.scenario.schema import Symbol
    from parksim.scenario.standard import Service

FOLDER = Path(__file__).with_name("types")
EVERY = "every"
"""File with what the standard asks of every community."""
ARTICLE = "the standard's four types: article 002"
USUAL_COUNCIL = ("the usual council of parksim, by head-count", "parksim常用的治理架构，按人数折算")
SPREAD = (0.7, 1.3)
"""Plausible range of an assumed capacity, as shares of it."""
MOST_NAMED = 4
"""Places of a line that are named; more are counted."""


class Value(Frozen):
    """One value of the plain park."""

    value: Any
    grade: Grade = "assumed"
    source: str
    source_zh: str
    range: tuple[float, float] | None = None


class Place(Frozen):
    """One kind of place that a community of the type has."""

    name: Name
    category: str
    made_for: Share = Field(alias="for")
    """Share of the employees it is made for."""
    source: str
    source_zh: str
    title: str = ""
    title_zh: str = ""
    opens: float | None = None
    closes: float | None = None
    operator: Literal["public", "enterprise", "commercial"] = "commercial"
    outsiders_per_thousand: float = 0
    """Visits of residents and visitors a day, per thousand employees."""
    where: Literal["hub", "towers"] = "hub"
    sites: Annotated[int, Field(ge=1)] = 1
    """Into how many it is divided."""


class Step(Level):
    """One level of the chain that takes requests up; a park's only one has its capacity per thousand employees."""

    source: str
    source_zh: str


class Drawing(Frozen):
    """How ``parksim new`` draws a park of the type; everything is assumed."""

    title: str
    title_zh: str
    use: str
    second_use: str
    floors: int
    most_floors: int
    built: float
    slab: tuple[int, int]
    """Rows and columns of one building."""
    people_ha: float
    rent: float
    fenced: bool
    opened: Share
    """Share of the fences that the community opens."""
    sectors: dict[str, float]
    tech: tuple[str, ...] = ()
    hours: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """Opening hours of the enterprises' own places that differ from what is usual."""


class Preset(Frozen):
    """One community type."""

    title: str
    title_zh: str
    says: str
    """What the standard says of it, in short."""
    says_zh: str
    park: dict[str, Value] = Field(default_factory=dict)
    places: tuple[Place, ...] = ()
    chain: tuple[Step, ...] = ()
    draws: Drawing


def names() -> list[str]:
    """Names of the types, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != EVERY)


@cache
def preset(name: str) -> Preset:
    """Read one type, with what every community has.

    Raises
    ------
    ParksimError
        With the nearest name, where there is no such type.
    """
    if name not in names():
        raise ParksimError(f"there is no type '{name}'{nearest(name, names())}")
    own, every = (_file(each) for each in (name, EVERY))
    places = {place["name"]: place for place in (*every["places"], *own["places"])}
    return Preset.model_validate({"chain": every["chain"]} | own | {"places": list(places.values())})


def _file(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.load(
        (FOLDER / f"{name}.yaml").read_text(encoding="utf-8"),
        Loader=yaml.CSafeLoader,
    )
    return data


# --- below a file's own statements ---------------------------------------------------------------


def below(inherited: dict[str, Any] | None, own: dict[str, Any]) -> dict[str, Any]:
    """Say what a file's ``type:`` puts between what the file extends and what it says itself.

    Parameters
    ----------
    inherited : dict, optional
        Plain data of what the file extends; None: it is a plain park.
    own : dict
        Plain data of the file.

    Returns
    -------
    dict
        Sections of a scenario and their ``sources``; empty without a type, for one that does not exist, and where
        the map or head-count is too faulty to place anything (which is reported elsewhere).
    """
    name = own.get("type")
    if not isinstance(name, str) or name not in names():
        return {}
    if inherited is None:
        return _park(name, own)
    whole = merge(inherited, own)
    try:
        drawing, people = Map.model_validate(whole["map"]), int(whole["population"]["employees"])
    except (ValidationError, KeyError, TypeError, ValueError, IndexError):
        return {}
    layer: dict[str, Any] = {"sources": {}}
    _govern(name, people, inherited, own, layer)
    layer["amenities"] = list(_places(name, people, own, whole, drawing, layer["sources"]))
    return {key: value for key, value in layer.items() if value}


def _park(name: str, own: dict[str, Any]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for path, known in preset(name).park.items():
        if _states(own, path):
            continue
        *parents, last = path.split(".")
        holder = layer
        for part in parents:
            holder = holder.setdefault(part, {})
        holder[last] = known.value
        source = _source(name, (known.source, known.source_zh), known.range)
        layer.setdefault("sources", {})[path] = source | {"grade": known.grade}
    return layer


def _states(data: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(data, dict) or data.get(part) is None:
            return False
        data = data[part]
    return True


def _source(name: str, said: tuple[str, str], span: tuple[float, float] | None = None) -> dict[str, Any]:
    """Describe the source of a value of a type, said in English and Chinese."""
    told = {"grade": "assumed", "source": said[0], "source_zh": said[1], "type": name}
    return told | ({"range": list(span)} if span else {})


def _govern(
    name: str, people: int, inherited: dict[str, Any], own: dict[str, Any], layer: dict[str, Any]
) -> None:
    """Put the usual council and the type's chain below, where the park has no council yet."""
    if _states(inherited, "governance.kind") and inherited["governance"]["kind"] == "council":
        return
    told, sources = typical.council(people), layer["sources"]
    del told["channels"]  # the chain stands in its place; the park's own channels stay
    said = {key: value for key, value in told.items() if not _states(own, f"governance.{key}")}
    for key in said:
        sources[f"governance.{key}"] = _source(name, USUAL_COUNCIL)
    if not any(_states(own, f"governance.{key}") for key in ("channels", "chain")):
        said["chain"] = []
        for step in preset(name).chain:
            level = step.model_dump(exclude={"source", "source_zh"}, exclude_unset=True)
            if step.each == "park":
                level["capacity_month"] = max(5, typical.rounded(people * step.capacity_month / 1000))
            said["chain"].append(level)
            sources[f"governance.chain.{step.name}"] = _source(name, (step.source, step.source_zh))
    layer["governance"] = said


def _places(
    name: str, people: int, own: dict[str, Any], whole: dict[str, Any], drawing: Map, sources: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield what is missing of each kind of place that the file itself adds none of, on spaces that exist."""
    there = _amenities(whole)
    stated = {str(a.get("category")) for a in _amenities(own) if not str(a.get("name")).startswith("type-")}
    others = [a for a in there if not str(a.get("name")).startswith("type-")]
    spaces = _Spaces(drawing, others)
    used: dict[str, float] = {}
    for place in preset(name).places:
        if place.category in stated:
            continue
        kind = typical.usual(place.category)
        opens = kind.opens if place.opens is None else place.opens
        closes = kind.closes if place.closes is None else place.closes
        wanted = typical.capacity(place.category, people * place.made_for)
        open_then = sum(_open(a, place, opens, closes) for a in others)
        left = max(open_then - used.get(place.category, 0.0), 0.0)
        used[place.category] = used.get(place.category, 0.0) + min(left, wanted)
        missing = math.ceil(wanted - left)
        if missing <= (1 - SPREAD[0]) * wanted:  # what is there is as much as the type may have meant
            continue
        cells = spaces.towers(place.sites) if place.where == "towers" else [spaces.hub()]
        each = max(kind.least, math.ceil(missing / max(len(cells), 1)))
        for number, (cell, floor) in enumerate(cells, 1):
            called = f"type-{place.name}" + (f"-{number}" if len(cells) > 1 else "")
            more: dict[str, Any] = {
                "title": place.title,
                "title_zh": place.title_zh,
                "operator": place.operator,
            }
            more |= {"outsiders": typical.rounded(people * place.outsiders_per_thousand / 1000 / len(cells))}
            where = {"cell": list(cell), "floor": floor, "opens": opens, "closes": closes}
            yield typical.amenity(
                called, place.category, 0, new=True, capacity=each,
                **{key: value for key, value in more.items() if value}, **where,
            )  # fmt: skip
            sources[f"amenities.{called}"] = _source(
                name,
                (
                    f"{place.source}; site, size, hours and cost are ours",
                    f"{place.source_zh}；位置、规模、开放时间与费用为自拟",
                ),
            )
            why = (
                f"fills at the peak of {place.made_for:.0%} of the employees, less what is there",
                f"按{place.made_for:.0%}的职工高峰时坐满计，减去已有的数量",
            )
            span = (max(1, round(SPREAD[0] * each)), round(SPREAD[1] * each))
            sources[f"amenities.{called}.capacity"] = _source(name, why, span if span[0] < span[1] else None)


def _amenities(data: dict[str, Any]) -> list[dict[str, Any]]:
    stated = data.get("amenities")
    return [a for a in stated if isinstance(a, dict)] if isinstance(stated, list) else []


def _open(amenity: dict[str, Any], place: Place, opens: float, closes: float) -> float:
    """Capacity that a place of plain data adds to what a type asks for."""
    usual: dict[str, Any] = {"opens": 7, "closes": 22, "access": "everyone", "capacity": 0} | amenity
    try:
        fits = float(usual["opens"]) <= opens + 1 and float(usual["closes"]) >= closes - 1
        same = amenity.get("category") == place.category and amenity.get("outside") is None
        return float(usual["capacity"]) if same and fits and usual["access"] == "everyone" else 0.0
    except (TypeError, ValueError):
        return 0.0


class _Spaces:
    """Spaces that exist for places: floors of service buildings at the hub, and half way up the largest blocks.

    Parameters
    ----------
    drawing : Map
    amenities : iterable of dict
        What stands there, whose cells are taken on the floor they have.
    """

    def __init__(self, drawing: Map, amenities: Iterable[dict[str, Any]]) -> None:
        self.drawing = drawing
        service: dict[str, list[Cell]] = {}
        work: dict[str, list[Cell]] = {}
        at = total = 0.0 + 0.0j
        for row, text in enumerate(drawing.rows):
            for column, key in enumerate(text):
                symbol = drawing.legend.get(key)
                if symbol is None:
                    continue
                if symbol.use == "service":
                    service.setdefault(symbol.block or "", []).append((row, column))
                elif symbol.use in WORKPLACE:
                    work.setdefault(symbol.block or "", []).append((row, column))
                    at += complex(row, column) * symbol.floors * symbol.built
                    total += symbol.floors * symbol.built
        middle = at / total if total else 0j
        near = sorted((service or work).values(), key=lambda cells: _far(cells, middle))
        self.cells = near[0] if near else []
        self.blocks = sorted(work.values(), key=self._floor, reverse=True)
        spots = [(a["cell"], a.get("floor", 1)) for a in amenities if isinstance(a.get("cell"), list)]
        numbers = [(*cell, floor) for cell, floor in spots if len(cell) == 2]
        self.taken = {
            ((row, column), floor)
            for row, column, floor in numbers
            if all(isinstance(x, int) for x in (row, column, floor))
        }
        self.next = 0

    def _floor(self, cells: list[Cell]) -> float:
        return sum(self._symbol(cell).floors * self._symbol(cell).built for cell in cells)

    def _symbol(self, cell: Cell) -> Symbol:
        return self.drawing.legend[self.drawing.rows[cell[0]][cell[1]]]

    def hub(self) -> tuple[Cell, int]:
        """Return the next free cell and floor of the service building nearest to the middle of the desks."""
        if not self.cells:
            return (0, 0), 1  # nobody could work there either: reported elsewhere
        spots = [
            (cell, floor)
            for floor in range(1, max(self._symbol(cell).floors for cell in self.cells) + 1)
            for cell in self.cells
            if floor <= self._symbol(cell).floors
        ]
        free = [spot for spot in spots if spot not in self.taken] or spots
        found = free[self.next % len(free)] if free is spots else free[0]
        self.next += 1
        self.taken.add(found)
        return found

    def towers(self, sites: int) -> list[tuple[Cell, int]]:
        """Return a cell and floor half way up each of the largest blocks, or the next free ones above it."""
        found: list[tuple[Cell, int]] = []
        for cells in self.blocks[:sites]:
            half, top = max(1, self._symbol(cells[0]).floors // 2), self._symbol(cells[0]).floors
            floors = range(half, top + 1)
            spots = [(cell, f) for f in floors for cell in cells if f <= self._symbol(cell).floors]
            found.append(next((spot for spot in spots if spot not in self.taken), spots[0]))
        self.taken.update(found)
        return found or [self.hub()]


def _far(cells: list[Cell], middle: complex) -> float:
    return abs(sum(complex(*cell) for cell in cells) / len(cells) - middle)


# --- what it meant -------------------------------------------------------------------------------


def origin(scenario: Scenario, path: str) -> str:
    """Name the type that a value of a scenario comes from; empty where it comes from none.

    Parameters
    ----------
    scenario : Scenario
    path : str
        Dotted path; what lies below a value of a type comes from the type too.
    """
    at = path
    while at:
        if at in scenario.sources:
            return scenario.sources[at].type
        at = at.rpartition(".")[0]
    return ""


def told(scenario: Scenario) -> list[str]:
    """Say what a scenario's type meant: every value that came from it, then lines and lists with their places.

    Returns
    -------
    list of str
        Lines of text; empty for a scenario without a type.
    """
    if scenario.type is None:
        return []
    known = preset(scenario.type)
    lines = [
        f"type: {scenario.type}, {known.title} ({known.title_zh}): {known.says} ({ARTICLE}, B)",
        "what came from it:",
    ]
    people = scenario.population.employees
    for path, source in scenario.sources.items():
        if not source.type or path.endswith(".capacity"):
            continue
        value = get(scenario, path)
        if path.startswith("amenities."):
            floor = f", floor {value.floor}" if value.floor != 1 else ""
            own = "" if f"{path}.capacity" in scenario.sources else "; its capacity is the scenario's own"
            shown = (
                f"{CATEGORIES[value.category].en}, {value.capacity:g} places "
                f"({1000 * value.capacity / people:.3g} per 1,000 employees), "
                f"cell {list(value.cell or ())}{floor}, {value.opens:g}-{value.closes:g} h{own}"
            )
        elif path.startswith("governance.chain."):
            shown = f"{value.capacity_month:g} requests a month (one in every {value.each}) in {value.delay_days:g} "
            shown += f"days, solves {value.solves:.0%}, known to {value.awareness:.0%}"
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        span = f" {source.range[0]:g} to {source.range[1]:g}" if source.range else ""
        lines.append(f"  {path}: {shown} [{source.grade}{span}: {source.source}]")
    if len(lines) == 2:
        lines.append("  nothing: the scenario and what it extends say it all, or have it already")
    lines += ["the six lines:", *(_served(line, scenario) for line in LINES.values())]
    for name, items in LISTS.items():
        lines.append("{} ({}):".format(*LIST_NAMES[name]))
        lines += [_served(item, scenario) for item in items.values()]
    return lines


def _served(service: Service, scenario: Scenario) -> str:
    found = [place.name for place in service.places(scenario)]
    shown = ", ".join(found[:MOST_NAMED]) + (
        f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    )
    fairs = "job fairs" if service.offered(scenario) > len(found) else ""
    return f"  {service.en} ({service.zh}): {', '.join(filter(None, [fairs, shown])) or 'nothing'}"
