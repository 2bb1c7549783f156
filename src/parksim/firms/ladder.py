"""The ladder: micro, innovative SME, SRDI, little giant, champion.

Once a year the firms on each tier are ranked and the best are promoted, as many as the yearly step allows but
never more than the quota; little giants are reviewed and some fall back. A quota belongs to the authority,
not to the park: no park can raise the number of places by its own deeds, only fill them or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Floats, name_code
from parksim.scenario.support import STAGES
from parksim.scenario.terms import TIERS

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.table import Rows

MICRO, INNOVATIVE, SRDI, GIANT, CHAMPION = range(len(TIERS))
_TYPICAL_SIZE = 40.0
_YEAR = 12
_HALF_YEAR = 6
_LISTED = len(STAGES)


def score(model: ParkModel, rows: Rows) -> Floats:
    """Standing of firms in this year's ranking: size, growth, research, what spills over, and chance."""
    firms, p = model.firms, model.spec.parameters.ladder
    usual = max(model.firm_life.usual_exposure, 1.0)
    return np.asarray(
        p.score_size * np.log(np.maximum(firms.size[rows], 1) / _TYPICAL_SIZE)
        + p.score_growth * firms.growth[rows]
        + p.score_research * firms.rd_share[rows]
        + p.score_spillover * np.log((firms.exposure[rows] + 1) / (usual + 1))
        + p.score_noise * model.chance.normal("ladder/score", model.month, firms.identity[rows])
    )


def start(model: ParkModel) -> None:
    """Put the first firms on their tiers: the best on the highest, by the shares of the scenario."""
    firms, p = model.firms, model.spec.parameters.ladder
    rows = np.flatnonzero(firms.active)
    named = model.spec.enterprises.tiers
    shares = [p.start_innovative, p.start_srdi, p.start_little_giant, p.start_champion]
    if named is not None:
        shares = [float(named.get(tier, 0.0)) for tier in TIERS[1:]]
    at_least = np.cumsum(shares[::-1])[::-1]  # share of firms on this tier or a higher one
    best = rows[np.argsort(-score(model, rows), kind="stable")]
    for tier, share in enumerate(at_least, start=INNOVATIVE):
        firms.tier[best[: round(share * rows.size)]] = tier
    chance = model.chance.normal("firm/listed", 0, firms.identity[rows])
    largest = rows[np.argsort(-(np.log(firms.size[rows]) + p.score_noise * chance), kind="stable")]
    firms.listed[largest[: round(p.listed_share * rows.size)]] = True


def places(model: ParkModel, tier: int, standing: int) -> int:
    """Places on the tier above for this year: a share of those who stand there, capped by the quota.

    Fractions are settled by one draw a year and tier, the same in every scenario.
    """
    p = model.spec.parameters.ladder
    step = (p.step_innovative, p.step_srdi, p.step_little_giant, p.step_champion)[tier]
    u = float(model.chance.uniform("ladder/places", model.month, np.array([name_code(TIERS[tier + 1])]))[0])
    return int(np.floor(min(step * standing, quota(model, tier)) + u))


def quota(model: ParkModel, tier: int) -> float:
    """Most places on the tier above that the authority has for this park a year, as a mean over years."""
    p = model.spec.parameters.ladder
    each = (p.quota_innovative, p.quota_srdi, p.quota_little_giant, p.quota_champion)[tier]
    return each * model.spec.enterprises.count / 1000


def review(model: ParkModel) -> None:
    """Play the yearly round, every twelfth month: promotions by rank, and the review of little giants."""
    if model.month % _YEAR:
        return
    firms = model.firms
    rows = np.flatnonzero(firms.active)
    tier, standing = firms.tier[rows].copy(), score(model, rows)
    firms.tier[rows] = tier + promoted(model, tier, standing)
    giants = rows[tier == GIANT]
    u = model.chance.uniform("ladder/review", model.month, firms.identity[giants])
    lost = giants[(u < model.spec.parameters.ladder.little_giant_lost) & (firms.tier[giants] == GIANT)]
    firms.tier[lost] = SRDI


def go_public(model: ParkModel) -> tuple[Rows, npt.NDArray[np.int8]]:
    """Move firms on towards the stock exchange: a stage in half a year, the last of four is the listing.

    Once a year the best of those on the tier of SRDI or higher set out, few as they are: no reward makes them
    more.

    Returns
    -------
    rows, stage : int arrays
        Firms that reached a stage this month, and which, from 1.
    """
    firms, p, month = model.firms, model.spec.parameters.ladder, model.month
    if month % _HALF_YEAR:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int8)
    rows = np.flatnonzero(firms.active & (firms.listing > 0))
    if month % _YEAR == 0:
        may = np.flatnonzero(firms.active & (firms.tier >= SRDI) & ~firms.listed & (firms.listing == 0))
        u = float(model.chance.uniform("ladder/listing", month, np.array([name_code("listed")]))[0])
        places = int(np.floor(p.listing_start * model.spec.enterprises.count / 1000 + u))
        best = may[np.argsort(-score(model, may), kind="stable")][:places]
        rows = np.concatenate([rows, best])
    stage = firms.listing[rows] + np.int8(1)
    there = stage == _LISTED
    firms.listed[rows[there]] = True
    firms.listing[rows] = np.where(there, 0, stage)
    return rows, stage


def promoted(model: ParkModel, tier: npt.NDArray[np.int8], standing: Floats) -> npt.NDArray[np.int8]:
    """Say who climbs a step this year: on each tier the best, as many as there are places."""
    up = np.zeros(tier.size, dtype=np.int8)
    for t in range(CHAMPION):
        candidates = np.flatnonzero(tier == t)
        best = candidates[np.argsort(-standing[candidates], kind="stable")]
        up[best[: places(model, t, candidates.size)]] = 1
    return up
