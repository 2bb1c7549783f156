"""Cash: how many months a firm could go on without income, and what that does to its odds of leaving.

The runway returns to its mean with noise of its own, loses what rent above the base and time lost to
procedures cost, and gains what a higher digital level brings. It acts on the exit hazard alone, by a factor
whose mean over firms at rest is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parksim.firms import demand, digital

if TYPE_CHECKING:
    from parksim.chance import Floats, Ids
    from parksim.model import ParkModel
    from parksim.scenario.parameters import EnterpriseParameters
    from parksim.table import Rows

_CLIP = 2.0  # the factor stays between exp(-2) and exp(2)
_YEAR = 12.0


def first_runway(model: ParkModel, ids: Ids) -> Floats:
    """Months of cash of firms at birth: the distribution of firms at rest."""
    p = model.spec.parameters.enterprises
    return np.maximum(p.runway_mean + p.runway_spread * model.chance.normal("runway/birth", 0, ids), 0.0)


def next_runway(p: EnterpriseParameters, runway: Floats, pressure: Floats | float, noise: Floats) -> Floats:
    """Return the runway a month later; never below 0.

    ``mean + keep * (runway - mean) - pressure + spread * sqrt(1 - keep²) * noise``: without pressure firms
    keep the given mean and spread.
    """
    keep = p.runway_persistence
    shock = p.runway_spread * np.sqrt(1 - keep**2) * noise
    moved = p.runway_mean + keep * (runway - p.runway_mean) - pressure + shock
    return np.asarray(np.maximum(moved, 0.0))


def exit_factor(p: EnterpriseParameters, runway: Floats) -> Floats:
    """Factor of the exit hazard by months of cash: ``exp(-weight * (runway - mean) / 12)``.

    Clipped, and divided by its mean over firms at rest.
    """
    from scipy.special import ndtri  # noqa: PLC0415  (scipy is slow to import)

    def raw(months: Floats) -> Floats:
        strain = -p.runway_weight * (months - p.runway_mean) / _YEAR
        return np.asarray(np.exp(np.clip(strain, -_CLIP, _CLIP)))

    rest = np.maximum(p.runway_mean + p.runway_spread * ndtri((np.arange(200) + 0.5) / 200), 0.0)
    return np.asarray(raw(runway) / raw(rest).mean())


def spend(model: ParkModel) -> None:
    """Move every firm's runway on by a month."""
    firms, p, chance, month = model.firms, model.spec.parameters.enterprises, model.chance, model.month
    rows = np.flatnonzero(firms.active)
    base = model.offices.base_rent[firms.building[rows]]
    dearer = (firms.rent[rows] - base) * p.m2_per_worker / (p.cost_worker * 1e4)
    plain = model.spec.before or model.spec
    days = model.layout.support.delay_days - plain.support.delay_days
    pressure = dearer + days * p.delay_cost - digital.relief(model, rows)
    lost = demand.lost_months(model)
    if lost is not None:
        pressure = pressure + lost[firms.sector[rows]]
    noise = chance.normal("runway", month, firms.identity[rows])
    firms.runway[rows] = next_runway(p, firms.runway[rows].astype(np.float64), pressure, noise)


def support(model: ParkModel, rows: Rows, cny: Floats | float) -> None:
    """Give firms money once (take it, if negative): it lengthens the runway by what a month costs them."""
    firms, p = model.firms, model.spec.parameters.enterprises
    months = cny / (np.maximum(firms.size[rows], 1) * p.cost_worker * 1e4)
    firms.runway[rows] = np.maximum(firms.runway[rows] + months, 0.0)
