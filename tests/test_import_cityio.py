"""cityIO tables: there and back without loss of what both know."""

import copy
import json

import pytest
from typer.testing import CliRunner

from parksim.cli import app
from parksim.importers import cityio
from parksim.importers.draft import DraftError
from parksim.importers.findings import Findings
from parksim.scenario.read import check, load
from parksim.scenario.write import to_yaml

COMMANDS = CliRunner()


def table(rows=6, columns=8):
    """Make a table as CityScope's grid maker would: no word of parksim in it."""
    types = {
        "Office Tower": {"LBCS": [{"proportion": 1, "use": {"2310": 1}}],
                         "NAICS": [{"proportion": 1, "use": {"5400": 1}}],
                         "color": "#a020f0", "height": [0, 10, 30], "interactive": "Web"},
        "Innovation Lab": {"LBCS": None, "NAICS": None, "color": "#1020f0", "height": [0, 3, 30], "interactive": "Web"},
        "Road": {"LBCS": [{"proportion": 1, "use": {"5100": 1}}],
                 "color": "#333333", "height": 0, "interactive": False},
        "Park": {"color": "#00aa00", "height": 0, "interactive": "Web"},
        "Zorp": {"color": "#aaaaaa", "height": 0, "interactive": "Web"},
    }  # fmt: skip
    names = [["Park"] * columns for _ in range(rows)]
    names[3] = ["Road"] * columns
    names[1][1] = names[1][2] = "Office Tower"
    names[4][5] = "Innovation Lab"
    names[5][7] = "Zorp"
    cells = [
        {"name": names[r][c], "height": [0, 12 if c == 2 else 8, 30] if r == 1 else 3 if r == 4 else 0,
         "color": types[names[r][c]]["color"], "id": r * columns + c, "interactive": "Web", "user": "kept"}
        for r in range(rows) for c in range(columns)
    ]  # fmt: skip
    header = {"tableName": "demo", "cellSize": 50, "ncols": columns, "nrows": rows, "rotation": 23.0,
              "longitude": 120.2, "latitude": 30.2, "projection": "EPSG:32651"}  # fmt: skip
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[i, i], [i, i + 1], [i + 1, i], [i, i]]]},
         "properties": dict(cell)} for i, cell in enumerate(cells)
    ]  # fmt: skip
    return {
        "GEOGRID": {
            "type": "FeatureCollection",
            "properties": {"header": header, "types": types},
            "features": features,
        },
        "GEOGRIDDATA": cells,
        "indicators": [{"name": "kept too", "value": 1}],
        "meta": {"id": "abc"},
    }


def written(folder, data, name="table.json"):
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_table_becomes_a_scenario_that_passes_the_check(tmp_path):
    file = written(tmp_path, table())
    result = COMMANDS.invoke(app, ["import", "cityio", str(file), "--name", "demo", "--into", str(tmp_path)])
    assert result.exit_code == 0, result.output
    scenario = load(tmp_path / "demo.yaml")
    assert scenario.map.shape == (6, 8)
    assert scenario.map.cell_m == 50
    uses = {s.site: (s.use, s.floors) for s in scenario.map.legend.values()}
    assert uses["Innovation Lab"] == ("lab", 3)
    assert uses["Road"][0] == "road"
    floors = {s.floors for s in scenario.map.legend.values() if s.site == "Office Tower"}
    assert floors == {8, 12}
    page = (tmp_path / "demo-import.html").read_text()
    assert "land use of type" in page
    assert "Zorp" in page
    assert "rotated by 23" in page


def test_a_table_comes_back_as_it_went(tmp_path):
    data = table()
    file = written(tmp_path, data)
    COMMANDS.invoke(app, ["import", "cityio", str(file), "--name", "demo", "--into", str(tmp_path)])
    out = tmp_path / "back.json"
    result = COMMANDS.invoke(app, ["export", "cityio", str(tmp_path / "demo.yaml"), "--out", str(out)])
    assert result.exit_code == 0, result.exception
    back = json.loads(out.read_text())
    assert back == data


