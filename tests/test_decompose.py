"""A difference taken apart by mechanism: parts add up, and belong to what really differs."""

from __future__ import annotations

import json
import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import parksim as ps
from parksim.cli import app
from parksim.errors import ParksimError
from parksim.experiment import decompose as module
from parksim.experiment.decompose import decompose, differing, mixed, shapley
from parksim.scenario.schema import Scenario
from parksim.scenario.verify import verify

PARK, TOWN = ps.load("tiny-park"), ps.load("tiny-community")
SETTING = {"reps": 2, "months": 3, "seed": 5, "workers": 1}


def after_park(changes):
    """The tiny park with some changes from month 0 on."""
    new = PARK.with_(changes)
    return Scenario.model_construct(
        **{name: getattr(new, name) for name in Scenario.model_fields} | {"before": PARK.layout}
    )


@pytest.fixture(scope="module")
def found():
    return decompose(PARK, TOWN, **SETTING)


# --- sharing out ---------------------------------------------------------------------------------


def by_all_orders(values, n):
    """Shapley's value as its definition says it."""
    out = [0.0] * n
    for order in permutations(range(n)):
        there = 0
        for player in order:
            out[player] += values[there | 1 << player] - values[there]
            there |= 1 << player
    return [x / math.factorial(n) for x in out]


@given(st.lists(st.floats(-100, 100), min_size=16, max_size=16))
def test_shares_are_means_over_all_orders(numbers):
    values = dict(enumerate(numbers))
    shares = shapley(values, 4)
    assert shares == pytest.approx(by_all_orders(values, 4), abs=1e-9)
    assert sum(shares) == pytest.approx(values[15] - values[0], abs=1e-9)
    every = [list(order) for order in permutations(range(4))]
    assert shapley(values, 4, every) == pytest.approx(shares, abs=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=8, max_size=8), st.permutations(range(3)))
def test_shares_along_any_order_add_up(numbers, order):
    values = dict(enumerate(numbers))
    assert sum(shapley(values, 3, [order])) == pytest.approx(values[7] - values[0], abs=1e-9)


# --- mixtures ------------------------------------------------------------------------------------


def test_what_differs_is_sorted_by_mechanism():
    assert differing(PARK, TOWN) == {
        "walking": ("map.fences",),
        "homes": ("amenities.dormitory-flats",),
        "services": ("amenities.alpha-canteen", "amenities.pavilion-cafe"),
        "governance": ("governance",),
    }


def test_a_mixture_is_a_sound_scenario_with_the_same_past():
    everything = tuple(differing(PARK, TOWN))
    assert mixed(PARK, TOWN, ()) is PARK
    assert mixed(PARK, TOWN, everything) is TOWN
    for name in everything:
        one = mixed(PARK, TOWN, (name,))
        assert verify(one) == []
        assert one.plain.content_hash == PARK.plain.content_hash
        assert tuple(differing(PARK, one)) == (name,)
        assert set(differing(one, TOWN)) == set(everything) - {name}


def test_another_past_is_a_mechanism_of_its_own():
    always = PARK.with_({"map.fences.west-fence.open": True})
    assert differing(PARK, always) == {"walking": ("map.fences",), "past": ("past",)}
    assert mixed(PARK, always, ("past",)).plain.content_hash == always.plain.content_hash


def test_staged_works_belong_to_the_mechanism_they_change():
    staged = after_park(
        {
            "interventions": [
                {"kind": "open_fence", "name": "open", "month": 2, "target": "west-fence"},
                {"kind": "add_amenity", "name": "build", "month": 3, "amenity": {
                    "name": "new-flats", "category": "flats", "block": "dormitory", "capacity": 6}},
                {"kind": "hybrid_work", "name": "home-days", "month": 1, "set": {"days": 2}},
            ]
        }
    )  # fmt: skip
    assert differing(PARK, staged) == {
        "walking": ("interventions.open",),
        "homes": ("interventions.build",),
        "hybrid": ("interventions.home-days",),
    }


