"""A scenario file is read whole, or every fault in it is named at its line."""

import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import yaml

from parksim.errors import ScenarioError
from parksim.scenario import library
from parksim.scenario.diff import difference
from parksim.scenario.merge import merge
from parksim.scenario.read import check, load
from parksim.scenario.write import to_yaml

PARK = library.find("tiny-park").read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Write files into an empty directory and stand there."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            Path(f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def park(*edits):
    text = PARK
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in tiny-park"
        text = text.replace(old, new)
    return text


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def child(body="", parent="park"):
    return f"parksim: 1\nextends: {parent}\nname: child\ntitle: Child\n{body}"


def only(problems):
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# --- what is right -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", library.names())
def test_every_bundled_scenario_can_be_run_and_bears_the_name_of_its_file(name):
    assert check(name) == []
    assert load(name).name == name


def test_a_community_has_the_layout_of_its_park_as_its_past():
    park_, town = load("tiny-park"), load("tiny-community")
    assert town.before == park_.layout.model_copy() or town.before.model_dump() == park_.layout.model_dump()
    assert town.plain.content_hash == park_.content_hash != town.content_hash
    assert park_.before is None
    assert park_.plain is park_
    assert town.family == park_.family == "tiny"


def test_a_community_states_only_what_differs():
    assert [each.path for each in difference(load("tiny-park"), load("tiny-community"))] == [
        "map.fences.west-fence.open",
        "map.fences.east-fence.open",
        "amenities.alpha-canteen.access",
        "amenities.alpha-canteen.opex_cny_year",
        "amenities.pavilion-cafe",
        "amenities.dormitory-flats",
        "governance.kind",
        "governance.seats",
        "governance.organs",
        "governance.channels.council",
        "governance.events_month",
        "governance.event_places",
        "governance.opex_cny_year",
    ]


def test_a_default_stated_and_a_default_left_out_are_the_same_content(place):
    place(stated=park(("capacity: 4\n    price: 12", "capacity: 4\n    price: 12\n    opens: 7")))
    assert load("stated.yaml").content_hash == load("tiny-park").content_hash


def test_words_that_yaml_takes_for_something_else_stay_what_was_written(place):
    text = park(("title: Tiny park", "title: No"), ("name: Two-zone town", "name: 12:30"))
    place(park=text.replace("fence, block: west}", "fence, block: west, open: yes}"))
    scenario = load("park.yaml")
    assert (scenario.title, scenario.city.name) == ("No", "12:30")
    assert scenario.map.fences[0].open is True


def test_a_resolved_scenario_written_out_reads_as_the_same_place(place):
    place(shown=to_yaml(load("tiny-community")))
    shown = load("shown.yaml")
    assert shown.before is None
    assert difference(shown, load("tiny-community")) == []
    assert shown.sources == load("tiny-community").sources


def test_a_written_scenario_draws_its_map_and_marks_grades():
    text = to_yaml(load("tiny-park"))
    assert "  rows: |\n    ........\n    .WW.EE..\n" in text
    assert "walk_kmh: 6  # assumed" in text
    assert "cell: [3, 0]" in text


def test_a_large_scenario_is_read_quickly(place):
    rows = "\n".join("    " + ("." * 58 + "==") for _ in range(42))
    grown = re.sub(r"    \.{8}\n(.+\n){5}", lambda m: m[0].replace("\n", "." * 52 + "\n") + rows + "\n", PARK)
    many = "".join(
        f"  - {{name: kiosk-{i}, category: convenience, cell: [0, {i % 60}], capacity: 2}}\n"
        for i in range(80)
    )
    place(park=grown.replace("amenities:\n", f"amenities:\n{many}"))
    took = []
    for _ in range(5):
        start = time.process_time()
        assert load("park.yaml").map.shape == (48, 60)
        took.append(time.process_time() - start)
    assert min(took) < 0.15, "about 20 ms; the bound is wide for slow machines"


# --- extends -------------------------------------------------------------------------------------


