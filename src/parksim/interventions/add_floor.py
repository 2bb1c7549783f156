"""Raise buildings on a site, or add storeys: the floor of a block grows (``set: {floors, built, office_rent}``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.errors import nearest
from parksim.interventions._fields import any_of
from parksim.scenario.schema import BUILT, Map, Symbol

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

_FIELDS = ("floors", "built", "office_rent")
TARGET = "a block"
Settings = any_of(Symbol, only=_FIELDS)
MECHANISM = "ground"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the block's buildings as they stand afterwards."""
    drawing = layout.map
    legend = {
        character: {**symbol.model_dump(), **intervention.set}
        if _meant(symbol, intervention)
        else symbol.model_dump()
        for character, symbol in drawing.legend.items()
    }
    return layout.model_copy(update={"map": Map.model_validate({**drawing.model_dump(), "legend": legend})})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    blocks = {s.block for s in layout.map.legend.values() if s.block and s.use in BUILT}
    if intervention.target not in blocks:
        return (
            f"there is no block '{intervention.target}' with buildings{nearest(intervention.target, blocks)}"
        )
    return None if intervention.set else f"add_floor needs 'set:' with at least one of {', '.join(_FIELDS)}"


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"build on '{intervention.target}': " + ", ".join(
        f"{k} = {v}" for k, v in intervention.set.items()
    )


def _meant(symbol: object, intervention: Intervention) -> bool:
    return getattr(symbol, "block", None) == intervention.target and getattr(symbol, "use", None) in BUILT
