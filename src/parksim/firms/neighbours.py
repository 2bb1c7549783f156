"""Neighbours: how many workers of other firms are within reach, and which sectors are near.

Spillover falls by 36 % a walking minute and is nil after about ten (Ahlfeldt et al. 2015, Econometrica
83:2127).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parksim.matching import cross_table

if TYPE_CHECKING:
    from parksim.chance import Floats
    from parksim.model import ParkModel


def exposure(model: ParkModel) -> None:
    """Write each firm's `exposure`: workers of other firms, each weighed by exp(decay * walking minutes).

    A firm on several floors has the mean over its own posts.
    """
    firms, posts, kernel = model.firms, model.posts, model.offices.kernel
    n = kernel.shape[0]
    held = np.flatnonzero(posts.firm >= 0)
    seats = cross_table(posts.firm[held], model.place.unit_building[posts.unit[held]], (len(firms), n))
    size = np.maximum(seats.sum(axis=1), 1.0)
    around = seats @ (kernel @ seats.sum(axis=0)) / size
    own = seats.sum(axis=1)  # all in one building: each meets all colleagues
    several = np.flatnonzero(np.diff(seats.indptr) > 1)
    mine = seats[several].toarray()
    own[several] = ((mine @ kernel) * mine).sum(axis=1) / size[several]
    firms.exposure[:] = np.where(firms.active, np.maximum(around - own, 0.0), 0.0)


def sector_shares(model: ParkModel) -> Floats:
    """Share of each sector among the firms within some minutes of each building, less its usual share.

    Returns
    -------
    array [building, sector]
        0 where there are no firms around.
    """
    firms, near = model.firms, model.offices.near
    sectors = np.array(list(model.spec.enterprises.sectors.values()))
    active = np.flatnonzero(firms.active)
    at = firms.building[active].astype(np.intp) * sectors.size + firms.sector[active]
    count = np.bincount(at, minlength=near.shape[0] * sectors.size).reshape(-1, sectors.size)
    around = near @ count
    total = around.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, around / np.maximum(total, 1.0) - sectors / sectors.sum(), 0.0))
