"""Birth: what a firm brings with it, all addressed by its identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parksim.firms import digital, ladder, neighbours
from parksim.firms.cash import first_runway

if TYPE_CHECKING:
    from parksim.chance import Floats
    from parksim.model import ParkModel
    from parksim.table import Rows

REFERENCE_SIZE = 40.0
_MOST_RESEARCH = 0.6


@dataclass
class FirmLife:
    """What firms' life keeps from the plain park, besides the table.

    Attributes
    ----------
    size_centre : float
        Mean of the size factor of exit over the first firms: the mean exit by age stays what was measured.
    usual_exposure : float
        Mean exposure to other firms' workers in the plain park at month 0.
    usual_digital : float
        Mean digital level over posts in the plain park at month 0.
    spinoffs : int
        New firms out of old ones this month.
    methods : int
        Methods that firms took up from the hub of linked towns this month.
    """

    size_centre: float = 1.0
    usual_exposure: float = 0.0
    usual_digital: float = 0.0
    spinoffs: int = 0
    methods: int = 0


def size_factor(model: ParkModel, size: Floats) -> Floats:
    """Factor of the exit hazard by size, not centred."""
    exponent = model.spec.parameters.enterprises.exit_size_exponent
    return np.asarray((np.maximum(size, 1) / REFERENCE_SIZE) ** exponent)


def endow(model: ParkModel, rows: Rows) -> None:
    """Give newborn firms their cash, their share of research, their digital level and their standing."""
    firms, chance, p = model.firms, model.chance, model.spec.parameters
    ids = firms.identity[rows]
    firms.runway[rows] = first_runway(model, ids)
    tech = model.tech_sector[firms.sector[rows]]
    mean = np.where(tech, p.ladder.research_tech, p.ladder.research_other)
    firms.rd_share[rows] = np.minimum(mean * chance.exponential("firm/research", 0, ids), _MOST_RESEARCH)
    sectors = model.spec.enterprises.sectors
    in_tech = sum(share for name, share in sectors.items() if name in model.spec.enterprises.tech_sectors)
    odds = np.where(tech, p.ladder.high_tech_share * sum(sectors.values()) / max(in_tech, 1e-9), 0.0)
    firms.digital[rows] = digital.at_birth(model, rows)
    firms.high_tech[rows] = chance.uniform("firm/high-tech", 0, ids) < odds


def first_firms(model: ParkModel) -> None:
    """Endow the firms of the first month, put them on the ladder, and keep what later months compare with."""
    firms = model.firms
    rows = np.flatnonzero(firms.active)
    endow(model, rows)
    firms.rent[rows] = model.offices.base_rent[firms.building[rows]]
    free_to_go = rows[firms.anchor[rows] < 0]
    factor = size_factor(model, firms.size[free_to_go].astype(np.float64))
    neighbours.exposure(model)
    model.firm_life = FirmLife(
        size_centre=float(factor.mean()) if factor.size else 1.0,
        usual_exposure=float(firms.exposure[rows].mean()) if rows.size else 0.0,
        usual_digital=digital.per_post(model),
    )
    ladder.start(model)
