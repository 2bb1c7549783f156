"""OpenStreetMap extracts become scenarios: what is read, what is guessed, what is refused."""

import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("osmium")
pytest.importorskip("shapely")
sys.path.append(str(Path(__file__).parent))

from osm_case import BOX, Extract, small_park
from require import need, osm_extract

from parksim.cli import app
from parksim.errors import ScenarioError
from parksim.experiment.run import run
from parksim.importers import osm, outline
from parksim.importers.compose import Plan, compose
from parksim.importers.draft import DraftError
from parksim.importers.findings import Findings
from parksim.importers.tables import read_table
from parksim.scenario.read import check, load
from parksim.world.place import draw

COMMANDS = CliRunner()


def imported(extract, folder, box=BOX, cell_m=25, mapping=None, **plan):
    """Import an extract; returns the scenario and the findings."""
    found = Findings()
    file = extract.write(folder)
    features = osm.read(file, outline.bbox(extract.bbox(*box)), read_table("osm", mapping), found)
    draft = compose(features, Plan("park", "Park", cell_m=cell_m, source="a test", **plan), found)
    path = folder / "park.yaml"
    path.write_text(draft.text(), encoding="utf-8")
    assert check(path) == []
    return load(path), found


@pytest.fixture(scope="module")
def park(tmp_path_factory):
    return imported(small_park(), tmp_path_factory.mktemp("osm"))


def _symbol(scenario, cell):
    return scenario.map.legend[scenario.map.rows[cell[0]][cell[1]]]


def test_the_grid_covers_the_box_north_up(park):
    scenario, _ = park
    assert scenario.map.shape == (12, 16)
    assert _symbol(scenario, (11, 3)).road == "main", "the avenue runs along the south"
    assert _symbol(scenario, (2, 8)).use == "road"
    assert _symbol(scenario, (2, 8)).road == "park"
    assert _symbol(scenario, (0, 1)).use == "green"
    assert _symbol(scenario, (0, 14)).use == "water"
    assert _symbol(scenario, (10, 6)).site == "car park"


def test_buildings_have_their_use_storeys_and_whole_floor(park):
    scenario, found = park
    office = _symbol(scenario, (9, 2))
    assert (office.use, office.floors, office.site, office.built) == ("office", 10, "East Tower", 1)
    factory = _symbol(scenario, (9, 11))
    assert (factory.use, factory.floors) == ("factory", 3), "9.9 m are three storeys"
    assert _symbol(scenario, (5, 11)).use == "housing"
    assert _symbol(scenario, (5, 14)).use == "office", "on commercial land"
    buildings = {b.site: b for b in draw(scenario.layout).park.buildings}
    assert buildings["East Tower"].m2 == pytest.approx(50 * 50 * 10, rel=0.03)
    assert buildings["R&D house"].m2 == pytest.approx(75 * 37 * 4, rel=0.05)
    assert buildings["R&D house"].site_zh == "研发楼"
    assert any(g.what == "use of a building" and "land" in g.why for g in found.all_guesses())


def test_a_fence_with_a_gate_node_is_a_fenced_block_with_a_gate(park):
    scenario, _ = park
    (fence,) = scenario.map.fences
    gates = [gate for gate in scenario.map.gates if gate.fence == fence.name]
    assert [(gate.name, gate.cell, gate.side) for gate in gates] == [("east-gate", (6, 5), "E")]
    inside = set(scenario.map.blocks[fence.block])
    assert {(4, 1), (5, 3), (7, 5)} <= inside
    assert not inside & {(3, 1), (8, 1), (5, 0), (5, 6)}


def test_the_fence_lengthens_the_walk(park):
    scenario, _ = park
    opened = scenario.with_({f"map.fences.{scenario.map.fences[0].name}.open": True})
    walks = []
    for each in (scenario, opened):
        drawn = draw(each.layout)
        house = next(i for i, b in enumerate(drawn.park.buildings) if b.site == "R&D house")
        bus = next(i for i, g in enumerate(each.gateways) if g.kind == "bus")
        walks.append(drawn.walks.minutes[drawn.gateway_place[bus], house])
    assert walks[0] > walks[1]


