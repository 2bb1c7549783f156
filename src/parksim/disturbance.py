"""What a shock does to the place in a month: a layout with places, gateways and cells out of use.

The layout that planners made stays as it is beside it (``model.undisturbed``), so that everything returns to
what it was when the shock is over, with all that changed meanwhile. What is closed opens again when somebody in
charge has looked at it and the procedures are done (:func:`clearing_days`): a chain of answers that is quicker,
or support that shortens procedures, shortens that and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parksim.governance.chain import answer_delay
from parksim.scenario.schema import BUILT, Map, Symbol

if TYPE_CHECKING:
    from parksim.scenario.parameters import ShockParameters
    from parksim.scenario.schema import Amenity, Layout
    from parksim.scenario.shocks import Shock

MONTH_DAYS = 365 / 12
_WATER = "≈~∼≋"
_MOST_DAYS = 0.5  # the representative day is one of most days: a road is closed where it is on so many


@dataclass(frozen=True)
class Impact:
    """What is out of use in a month, and how far.

    Attributes
    ----------
    amenities : tuple of (str, float)
        Places and the share of their capacity that is closed.
    away : tuple of (str, float)
        Buildings and the share of the working days that their people stay away.
    gateways : tuple of str
    cells : tuple of (int, int)
        Under water.
    """

    amenities: tuple[tuple[str, float], ...] = ()
    away: tuple[tuple[str, float], ...] = ()
    gateways: tuple[str, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()


NONE = Impact()


def clearing_days(layout: Layout, p: ShockParameters) -> float:
    """Days until what was closed may open, or relief arrives: an answer, and procedures.

    The answer takes what any report takes (:func:`~parksim.governance.chain.answer_delay`); the procedures as
    many days as ``support.delay_days`` says that a month's usual ones take, times ``procedures``.
    """
    answer = answer_delay(layout.governance)
    return (p.nobody_days if math.isinf(answer) else answer) + p.procedures * layout.support.delay_days


def in_force(shock: Shock, month: int, clearing: float) -> float:
    """Share of a month's days on which a shock's closures hold: while it lasts, and until they are cleared."""
    if month < shock.month:
        return 0.0
    return min(max(shock.month + shock.months + clearing / MONTH_DAYS - month, 0.0), 1.0)


def impact(layout: Layout, month: int, p: ShockParameters, buildings: tuple[tuple[str, str], ...]) -> Impact:
    """Say what the epidemics and floods of a layout put out of use in a month.

    Parameters
    ----------
    layout : Layout
        As planned.
    month : int
    p : ShockParameters
    buildings : tuple of (str, str)
        Name and block of each building.

    Returns
    -------
    Impact
    """
    clearing = clearing_days(layout, p)
    places: dict[str, float] = {}
    away: dict[str, float] = {}
    gateways: set[str] = set()
    cells: set[tuple[int, int]] = set()
    for shock in layout.shocks:
        share = round(in_force(shock, month, clearing), 2)
        if shock.type == "epidemic" and share > 0:
            closed = round(share * (shock.strength or 0.0), 4)
            for a in layout.amenities:
                if _closes(a, shock, layout):
                    places[a.name] = max(places.get(a.name, 0.0), closed)
            for name, block in buildings:
                if not shock.where or block in shock.where:
                    away[name] = max(away.get(name, 0.0), closed)
        elif shock.type == "flood" and share >= _MOST_DAYS:
            wet = flooded(shock, layout)
            cells |= wet
            gateways |= {g.name for g in layout.gateways if g.name in shock.where or g.cell in wet}
    return Impact(tuple(places.items()), tuple(away.items()), tuple(sorted(gateways)), tuple(sorted(cells)))


def _closes(amenity: Amenity, shock: Shock, layout: Layout) -> bool:
    """Whether an epidemic closes a place; homes, and places in classes, are held by the year and stay."""
    if amenity.is_allotted or amenity.outside is not None:
        return False
    names = {amenity.name, amenity.category, amenity.block or _block_of(amenity, layout)}
    return not shock.where or not names.isdisjoint(shock.where)


def _block_of(amenity: Amenity, layout: Layout) -> str:
    if amenity.cell is None:
        return ""
    row, column = amenity.cell
    return layout.map.legend[layout.map.rows[row][column]].block or ""


def flooded(shock: Shock, layout: Layout) -> set[tuple[int, int]]:
    """Cells under water: those named and those of the gateways named, but for buildings."""
    named = set(shock.cells) | {g.cell for g in layout.gateways if g.name in shock.where}
    return {(r, c) for r, c in named if layout.map.legend[layout.map.rows[r][c]].use not in BUILT}


def disturbed(layout: Layout, impact: Impact) -> Layout:
    """Return a layout as it can be used in the month; the very same where nothing is out of use."""
    update: dict[str, object] = {}
    closed = dict(impact.amenities)
    if closed:
        update["amenities"] = tuple(_less(a, closed.get(a.name, 0.0)) for a in layout.amenities)
    if impact.gateways:
        update["gateways"] = tuple(
            g.model_copy(update={"closed": True}) if g.name in impact.gateways else g for g in layout.gateways
        )
    if impact.cells:
        update["map"] = _under_water(layout.map, impact.cells)
    return layout.model_copy(update=update) if update else layout


def _less(amenity: Amenity, closed: float) -> Amenity:
    """Return a place with part of its capacity and its visitors from outside; all closed: with no hours."""
    if closed <= 0:
        return amenity
    if closed >= 1:
        return amenity.model_copy(update={"closes": amenity.opens})
    kept = {"capacity": amenity.capacity * (1 - closed), "outsiders": amenity.outsiders * (1 - closed)}
    return amenity.model_copy(update=kept)


def _under_water(drawing: Map, cells: tuple[tuple[int, int], ...]) -> Map:
    water = next(c for c in _WATER if c not in drawing.legend)
    rows = [list(row) for row in drawing.rows]
    for row, column in cells:
        rows[row][column] = water
    parts = {name: getattr(drawing, name) for name in Map.model_fields}
    parts |= {"rows": tuple("".join(row) for row in rows)}
    parts |= {"legend": {**drawing.legend, water: Symbol(use="water")}}
    return Map.model_construct(**parts)  # constructed, not copied: a copy would carry what is cached of it
