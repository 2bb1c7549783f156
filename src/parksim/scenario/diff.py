"""What differs between two scenarios, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

from parksim.scenario.document import joined
from parksim.scenario.lookup import parts
from parksim.scenario.presets import origin
from parksim.scenario.schema import Linked, Map, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

APART = {
    "parksim",
    "name",
    "title",
    "title_zh",
    "summary",
    "summary_zh",
    "family",
    "type",
    "sources",
    "before",
}
"""What names or explains a scenario and is no difference between two."""

MOST_CELLS = 12
"""Cells listed one by one; more are counted."""


class Difference(NamedTuple):
    """One thing that differs.

    Attributes
    ----------
    path : str
        Dotted path, with names instead of positions; cells of the map as ``map.cells[row,column]``.
    a, b : object
        Plain value in the first and in the second scenario; None where it is not there or not stated.
    type : str
        Community type that the value of the second comes from, or else that of the first; empty: from none.
    """

    path: str
    a: Any
    b: Any
    type: str = ""

    def __str__(self) -> str:
        if self.a is None:
            return f"{self.path}: only in the second: {_text(self.b)}"
        if self.b is None:
            return f"{self.path}: only in the first: {_text(self.a)}"
        return f"{self.path}: {_text(self.a)} → {_text(self.b)}"


def difference(a: Scenario, b: Scenario) -> list[Difference]:
    """List what differs in content between two scenarios.

    Parameters
    ----------
    a, b : Scenario
        Names, texts, sources and the layout of before are not compared.

    Returns
    -------
    list of Difference
        In the order of the scenario format.
    """
    sections = (name for name in Scenario.model_fields if name not in APART)
    found = [each for name in sections for each in _differ(getattr(a, name), getattr(b, name), name)]
    return [each._replace(type=origin(b, each.path) or origin(a, each.path)) for each in found]


def _differ(a: Any, b: Any, path: str) -> Iterator[Difference]:
    if a == b:
        return
    if isinstance(a, Map) and isinstance(b, Map):
        yield from _maps(a, b, path)
    elif isinstance(a, Scenario) and isinstance(b, Scenario):  # linked towns
        yield from (each._replace(path=joined(path, each.path)) for each in difference(a, b))
    elif _comparable(a, b):
        below_a, below_b = parts(a), parts(b)
        for name in dict.fromkeys([*below_a, *below_b]):
            yield from _differ(below_a.get(name), below_b.get(name), joined(path, name))
    else:
        yield Difference(path, _plain(a), _plain(b))


def _comparable(a: Any, b: Any) -> bool:
    """Whether two values are compared part by part."""
    if isinstance(a, BaseModel) and isinstance(b, BaseModel):
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return True
    return isinstance(a, tuple) and isinstance(b, tuple) and all(hasattr(item, "name") for item in (*a, *b))


def _maps(a: Map, b: Map, path: str) -> Iterator[Difference]:
    for name in Map.model_fields:
        if name != "rows":
            yield from _differ(getattr(a, name), getattr(b, name), joined(path, name))
    if a.shape != b.shape:
        sizes = ["{} rows × {} columns".format(*each.shape) for each in (a, b)]
        yield Difference(f"{path}.rows", *sizes)
        return
    cells = [
        (f"{path}.cells[{row},{column}]", a.legend[here], b.legend[there], here, there)
        for row, pair in enumerate(zip(a.rows, b.rows, strict=True))
        for column, (here, there) in enumerate(zip(*pair, strict=True))
        if here != there
    ]
    if len(cells) > MOST_CELLS:
        yield Difference(f"{path}.cells", "", f"{len(cells)} cells differ")
        return
    for where, was, becomes, here, there in cells:
        yield Difference(where, f"{here} {was.site or was.use}", f"{there} {becomes.site or becomes.use}")


def _plain(value: Any) -> Any:
    if isinstance(value, Linked):
        return {value.here: "here"} | {town.name: town.scenario.name for town in value.towns}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _text(value: Any) -> str:
    """Write a plain value on one line, as YAML would."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def text(value: Any) -> str:
    """Write one side of a difference for a reader; nothing there is a dash."""
    return "–" if value is None else _text(value)
