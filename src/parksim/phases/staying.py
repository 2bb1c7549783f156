"""Staying: who quits and why, who moves home, and growing older.

The monthly hazard of quitting is the reference hazard times factors for tenure, age, commute, services really
obtained, ties and home, scaled so that the plain park's mean at month 0 is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Floats, combine
from parksim.homes import choose_zone, spread

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.parameters import StayingParameters

CAUSES = ("commute", "services", "wage", "other", "left_city", "firm_closed", "firm_moved", "laid_off")
COMMUTE, SERVICES, WAGE, OTHER, LEFT_CITY, FIRM_CLOSED, FIRM_MOVED, LAID_OFF = range(len(CAUSES))
QUIT_CAUSES = (COMMUTE, SERVICES, WAGE, OTHER, LEFT_CITY)


@dataclass
class Centre:
    """The reference person of the hazard: means of the plain park at month 0.

    Attributes
    ----------
    scale : float
        Reference hazard divided by the mean of the factors.
    commute_min, served : float
        Mean door-to-desk time, and mean share of visits served.
    """

    scale: float
    commute_min: float
    served: float


def play(model: ParkModel) -> None:
    """Let people quit, move home and age."""
    if model.in_burn_in or model.centre is None:
        model.centre = centre(model)
    _quit(model)
    _move_home(model)
    posts = model.posts
    posts.age[posts.filled] += np.float32(1 / 12)


def factors(model: ParkModel, rows: npt.NDArray[np.intp], middle: Centre) -> dict[str, Floats]:
    """Every term of the hazard for the holders of these posts, 1 where it changes nothing."""
    posts, p = model.posts, model.spec.parameters.staying
    tenure = model.month - posts.since[rows]
    counted = np.minimum(posts.ties[rows], p.ties_counted)
    return {
        "tenure": tenure_factor(p, tenure),
        "age": np.select(
            [posts.age[rows] < 25, posts.age[rows] < 35, posts.age[rows] < 45],
            [p.age_under_25, p.age_25_34, p.age_35_44],
            p.age_45,
        ),
        "commute": p.commute_per_10min
        ** ((posts.commute_min[rows].astype(np.float64) - middle.commute_min) / 10),
        "services": np.maximum(1 + p.services * (posts.served[rows].astype(np.float64) - middle.served), 0.0),
        "ties": p.tie**counted,
        "home": np.where(posts.flat[rows] >= 0, p.park_home, 1.0),
    }


def tenure_factor(p: StayingParameters, months: npt.NDArray[np.integer]) -> Floats:
    """Factor of the hazard by months with the employer."""
    return np.select(
        [months < 6, months < 12, months < 36], [p.tenure_0_6, p.tenure_7_12, p.tenure_13_36], p.tenure_37
    )


def product(terms: dict[str, Floats]) -> Floats:
    """Multiply the terms of the hazard."""
    total = np.ones_like(terms["tenure"])
    for term in terms.values():
        total = total * term
    return total


def centre(model: ParkModel) -> Centre:
    """Find the scale at which the mean hazard of the people here now is the reference hazard."""
    posts = model.posts
    rows = np.flatnonzero(posts.filled)
    if rows.size == 0:
        return Centre(model.spec.parameters.staying.quit_monthly, 0.0, 1.0)
    middle = Centre(
        1.0,
        float(posts.commute_min[rows].mean(dtype=np.float64)),
        float(posts.served[rows].mean(dtype=np.float64)),
    )
    mean = float(product(factors(model, rows, middle)).mean())
    return Centre(model.spec.parameters.staying.quit_monthly / mean, middle.commute_min, middle.served)


def _quit(model: ParkModel) -> None:
    posts, p, chance, month = model.posts, model.spec.parameters.staying, model.chance, model.month
    middle = model.centre
    assert middle is not None
    rows = np.flatnonzero(posts.filled)
    terms = factors(model, rows, middle)
    hazard = np.minimum(middle.scale * product(terms), 0.95)
    goes = np.flatnonzero(chance.uniform("quit", month, posts.identity[rows]) < hazard)
    rows, ids = rows[goes], posts.identity[rows[goes]]
    cause = causes(
        p,
        terms["commute"][goes],
        terms["services"][goes],
        chance.uniform("quit/left city", month, ids),
        chance.uniform("quit/cause", month, ids),
    )
    model.leave(rows, cause)


def causes(
    p: StayingParameters, commute: Floats, services: Floats, u_city: Floats, u_cause: Floats
) -> npt.NDArray[np.int8]:
    """Say why people quit: in proportion to what each term adds to the reference hazard."""
    weight = np.stack(
        [
            np.maximum(commute - 1, 0),
            np.maximum(services - 1, 0),
            np.full(len(commute), p.wage_share),
            np.full(len(commute), 1 - p.wage_share),
        ]
    )
    edges = np.cumsum(weight, axis=0)
    target = u_cause * edges[-1]
    cause: npt.NDArray[np.int8] = (target[None, :] >= edges).sum(axis=0).astype(np.int8)
    cause[u_city < p.left_city_share] = LEFT_CITY
    return cause


def _move_home(model: ParkModel) -> None:
    """Let households move: tenants often, owners seldom, more where the way to work is long."""
    posts, p, chance, month = model.posts, model.spec.parameters.home, model.chance, model.month
    middle = model.centre
    assert middle is not None
    filled = np.flatnonzero(posts.filled)
    longer = posts.commute_min[filled].astype(np.float64) - middle.commute_min
    rate = (
        np.where(posts.owner[filled], p.owner_moves_year, p.tenant_moves_year)
        / 12
        * p.move_per_10min ** (longer / 10)
    )
    rows = filled[chance.uniform("move home", month, posts.identity[filled]) < -np.expm1(-rate)]
    if rows.size == 0:
        return
    posts.moves[rows] += 1
    building = model.place.unit_building[posts.unit[rows]]
    zone, best = choose_zone(
        chance,
        posts.identity[rows],
        posts.moves[rows],
        posts.tied[rows],
        building,
        model.home_utility,
        model.zone_codes,
    )
    flat = _win_flats(model, rows, best)
    posts.flat[rows] = flat
    posts.zone[rows] = np.where(flat >= 0, -1, zone)
    posts.spread[rows] = spread(chance, posts.identity[rows], posts.moves[rows], p.distance_spread)
    model.log("move_home", posts.identity[rows], model.firms.identity[posts.firm[rows]], posts.zone[rows])


def _win_flats(model: ParkModel, rows: npt.NDArray[np.intp], best: Floats) -> npt.NDArray[np.int16]:
    """Offer the park's free flats to those on the move who prefer one; a lottery settles who gets it."""
    posts, place, p = model.posts, model.place, model.spec.parameters.home
    won = np.full(rows.size, -1, dtype=np.int16)
    occasion = combine(posts.identity[rows], posts.moves[rows].astype(np.uint64))
    for j, amenity in enumerate(place.amenities):
        if amenity.category != "flats":
            continue
        elsewhere = np.ones(len(posts), dtype=np.bool_)
        elsewhere[rows] = False
        free = int(amenity.capacity - amenity.outsiders) - int(
            np.count_nonzero(posts.filled & elsewhere & (posts.flat == j))
        )
        unit = posts.unit[rows]
        deterrence = np.where(posts.tied[rows], p.deterrence_tied, p.deterrence_free)
        value = (
            np.log(p.flat_weight)
            + p.rent_weight * amenity.price / 1000
            + deterrence * place.walk[unit, j]
            + model.chance.gumbel("home/flat", int(place.code[j] & np.uint64(0xFFFFFFFF)), occasion)
        )
        asking = np.flatnonzero((value > best) & place.usable[unit, j] & (won < 0))
        if free <= 0 or asking.size == 0:
            continue
        lot = model.chance.uniform(f"flat/{amenity.name}", model.month, posts.identity[rows[asking]])
        won[asking[np.argsort(lot, kind="stable")[:free]]] = j
    return won
