"""Runs that cost nothing, with numbers one can foresee; importable, so that worker processes find them."""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from parksim.chance import named_uniform


@dataclass(frozen=True)
class FakeRun:
    scenario: object
    seed: int
    months: int
    indicators: dict
    series: pd.DataFrame
    groups: pd.DataFrame
    events: pd.DataFrame
    wall_s: float = 0.0


def foreseen(scenario, seed):
    """Commute: 40 plus luck, less 2 with each amenity; the luck is shared, a little of it is not."""
    luck, own = named_uniform(seed, "luck"), named_uniform(seed, scenario.content_hash)
    commute = 40 + 10 * luck - 2 * len(scenario.amenities) + 0.1 * own
    tie = scenario.parameters.staying.tie
    return {
        "commute_mean_min": commute,
        "turnover_annual": tie - 0.8 + 0.01 * luck,
        "retention_enterprise_36m": math.nan,
    }


def play(scenario, seed, months, *, events=False):
    indicators = foreseen(scenario, seed)
    index = pd.RangeIndex(1, months + 1, name="month")
    commute = indicators["commute_mean_min"]
    series = pd.DataFrame({"commute_mean_min": [commute + m for m in index]}, index=index)
    groups = pd.DataFrame(
        [
            ("commute_mean_min", f"wage_band={b}", 10.0 + i, commute + i)
            for i, b in enumerate(("low", "middle", "high"))
        ],
        columns=["indicator", "group", "n", "value"],
    )
    log = pd.DataFrame(
        {"month": [1], "identity": [2**63], "kind": ["quit"], "cause": ["commute"], "enterprise": [3]}
    )
    return FakeRun(scenario, seed, months, indicators, series, groups, log if events else log.iloc[:0])


def play_or_fail(scenario, seed, months, *, events=False):
    """Fails for about half the seeds."""
    if named_uniform(seed, "fails") < 0.5:
        raise RuntimeError(f"the roof fell in at seed {seed}")
    return play(scenario, seed, months)


def play_or_die(scenario, seed, months, *, events=False):
    """Kills its process for about one seed in eight."""
    if named_uniform(seed, "dies") < 0.125:
        os._exit(9)
    return play(scenario, seed, months)


def play_once_killed(scenario, seed, months, *, events=False):
    """Kills its process the first time, as a machine that went away."""
    mark = Path(os.environ["PARKSIM_TEST_MARK"])
    if not mark.exists() and named_uniform(seed, "dies") < 0.3:
        mark.touch()
        os._exit(9)
    return play(scenario, seed, months)


def play_slowly(scenario, seed, months, *, events=False):
    time.sleep(0.05)
    return play(scenario, seed, months)


def pin_model_version():
    """Hold the model's version for this process: sources may be edited while tests run."""
    from parksim.experiment import work

    work.model_version = lambda: "pinned"
