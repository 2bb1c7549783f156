"""What a scenario file may say about who runs the place: channels, the chain of answers, seats, budget and offers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from parksim.errors import nearest
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.parameters import Frozen
from parksim.scenario.terms import Cell, Name, Payer, Share, WageBand  # noqa: TC001  (pydantic reads them)

Hour = Annotated[float, Field(ge=0, le=24)]


def known_category(value: str) -> str:
    """Return a category that exists."""
    if value not in CATEGORIES:
        raise ValueError(f"unknown category '{value}'{nearest(value, CATEGORIES)}")
    return value


class Channel(Frozen):
    """Somebody to ask who answers or does not: property management, a hotline."""

    name: Name
    title: str = ""
    title_zh: str = ""
    capacity_month: float = Field(ge=0, le=100000)
    """Requests it can answer a month."""
    delay_days: float = Field(gt=0, le=730)
    """Mean time to an answer."""
    awareness: Share = 1.0
    """Share of the employees who know it and would use it."""


class Level(Frozen):
    """One step of the chain that takes requests up: building officer, grid officer, community centre, committee.

    A request enters at the lowest level that its author knows. What a level cannot answer climbs to the next;
    what the last one cannot answer waits on the council's agenda until a place is opened for it.
    """

    name: Name
    title: str = ""
    title_zh: str = ""
    organ: str = ""
    """Which of the organs does this."""
    each: Literal["park", "block", "building"] = "park"
    """Whether there is one for the park, or one in every block (a grid) or building."""
    capacity_month: float = Field(ge=0, le=100000)
    """Requests that each of them can look at in a month."""
    delay_days: float = Field(gt=0, le=730)
    """Mean time until it answers or passes a request on."""
    awareness: Share = 0.0
    """Share of the employees who know it and would go there themselves."""
    solves: Share = 0.5
    """Share of the requests that it can answer itself."""
    categories: tuple[str, ...] = ()
    """Categories it can do anything about; none named: all."""

    @field_validator("categories")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known_category(name) for name in value)


class Bench(Frozen):
    """Seats of the elected committee that one side fills."""

    name: Name
    title: str = ""
    title_zh: str = ""
    side: Literal["employees", "employers"]
    """Who votes and who may stand: everybody employed here, or the enterprises, one vote each."""
    seats: int = Field(ge=1, le=200)
    wage_bands: tuple[WageBand, ...] = ()
    """Employees of these wage bands may stand; none named: all."""
    education: tuple[Literal["school", "college", "bachelor", "master"], ...] = ()
    """Employees with this education may stand; none named: all."""
    max_age: float | None = Field(None, ge=18, le=100)
    """Oldest age at which one may stand."""

    @model_validator(mode="after")
    def _of_people(self) -> Bench:
        if self.side == "employers" and (self.wage_bands or self.education or self.max_age is not None):
            raise ValueError("enterprises have no wage band, education or age: only employees' seats do")
        return self


class Project(Frozen):
    """A kind of place that the council may set up, and what one costs."""

    name: Name
    title: str = ""
    title_zh: str = ""
    category: str
    capacity: float = Field(gt=0, le=100000)
    service_min: float | None = Field(None, gt=0, le=600)
    opens: Hour = 8.5
    closes: Hour = 21
    price: float = Field(0, ge=0, le=10000)
    m2: float | None = Field(None, gt=0, le=100000)
    """Floor it needs; by default 6 m² a seat or counter."""
    cost_cny: float = Field(ge=0)
    """Fitting out."""
    cost_cny_year: float = Field(ge=0)
    """Running it."""
    build_months: int = Field(1, ge=1, le=60)

    @field_validator("category")
    @classmethod
    def _known(cls, value: str) -> str:
        return known_category(value)

    @model_validator(mode="after")
    def _hours(self) -> Project:
        if self.closes <= self.opens:
            raise ValueError(f"opening hours end ({self.closes:g}) before they start ({self.opens:g})")
        if self.category == "flats":
            raise ValueError("flats are homes: the council sets up places that people visit")
        return self


class Offer(Frozen):
    """What an enterprise or owner offers: its staff's facility to everybody, or a room."""

    name: Name
    amenity: Name | None = None
    """A facility for own staff that its owner would open."""
    block: Name | None = None
    """Instead: a room in the largest building of this block."""
    cell: Cell | None = None
    """Instead: a room in the building on this cell."""
    floor: int = Field(1, ge=-5, le=120)
    m2: float = Field(100, gt=0, le=100000)
    """Size of the room."""
    cost_cny: float = Field(0, ge=0)
    """What opening it costs the council once: a door, a fence, insurance."""
    cost_cny_year: float = Field(0, ge=0)
    """What the owner is paid a year."""

    @model_validator(mode="after")
    def _one(self) -> Offer:
        if sum(x is not None for x in (self.amenity, self.block, self.cell)) != 1:
            raise ValueError("give exactly one of 'amenity', 'block' and 'cell'")
        return self


class Governance(Frozen):
    """Who runs the place, whom one can ask, and what they may decide."""

    kind: Literal["administration", "council"] = "administration"
    seats: int = Field(0, ge=0, le=200)
    """Seats of the committee; with benches, their sum."""
    organs: tuple[str, ...] = ()
    benches: tuple[Bench, ...] = ()
    """Who fills the seats; none: they are not elected."""
    term_months: int = Field(36, ge=1, le=240)
    """Months between elections."""
    channels: tuple[Channel, ...] = ()
    chain: tuple[Level, ...] = ()
    """From the level nearest to people upwards; who knows none of them asks at the channels."""
    events_month: float = Field(0, ge=0, le=1000)
    """Community events a month."""
    event_places: float = Field(60, ge=1, le=10000)
    opex_cny_year: float = Field(0, ge=0)
    social_work_staff: float | None = Field(None, ge=0, le=100_000)
    """People who work in the service centre and the enterprise social-work station; None: not known."""
    budget_cny_year: float = Field(0, ge=0)
    """What the council may spend a year on places and opening hours; what is left is carried on."""
    payer: Payer = "government"
    """Who pays what the council spends."""
    meets_months: int = Field(3, ge=1, le=24)
    """Months between the meetings in which it decides on places."""
    projects: tuple[Project, ...] = ()
    """Kinds of places it may set up in service floor that stands empty and in rooms that are offered."""
    offers: tuple[Offer, ...] = ()
    hours: tuple[Hour, Hour] | None = None
    """Earliest opening and latest closing to which it may extend the hours of places; none: it may not."""

    @model_validator(mode="after")
    def _sound(self) -> Governance:
        elected = sum(bench.seats for bench in self.benches)
        if self.benches and elected != self.seats:
            raise ValueError(f"the benches have {elected} seats, 'seats' says {self.seats}")
        if self.hours is not None and self.hours[1] <= self.hours[0]:
            raise ValueError(f"hours end ({self.hours[1]:g}) before they start ({self.hours[0]:g})")
        for level in self.chain:
            if level.organ and level.organ not in self.organs:
                raise ValueError(
                    f"level '{level.name}' is of an organ that is not there, "
                    f"'{level.organ}'{nearest(level.organ, self.organs)}"
                )
        if self.budget_cny_year > 0 and not self.chain:
            raise ValueError("a budget needs a 'chain': nobody would hand the council a request")
        return self
