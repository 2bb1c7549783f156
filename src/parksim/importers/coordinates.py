"""Coordinates as people hand them out, brought to metres: WGS-84, GCJ-02, BD-09, EPSG codes.

Chinese map services shift WGS-84 by up to 700 m: GCJ-02 (AMap, Tencent, the State Bureau's) and, on top of
it, BD-09 (Baidu). The shift is not published officially; the formulas used here are those of the public
projects *eviltransform* (to GCJ-02) and *coordtransform* (to both). For BD-09 these two differ by up to 40 m:
*coordtransform*'s agrees with points that Baidu's own service converted to 1 m, and is used. The formulas are
defined within China only. The way back is a fixed point, exact to 1 mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.errors import nearest
from parksim.importers.draft import DraftError

if TYPE_CHECKING:
    from collections.abc import Callable

    Floats = npt.NDArray[np.float64]

CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of what the shift is defined for."""
_A = 6378245.0  # Krasovsky's ellipsoid
_EE = 0.00669342162296594323
_X_PI = np.pi * 3000 / 180


class CoordinateError(DraftError):
    """Coordinates that cannot be what they are said to be."""


def _shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Degrees by which GCJ-02 differs from WGS-84."""
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    common = (20 * np.sin(6 * x * pi) + 20 * np.sin(2 * x * pi)) * 2 / 3
    up = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + common
    up += (20 * np.sin(y * pi) + 40 * np.sin(y / 3 * pi)) * 2 / 3
    up += (160 * np.sin(y / 12 * pi) + 320 * np.sin(y * pi / 30)) * 2 / 3
    right = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + common
    right += (20 * np.sin(x * pi) + 40 * np.sin(x / 3 * pi)) * 2 / 3
    right += (150 * np.sin(x / 12 * pi) + 300 * np.sin(x / 30 * pi)) * 2 / 3
    phi = lat / 180 * pi
    magic = 1 - _EE * np.sin(phi) ** 2
    return (
        right * 180 / (_A / np.sqrt(magic) * np.cos(phi) * pi),
        up * 180 / (_A * (1 - _EE) / (magic * np.sqrt(magic)) * pi),
    )


def gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS-84 to GCJ-02 (degrees)."""
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift GCJ-02 to BD-09 (degrees)."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _X_PI)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _back(
    forward: Callable[[Floats, Floats], tuple[Floats, Floats]], lon: Floats, lat: Floats
) -> tuple[Floats, Floats]:
    """Undo a shift: look for the point that is shifted here."""
    x, y = lon, lat
    for _ in range(30):
        there_x, there_y = forward(x, y)
        off_x, off_y = lon - there_x, lat - there_y
        x, y = x + off_x, y + off_y
        if max(np.abs(off_x).max(initial=0), np.abs(off_y).max(initial=0)) < 1e-11:
            break
    return x, y


def from_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Undo the shift from WGS-84 to GCJ-02 (degrees)."""
    return _back(gcj02, lon, lat)


def from_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Undo the shifts from WGS-84 to GCJ-02 and on to BD-09 (degrees)."""
    return from_gcj02(*_back(bd09, lon, lat))


SYSTEMS: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]] | None] = {
    "wgs84": None,
    "gcj02": from_gcj02,
    "bd09": from_bd09,
}
"""Systems by name, each with its way to WGS-84; ``EPSG:…`` codes go through pyproj."""


def system(name: str) -> str:
    """Return the name of a coordinate system as :data:`SYSTEMS` or pyproj know it.

    Raises
    ------
    CoordinateError
        With the nearest name.
    """
    plain = name.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain in SYSTEMS:
        return plain
    if plain in ("epsg:4326", "epsg:4490", "cgcs2000"):  # China's own frame: within centimetres of WGS-84
        return "wgs84"
    if plain.startswith("epsg:") and plain[5:].isdigit():
        return plain.upper()
    raise CoordinateError(f"unknown coordinate system '{name}'{nearest(plain, [*SYSTEMS, 'EPSG:4547'])}")


