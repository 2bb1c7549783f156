"""Which candidates to take under one budget: the exact best set, and ranks by gain a CNY."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_SHORT = 1e-6  # the solver may be so much beyond a limit


def best_set(gain: Floats, cost: Floats, budget: float, place: Sequence[str]) -> Bools:
    r"""Return the candidates that bring most in all for the budget, at most one at each place.

    .. math:: \max_x \sum_i g_i x_i \quad\text{with}\quad \sum_i c_i x_i \le B,\;
        \sum_{i\,\text{at}\,p} x_i \le 1 \text{ for every place } p,\; x_i \in \{0, 1\}

    A 0-1 knapsack with groups, solved exactly by branch and bound (:func:`scipy.optimize.milp`, HiGHS).

    Parameters
    ----------
    gain : float array [candidate]
        Positive is better; what brings nothing is never taken.
    cost : float array [candidate]
        CNY; below 0 where a candidate saves money.
    budget : float
        CNY.
    place : sequence of str [candidate]
        Candidates at one place exclude each other.

    Returns
    -------
    bool array [candidate]
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (slow to import)

    worth = np.flatnonzero(gain > 0)
    taken = np.zeros(gain.size, dtype=np.bool_)
    if not worth.size:
        return taken
    places = np.array(place, dtype=np.str_)[worth]
    if cost[worth].clip(0).sum() <= budget and np.unique(places).size == worth.size:
        taken[worth] = True  # nobody has to give way
        return taken
    one_each = (places == np.unique(places)[:, None]).astype(np.float64)
    scale = max(float(np.abs(cost[worth]).max()), abs(budget), 1.0)
    limit = budget / scale
    while True:
        with _quiet():
            found = milp(
                -gain[worth] / gain[worth].max(),
                integrality=np.ones(worth.size, dtype=np.int64),
                bounds=Bounds(0, 1),
                constraints=[
                    LinearConstraint(cost[worth][None, :] / scale, -np.inf, limit),
                    LinearConstraint(one_each, -np.inf, 1.0),
                ],
                options={"mip_rel_gap": 0.0},
            )
        if found.x is None:  # not even nothing is affordable: a budget below 0
            return taken
        taken[worth] = found.x > 0.5
        if cost[taken].sum() <= budget + 1e-9 * scale:
            return taken
        limit -= _SHORT


@contextmanager
def _quiet() -> Iterator[None]:
    """Swallow what the solver writes to standard output while debugging itself: ours may be JSON."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def ranks(gain: Floats, cost: Floats) -> npt.NDArray[np.intp]:
    """Rank candidates by gain a CNY, 1 for the best; equals share the better rank.

    Who gains and costs nothing comes before all others, who neither gains nor costs anything after them.

    Parameters
    ----------
    gain, cost : float arrays [candidate]

    Returns
    -------
    int array [candidate]
    """
    free = cost <= 0
    ratio = np.where(free, np.where(gain > 0, np.inf, -np.inf), gain / np.where(free, 1.0, cost))
    return np.asarray((ratio[None, :] > ratio[:, None]).sum(axis=1) + 1)
