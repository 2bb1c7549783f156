"""Which assumption could turn a conclusion: found where one does, and not where none does."""

import numpy as np
import pandas as pd
import pytest

from parksim.experiment.flips import turning


def futures(n=60, others=40):
    draws = np.random.default_rng(5).uniform(0, 1, (n, others + 1))
    return pd.DataFrame(draws, columns=["rent", *(f"other{k}" for k in range(others))])


def test_the_assumption_that_turns_the_sign_is_named_with_where_it_turns():
    drawn = futures()
    noise = np.random.default_rng(6).normal(0, 0.2, len(drawn))
    found = turning(3 * (drawn["rent"] - 0.4) + noise, drawn)
    assert list(found["path"]) == ["rent"]
    one = found.iloc[0]
    assert one["turns_at"] == pytest.approx(0.4, abs=0.05)
    assert one["at_low"] == pytest.approx(3 * (one["low"] - 0.4), abs=0.2)
    assert one["at_high"] == pytest.approx(3 * (one["high"] - 0.4), abs=0.2)


def test_what_matters_without_turning_the_sign_turns_nowhere():
    drawn = futures()
    found = turning(5 + 3 * drawn["rent"], drawn)
    assert list(found["path"]) == ["rent"]
    assert np.isnan(found["turns_at"].iloc[0])


def test_luck_alone_names_no_assumption():
    drawn = futures()
    named = [
        len(turning(pd.Series(np.random.default_rng(k).normal(size=len(drawn))), drawn)) for k in range(40)
    ]
    assert sum(n > 0 for n in named) <= 6  # five in a hundred are expected


def test_few_futures_and_held_parameters_say_nothing():
    drawn = futures(n=8)
    assert turning(drawn["rent"] - 0.4, drawn).empty
    held = futures().assign(rent=0.3)[["rent"]]
    assert turning(futures()["rent"], held).empty
