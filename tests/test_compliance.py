"""Rules of planning held against parks whose answers a pencil finds."""

from __future__ import annotations

import json
import math
import re

import pytest
from typer.testing import CliRunner

import parksim as ps
from parksim.cli import app
from parksim.compliance import check
from parksim.scenario import library


def rules(scenario, **options):
    return check(scenario, **options).set_index("rule")


def drawn(rows, *, amenities=(), **legend):
    """The tiny park with its land used otherwise."""
    park = ps.load("tiny-park")
    symbols = {"S": {"use": "service", "built": 0.5}, "H": {"use": "housing", "built": 0.5}} | legend
    return park.with_(
        {
            "map.rows": rows,
            "map.legend": {key: {"block": None} | value for key, value in symbols.items()},
            "amenities": list(amenities),
        }
    )


def at(services, homes):
    """48 cells, so many of them for services and for homes, in the two lowest rows."""
    low = ("S" * services + "H" * homes).ljust(16, ".")
    return ["........", ".WW.EE..", ".WW.EE..", "========", low[:8], low[8:]]


FLATS = {"name": "flats", "category": "flats", "cell": [5, 7], "capacity": 10}


def test_land_for_services_may_be_seven_per_cent():
    assert rules(drawn(at(3, 0))).loc["support_land", ["value", "status"]].tolist() == [3 / 48, "pass"]
    assert rules(drawn(at(4, 0))).loc["support_land", ["value", "status"]].tolist() == [4 / 48, "fail"]


def test_land_may_be_fifteen_per_cent_where_the_rise_goes_to_homes_to_let():
    let = rules(drawn(at(3, 4), amenities=[FLATS])).loc["support_land"]
    assert (let["limit"], let["status"]) == (0.15, "pass")
    assert rules(drawn(at(3, 5), amenities=[FLATS])).loc["support_land", "status"] == "fail"
    services_alone_too_much = rules(drawn(at(4, 1), amenities=[FLATS])).loc["support_land"]
    assert (services_alone_too_much["limit"], services_alone_too_much["status"]) == (0.07, "fail")


def test_whether_homes_are_to_let_is_not_known_without_flats():
    assert rules(drawn(at(3, 4))).loc["support_land", "status"] == "not known"
    assert rules(drawn(at(3, 5))).loc["support_land", "status"] == "fail"


def test_main_roads_and_water_are_not_the_parks_land():
    rows = at(3, 0)
    rows[5] = "~" * 8
    found = rules(drawn(rows, **{"~": {"use": "water"}, "=": {"use": "road", "road": "main"}}))
    assert found.loc["support_land", "value"] == pytest.approx(3 / 32)


def test_floor_for_support_may_be_thirty_per_cent():
    high = drawn(at(3, 0), S={"use": "service", "built": 0.0086, "floors": 1})
    work = 4 * 175 + 4 * 250
    row = rules(high).loc["support_floor"]
    assert row["value"] == pytest.approx(3 * 86 / (3 * 86 + work))
    assert row["status"] == "pass"
    assert rules(drawn(at(3, 0))).loc["support_floor", "status"] == "fail"


def test_floor_of_places_in_offices_is_not_known_so_a_low_share_proves_nothing():
    canteen = {"name": "alpha-canteen", "category": "canteen", "cell": [2, 2], "capacity": 10}
    low = {"use": "service", "built": 0.001}
    assert rules(drawn(at(1, 0), S=low)).loc["support_floor", "status"] == "pass"
    assert rules(drawn(at(1, 0), S=low, amenities=[canteen])).loc["support_floor", "status"] == "not known"


def test_a_circle_is_kept_where_the_farthest_desk_is_within_it():
    town = rules("tiny-community")  # by the file's head the shop is 6 min from block east, the café 2 at most
    assert town.loc["minutes_5min_convenience", ["value", "status"]].tolist() == [6, "fail"]
    assert town.loc["minutes_daily_10_convenience", "status"] == "pass"
    assert town.loc["minutes_daily_5_cafe", "status"] == "pass"
    # in block west alpha's 20, and of the others 20 x (700 - 20 x 25) m2 / 1,200 m2
    assert town.loc["minutes_5min_convenience", "note"].startswith("58 % of the desks within")


