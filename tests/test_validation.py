"""Facts are held against the member of a family that they speak of."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

import parksim as ps
from parksim import validation


def test_what_a_place_became_is_held_against_figures_of_what_it_became(monkeypatch):
    played = []
    heads = pd.DataFrame({"employees": np.linspace(100, 250, 36)})

    def run(scenario, seed, months):
        played.append((scenario.name, months))
        return SimpleNamespace(series=heads[:months], indicators={}, scenario=scenario)

    monkeypatch.setattr("parksim.experiment.run.run", run)
    growth = tuple(f for f in validation.FACTS if f.name == "growth of the head-count in three years")
    monkeypatch.setattr(validation, "FACTS", growth)
    port = ps.load("info-port-community")
    frame = ps.validate(port, reps=2, futures=0)
    assert frame["value"].tolist() == [2.5]
    assert frame["agrees"].all()
    assert played == 2 * [("info-port-community", 36)]
    assert ps.validate(port.plain, reps=1, futures=0).empty


def test_the_tax_of_a_year_is_that_of_its_months_and_none_where_the_run_is_too_short():
    """10 mu at 2, then 3 million CNY a mu and year."""
    series = pd.DataFrame({"tax_per_mu": [200.0] * 5 + [300.0] * 12}, index=range(1, 18))
    run = SimpleNamespace(series=series, indicators={"land_mu": 10.0})
    assert validation.tax_of(1, 5)(run) == 0.02
    assert validation.tax_of(6, 17)(run) == 0.03
    assert np.isnan(validation.tax_of(18, 29)(run))