def test_mechanisms_that_need_each_other_are_one():
    stop = {"name": "new-stop", "kind": "bus", "cell": [3, 7]}
    shop = {"name": "far-shop", "category": "convenience", "capacity": 2}
    place = {**shop, "outside": {"via": "new-stop", "walk_m": 50}}
    other = after_park({"gateways": [stop], "amenities": [place], "hybrid.days": 1})
    joined = decompose(PARK, other, "coverage_daily_10", fixed=True, **SETTING)
    assert list(joined.parts) == ["transit + services", "hybrid"]
    assert joined.differs["transit + services"] == ("gateways.new-stop", "amenities.far-shop")
    assert joined.runs == 2 * 4


# --- parts ---------------------------------------------------------------------------------------


def test_parts_add_up_to_the_difference_of_the_comparison(found):
    assert found.parts.sum(axis=1).tolist() == pytest.approx(found.difference.tolist(), abs=1e-9)
    pair = ps.compare([PARK, TOWN], **SETTING)
    told = pair.of("commute_mean_min", "tiny-community") - pair.of("commute_mean_min")
    assert found.difference.tolist() == pytest.approx(told.tolist(), abs=1e-9)
    table = found.table()
    assert table["part"].drop("difference").sum() == pytest.approx(table.at["difference", "part"], abs=1e-9)
    assert (table["same_people"] + table["who_is_there"]).tolist() == pytest.approx(table["part"].tolist())


def test_what_does_not_touch_the_commute_has_no_part_in_it(found):
    """Services and ties do not keep people by default, so a canteen moves nobody in three months."""
    assert found.parts["governance"].abs().max() < 1e-9
    assert found.parts["walking"].max() < -2.5
    assert found.exact
    assert found.runs == 2 * 16


def test_a_group_that_does_not_differ_has_no_part():
    only = after_park({"map.fences.west-fence.open": True, "map.fences.east-fence.open": True})
    walk = decompose(PARK, only, fixed=True, **SETTING)
    assert list(walk.parts) == ["walking"]
    assert walk.parts["walking"].tolist() == pytest.approx(walk.difference.tolist(), abs=1e-9)
    assert walk.table().at["walking", "same_people"] == pytest.approx(-3, abs=0.05)  # as the file's head says


def test_beyond_the_limit_orders_are_sampled_and_parts_still_add_up(monkeypatch, found):
    monkeypatch.setattr(module, "EXACT", 3)
    sampled = decompose(PARK, TOWN, orders=4, **SETTING)
    assert not sampled.exact
    assert sampled.runs < found.runs
    assert sampled.parts.sum(axis=1).tolist() == pytest.approx(found.difference.tolist(), abs=1e-9)


def test_workers_change_nothing(found):
    again = decompose(PARK, TOWN, **SETTING | {"workers": 2})
    assert again.parts.equals(found.parts)


def test_what_cannot_be_decomposed_says_why():
    with pytest.raises(ParksimError, match="nothing differs"):
        decompose(PARK, PARK)
    with pytest.raises(ParksimError, match="did you mean 'commute_mean_min'"):
        decompose(PARK, TOWN, "commute_mean_mn")
    with pytest.raises(ParksimError, match="'jobs_per_home' is not available in every mixture"):
        decompose(PARK, TOWN, "jobs_per_home", reps=1, months=1, workers=1)  # there are no flats in the park


def test_the_command_prints_the_table(found, monkeypatch):
    words = ["decompose", "tiny-park", "tiny-community", "--reps", "2", "--months", "3", "--seed", "5"]
    said = CliRunner().invoke(app, [*words, "--workers", "1", "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert told == found.to_dict()
    assert [row["mechanism"] for row in told["parts"]][-1] == "difference"
    monkeypatch.setattr(module, "decompose", lambda *_, **__: found)
    for lang, words_there in (
        ("en", ("fences, gates", "every mixture")),
        ("zh", ("围栏、出入口", "合计差异")),
    ):
        shown = CliRunner().invoke(app, [*words, "--lang", lang])
        assert all(word in shown.stdout for word in words_there), shown.stdout
