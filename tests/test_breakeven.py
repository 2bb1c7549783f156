"""How strong an unproven effect would have to be for a community to pay, against sums done by hand."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.append(str(Path(__file__).parent))

from fake_play import FakeRun

from parksim.experiment import breakeven
from parksim.experiment.comparison import compare
from parksim.report.messages import Messages, languages
from parksim.report.paying import sentences
from parksim.scenario.read import load
from parksim.scenario.schema import PAYERS

PAY, MONTHS, LIFE, RATE = 15_000, 3, 10, 0.04
ANNUITY = math.log(1 + RATE) / (1 - (1 + RATE) ** -LIFE)
PLAIN = {
    "turnover_annual": 0.20,
    "employees": 1000.0,
    "visits_served": 0.5,
    "ties_counted": 0.2,
    "capex_cny": 0.0,
    "opex_cny_year": 1e6,
    "employees_retained": 800.0,
    **{f"discounted_cost_{payer}": 0.0 for payer in PAYERS},
}
COMMUNITY = {"visits_served": 0.75, "ties_counted": 1.2, "opex_cny_year": 1.18e6}  # 180,000 CNY: 4 quits, 2 %


def play_with(changed, noise=0.0):
    """A park whose quits follow the effects exactly."""

    def play(scenario, seed, months, **_):
        values = PLAIN | ({} if scenario.before is None else changed)
        p = scenario.parameters.staying
        if scenario.before is not None:
            served, ties = values["visits_served"] - 0.5, values["ties_counted"] - 0.2
            values["turnover_annual"] *= (1 + p.services * served) * p.tie**ties
            values["employees_retained"] += noise * (seed % 7 - 3)
        if months < 12:
            values["turnover_annual"] = math.nan
        series = pd.DataFrame({k: [v] for k, v in values.items()}, index=pd.Index([1], name="month"))
        groups = pd.DataFrame({"indicator": [], "group": [], "n": [], "value": []})
        return FakeRun(scenario, seed, months, values, series, groups, pd.DataFrame())

    return play


def played(changed=COMMUNITY, *, fixed=True, reps=4, noise=0.0, months=36):
    scenarios = [load("tiny-park"), load("tiny-community")]
    return compare(
        scenarios, reps=reps, months=months, workers=1, fixed=fixed, play=play_with(changed, noise)
    )


def test_services_would_have_to_save_what_the_community_costs():
    found = played().break_even()
    assert found.extra_cost_year == pytest.approx(180_000)
    assert found.quit_cost == PAY * MONTHS
    assert found.quits_year == pytest.approx(200)
    assert found.needed == pytest.approx(0.02)
    services, tie = found.effects
    assert services.cut == pytest.approx(0.02 / 0.25)  # a quarter more visits are served
    assert (services.allowed, services.verdict) == ((0.0, 0.1), "allowed")
    assert tie.cut == pytest.approx(0.02)  # one more acquaintance each
    assert (tie.allowed, tie.verdict) == ((0.0, 0.05), "allowed")


def test_at_break_even_the_quits_avoided_pay_the_cost():
    strength = played().break_even().effects[0].cut
    scenarios = [
        load(n).with_({"parameters.staying.services": -strength}) for n in ("tiny-park", "tiny-community")
    ]
    then = compare(scenarios, reps=2, workers=1, fixed=True, play=play_with(COMMUNITY))
    a, b = (then.estimate("turnover_annual", name).mean for name in then.names)
    assert (a - b) * 1000 * PAY * MONTHS == pytest.approx(180_000)


def test_buildings_are_written_off_over_their_life():
    found = played({**COMMUNITY, "opex_cny_year": 1e6, "capex_cny": 1e6}).break_even()
    assert found.extra_cost_year == pytest.approx(1e6 * ANNUITY)


def test_what_the_drawn_effect_did_is_not_counted_twice():
    drawn = played(fixed=False, reps=12)
    assert drawn.futures["parameters.staying.services"].max() < 0
    found = drawn.break_even()
    assert found.found > 0.005  # the drawn effects avoid some quits
    pay = (
        drawn.futures["parameters.economics.pay_month"]
        * drawn.futures["parameters.economics.replacement_months"]
    )
    ties = 1 - drawn.futures["parameters.staying.tie"] ** 1.0
    wanted = 180_000 / (pay * 200) - ties  # what ties do in every future, services need not
    assert found.effects[0].cut == pytest.approx(np.mean(wanted) / 0.25, abs=0.01)


def test_runs_at_both_ends_say_the_same_as_the_formula():
    comparison = played()
    by_runs = breakeven.played(comparison, reps=2, play=play_with(COMMUNITY))
    for formula, runs in zip(comparison.break_even().effects, by_runs.effects, strict=True):
        assert runs.cut == pytest.approx(formula.cut, rel=0.05)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({**COMMUNITY, "opex_cny_year": 1e6}, "no_cost"),
        ({**COMMUNITY, "opex_cny_year": 9e5}, "saves"),
        ({**COMMUNITY, "turnover_annual": math.nan}, ""),
    ],
)
def test_without_a_cost_there_is_nothing_to_break_even(changed, reason):
    assert played(changed).break_even().reason == reason


def test_an_effect_is_not_told_of_where_its_way_does_not_change():
    services, tie = played({**COMMUNITY, "visits_served": 0.5, "ties_counted": 0.1}).break_even().effects
    assert (services.reason, services.verdict) == ("unchanged", "n/a")
    assert tie.reason == "fewer"


def test_no_effect_is_strong_enough_for_what_costs_more_than_all_quits():
    found = played({**COMMUNITY, "opex_cny_year": 1e7 + 1e6}).break_even()
    assert found.needed > 1
    assert {one.verdict for one in found.effects} == {"impossible"}


def test_a_short_run_says_so():
    assert played(months=6).break_even().reason == "short"


def test_the_cost_of_an_employee_retained():
    changed = {**COMMUNITY, "discounted_cost_government": 3e5, "employees_retained": 815.0}
    ratio = played(changed).cost_per_retained_employee()
    assert ratio.value == pytest.approx(20_000)
    assert ratio.low == pytest.approx(ratio.high) == pytest.approx(20_000)
    noisy = played(changed, noise=1.0, reps=12).cost_per_retained_employee()
    assert noisy.low < noisy.value < noisy.high


def test_no_cost_per_head_where_nobody_is_shown_to_be_retained():
    changed = {**COMMUNITY, "discounted_cost_government": 3e5}
    assert played(changed, noise=5.0, reps=8).cost_per_retained_employee().reason == "unclear"
    assert played({**COMMUNITY, "employees_retained": 815.0}).cost_per_retained_employee().reason == "no_cost"


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("changed", [COMMUNITY, {}, {**COMMUNITY, "visits_served": 0.4}])
def test_it_can_be_said(lang, changed):
    said = sentences(played(changed), Messages(lang))
    assert len(said) >= 2
    assert not any("{" in text for text in said)


def test_the_sentence_beside_the_evidence():
    said = sentences(played(), Messages("en"))
    assert "cut quits by 8.0%" in said[1]
    assert "evidence allows 0–10%: within evidence" in said[1]
    assert said == [*said[:3], "Cost per employee retained: n/a, costs do not differ."]