def test_a_child_changes_adds_and_removes_things_by_name(place):
    body = """
amenities:
  - {name: alpha-canteen, access: everyone}
  - {name: corner-shop, remove: true}
  - {name: kiosk, category: cafe, cell: [0, 0], capacity: 2}
population: {car_share: {high: 0.5}}
governance: {organs: [council]}
"""
    place(park=PARK, child=child(body))
    scenario = load("child.yaml")
    assert [amenity.name for amenity in scenario.amenities] == ["alpha-canteen", "kiosk"]
    canteen = scenario.amenities[0]
    assert (canteen.access, canteen.capacity, canteen.owner) == ("everyone", 40, "alpha")
    assert scenario.population.car_share == {"low": 0, "middle": 0, "high": 0.5}
    assert len(scenario.before.amenities) == 2
    assert scenario.plain.population.car_share["high"] == 0.5, "people are the same in both layouts"


def test_stating_a_new_place_replaces_the_old_one(place):
    place(park=PARK, child=child("amenities: [{name: corner-shop, block: pavilion}]"))
    shop = load("child.yaml").amenities[1]
    assert (shop.block, shop.outside, shop.cell) == ("pavilion", None, None)


def test_the_past_is_the_root_of_the_chain(place):
    first = child("amenities: [{name: kiosk, category: cafe, cell: [0, 0], capacity: 2}]")
    second = child("amenities: [{name: kiosk, capacity: 3}]", "child").replace("name: child", "name: second")
    place(park=PARK, child=first, second=second)
    scenario = load("second.yaml")
    assert scenario.amenities[-1].capacity == 3
    assert [amenity.name for amenity in scenario.before.amenities] == ["alpha-canteen", "corner-shop"]


def test_a_parent_is_found_beside_the_child_by_path_and_in_the_library(place):
    here = place(park=PARK)
    (here / "more").mkdir()
    for parent in ("../park.yaml", "tiny-park"):
        Path("more/child.yaml").write_text(child(parent=parent), encoding="utf-8")
        assert load("more/child.yaml").before is not None


def test_a_source_of_a_replaced_value_is_not_inherited(place):
    sourced = (
        PARK
        + "  amenities.corner-shop.price: {grade: B, source: seen}\n"
        + "  city.zones.North.rent: {grade: C, source: ad}\n"
    )
    body = "amenities: [{name: corner-shop, price: 9}]\ncity: {zones: [{name: South, rent: 1}]}"
    place(park=sourced, child=child(body))
    sources = load("child.yaml").sources
    assert "amenities.corner-shop.price" not in sources
    assert sources["city.zones.North.rent"].grade == "C"
    place(child=child("amenities: [{name: corner-shop, remove: true}]"))
    assert "amenities.corner-shop.price" not in load("child.yaml").sources


def test_a_fault_in_the_parent_is_reported_once_and_in_the_parent(place):
    text = park(("capacity: 600", "capacity: -1"))
    place(park=text, child=child("amenities: [{name: kiosk, category: cafe, cell: [9, 9], capacity: 2}]"))
    first, second = check("child.yaml")
    assert (first.file, first.field) == ("child.yaml", "amenities.kiosk.cell")
    assert (second.file, second.line) == ("park.yaml", line_of(text, "capacity: -1"))
    assert second.field == "gateways.east-road.capacity"


def test_a_fault_of_the_old_layout_alone_is_reported_too(place):
    text = park(("cell: [2, 2]", "cell: [3, 2]"))
    place(park=text, child=child("amenities: [{name: alpha-canteen, cell: [2, 2]}]"))
    problem = only(check("child.yaml"))
    assert (problem.file, problem.line) == ("park.yaml", line_of(text, "cell: [3, 2]"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (child(parent="prk"), "no scenario 'prk'; did you mean 'park'?"),
        (child(parent="../nowhere.yaml"), "there is no file '../nowhere.yaml'"),
        (child(parent="child"), "goes in a circle: child extends child"),
        (child(parent="[park]"), "should be the name of a scenario"),
    ],
)
def test_a_parent_that_cannot_be_is_an_error_at_its_line(place, text, says):
    place(park=PARK, child=text)
    problem = only(check("child.yaml"))
    assert (problem.file, problem.line, problem.field) == ("child.yaml", 2, "extends")
    assert says in problem.message


