"""Hub + X valleys: where firms of a sector may rent and what they are shown; whose partners are near.

Zoning moves firms, nothing else. That partners stand up- or downstream of each other is a fact about sectors
(``enterprises.partners``), not a measure: a valley helps them only by the minutes between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parksim.chance import Floats
    from parksim.model import ParkModel
    from parksim.scenario.schema import Enterprises
    from parksim.scenario.zoning import Zoning
    from parksim.world.grid import Building


def floor_shares(
    zoning: Zoning, buildings: tuple[Building, ...], sectors: list[str]
) -> tuple[Floats, Floats]:
    """Say which floor is for whom.

    Returns
    -------
    lets : float array [building, sector]
        Share of the free floor that is let to a sector: ``to_others`` in the valleys of others, else 1.
    shown : float array [building, sector]
        How often free floor is shown to a firm that looks for some: `lets`, times the steering in its own valley.
    """
    lets = np.ones((len(buildings), len(sectors)))
    shown = np.ones_like(lets)
    blocks = np.array([b.block or "" for b in buildings], dtype=object)
    for valley in zoning.valleys:
        inside = np.isin(blocks, valley.blocks)[:, None]
        own = np.isin(sectors, valley.sectors)
        lets = np.where(inside & ~own, zoning.to_others, lets)
        shown = np.where(inside & own, zoning.steering, shown)
    return lets, lets * shown


def partners(enterprises: Enterprises) -> Floats | None:
    """Return which sectors are up- or downstream of which, [sector, sector], 1 or 0; None where none is."""
    if not enterprises.partners:
        return None
    sectors = list(enterprises.sectors)
    out = np.zeros((len(sectors), len(sectors)))
    for sector, others in enterprises.partners.items():
        for other in others:
            one, two = sectors.index(sector), sectors.index(other)
            out[one, two] = out[two, one] = 1.0
    return out


def project_odds(model: ParkModel) -> Floats | float:
    """Odds that a tie starts a joint project this month, for each tie; one number where sectors have no partners.

    ``joint_project / 12 * (1 + partner_project * exp(decay * walking minutes))`` between partner sectors, nil
    beyond the reach of spillover; ``joint_project / 12`` between others.
    """
    p, linked = model.spec.parameters.community, model.partners
    odds = p.joint_project / 12
    if linked is None or p.partner_project == 0 or len(model.ties) == 0:
        return odds
    firm = model.posts.firm[model.ties.row]
    sector = model.firms.sector[firm]
    at = model.place.unit_building[model.posts.unit[model.ties.row]]
    near = model.offices.kernel[at[:, 0], at[:, 1]] * linked[sector[:, 0], sector[:, 1]]
    return np.asarray(odds * (1 + p.partner_project * near))


def near_share(model: ParkModel) -> float:
    """Mean over firms of the share of own and partner sectors among the other firms a short walk away."""
    linked, firms = model.partners, model.firms
    rows = np.flatnonzero(firms.active)
    if linked is None or rows.size < 2:
        return float("nan")
    kin = linked + np.eye(len(linked))
    at, sector = firms.building[rows].astype(np.intp), firms.sector[rows]
    count = np.zeros((model.offices.near.shape[0], len(kin)))
    np.add.at(count, (at, sector), 1.0)
    around = (model.offices.near @ count)[at]
    around[np.arange(rows.size), sector] -= 1  # oneself
    total = around.sum(axis=1)
    mine = (around * (kin[sector] > 0)).sum(axis=1)
    return float((mine[total > 0] / total[total > 0]).mean()) if (total > 0).any() else float("nan")
