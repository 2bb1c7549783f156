"""Community types: one file a type, placed on spaces that exist, below what a scenario says itself."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import parksim as ps
from parksim.cli import app
from parksim.compliance import check as rules
from parksim.scenario import presets
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.diff import difference
from parksim.scenario.lookup import exists, get
from parksim.scenario.read import check, load
from parksim.scenario.schema import LAYOUT_SECTIONS, WORKPLACE
from parksim.scenario.standard import LINES, LISTS

COMMANDS = CliRunner()
TYPES = presets.names()
SERVICES = {s for items in LISTS.values() for s in items.values()} | set(LINES.values())


@pytest.fixture
def written(tmp_path):
    """Write a scenario that extends another, and read it."""

    def write(extends, more="", name="typed"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"parksim: 1\nname: {name}\ntitle: t\nextends: {extends}\n{more}", encoding="utf-8")
        return path

    return write


def park_of(type_, tmp_path, more=""):
    """A plain park that says its type: the tiny park's file with one line more."""
    text = (Path(ps.__file__).parents[2] / "scenarios" / "tiny-park.yaml").read_text(encoding="utf-8")
    path = tmp_path / "typed-park.yaml"
    path.write_text(f"type: {type_}\n{text}{more}", encoding="utf-8")
    return path


def added(scenario):
    return [a for a in scenario.amenities if a.name.startswith("type-")]


def test_the_four_types_of_the_standard_are_there():
    assert TYPES == ["commercial-towers", "cultural", "manufacturing", "sci-tech"]
    assert all(category in CATEGORIES for s in SERVICES for category in s.categories)


@pytest.mark.parametrize("type_", TYPES)
def test_a_type_brings_every_line_and_every_item_of_the_lists_to_a_park_that_had_none(type_, written):
    town = load(written("tiny-park", f"type: {type_}\n"))
    assert all(service.offered(town) for service in SERVICES)
    found = rules(town).set_index("rule")
    assert set(found.loc[found.index.str.match("line_|list_"), "status"]) == {"pass"}
    assert [level.each for level in town.governance.chain] == ["building", "block", "park"]


@pytest.mark.parametrize("type_", TYPES)
def test_places_stand_in_buildings_that_exist_and_every_value_says_where_it_comes_from(type_, written):
    town = load(written("xingguang-park", f"type: {type_}\n"))
    assert added(town)
    for place in added(town):
        symbol = town.map.legend[town.map.rows[place.cell[0]][place.cell[1]]]
        assert symbol.use in WORKPLACE | {"service"}
        assert place.floor <= symbol.floors
        assert town.sources[f"amenities.{place.name}"].type == type_
    spots = [(a.cell, a.floor) for a in town.amenities if a.cell and a.floor]
    mine = [(a.cell, a.floor) for a in added(town)]
    assert all(spots.count(spot) == 1 for spot in mine), "nothing stands where something stood already"
    for each in difference(load("xingguang-park"), town):
        assert each.type == type_, each.path
        assert presets.origin(town, each.path) == type_


def test_what_a_scenario_says_itself_wins(written):
    town = load(
        written(
            "tiny-park",
            "type: manufacturing\n"
            "amenities:\n"
            "  - {name: type-gym, capacity: 3}\n"
            "  - {name: type-shop, remove: true}\n"
            "  - {name: own-clinic, category: clinic, block: pavilion, capacity: 1}\n"
            "governance: {seats: 3}\n",
        )
    )
    by_name = {a.name: a for a in town.amenities}
    assert by_name["type-gym"].capacity == 3
    assert "amenities.type-gym.capacity" not in town.sources
    assert "type-shop" not in by_name
    assert "type-clinic" not in by_name, "a kind that the file itself adds is left to it"
    assert town.governance.seats == 3
    assert "governance.seats" not in town.sources
    assert [level.each for level in town.governance.chain] == ["building", "block", "park"]


def test_what_a_park_has_in_those_hours_is_not_added_again(written, tmp_path):
    seats = "amenities:\n  - {name: hall, category: canteen, block: pavilion, capacity: 900, opens: %s, closes: %s}\n"
    day, night = (
        written("tiny-park", seats % hours, name) for name, hours in (("day", (7, 20)), ("night", (0, 24)))
    )
    names = {
        n: {a.name for a in added(load(written(n, "type: manufacturing\n")))} for n in (day.stem, night.stem)
    }
    assert "type-canteen" in names["day"], "a canteen that shuts at eight is none for the night shift"
    assert "type-canteen" not in names["night"]


