"""Hub + X valleys: which floor is meant for which sectors."""

from __future__ import annotations

from pydantic import Field

from parksim.scenario.parameters import Frozen
from parksim.scenario.terms import Name, Share  # noqa: TC001  (pydantic reads them)


class Valley(Frozen):
    """Blocks for firms of some sectors."""

    name: Name
    title: str = ""
    title_zh: str = ""
    blocks: tuple[Name, ...] = Field(min_length=1)
    sectors: tuple[str, ...] = Field(min_length=1)


class Zoning(Frozen):
    """One hub and several valleys; floor in neither is let to anybody, as in the hub."""

    hub: Name | None = None
    """Block with the places that all valleys share."""
    valleys: tuple[Valley, ...] = ()
    steering: float = Field(1, ge=1, le=100)
    """How many times as often a firm that looks for floor is shown the floor of its own valley as other floor."""
    to_others: Share = 1.0
    """Share of a valley's free floor that is let to firms of other sectors."""
