"""Who left, when and why: the curves of the report against a walk through the log, person by person."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from report_case import case

from parksim.experiment.comparison import compare
from parksim.experiment.run import run
from parksim.experiment.work import replication_seed
from parksim.report.leaving import leaving

MONTHS = 18


@pytest.fixture(scope="module")
def played():
    names = ["tiny-park", "tiny-community"]
    return compare(names, reps=2, months=MONTHS, seed=3, workers=1, fixed=True, events=True)


def shares_by_hand(scenario, seed):
    """Share of the first month's people who are in the park after each month, one person at a time."""
    result = run(scenario, seed, MONTHS, events=True)
    starters = list(result.cohort["identity"])
    inside = dict.fromkeys(starters, True)
    out = [1.0]
    for month in range(1, MONTHS + 1):
        for event in result.events[result.events["month"] == month].itertuples():
            if event.identity in inside and event.kind in {"leave", "hire"}:
                inside[event.identity] = event.kind == "hire"
        out.append(sum(inside.values()) / len(inside))
    return out, result


def test_the_curve_is_what_a_walk_through_the_log_finds(played):
    found = leaving(played)
    for scenario in played.scenarios:
        seeds = [replication_seed(played.seed, r) for r in range(played.reps)]
        by_hand = np.mean([shares_by_hand(scenario, seed)[0] for seed in seeds], axis=0)
        assert found.curves[scenario.name]["survival"].to_numpy() == pytest.approx(by_hand)


def test_every_leaver_has_one_cause(played):
    rates = leaving(played).rates
    for scenario in played.scenarios:
        per_run = []
        for seed in (replication_seed(played.seed, r) for r in range(played.reps)):
            _, result = shares_by_hand(scenario, seed)
            mean_people = (len(result.cohort) + result.indicators["employees"]) / 2
            per_run.append(1000 * (result.events["kind"] == "leave").sum() / (mean_people * MONTHS / 12))
        assert rates[scenario.name].sum() == pytest.approx(np.mean(per_run))


def test_nothing_is_said_without_logs():
    assert leaving(case()) is None
