"""GeoJSON files of one's own: a mapping file says which file holds what, and what its fields and values mean.

::

    crs: gcj02                      # wgs84, gcj02, bd09 or EPSG:code; a layer may have its own
    cell_m: 25
    outline: boundary.geojson       # by default the box around all buildings
    source: survey of 2024
    grade: B
    layers:
      - file: buildings.geojson
        kind: buildings
        fields: {name_zh: MC, floors: CS, use: YT}
        meanings: {办公: office, 厂房: factory}
        default: office
      - {file: roads.geojson, kind: roads, fields: {class: DJ}, meanings: {主干路: main, 支路: park}}
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim.errors import Problem, ScenarioError, nearest
from parksim.importers.compose import AROUND_M
from parksim.importers.coordinates import Local, sea_note, system
from parksim.importers.draft import DraftError, within
from parksim.importers.features import (
    Area,
    Barrier,
    Building,
    Features,
    Lot,
    Opening,
    Spot,
    Stop,
    Way,
    need,
)
from parksim.importers.outline import features_of, geometry, load_json, polygon, sized, wgs84
from parksim.importers.raster import BUILT_USES
from parksim.scenario import document
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parksim.importers.features import Shape
    from parksim.importers.findings import Findings

STOREY_M = 3.3
FAR_KM = 20
"""Layers further apart than this cannot show one park, km."""
YES = ("1", "true", "yes", "y", "是", "有")
MOST_FEATURES = 200_000

FIELDS: dict[str, tuple[str, ...]] = {
    "buildings": ("name", "name_zh", "floors", "height", "use"),
    "parcels": ("name", "name_zh", "use", "fenced"),
    "land": ("name", "name_zh", "use", "capacity"),
    "roads": ("name", "class"),
    "fences": (),
    "gates": ("name",),
    "places": ("name", "name_zh", "category", "capacity", "opens", "closes", "floor", "price"),
    "stops": ("name", "kind"),
}
"""Kinds of layers, and the fields each may name."""
MEANT: dict[str, tuple[str, frozenset[str]]] = {
    "buildings": ("use", frozenset(BUILT_USES)),
    "parcels": ("use", frozenset(BUILT_USES)),
    "land": ("use", frozenset({"green", "water", "vacant", "parking"})),
    "roads": ("class", frozenset({"main", "park", "path"})),
    "places": ("category", frozenset(CATEGORIES)),
    "stops": ("kind", frozenset({"metro", "bus", "shuttle", "road", "path"})),
}
"""The field whose values need a meaning, and the meanings there are."""
FORMS = {
    "buildings": ("Polygon", "MultiPolygon"),
    "parcels": ("Polygon", "MultiPolygon"),
    "land": ("Polygon", "MultiPolygon"),
    "roads": ("LineString", "MultiLineString"),
    "fences": ("LineString", "MultiLineString", "Polygon", "MultiPolygon"),
    "gates": ("Point", "MultiPoint"),
    "places": ("Point", "MultiPoint", "Polygon", "MultiPolygon"),
    "stops": ("Point", "MultiPoint"),
}
"""Geometries that each kind of layer may have."""
KEYS = ("crs", "cell_m", "outline", "source", "grade", "layers")
LAYER_KEYS = ("file", "kind", "fields", "meanings", "default", "crs")


@dataclass
class Layer:
    """One file and what it holds."""

    file: Path
    kind: str
    fields: dict[str, str]
    meanings: dict[str, str]
    default: str
    crs: str


@dataclass
class Mapping:
    """A mapping file that has been read."""

    crs: str = "wgs84"
    cell_m: float = 25
    outline: Path | None = None
    source: str = ""
    grade: str = "B"
    layers: list[Layer] = field(default_factory=list)


def read_mapping(file: Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    ScenarioError
        Listing every fault with its line.
    DraftError
        Where a file that it names lies outside its folder.
    """
    read = document.read(file, str(file))
    problems = list(read.problems)

    def fault(path: str, message: str) -> None:
        problems.append(Problem(str(file), read.lines.get(path), path, message))

    data = read.data
    for key in data:
        if key not in KEYS:
            fault(key, f"unknown key '{key}'{nearest(key, KEYS)}")
    made = Mapping(source=str(data.get("source") or file.name), grade=str(data.get("grade", "B")))
    if made.grade not in ("A", "B", "C", "assumed"):
        fault("grade", f"'{made.grade}' is no grade; valid: A, B, C, assumed")
    cell = data.get("cell_m", 25)
    if isinstance(cell, int | float) and 5 <= cell <= 200:
        made.cell_m = float(cell)
    else:
        fault("cell_m", f"{cell!r} is out of range; allowed: 5 to 200 (metres)")
    made.crs = _crs(data.get("crs", "wgs84"), "crs", fault)
    if data.get("outline"):
        made.outline = within(file.parent, str(data["outline"]))
    layers = data.get("layers")
    if not isinstance(layers, list) or not layers:
        fault("layers", "give a list of layers, each with 'file:' and 'kind:'")
        layers = []
    for number, each in enumerate(layers):
        layer = _layer(each, f"layers.{number}", made.crs, file, fault)
        if layer is not None:
            made.layers.append(layer)
    if problems:
        raise ScenarioError(problems)
    return made


