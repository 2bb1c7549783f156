"""Where people live: a gravity choice over the home zones of the city and the flats of the park."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Chance, Floats, Ids, combine, name_code
from parksim.population import WAGE_BANDS

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.schema import Amenity, Scenario

Rows = npt.NDArray[np.intp]

_AT_ONCE = 2048  # people who choose at once among all zones: what is worked out for them fits the cache


def zone_utility(scenario: Scenario, minutes: Floats, *, tied: bool) -> Floats:
    """Systematic utility of each zone for somebody who works in each building.

    ``ln(weight) + deterrence * minutes`` (Ahlfeldt et al. 2015). The weights are where people do live, which
    holds already what rents and amenities of the zones do to the choice; to add rents again would count them
    twice. They count where something new is offered beside the zones: the park's flats.

    Parameters
    ----------
    scenario : Scenario
    minutes : float array [zone, building]
        Door-to-desk minutes from the middle of each zone, as people there would travel.
    tied : bool
        Households whose owner's home or partner's job ties them to a part of the city.

    Returns
    -------
    float array [zone, building]
    """
    p, zones = scenario.parameters.home, scenario.city.zones
    weight = np.array([z.weight for z in zones])
    deterrence = p.deterrence_tied if tied else p.deterrence_free
    with np.errstate(divide="ignore"):
        ln_weight = np.log(weight / weight.sum())
    return np.asarray(ln_weight[:, None] + deterrence * minutes)


def usual_rent(scenario: Scenario) -> float:
    """Mean rent of the city, CNY a month, with which the rent of a flat of the park is compared."""
    zones = scenario.city.zones
    return float(np.average([z.rent for z in zones], weights=[z.weight for z in zones]))


def zone_codes(scenario: Scenario) -> Ids:
    """Stable numbers of the home zones, by name."""
    return np.array([name_code(z.name) for z in scenario.city.zones], dtype=np.uint64)


def settle(model: ParkModel, rows: Rows) -> None:
    """Let the holders of posts choose a home: a zone of the city, or a flat of the park if one is free.

    Who would rather have a flat than the best zone and gets none, takes the zone and waits on the list.
    The error of an alternative belongs to (person, move, alternative).

    Parameters
    ----------
    model : ParkModel
    rows : int array
        Posts whose holders are on the move; their ``moves`` counts this one already.
    """
    posts, chance = model.posts, model.chance
    if rows.size == 0:
        return
    occasion = combine(posts.identity[rows], posts.moves[rows].astype(np.uint64))
    building = model.place.unit_building[posts.unit[rows]]
    zone, best = choose_zone(
        chance, occasion, posts.tied[rows], building, model.home_utility, model.zone_codes
    )
    posts.zone[rows] = zone
    posts.flat[rows] = -1
    posts.flat_wish[rows] = -1
    z = chance.normal("home/spread", 0, occasion)
    sigma = model.spec.parameters.home.distance_spread
    posts.spread[rows] = np.exp(sigma * z - sigma**2 / 2)
    _wish_for_flats(model, rows, occasion, best)
    let_flats(model)


def choose_zone(
    chance: Chance,
    occasion: Ids,
    tied: npt.NDArray[np.bool_],
    building: npt.NDArray[np.integer],
    utility: tuple[Floats, Floats],
    codes: Ids,
) -> tuple[npt.NDArray[np.int16], Floats]:
    """Draw home zones.

    Parameters
    ----------
    chance : Chance
    occasion : array of uint64 [person]
        Identity of (person, move).
    tied, building : arrays [person]
        Whether tied, and building of the desk.
    utility : pair of float arrays [zone, building]
        For free and for tied households (:func:`zone_utility`).
    codes : array of uint64 [zone]
        A stable number of each zone.

    Returns
    -------
    zone : int16 array [person]
    best : float array [person]
        Utility of the zone chosen, its error included, to be weighed against a flat of the park.
    """
    best = np.empty(len(occasion))
    zone = np.empty(len(occasion), dtype=np.int16)
    addresses = [("home/zone", int(code & np.uint64(0xFFFFFFFF))) for code in codes]
    for start in range(0, len(occasion), _AT_ONCE):
        now = slice(start, start + _AT_ONCE)
        value = np.where(tied[now], utility[1][:, building[now]], utility[0][:, building[now]])
        value += chance.gumbel_each(addresses, occasion[now])
        zone[now] = value.argmax(axis=0)
        best[now] = value.max(axis=0)
    return zone, best


def leave_flats(model: ParkModel, rows: Rows) -> None:
    """Let people who give up their flat of the park find a home in the city."""
    posts = model.posts
    if rows.size == 0:
        return
    occasion = combine(posts.identity[rows], posts.moves[rows].astype(np.uint64))
    building = model.place.unit_building[posts.unit[rows]]
    posts.zone[rows], _ = choose_zone(
        model.chance, occasion, posts.tied[rows], building, model.home_utility, model.zone_codes
    )
    posts.flat[rows] = -1


def leave_barred_flats(model: ParkModel, rows: Rows) -> None:
    """Let people whose new desk gives no right to their flat of the park leave it, or the waiting list."""
    posts, usable = model.posts, model.place.usable
    wish = posts.flat_wish[rows]
    posts.flat_wish[rows] = np.where((wish >= 0) & usable[posts.unit[rows], wish], wish, -1)
    lodgers = rows[posts.flat[rows] >= 0]
    barred = lodgers[~usable[posts.unit[lodgers], posts.flat[lodgers]]]
    posts.moves[barred] += 1
    leave_flats(model, barred)


def may_rent(model: ParkModel, rows: Rows, flats: Amenity) -> npt.NDArray[np.bool_]:
    """Say who is eligible for these flats, by wage band and age."""
    posts = model.posts
    ok = np.ones(rows.size, dtype=np.bool_)
    if flats.wage_bands:
        ok &= np.isin(posts.wage_band[rows], [WAGE_BANDS.index(band) for band in flats.wage_bands])
    if flats.max_age is not None:
        ok &= posts.age[rows] <= flats.max_age
    return ok


def flat_utility(model: ParkModel, rows: Rows, amenity: int) -> Floats:
    """Systematic utility of some of the park's flats: how often they are considered, rent, and the walk."""
    posts, p = model.posts, model.spec.parameters.home
    rent = model.place.amenities[amenity].price - usual_rent(model.spec)
    deterrence = np.where(posts.tied[rows], p.deterrence_tied, p.deterrence_free)
    return np.asarray(
        np.log(p.flat_weight)
        + p.rent_weight * rent / 1000
        + deterrence * model.place.walk[posts.unit[rows], amenity]
    )


