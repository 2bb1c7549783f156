"""Where people live: a gravity choice over the home zones of the city and the flats of the park."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.chance import Chance, Floats, Ids, combine, name_code

if TYPE_CHECKING:
    from parksim.scenario.schema import Scenario


def zone_utility(scenario: Scenario, minutes: Floats, *, tied: bool) -> Floats:
    """Systematic utility of each zone for somebody who works in each building.

    ``ln(weight) + deterrence * minutes + rent_weight * rent / 1000`` (Ahlfeldt et al. 2015 for the deterrence).

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
    rent = np.array([z.rent for z in zones])
    deterrence = p.deterrence_tied if tied else p.deterrence_free
    with np.errstate(divide="ignore"):
        ln_weight = np.log(weight / weight.sum())
    return np.asarray((ln_weight + p.rent_weight * rent / 1000)[:, None] + deterrence * minutes)


def choose_zone(
    chance: Chance,
    ids: Ids,
    moves: npt.NDArray[np.integer],
    tied: npt.NDArray[np.bool_],
    building: npt.NDArray[np.integer],
    utility: tuple[Floats, Floats],
    codes: Ids,
) -> tuple[npt.NDArray[np.int16], Floats]:
    """Draw home zones; the error of a zone belongs to (person, move, zone).

    Parameters
    ----------
    chance : Chance
    ids, moves, tied, building : arrays [person]
        Identity, number of moves so far, whether tied, and building of the desk.
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
    occasion = combine(ids, moves.astype(np.uint64))
    best = np.full(len(ids), -np.inf)
    zone = np.zeros(len(ids), dtype=np.int16)
    for z, code in enumerate(codes):
        value = np.where(tied, utility[1][z][building], utility[0][z][building])
        value += chance.gumbel("home/zone", int(code & np.uint64(0xFFFFFFFF)), occasion)
        better = value > best
        zone[better] = z
        best[better] = value[better]
    return zone, best


def spread(chance: Chance, ids: Ids, moves: npt.NDArray[np.integer], sigma: float) -> npt.NDArray[np.float32]:
    """Draw how far out in the zone a home lies: a lognormal factor of mean 1 on distance."""
    z = chance.normal("home/spread", 0, combine(ids, moves.astype(np.uint64)))
    return np.asarray(np.exp(sigma * z - sigma**2 / 2), dtype=np.float32)


def zone_codes(scenario: Scenario) -> Ids:
    """Stable numbers of the home zones, by name."""
    return np.array([name_code(z.name) for z in scenario.city.zones], dtype=np.uint64)


def rehome(
    chance: Chance,
    scenario: Scenario,
    people: dict[str, npt.NDArray[Any]],
    building: npt.NDArray[np.integer],
    utility: tuple[Floats, Floats],
    codes: Ids,
) -> None:
    """Give people who come from outside a home: sets ``zone`` and ``spread`` in `people`."""
    moves = people.setdefault("moves", np.zeros(len(building), dtype=np.int16))
    people["zone"], _ = choose_zone(
        chance, people["identity"], moves, people["tied"], building, utility, codes
    )
    people["spread"] = spread(chance, people["identity"], moves, scenario.parameters.home.distance_spread)