def test_a_circle_of_several_and_a_chain_without_end_are_errors(place):
    place(a=child(parent="b"), b=child(parent="c"), c=child(parent="a"))
    assert "a extends b extends c extends a" in only(check("a.yaml")).message
    place(**{f"f{i}": child(parent=f"f{i + 1}") for i in range(12)}, f12=PARK)
    assert "files deep" in only(check("f0.yaml")).message


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (
            "amenities: [{name: corner-shp, remove: true}]",
            "amenities.corner-shp",
            "did you mean 'corner-shop'?",
        ),
        ("amenities: [{name: corner-shop, remove: false}]", "amenities.corner-shop.remove", "remove: true"),
    ],
)
def test_removing_what_is_not_there_is_an_error(place, body, field, says):
    place(park=PARK, child=child(body))
    problem = only(check("child.yaml"))
    assert (problem.file, problem.line, problem.field) == ("child.yaml", 5, field)
    assert says in problem.message


def test_each_file_says_its_own_name_and_version(place):
    place(park=PARK, child="extends: park\ntitle: Child\n")
    assert {(p.file, p.field) for p in check("child.yaml")} == {
        ("child.yaml", "parksim"),
        ("child.yaml", "name"),
    }


def test_merging_changes_neither_side():
    parent = {"list": [{"name": "a", "deep": {"x": 1}}], "plain": [1, 2]}
    over = {"list": [{"name": "a", "deep": {"y": 2}}, {"name": "b"}], "plain": [3]}
    merged = merge(parent, over)
    assert merged == {"list": [{"name": "a", "deep": {"x": 1, "y": 2}}, {"name": "b"}], "plain": [3]}
    assert parent["list"] == [{"name": "a", "deep": {"x": 1}}]
    assert merge({"list": [{"name": "a"}]}, {"list": []}) == {"list": []}


# --- what is not a scenario at all ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "the file is empty"),
        ("# nothing but a comment\n", None, "the file is empty"),
        ("- a\n- list\n", 1, "should be a mapping"),
        ("just words", 1, "should be a mapping"),
        ("parksim: 1\nname: [a, b\n", 2, "not valid YAML"),
        ("parksim: 1\nmap:\n\tcell_m: 5\n", 3, "indent with spaces"),
        ("parksim: 1\n---\nparksim: 1\n", 2, "single document"),
        ("parksim: *nobody\n", 1, "undefined alias"),
        ("a: &a [*a, *a]\n", 1, "unfolded"),
        ("a: \0\n", None, "not valid YAML"),
        ("[" * 100_000, None, "not valid YAML"),
    ],
)
def test_what_is_no_scenario_is_one_error(place, text, line, says):
    place(bad=text)
    problem = only(check("bad.yaml"))
    assert problem.file == "bad.yaml"
    assert problem.line == line or line is None
    assert says in problem.message


def test_a_bomb_of_aliases_is_refused_at_once(place):
    levels = [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 12)]
    place(bomb="\n".join(["parksim: 1", "l0: &l0 [x]", *levels]))
    start = time.process_time()
    assert "unfolded" in only(check("bomb.yaml")).message
    assert time.process_time() - start < 5


def test_a_file_is_never_executed(place):
    place(evil=PARK + "evil: !!python/object/apply:os.system ['touch harmed']\n")
    assert any("tag" in problem.message for problem in check("evil.yaml"))
    assert not Path("harmed").exists()


def test_a_file_in_another_encoding_is_an_error(place):
    place()
    Path("gbk.yaml").write_bytes("title: 园区".encode("gbk"))
    assert "not UTF-8" in only(check("gbk.yaml")).message


def test_a_missing_file_and_an_unknown_name_say_what_is_near(place):
    place()
    assert "did you mean 'tiny-park'?" in only(check("tiny-prk")).message
    assert "there is no such file; did you mean 'tiny-park'?" in only(check("tiny-prak.yaml")).message
    assert "is a directory" in only(check("./")).message
    with pytest.raises(ScenarioError, match="no scenario of that name"):
        load("nothing like it")


# --- what is wrong in a scenario -----------------------------------------------------------------

