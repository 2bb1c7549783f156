"""Digital level: how many of the known digital methods a firm has, how that grows, and what it is worth.

A firm works methods out by its own research, learns from the workers around it, and, where towns are linked,
takes methods up from their hub. The level acts on output, tax and cash alone, by an elasticity that is nil by
default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parksim.chance import Floats
    from parksim.model import ParkModel
    from parksim.scenario.parameters import DigitalParameters
    from parksim.table import Rows

_MONTHS = 12.0


@dataclass(frozen=True)
class Hub:
    """What the other towns offer this month.

    Attributes
    ----------
    openness : float
        Share of the methods that may be taken up, 0 to 1.
    frontier : float
        Digital level of the best firms of the best other town.
    """

    openness: float
    frontier: float


def at_birth(model: ParkModel, rows: Rows) -> Floats:
    """Return the digital level of newborn firms: the mean of those around, in the first month the scenario's."""
    firms, first = model.firms, model.spec.enterprises.digital_level
    others = firms.active.copy()
    others[rows] = False
    mean = float(firms.digital[others].mean(dtype=np.float64)) if others.any() else first.mean
    luck = model.chance.normal("firm/digital", 0, firms.identity[rows])
    return np.asarray(np.clip(mean + first.spread * luck, 0.0, 1.0))


def advance(model: ParkModel) -> None:
    """Move every firm's digital level on by a month: research, neighbours, then methods of the hub."""
    firms, p = model.firms, model.spec.parameters.digital
    model.firm_life.methods = 0
    rows = np.flatnonzero(firms.active)
    if rows.size == 0:
        return
    level = firms.digital[rows].astype(np.float64)
    own = p.research * firms.rd_share[rows] * (1 - level)
    near = p.neighbours * np.maximum(around(model, rows) - level, 0.0)
    level = np.minimum(level + (own + near) / _MONTHS, 1.0)
    if model.hub is not None and model.hub.openness > 0:
        level = _take_up(model, model.hub, rows, level)
    firms.digital[rows] = level


def around(model: ParkModel, rows: Rows) -> Floats:
    """Mean digital level of the workers around each firm's building, weighed by the walk; 0 where nobody is."""
    firms, kernel = model.firms, model.offices.kernel
    at = firms.building[rows].astype(np.intp)
    size = firms.size[rows].astype(np.float64)
    workers = np.bincount(at, size, kernel.shape[0])
    levels = np.bincount(at, size * firms.digital[rows], kernel.shape[0])
    reached = kernel @ workers
    return np.asarray((kernel @ levels / np.maximum(reached, 1e-9))[at])


def take_up_rate(p: DigitalParameters, distance: Floats, rd_share: Floats, openness: float) -> Floats:
    """Methods a year that a firm takes up from the hub.

    ``openness * take_up * rd / (rd + half) * x * exp(1 - x)``, with ``x`` the distance to the frontier over the
    best distance: nothing at the frontier, most at the best distance, ever less beyond (the technology gap of
    Verspagen 1991, Structural Change and Economic Dynamics 2:359); absorption by own research as in Cohen &
    Levinthal 1990 (Administrative Science Quarterly 35:128). Rates and distances are ours.
    """
    x = np.maximum(distance, 0.0) / p.best_distance
    absorbs = rd_share / (rd_share + p.absorption_half)
    return np.asarray(openness * p.take_up * absorbs * x * np.exp(1 - x))


def _take_up(model: ParkModel, hub: Hub, rows: Rows, level: Floats) -> Floats:
    """Let firms take up methods, at most one a month; each closes a share of the firm's distance."""
    firms, p = model.firms, model.spec.parameters.digital
    distance = np.maximum(hub.frontier - level, 0.0)
    rate = take_up_rate(p, distance, firms.rd_share[rows].astype(np.float64), hub.openness)
    takes = model.chance.uniform("method", model.month, firms.identity[rows]) < -np.expm1(-rate / _MONTHS)
    firms.methods[rows[takes]] += 1
    model.firm_life.methods = int(np.count_nonzero(takes))
    return np.asarray(np.where(takes, level + p.method_step * distance, level))


def offer(model: ParkModel) -> float:
    """Digital level that a town puts into the hub: the mean of its best firms; 0 without firms."""
    firms, share = model.firms, model.spec.parameters.digital.sharing
    level = np.sort(firms.digital[firms.active].astype(np.float64))
    return float(level[-max(1, round(share * level.size)) :].mean()) if level.size else 0.0


def mean(model: ParkModel) -> float:
    """Mean digital level over firms; 0 without firms."""
    active = model.firms.active
    return float(model.firms.digital[active].mean(dtype=np.float64)) if active.any() else 0.0


def per_post(model: ParkModel) -> float:
    """Mean digital level over posts; 0 without firms."""
    active = np.flatnonzero(model.firms.active)
    size = model.firms.size[active].astype(np.float64)
    return (
        float(np.average(model.firms.digital[active].astype(np.float64), weights=size)) if size.sum() else 0.0
    )


def lift(model: ParkModel, rows: Rows) -> Floats:
    """Factor of each firm's output a worker: ``exp(output * (level - usual level))``; 1 where the effect is nil."""
    beyond = model.firms.digital[rows].astype(np.float64) - model.firm_life.usual_digital
    return np.asarray(np.exp(model.spec.parameters.digital.output * beyond))


def output_factor(model: ParkModel) -> float:
    """Factor of the park's output and tax a worker: the mean of :func:`lift` over posts."""
    rows = np.flatnonzero(model.firms.active)
    size = model.firms.size[rows].astype(np.float64)
    if model.spec.parameters.digital.output == 0 or not size.sum():
        return 1.0
    return float(np.average(lift(model, rows), weights=size))


def relief(model: ParkModel, rows: Rows) -> Floats | float:
    """Months of cash that firms gain a month: the kept share of their additional output over their spending."""
    p = model.spec.parameters
    if p.digital.output == 0:
        return 0.0
    more = p.enterprises.output_worker / _MONTHS * (lift(model, rows) - 1)
    return np.asarray(p.digital.cash_share * more / p.enterprises.cost_worker)
