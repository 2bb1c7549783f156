"""Who a person is, from the identity alone: age, household, what they own, what they need.

The same identity is the same person in every scenario, because each attribute is a draw addressed by
(seed, attribute, identity).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.chance import Chance, Floats, Ids, pick
from parksim.population import HOUSEHOLDS, WAGE_BANDS, joint
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.scenario.schema import Need, Population

KINDERGARTEN, SCHOOL = HOUSEHOLDS.index("kindergarten"), HOUSEHOLDS.index("school")
NOT_WAITING = np.iinfo(np.int32).min  # in the column of the month since which somebody waits for a place
ALLOTTED = tuple(name for name, c in CATEGORIES.items() if c.allotted and name != "flats")

PERSON: dict[str, tuple[Any, Any]] = {
    "identity": (np.uint64, 0),
    "age": (np.float32, 0),
    "education": (np.int8, -1),
    "wage_band": (np.int8, -1),
    "household": (np.int8, -1),
    "owner": (np.bool_, False),
    "tied": (np.bool_, False),
    "rotating": (np.bool_, False),
    "car": (np.bool_, False),
    "ebike": (np.bool_, False),
    "needs": (np.uint32, 0),
    "zone": (np.int16, -1),
    "flat": (np.int16, -1),
    "flat_wish": (np.int16, -1),
    "flat_since": (np.int32, 0),
    "moves": (np.int16, 0),
    "spread": (np.float32, 1),
    "ties": (np.int16, 0),
    "trust": (np.float32, 0),
    "took_part": (np.int32, -10_000),
    "cohort": (np.int32, -1),
}
"""Columns that belong to the person and go along to another employer: dtype and value of an empty row."""


def _by_band(shares: Mapping[Any, float]) -> list[float]:
    return [shares.get(band, 0.0) for band in WAGE_BANDS]


def attributes(
    chance: Chance, ids: Ids, population: Population, needs: dict[str, Need]
) -> dict[str, npt.NDArray[Any]]:
    """Synthesise people.

    Parameters
    ----------
    chance : Chance
    ids : array of uint64
        Identities.
    population : Population
        Margins they are drawn from.
    needs : dict of Need
        The scenario's changes of demand by category.

    Returns
    -------
    dict of arrays
        The columns of :data:`PERSON` that do not depend on where the person lives.
    """

    def u(attribute: str) -> Floats:
        return chance.uniform(f"person/{attribute}", 0, ids)

    bands, cells = joint(population)
    cell = pick(u("cell"), np.cumsum(cells.ravel()))
    band, education, wage, household = np.unravel_index(cell, cells.shape)
    edges = np.array([[float(x) for x in name.split("-")] for name in bands])
    car, ebike = np.array(_by_band(population.car_share)), np.array(_by_band(population.ebike_share))
    return {
        "identity": ids,
        "age": (edges[band, 0] + u("age") * (edges[band, 1] + 1 - edges[band, 0])).astype(np.float32),
        "education": education.astype(np.int8),
        "wage_band": wage.astype(np.int8),
        "household": household.astype(np.int8),
        "owner": u("owner") < population.owner_share,
        "tied": u("tied") < population.tied_share,
        "car": u("car") < car[wage],
        "ebike": u("ebike") < ebike[wage],
        "needs": needs_of(chance, ids, household, needs),
    }


@lru_cache(maxsize=64)
def _need_shares(key: tuple[tuple[str, float | None], ...]) -> tuple[tuple[str, str, float], ...]:
    own = dict(key)
    shares = ((name, c.needed_by, own.get(name)) for name, c in CATEGORIES.items())
    return tuple((name, by, CATEGORIES[name].share if share is None else share) for name, by, share in shares)


def needs_of(
    chance: Chance, ids: Ids, household: npt.NDArray[np.integer], needs: dict[str, Need]
) -> npt.NDArray[np.uint32]:
    """Return which categories people in these households need, as bits; addressed, so needs stay a person's own."""
    mask = np.zeros(len(ids), dtype=np.uint32)
    shares = _need_shares(tuple((name, need.share) for name, need in sorted(needs.items())))
    for bit, (name, needed_by, share) in enumerate(shares):
        if share <= 0:
            continue
        wants = chance.uniform(f"person/need/{name}", 0, ids) < share
        if needed_by == "kindergarten_child":
            wants &= household == KINDERGARTEN
        elif needed_by == "school_child":
            wants &= household == SCHOOL
        mask |= wants.astype(np.uint32) << np.uint32(bit)
    return mask


def visits_wanted(needs: dict[str, Need]) -> Floats:
    """Visits a month by category, for a person who needs it, float array [category]."""
    changed = {name: need.visits for name, need in needs.items() if need.visits is not None}
    return np.array([changed.get(name, category.visits) for name, category in CATEGORIES.items()])


def bits_of(categories: tuple[str, ...]) -> np.uint32:
    """Mask with the bits of these categories set."""
    order = list(CATEGORIES)
    return np.uint32(sum(1 << order.index(name) for name in categories))
