"""OpenStreetMap extracts (.osm, .pbf): buildings, roads, paths, fences, gates, places and stops.

Read with pyosmium, which streams a file once and puts multipolygons together. What each tag means stands in a
table (``osm.yaml``) that the user can change; tags that no table knows are listed, not dropped in silence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim.importers.compose import AROUND_M
from parksim.importers.coordinates import Local, sea_note
from parksim.importers.draft import DraftError
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
from parksim.importers.tables import IGNORE, Table

if TYPE_CHECKING:
    from pathlib import Path

    from parksim.importers.features import Shape
    from parksim.importers.findings import Findings

MOST_BYTES = 400_000_000
STOREY_M = 3.3
LICENCE = "© OpenStreetMap contributors, Open Database License 1.0 (https://www.openstreetmap.org/copyright)"
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_CJK = re.compile(r"[㐀-鿿]")


def read(file: Path, outline: Shape | None, table: Table, findings: Findings) -> Features:
    """Read what lies in an outline and around it.

    Parameters
    ----------
    file : Path
        ``.osm`` or ``.pbf``.
    outline : shapely geometry, optional
        In WGS-84 degrees; by default the box around all buildings of the file.
    table : Table
    findings : Findings

    Returns
    -------
    Features
        In metres around the middle of the outline.

    Raises
    ------
    DraftError
        For a file that cannot be read, or that has nothing there.
    """
    need("gis", "osmium", "shapely", "pyproj")
    import osmium  # noqa: PLC0415  (an extra)

    _readable(file)
    box = None
    if outline is not None:
        west, south, east, north = outline.bounds
        up = AROUND_M / 111_000
        across = up / max(math.cos(math.radians((south + north) / 2)), 0.05)
        box = (west - across, south - up, east + across, north + up)
    reader = _Reader(table, findings, box)
    keys = sorted({key for section in table.keys.values() for key in section})
    try:
        processor = osmium.FileProcessor(str(file)).with_areas().with_filter(osmium.filter.KeyFilter(*keys))
        for thing in processor:
            reader.take(thing)
    except (RuntimeError, OSError, ValueError) as error:
        raise DraftError(f"{file} cannot be read as OpenStreetMap data: {error}") from error
    return reader.features(file, outline)


def _readable(file: Path) -> None:
    if not file.is_file():
        raise DraftError(f"{file}: there is no such file")
    if not file.name.endswith((".osm", ".pbf", ".osm.xml")):
        raise DraftError(f"{file}: an extract is a .osm or .pbf file; unpack what is packed")
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise DraftError(
            f"{file} has {size / 1e6:,.0f} MB: cut the park out first, as with "
            f"'osmium extract --bbox W,S,E,N {file.name} -o park.pbf'"
        )
    if size == 0:
        raise DraftError(f"{file} is empty")


@dataclass(slots=True)
class _Hint:
    """A place that tells what the building around it is used for."""

    point: Shape
    use: str


@dataclass
class _Reader:
    """Sorts what a file holds; shapes are degrees until :meth:`features`."""

    table: Table
    findings: Findings
    box: tuple[float, float, float, float] | None
    raw: Features = field(default_factory=Features)
    bounds: list[float] = field(default_factory=lambda: [180.0, 90.0, -180.0, -90.0])
    seen: set[tuple[str, str, float, float]] = field(default_factory=set)
    hints: list[_Hint] = field(default_factory=list)

    def take(self, thing: Any) -> None:
        """Read one object."""
        tags = {tag.k: tag.v for tag in thing.tags}
        if thing.is_node():
            if thing.location.valid():
                self._point(tags, thing.location.lon, thing.location.lat)
        elif thing.is_way():
            self._line(tags, [(n.lon, n.lat) for n in thing.nodes if n.location.valid()])
        elif thing.is_area():
            self._area(tags, thing)

    def _within(self, west: float, south: float, east: float, north: float) -> bool:
        b = self.bounds
        b[0], b[1], b[2], b[3] = min(b[0], west), min(b[1], south), max(b[2], east), max(b[3], north)
        if self.box is None:
            return True
        return not (east < self.box[0] or west > self.box[2] or north < self.box[1] or south > self.box[3])

    def _point(self, tags: dict[str, str], lon: float, lat: float) -> None:
        from shapely import Point  # noqa: PLC0415

        if not self._within(lon, lat, lon, lat):
            return
        point = Point(lon, lat)
        name, name_zh = _names(tags)
        kind = self.table.meaning("stops", tags)
        if kind and kind != IGNORE and not (kind == "metro" and _no_passengers(tags)):
            if tags.get("railway") == "station" and tags.get("station") not in (None, "subway"):
                self.findings.unused[f"station={tags['station']}"] += 1
            else:
                station = kind == "metro" and tags.get("railway") != "subway_entrance"
                self._once(Stop(point, kind, name or name_zh, station), kind, name, lon, lat)  # type: ignore[arg-type]
        if self.table.meaning("barriers", tags) == "gate":
            self.raw.openings.append(Opening(point, name))
        if self.table.meaning("land", tags) == "parking":
            self._lot(tags, point, name, name_zh)
        self._spot(tags, point, name, name_zh)
        for section in ("places", "barriers"):
            self.findings.unused.update(self.table.unknown(section, tags))

    def _once(self, stop: Stop, *key: Any) -> None:
        if key not in self.seen:
            self.seen.add(key)
            self.raw.stops.append(stop)

    def _spot(self, tags: dict[str, str], point: Shape, name: str, name_zh: str) -> None:
        category = self.table.meaning("places", tags)
        if category and category != IGNORE:
            if tags.get("access") in ("private", "no"):
                self.findings.left_out["places of private access"] += 1
            else:
                self.raw.spots.append(Spot(point, category, name, name_zh, self._said(tags)))
        hint = self.table.meaning("building_hints", tags)
        if hint and hint != IGNORE:
            self.hints.append(_Hint(point, hint))

    def _said(self, tags: dict[str, str]) -> dict[str, Any]:
        """Read what the tags tell of a place, as fields of an amenity."""
        said: dict[str, Any] = {}
        capacity = _number(tags.get("capacity", ""))
        if capacity is not None and 0 < capacity <= 100_000:
            said["capacity"] = capacity
        if "level" in tags:
            level = _number(tags["level"].split(";")[0])
            if level is not None:
                said["floor"] = int(level) + (1 if level >= 0 else 0)  # level 0 is the ground floor, our 1
        if "opening_hours" in tags:
            hours = opening_hours(tags["opening_hours"])
            if hours is None:
                self.findings.unused[f"opening_hours={tags['opening_hours'][:40]}"] += 1
            else:
                said["opens"], said["closes"] = hours
        operator = tags.get("operator:type", "")
        if operator in ("public", "government"):
            said["operator"] = "public"
        return said

    def _line(self, tags: dict[str, str], points: list[tuple[float, float]]) -> None:
        from shapely import LineString  # noqa: PLC0415

        if len(points) < 2 or tags.get("area") == "yes":
            return
        xs, ys = zip(*points, strict=True)
        if not self._within(min(xs), min(ys), max(xs), max(ys)):
            return
        if "highway" in tags:
            meaning = self.table.meaning("roads", tags)
            word, _, rank = meaning.partition(" ")
            if word and word != IGNORE and tags.get("tunnel") != "yes" and tags.get("indoor") != "yes":
                name, name_zh = _names(tags)
                self.raw.ways.append(Way(LineString(points), word, name or name_zh, int(rank or 0)))  # type: ignore[arg-type]
            elif word and word != IGNORE:
                self.findings.left_out["roads and paths in tunnels or buildings"] += 1
            self.findings.unused.update(self.table.unknown("roads", tags))
        if "barrier" in tags:
            if self.table.meaning("barriers", tags) == "fence":
                self.raw.barriers.append(Barrier(LineString(points)))
            self.findings.unused.update(self.table.unknown("barriers", tags))

    def _area(self, tags: dict[str, str], thing: Any) -> None:
        import osmium  # noqa: PLC0415
        from shapely import from_wkb  # noqa: PLC0415

        building = self.table.meaning("buildings", tags)
        land = self.table.meaning("land", tags)
        spot = self.table.meaning("places", tags)
        if not ("building" in tags or land or spot):
            for section in ("land", "places"):
                self.findings.unused.update(self.table.unknown(section, tags))
            return
        try:
            shape = from_wkb(osmium.geom.WKBFactory().create_multipolygon(thing), on_invalid="raise")
        except Exception:  # noqa: BLE001  (libosmium and GEOS each have their own errors for broken rings)
            self.findings.left_out["areas whose outline is broken"] += 1
            return
        if shape.is_empty or not self._within(*shape.bounds):
            return
        name, name_zh = _names(tags)
        if "building" in tags and tags["building"] != "no" and "building:part" not in tags:
            self._building(tags, shape, building, name, name_zh)
        if land and land != IGNORE:
            self._land(tags, shape, land, name, name_zh)
        if spot:
            self._spot(tags, shape.representative_point(), name, name_zh)
        for section in ("land", "places"):
            self.findings.unused.update(self.table.unknown(section, tags))
        kind = self.table.meaning("stops", tags)
        if kind == "bus" and tags.get("amenity") == "bus_station":
            middle = shape.representative_point()
            self._once(Stop(middle, "bus", name or name_zh), "bus", name, middle.x, middle.y)

    def _building(self, tags: dict[str, str], shape: Shape, use: str, name: str, name_zh: str) -> None:
        if use == IGNORE:
            self.findings.left_out["buildings of kinds the table ignores (sheds, garages, …)"] += 1
            return
        if not use and tags["building"] != "yes":
            self.findings.unused[f"building={tags['building']}"] += 1
        levels = _number(tags.get("building:levels", ""))
        height = _number(tags.get("height", "").replace("m", ""))
        floors = levels if levels and levels > 0 else height / STOREY_M if height and height > 2 else None
        self.raw.buildings.append(Building(shape, use, floors, name, name_zh, tags["building"]))

    def _land(self, tags: dict[str, str], shape: Shape, land: str, name: str, name_zh: str) -> None:
        if land in ("green", "water", "vacant", "parking"):
            self.raw.areas.append(Area(shape, land, name, name_zh))
            if land == "parking":
                self._lot(tags, shape, name, name_zh)
        else:
            self.raw.areas.append(Area(shape, land, name, name_zh, parcel=True))

    def _lot(self, tags: dict[str, str], shape: Shape, name: str, name_zh: str) -> None:
        """Read a car park; whose a private one is, the file does not say."""
        if tags.get("access") in ("private", "no"):
            self.findings.left_out["car parks of private access"] += 1
            return
        places = _number(tags.get("capacity", ""))
        levels = _number(tags.get("building:levels", tags.get("parking:levels", ""))) or 1
        self.raw.lots.append(
            Lot(shape, places if places and places > 0 else None, name, name_zh, max(levels, 1))
        )

    # --- from degrees to metres ---------------------------------------------------------------------

    def features(self, file: Path, outline: Shape | None) -> Features:
        """Bring everything to metres around the middle of the outline."""
        import shapely  # noqa: PLC0415

        raw = self.raw
        if outline is None:
            if not raw.buildings:
                raise DraftError(f"{file} has no buildings")
            outline = shapely.box(
                *shapely.total_bounds(np.array([b.shape for b in raw.buildings], dtype=object))
            )
        self._somewhere(file, outline)
        west, south, east, north = outline.bounds
        local = Local((west + east) / 2, (south + north) / 2)
        self.findings.notes += sea_note(local.lon, local.lat)

        def plane(degrees: Any) -> Any:
            return np.column_stack(local(degrees[:, 0], degrees[:, 1]))

        def metres(*things: list[Any]) -> None:
            """Project the shape of many things at once."""
            for group in things:
                for name in ("shape", "line", "point"):
                    mine = [thing for thing in group if hasattr(thing, name)]
                    shapes = np.array([getattr(thing, name) for thing in mine], dtype=object)
                    moved = shapely.transform(shapes, plane)
                    for thing, shape in zip(mine, moved, strict=True):
                        setattr(thing, name, shape)

        made = Features(outline=shapely.transform(outline, plane))
        metres(
            raw.buildings, raw.ways, raw.areas, raw.lots, raw.barriers, raw.openings, raw.spots, raw.stops,
            self.hints,
        )  # fmt: skip
        for building in raw.buildings:
            if not building.shape.is_valid:
                building.shape = shapely.make_valid(building.shape)
                self.findings.guess("outline of a building", "mended", "it crosses itself")
        for area in raw.areas:
            area.shape = shapely.make_valid(area.shape)
        for lot in raw.lots:
            lot.shape = shapely.make_valid(lot.shape)
        shapely.prepare(made.outline)
        made.buildings = [b for b in raw.buildings if made.outline.intersects(b.shape)]
        made.ways = [w for w in raw.ways if made.outline.intersects(w.line)]
        made.areas = [a for a in raw.areas if made.outline.intersects(a.shape)]
        made.lots = [lot for lot in raw.lots if made.outline.intersects(lot.shape)]
        made.barriers = [b for b in raw.barriers if made.outline.intersects(b.line)]
        made.openings = [o for o in raw.openings if made.outline.intersects(o.point)]
        made.spots = [s for s in raw.spots if made.outline.distance(s.point) <= AROUND_M]
        made.stops = _exits([s for s in raw.stops if made.outline.distance(s.point) <= 500])
        self._hint(made)
        self._count(made)
        return made

    def _somewhere(self, file: Path, outline: Shape) -> None:
        """Say what is wrong where the file has nothing within the outline."""
        west, south, east, north = self.bounds
        if west > east:
            raise DraftError(f"{file} is an empty extract: it holds nothing that parksim reads")
        ow, os_, oe, on = outline.bounds
        if not (oe < west or ow > east or on < south or os_ > north):
            return
        told = f"the file covers {west:.4f},{south:.4f},{east:.4f},{north:.4f} (west,south,east,north)"
        swapped = not (on < west or os_ > east or oe < south or ow > north)
        hint = "; the axes of the area are swapped: longitude comes first" if swapped else ""
        raise DraftError(f"{file} has nothing in {ow:g},{os_:g},{oe:g},{on:g}: {told}{hint}")

    def _hint(self, made: Features) -> None:
        """Guess the use of buildings of which nothing is said by the places in them."""
        from shapely import STRtree  # noqa: PLC0415

        unknown = [building for building in made.buildings if not building.use]
        if not (unknown and self.hints):
            return
        tree = STRtree([building.shape for building in unknown])
        where, which = tree.query([hint.point for hint in self.hints], predicate="within")
        for point, number in zip(where.tolist(), which.tolist(), strict=True):
            if not unknown[number].use:
                unknown[number].use = self.hints[point].use
                self.findings.guess(
                    "use of a building", self.hints[point].use, "an office, shop or school in it"
                )

    def _count(self, made: Features) -> None:
        read = self.findings.read
        read["buildings"] = len(made.buildings)
        read["buildings with storeys or height"] = sum(1 for b in made.buildings if b.floors)
        for kind in ("main", "park", "path"):
            read[f"ways ({kind})"] = sum(1 for way in made.ways if way.kind == kind)
        read["areas of land"] = len(made.areas)
        read["car parks"] = len(made.lots)
        read["fences and walls"] = len(made.barriers)
        read["gates and entrances"] = len(made.openings)
        read["places"] = len(made.spots)
        read["stops and station exits"] = len(made.stops)


def _exits(stops: list[Stop]) -> list[Stop]:
    """Leave out a station's middle where its exits are known."""
    exits = [stop for stop in stops if stop.kind == "metro" and not stop.station]
    return [
        stop
        for stop in stops
        if not (stop.station and any(stop.point.distance(other.point) < 300 for other in exits))
    ]


