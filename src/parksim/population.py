"""Population synthesis: the joint distribution of people that agrees with the scenario's margins.

Margins say how many are young, well paid or parents; which of the young are parents they do not say. A table of
plausible associations (assumed) is fitted to the margins by iterative proportional fitting (Deming and Stephan
1940), and a person is one uniform draw from the fitted cells.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.scenario.parameters import StayingParameters
    from parksim.scenario.schema import Population

WAGE_BANDS = ("low", "middle", "high")
HOUSEHOLDS = ("single", "couple", "kindergarten", "school")
EDUCATION = ("school", "college", "bachelor", "master")

Floats = npt.NDArray[np.float64]

# Which households are likely at an age (years), relative to each other: assumed after the life course.
_HOUSEHOLD_BY_AGE = {22: (8, 2, 0.3, 0.05), 30: (4, 3.5, 2, 0.6), 40: (1, 1.5, 1.5, 4), 53: (0.8, 4, 0.1, 1)}
# Wage bands by education, and their rise with age: assumed after wage surveys (better schooled, later career).
_WAGE_BY_EDUCATION = {
    "school": (6, 3, 0.5),
    "college": (4, 4, 1),
    "bachelor": (2, 4.5, 2.5),
    "master": (0.7, 4, 5),
}
_WAGE_BY_AGE = {22: (2, 1, 0.2), 30: (1, 1.2, 0.9), 40: (0.7, 1, 1.5), 53: (0.9, 1, 1.3)}
_EDUCATION_BY_AGE = {22: (1, 1.2, 1, 0.5), 30: (0.7, 1, 1.2, 1.2), 40: (1, 1, 1, 1), 53: (2.5, 1.2, 0.6, 0.4)}


def fit(seed: Floats, margins: list[Floats], *, tolerance: float = 1e-10, rounds: int = 1000) -> Floats:
    """Scale a table until its margins are those given, keeping its associations.

    Parameters
    ----------
    seed : float array
        Positive table of associations, one axis a margin.
    margins : list of float arrays
        One for each axis, each summing to 1.
    tolerance : float
        Largest difference of a margin that is left.
    rounds : int
        Rounds after which it gives up.

    Returns
    -------
    float array, shape of `seed`
        Sums to 1.

    Raises
    ------
    ParksimError
        If the margins cannot be met by this table.
    """
    table = np.asarray(seed, dtype=np.float64) / np.sum(seed)
    for _ in range(rounds):
        for axis, margin in enumerate(margins):
            others = tuple(k for k in range(table.ndim) if k != axis)
            now = table.sum(axis=others)
            factor = np.divide(margin, now, out=np.zeros_like(now), where=now > 0)
            table = table * np.expand_dims(factor, others)
        gap = max(
            float(np.abs(table.sum(axis=tuple(k for k in range(table.ndim) if k != axis)) - margin).max())
            for axis, margin in enumerate(margins)
        )
        if gap < tolerance:
            return table
    raise ParksimError(
        f"the population's margins cannot be met together: {gap:.2g} is left after {rounds} rounds"
    )


def joint(population: Population) -> tuple[tuple[str, ...], Floats]:
    """Return the age bands and the joint shares [age, education, wage band, household] of a population."""
    key = tuple(
        tuple(sorted(margin.items()))
        for margin in (population.age, population.education, population.wage_band, population.household)
    )
    return _joint(key, tuple(population.age))


@lru_cache(maxsize=32)
def _joint(
    key: tuple[tuple[tuple[str, float], ...], ...], ages: tuple[str, ...]
) -> tuple[tuple[str, ...], Floats]:
    age, education, wage, household = (dict(margin) for margin in key)
    middles = [sum(float(edge) for edge in band.split("-")) / 2 for band in ages]
    by_age = np.array([_nearest(_HOUSEHOLD_BY_AGE, m) for m in middles])
    wage_age = np.array([_nearest(_WAGE_BY_AGE, m) for m in middles])
    education_age = np.array([_nearest(_EDUCATION_BY_AGE, m) for m in middles])
    wage_education = np.array([_WAGE_BY_EDUCATION[e] for e in EDUCATION])
    seed = (
        education_age[:, :, None, None]
        * wage_age[:, None, :, None]
        * wage_education[None, :, :, None]
        * by_age[:, None, None, :]
    )
    margins = [
        _margin(age, ages),
        _margin(education, EDUCATION),
        _margin(wage, WAGE_BANDS),
        _margin(household, HOUSEHOLDS),
    ]
    return ages, fit(seed, margins)


def hire_margins(population: Population, staying: StayingParameters) -> Population:
    """Return the margins of those who are hired, so that the age mix of the stock lasts where it can.

    In a stationary stock the people hired into an age band replace those who quit from it and those who grow out
    of it, less those who grow into it from the band below. Where more grow in than leave, nobody is hired and the
    band grows: a young park that hires the young grows older.
    """
    edges = [tuple(float(x) for x in band.split("-")) for band in population.age]
    share = np.array(list(population.age.values()))
    middle = np.array([(low + high) / 2 for low, high in edges])
    quits = (
        12
        * staying.quit_monthly
        * np.select(
            [middle < 25, middle < 35, middle < 45],
            [staying.age_under_25, staying.age_25_34, staying.age_35_44],
            staying.age_45,
        )
    )
    grow_out = share / np.array([high + 1 - low for low, high in edges])
    inflow = np.maximum(quits * share + grow_out - np.r_[0.0, grow_out[:-1]], 0.0)
    age = dict(zip(population.age, (inflow / inflow.sum()).tolist(), strict=True))
    return population.model_copy(update={"age": age})


def _nearest(table: Mapping[int, tuple[float, ...]], age: float) -> tuple[float, ...]:
    return table[min(table, key=lambda known: abs(known - age))]


def _margin(shares: Mapping[Any, float], order: tuple[str, ...]) -> Floats:
    values = np.array([shares.get(name, 0.0) for name in order])
    return np.asarray(values / values.sum())
