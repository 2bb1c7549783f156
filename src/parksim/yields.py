"""What land yields: output and tax per mu, of the park and of each firm, and the A to D grade by them (亩均论英雄).

The rule of Zhejiang's reform (provincial government notice 2018 no. 5): firms are graded by what they yield on a mu
of land; districts set the thresholds. Ours are parameters. A grade is reached where output *and* tax reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.firms import demand
from parksim.scenario.schema import MU_M2

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.parameters import EconomicsParameters
    from parksim.scenario.schema import Enterprises, Scenario
    from parksim.table import Rows

Floats = npt.NDArray[np.float64]

GRADES = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class Yields:
    """A month's yields.

    Attributes
    ----------
    output, tax : float
        Of the whole park, 10⁴ CNY a year.
    grade : int array [active firm]
        0 for A to 3 for D.
    """

    output: float
    tax: float
    grade: npt.NDArray[np.intp]


def thresholds(p: EconomicsParameters) -> tuple[Floats, Floats]:
    """Return the least output and the least tax of the grades A, B and C, 10⁴ CNY a mu and year."""
    return (
        np.array([p.grade_a_output, p.grade_b_output, p.grade_c_output]),
        np.array([p.grade_a_tax, p.grade_b_tax, p.grade_c_tax]),
    )


def grade(p: EconomicsParameters, output: Floats | float, tax: Floats | float) -> npt.NDArray[np.intp]:
    """Grade yields of land: 0 for A to 3 for D, the lower of the two grades by output and by tax.

    Parameters
    ----------
    p : EconomicsParameters
    output, tax : float or float array
        10⁴ CNY a mu and year.
    """
    least_output, least_tax = thresholds(p)
    by_output = (np.asarray(output)[..., None] < least_output).sum(axis=-1)
    return np.asarray(np.maximum(by_output, (np.asarray(tax)[..., None] < least_tax).sum(axis=-1)))


def a_worker(scenario: Scenario) -> tuple[Floats, Floats]:
    """Return output and tax of a worker by sector, 10⁴ CNY a year."""
    firms, p = scenario.enterprises, scenario.parameters.enterprises
    return (
        _by_sector(firms, firms.output_by_sector, p.output_worker),
        _by_sector(firms, firms.tax_by_sector, p.tax_worker),
    )


def _by_sector(firms: Enterprises, known: dict[str, float], usual: float) -> Floats:
    return np.array([known.get(sector, usual) for sector in firms.sectors])


def told(scenario: Scenario) -> str:
    """Say in one line what the land of a scenario yields at the start, and its grade; nothing is run."""
    drawing = scenario.map
    inside = sum(drawing.legend[key].use != "outside" for row in drawing.rows for key in row)
    mu = inside * drawing.cell_m**2 / MU_M2
    share = np.array(list(scenario.enterprises.sectors.values()))
    output, tax = (
        scenario.population.employees * float(each @ share) / share.sum() for each in a_worker(scenario)
    )
    reached = GRADES[int(grade(scenario.parameters.economics, output / mu, tax / mu))].upper()
    return (
        f"land at the start: {mu:,.0f} mu, output {output / mu:,.1f} and tax {tax / mu:,.1f} (10^4 CNY/mu/year): "
        f"grade {reached}, by assumed thresholds"
    )


def measure(model: ParkModel, active: Rows, lift: float) -> Yields:
    """Measure the month's yields.

    Firms of one sector differ in what a worker yields by a factor of their own, which lasts for life and says
    nothing of their fate; over all workers of the park its mean is one, so that firms add up to the park.
    A firm's land is the plot under its floor, by its share of the building's floor.

    Parameters
    ----------
    model : ParkModel
    active : int array
        Rows of the firms that are here.
    lift : float
        Productivity against the start of the run.
    """
    spec, firms, posts = model.spec, model.firms, model.posts
    p = spec.parameters.economics
    workers = np.bincount(posts.firm[posts.filled], minlength=len(firms))[active].astype(np.float64)
    sector = firms.sector[active]
    output, tax = (lift * workers * each[sector] for each in a_worker(spec))
    left = demand.orders(model, model.month)
    if left is not None:
        output, tax = output * left[sector], tax * left[sector]
    own = np.exp(p.output_spread * model.chance.normal("firm/output", 0, firms.identity[active]))
    own *= workers.sum() / max(float(workers @ own), 1e-9)
    floor = firms.size[active] * spec.parameters.enterprises.m2_per_worker
    mu = np.maximum(floor * model.place.mu_per_m2[firms.building[active]], 1e-9)
    return Yields(float(output.sum()), float(tax.sum()), grade(p, output * own / mu, tax * own / mu))
