"""A simulator that costs nothing, with four parameters and six outputs; importable, so that workers find it."""

import numpy as np
import pandas as pd
from fake_play import FakeRun

from parksim.chance import named_uniform

TRUTH = {
    "parameters.staying.quit_monthly": 0.0152,
    "parameters.travel.parking_search_min": 5.5,
    "parameters.home.flat_weight": 0.045,
    "parameters.hiring.search_days": 36.0,
}
OUTPUTS = (
    "turnover_annual",
    "commute_mean_min",
    "vacancy_rate",
    "live_in_park_share",
    "mode_share_car",
    "retention_employee_12m",
)


def figures(scenario, seed):
    """Six outputs of four parameters, each with a little luck of its own."""
    p = scenario.parameters
    quit_rate, search = p.staying.quit_monthly, p.travel.parking_search_min
    flats, days = p.home.flat_weight, p.hiring.search_days

    def luck(k, size):
        return size * (named_uniform(seed, f"{scenario.content_hash} {k}") - 0.5) * 3.46

    return {
        "turnover_annual": 12 * quit_rate * (1 + 0.02 * search) + luck(0, 0.004),
        "commute_mean_min": 36 + 1.1 * search - 30 * flats + luck(1, 0.25),
        "vacancy_rate": quit_rate * days / 30.4 + luck(2, 0.0004),
        "live_in_park_share": 1.5 * flats**1.2 + luck(3, 0.002),
        "mode_share_car": 0.5 * np.exp(-0.12 * search) + luck(4, 0.006),
        "retention_employee_12m": np.exp(-11 * quit_rate) * (1 - 0.001 * days) + luck(5, 0.004),
    }


def play(scenario, seed, months, *, events=False):
    indicators = figures(scenario, seed)
    index = pd.RangeIndex(1, months + 1, name="month")
    series = pd.DataFrame({"commute_mean_min": [indicators["commute_mean_min"]] * months}, index=index)
    groups = pd.DataFrame(
        [("turnover_annual", "wage_band=low", 10.0, indicators["turnover_annual"] * 1.2)],
        columns=["indicator", "group", "n", "value"],
    )
    log = pd.DataFrame({"month": [], "identity": [], "kind": [], "cause": [], "enterprise": []})
    return FakeRun(scenario, seed, months, indicators, series, groups, log)