def _crs(value: Any, path: str, fault: Any) -> str:
    try:
        return system(str(value))
    except DraftError as error:
        fault(path, str(error))
        return "wgs84"


def _layer(each: Any, path: str, crs: str, file: Path, fault: Any) -> Layer | None:
    if not isinstance(each, dict):
        fault(path, "a layer is a mapping with 'file:' and 'kind:'")
        return None
    for key in each:
        if key not in LAYER_KEYS:
            fault(f"{path}.{key}", f"unknown key '{key}'{nearest(key, LAYER_KEYS)}")
    kind = str(each.get("kind", ""))
    if kind not in FIELDS:
        fault(f"{path}.kind", f"'{kind}' is no kind of layer{nearest(kind, FIELDS)}")
        return None
    if not each.get("file"):
        fault(path, "'file:' is missing")
        return None
    fields, meanings = each.get("fields") or {}, each.get("meanings") or {}
    for name in fields:
        if name not in FIELDS[kind]:
            fault(f"{path}.fields.{name}", f"{kind} have no '{name}'{nearest(name, FIELDS[kind])}")
    valid = MEANT[kind][1] if kind in MEANT else frozenset()
    default = str(each.get("default") or "")
    for where, meaning in (
        *((f"{path}.meanings.{k}", v) for k, v in meanings.items()),
        (f"{path}.default", default),
    ):
        if meaning and meaning not in (*valid, "ignore"):
            fault(where, f"'{meaning}' means nothing here{nearest(meaning, {*valid, 'ignore'})}")
    own = _crs(each["crs"], f"{path}.crs", fault) if "crs" in each else crs
    texts = {str(k): str(v) for k, v in meanings.items()}
    return Layer(
        within(file.parent, str(each["file"])),
        kind,
        {str(k): str(v) for k, v in fields.items()},
        texts,
        default,
        own,
    )


def read(mapping: Mapping, findings: Findings) -> Features:
    """Read the layers of a mapping.

    Returns
    -------
    Features
        In metres around the middle of the outline.

    Raises
    ------
    DraftError
        For files that cannot be read, fields that are not there, layers that lie far from each other.
    """
    need("gis", "shapely", "pyproj")
    import shapely  # noqa: PLC0415  (an extra)

    made = Features()
    things: dict[str, list[Any]] = {}
    for layer in mapping.layers:
        things.setdefault(str(layer.file), []).extend(_things(layer, findings))
        findings.read[f"{layer.kind} ({layer.file.name})"] += len(things[str(layer.file)])
    if not any(isinstance(thing, Building) for group in things.values() for thing in group):
        raise DraftError("the layers hold no building: an empty extract, or the wrong file?")
    _together({name: group for name, group in things.items() if group})
    everything = [thing for group in things.values() for thing in group]
    if mapping.outline:
        outline = polygon(mapping.outline, mapping.crs)
    else:
        houses = np.array([t.shape for t in everything if isinstance(t, Building)], dtype=object)
        outline = sized(
            _around(shapely.total_bounds(houses), 2 * mapping.cell_m), "the box around the buildings"
        )
    west, south, east, north = outline.bounds
    local = Local((west + east) / 2, (south + north) / 2)
    findings.notes += sea_note(local.lon, local.lat)

    def plane(degrees: Any) -> Any:
        return np.column_stack(local(degrees[:, 0], degrees[:, 1]))

    made.outline = shapely.transform(outline, plane)
    for name in ("shape", "line", "point"):
        mine = [thing for thing in everything if hasattr(thing, name)]
        moved = shapely.transform(np.array([getattr(thing, name) for thing in mine], dtype=object), plane)
        for thing, shape in zip(mine, moved, strict=True):
            setattr(thing, name, shape)
    kept = [
        t
        for t in everything
        if made.outline.distance(_shape(t)) <= (AROUND_M if isinstance(t, Spot | Stop) else 0)
    ]
    if len(kept) < len(everything):
        findings.left_out["things outside the outline"] += len(everything) - len(kept)
    made.buildings = [t for t in kept if isinstance(t, Building)]
    made.ways = [t for t in kept if isinstance(t, Way)]
    made.areas = [t for t in kept if isinstance(t, Area)]
    made.lots = [t for t in kept if isinstance(t, Lot)]
    made.barriers = [t for t in kept if isinstance(t, Barrier)]
    made.openings = [t for t in kept if isinstance(t, Opening)]
    made.spots = [t for t in kept if isinstance(t, Spot)]
    made.stops = [t for t in kept if isinstance(t, Stop)]
    return made


