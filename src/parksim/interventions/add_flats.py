"""Open flats for people who work in the park; they are called by the name of the intervention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from parksim.scenario.parameters import Frozen
from parksim.scenario.schema import Amenity
from parksim.scenario.terms import Cell, Name, WageBand  # noqa: TC001  (pydantic reads them)

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
MECHANISM = "homes"


class Settings(Frozen):
    """How many, where, at what rent, for whom."""

    number: int = Field(ge=1, le=100_000, json_schema_extra={"unit": "flats"})
    rent: float = Field(ge=0, le=10_000)
    block: Name | None = None
    """In the middle of this block's buildings; or on a `cell`."""
    cell: Cell | None = None
    floor: int = Field(1, ge=-5, le=120)
    wage_bands: tuple[WageBand, ...] = ()
    """Who may rent; none named: everybody."""
    max_age: float | None = Field(None, ge=18, le=100, json_schema_extra={"unit": "years"})
    operator: Literal["public", "enterprise", "commercial"] = "public"


def made(intervention: Intervention) -> tuple[Amenity, ...]:
    """Return the flats as an amenity; nothing while the settings are incomplete."""
    if not {"number", "rent"} <= intervention.set.keys():
        return ()
    given = Settings.model_validate(intervention.set)
    if (given.cell is None) == (given.block is None):
        return ()
    flats = given.model_dump(exclude={"number", "rent"}) | {"capacity": given.number, "price": given.rent}
    hours = {"opens": 0, "closes": 24}
    return (Amenity.model_validate({"name": intervention.name, "category": "flats", **flats, **hours}),)


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the flats."""
    return layout.model_copy(update={"amenities": (*layout.amenities, *made(intervention))})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    flats = made(intervention)
    if not flats:
        return "add_flats needs 'set:' with 'number', 'rent' and either 'block' or 'cell'"
    if any(a.name == flats[0].name for a in layout.amenities):
        return f"there is an amenity '{flats[0].name}' already: give the intervention another name"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    number, rent = (intervention.set.get(name, "?") for name in ("number", "rent"))
    bands = intervention.set.get("wage_bands", ())
    whom = f" to the wage bands {', '.join(bands)}" if bands else ""
    return f"let {number} flats at {rent} CNY a month{whom}"
