"""Orders: what falls of demand leave of firms' income, and what that does to their cash and their posts.

A firm that loses a share of its income saves part of its costs at once; public relief, once it has arrived,
replaces part of the rest (:func:`lost_months`). At its anniversary it has as many posts as its orders then ask
for, against those of a year before (:func:`growth`): when orders are back, so is what they ask for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.disturbance import MONTH_DAYS, clearing_days

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.shocks import Shock

Floats = npt.NDArray[np.float64]


def _hits(shock: Shock, sectors: list[str]) -> npt.NDArray[np.bool_]:
    return np.array([not shock.where or sector in shock.where for sector in sectors], dtype=np.bool_)


def orders(model: ParkModel, month: int) -> Floats | None:
    """Return the share of usual orders that each sector has in a month; None where no demand ever falls."""
    falls = [shock for shock in model.layout.shocks if shock.type == "demand"]
    if not falls:
        return None
    sectors = list(model.spec.enterprises.sectors)
    left = np.ones(len(sectors))
    for shock in falls:
        if shock.strikes(month):
            left[_hits(shock, sectors)] *= 1 - (shock.strength or 0.0)
    return left


def lost_months(model: ParkModel) -> Floats | None:
    """Return the months of costs that each sector's firms lose this month; None where no demand ever falls."""
    left = orders(model, model.month)
    if left is None:
        return None
    p = model.spec.parameters.shocks
    wait = clearing_days(model.layout, p) / MONTH_DAYS
    sectors = list(model.spec.enterprises.sectors)
    helped = np.zeros(len(sectors))
    for shock in model.layout.shocks:
        if shock.type == "demand" and shock.strikes(model.month):
            arrived = min(max(model.month + 1 - shock.month - wait, 0.0), 1.0)
            hit = _hits(shock, sectors)
            helped[hit] = np.maximum(helped[hit], arrived)
    lost: Floats = (1 - left) * (1 - p.costs_saved) * (1 - p.relief_share * helped)
    return lost


def growth(model: ParkModel) -> Floats | float:
    """Factor of each sector's posts at an anniversary: orders now against a year ago."""
    now = orders(model, model.month)
    before = orders(model, model.month - 12)
    if now is None or before is None:
        return 1.0
    least = 0.01  # without any orders there is still somebody to lock the door
    ratio = np.maximum(now, least) / np.maximum(before, least)
    return np.asarray(ratio**model.spec.parameters.shocks.posts_by_orders)
