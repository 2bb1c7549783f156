"""Linked towns: a town in a link is the town alone until methods flow, and then only methods have."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import parksim as ps
from parksim.chance import Chance
from parksim.experiment.explain import most_changed
from parksim.firms import digital
from parksim.indicators import describe
from parksim.linked import LinkedParks, town_seed
from parksim.scenario.parameters import Parameters
from parksim.scenario.schema import Linked

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.plain_mesa import twin_of

SEED = 3
QUICK = {"parameters.digital.take_up": 6.0, "parameters.digital.method_step": 0.3}
QUICK |= {"parameters.ladder.research_tech": 0.3, "parameters.ladder.research_other": 0.3}


def pair(level=0.4, **changes):
    """A tiny leading town, and a tiny one that lags."""
    lead = ps.load("tiny-park").with_({"enterprises.digital_level": {"mean": 0.8, "spread": 0.05}, **QUICK})
    lag = ps.load("tiny-community").with_(
        {"enterprises.digital_level": {"mean": level, "spread": 0.05}, **QUICK}
    )
    linked = Linked.model_validate({"here": "lead", "towns": [{"name": "lag", "scenario": lag}]})
    return lead.with_({"linked": linked, **changes}), lead, lag


@pytest.fixture(scope="module")
def towns():
    both, lead, lag = pair()
    return both, lead, lag


@pytest.fixture(scope="module")
def shut(towns):
    return LinkedParks(towns[0], SEED).run(14)


@pytest.fixture(scope="module")
def open_(towns):
    return LinkedParks(towns[0].with_({"link.openness": 1.0}), SEED).run(14)


def alike(park, alone, but=()):
    for name in park.firms.columns:
        if name not in but:
            np.testing.assert_array_equal(getattr(park.firms, name), getattr(alone.firms, name), name)
    for name in park.posts.columns:
        np.testing.assert_array_equal(getattr(park.posts, name), getattr(alone.posts, name), name)


def level(park):
    return dict(
        zip(park.firms.identity[park.firms.active], park.firms.digital[park.firms.active], strict=True)
    )


def test_a_town_alone_is_the_town_in_a_link_that_is_shut(towns, shut):
    _, lead, lag = towns
    alike(shut.parks["lead"], ps.ParkModel(lead, seed=SEED).run(14))
    alike(shut.parks["lag"], ps.ParkModel(lag, seed=town_seed(SEED, "lag")).run(14))


def test_an_open_link_changes_nothing_but_levels_by_methods(shut, open_):
    for name in ("lead", "lag"):
        alike(open_.parks[name], shut.parks[name], but=("digital", "methods"))


def test_a_lagging_firm_gains_by_a_method_or_by_neighbours_who_took_one_up(shut, open_):
    before, after = level(shut.parks["lag"]), level(open_.parks["lag"])
    park = open_.parks["lag"]
    methods = dict(
        zip(park.firms.identity[park.firms.active], park.firms.methods[park.firms.active], strict=True)
    )
    assert sum(methods.values()) > 0
    assert all(after[firm] > before[firm] + 0.02 for firm, taken in methods.items() if taken)
    assert all(after[firm] >= before[firm] for firm in after)


def test_without_neighbours_only_who_took_a_method_up_gains():
    both, _, _ = pair()
    shut, opened = (
        LinkedParks(both.with_({"parameters.digital.neighbours": 0.0, "link.openness": o}), SEED)
        .run(8)
        .parks["lag"]
        for o in (0.0, 1.0)
    )
    gained = opened.firms.digital > shut.firms.digital
    np.testing.assert_array_equal(gained, opened.firms.methods > 0)
    assert gained.any()


def test_most_is_taken_up_at_the_best_distance_and_nothing_at_the_frontier():
    p = Parameters().digital
    distance = np.linspace(0, 1, 401)
    rate = digital.take_up_rate(p, distance, np.full(401, 0.1), 1.0)
    assert distance[np.argmax(rate)] == pytest.approx(p.best_distance, abs=0.003)
    assert rate[0] == 0
    assert (np.diff(rate)[distance[1:] < p.best_distance] > 0).all()
    assert (np.diff(rate)[distance[:-1] > p.best_distance] < 0).all()
    assert rate.max() == pytest.approx(p.take_up * 0.1 / (0.1 + p.absorption_half), rel=1e-4)
    np.testing.assert_allclose(digital.take_up_rate(p, distance, np.full(401, 0.1), 0.3), 0.3 * rate)
    assert digital.take_up_rate(p, distance, np.zeros(401), 1.0).max() == 0, (
        "who does no research absorbs nothing"
    )


def test_the_level_acts_on_output_and_cash_alone_and_by_default_on_nothing(towns):
    _, lead, _ = towns
    usual = ps.ParkModel(lead, seed=SEED).run(3)
    worth = ps.ParkModel(lead.with_({"parameters.digital.output": 0.2}), seed=SEED).run(3)
    assert digital.output_factor(usual) == 1
    assert digital.output_factor(worth) > 1
    for name in worth.posts.columns:
        np.testing.assert_array_equal(getattr(worth.posts, name), getattr(usual.posts, name), name)
    for a, b in zip(usual.measured, worth.measured, strict=True):
        differ = {k for k in a if a[k] != b[k] and a[k] == a[k]}
        assert {k for k in differ if "CNY" not in describe(k).unit} == {"runway_months"}
        assert {"output_per_mu", "tax_per_mu"} <= differ


def test_another_town_more_changes_nobody(towns, shut):
    both, _, lag = towns
    third = Linked.model_validate(
        {"here": "lead", "towns": [*both.linked.towns, {"name": "third", "scenario": lag}]}
    )
    three = LinkedParks(both.with_({"linked": third}), SEED).run(2)
    two = LinkedParks(both, SEED).run(2)
    for name in ("lead", "lag"):
        alike(three.parks[name], two.parks[name])
    ids = [set(park.firms.identity.tolist()) for park in three.parks.values()]
    assert not ids[1] & ids[2], "two towns of one file are two towns"
    assert Chance(town_seed(SEED, "lag")).seed != Chance(town_seed(SEED, "third")).seed


def test_only_towns_that_take_part_offer_and_take(towns):
    both, _, lag = towns
    third = [*both.linked.towns, {"name": "third", "scenario": lag}]
    few = both.with_(
        {
            "linked": Linked.model_validate({"here": "lead", "towns": third}),
            "link": {"openness": 1, "towns": ["lead", "lag"]},
        }
    )
    parks = LinkedParks(few, SEED).run(6).parks
    assert parks["third"].firms.methods.sum() == 0
    assert parks["lag"].firms.methods.sum() > 0


def test_an_opened_hub_works_from_the_month_after_and_is_paid_for(towns):
    item = {
        "kind": "link_towns",
        "name": "hub",
        "month": 3,
        "build_months": 2,
        "set": {"openness": 1.0},
        "cost_cny": 5.0,
    }
    run = ps.run(towns[0].with_({"interventions": [item]}), SEED, 10)
    assert run.series["methods_taken_up"].loc[:5].sum() == 0
    assert run.series["methods_taken_up"].loc[6:].sum() > 0
    assert run.indicators["net_cost_government"] >= 5.0


def test_a_pickled_link_goes_on_as_if_nothing_had_happened(open_):
    one, other = pickle.loads(pickle.dumps(open_)), pickle.loads(pickle.dumps(open_))
    one.step()
    other.step()
    assert one.tick == open_.tick + 1
    for name in one.parks:
        alike(one.parks[name], other.parks[name])


def test_timetables_of_linked_towns_part_in_the_month_in_which_they_differ(towns):
    item = {"kind": "link_towns", "name": "hub", "month": 4, "set": {"openness": 1.0}}
    later = towns[0].with_({"interventions": [item]})
    branched = LinkedParks(towns[0], SEED).run(3)
    branched.go_on_as(later)
    whole = LinkedParks(later, SEED).run(6)
    for name, park in branched.run(3).parks.items():
        alike(park, whole.parks[name])
    with pytest.raises(ps.ParksimError, match="cannot go on"):
        branched.go_on_as(towns[1])


# --- what is measured ----------------------------------------------------------------------------


def test_counts_add_up_and_means_are_weighed_by_those_they_are_over(towns):
    both, lead, lag = towns
    run = ps.run(both, SEED, 13)
    a, b = ps.run(lead, SEED, 13), ps.run(lag, town_seed(SEED, "lag"), 13)
    heads = np.array([a.series["employees"], b.series["employees"]])
    for name in ("employees", "enterprises", "capex_cny", "land_mu"):
        pd.testing.assert_series_equal(run.series[name], a.series[name] + b.series[name])
    both_minutes = np.array([a.series["commute_mean_min"], b.series["commute_mean_min"]])
    np.testing.assert_allclose(run.series["commute_mean_min"], (heads * both_minutes).sum(0) / heads.sum(0))
    output = sum(x.series["output_per_mu"] * x.series["land_mu"] for x in (a, b))
    np.testing.assert_allclose(run.series["output_per_mu"] * run.series["land_mu"], output)
    then = [len(x.cohort) for x in (a, b)]
    kept = [x.indicators["retention_employee_12m"] for x in (a, b)]
    month_12 = [x.series["retention_employee_12m"].loc[12] for x in (a, b)]
    assert run.series["retention_employee_12m"].loc[12] == pytest.approx(np.average(month_12, weights=then))
    gap = np.abs(a.series["digital_level"] - b.series["digital_level"])
    np.testing.assert_allclose(run.series["digital_gap"], gap)
    by_town = run.groups[run.groups["indicator"] == "retention_employee_12m"].set_index("group")["value"]
    assert [by_town["town=lead"], by_town["town=lag"]] == pytest.approx(kept)
    assert len(run.cohort) == sum(then)
    low = run.groups.query("indicator == 'commute_mean_min' and group == 'wage_band=low'").iloc[0]
    parts = [
        x.groups.query("indicator == 'commute_mean_min' and group == 'wage_band=low'").iloc[0] for x in (a, b)
    ]
    assert low["n"] == sum(part["n"] for part in parts)
    assert low["value"] == pytest.approx(
        np.average([p["value"] for p in parts], weights=[p["n"] for p in parts])
    )


def test_a_comparison_of_links_says_what_became_of_the_gap(towns):
    both = towns[0]
    found = ps.compare(
        [both, both.with_({"link.openness": 1.0, "name": "opened"})],
        reps=2,
        months=10,
        seed=1,
        workers=1,
        fixed=True,
    )
    assert found.difference("digital_gap", "opened").mean < 0
    assert found.difference("commute_mean_min", "opened").mean == 0
    assert {"town=lead", "town=lag"} <= set(found.group_table("digital_level").index)


# --- scenario files ------------------------------------------------------------------------------


def written(folder, text, name="link.yaml"):
    path = folder / name
    path.write_text(
        f"parksim: 1\nname: duo\ntitle: Duo\nfamily: duo\nextends: tiny-park\n{text}", encoding="utf-8"
    )
    return path


def test_content_covers_every_town(towns, tmp_path):
    both = towns[0]
    other = both.with_({"linked.towns.lag.scenario.population.owner_share": 0.1})
    assert other.content_hash != both.content_hash
    assert both.alone.content_hash not in {both.content_hash, other.content_hash}
    file = written(tmp_path, "linked: {here: a, towns: [{name: b, scenario: tiny-community}]}\n")
    assert ps.load(file).linked.towns[0].scenario == ps.load("tiny-community")


B = "{name: b, scenario: tiny-park}"
HUB = "interventions:\n  - {kind: link_towns, name: hub, month: 1, set: "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"linked: {{here: a, towns: [{B.replace('park', 'prk')}]}}",
            "link.yaml:6: linked.towns.b.scenario: 'tiny-prk': no",
        ),
        (f"linked: {{here: b, towns: [{B}]}}", "link.yaml:6: linked.towns.b: the name 'b' is used twice"),
        (
            f"linked: {{here: a, towns: [{B.replace('tiny-park', 'slow')}]}}",
            "'slow' states other parameters than 'duo'",
        ),
        (f"linked: {{here: a, towns: [{B.replace('tiny', 'three-towns')}]}}", "cannot have towns of its own"),
        ("link: {openness: 0.5}", "link.yaml:6: link.openness: there are no towns to link"),
        ("link: {openness: 1.5}", "link.yaml:6: link.openness: 1.5 is out of range"),
        (
            f"linked: {{here: a, towns: [{B.replace('b,', 'bee,')}]}}\nlink: {{openness: 1, towns: [a, be]}}",
            "link.yaml:7: link.towns: there is no linked town 'be'; did you mean 'bee'?",
        ),
        (f"{HUB}{{openness: 1}}}}", "link.yaml:7: interventions.hub.kind: there are no towns to link"),
        (
            f"linked: {{here: a, towns: [{B}]}}\n{HUB}{{opennes: 1}}}}",
            "key 'opennes'; did you mean 'openness'?",
        ),
        (
            f"linked: {{here: a, towns: [{B}]}}\n{HUB}{{openness: 2}}}}",
            "link.yaml:8: interventions.hub.set.openness: 2 is out",
        ),
    ],
)
def test_a_wrong_link_is_told_where_it_stands(tmp_path, text, told):
    slow = "parksim: 1\nname: slow\ntitle: Slow\nextends: tiny-park\nparameters: {travel: {walk_kmh: 4}}\n"
    (tmp_path / "slow.yaml").write_text(slow, encoding="utf-8")
    problems = [str(problem) for problem in ps.check(written(tmp_path, text + "\n"))]
    assert any(told in problem for problem in problems), problems


def test_faults_inside_a_town_are_told_in_its_own_file(tmp_path):
    written(tmp_path, "population: {employees: 0}\n", "other.yaml")
    file = written(tmp_path, "linked: {here: a, towns: [{name: b, scenario: other}]}\nlink: {openness: 1}\n")
    (problem,) = ps.check(file)
    assert "other.yaml:6: population.employees: 0 is out of range" in str(problem)


def test_a_twin_and_an_explanation_refuse_linked_towns_by_name(shut, towns):
    model = LinkedParks(towns[0], SEED)
    model._exchange()
    with pytest.raises(ValueError, match="digital"):
        twin_of(model.here)
    with pytest.raises(ps.ParksimError, match="linked towns"):
        most_changed(towns[0], towns[0].with_({"name": "other"}), months=1)