FAULTS = {  # edits of tiny-park; text on the line at fault; field; what the message says
    "unknown key": ([("cell_m: 100", "cel_m: 100")], "cel_m", "map.cel_m", "did you mean 'cell_m'?"),
    "unknown section": ([("needs: #", "neds: #")], "neds", "neds", "did you mean 'needs'?"),
    "unit in the number": (
        [("cell_m: 100", "cell_m: 100 m")],
        "cell_m: 100 m",
        "map.cell_m",
        "'100 m' is not a number; 'cell_m' is in metres, written without unit: write 100; allowed: 5 to 200",
    ),
    "wrong unit": (
        [("walk_m: 100", "walk_m: 0.1 km")],
        "0.1 km",
        "amenities.corner-shop.outside.walk_m",
        "write 100",
    ),
    "kilometres": ([("road_km: 14", "road_km: 14 km")], "14 km", "city.zones.North.road_km", "kilometres"),
    "percent": ([("owner_share: 0", "owner_share: 40 %")], "40 %", "population.owner_share", "write 0.4"),
    "parameter with unit": (
        [("walk_kmh: 6", "walk_kmh: 6 km/h")],
        "walk_kmh: 6 km/h",
        "parameters.travel.walk_kmh",
        "km/h",
    ),
    "time of day": (
        [("opens: 11", "opens: 11:30")],
        "11:30",
        "amenities.alpha-canteen.opens",
        "hours of the day",
    ),
    "a word for a number": (
        [("headway_min: 10", "headway_min: often")],
        "often",
        "gateways.bus-stop.headway_min",
        "minutes",
    ),
    "yes for a number": (
        [("employees: 40", "employees: yes")],
        "employees: yes",
        "population.employees",
        "whole number",
    ),
    "half a person": ([("employees: 40", "employees: 40.5")], "40.5", "population.employees", "whole number"),
    "out of range": (
        [("cell_m: 100", "cell_m: 2")],
        "cell_m",
        "map.cell_m",
        "2 is out of range; allowed: 5 to 200 (metres)",
    ),
    "not a number at all": ([("rent: 3000", "rent: .nan")], ".nan", "city.zones.North.rent", "number"),
    "above a bound": (
        [("headway_min: 10", "headway_min: 0")],
        "headway_min: 0",
        "gateways.bus-stop.headway_min",
        "above 0 to 120",
    ),
    "missing": (
        [("    cell: [2, 2]\n    capacity: 40\n", "    cell: [2, 2]\n")],
        "- name: alpha-canteen",
        "amenities.alpha-canteen.capacity",
        "'capacity' is missing",
    ),
    "choice": ([("{use: road}", "{use: raod}")], "raod", "map.legend.=.use", "did you mean 'road'?"),
    "category": (
        [("category: canteen", "category: cantine")],
        "cantine",
        "amenities.alpha-canteen.category",
        "did you mean 'canteen'?",
    ),
    "need of no category": (
        [("  cafe: {share: 1}", "  cofe: {share: 1}")],
        "needs:",
        "needs",
        "did you mean 'cafe'?",
    ),
    "name with a space": (
        [("{name: east-fence,", "{name: east fence,"), ("fence: east-fence", "fence: east fence")],
        "{name: east fence",
        "map.fences.east fence.name",
        "is not a name",
    ),
    "text expected": ([("title: Tiny park", "title: 7")], "title: 7", "title", "put it in quotes"),
    "mapping expected": (
        [("  travel: {walk_kmh: 6}", "  travel: 6")],
        "travel: 6",
        "parameters.travel",
        "should be a mapping",
    ),
    "list expected": (
        [("cell: [1, 1]", "cell: 11")],
        "cell: 11",
        "map.gates.west-gate.cell",
        "should be a list",
    ),
    "shares": (
        [("{single: 0.5, couple: 0.5,", "{single: 0.5, couple: 0.6,")],
        "couple: 0.6",
        "population.household",
        "shares sum to 1.1",
    ),
    "version": ([("parksim: 1", "parksim: 2")], "parksim: 2", "parksim", "reads 'parksim: 1'"),
    "two places": (
        [("cell: [2, 2]", "cell: [2, 2]\n    block: west")],
        "- name: alpha-canteen",
        "amenities.alpha-canteen",
        "exactly one of",
    ),
    "key twice": (
        [("cell_m: 100", "cell_m: 100\n  cell_m: 50")],
        "cell_m: 50",
        "map.cell_m",
        "given twice (first in line",
    ),
    "name twice": (
        [("{name: east-road,", "{name: bus-stop,")],
        "kind: road",
        "gateways.bus-stop",
        "used twice",
    ),
    "preset of circles": (
        [
            (
                PARK[PARK.index("circles:\n") : PARK.index("\ncity:\n")],
                "circles: iot-twon",
            )
        ],
        "iot-twon",
        "circles",
        "did you mean 'iot-town'?",
    ),
    # cross-checks
    "ragged row": (
        [("    .H..S...\n", "    .H..S..\n")],
        "    .H..S..",
        "map.rows.4",
        "row 4 (counted from 0) is 7 cells long, expected 8",
    ),
    "unknown symbol": (
        [("    .H..S...\n", "    .h..S...\n")],
        "    .h..S...",
        "map.rows.4",
        "row 4, column 1 (counted from 0): 'h' is not in the legend; did you mean 'H'?",
    ),
    "fence of nothing": (
        [("{name: west-fence, block: west}", "{name: west-fence, block: wset}")],
        "wset",
        "map.fences.west-fence.block",
        "did you mean 'west'?",
    ),
    "fence off the map": (
        [("{name: west-fence, block: west}", "{name: west-fence, cells: [0, 0, 9, 2]}")],
        "[0, 0, 9, 2]",
        "map.fences.west-fence.cells",
        "off the map, which has rows 0 to 5",
    ),
    "gate in no fence": (
        [("fence: west-fence", "fence: wall")],
        "fence: wall",
        "map.gates.west-gate.fence",
        "there is no fence 'wall'",
    ),
    "gate beside its fence": (
        [("cell: [1, 1], side: N", "cell: [1, 1], side: S")],
        "side: S",
        "map.gates.west-gate.cell",
        "side S of cell [1, 1] is not on the edge of fence 'west-fence'",
    ),
    "amenity on a road": (
        [("cell: [2, 2]", "cell: [3, 2]")],
        "cell: [3, 2]",
        "amenities.alpha-canteen.cell",
        "cell [3, 2] is road",
    ),
    "amenity off the map": (
        [("cell: [2, 2]", "cell: [2, 8]")],
        "cell: [2, 8]",
        "amenities.alpha-canteen.cell",
        "columns 0 to 7",
    ),
    "amenity in no block": (
        [("cell: [2, 2]", "block: wset")],
        "wset",
        "amenities.alpha-canteen.block",
        "did you mean 'west'?",
    ),
    "amenity in a block of grass": (
        [('".": {use: green}', '".": {use: green, block: lawn}'), ("cell: [2, 2]", "block: lawn")],
        "    block: lawn",
        "amenities.alpha-canteen.block",
        "has no buildings",
    ),
    "amenity above the roof": (
        [("cell: [2, 2]", "cell: [2, 2]\n    floor: 9")],
        "floor: 9",
        "amenities.alpha-canteen.floor",
        "floor 9 of a building with 1",
    ),
    "way out": (
        [("via: bus-stop", "via: bus-stp")],
        "bus-stp",
        "amenities.corner-shop.outside.via",
        "did you mean 'bus-stop'?",
    ),
    "owner": (
        [("owner: alpha #", "owner: alhpa #")],
        "alhpa",
        "amenities.alpha-canteen.owner",
        "did you mean 'alpha'?",
    ),
    "circle of nothing": (
        [("daily_5: {minutes: 5, categories: [canteen,", "daily_5: {minutes: 5, categories: [cantene,")],
        "cantene",
        "circles.daily_5.categories",
        "did you mean 'canteen'?",
    ),
    "gateway off the map": (
        [("cell: [3, 0]", "cell: [6, 0]")],
        "cell: [6, 0]",
        "gateways.bus-stop.cell",
        "rows 0 to 5",
    ),
    "road entrance on grass": (
        [("cell: [3, 7]", "cell: [4, 7]")],
        "cell: [4, 7]",
        "gateways.east-road.cell",
        "needs a road cell; cell [4, 7] is green",
    ),
    "minutes to nowhere": (
        [("minutes: {North: 20,", "minutes: {Noth: 20,")],
        "bus-stop, kind",
        "gateways.bus-stop.minutes.Noth",
        "did you mean 'North'?",
    ),
    "anchor in no block": (
        [("employees: 20, block: west", "employees: 20, block: wets")],
        "wets",
        "enterprises.anchors.alpha.block",
        "did you mean 'west'?",
    ),
    "anchor among homes": (
        [("employees: 20, block: west", "employees: 20, block: dormitory")],
        "block: dormitory, sector",
        "enterprises.anchors.alpha.block",
        "no office, lab or factory",
    ),
    "anchor of no sector": (
        [("sector: software", "sector: sofware")],
        "sofware",
        "enterprises.anchors.alpha.sector",
        "did you mean 'software'?",
    ),
    "anchors too large": (
        [("employees: 20, block", "employees: 60, block")],
        "anchors:",
        "enterprises.anchors",
        "employ 60 people, more than the 40",
    ),
    "too few for the firms": (
        [("count: 3", "count: 30")],
        "count: 30",
        "enterprises.count",
        "need 310, the population has 40",
    ),
    "too little floor": (
        [("built: 0.025,", "built: 0.001,")],
        "employees: 40",
        "population.employees",
        "need 1,000 m² of floor at 25 m² each",
    ),
    "nowhere to work": (
        [
            ("W: {use: office", "W: {use: housing"),
            ("E: {use: office", "E: {use: housing"),
        ],
        "legend:",
        "map.legend",
        "nobody could work here",
    ),
    "sectors": (
        [("services: 0.5}", "services: 0.4}")],
        "services: 0.4",
        "enterprises.sectors",
        "shares sum to 0.9",
    ),
    "technology": (
        [("  sectors:", "  tech_sectors: [softwar]\n  sectors:")],
        "softwar]",
        "enterprises.tech_sectors",
        "did you mean 'software'?",
    ),
    "nobody anywhere": (
        [("North, weight: 0.5", "North, weight: 0"), ("South, weight: 0.5", "South, weight: 0")],
        "zones:",
        "city.zones",
        "nobody lives anywhere",
    ),
    "source of nothing": (
        [("  population: {grade", "  popluation: {grade")],
        "popluation",
        "sources.popluation",
        "did you mean 'population'?",
    ),
    "grade": (
        [("  population: {grade: assumed", "  population: {grade: D")],
        "grade: D",
        "sources.population.grade",
        "is not among the choices",
    ),
    "range": (
        [("  city: {grade: assumed,", "  city: {grade: assumed, range: [7, 6],")],
        "[7, 6]",
        "sources.city.range",
        "below its start",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_clear_problem_at_its_line(place, fault):
    edits, at, field, says = FAULTS[fault]
    text = park(*edits)
    place(park=text)
    problems = check("park.yaml")
    if fault in ("nowhere to work", "name with a space"):  # one cause, two places
        problems = problems[:1] if problems[0].field == field else problems[1:2]
    problem = only(problems)
    assert problem.field == field
    assert says in problem.message
    assert problem.line == line_of(text, at)
    with pytest.raises(ScenarioError):
        load("park.yaml")


def test_all_faults_of_a_file_are_found_at_once(place):
    text = park(
        ("cell_m: 100", "cell_m: 100 m"),
        ("headway_min: 10", "headwy_min: 10"),
        ("walk_kmh: 6", "walk_kmh: 60"),
        ("    .H..S...\n", "    .H..S..\n"),
        ("cell: [2, 2]", "cell: [3, 2]"),
        ("fence: west-fence", "fence: wall"),
        ("daily_5: {minutes: 5, categories: [canteen,", "daily_5: {minutes: 5, categories: [cantene,"),
    )
    place(park=text)
    problems = check("park.yaml")
    assert [p.field for p in problems] == [
        "map.cell_m",
        "map.rows.4",
        "map.gates.west-gate.fence",
        "gateways.bus-stop.headwy_min",
        "amenities.alpha-canteen.cell",
        "circles.daily_5.categories",
        "parameters.travel.walk_kmh",
    ]
    assert [p.line for p in problems] == sorted(p.line for p in problems)


KIOSK = "{name: kiosk, category: cafe, cell: [0, 0], capacity: 1}"
INTERVENTIONS = {  # items of the list; field; what the message says
    "no such thing": (
        ["{name: a, kind: close_amenity, month: 1, target: corner-shp}"],
        "a.target",
        "did you mean 'corner-shop'?",
    ),
    "closed before": (
        [
            "{name: a, kind: close_amenity, month: 1, target: corner-shop}",
            "{name: b, kind: change_amenity, month: 2, target: corner-shop}",
        ],
        "b.target",
        "'corner-shop' was closed in month 1 by 'a'",
    ),
    "not there yet": (
        [
            "{name: a, kind: close_amenity, month: 1, target: kiosk}",
            f"{{name: b, kind: add_amenity, month: 2, amenity: {KIOSK}}}",
        ],
        "a.target",
        "a later intervention brings it",
    ),
    "still being built": (
        [
            f"{{name: a, kind: add_amenity, month: 2, build_months: 3, amenity: {KIOSK}}}",
            "{name: b, kind: close_amenity, month: 4, target: kiosk}",
        ],
        "b.target",
        "opens in month 5, this is month 4",
    ),
    "there already": (
        [f"{{name: a, kind: add_amenity, month: 2, amenity: {KIOSK.replace('kiosk', 'corner-shop')}}}"],
        "a",
        "'corner-shop' is there already",
    ),
    "on a road": (
        [f"{{name: a, kind: add_amenity, month: 2, amenity: {KIOSK.replace('[0, 0]', '[3, 0]')}}}"],
        "a.amenity.cell",
        "is road",
    ),
    "a setting that is none": (
        ["{name: a, kind: change_amenity, month: 2, target: corner-shop, set: {capcity: 9}}"],
        "a.set.capcity",
        "did you mean 'capacity'?",
    ),
    "two of one name": (
        [
            "{name: a, kind: close_amenity, month: 1, target: corner-shop}",
            "{name: a, kind: close_amenity, month: 2, target: alpha-canteen}",
        ],
        "a",
        "used twice",
    ),
}


@pytest.mark.parametrize("fault", INTERVENTIONS)
def test_interventions_act_on_what_is_there(place, fault):
    items, field, says = INTERVENTIONS[fault]
    place(park=PARK + "interventions:\n" + "".join(f"  - {item}\n" for item in items))
    problem = only(check("park.yaml"))
    assert problem.field == f"interventions.{field}"
    assert says in problem.message


def test_a_kind_of_intervention_is_one_that_exists(place):
    place(park=f"{PARK}\ninterventions:\n  - {{name: a, kind: open_fences, month: 1}}\n")
    assert "did you mean 'open_fence'?" in only(check("park.yaml")).message


# --- the library ---------------------------------------------------------------------------------


def test_headers_are_read_without_the_rest(place, monkeypatch):
    here = place(
        plain="parksim: 1\nname: plain\ntitle: Plain\nfamily: f\nmap: [this is: {not: read\n",
        heir="parksim: 1\nextends: plain\nname: heir\ntitle: Heir\n",
    )
    monkeypatch.setattr(library, "folder", lambda _: here)
    heir, plain = library.headers()
    assert (plain["name"], plain["title"], plain["family"]) == ("plain", "Plain", "f")
    assert (heir["name"], heir["extends"], heir["family"]) == ("heir", "plain", "f")


def test_headers_say_what_the_files_say():
    for header in library.headers():
        scenario = load(header["name"])
        assert header["title"] == scenario.title
        assert header["title_zh"] == scenario.title_zh
        assert header["summary"] == scenario.summary
        assert header["family"] == scenario.family


def test_the_scenarios_come_with_the_wheel(tmp_path):
    repository = Path(__file__).parents[1]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=repository, capture_output=True, text=True, check=False)
    if "No module named hatchling" in done.stderr:
        build = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            str(tmp_path),
            str(repository),
        ]
        done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(target)
    code = (
        "import parksim, json; from parksim.scenario import library, read;"
        "print(json.dumps([parksim.__file__, str(library.find('tiny-park')), library.names(),"
        " read.load('tiny-community').name]))"
    )
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {code}"]
    shown = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    module, found, names, name = yaml.safe_load(shown)
    assert Path(module).is_relative_to(target)
    assert Path(found) == target / "parksim/library/scenarios/tiny-park.yaml"
    assert names == library.names()
    assert name == "tiny-community"
