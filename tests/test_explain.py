"""One person under two layouts: the same person, seen without being touched."""

from __future__ import annotations

import re
from dataclasses import replace
from inspect import getsource

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import parksim as ps
from parksim.cli import app
from parksim.errors import ParksimError
from parksim.experiment import explain as explaining
from parksim.experiment.explain import (
    LEGS,
    TERMS,
    Parting,
    _Watch,
    _Watched,
    explain,
    explain_each,
    most_changed,
)
from parksim.experiment.work import replication_seed
from parksim.model import ParkModel
from parksim.phases import staying
from parksim.report.messages import catalogue
from parksim.scenario.schema import Scenario

PARK, TOWN = ps.load("tiny-park"), ps.load("tiny-community")
BY_FAR = {  # people mind the way to work and visits in vain very much, and many have children and e-bikes
    "parameters.staying.commute_per_10min": 1.2,
    "parameters.staying.services": -1.0,
    "parameters.staying.quit_monthly": 0.03,
    "population.household": {"single": 0.3, "couple": 0.3, "kindergarten": 0.4, "school": 0.0},
    "population.ebike_share": {"low": 0.5, "middle": 0.5, "high": 0.5},
    "city.zones.North.road_km": 8,
}
MONTHS = 12


def people(*, seed=1, months=1):
    return ps.run(PARK, replication_seed(seed, 0), months).cohort["identity"].tolist()


def after_park(changes, layout):
    """The tiny park with a changed world, and with layout changes from month 0 on."""
    plain = PARK.with_(changes)
    new = plain.with_(layout)
    return plain, Scenario.model_construct(
        **{name: getattr(new, name) for name in Scenario.model_fields}
        | {"before": plain.layout, "name": "changed-park"}
    )


@pytest.fixture(scope="module")
def one():
    return explain(PARK, TOWN, people()[0], fixed=True, months=MONTHS)


@pytest.fixture(scope="module")
def partings():
    """Everybody's parting in a restless family."""
    base, other = PARK.with_(BY_FAR), TOWN.with_(BY_FAR)
    found = most_changed(base, other, 25, fixed=True, months=MONTHS)
    return explain_each(base, other, found.index.tolist(), fixed=True, months=MONTHS)


# --- the same person, untouched ------------------------------------------------------------------


def test_looking_changes_nothing():
    for scenario in (PARK.with_(BY_FAR), TOWN.with_(BY_FAR)):
        alone = ParkModel(scenario, seed=7).run(6)
        seen = _Watched(scenario, seed=7)
        watch = _Watch(int(alone.posts.identity[0]))
        seen.watches = (watch,)
        watch.begin(seen)
        seen.run(6)
        watch.end(seen)
        assert alone.event_table().equals(seen.event_table())
        assert pd.DataFrame(alone.measured).equals(pd.DataFrame(seen.measured))
        for name in alone.posts.columns:
            assert np.array_equal(getattr(alone.posts, name), getattr(seen.posts, name)), name


def test_the_person_explained_is_the_same_in_both(partings):
    for x in partings[:5]:
        park, town = (x.hazard["u"].xs(name) for name in x.names)
        both = park.index.intersection(town.index)
        assert len(both)
        assert park.loc[both].equals(town.loc[both])
        back = explain(TOWN.with_(BY_FAR), PARK.with_(BY_FAR), x.employee, fixed=True, months=1)
        assert back.person == x.person


def test_both_lives_are_those_of_the_comparison():
    pair = ps.compare([PARK, TOWN], reps=2, months=4, seed=3, workers=1, events=True)
    table = most_changed(PARK, TOWN, 3, seed=3, replication=1, months=4)
    employee = int(table.index[0])
    x = pair.explain(employee, replication=1)
    assert x.seed == replication_seed(3, 1)
    log = pair.events[(pair.events["identity"] == employee) & (pair.events["replication"] == 1)]
    told = x.events.reset_index()[["scenario", "month", "kind", "detail"]]
    assert told.to_numpy().tolist() == log[["scenario", "month", "kind", "detail"]].to_numpy().tolist()
    last = x.life.xs(4, level="month")["minutes"]
    assert last["tiny-park"] == pytest.approx(table.loc[employee, "minutes (tiny-park)"])


# --- what is seen --------------------------------------------------------------------------------


def test_opening_the_fence_is_what_shortens_the_walk():
    opened = {"map.fences.west-fence.open": True, "map.fences.east-fence.open": True}
    base, other = after_park({}, opened)
    x = explain(base, other, people()[0], fixed=True, months=3)
    legs = x.life[list(LEGS)].xs(0, level="month")
    change = x.life["minutes"].xs(0, level="month").diff().iloc[1]
    assert (legs.iloc[1] - legs.iloc[0]).round(6).to_dict() == {leg: -3.0 * (leg == "walk") for leg in LEGS}
    assert change == pytest.approx(-3, abs=0.01)
    assert x.parting is None
    assert "never part" in x.text
    assert "the walk inside the park (-3.0 min)" in x.text


def test_the_legs_add_up_to_the_minutes(partings):
    for x in partings:
        travelled = x.life.dropna(subset=["minutes"])
        assert (travelled[list(LEGS)].sum(axis=1) - travelled["minutes"]).abs().max() < 0.02


def test_the_hazard_is_the_product_of_its_terms(one):
    for _, life in one.hazard.groupby(level="scenario"):
        scale = life["hazard"] / life[list(TERMS)].prod(axis=1)
        assert scale.to_numpy() == pytest.approx(np.full(len(life), scale.iloc[0]))
    assert one.hazard["u"].between(0, 1).all()


