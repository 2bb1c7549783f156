"""Sensitivities agree with functions whose indices are known, and flips are found where they were put."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from fake_play import play

from parksim.chance import named_uniform
from parksim.errors import ParksimError
from parksim.experiment.sensitivity import flips, robustness, sensitivity
from parksim.experiment.sweep import Sweep
from parksim.report.doubts import conclusion
from parksim.report.messages import Messages
from parksim.store import Store

TIE = "parameters.staying.tie"
SERVICES = "parameters.staying.services"
WALK = "parameters.travel.walk_kmh"


def linear(scenario, seed, months):
    """Levels: 3 a + 4 b; differences: 2 c, with c = 0 moving nothing else; a, b, c uniform on (0, 1)."""
    a = (scenario.parameters.staying.tie - 0.95) / 0.05
    b = scenario.parameters.staying.services / -0.1
    c = scenario.parameters.travel.walk_kmh - 4
    luck, own = named_uniform(seed, "luck"), named_uniform(seed, f"{scenario.name}{a}{b}{c}")
    more = 2 * c * (scenario.name == "tiny-community")
    run = play(scenario, seed, months)
    return replace(run, indicators={"commute_mean_min": 3 * a + 4 * b + more + 5 * luck + 0.1 * own})


@pytest.fixture
def swept(tmp_path):
    def make(design, reps=2):
        file = tmp_path / "three.yaml"
        file.write_text(f"""
parksim: 1
name: three
scenarios: [tiny-park, tiny-community]
uncertainties:
  {TIE}: {{low: 0.95, high: 1.0}}
  {SERVICES}: {{low: -0.1, high: 0}}
  {WALK}: {{low: 4, high: 5}}