def test_a_canteen_for_own_staff_is_none_for_the_others():
    park, town = rules("tiny-park"), rules("tiny-community")
    row = park.loc["minutes_5min_canteen"]
    assert math.isnan(row["value"])
    assert (row["status"], town.loc["minutes_5min_canteen", "status"]) == ("fail", "pass")
    assert "of the desks may use" in row["note"]
    assert "no such place" in park.loc["minutes_15min_school", "note"]


def test_what_no_source_limits_is_not_known_but_counted():
    town = rules("tiny-community")
    assert town.loc["jobs_per_home", "value"] == pytest.approx(40 / 6)
    assert town.loc["places_canteen", "value"] == pytest.approx(1000)
    assert math.isnan(town.loc["social_work_staff", "value"])
    assert town.loc["social_work_staff", "limit"] == 18
    rows = ["jobs_per_home", "places_canteen", "places_kindergarten"]
    assert (town.loc[rows, "status"] == "not known").all()
    assert town.loc[rows, "limit"].isna().all()


def test_staff_is_held_against_the_plan_for_residents_where_the_file_says_it():
    town = ps.load("tiny-community")  # 40 people: 18 for 10,000 are 0.072
    enough, few = (town.with_({"governance.social_work_staff": n}) for n in (0.072, 0.07))
    assert rules(enough).loc["social_work_staff", ["value", "status"]].tolist() == [pytest.approx(18), "pass"]
    assert rules(few).loc["social_work_staff", "status"] == "fail"


def test_a_line_of_services_needs_a_place_open_to_everyone():
    park = rules("tiny-park")  # its canteen is for own staff, its shop beyond the bus stop
    assert park.loc["line_living", ["value", "status"]].tolist() == [0, "fail"]
    town = rules("tiny-community")  # the canteen is open to everyone, and there are flats and a café
    assert town.loc["line_living", ["value", "status"]].tolist() == [2, "pass"]
    assert town.loc["line_leisure", "value"] == 1
    assert town.loc["list_city_employment", "status"] == "fail"
    with_fairs = ps.load("tiny-community").with_({"labour.fairs_year": 1})
    assert rules(with_fairs).loc["list_city_employment", "status"] == "pass"


def test_every_limit_has_a_source_and_every_verdict_a_limit():
    for header in library.headers():
        found = check(header["name"])
        assert found["rule"].is_unique
        assert set(found["status"]) <= {"pass", "fail", "not known"}
        assert found.loc[found["status"] != "not known", "limit"].notna().all()
        assert (found["source"] != "").all()


def test_a_transition_is_looked_at_when_all_is_done_or_in_a_month():
    plan = ps.load("iot-town-transition")
    before = plan.content_hash
    done, start, town = check(plan), check(plan, month=0), check("iot-town-community")
    assert done[["rule", "value", "status"]].equals(town[["rule", "value", "status"]])
    assert start[["rule", "value", "status"]].equals(check("iot-town-park")[["rule", "value", "status"]])
    assert plan.content_hash == before


def test_the_command_prints_every_rule_with_its_source():
    told = CliRunner().invoke(app, ["compliance", "tiny-community"])
    assert told.exit_code == 0, told.output
    assert "support_land" in told.output
    assert "TD/T 1062" in told.output
    rows = json.loads(CliRunner().invoke(app, ["compliance", "tiny-community", "--json"]).stdout)
    assert next(r for r in rows if r["rule"] == "social_work_staff")["value"] is None


def test_the_command_prints_them_in_chinese():
    told = CliRunner().invoke(app, ["compliance", "tiny-community", "--lang", "zh"])
    assert told.exit_code == 0, told.output
    assert "项符合" in told.output
    assert set(re.findall("[A-Za-z]{3,}", told.output)) <= {"daily", "governance", "social", "work", "staff"}


def test_everybody_has_a_desk():
    from parksim.compliance import desks
    from parksim.world.place import Place

    for name in ("tiny-park", "iot-town-park", "xingguang-park"):
        park = ps.load(name)
        people = desks(park, Place(park, park.layout))
        assert people.sum() == pytest.approx(park.population.employees)
        assert (people >= 0).all()