def test_who_quits_drew_a_number_below_the_hazard(partings):
    quits = {staying.CAUSES[k] for k in staying.QUIT_CAUSES}
    seen = 0
    for x in partings:
        drawn = (x.hazard["u"] < x.hazard["hazard"]).rename("quits")
        left = x.events[(x.events["kind"] == "leave") & x.events["detail"].isin(quits)].index
        assert sorted(drawn[drawn].index) == sorted(left)
        seen += len(left)
    assert seen > 0


def test_queues_are_told_for_what_the_person_needs(one):
    assert set(one.queues.index.unique("category")) == {
        n for n in one.person["needs"] if n not in ("kindergarten", "school")
    }
    cafe = one.queues.xs("cafe", level="category")["served"].groupby(level="scenario").mean()
    assert cafe["tiny-park"] == 0
    assert cafe["tiny-community"] > 0.5


# --- where lives part ----------------------------------------------------------------------------


def test_lives_are_alike_until_they_part(partings):
    for x in partings:
        until = MONTHS if x.parting is None else x.parting.month - 1
        park, town = (x.life.loc[name].loc[:until, ["home", "employer", "mode"]] for name in x.names)
        assert park.equals(town), x.employee


def test_the_term_named_is_the_one_that_did_most(partings):
    kinds = {}
    for x in partings:
        if x.parting is None:
            continue
        kinds.setdefault(x.parting.decision, []).append(x)
        terms = x.parting.terms
        if x.parting.term and len(terms):
            assert terms.loc[x.parting.term, "difference"] == pytest.approx(
                terms["difference"].max() if terms["difference"].sum() > 0 else terms["difference"].min()
            )
    assert "quit" in kinds
    assert "home" in kinds
    for x in kinds["quit"]:
        p = x.parting
        assert p.term in TERMS
        rows = x.hazard.xs(p.month, level="month")
        ratio = np.log(rows["hazard"].loc[x.names[1]] / rows["hazard"].loc[x.names[0]])
        assert p.terms["difference"].sum() == pytest.approx(ratio)


def test_what_is_on_offer_in_one_layout_only_is_named(one, partings):
    moved = [x for x in partings if x.parting is not None and x.parting.other == "dormitory-flats"]
    assert moved
    for x in moved:
        assert x.parting.term in ("offer", "rate of moving")


def test_a_shorter_wait_turns_a_mode():
    base, other = after_park(BY_FAR, {"gateways.bus-stop.headway_min": 1, "gateways.bus-stop.fare": 0})
    everybody = most_changed(base, other, 40, fixed=True, months=1).index.tolist()
    found = explain_each(base, other, everybody, fixed=True, months=1)
    turned = [x.parting for x in found if x.parting is not None and x.parting.decision == "mode"]
    assert turned
    for parting in turned:
        assert (parting.base, parting.other, parting.term) == ("ebike", "bus", "wait")
        assert set(parting.terms.index[parting.terms["difference"].abs() > 1e-6]) == {"wait", "money"}


def test_two_lives_are_told_in_chinese(one, partings):
    reasons = set()
    for x in (one, *partings):
        names = {"North", "South", "Alpha", "Beta", "dormitory-flats"}  # the files have them in English only
        assert set(re.findall(r"[A-Za-z][A-Za-z-]+", x.told("zh"))) <= names
        reasons |= {x.parting.reason} if x.parting else set()
        assert x.parting is None or x.why in x.text
    assert {"hazard", "offered"} <= reasons


def test_every_sentence_about_a_parting_can_be_said():
    x = explain(PARK, TOWN, people()[0], fixed=True, months=1)
    every = {k.removeprefix("why.") for k in catalogue("en") if k.startswith("why.")}
    assert {reason for reason in every if f'"{reason}"' not in getsource(explaining)} == set()
    facts = dict.fromkeys(("worth", "total", "u", "low", "high", "factor", "odds_base", "odds_other"), "0.5")
    facts |= {"where": 1, "mode": "bus", "home": "North", "cause": "wage", "causes": ["wage", ""]}
    for reason in every:
        for decision in ("mode", "quit", "home"):
            p = Parting(1, decision, "bus", "walk", pd.DataFrame(), "ride", False, reason, facts)
            assert "{" not in replace(x, parting=p).why


# --- errors --------------------------------------------------------------------------------------


def test_a_stranger_is_not_explained():
    with pytest.raises(ParksimError, match="nobody with the identity 12"):
        explain(PARK, TOWN, 12, months=1)
    with pytest.raises(ParksimError, match="counted from 0"):
        explain(PARK, TOWN, 12, replication=-1, months=1)
    with pytest.raises(ParksimError, match="two scenarios are named 'tiny-park'"):
        explain(PARK, PARK, 12, months=1)
    pair = ps.compare([PARK, TOWN], reps=1, months=1, workers=1)
    with pytest.raises(ParksimError, match="has 0 to 0"):
        pair.explain(12, replication=1)


# --- the command ---------------------------------------------------------------------------------


def call(*words):
    result = CliRunner().invoke(app, ["explain", "tiny-park", "tiny-community", *map(str, words)])
    return result.output if result.exit_code == 0 else result.exception


def test_the_command_lists_people_and_tells_of_one():
    employee = most_changed(PARK, TOWN, 1, months=2).index[0]
    assert str(employee) in call("--most-changed", 2, "--months", 2)
    told = call("--employee", employee, "--months", 2)
    assert told.strip() == explain(PARK, TOWN, int(employee), months=2).text.strip()
    assert "give either --employee" in str(call("--months", 2))