def _around(bounds: Any, metres: float) -> Shape:
    """Make a box in degrees with a margin, so that the streets beside the outer buildings are on the map."""
    import shapely  # noqa: PLC0415

    west, south, east, north = (float(each) for each in bounds)
    up = metres / 111_200
    across = up / max(math.cos(math.radians((south + north) / 2)), 0.05)
    return shapely.box(west - across, south - up, east + across, north + up)


def _shape(thing: Any) -> Shape:
    return next(getattr(thing, name) for name in ("shape", "line", "point") if hasattr(thing, name))


def _together(groups: dict[str, list[Any]]) -> None:
    """Raise where one file lies far from another: then one of them is in another coordinate system."""
    middles = {}
    for name, group in groups.items():
        middle = np.median([_shape(thing).centroid.coords[0] for thing in group], axis=0)
        middles[name] = (float(middle[0]), float(middle[1]))
    first, (lon, lat) = next(iter(middles.items()))
    for name, (x, y) in middles.items():
        km = math.hypot((x - lon) * math.cos(math.radians(lat)), y - lat) * 111.2
        if km > FAR_KM:
            raise DraftError(
                f"{name} lies {km:,.0f} km from {first}, "
                f"near ({x:.4f}, {y:.4f}) instead of ({lon:.4f}, {lat:.4f}): "
                "another coordinate system, or swapped axes?"
            )


def _things(layer: Layer, findings: Findings) -> Iterator[Any]:
    import shapely  # noqa: PLC0415

    rows = features_of(load_json(layer.file), layer.file)
    if len(rows) > MOST_FEATURES:
        raise DraftError(
            f"{layer.file} holds {len(rows):,} things, more than {MOST_FEATURES:,}: cut the park out first"
        )
    _has_fields(layer, rows)
    wrong: Counter[str] = Counter()
    shapes, kept = [], []
    for row in rows:
        shape = geometry(row.get("geometry"), str(layer.file))
        if shape is None or shape.is_empty:
            wrong["no geometry"] += 1
        elif shape.geom_type not in FORMS[layer.kind]:
            wrong[shape.geom_type] += 1
        else:
            shapes.append(shape)
            kept.append(row.get("properties") or {})
    for what, number in wrong.items():
        findings.left_out[f"{what} in {layer.file.name}, which holds {layer.kind}"] += number
    if not shapes:
        return
    moved = wgs84(np.array(shapes, dtype=object), layer.crs, layer.file.name)
    for shape, said in zip(moved, kept, strict=True):
        sound = shape
        if layer.kind in ("buildings", "parcels", "land") and not shape.is_valid:
            sound = shapely.make_valid(shape)
            findings.guess(f"outline in {layer.file.name}", "mended", "it crosses itself")
        yield from _thing(layer, sound, said, findings)


def _has_fields(layer: Layer, rows: list[dict[str, Any]]) -> None:
    """Raise where a field that the mapping names is in no feature."""
    there = {str(key) for row in rows for key in (row.get("properties") or {})}
    for name, source in layer.fields.items():
        if rows and source not in there:
            raise DraftError(
                f"{layer.file.name}: there is no field '{source}' (for '{name}'){nearest(source, there)}"
            )


