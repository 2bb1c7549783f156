"""Shocks: what befalls the place this month, and what of it is out of use until somebody has cleared it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from parksim.chance import combine, name_code
from parksim.disturbance import MONTH_DAYS, NONE, Impact, clearing_days, impact

if TYPE_CHECKING:
    from parksim.chance import Floats
    from parksim.model import ParkModel


@dataclass(frozen=True)
class Hazard:
    """A safety hazard in a building; days are counted from month 0.

    Attributes
    ----------
    building : str
    arose, found : float
        Day.
    accident : bool
        Whether an accident was how it was found.
    closed_until : float
        Day on which the building is open again; `found` where it never closed.
    """

    building: str
    arose: float
    found: float
    accident: bool
    closed_until: float


@dataclass
class ShockState:
    """What shocks leave behind.

    Attributes
    ----------
    impact : Impact
        What is out of use this month.
    away : float array [building]
        Share of the working days on which its people stay away; empty where nobody does.
    hazards : list of Hazard
        All that arose so far, also those that nobody has found yet (their day is to come).
    """

    impact: Impact = NONE
    away: Floats = field(default_factory=lambda: np.empty(0))
    hazards: list[Hazard] = field(default_factory=list)


def play(model: ParkModel) -> None:
    """Let shocks strike and pass; where what is out of use changes, lay the place out anew."""
    if not model.undisturbed.shocks:
        return
    arise(model)
    state, layout = model.shocks, model.undisturbed
    buildings = tuple((b.name, b.block) for b in model.place.buildings)
    now = impact(layout, model.month, model.spec.parameters.shocks, buildings)
    now = with_accidents(model, now)
    if now == state.impact:
        return
    state.impact = now
    away = dict(now.away)
    state.away = np.array([away.get(name, 0.0) for name, _ in buildings]) if away else np.empty(0)
    model.lay_out_again()


# --- safety hazards ------------------------------------------------------------------------------


def rounds_days(model: ParkModel) -> Floats:
    """Days between two rounds through each building by whoever comes oftenest, [building].

    Property management goes its rounds everywhere. Officers of the chain that are there for each building, or for
    each block, go theirs: with n buildings to look after it takes n times as long until they come again. A chain
    that can take up nothing (capacity 0) inspects nothing.
    """
    p, buildings = model.spec.parameters.shocks, model.place.buildings
    days = np.full(len(buildings), p.property_rounds_days)
    blocks = [b.block for b in buildings]
    for level in model.layout.governance.chain:
        if level.capacity_month > 0 and level.each != "park":
            mine = np.array([1 if level.each == "building" else blocks.count(block) for block in blocks])
            days = np.minimum(days, p.officer_rounds_days * mine)
    return days


def arise(model: ParkModel) -> None:
    """Let hazards arise in buildings, and settle when each is found and whether an accident comes first.

    Rounds come evenly and miss a hazard with the same odds each time: it is found after ``(U + G) * rounds`` days
    with U uniform and G the rounds that missed it. Luck belongs to (building, month, shock).
    """
    p, chance, month, buildings = (
        model.spec.parameters.shocks,
        model.chance,
        model.month,
        model.place.buildings,
    )
    rounds: Floats | None = None
    for shock in model.undisturbed.shocks:
        if shock.type != "hazards" or not shock.strikes(month):
            continue
        ids = combine(model.building_codes, name_code(shock.name))
        here = np.array([not shock.where or b.block in shock.where for b in buildings], dtype=np.bool_)
        odds = -np.expm1(-(shock.strength or 0.0) / 12)
        hit = np.flatnonzero(here & (chance.uniform("hazard", month, ids) < odds))
        if hit.size == 0:
            continue
        rounds = rounds_days(model) if rounds is None else rounds
        ids = ids[hit]
        arose = MONTH_DAYS * (month - 1 + chance.uniform("hazard/day", month, ids))
        missed = np.floor(np.log(chance.uniform("hazard/missed", month, ids)) / np.log1p(-p.found_on_round))
        found = arose + rounds[hit] * (chance.uniform("hazard/round", month, ids) + missed)
        breaks = arose + p.accident_days * chance.exponential("hazard/accident", month, ids)
        accident = breaks < found
        found = np.minimum(found, breaks)
        shut = found + accident * (p.accident_closed_days + clearing_days(model.layout, p))
        model.shocks.hazards += [
            Hazard(buildings[k].name, *of)
            for k, *of in zip(
                hit, arose.tolist(), found.tolist(), accident.tolist(), shut.tolist(), strict=True
            )
        ]


def with_accidents(model: ParkModel, impact: Impact) -> Impact:
    """Add to a month's impact the buildings that accidents close, with the places in them."""
    start, end = MONTH_DAYS * (model.month - 1), MONTH_DAYS * model.month
    closed: dict[str, float] = {}
    for hazard in model.shocks.hazards:
        days = min(hazard.closed_until, end) - max(hazard.found, start)
        if hazard.accident and days > 0:
            closed[hazard.building] = min(closed.get(hazard.building, 0.0) + days / MONTH_DAYS, 1.0)
    if not closed:
        return impact
    away, places = dict(impact.away), dict(impact.amenities)
    names = [b.name for b in model.place.buildings]
    for amenity in model.undisturbed.amenities:
        at = model.place.amenity_place(amenity) if amenity.outside is None else len(names)
        if at < len(names) and names[at] in closed and not amenity.is_allotted:
            places[amenity.name] = max(places.get(amenity.name, 0.0), round(closed[names[at]], 2))
    for name, share in closed.items():
        away[name] = max(away.get(name, 0.0), round(share, 2))
    return Impact(tuple(places.items()), tuple(away.items()), impact.gateways, impact.cells)
