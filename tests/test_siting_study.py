"""Where the next place belongs, and what queues leave of the plan."""

from __future__ import annotations

import json
import re
from itertools import combinations

import numpy as np
import pytest
from typer.testing import CliRunner

from parksim.catchments import demand_by_unit
from parksim.model import ParkModel
from parksim.scenario.read import load
from parksim.siting_study import StudyError, free_space, study
from parksim.world.place import Place

TINY = load("tiny-park")


def minutes_by_hand(scenario, model, category, cells):
    """Walk from every desk to each cell, with one new place at a time."""
    columns = []
    for row, column in cells:
        one = {"name": "x", "category": category, "cell": (row, column), "capacity": 1}
        columns.append(Place(model.spec, scenario.with_({"amenities": [one]}).layout).walk[:, -1])
    return np.stack(columns, axis=1)


@pytest.fixture(scope="module")
def found():
    return study(TINY, "cafe", 2, method="p_median", radius=5, capacity=6, reps=2, months=2, workers=1)


def test_free_space_is_where_nothing_stands():
    model = ParkModel(TINY, seed=1)
    space = free_space(model, "cafe", 6)
    legend, rows = TINY.map.legend, TINY.map.rows
    for each in space.to_dict("records"):
        use = legend[rows[each["row"]][each["column"]]].use
        assert use == {"floor": "office"}.get(each["kind"], each["kind"])
    assert (space["kind"] == "floor").sum() == 2  # both office blocks have 200 m² or more to let
    assert not (free_space(model, "cafe", 100)["kind"] == "floor").any()  # 600 m² they have not
    assert "pavilion-1" in set(space["building"])
    taken = {a.cell for a in TINY.amenities} | {g.cell for g in TINY.gateways}
    assert not taken & set(zip(space["row"], space["column"], strict=True))


def test_no_other_two_sites_mean_less_walking(found):
    model = ParkModel(TINY, seed=1)
    people = demand_by_unit(model, "cafe")
    cells = list(zip(found.candidates["row"], found.candidates["column"], strict=True))
    walk = minutes_by_hand(TINY, model, "cafe", cells)
    best = min(people @ walk[:, pair].min(axis=1) for pair in map(list, combinations(range(len(cells)), 2)))
    assert found.gap == 0
    assert len(found.sites) == 2
    assert found.static.loc["after", "mean_min"] * people.sum() == pytest.approx(best)
    assert np.isinf(found.static.loc["before", "farthest_min"])
    assert found.static.loc["before", "covered_share"] == 0


def test_the_proposal_differs_from_month_0_only(found):
    assert len(found.proposal.amenities) == len(TINY.amenities) + 2
    assert found.proposal.plain.content_hash == TINY.plain.content_hash
    one, other = (ParkModel(each, seed=5) for each in (TINY, found.proposal))
    assert np.array_equal(one.posts.identity, other.posts.identity)


def test_what_was_planned_is_played_and_held_against_the_plan(found):
    assert found.comparison.reps == 2
    differences = found.differences()
    assert differences.loc["coverage_cafe", "difference"] > 0
    assert "served_daily_5" in differences.index
    played = found.played
    assert played.loc["before", "served_share"] == 0
    assert 0 < played.loc["after", "served_share"] < found.static.loc["after", "covered_share"]
    assert played["off"].tolist() == pytest.approx(
        (found.static["covered_share"] - played["served_share"]).tolist()
    )


def test_more_seats_bring_what_people_get_nearer_to_the_plan():
    off = []
    for capacity in (1, 20):
        one = study(TINY, "cafe", 1, radius=10, capacity=capacity, reps=2, months=1, workers=1)
        off.append(one.played.loc["after", "off"])
    assert off[1] < off[0]


def test_places_that_stand_stay_and_count():
    town = load("iot-town-park")
    one = study(town, "kindergarten", 1, method="max_coverage", radius=10, reps=0)
    assert one.comparison is None
    assert one.played is None
    assert one.static.loc["after", "covered_share"] > one.static.loc["before", "covered_share"]
    assert {a.name for a in town.amenities} < {a.name for a in one.proposal.amenities}
    with pytest.raises(StudyError, match="nothing was played"):
        one.differences()
    farthest = study(town, "kindergarten", 1, method="p_center", reps=0)
    assert farthest.static.loc["after", "farthest_min"] <= one.static.loc["after", "farthest_min"]


@pytest.mark.parametrize(
    ("category", "p", "options", "told"),
    [
        ("kindergarden", 1, {}, "did you mean 'kindergarten'"),
        ("flats", 1, {}, "flats are homes"),
        ("cafe", 0, {}, "p is 0"),
        ("cafe", 1, {"method": "p_means"}, "there is no method 'p_means'"),
        ("cafe", 1, {"radius": 0}, "radius is 0"),
        ("gym", 1, {}, "nobody in tiny-park needs"),
        ("cafe", 500, {}, "free sites for 500"),
    ],
)
def test_what_cannot_be_studied_is_said(category, p, options, told):
    with pytest.raises(StudyError, match=told):
        study(TINY.with_({"needs.gym.share": 0}), category, p, reps=0, **options)


def test_the_command_prints_the_proposal_and_writes_it(tmp_path):
    from parksim.cli import app

    file = tmp_path / "proposal.yaml"
    arguments = ["site", "tiny-park", "--category", "cafe", "--p", "1", "--reps", "0", "--json"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(file)])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["p"] == 1
    assert len(told["sites"]) == 1
    again = load(str(file))
    assert any(a.name.startswith("proposed-cafe") for a in again.amenities)
    chinese = CliRunner().invoke(app, [*arguments[:-1], "--lang", "zh"]).stdout
    assert "咖啡馆1处" in chinese
    assert re.findall("[A-Za-z]{3,}", chinese) == []
