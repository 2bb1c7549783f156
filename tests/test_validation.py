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
    monkeypatch.setattr(validation, "FACTS", tuple(f for f in validation.FACTS if f.member == "changed"))
    port = ps.load("info-port-community")
    frame = ps.validate(port, reps=2, futures=0)
    assert frame["value"].tolist() == [2.5]
    assert frame["agrees"].all()
    assert played == 2 * [("info-port-community", 36)]
    assert ps.validate(port.plain, reps=1, futures=0).empty
