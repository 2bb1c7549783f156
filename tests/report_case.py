"""A comparison to report on, made in a second: tiny-park with foreseeable values instead of the model."""

from functools import cache

import numpy as np
import pandas as pd
from tests.fake_play import FakeRun

from parksim.chance import named_uniform
from parksim.experiment.comparison import compare
from parksim.indicators import ALL
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.read import load
from parksim.scenario.schema import PAYERS
from parksim.world.grid import read_map

CHANGES = {
    "commute_mean_min": -0.05,
    "commute_mean_min_cohort": 0.04,
    "requests_answered_share": 0.3,
    "vacancy_rate": 0.04,
    "capex_cny": 3e6,
    "opex_cny_year": 4e5,
    "visits_served": 0.2,
    "coverage_daily_5": 0.2,
}
ELSEWHERE = {"wait_min", "cost_per_retained_employee"} | {
    f"payback_years_{p}" for p in PAYERS
}  # by place, and of a comparison: no value of a run
LEVELS = {"min": 40.0, "share": 0.5, "CNY": 1e6, "CNY/year": 2e6, "days": 12.0, "persons": 40.0}
GROUPS = ("wage_band=low", "wage_band=high", "household=kindergarten", "home_zone=North", "home_zone=South")


def indicators(scenario, seed):
    out = {}
    for name in [
        *(name for name in ALL if name not in ELSEWHERE),
        "coverage_daily_5",
        "coverage_daily_10",
        "served_daily_5",
        "mode_share_bus",
        "nearest_min_cafe",
    ]:
        unit = ALL[name].unit if name in ALL else "min" if "min" in name else "share"
        luck, own = named_uniform(seed, name), named_uniform(seed, name + scenario.name)
        value = LEVELS.get(unit, 8.0) * (1 + 0.1 * (luck - 0.5) + 0.001 * (own - 0.5))
        out[name] = value + (0.0 if scenario.before is None else CHANGES.get(name, 0.0) * (0.8 + 0.4 * luck))
    return {**out, "retention_enterprise_36m": np.nan}


def play(scenario, seed, months, *, events=False):
    values = indicators(scenario, seed)
    index = pd.RangeIndex(1, months + 1, name="month")
    series = pd.DataFrame({name: np.linspace(0.9 * v, v, months) for name, v in values.items()}, index=index)
    rows = []
    for name in ("commute_mean_min_cohort", "coverage_daily_5"):
        for k, group in enumerate(GROUPS):
            worse = (
                2.5 if scenario.before is not None and "kindergarten" in group and "commute" in name else 0.0
            )
            rows.append((name, group, 10.0 + k, values[name] + k * 0.01 + worse))
        rows += [
            (name, f"building={b.name}", 10, values[name])
            for b in read_map(scenario.map).buildings
            if b.workplace
        ]
    queues = [a for a in scenario.amenities if a.outside is None and not CATEGORIES[a.category].allotted]
    rows += [("wait_min", f"amenity={a.name}", 20, 1.5 + k) for k, a in enumerate(queues)]
    groups = pd.DataFrame(rows, columns=["indicator", "group", "n", "value"])
    log = pd.DataFrame(
        {
            "month": [1, 2, 3],
            "kind": ["leave", "leave", "hire"],
            "identity": [1, 2, 3],
            "enterprise": [1, 1, 1],
            "detail": ["commute", "wage", ""],
        }
    )
    return FakeRun(scenario, seed, months, values, series, groups, log if events else log.iloc[:0])


@cache
def case(reps=6, *, events=False):
    scenarios = [load("tiny-park"), load("tiny-community")]
    return compare(scenarios, reps=reps, months=24, seed=5, workers=1, play=play, events=events)
