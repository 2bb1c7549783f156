"""The park's outline: a box or a polygon of the user's, in any coordinate system."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim.importers.coordinates import CoordinateError, parse_bbox, to_wgs84
from parksim.importers.draft import DraftError
from parksim.importers.features import need

if TYPE_CHECKING:
    from pathlib import Path

    from parksim.importers.features import Shape

MOST_BYTES = 200_000_000
MOST_KM = 12
"""Longest side of a park that is believed, km."""


def wgs84(shape: Shape, crs: str, what: str) -> Shape:
    """Bring a shape to WGS-84 degrees.

    Raises
    ------
    CoordinateError
        Where its coordinates cannot be in that system.
    """
    import shapely  # noqa: PLC0415  (an extra)

    def moved(xy: Any) -> Any:
        return np.column_stack(to_wgs84(xy[:, 0].astype(float), xy[:, 1].astype(float), crs, what))

    return shapely.transform(shape, moved)


def bbox(text: str, crs: str = "wgs84") -> Shape:
    """Read ``W,S,E,N`` as an outline in WGS-84."""
    need("gis", "shapely", "pyproj")
    import shapely  # noqa: PLC0415

    return sized(wgs84(shapely.box(*parse_bbox(text, crs)), crs, "--bbox"), f"--bbox {text}")


def polygon(file: Path, crs: str = "wgs84") -> Shape:
    """Read a polygon from a GeoJSON file or an Osmosis .poly file, as an outline in WGS-84.

    Raises
    ------
    DraftError
        Where it is no polygon, crosses itself (with the place), or is too large.
    """
    need("gis", "shapely", "pyproj")
    import shapely  # noqa: PLC0415

    shape = _poly(file) if file.suffix == ".poly" else shapely.unary_union(_polygons(file))
    return sized(wgs84(shape, crs, str(file)), str(file))


def sound(shape: Shape, what: str) -> None:
    """Raise where a polygon crosses itself or is empty."""
    import shapely  # noqa: PLC0415

    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape).replace("[", " at (").replace("]", ")")
        kind = "crosses itself" if "ntersection" in reason else "is no sound polygon"
        raise DraftError(f"{what} {kind}: {reason}")
    if shape.is_empty or shape.area == 0:
        raise DraftError(f"{what} encloses nothing")


def sized(shape: Shape, what: str) -> Shape:
    """Return an outline in degrees, or raise where no park is of that size."""
    west, south, east, north = shape.bounds
    high = (north - south) * 111.2
    wide = (east - west) * 111.2 * np.cos(np.radians((south + north) / 2))
    if max(high, wide) > MOST_KM:
        raise DraftError(f"{what} is {wide:,.1f} × {high:,.1f} km: a park is up to {MOST_KM} km wide")
    if min(high, wide) < 0.02:
        raise DraftError(f"{what} is {wide * 1000:,.0f} × {high * 1000:,.0f} m: too small for a park")
    return shape


def load_json(file: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DraftError
        Where it cannot be read, is too large or is no JSON.
    """
    if not file.is_file():
        raise DraftError(f"{file}: there is no such file")
    if file.stat().st_size > MOST_BYTES:
        raise DraftError(f"{file} is larger than {MOST_BYTES / 1e6:,.0f} MB")
    try:
        return json.loads(file.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DraftError(f"{file} is not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise DraftError(f"{file}:{error.lineno}: not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise DraftError(f"{file} is nested too deep") from error


def _polygons(file: Path) -> list[Shape]:

    data = load_json(file)
    found = []
    for feature in features_of(data, file):
        shape = geometry(feature.get("geometry"), str(file))
        if shape is not None and shape.geom_type in ("Polygon", "MultiPolygon"):
            sound(shape, str(file))
            found.append(shape)
    if not found:
        raise DraftError(f"{file} holds no polygon")
    return found


def features_of(data: Any, file: Path) -> list[dict[str, Any]]:
    """List the features of a GeoJSON document, whatever its outermost object."""
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "FeatureCollection" and isinstance(data.get("features"), list):
        return [each for each in data["features"] if isinstance(each, dict)]
    if kind == "Feature":
        return [data]
    if kind in ("Polygon", "MultiPolygon", "LineString", "MultiLineString", "Point", "MultiPoint"):
        return [{"type": "Feature", "geometry": data, "properties": {}}]
    raise DraftError(f"{file} is no GeoJSON: its type is {kind!r}")


def geometry(data: Any, what: str) -> Shape | None:
    """Read one GeoJSON geometry; None where it is null."""
    import shapely.geometry  # noqa: PLC0415

    if data is None:
        return None
    try:
        return shapely.force_2d(shapely.geometry.shape(data))
    except Exception as error:  # shapely raises whatever the broken structure leads to
        raise CoordinateError(f"{what}: a geometry cannot be read: {str(error)[:120]}") from error


def _poly(file: Path) -> Shape:
    """Read an Osmosis polygon file: names, rings of 'lon lat', END."""
    import shapely  # noqa: PLC0415

    rings: list[tuple[bool, list[tuple[float, float]]]] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DraftError(f"{file} cannot be read: {error}") from error
    points: list[tuple[float, float]] | None = None
    for number, line in enumerate(lines[1:], 2):
        text = line.strip()
        if text == "END":
            points = None
        elif points is None:
            points = []
            rings.append((text.startswith("!"), points))
        elif text:
            try:
                lon, lat = (float(part) for part in text.split())
            except ValueError:
                raise DraftError(f"{file}:{number}: '{text}' is not 'longitude latitude'") from None
            points.append((lon, lat))
    shells = [shapely.Polygon(ring) for hole, ring in rings if not hole and len(ring) > 2]
    holes = [shapely.Polygon(ring) for hole, ring in rings if hole and len(ring) > 2]
    for shell in shells:
        sound(shell, str(file))
    if not shells:
        raise DraftError(f"{file} holds no polygon")
    return shapely.difference(shapely.unary_union(shells), shapely.unary_union(holes))