def _no_passengers(tags: dict[str, str]) -> bool:
    return tags.get("railway") == "station" and tags.get("usage") == "freight"


def _names(tags: dict[str, str]) -> tuple[str, str]:
    """Return a thing's name and its Chinese name."""
    name = " ".join(tags.get("name", "").split())[:80]
    zh = " ".join(tags.get("name:zh", "").split())[:80]
    if _CJK.search(name):
        return " ".join(tags.get("name:en", "").split())[:80], zh or name
    return name, zh


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def opening_hours(text: str) -> tuple[float, float] | None:
    """Read the hours of a working day from OpenStreetMap's notation, if they are simple.

    Parameters
    ----------
    text : str
        As ``"Mo-Fr 08:00-20:00; Sa 10:00-16:00"`` or ``"24/7"``.

    Returns
    -------
    tuple of float or None
        First opening and last closing, in hours; a closing after midnight counts as 24.
    """
    if text.strip() == "24/7":
        return 0.0, 24.0
    for rule in text.split(";"):
        days = rule.strip()[:2]
        if days in ("Sa", "Su", "PH", "SH") or rule.rstrip().endswith(("off", "closed")):
            continue
        ranges = [(int(a) + int(b) / 60, int(c) + int(d) / 60) for a, b, c, d in _HOURS.findall(rule)]
        if ranges:
            opens, closes = ranges[0][0], ranges[-1][1]
            if closes <= opens or closes > 24:
                closes = 24.0
            return (opens, closes) if 0 <= opens < closes else None
    return None
