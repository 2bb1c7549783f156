"""Newcomers: strangers who take a post for the first time, at the start of a run or later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim import homes
from parksim.chance import Chance, Floats, Ids, combine
from parksim.people import attributes

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.schema import Population

Rows = npt.NDArray[np.intp]


def arrive(model: ParkModel, rows: Rows, population: Population) -> None:
    """Seat the outside candidates of posts: the same vacancy meets the same stranger in every scenario.

    Parameters
    ----------
    model : ParkModel
    rows : int array
        Posts to fill; (employer, post, fill) is the candidate's identity.
    population : Population
        Margins they are drawn from.
    """
    posts, chance = model.posts, model.chance
    if rows.size == 0:
        return
    employer = model.firms.identity[posts.firm[rows]]
    ids = chance.identities(
        "person", employer, posts.post[rows].astype(np.uint64), posts.fill[rows].astype(np.uint64)
    )
    people = attributes(chance, ids, population, model.spec.needs)
    people["trust"] = np.full(rows.size, model.spec.parameters.community.trust_start, dtype=np.float32)
    model.seat(rows, people)
    homes.settle(model, rows)


def begin_post(model: ParkModel, rows: Rows) -> None:
    """Settle what comes with the post and not with the person: shift and wage."""
    posts, chance = model.posts, model.chance
    if rows.size == 0:
        return
    ids = posts.identity[rows]
    sector = model.firms.sector[posts.firm[rows]]
    posts.rotating[rows] = chance.uniform("person/shift", 0, ids) < model.shift_share[sector]
    posts.premium[rows] = wage_premium(chance, ids, model.firms.identity[posts.firm[rows]])


def wage_premium(chance: Chance, people: Ids, employers: Ids) -> Floats:
    """Return what each employer pays each person, in standard deviations over the pay of like people."""
    return chance.normal("wage", 0, combine(people, employers))
