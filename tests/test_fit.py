"""Calibration recovers what a run was made with, within its own intervals, and says what it cannot know."""

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("sklearn")
sys.path.append(str(Path(__file__).parent))

import fit_case
from fit_case import OUTPUTS, TRUTH

from parksim.cli import app
from parksim.errors import ScenarioError
from parksim.experiment.run import run
from parksim.fit import fit, read_targets
from parksim.fit.targets import FitError
from parksim.scenario.read import load
from parksim.store import Store

ERRORS = dict(zip(OUTPUTS, (0.006, 0.4, 0.0006, 0.003, 0.01, 0.006), strict=True))
RANGES = {
    "parameters.staying.quit_monthly": "[0.008, 0.025]",
    "parameters.travel.parking_search_min": "[1, 10]",
    "parameters.home.flat_weight": "[0.01, 0.1]",
    "parameters.hiring.search_days": "[20, 50]",
}


def targets_file(folder, lines, ranges=RANGES, head="months: 3\nhold_out: 0\n"):
    path = folder / "targets.yaml"
    text = head + "parameters:\n" + "".join(f"  {p}: {r}\n" for p, r in ranges.items()) + "targets:\n"
    path.write_text(text + "".join(f"  - {{{line}}}\n" for line in lines), encoding="utf-8")
    return path


def observed(seed):
    truth = load("tiny-park").with_(TRUTH)
    return fit_case.figures(truth, seed)


def lines_of(figures, held=()):
    return [
        f"indicator: {name}, value: {value:.6g}, error: {ERRORS[name]}{', hold: true' if name in held else ''}"
        for name, value in figures.items()
    ]


def test_four_parameters_are_recovered_within_their_intervals(tmp_path):
    hits = []
    for seed in (11, 12):
        scenario = load("tiny-park")
        wanted = read_targets(targets_file(tmp_path, lines_of(observed(seed))), scenario)
        found = fit(
            scenario, wanted, Store(tmp_path / f"{seed}.db"), seed=seed, workers=1, play=fit_case.play
        )
        table = found.parameters
        assert table["identified"].all()
        hits += [table.loc[p, "q05"] <= v <= table.loc[p, "q95"] for p, v in TRUTH.items()]
        for path, value in TRUTH.items():
            width = table.loc[path, "high"] - table.loc[path, "low"]
            assert abs(table.loc[path, "median"] - value) < 0.15 * width
        assert (found.targets["away"].abs() < 3).all()
        assert found.plausible[-1] < 0.2
    assert sum(hits) >= 5, "eight 90 % intervals: fewer than five hits come four times in a thousand"


def test_what_the_targets_do_not_depend_on_is_not_identified(tmp_path):
    scenario = load("tiny-park")
    figures = {k: v for k, v in observed(5).items() if k in ("live_in_park_share", "mode_share_car")}
    ranges = RANGES | {"parameters.community.event_tie": "[0, 1]"}
    wanted = read_targets(targets_file(tmp_path, lines_of(figures), ranges), scenario)
    found = fit(scenario, wanted, Store(tmp_path / "s.db"), waves=2, workers=1, play=fit_case.play)
    told = found.parameters["identified"]
    assert told["parameters.home.flat_weight"]
    assert told["parameters.travel.parking_search_min"]
    assert not told["parameters.staying.quit_monthly"]
    assert not told["parameters.community.event_tie"]
    assert "not identified" in found.snippet("counts of 2024")


def test_parameters_that_only_their_product_shows_are_known_together(tmp_path):
    scenario = load("tiny-park")
    figures = {"vacancy_rate": observed(6)["vacancy_rate"]}
    ranges = {k: v for k, v in RANGES.items() if "quit" in k or "search_days" in k}
    wanted = read_targets(targets_file(tmp_path, lines_of(figures), ranges), scenario)
    found = fit(scenario, wanted, Store(tmp_path / "s.db"), waves=2, workers=1, play=fit_case.play)
    ((_, _, correlation),) = found.together
    assert correlation < -0.8


def test_held_out_targets_are_not_used_and_are_compared(tmp_path):
    scenario = load("tiny-park")
    figures = observed(7) | {"turnover_annual": 0.9}  # nonsense: only a held-out figure may be so far off
    wanted = read_targets(targets_file(tmp_path, lines_of(figures, held=("turnover_annual",))), scenario)
    found = fit(scenario, wanted, Store(tmp_path / "s.db"), waves=2, workers=1, play=fit_case.play)
    assert found.targets.loc["turnover_annual", "held"]
    assert abs(found.targets.loc["turnover_annual", "away"]) > 3
    others = found.targets.drop("turnover_annual")
    assert (others["away"].abs() < 3).all()
    assert any("turnover_annual" in note and "cannot reach" in note for note in found.notes)


def test_a_fit_that_was_stopped_goes_on(tmp_path):
    scenario = load("tiny-park")
    wanted = read_targets(targets_file(tmp_path, lines_of(observed(8))), scenario)
    store = Store(tmp_path / "s.db")
    calls = []

    def stopping(*args, **options):
        calls.append(1)
        if len(calls) == 60:
            raise KeyboardInterrupt
        return fit_case.play(*args, **options)

    with pytest.raises(KeyboardInterrupt):
        fit(scenario, wanted, store, waves=2, workers=1, play=stopping)
    found = fit(scenario, wanted, store, waves=2, workers=1, play=fit_case.play)
    assert found.known == 59
    again = fit(scenario, wanted, store, waves=2, workers=1, play=stopping)
    assert again.known == again.runs
    assert np.allclose(again.parameters[["q05", "q95"]], found.parameters[["q05", "q95"]])


