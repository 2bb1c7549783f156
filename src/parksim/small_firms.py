"""Who cannot pay for success: small firms that leave, and those of them whose last lease had become dearer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.matching import positions_of

if TYPE_CHECKING:
    from parksim.model import ParkModel

LOOK_BACK = 12


def _nobody() -> npt.NDArray[np.uint64]:
    return np.empty(0, dtype=np.uint64)


@dataclass
class Leases:
    """The firms at the end of the last month, by row of their table.

    Attributes
    ----------
    identity : uint64 array
        0 where no firm was.
    rent : float array
        Of the running lease, CNY a square metre a month.
    small, dearer : bool arrays
        Whether it was a small firm, and whether its last renewal raised the rent.
    earlier : deque of uint64 arrays
        Small firms of the last :data:`LOOK_BACK` months' ends, the oldest first.
    """

    identity: npt.NDArray[np.uint64] = field(default_factory=_nobody)
    rent: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    small: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    dearer: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    earlier: deque[npt.NDArray[np.uint64]] = field(default_factory=deque)


def begin(model: ParkModel) -> None:
    """Note the firms and leases of month 0."""
    model.memory.leases = Leases()
    _note(model)


def watch(model: ParkModel) -> dict[str, float]:
    """Count the small firms that left this month and this year, and note the month's leases."""
    was, firms = model.memory.leases, model.firms
    known = was.identity.size
    here = firms.active[:known] & (firms.identity[:known] == was.identity)
    gone = (was.identity > 0) & ~here
    out = {"small_firm_exits": float(np.count_nonzero(gone & was.small & was.dearer))}
    if len(was.earlier) == LOOK_BACK and was.earlier[0].size:
        still = positions_of(was.earlier[0], firms.identity[firms.active]) >= 0
        out["small_firms_gone_share"] = float(1 - still.mean())
    _note(model)
    return out


def _note(model: ParkModel) -> None:
    was, firms = model.memory.leases, model.firms
    now = Leases(
        identity=np.where(firms.active, firms.identity, np.uint64(0)),
        rent=firms.rent.copy(),
        small=firms.size <= model.spec.parameters.economics.small_firm_posts,
        dearer=np.zeros(len(firms), dtype=np.bool_),
        earlier=was.earlier,
    )
    known = was.identity.size
    same = (now.identity[:known] == was.identity) & (was.identity > 0)
    change = now.rent[:known] - was.rent
    now.dearer[:known] = same & ((change > 0) | ((change == 0) & was.dearer))
    now.earlier.append(firms.identity[firms.active & now.small].copy())
    while len(now.earlier) > LOOK_BACK:
        now.earlier.popleft()
    model.memory.leases = now