def test_manufacturing_is_open_at_night_and_towers_go_half_way_up(written):
    factory = load(written("tiny-park", "type: manufacturing\n"))
    round_the_clock = {a.category for a in added(factory) if (a.opens, a.closes) == (0, 24)}
    assert {"canteen", "convenience", "health_house", "clinic"} <= round_the_clock
    towers = load(
        written(
            "xingguang-park",
            "type: commercial-towers\namenities:\n  - {name: coworking-binsheng, remove: true}\n",
        )
    )
    lounges = [a for a in added(towers) if a.category == "social_space"]
    assert len({a.cell for a in lounges}) == 3
    assert min(a.floor for a in lounges) >= 10


def test_the_type_of_a_plain_park_says_who_works_there_and_adds_no_places(tmp_path):
    park = load(park_of("manufacturing", tmp_path))
    plain = load("tiny-park")
    assert park.population.rotating_shift_share == 0.4
    assert park.sources["population.rotating_shift_share"].range == (0.25, 0.55)
    assert park.population.car_share == plain.population.car_share, "the file says it itself"
    assert park.layout == plain.layout
    assert {each.type for each in difference(plain, park)} == {"manufacturing"}


def test_a_family_shares_its_world_whatever_type_its_community_says(written):
    park, town = load("tiny-park"), load(written("tiny-park", "type: manufacturing\n"))
    assert town.population == park.population
    assert town.parameters == park.parameters
    assert town.plain.content_hash == park.content_hash
    assert town.content_hash != park.content_hash


@pytest.mark.parametrize("type_", TYPES)
def test_values_of_the_plain_park_are_of_the_world_and_exist(type_):
    for path, value in presets.preset(type_).park.items():
        assert path.partition(".")[0] not in LAYOUT_SECTIONS
        assert exists(load("xingguang-park"), path)
        if value.range:
            assert value.range[0] <= value.value <= value.range[1]


def test_people_eat_at_night_where_a_canteen_is_open_at_night(written, tmp_path):
    """The channel by which the type works: places open in the hours of the shift, nothing else."""
    park_of("manufacturing", tmp_path, "")
    shut = load(written("typed-park", "amenities:\n  - {name: alpha-canteen, access: everyone}\n", "shut"))
    town = load(written("typed-park", "type: manufacturing\n", "town"))
    assert town.plain.content_hash == shut.plain.content_hash
    served = {}
    for scenario in (shut, town):
        model = ps.ParkModel(scenario, seed=1)
        model.step()
        posts = model.posts
        served[scenario.name] = posts.served[posts.filled & posts.rotating].mean()
    assert served["town"] > served["shut"]


def test_a_type_that_is_not_there_is_named_with_the_nearest(written):
    (problem,) = check(written("tiny-park", "type: manufacture\n"))
    assert str(problem).endswith(
        "typed.yaml:5: type: there is no type 'manufacture'; did you mean 'manufacturing'?"
    )


def test_a_faulty_map_is_reported_once_and_nothing_is_placed(written):
    problems = check(written("tiny-park", "type: cultural\nmap: {cell_m: wide}\n"))
    assert [p.field for p in problems] == ["map.cell_m"]


def test_faulty_places_are_reported_and_stop_nothing(written):
    """What stands between a file and its type is plain data: it may be anything."""
    places = (
        "{name: a, category: [gym], block: pavilion, capacity: 1}",
        "{name: b, category: gym, cell: [[1], 2], capacity: x}",
    )
    for place in places:
        problems = check(written("tiny-park", f"type: commercial-towers\namenities:\n  - {place}\n"))
        assert {p.field.split(".")[1] for p in problems} <= {"a", "b"}
        assert problems


def test_show_tells_what_the_type_meant_and_can_be_read_again(written, tmp_path):
    path = written("tiny-park", "type: commercial-towers\n")
    shown = COMMANDS.invoke(app, ["show", str(path)]).stdout
    town = load(path)
    for place in added(town):
        assert re.search(
            rf"^#   amenities\.{place.name}: .*per 1,000 employees.*\[assumed", shown, re.MULTILINE
        )
    assert "#   team (星力量): type-social-space-1, type-social-space-2" in shown
    assert re.search(r"^  kind: council  # assumed, type commercial-towers$", shown, re.MULTILINE)
    again = tmp_path / "again.yaml"
    again.write_text(shown, encoding="utf-8")
    assert load(again).amenities == town.amenities
    told = COMMANDS.invoke(app, ["diff", "tiny-park", str(path), "--json"]).stdout
    assert {each["type"] for each in json.loads(told)} == {"commercial-towers"}


def test_xingguang_is_commercial_towers_and_has_all_of_it_already():
    town = load("xingguang-community")
    assert town.type == "commercial-towers"
    assert not [path for path, source in town.sources.items() if source.type]
    assert get(town, "governance.social_work_staff") == 15
