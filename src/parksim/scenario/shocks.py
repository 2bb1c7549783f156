"""What a scenario file may say about what befalls a place: epidemics, falls of demand, floods, safety hazards."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from parksim.scenario.parameters import Frozen
from parksim.scenario.terms import Cell, Name  # noqa: TC001  (pydantic reads them)


class Shock(Frozen):
    """Something that befalls the place for some months, and passes."""

    name: Name
    title: str = ""
    title_zh: str = ""
    type: Literal["epidemic", "demand", "flood", "hazards"]
    month: int = Field(ge=1, le=1200)
    """First month of it."""
    months: int = Field(1, ge=1, le=1200)
    """How long its cause lasts; what follows lasts until somebody has cleared it."""
    strength: float | None = Field(None, gt=0, le=12)
    """Epidemic: share of the working days that people stay at home, and of places' capacity that is closed.
    Demand: share of firms' income that falls away. Hazards: how many arise in a building a year."""
    where: tuple[str, ...] = ()
    """Epidemic: blocks (people and places), places, categories. Demand: sectors. Flood: gateways. Hazards: blocks.
    None named: everywhere."""
    cells: tuple[Cell, ...] = ()
    """Flood: cells of roads or open land that are under water."""

    @model_validator(mode="after")
    def _sound(self) -> Shock:
        if self.type == "flood":
            if self.strength is not None:
                raise ValueError("a flood has no 'strength': what is under water is closed")
            if not (self.where or self.cells):
                raise ValueError("a flood needs 'where' (gateways) or 'cells'")
            return self
        if self.cells:
            raise ValueError(f"only a flood has 'cells', this is of type '{self.type}'")
        if self.strength is None:
            raise ValueError(f"a shock of type '{self.type}' needs 'strength'")
        if self.type != "hazards" and self.strength > 1:
            raise ValueError(f"strength {self.strength:g} is out of range for '{self.type}'; allowed: 0 to 1")
        return self

    def strikes(self, month: int) -> bool:
        """Whether its cause is there in a month."""
        return self.month <= month < self.month + self.months
