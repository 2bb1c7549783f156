"""GeoJSON files of one's own become scenarios, in whatever coordinates they come."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("pyproj")
pytest.importorskip("shapely")
sys.path.append(str(Path(__file__).parent))

from osm_case import LAT, LON, Extract

from parksim.cli import app
from parksim.errors import ScenarioError
from parksim.importers import geojson
from parksim.importers.compose import Plan, compose
from parksim.importers.coordinates import bd09, gcj02
from parksim.importers.draft import DraftError
from parksim.importers.findings import Findings
from parksim.scenario.read import check, load
from parksim.world.place import draw

COMMANDS = CliRunner()
HERE = Extract()


def same(lon, lat):
    return lon, lat


def to_gcj(lon, lat):
    x, y = gcj02(np.array([lon]), np.array([lat]))
    return float(x[0]), float(y[0])


def to_bd(lon, lat):
    x, y = bd09(*gcj02(np.array([lon]), np.array([lat])))
    return float(x[0]), float(y[0])


def swap(lon, lat):
    return lat, lon


def collection(folder, name, things, shift=same):
    """Write features: (kind of geometry, points in metres, properties)."""

    def placed(points):
        return [list(shift(*HERE.at(*point))) for point in points]

    features = []
    for kind, points, properties in things:
        coordinates = placed(points)
        if kind == "Polygon":
            coordinates = [[*coordinates, coordinates[0]]]
        if kind == "Point":
            (coordinates,) = coordinates
        features.append(
            {
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": kind, "coordinates": coordinates},
            }
        )
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))


def box(west, south, east, north):
    return [(west, south), (east, south), (east, north), (west, north)]


def layers(folder, shift=same, roads=same):
    """Write a small park as a planning bureau might hand it out."""
    houses = [
        ("Polygon", box(50, 50, 100, 100), {"MC": "东楼", "CS": "10", "YT": "办公"}),
        ("Polygon", box(250, 50, 325, 100), {"MC": "", "CS": "3层", "YT": "厂房"}),
        ("Polygon", box(50, 150, 125, 200), {"MC": None, "CS": None, "YT": "其他"}),
        ("Polygon", box(300, 200, 350, 250), {"MC": "", "CS": "很高", "YT": "住宅"}),
    ]
    collection(folder, "buildings.geojson", houses, shift)
    collection(
        folder, "roads.geojson",
        [("LineString", [(-50, 12), (450, 12)], {"DJ": "主干路", "NAME": "Main Street"}),
         ("LineString", [(212, -50), (212, 350)], {"DJ": "支路", "NAME": None}),
         ("LineString", [(212, 112), (140, 112)], {"DJ": "支路", "NAME": None})],
        roads,
    )  # fmt: skip
    collection(
        folder, "parcels.geojson",
        [("Polygon", box(25, 125, 162, 225), {"NAME": "Plot A-1", "FENCED": "是", "USE": "lab"})], shift,
    )  # fmt: skip
    collection(
        folder, "places.geojson",
        [("Point", [(75, 75)], {"KIND": "canteen", "SEATS": 120, "OPEN": 11, "CLOSE": 14}),
         ("Point", [(300, 75)], {"KIND": "小卖部", "SEATS": -3, "OPEN": 22, "CLOSE": 8}),
         ("Point", [(310, 75)], {"KIND": "spa", "SEATS": 3, "OPEN": None, "CLOSE": None})],
        shift,
    )  # fmt: skip
    collection(folder, "stops.geojson", [("Point", [(150, 12)], {"T": "bus", "N": "Main"})], shift)


MAPPING = """\
crs: {crs}
cell_m: 25
source: survey of 2024
grade: B
layers:
  - file: buildings.geojson
    kind: buildings
    fields: {{name_zh: MC, floors: CS, use: YT}}
    meanings: {{办公: office, 厂房: factory, 住宅: housing}}
  - {{file: parcels.geojson, kind: parcels, fields: {{name: NAME, use: USE, fenced: FENCED}}}}
  - file: roads.geojson
    kind: roads
    fields: {{class: DJ, name: NAME}}
    meanings: {{主干路: main, 支路: park}}
  - file: places.geojson
    kind: places
    fields: {{category: KIND, capacity: SEATS, opens: OPEN, closes: CLOSE}}
    meanings: {{小卖部: convenience}}
  - {{file: stops.geojson, kind: stops, fields: {{kind: T, name: N}}}}