design: {design}
replications: {reps}
months: 1
fixed: true
""")
        store = Store(tmp_path / "runs.db")
        Sweep(file, play=linear).run(store, workers=1)
        return store

    return make


def test_sobol_indices_of_a_linear_function(swept):
    found = sensitivity(swept("{kind: sobol, samples: 64}"), "three", "commute_mean_min")
    level = found.ranked("tiny-park").set_index("path")
    # variances of 3 a and 4 b are as 9 to 16
    assert level.loc[TIE, "ST"] == pytest.approx(9 / 25, abs=0.08)
    assert level.loc[SERVICES, "ST"] == pytest.approx(16 / 25, abs=0.1)
    assert level.loc[WALK, "ST"] == pytest.approx(0, abs=0.01)
    assert level.loc[TIE, "ST_conf"] > 0
    difference = found.ranked("tiny-community - tiny-park")
    assert difference["path"].iloc[0] == WALK
    assert difference["ST"].iloc[0] == pytest.approx(1, abs=0.1)
    assert difference["ST"].iloc[1] < 0.05


def test_morris_effects_of_a_linear_function(swept):
    found = sensitivity(swept("{kind: morris, trajectories: 8}"), "three", "commute_mean_min")
    level = found.ranked("tiny-park").set_index("path")["mu_star"]
    assert level[SERVICES] == pytest.approx(4, abs=0.2)
    assert level[TIE] == pytest.approx(3, abs=0.2)
    assert found.ranked("tiny-community - tiny-park")["mu_star"].iloc[0] == pytest.approx(2, abs=0.2)


def test_a_latin_hypercube_ranks_too(swept):
    found = sensitivity(swept("{kind: lhs, samples: 100}", reps=1), "three", "commute_mean_min")
    level = found.ranked("tiny-park")
    assert level["path"].tolist() == [SERVICES, TIE, WALK]
    # less of `services` is more of b, which lengthens
    assert level["rho"].tolist() == pytest.approx([-0.8, 0.6, 0], abs=0.2)
    assert (level["p"] < 0.05).tolist() == [True, True, False]
    assert np.isnan(found.noise.loc["tiny-park", "noise"])


def test_replication_noise_is_reported_apart(swept):
    store = swept("{kind: lhs, samples: 40}", reps=5)
    noise = sensitivity(store, "three", "commute_mean_min").noise
    # 25/12 between points, 25/12 shared luck, 0.01/12 the runs' own
    assert noise.loc["tiny-park", ["points", "replications", "interaction"]].sum() == pytest.approx(1)
    assert noise.loc["tiny-park", "interaction"] < 0.002
    assert noise.loc["tiny-park", "replications"] > 0.1
    # in the difference the luck has gone
    assert noise.loc["tiny-community - tiny-park", "replications"] < 0.02
    assert noise.loc["tiny-community - tiny-park", "noise"] < 0.01


def test_a_figure(swept):
    found = sensitivity(swept("{kind: morris, trajectories: 4}"), "three", "commute_mean_min")
    axes = found.plot()
    assert len(axes.patches) == 3
    assert found.plot(ax=axes) is axes
    assert found.plot(lang="zh").get_xlabel() == "平均通勤时间：基本效应绝对均值"


def test_a_conclusion_that_always_holds(swept):
    (said,) = robustness(swept("{kind: lhs, samples: 40}", reps=1), "three", "commute_mean_min")
    assert said.sign == 1
    assert said.holds > 0.9
    assert "holds in" in str(said)
    told = conclusion(said, Messages("zh"), {"tiny-community": "社区", "tiny-park": "园区"})
    assert re.fullmatch(r"社区 − 园区：40个抽样情景中，\d+%的情景“平均通勤时间”较高.*。", told)


def test_what_cannot_be_analysed_is_said(swept, tmp_path):
    store = swept("{kind: grid}")
    with pytest.raises(ParksimError, match="grid design: sensitivities need one of sobol, morris, lhs"):
        sensitivity(store, "three", "commute_mean_min")
    half = Sweep(tmp_path / "three.yaml", play=linear)
    assert half.dimensions == ()


def test_the_box_where_a_conclusion_flips_is_found():
    rng = np.random.default_rng(5)
    x = rng.random((1024, 6))
    d = np.where((x[:, 1] > 0.7) & (x[:, 4] < 0.5), -1.0, 1.0)
    said = flips(x, d, list("abcdef"), "commute", "town - park")
    assert said.holds == pytest.approx(0.85, abs=0.03)
    assert [rule.path for rule in said.rules] == ["b", "e"]
    assert said.rules[0].low == pytest.approx(0.7, abs=0.05)
    assert said.rules[1].high == pytest.approx(0.5, abs=0.06)
    assert said.flips_inside > 0.8
    assert said.flips_covered > 0.85
    assert str(said).startswith(
        "town - park: more commute holds in 86 % of 1024 sampled futures; it flips when b > 0."
    )


def test_flips_without_a_reason_get_none():
    rng = np.random.default_rng(6)
    found = [
        flips(rng.random((400, 10)), np.where(rng.random(400) < 0.15, -1.0, 1.0), list("abcdefghij"))
        for _ in range(20)
    ]
    assert sum(bool(said.rules) for said in found) <= 10
    assert all(len(said.rules) <= 3 for said in found)


def test_a_lever_with_two_values_can_be_the_reason():
    rng = np.random.default_rng(7)
    x = np.column_stack([rng.integers(0, 2, 300), rng.random(300)]).astype(float)
    said = flips(x, np.where(x[:, 0] == 1, -1.0, 2.0), ["open", "b"])
    assert str(said.rules[0]) == "open > 0.5"
    assert (said.flips_inside, said.flips_covered) == (1, 1)


def test_ties_neither_hold_nor_flip():
    d = np.repeat([1.0, 0.0, -1.0], [60, 30, 10])
    said = flips(np.zeros((100, 1)), d, ["a"], "x", "b - a")
    assert (said.holds, said.flips) == (0.6, 0.1)
    assert "holds in 60 % of 100 sampled futures, in 30 % there is no difference; no assumption" in str(said)


def test_no_difference_at_all():
    assert "does not differ in 5 sampled futures" in str(
        flips(np.zeros((5, 1)), np.zeros(5), ["a"], "x", "b - a")
    )
