"""What is drawn for a replication: only what is uncertain, within its range, and each on its own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from parksim.experiment.futures import Uncertain, draw, triangular, uncertain
from parksim.scenario import parameters
from parksim.scenario.read import load
from parksim.scenario.schema import Source

TIE = "parameters.staying.tie"


@pytest.fixture(scope="module")
def park():
    return load("tiny-park")


def with_sources(scenario, **entries):
    sources = {path.replace("__", "."): entry for path, entry in entries.items()}
    return scenario.model_copy(update={"sources": {**scenario.sources, **sources}})


def by_path(scenario):
    return {number.path: number for number in uncertain(scenario)}


def test_official_values_and_values_without_a_range_are_not_drawn(park):
    drawn = by_path(park)
    for row in parameters.table():
        if row["path"] not in park.sources:
            assert (row["path"] in drawn) == (row["grade"] != "A" and row["low"] < row["high"]), row["path"]


def test_the_scenario_speaks_before_the_table(park):
    def said(grade, range_=None):
        source = Source(grade=grade, source="x", range=range_)
        return by_path(with_sources(park, parameters__staying__tie=source)).get(TIE)

    assert said("A", (0.9, 1.0)) is None
    assert said("B") is None
    assert (said("C", (0.9, 1.1)).low, said("C", (0.9, 1.1)).high) == (0.9, 1.1)


def test_a_number_of_people_is_drawn_whole(park):
    source = Source(grade="assumed", source="x", range=(40, 60))
    scenario = with_sources(park, population__employees=source)
    values = [draw(scenario, seed)["population.employees"] for seed in range(50)]
    assert all(isinstance(value, int) and 40 <= value <= 60 for value in values)
    assert scenario.with_(draw(scenario, 1)).population.employees == values[1]


def test_a_value_outside_its_range_draws_from_the_nearest_end(park):
    assert by_path(park.with_({TIE: 1.2}))[TIE].mode == 1.0


def test_another_uncertain_number_changes_no_other_draw(park):
    more = with_sources(park, population__owner_share=Source(grade="C", source="x", range=(0.3, 0.5)))
    before, after = draw(park, 7), draw(more, 7)
    assert after.pop("population.owner_share") > 0
    assert after == before


def test_members_of_a_family_share_their_draws(park):
    town = load("tiny-community")
    here, there = draw(park, 3), draw(town, 3)
    shared = here.keys() & there.keys()
    assert len(shared) > 50
    assert all(here[path] == there[path] for path in shared)


def test_replications_differ_and_what_is_held_is_left_out(park):
    assert draw(park, 1) != draw(park, 2)
    assert TIE not in draw(park, 1, held=[TIE])


def test_every_draw_can_be_run(park):
    for seed in range(20):
        park.with_(draw(park, seed))


@given(st.floats(0.001, 0.999), st.floats(-5, 5), st.floats(0.01, 9), st.floats(0, 1))
def test_the_triangle_is_scipys(u, low, width, at):
    mode = low + at * width
    wanted = stats.triang.ppf(u, min((mode - low) / width, 1), loc=low, scale=width)
    assert triangular(u, low, mode, low + width) == pytest.approx(wanted, abs=1e-7)


def test_a_mode_at_an_end_and_no_mode():
    nil = Uncertain("x", -0.1, 0.0, 0.0, "C")
    values = np.array([nil.at(u) for u in np.linspace(0.001, 0.999, 999)])
    assert values.min() >= -0.1
    assert values.max() <= 0
    assert values.mean() == pytest.approx(-0.1 / 3, abs=1e-3)
    assert Uncertain("x", 0, math.nan, 10, "C").at(0.25) == 2.5