def to_wgs84(x: Floats, y: Floats, crs: str, what: str = "") -> tuple[Floats, Floats]:
    """Bring coordinates to WGS-84.

    Parameters
    ----------
    x, y : arrays of float
        Longitude and latitude, or easting and northing of an EPSG system.
    crs : str
        As :func:`system` takes it.
    what : str
        What they belong to, for messages.

    Returns
    -------
    tuple of arrays
        Longitude and latitude, degrees.

    Raises
    ------
    CoordinateError
        Where they cannot be in that system: axes swapped, metres for degrees, GCJ-02 outside China.
    """
    crs = system(crs)
    about = f"{what}: " if what else ""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise CoordinateError(f"{about}a coordinate is not a number")
    if crs.startswith("EPSG:"):
        return _projected(x, y, crs, about)
    if x.size and (np.abs(y).max() > 90 or np.abs(x).max() > 180):
        if np.abs(x).max() <= 90 and np.abs(y).max() <= 180:
            raise CoordinateError(
                f"{about}latitude {y[np.abs(y).argmax()]:g} is impossible: the axes are swapped; "
                "write longitude (east) first, then latitude (north)"
            )
        raise CoordinateError(
            f"{about}({x.flat[0]:g}, {y.flat[0]:g}) are not degrees; these look like metres: "
            "give the code of their system, as --crs EPSG:4547 (CGCS2000, 3-degree zone 114°E)"
        )
    convert = SYSTEMS[crs]
    if convert is None:
        return x, y
    west, south, east, north = CHINA
    if x.size and not (west < x.min() and x.max() < east and south < y.min() and y.max() < north):
        swapped = west < y.min() and y.max() < east and south < x.min() and x.max() < north
        hint = "the axes are swapped" if swapped else "is it wgs84?"
        raise CoordinateError(
            f"{about}({x.flat[0]:g}, {y.flat[0]:g}) is not in China, "
            f"and {crs} is defined nowhere else; {hint}"
        )
    return convert(x, y)


def _projected(x: Floats, y: Floats, crs: str, about: str) -> tuple[Floats, Floats]:
    from pyproj import CRS, Transformer  # noqa: PLC0415  (an extra)
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        known = CRS.from_user_input(crs)
    except CRSError as error:
        raise CoordinateError(f"{about}there is no coordinate system {crs}") from error
    lon, lat = Transformer.from_crs(known, "EPSG:4326", always_xy=True).transform(x, y)
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    area = known.area_of_use
    if x.size and area is not None:
        inside = _inside(lon, lat, area.west, area.south, area.east, area.north)
        if not inside:
            other_lon, other_lat = Transformer.from_crs(known, "EPSG:4326", always_xy=True).transform(y, x)
            swapped = _inside(
                np.asarray(other_lon), np.asarray(other_lat), area.west, area.south, area.east, area.north
            )
            hint = "easting and northing are swapped" if swapped else "is it another zone or system?"
            raise CoordinateError(
                f"{about}({x.flat[0]:g}, {y.flat[0]:g}) lies outside the area of {crs} ({area.name}); {hint}"
            )
    return lon, lat


def _inside(lon: Floats, lat: Floats, west: float, south: float, east: float, north: float) -> bool:
    """Whether all points are finite and within a box with half a degree around it."""
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return False
    return bool(
        west - 0.5 <= lon.min()
        and lon.max() <= east + 0.5
        and south - 0.5 <= lat.min()
        and lat.max() <= north + 0.5
    )


@dataclass(frozen=True, slots=True)
class Local:
    """Metres east and north of a point, good to 1 cm within 5 km (transverse Mercator around it)."""

    lon: float
    lat: float

    def __call__(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Project WGS-84 degrees."""
        from pyproj import Proj  # noqa: PLC0415  (an extra)

        x, y = Proj(proj="tmerc", lon_0=self.lon, lat_0=self.lat, ellps="WGS84")(lon, lat)
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def parse_bbox(text: str, crs: str) -> tuple[float, float, float, float]:
    """Read ``W,S,E,N``.

    Returns
    -------
    tuple of float
        As written: west, south, east, north in the coordinate system declared.

    Raises
    ------
    CoordinateError
        Where it is not four numbers, empty, or its axes are swapped.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise CoordinateError(
            f"--bbox {text}: write west,south,east,north, as 24.93,60.16,24.96,60.18"
        ) from None
    box = np.array([[west, east], [south, north]])
    if west >= east or south >= north:
        hint = ": the axes are swapped?" if west > east and south < north and abs(west) <= 180 else ""
        raise CoordinateError(f"--bbox {text}: west must be less than east, south less than north{hint}")
    to_wgs84(box[0], box[1], crs, f"--bbox {text}")
    return west, south, east, north


LAND = Path(__file__).with_name("land.npz")
"""Quarter degrees with land or within 10 km of it, from Natural Earth 1:110m (public domain)."""


def at_sea(lon: float, lat: float) -> bool:
    """Whether a point seems to lie in the sea, on a coarse map: small islands are not on it."""
    with np.load(LAND) as file:
        land = np.unpackbits(file["land"]).reshape(720, 1440)
    row, column = int((lat + 90) * 4) % 720, int((lon + 180) * 4) % 1440
    return not land[row, column]


def sea_note(lon: float, lat: float) -> list[str]:
    """Say so where a park seems to lie in the sea."""
    if not at_sea(lon, lat):
        return []
    where = f"{abs(lat):.3f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.3f}° {'E' if lon >= 0 else 'W'}"
    return [f"the park seems to lie in the sea, at {where}: swapped axes, or another coordinate system?"]