def test_places_keep_what_the_map_tells_of_them(park):
    scenario, found = park
    by_title = {a.title: a for a in scenario.amenities}
    canteen = by_title["Staff canteen"]
    assert (canteen.category, canteen.capacity, canteen.opens, canteen.closes) == ("canteen", 80, 11, 13.5)
    assert canteen.cell == (5, 3)
    assert by_title["Corner"].floor == 2, "level 1 is the second floor"
    shop = next(a for a in scenario.amenities if a.category == "convenience")
    assert (shop.opens, shop.closes) == (0, 24)
    pharmacy = next(a for a in scenario.amenities if a.category == "pharmacy")
    assert _symbol(scenario, pharmacy.cell).use != "road"
    whats = {guess.what for guess in found.all_guesses()}
    assert "capacity of a cafe" in whats
    assert "capacity of a canteen" not in whats
    assert "opening hours of a cafe" in whats


def test_places_around_are_reached_through_the_nearest_gateway(park):
    scenario, _ = park
    (school,) = [a for a in scenario.amenities if a.category == "school"]
    gateway = next(g for g in scenario.gateways if g.name == school.outside.via)
    assert gateway.cell[1] >= 14, "the schools are in the east"
    assert school.title == "School One, School Two"
    assert 500 <= school.outside.walk_m <= 800


def test_stops_exits_and_roads_are_gateways(park):
    scenario, found = park
    kinds = [gateway.kind for gateway in scenario.gateways]
    assert kinds.count("bus") == 1, "both directions are one stop"
    assert kinds.count("metro") == 1
    roads = {g.name: g for g in scenario.gateways if g.kind == "road"}
    assert {"road-jiangnan-avenue", "road-jiangnan-avenue-2"} <= set(roads)
    assert roads["road-jiangnan-avenue"].capacity > roads["road"].capacity
    assert kinds.count("path") == 2
    assert any("bus stops within" in what for what in found.left_out)


def test_unknown_tags_are_listed_and_a_table_of_one_s_own_gives_them_a_meaning(park, tmp_path):
    assert park[1].unused["amenity=wishing_well"] == 1
    table = tmp_path / "mine.yaml"
    table.write_text("places:\n  amenity=wishing_well: social_space\nbuildings:\n  building=office: lab\n")
    scenario, found = imported(small_park(), tmp_path, mapping=table)
    assert "amenity=wishing_well" not in found.unused
    assert any(a.category == "social_space" for a in scenario.amenities)
    assert _symbol(scenario, (9, 2)).use == "lab"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("place:\n  a=b: cafe\n", "unknown section 'place'; did you mean 'places'?"),
        ("places:\n  amenity: cafe\n", "write key=value: meaning"),
        ("places:\n  amenity=bar: kafe\n", "mine.yaml:2.*did you mean 'cafe'"),
        ("roads:\n  highway=x: fast 2\n", "'fast 2' means nothing here"),
    ],
)
def test_a_faulty_table_is_told_with_its_line(text, told, tmp_path):
    table = tmp_path / "mine.yaml"
    table.write_text(text)
    with pytest.raises(ScenarioError, match=told):
        read_table("osm", table)


def test_the_scenario_runs_and_grades_what_it_says(park):
    scenario, found = park
    assert scenario.sources["map"].grade == "C"
    assert scenario.sources["city.zones"].grade == "assumed"
    assert "conflict" in " ".join(found.measured)
    played = run(scenario, seed=3, months=1)
    assert np.isfinite(played.indicators["commute_mean_min"])