def _wish_for_flats(model: ParkModel, rows: Rows, occasion: Ids, best: Floats) -> None:
    """Put those who would rather have a flat of the park on its waiting list."""
    posts, place = model.posts, model.place
    for j in place.flats:
        flats = place.amenities[j]
        value = flat_utility(model, rows, j) + model.chance.gumbel(
            "home/flat", int(place.code[j] & np.uint64(0xFFFFFFFF)), occasion
        )
        wish = (value > best) & place.usable[posts.unit[rows], j] & may_rent(model, rows, flats)
        posts.flat_wish[rows[wish]] = j
        posts.flat_since[rows[wish]] = model.month
        best = np.where(wish, value, best)


def let_flats(model: ParkModel) -> None:
    """Let free flats to the waiting list: who waits longest goes first, a lottery settles the rest."""
    posts, place = model.posts, model.place
    for j in place.flats:
        flats = place.amenities[j]
        waiting = np.flatnonzero(posts.identity.astype(np.bool_) & (posts.flat_wish == j))
        if waiting.size == 0:
            continue
        taken = int(np.count_nonzero(posts.identity.astype(np.bool_) & (posts.flat == j)))
        free = int(flats.capacity - flats.outsiders) - taken
        if free <= 0:
            continue
        lot = model.chance.uniform(f"flat/{flats.name}", model.month, posts.identity[waiting])
        won = waiting[np.lexsort((lot, posts.flat_since[waiting]))[:free]]
        waited = won[posts.flat_since[won] < model.month]  # the others are on the move this month anyway
        posts.moves[waited] += 1
        posts.flat[won] = j
        posts.zone[won] = -1
        posts.flat_wish[won] = -1
        model.log(
            "move_home", posts.identity[waited], model.firms.identity[posts.firm[waited]], posts.zone[waited]
        )