def test_a_changed_cell_is_changed_in_the_table_and_nothing_else_is(tmp_path):
    data = table()
    file = written(tmp_path, data)
    COMMANDS.invoke(app, ["import", "cityio", str(file), "--name", "demo", "--into", str(tmp_path)])
    scenario = load(tmp_path / "demo.yaml")
    rows = [list(row) for row in scenario.map.rows]
    rows[0][0] = rows[4][5]  # a laboratory where there was green
    changed = scenario.with_({"map.rows": tuple("".join(row) for row in rows)})
    back = cityio.export(changed, copy.deepcopy(data))
    different = [
        i for i, (a, b) in enumerate(zip(back["GEOGRIDDATA"], data["GEOGRIDDATA"], strict=True)) if a != b
    ]
    assert different == [0]
    cell = back["GEOGRIDDATA"][0]
    assert (cell["name"], cityio.height_of(cell), cell["user"]) == ("Innovation Lab", 3, "kept")
    assert back["meta"] == data["meta"]


@pytest.mark.parametrize("name", ["tiny-park", "iot-town-park"])
def test_a_park_comes_back_as_it_went(name, tmp_path):
    park = load(name)
    out = tmp_path / "table.json"
    assert (
        COMMANDS.invoke(
            app, ["export", "cityio", name, "--out", str(out), "--lon", "120.2", "--lat", "30.2"]
        ).exit_code
        == 0
    )
    read = cityio.read(out)
    legend, rows = cityio.symbols_of(read, Findings())
    assert tuple(rows) == park.map.rows
    assert {k: cityio._entry(v) for k, v in legend.items()} == {
        k: v.model_dump() for k, v in park.map.legend.items()
    }
    assert read.header["cellSize"] == park.map.cell_m
    corner = read.raw["GEOGRID"]["features"][0]["geometry"]["coordinates"][0][0]
    assert corner == [120.2, 30.2]


def test_like_keeps_everything_but_the_map(tmp_path):
    out = tmp_path / "table.json"
    COMMANDS.invoke(app, ["export", "cityio", "tiny-park", "--out", str(out)])
    data = json.loads(out.read_text())
    east = next(cell for cell in data["GEOGRIDDATA"] if cell["name"].startswith("East offices"))
    office = [cell for cell in data["GEOGRIDDATA"] if cell["name"] == east["name"]]
    for cell in office:
        cell["height"] = 7  # somebody moved the slider at the table
    file = written(tmp_path, data, "moved.json")
    result = COMMANDS.invoke(
        app,
        ["import", "cityio", str(file), "--name", "moved", "--like", "tiny-park", "--into", str(tmp_path)],
    )
    assert result.exit_code == 0, result.output
    moved = load(tmp_path / "moved.yaml")
    plain = load("tiny-park")
    assert moved.city == plain.city
    assert moved.amenities == plain.amenities
    assert moved.map.gates == plain.map.gates
    assert {s.floors for s in moved.map.legend.values() if s.site == "East offices" and s.floors > 1} == {7}
    assert to_yaml(moved) != to_yaml(plain)
    assert check(tmp_path / "moved.yaml") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.pop("GEOGRID"), "has no GEOGRID"),
        (lambda t: t["GEOGRIDDATA"].pop(), "6 × 8 = 48 cells, GEOGRIDDATA has 47"),
        (lambda t: t["GEOGRID"]["properties"]["header"].update(ncols="8"), "header.ncols should be a number"),
        (
            lambda t: t["GEOGRID"]["properties"]["header"].update(ncols=True),
            "header.ncols should be a number",
        ),
        (lambda t: t["GEOGRID"]["properties"]["header"].update(cellSize=2), "cells of 5 to 200 m"),
        (lambda t: t["GEOGRID"]["properties"]["header"].update(ncols=10**6), "are more than"),
        (lambda t: t["GEOGRID"]["properties"].update(types=[1]), "should be a mapping"),
    ],
)
def test_what_is_no_table_is_refused(change, told, tmp_path):
    data = table()
    change(data)
    with pytest.raises(DraftError, match=told):
        cityio.read(written(tmp_path, data))


def test_a_table_without_workplaces_is_refused(tmp_path):
    data = table()
    for cell in data["GEOGRIDDATA"]:
        cell["name"] = "Park"
    with pytest.raises(DraftError, match="nobody could work here"):
        cityio.draft(cityio.read(written(tmp_path, data)), "x", Findings())


@pytest.mark.parametrize(
    ("height", "storeys"), [(3, 3), ([0, 4, 9], 4), ([0, 9], 9), ("x", 0), ([], 0), (None, 0)]
)
def test_heights_come_in_several_forms(height, storeys):
    assert cityio.height_of({"height": height}) == storeys