"""


def imported(folder, text, name="park"):
    mapping = folder / "mapping.yaml"
    mapping.write_text(text, encoding="utf-8")
    found = Findings()
    plan = geojson.read_mapping(mapping)
    draft = compose(
        geojson.read(plan, found), Plan(name, "Park", plan.cell_m, None, plan.source, plan.grade), found
    )
    path = folder / f"{name}.yaml"
    path.write_text(draft.text(), encoding="utf-8")
    assert check(path) == []
    return load(path), found


def test_layers_become_a_scenario(tmp_path):
    layers(tmp_path)
    scenario, found = imported(tmp_path, MAPPING.format(crs="wgs84"))
    buildings = {b.site_zh or b.use: b for b in draw(scenario.layout).park.buildings}
    assert buildings["东楼"].floors == 10
    assert buildings["factory"].floors == 3, "3层 is a number with its unit"
    assert buildings["lab"].floors == 4, "use from the parcel, storeys guessed"
    (fence,) = scenario.map.fences
    assert fence.block == "plot-a-1"
    assert [g.fence for g in scenario.map.gates], "a gate was guessed"
    canteen = next(a for a in scenario.amenities if a.category == "canteen")
    assert (canteen.capacity, canteen.opens, canteen.closes) == (120, 11, 14)
    shop = next(a for a in scenario.amenities if a.category == "convenience")
    assert shop.capacity > 0
    assert shop.opens < shop.closes
    assert scenario.sources["map"].grade == "B"
    told = " ".join(found.unused)
    assert "CS=很高 (no number)" in told
    assert "YT=其他" in told
    assert "KIND=spa" in told
    assert found.left_out["places of unknown meaning in places.geojson"] == 1


@pytest.mark.parametrize(("crs", "shift"), [("GCJ-02", to_gcj), ("bd09", to_bd)])
def test_shifted_coordinates_give_the_same_map(crs, shift, tmp_path):
    plain, shifted = tmp_path / "plain", tmp_path / "shifted"
    plain.mkdir()
    shifted.mkdir()
    layers(plain)
    layers(shifted, shift, shift)
    first, _ = imported(plain, MAPPING.format(crs="wgs84"))
    second, _ = imported(shifted, MAPPING.format(crs=crs))
    assert first.map.rows == second.map.rows
    assert first.gateways == second.gateways


def test_a_layer_may_have_coordinates_of_its_own(tmp_path):
    layers(tmp_path, same, to_gcj)
    text = MAPPING.format(crs="wgs84").replace("    kind: roads\n", "    kind: roads\n    crs: gcj02\n")
    scenario, _ = imported(tmp_path, text)
    plain = tmp_path / "plain"
    plain.mkdir()
    layers(plain)
    assert scenario.map.rows == imported(plain, MAPPING.format(crs="wgs84"))[0].map.rows


def test_layers_that_do_not_fit_upon_each_other_are_noticed(tmp_path):
    houses = [
        ("Polygon", box(x, y, x + 30, y + 30), {"U": "office"})
        for x in range(0, 400, 50)
        for y in range(0, 300, 50)
    ]
    streets = [("LineString", [(x - 10, -50), (x - 10, 350)], {"C": "park"}) for x in range(0, 450, 50)]
    text = (
        "layers:\n  - {file: b.geojson, kind: buildings, fields: {use: U}}\n"
        "  - {file: r.geojson, kind: roads, fields: {class: C}}\n"
    )
    collection(tmp_path, "b.geojson", houses)
    collection(tmp_path, "r.geojson", streets)
    _, found = imported(tmp_path, text)
    assert not any("stand on roads" in note for note in found.notes)
    collection(
        tmp_path,
        "r.geojson",
        [("LineString", [(x + 12, -50), (x + 12, 350)], {"C": "park"}) for x in range(0, 450, 50)],
    )
    _, found = imported(tmp_path, text)
    assert "stand on roads" in found.notes[0]


def refused(folder, text=None):
    mapping = folder / "mapping.yaml"
    mapping.write_text(text or MAPPING.format(crs="wgs84"), encoding="utf-8")
    result = COMMANDS.invoke(
        app, ["import", "geojson", str(mapping), "--name", "x", "--into", str(folder / "out")]
    )
    assert result.exception is not None
    assert not (folder / "out").exists()
    return str(result.exception)


def test_swapped_axes_are_told(tmp_path):
    layers(tmp_path, swap, swap)
    assert "axes are swapped" in refused(tmp_path)
    assert "axes are swapped" in refused(tmp_path, MAPPING.format(crs="gcj02"))


def test_another_coordinate_system_is_told(tmp_path):
    layers(tmp_path, lambda lon, lat: (500_000 + lon, 3_345_000 + lat))
    assert "EPSG:4547" in refused(tmp_path)
    layers(tmp_path, same, lambda lon, lat: (lon - 60, lat))
    told = refused(tmp_path)
    assert "roads.geojson lies" in told
    assert "km from" in told


def test_a_park_in_the_sea_is_noticed(tmp_path):
    layers(tmp_path, lambda lon, lat: (lon - LON - 5, lat - LAT), lambda lon, lat: (lon - LON - 5, lat - LAT))
    _, found = imported(tmp_path, MAPPING.format(crs="wgs84"))
    assert any("in the sea, at 0.0" in note for note in found.notes)
    layers(tmp_path)
    _, found = imported(tmp_path, MAPPING.format(crs="wgs84"), "other")
    assert not any("in the sea" in note for note in found.notes)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("kind: buildings", "kind: building", "mapping.yaml:7: layers.0.kind.*did you mean 'buildings'"),
        ("name_zh: MC", "nam_zh: MC", "buildings have no 'nam_zh'; did you mean 'name_zh'"),
        ("厂房: factory", "厂房: fabric", "'fabric' means nothing here"),
        ("name_zh: MC", "name_zh: MCC", "no field 'MCC'.*did you mean 'MC'"),
        ("crs: wgs84", "crs: gcj-2", "unknown coordinate system 'gcj-2'; did you mean 'gcj02'"),
        ("cell_m: 25", "cell_m: 1", "allowed: 5 to 200"),
        ("grade: B", "grade: D", "'D' is no grade"),
        ("file: roads.geojson", "file: ../roads.geojson", "leads out of"),
        ("file: roads.geojson", "file: /etc/passwd", "leads out of"),
        ("file: roads.geojson", "file: streets.geojson", "there is no file 'streets.geojson'"),
        ("source:", "sauce:", "unknown key 'sauce'; did you mean 'source'"),
    ],
)
def test_a_faulty_mapping_is_told_with_its_line(before, after, told, tmp_path):
    layers(tmp_path)
    mapping = tmp_path / "mapping.yaml"
    text = MAPPING.format(crs="wgs84")
    assert before in text
    mapping.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises((ScenarioError, DraftError), match=told):
        geojson.read(geojson.read_mapping(mapping), Findings())


def test_broken_files_are_told(tmp_path):
    layers(tmp_path)
    (tmp_path / "roads.geojson").write_text('{"type": "FeatureCollection", "features": [')
    assert "roads.geojson:1: not valid JSON" in refused(tmp_path)
    (tmp_path / "roads.geojson").write_text('{"type": "Topology"}')
    assert "is no GeoJSON: its type is 'Topology'" in refused(tmp_path)
    (tmp_path / "roads.geojson").write_text("[" * 100_000)
    assert "nested too deep" in refused(tmp_path) or "not valid JSON" in refused(tmp_path)
    (tmp_path / "roads.geojson").write_text(
        '{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[1]]}}'
    )
    told = refused(tmp_path)
    assert "geometry cannot be read" in told or "there is no field" in told
    (tmp_path / "roads.geojson").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refused(tmp_path)


def test_a_layer_without_buildings_or_with_other_shapes_is_told(tmp_path):
    layers(tmp_path)
    collection(tmp_path, "buildings.geojson", [("Point", [(1, 1)], {"MC": 1, "CS": 2, "YT": 3})])
    assert "hold no building" in refused(tmp_path)
    layers(tmp_path)
    collection(tmp_path, "roads.geojson", [("Point", [(1, 1)], {"DJ": "主干路", "NAME": ""})])
    _, found = imported(tmp_path, MAPPING.format(crs="wgs84"))
    assert found.left_out["Point in roads.geojson, which holds roads"] == 1


def test_a_crossing_outline_is_mended_and_listed(tmp_path):
    layers(tmp_path)
    collection(
        tmp_path, "buildings.geojson",
        [("Polygon", [(50, 50), (100, 100), (100, 50), (50, 100)], {"MC": "", "CS": 2, "YT": "办公"}),
         ("Polygon", box(250, 50, 325, 100), {"MC": "", "CS": 3, "YT": "办公"})],
    )  # fmt: skip
    _, found = imported(tmp_path, MAPPING.format(crs="wgs84"))
    assert any(g.value == "mended" for g in found.all_guesses())


def test_the_command_ends_with_a_page(tmp_path):
    layers(tmp_path)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING.format(crs="wgs84"), encoding="utf-8")
    result = COMMANDS.invoke(
        app, ["import", "geojson", str(mapping), "--name", "x", "--into", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "survey of 2024" in (tmp_path / "out" / "x-import.html").read_text()
