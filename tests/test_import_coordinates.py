"""Coordinates: known points of GCJ-02 and BD-09, the way back, and what cannot be what it is said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parksim.importers import coordinates
from parksim.importers.coordinates import CoordinateError, Local, parse_bbox, system, to_wgs84

pytest.importorskip("pyproj")

METRE = 1e-5  # degrees, roughly


def _points(*pairs):
    lon, lat = np.array(pairs, dtype=float).T
    return lon, lat


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [  # published test points of eviltransform (lat, lng there) and of coordtransform
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),  # Shanghai
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),  # Shenzhen
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),  # Beijing
        ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ],
)
def test_gcj02_of_known_points(wgs, gcj):
    assert np.allclose(coordinates.gcj02(*_points(wgs)), _points(gcj), atol=METRE, rtol=0)
    assert np.allclose(to_wgs84(*_points(gcj), "GCJ-02"), _points(wgs), atol=METRE, rtol=0)


def test_coordtransform_s_point_to_a_millimetre():
    assert np.allclose(
        coordinates.gcj02(*_points((116.404, 39.915))),
        _points((116.41024449916938, 39.91640428150164)),
        atol=1e-8,
    )


@pytest.mark.parametrize(
    ("gcj", "bd"),
    [
        ((116.42703, 39.90245), (116.43351, 39.90851)),  # as Baidu's own conversion gave it, to five digits
        ((116.404, 39.915), (116.41036949371029, 39.92133699351021)),  # coordtransform's test points
        ((116.39762729119315, 39.90865673957631), (116.404, 39.915)),
    ],
)
def test_bd09_of_known_points(gcj, bd):
    assert np.allclose(coordinates.bd09(*_points(gcj)), _points(bd), atol=METRE, rtol=0)


@given(st.floats(74, 134), st.floats(18, 53))
def test_the_way_back_ends_where_it_began(lon, lat):
    here = _points((lon, lat))
    assert np.allclose(coordinates.from_gcj02(*coordinates.gcj02(*here)), here, atol=1e-8, rtol=0)
    assert np.allclose(
        coordinates.from_bd09(*coordinates.bd09(*coordinates.gcj02(*here))), here, atol=1e-8, rtol=0
    )


@given(st.floats(74, 134), st.floats(18, 53))
def test_the_shift_is_that_of_chinese_maps_some_hundred_metres(lon, lat):
    here = _points((lon, lat))
    east, north = Local(lon, lat)(*coordinates.gcj02(*here))
    assert 10 < np.hypot(east, north)[0] < 1200


def test_epsg_codes_go_through_pyproj():
    lon, lat = to_wgs84(np.array([500000.0]), np.array([3345000.0]), "EPSG:4549")  # CGCS2000, 120°E
    assert np.allclose(lon, 120, atol=1e-6)
    assert 30.1 < lat[0] < 30.4


@pytest.mark.parametrize(
    ("x", "y", "crs", "told"),
    [
        (30.2, 120.2, "wgs84", "axes are swapped"),
        (30.2, 80.2, "gcj02", "axes are swapped"),
        (24.9, 60.2, "gcj02", "is not in China.*is it wgs84"),
        (532000, 3345000, "wgs84", "look like metres"),
        (3345000, 500000, "EPSG:4549", "easting and northing are swapped"),
        (532000, 6345000, "EPSG:4549", "outside the area"),
        (1, 2, "EPSG:999999", "there is no coordinate system"),
        (1, 2, "wgs85", "did you mean 'wgs84'"),
        (np.nan, 2, "wgs84", "not a number"),
    ],
)
def test_what_cannot_be_in_that_system_is_said(x, y, crs, told):
    with pytest.raises(CoordinateError, match=told):
        to_wgs84(np.array([float(x)]), np.array([float(y)]), crs, "roads.geojson")


def test_names_of_systems_are_read_with_or_without_hyphens():
    assert [system(s) for s in ("WGS-84", "gcj_02", "BD-09", "EPSG:4490", "epsg:4547")] == [
        "wgs84", "gcj02", "bd09", "wgs84", "EPSG:4547",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,2,3", "write west,south"),
        ("3,1,1,2", "west must be less"),
        ("30,120,30.1,120.1", "axes are swapped"),
    ],
)
def test_a_bbox_that_is_none_is_refused(text, told):
    with pytest.raises(CoordinateError, match=told):
        parse_bbox(text, "wgs84")
    assert parse_bbox("24.9,60.1,25,60.2", "wgs84") == (24.9, 60.1, 25, 60.2)


def test_a_local_plane_measures_metres():
    east, north = Local(24.94, 60.17)(np.array([24.95]), np.array([60.18]))
    assert np.allclose([east[0], north[0]], [555.2, 1114.3], atol=1)