def test_a_fence_without_a_gate_gets_one_and_says_so(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    extract.box(50, 75, 200, 200, barrier="wall")
    extract.box(100, 100, 150, 150, building="office")
    scenario, found = imported(extract, tmp_path)
    assert len(scenario.map.gates) == 1
    assert any(g.what == "gate" and "no way through" in g.why for g in found.all_guesses())


def test_a_gap_in_a_fence_is_an_opening(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    extract.way([(130, 75), (200, 75), (200, 200), (50, 200), (50, 75), (115, 75)], barrier="fence")
    extract.box(100, 100, 150, 150, building="office")
    scenario, found = imported(extract, tmp_path)
    (gate,) = scenario.map.gates
    assert gate.side == "S"
    assert any(g.value == "a gap in the fence" for g in found.all_guesses())


def test_a_fence_between_two_houses_closes_with_their_walls(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    for west in (50, 250):
        extract.box(west, 75, west + 50, 225, building="office", building__levels=4)
    extract.way([(103, 75), (248, 75)], barrier="fence")  # its ends stand two and three metres off
    extract.way([(100, 225), (250, 225)], barrier="fence")
    scenario, found = imported(extract, tmp_path)
    (fence,) = scenario.map.fences
    yard = set(scenario.map.blocks[fence.block])
    assert (6, 7) in yard
    assert all(2 <= row <= 8 and 3 <= column <= 11 for row, column in yard)
    assert scenario.map.gates
    assert any(g.what == "end of a fence" and g.count == 4 for g in found.all_guesses())


def test_a_fence_within_a_fence_stands_too(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    extract.box(50, 50, 350, 275, barrier="wall")
    extract.box(150, 125, 250, 225, barrier="fence")
    extract.box(170, 150, 225, 200, building="office")
    scenario, _ = imported(extract, tmp_path)
    outer, inner = sorted(scenario.map.fences, key=lambda f: -len(scenario.map.blocks[f.block]))
    assert {gate.fence for gate in scenario.map.gates} == {outer.name, inner.name}

    def walk(*opened):
        changes = {f"map.fences.{fence.name}.open": True for fence in opened}
        drawn = draw(scenario.with_(changes).layout)
        return drawn.walks.minutes[drawn.gateway_place][:, : len(drawn.park.buildings)].min()

    assert walk() >= walk(inner) >= walk(inner, outer)
    assert walk() > walk(inner, outer)


def test_every_pocket_of_a_full_yard_gets_a_way_out(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    extract.box(98, 73, 302, 252, barrier="fence")
    for west, south in ((100, 75), (225, 75), (100, 175), (225, 175)):  # they leave a cross of single cells
        extract.box(west, south, west + 75, south + 75, building="office")
    extract.box(
        175, 150, 225, 175, building="office"
    )  # and its middle is built, so that four pockets are left
    scenario, found = imported(extract, tmp_path)  # passes the check: everybody can walk everywhere
    assert len(scenario.map.fences) == 1
    assert len(scenario.map.gates) >= 2
    assert any(g.value == "one more" for g in found.all_guesses())


def test_car_parks_are_written_where_they_are_room_enough(tmp_path):
    extract = small_park()
    extract.node(340, 60, amenity="parking", name="Deck", capacity=3000)
    extract.node(345, 110, amenity="parking")
    extract.box(330, 230, 380, 280, amenity="parking", access="private")
    scenario, found = imported(extract, tmp_path, employees=1000)
    assert {lot.title: lot.places for lot in scenario.car_parks} == {"Deck": 3000, "": 40}
    assert found.left_out["car parks of unknown size (points without a capacity)"] == 1
    assert found.left_out["car parks of private access"] == 1
    assert np.isfinite(run(scenario, seed=3, months=1).indicators["commute_mean_min"])


def test_too_few_car_parks_are_a_comment_to_be_completed(park, tmp_path):
    scenario, found = park
    assert scenario.car_parks == ()
    assert any("the map seems to miss some" in note for note in found.notes)
    imported(small_park(), tmp_path)
    text = (tmp_path / "park.yaml").read_text()
    assert "# car_parks:\n#   - {name: car-park, cell: [10, 6], places: 40}" in text


def test_a_fence_that_closes_around_nothing_is_counted(tmp_path):
    extract = small_park()
    extract.way([(330, 20), (390, 20)], barrier="fence")
    _, found = imported(extract, tmp_path)
    assert any("metres of fence" in what and n >= 55 for what, n in found.left_out.items())


def test_a_courtyard_building_gets_a_passage(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    outer = extract.box(50, 50, 250, 250)
    inner = extract.box(90, 90, 210, 210)
    extract.relation([(outer, "outer"), (inner, "inner")], building="office", building__levels=5)
    extract.box(125, 125, 175, 175, building="office", building__levels=2)
    scenario, found = imported(extract, tmp_path)
    assert any("opened as passages" in note for note in found.notes)
    assert {2, 5} <= {b.floors for b in draw(scenario.layout).park.buildings}


def test_adjoining_houses_of_the_same_kind_stay_apart(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    for k in range(4):
        extract.box(50 + 50 * k, 50, 100 + 50 * k, 100, building="office", building__levels=3)
    scenario, _ = imported(extract, tmp_path)
    assert len(draw(scenario.layout).park.buildings) == 4


def test_a_polygon_leaves_what_is_outside(tmp_path):
    extract = small_park()
    points = [extract.at(x, y) for x, y in ((0, 0), (240, 0), (240, 300), (0, 300), (0, 0))]
    file = tmp_path / "outline.poly"
    body = "\n".join(f"   {lon} {lat}" for lon, lat in points)
    file.write_text(f"park\n1\n{body}\nEND\nEND\n")
    json_file = tmp_path / "outline.geojson"
    json_file.write_text(f'{{"type": "Polygon", "coordinates": [{[list(p) for p in points]}]}}')
    assert outline.polygon(file).equals(outline.polygon(json_file))
    extract.write(tmp_path)
    arguments = ["import", "osm", str(tmp_path / "park.osm"), "--name", "p", "--into", str(tmp_path)]
    result = COMMANDS.invoke(app, [*arguments, "--polygon", str(json_file)])
    assert result.exit_code == 0, result.output
    scenario = load(tmp_path / "p.yaml")
    assert not any(b.use == "factory" for b in draw(scenario.layout).park.buildings)


def test_a_box_from_a_chinese_map_service_is_shifted_back(tmp_path):
    from parksim.importers.coordinates import gcj02

    extract = small_park()
    (west, south), (east, north) = extract.at(0, 0), extract.at(400, 300)
    x, y = gcj02(np.array([west, east]), np.array([south, north]))
    box = outline.bbox(f"{x[0]},{y[0]},{x[1]},{y[1]}", "gcj02")
    assert np.allclose(box.bounds, (west, south, east, north), atol=2e-5)
    plain = outline.bbox(f"{x[0]},{y[0]},{x[1]},{y[1]}")
    assert abs(plain.bounds[0] - west) > 0.002


# --- what cannot be used -------------------------------------------------------------------------


def _refused(*arguments):
    result = COMMANDS.invoke(app, ["import", "osm", *map(str, arguments)])
    assert result.exception is not None
    assert not isinstance(result.exception, (SystemExit,)) or result.exit_code == 2
    return str(result.exception) or result.output


def test_an_empty_extract_is_refused(tmp_path):
    file = Extract().write(tmp_path)
    told = _refused(file, "--name", "x", "--into", tmp_path, "--bbox", "120,30,120.01,30.01")
    assert "empty extract" in told
    (tmp_path / "none.osm").write_bytes(b"")
    assert "is empty" in _refused(tmp_path / "none.osm", "--name", "x", "--into", tmp_path)
    assert "no such file" in _refused(tmp_path / "gone.osm", "--name", "x")


def test_swapped_axes_and_another_place_are_noticed(tmp_path):
    extract = Extract(lon=24.94, lat=60.17)
    extract.box(0, 0, 50, 50, building="office")
    file = extract.write(tmp_path)
    told = _refused(file, "--name", "x", "--bbox", "60.169,24.939,60.172,24.942")
    assert "axes of the area are swapped" in told
    told = _refused(file, "--name", "x", "--bbox", "24.84,60.07,24.85,60.08")
    assert "has nothing in" in told
    assert "the file covers 24.9" in told
    told = _refused(file, "--name", "x", "--bbox", "24.939,60.169,24.942,60.172", "--crs", "gcj02")
    assert "is not in China" in told


def test_an_area_of_no_park_s_size_is_refused(tmp_path):
    file = small_park().write(tmp_path)
    assert "a park is up to" in _refused(file, "--name", "x", "--bbox", "119,29,121,31")
    assert "too small" in _refused(file, "--name", "x", "--bbox", "120.2,30.2,120.2001,30.2001")
    box = small_park().bbox(-4000, -4000, 5000, 5000)
    assert "--cell-m 19 or more" in _refused(file, "--name", "x", "--bbox", box, "--cell-m", "10")


def test_a_polygon_that_crosses_itself_is_refused_with_the_place(tmp_path):
    file = small_park().write(tmp_path)
    bow = tmp_path / "bow.geojson"
    bow.write_text(
        '{"type":"Polygon","coordinates":[[[120.2,30.2],[120.21,30.21],[120.21,30.2],[120.2,30.21],[120.2,30.2]]]}'
    )
    told = _refused(file, "--name", "x", "--polygon", bow)
    assert "crosses itself" in told
    assert "120.205 30.205" in told
    bow.write_text('{"type":"Point","coordinates":[1,2]}')
    assert "holds no polygon" in _refused(file, "--name", "x", "--polygon", bow)
    bow.write_text('{"type":')
    assert "bow.geojson:1: not valid JSON" in _refused(file, "--name", "x", "--polygon", bow)


def test_a_broken_building_is_mended_and_counted(tmp_path):
    extract = small_park()
    extract.way([(330, 60), (380, 110), (380, 60), (330, 110), (330, 60)], building="office")
    _, found = imported(extract, tmp_path)
    broken = found.left_out["areas whose outline is broken"]
    mended = sum(g.count for g in found.all_guesses() if g.value == "mended")
    assert broken + mended + (found.read["buildings"] == 5) >= 1


def test_an_entity_bomb_is_refused(tmp_path):
    bomb = '<!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    extract = small_park()
    extract.box(60, 60, 90, 90, building="office", name="@@")
    file = extract.write(tmp_path, head=bomb)
    file.write_text(file.read_text().replace("@@", "&b;"))
    assert "cannot be read as OpenStreetMap data" in _refused(file, "--name", "x")


def test_packed_and_broken_files_are_refused(tmp_path):
    packed = tmp_path / "park.osm.gz"
    packed.write_bytes(zlib.compress(b"x"))
    assert "unpack what is packed" in _refused(packed, "--name", "x")
    broken = tmp_path / "park.pbf"
    broken.write_bytes(b"\x00\x00\x00\x0dnonsense and more of it")
    assert "cannot be read as OpenStreetMap data" in _refused(broken, "--name", "x")


def test_nowhere_to_work_is_told(tmp_path):
    extract = Extract()
    extract.way([(-50, 12), (450, 12)], highway="residential")
    extract.box(50, 50, 100, 100, building="house")
    with pytest.raises(DraftError, match="nobody could work here"):
        imported(extract, tmp_path)
    extract.box(250, 50, 300, 100, building="office")
    with pytest.raises(DraftError, match="need more floor than was drawn"):
        imported(extract, tmp_path, employees=5000)


def test_the_command_writes_a_scenario_and_a_page_and_overwrites_nothing(tmp_path):
    extract = small_park()
    file = extract.write(tmp_path)
    arguments = ["import", "osm", str(file), "--name", "mine", "--into", str(tmp_path / "out"),
                 "--bbox", extract.bbox(*BOX)]  # fmt: skip
    result = COMMANDS.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "passes the check" in result.output
    page = (tmp_path / "out" / "mine-import.html").read_text()
    for told in (
        "passes the check",
        "storeys of a building",
        "amenity=wishing_well",
        "assumed",
        "Open Database License",
    ):
        assert told in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    sketch = load(tmp_path / "out" / "mine-community.yaml")
    assert sketch.before is not None
    assert all(fence.open for fence in sketch.map.fences)
    assert sketch.governance.kind == "council"
    again = COMMANDS.invoke(app, arguments)
    assert "--force overwrites it" in str(again.exception)
    assert COMMANDS.invoke(app, [*arguments, "--force"]).exit_code == 0


def test_names_from_the_file_cannot_write_into_the_page_or_the_scenario(tmp_path):
    extract = small_park()
    nasty = '<script>alert("1")</script>: {x: &y *z} # \n - !!python'
    extract.box(330, 60, 380, 110, building="office", name=nasty)
    extract.node(340, 70, amenity="cafe", name=nasty)
    file = extract.write(tmp_path)
    arguments = [
        "import",
        "osm",
        str(file),
        "--name",
        "mine",
        "--into",
        str(tmp_path),
        "--bbox",
        extract.bbox(*BOX),
    ]
    assert COMMANDS.invoke(app, arguments).exit_code == 0
    assert "<script" not in (tmp_path / "mine-import.html").read_text()
    titles = [a.title for a in load(tmp_path / "mine.yaml").amenities]
    assert any(title.startswith('<script>alert("1")') for title in titles)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("24/7", (0, 24)),
        ("Mo-Fr 08:00-20:00; Sa 10:00-16:00", (8, 20)),
        ("Sa 10:00-16:00; Mo-Fr 7:30-18:15", (7.5, 18.25)),
        ("11:00-14:00,17:00-22:00", (11, 22)),
        ("Mo-Su 18:00-02:00", (18, 24)),
        ("Su off", None),
        ("sunrise-sunset", None),
    ],
)
def test_opening_hours(text, hours):
    assert osm.opening_hours(text) == hours


# --- a real extract ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def helsinki(tmp_path_factory):
    need("osm-extract")
    folder = tmp_path_factory.mktemp("helsinki")
    result = COMMANDS.invoke(
        app,
        ["import", "osm", osm_extract(), "--name", "helsinki", "--into", str(folder), "--cell-m", "15",
         "--bbox", "24.9352,60.1642,24.9532,60.1732"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return load(folder / "helsinki.yaml")


def test_the_centre_of_helsinki_is_imported(helsinki):
    scenario = helsinki
    assert len(draw(scenario.layout).park.buildings) > 250
    kinds = {gateway.kind for gateway in scenario.gateways}
    assert {"metro", "bus", "road", "path"} <= kinds


def test_in_helsinki_everybody_gets_everywhere(helsinki):
    scenario = helsinki
    drawn = draw(scenario.layout)
    walks = drawn.walks.minutes[drawn.gateway_place][:, : len(drawn.park.buildings)]
    assert np.isfinite(walks).all()
    titles = {amenity.title for amenity in scenario.amenities}
    assert "Pääposti" in titles