def test_a_target_by_group_is_read_and_one_of_nobody_is_told(tmp_path):
    scenario = load("tiny-park")
    ranges = {"parameters.staying.quit_monthly": "[0.008, 0.025]"}
    line = "indicator: turnover_annual, group: wage_band=low, value: 0.22, error: 0.01"
    wanted = read_targets(targets_file(tmp_path, [line], ranges), scenario)
    found = fit(scenario, wanted, Store(tmp_path / "s.db"), waves=2, workers=1, play=fit_case.play)
    low, high = found.parameters.loc["parameters.staying.quit_monthly", ["q05", "q95"]]
    assert low < 0.22 / 1.2 / 12 < high * 1.02
    wanted = read_targets(
        targets_file(tmp_path, [line.replace("wage_band=low", "zone=Mars")], ranges), scenario
    )
    with pytest.raises(
        FitError, match=r"turnover_annual \(zone=Mars\) is n/a in most runs.*nobody; valid: wage_band=low"
    ):
        fit(scenario, wanted, Store(tmp_path / "t.db"), workers=1, play=fit_case.play)


def test_a_few_runs_that_fail_are_left_out_and_told(tmp_path):
    calls = []

    def unlucky(*args, **options):
        calls.append(1)
        if len(calls) % 15 == 0:
            raise RuntimeError("the roof fell in")
        return fit_case.play(*args, **options)

    scenario = load("tiny-park")
    wanted = read_targets(targets_file(tmp_path, lines_of(observed(9))), scenario)
    found = fit(scenario, wanted, Store(tmp_path / "s.db"), waves=2, workers=1, play=unlucky)
    assert found.failed == len(calls) - found.runs > 0
    assert any("the roof fell in" in note for note in found.notes)


def test_runs_that_fail_are_told(tmp_path):
    def broken(*_, **__):
        raise RuntimeError("the roof fell in")

    scenario = load("tiny-park")
    wanted = read_targets(targets_file(tmp_path, lines_of(observed(9))), scenario)
    with pytest.raises(FitError, match="runs failed; the last: RuntimeError: the roof fell in"):
        fit(scenario, wanted, Store(tmp_path / "s.db"), workers=1, play=broken)


GOOD = "indicator: commute_mean_min, value: 1, error: 1"


@pytest.mark.parametrize(
    ("line", "ranges", "told"),
    [
        ("indicator: comute_mean_min, value: 1, error: 1", RANGES, "did you mean 'commute_mean_min'"),
        ("indicator: commute_mean_min, value: x, error: 1", RANGES, "'x' is not a number"),
        ("indicator: commute_mean_min, value: 1, error: 0", RANGES, "should be the standard error"),
        ("indicator: commute_mean_min, valu: 1, error: 1", RANGES, "unknown key 'valu'"),
        (None, RANGES, "give at least one target"),
        (GOOD, {}, "say which parameters may move"),
        (GOOD, {"parameters.staying.quit_month": "[0, 1]"}, "quit_monthly"),
        (GOOD, {"parameters.staying.quit_monthly": "[1, 0]"}, "is no range"),
        (GOOD, {"parameters.staying.quit_monthly": "[0, 9]"}, "cannot be"),
        (GOOD, {"parameters.travel.bpr_b": ""}, "has no range"),
    ],
)
def test_a_faulty_targets_file_is_told(line, ranges, told, tmp_path):
    with pytest.raises(ScenarioError, match=told):
        read_targets(targets_file(tmp_path, [line] if line else [], ranges), load("tiny-park"))


def test_a_share_of_the_targets_is_held_out_always_the_same(tmp_path):
    file = targets_file(tmp_path, lines_of(observed(1)), head="months: 3\nhold_out: 0.34\n")
    first, second = (read_targets(file, load("tiny-park")).targets for _ in range(2))
    assert first == second
    assert sum(target.hold for target in first) == 2


def test_the_model_itself_is_fitted_on_the_command_line(tmp_path):
    """One small real park: quitting is recovered from its own turnover."""
    truth = load("tiny-park").with_({"parameters.staying.quit_monthly": 0.05})
    seen = np.mean([run(truth, seed=s, months=12).indicators["turnover_annual"] for s in range(100, 108)])
    file = targets_file(
        tmp_path,
        [f"indicator: turnover_annual, value: {seen:.4f}, error: 0.05"],
        {"parameters.staying.quit_monthly": "[0.005, 0.1]"},
        head="months: 12\nhold_out: 0\n",
    )
    result = CliRunner().invoke(
        app, ["fit", "tiny-park", "--targets", str(file), "--store", str(tmp_path / "runs.db"),
              "--workers", "1", "--waves", "1", "--out", str(tmp_path / "fitted.yaml")],
    )  # fmt: skip
    assert result.exit_code == 0, (result.output, result.exception)
    assert "parameters.staying.quit_monthly" in result.output
    text = (tmp_path / "fitted.yaml").read_text()
    low, high = (float(x) for x in text.split("range: [")[1].split("]")[0].split(","))
    assert low < 0.05 < high
    assert high - low < 0.07
