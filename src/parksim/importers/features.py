"""What a map consists of before it is drawn cell by cell: shapes in metres, whatever file they came from.

Coordinates are metres east (x) and north (y) of a point in the middle of the park.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

from parksim.errors import ParksimError

Shape = Any
"""A shapely geometry (an optional dependency without type hints of its own)."""


class MissingExtraError(ParksimError):
    """An importer whose libraries are not installed."""


def need(extra: str, *modules: str) -> None:
    """Raise, naming the extra to install, where one of its modules is absent."""
    absent = [module for module in modules if find_spec(module) is None]
    if absent:
        raise MissingExtraError(
            f"this needs {', '.join(absent)}: install it with pip install 'parksim[{extra}]'"
        )


@dataclass(slots=True)
class Building:
    """A footprint. Empty `use` and `floors` are yet to be guessed."""

    shape: Shape
    use: str = ""
    floors: float | None = None
    name: str = ""
    name_zh: str = ""
    tag: str = ""
    """What the file says of it, for messages."""
    more_m2: float = 0
    """Footprint of smaller buildings that found no cell and are drawn as part of this one."""


@dataclass(slots=True)
class Way:
    """A road or path by its middle line. `rank` orders entrances: the highest are kept."""

    line: Shape
    kind: Literal["main", "park", "path"]
    name: str = ""
    rank: int = 0


@dataclass(slots=True)
class Area:
    """Land: green, water, vacant; or a parcel with the use of the buildings on it."""

    shape: Shape
    use: str
    name: str = ""
    name_zh: str = ""
    parcel: bool = False
    fenced: bool = False


@dataclass(slots=True)
class Lot:
    """A car park, by its ground or, where the file has no more, a point. No `places`: not told."""

    shape: Shape
    places: float | None = None
    name: str = ""
    name_zh: str = ""
    levels: float = 1


@dataclass(slots=True)
class Barrier:
    """A fence or wall by its line."""

    line: Shape


@dataclass(slots=True)
class Opening:
    """A gate in a fence, or a `gap` that is taken for one."""

    point: Shape
    name: str = ""
    gap: bool = False


@dataclass(slots=True)
class Spot:
    """A place people use."""

    point: Shape
    category: str
    name: str = ""
    name_zh: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    """What the file tells of it, as fields of an amenity."""


@dataclass(slots=True)
class Stop:
    """A stop, an exit or, where no exit is known, the middle of a station."""

    point: Shape
    kind: Literal["metro", "bus", "shuttle", "road", "path"]
    name: str = ""
    station: bool = False


@dataclass
class Features:
    """Everything read, and the outline of the park."""

    outline: Shape = None
    buildings: list[Building] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    barriers: list[Barrier] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