def _thing(layer: Layer, shape: Shape, said: dict[str, Any], findings: Findings) -> Iterator[Any]:
    import shapely  # noqa: PLC0415

    def told(name: str) -> Any:
        value = said.get(layer.fields.get(name, ""))
        return None if value in (None, "") else value

    meaning = ""
    if layer.kind in MEANT:
        meaning = _meaning(layer, told(MEANT[layer.kind][0]), findings)
        if meaning == "ignore":
            return
        if not meaning and layer.kind not in ("buildings", "parcels"):
            findings.left_out[f"{layer.kind} of unknown meaning in {layer.file.name}"] += 1
            return
    name, name_zh = _text(told("name")), _text(told("name_zh"))
    if layer.kind == "buildings":
        floors = _number(told("floors"), layer, "floors", findings)
        height = _number(told("height"), layer, "height", findings)
        if floors is None and height is not None and height > 2:
            floors = height / STOREY_M
        yield Building(shape, meaning, floors if floors and floors > 0 else None, name, name_zh)
    elif layer.kind == "parcels":
        fenced = str(told("fenced") or "").strip().lower() in YES
        yield Area(shape, meaning or "office", name, name_zh, parcel=True, fenced=fenced)
    elif layer.kind == "land":
        yield Area(shape, meaning, name, name_zh)
        if meaning == "parking":
            places = _number(told("capacity"), layer, "capacity", findings)
            yield Lot(shape, places if places and places > 0 else None, name, name_zh)
    elif layer.kind == "roads":
        rank = {"main": 4, "park": 2, "path": 1}[meaning]
        yield from (Way(line, meaning, name or name_zh, rank) for line in shapely.get_parts(shape))  # type: ignore[arg-type]
    elif layer.kind == "fences":
        lines = shape if "Line" in shape.geom_type else shapely.boundary(shape)
        yield from (Barrier(line) for line in shapely.get_parts(lines))
    elif layer.kind == "gates":
        yield from (Opening(point, name) for point in shapely.get_parts(shape))
    elif layer.kind == "stops":
        yield from (Stop(point, meaning, name) for point in shapely.get_parts(shape))  # type: ignore[arg-type]
    else:
        point = shape if shape.geom_type == "Point" else shape.representative_point()
        values = {
            key: _number(told(key), layer, key, findings)
            for key in ("capacity", "opens", "closes", "floor", "price")
        }
        known = {key: value for key, value in values.items() if value is not None}
        if not 0 < known.get("capacity", 1) <= 100_000:
            findings.guess(
                f"capacity in {layer.file.name}", "the usual one", f"{known.pop('capacity'):g} is none"
            )
        if known.get("closes", 24) <= known.get("opens", 0) or known.get("closes", 24) > 24:
            findings.guess(
                f"opening hours in {layer.file.name}", "the usual ones", "they end before they start"
            )
            known.pop("opens", None), known.pop("closes", None)
        if ("opens" in known) != ("closes" in known):
            known.pop("opens", None), known.pop("closes", None)
            findings.guess(
                f"opening hours in {layer.file.name}", "the usual ones", "only one of both is told"
            )
        yield Spot(point, meaning, name, name_zh, known)


def _meaning(layer: Layer, value: Any, findings: Findings) -> str:
    """Say what a value means: by the mapping, by itself, or by default."""
    valid = MEANT[layer.kind][1]
    text = _text(value)
    if text in layer.meanings:
        return layer.meanings[text]
    if text in valid:
        return text
    if text:
        findings.unused[f"{layer.file.name}: {layer.fields.get(MEANT[layer.kind][0])}={text}"] += 1
    if layer.default:
        findings.guess(f"{MEANT[layer.kind][0]} in {layer.file.name}", layer.default, "the layer's default")
    return layer.default


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())[:80]


def _number(value: Any, layer: Layer, name: str, findings: Findings) -> float | None:
    """Read a number; one with a unit behind it (12层, 9.5 m) counts, other text is listed."""
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    digits = text.rstrip("层樓楼mM米座个人 ")
    try:
        number = float(digits)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        findings.unused[f"{layer.file.name}: {layer.fields[name]}={text[:40]} (no number)"] += 1
        return None
    return number
