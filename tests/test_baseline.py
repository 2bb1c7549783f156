"""The figures of four runs are those that were kept; a change of numbers is a decision with a line in CHANGELOG.md."""

from __future__ import annotations

import math

import pytest
import yaml
from tests.baseline import CASES, FILE, figures


@pytest.mark.parametrize("name", CASES)
def test_the_figures_are_those_that_were_kept(name):
    kept = yaml.safe_load(FILE.read_text(encoding="utf-8"))[name]
    now = figures(name)
    assert set(now) == set(kept)
    for indicator, value in kept.items():
        if value is None:
            assert now[indicator] is None, indicator
        elif math.isinf(value):
            assert now[indicator] == value, indicator
        else:  # the same events everywhere, floats to 1e-9: exp and log differ between instruction sets
            assert now[indicator] == pytest.approx(value, rel=1e-9, abs=1e-12), indicator
