"""What a scenario file may say: the frozen, validated :class:`Scenario`.

A scenario has two halves. The **world** (``city``, ``population``, ``enterprises``, ``needs``, ``parameters``)
is the same for every member of a family. The **layout** (``map``, ``gateways``, ``amenities``, ``governance``,
``interventions``, ``circles``) is what planners change. A community ``extends`` its plain park; the park's
layout is kept as ``before``, and the run's first people, homes and tenures grow up in it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from html import escape
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from parksim.errors import nearest
from parksim.scenario.categories import CATEGORIES, CIRCLE_PRESETS
from parksim.scenario.organs import Governance
from parksim.scenario.parameters import Frozen, Grade, Parameters
from parksim.scenario.shocks import Shock  # noqa: TC001  (pydantic reads it)
from parksim.scenario.support import Support
from parksim.scenario.terms import (  # noqa: TC001  (pydantic reads them)
    Cell,
    Name,
    Payer,
    Share,
    Tier,
    WageBand,
)
from parksim.scenario.zoning import Zoning

LandUse = Literal[
    "road", "office", "lab", "factory", "housing", "service", "green", "water", "vacant", "outside"
]
BUILT = frozenset({"office", "lab", "factory", "housing", "service"})
WORKPLACE = frozenset({"office", "lab", "factory"})
MU_M2 = 666.7
"""Square metres of a mu."""
Side = Literal["N", "E", "S", "W"]
MODES = ("walk", "bicycle", "ebike", "bus", "metro", "shuttle", "car")
Mode = Literal["walk", "bicycle", "ebike", "bus", "metro", "shuttle", "car"]


PAYERS: tuple[Payer, ...] = ("government", "operator", "employers", "users")


class Source(Frozen):
    """Where a value comes from, and how sure it is."""

    grade: Grade
    source: str
    source_zh: str = ""
    range: tuple[float, float] | None = None
    """Plausible range of a number; drawn anew in each replication when the grade is B, C or assumed."""
    type: str = ""
    """Community type whose preset gave the value; written by reading, not by hand."""


# --- map ---------------------------------------------------------------------------------------


class Symbol(Frozen):
    """What one character of the text map stands for."""

    use: LandUse
    road: Literal["main", "park"] = "park"
    """``main`` roads are slow to cross on foot."""
    floors: int = Field(1, ge=1, le=120)
    built: Share = 0.6
    """Share of the cell that the building covers."""
    block: Name | None = None
    site: str = ""
    site_zh: str = ""
    office_rent: float = Field(60, ge=0, le=1000)
    """CNY a square metre a month."""


class Fence(Frozen):
    """A fence around a block of the map or a rectangle of cells (row, column to row, column, inclusive)."""

    name: Name
    block: Name | None = None
    cells: tuple[int, int, int, int] | None = None
    open: bool = False
    """An opened fence stands in nobody's way."""

    @model_validator(mode="after")
    def _one_shape(self) -> Fence:
        if (self.block is None) == (self.cells is None):
            raise ValueError("give either 'block' or 'cells'")
        return self


class Gate(Frozen):
    """An opening in a fence, on one side of one cell."""

    name: Name
    fence: Name
    cell: Cell
    side: Side


class Map(Frozen):
    """The park drawn cell by cell."""

    cell_m: float = Field(25, ge=5, le=200)
    legend: dict[str, Symbol]
    rows: tuple[str, ...]
    fences: tuple[Fence, ...] = ()
    gates: tuple[Gate, ...] = ()

    @field_validator("rows", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(value.splitlines()) if isinstance(value, str) else value

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    @cached_property
    def blocks(self) -> dict[str, list[tuple[int, int]]]:
        """Cells (row, column) of each block that is on the map."""
        blocks: dict[str, list[tuple[int, int]]] = {}
        symbols = {key: symbol.block for key, symbol in self.legend.items() if symbol.block}
        for row, text in enumerate(self.rows):
            for column, key in enumerate(text):
                if key in symbols:
                    blocks.setdefault(symbols[key], []).append((row, column))
        return blocks


# --- layout ------------------------------------------------------------------------------------


class Gateway(Frozen):
    """Where the city reaches the park: a station exit, a stop or a road entrance on or near its edge."""

    name: Name
    kind: Literal["metro", "bus", "shuttle", "road", "path"]
    cell: Cell
    beyond_m: float = Field(0, ge=0, le=3000)
    """Metres still to walk outside the grid, from the cell to the platform or stop."""
    headway_min: float = Field(6, gt=0, le=120)
    capacity: float = Field(1800, gt=0, le=20000)
    """Vehicles an hour that a road entrance lets in."""
    background: float = Field(0, ge=0, le=20000)
    """Vehicles in the peak hour that use the entrance anyway."""
    minutes: dict[str, float] | None = None
    """Minutes in the vehicle by home zone; without it the city's table (metro) or distance (bus, shuttle)."""
    fare: float | None = Field(None, ge=0, le=100)
    seats: float | None = Field(None, gt=0, le=100_000)
    """Places an hour towards the park in a bus, shuttle or metro; who finds none waits. None: always room."""
    closed: bool = False
    """Closed for the time being: nothing runs here; through a closed road one still walks and cycles."""
    cycle_km: float = Field(0, ge=0, le=30)
    """For a path: kilometres of separate cycle path that lead here (``travel.cycle_path_gain``)."""
    cycle_zones: tuple[str, ...] = ()
    """Home zones the cycle path leads to; none named: all."""


class CarPark(Frozen):
    """A place to leave the car; where none is drawn, cars park at the building."""

    name: Name
    title: str = ""
    title_zh: str = ""
    cell: Cell | None = None
    block: Name | None = None
    """Instead of a cell: under the largest building of this block."""
    places: float = Field(gt=0, le=100_000)
    price: float = Field(0, ge=0, le=500)
    """CNY a day."""
    access: Literal["everyone", "staff"] = "everyone"
    owner: Name | None = None
    """For ``access: staff``: the block, or the anchor enterprise, whose staff may park."""

    @model_validator(mode="after")
    def _sound(self) -> CarPark:
        if (self.cell is None) == (self.block is None):
            raise ValueError("give either 'cell' or 'block'")
        if self.access == "staff" and self.owner is None:
            raise ValueError(
                "nobody may use it: access 'staff' needs an 'owner' (a block or an anchor enterprise)"
            )
        return self


class Outside(Frozen):
    """A place outside the grid, reached through a gateway."""

    via: Name
    walk_m: float = Field(ge=0, le=3000)


class Amenity(Frozen):
    """A place people use."""

    name: Name
    category: str
    title: str = ""
    title_zh: str = ""
    cell: Cell | None = None
    block: Name | None = None
    """Instead of a cell: in the middle of this block's buildings."""
    outside: Outside | None = None
    floor: int = Field(1, ge=-5, le=120)
    capacity: float = Field(gt=0, le=100000)
    """Seats, places or counters that serve at the same time; for allotted places, places a year."""
    service_min: float | None = Field(None, gt=0, le=600)
    opens: float = Field(7, ge=0, le=24)
    closes: float = Field(22, ge=0, le=24)
    operator: Literal["public", "enterprise", "commercial"] = "commercial"
    access: Literal["everyone", "staff"] = "everyone"
    owner: Name | None = None
    """For ``access: staff``: the block or anchor enterprise whose staff may use it."""
    price: float = Field(0, ge=0, le=10000)
    """CNY a visit; for flats, CNY a month."""
    quality: float = Field(0, ge=-3, le=3)
    outsiders: float = Field(0, ge=0, le=100000)
    """Visits a working day by residents and visitors, while it is open to everyone."""
    capex_cny: float = Field(0, ge=0)
    opex_cny_year: float = Field(0, ge=0)
    intake: Literal["yearly", "anytime"] | None = None
    """For allotted places: when free places are given away, in September and on opening, or in any month; by
    default yearly for kindergartens and schools, at any time for classes."""
    priority: Literal["waiting", "lottery", "low_wage"] = "waiting"
    """For allotted places: who comes first after the owner's staff; a lottery settles the rest."""
    wage_bands: tuple[WageBand, ...] = ()
    """For flats: wage bands that may rent; none named: all."""
    max_age: float | None = Field(None, ge=18, le=100)
    """For flats: oldest age that may rent."""

    @property
    def is_allotted(self) -> bool:
        """Whether its places are held for good, as flats and places in classes are, and not queued for."""
        return CATEGORIES[self.category].allotted

    @field_validator("category")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in CATEGORIES:
            raise ValueError(f"unknown category '{value}'{nearest(value, CATEGORIES)}")
        return value

    @model_validator(mode="after")
    def _sound(self) -> Amenity:
        if sum(x is not None for x in (self.cell, self.block, self.outside)) != 1:
            raise ValueError("give exactly one of 'cell', 'block' and 'outside'")
        if self.closes <= self.opens:
            raise ValueError(f"opening hours end ({self.closes:g}) before they start ({self.opens:g})")
        if self.access == "staff" and self.owner is None:
            raise ValueError(
                "nobody may use it: access 'staff' needs an 'owner' (a block or an anchor enterprise)"
            )
        return self


class HybridWork(Frozen):
    """Days a week that enterprises let their people work at home."""

    days: float = Field(0, ge=0, le=5)
    sectors: tuple[str, ...] = ()
    """Sectors that allow it; none named: all."""
    share: Share = 1.0
    """Share of these enterprises that allow it."""


class Labour(Frozen):
    """What is done so that posts and people find each other."""

    fairs_year: float = Field(0, ge=0, le=52)
    """Job fairs a year, spread over the months."""
    large_fairs_year: float = Field(0, ge=0, le=12)
    colleges: int = Field(0, ge=0, le=50)
    """Colleges in the park that train for its posts."""


class Arrival(Frozen):
    """A named enterprise that comes to the park in some month and fills its posts over time."""

    name: Name
    title: str = ""
    title_zh: str = ""
    month: int = Field(ge=1, le=1200)
    employees: int = Field(ge=1, le=1_000_000)
    ramp_months: int = Field(1, ge=1, le=240)
    """Months over which it opens its posts, the same number each month, as far as there is floor."""
    sector: str
    block: Name | None = None
    """Where it settles; without it, where there is most room."""


class Link(Frozen):
    """How far linked towns share digital methods through their hub; see :class:`Linked`."""

    openness: Share = 0.0
    """Share of the methods that the others may take up: 0 none, 1 all."""
    towns: tuple[Name, ...] = ()
    """Towns that take part; none named: all."""


class Leader(Frozen):
    """The leading firm of a renewal by path 2: it comes to the block when that reopens."""

    name: Name
    title: str = ""
    title_zh: str = ""
    employees: int = Field(ge=1, le=1_000_000)
    ramp_months: int = Field(1, ge=1, le=240)
    sector: str


Stage = Literal["operating", "vacating", "building", "reopened"]
STAGES: tuple[Stage, ...] = ("operating", "vacating", "building", "reopened")
"""Of a block under renewal."""


class RenewalPlan(Frozen):
    """How a block is renewed and what stands there afterwards."""

    path: Literal[1, 2, 3]
    """1: government-led, the whole area acquired; 2: government and a leading firm; 3: upgraded in place."""
    vacate_months: int | None = Field(None, ge=1, le=60)
    """Months over which the firms leave; without it as the parameters say."""
    build_months: int | None = Field(None, ge=1, le=120)
    """Months of works; without it as the parameters say."""
    cost_m2: float | None = Field(None, ge=0, le=100_000)
    """All in, CNY a square metre of floor built; without it as the parameters say."""
    payers: dict[Payer, Share] = Field(default_factory=dict)
    """Who pays which share; without it by path."""
    legend: dict[str, Symbol] = Field(default_factory=dict)
    """New symbols; they belong to the block unless they are streets."""
    becomes: dict[str, str] = Field(default_factory=dict)
    """Which symbol of the block is redrawn with which, in place."""
    rows: tuple[str, ...] = ()
    """Instead of `becomes`: the smallest rectangle around the block, drawn as it stands afterwards."""
    amenities: tuple[Amenity, ...] = ()
    """Places that open with the block."""
    car_parks: tuple[CarPark, ...] = ()
    leader: Leader | None = None

    @property
    def stands(self) -> bool:
        """Whether it is drawn as it stands afterwards."""
        return False

    @field_validator("rows", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(value.splitlines()) if isinstance(value, str) else value

    @field_validator("payers")
    @classmethod
    def _sums_to_one(cls, value: dict[str, float]) -> dict[str, float]:
        if value and abs(sum(value.values()) - 1) > 0.005:
            raise ValueError(f"shares sum to {sum(value.values()):g}, should be 1")
        return value

    @model_validator(mode="after")
    def _one_drawing(self) -> Self:
        if bool(self.becomes) == bool(self.rows) and not self.stands:
            raise ValueError("give either 'becomes' or 'rows': what stands there afterwards")
        if self.leader is not None and self.path != 2:
            raise ValueError(f"a leading firm belongs to path 2, this is path {self.path}")
        return self


class Renewal(RenewalPlan):
    """A block that is vacated, rebuilt and reopened (:mod:`parksim.scenario.renewal`).

    With ``stage: reopened`` the map shows it rebuilt already, and `legend` says which symbols are new: what they
    cost is booked in month 0.
    """

    name: Name
    block: Name
    month: int = Field(ge=1, le=1200)
    """Month in which its firms begin to leave."""
    stage: Stage = "operating"
    stood: dict[str, Share] = Field(default_factory=dict)
    """During the works: what share of their cells the block's buildings covered."""

    @property
    def stands(self) -> bool:
        """Whether it is drawn as it stands afterwards."""
        return self.stage == "reopened"


class Circle(Frozen):
    """A promise: these categories within so many minutes' walk."""

    minutes: float = Field(gt=0, le=120)
    categories: tuple[str, ...] = Field(min_length=1)


class Intervention(Frozen):
    """Something done to the layout in a given month; kinds live in :mod:`parksim.interventions`."""

    kind: str
    name: Name
    month: int = Field(ge=0, le=1200)
    cost_cny: float = Field(0, ge=0)
    cost_cny_year: float = Field(0, ge=0)
    build_months: int = Field(0, ge=0, le=240)
    """Months of works between the decision and the opening."""
    payer: Payer = "government"
    target: str | None = None
    """Name of the fence, block, amenity, gateway or car park it acts on."""
    amenity: Amenity | None = None
    gateway: Gateway | None = None
    car_park: CarPark | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    """What the kind is told besides: its ``Settings``."""


class Layout(Frozen):
    """What planners change: everything about the place and nothing about the people."""

    map: Map
    gateways: tuple[Gateway, ...]
    car_parks: tuple[CarPark, ...] = ()
    amenities: tuple[Amenity, ...] = ()
    governance: Governance = Governance()
    interventions: tuple[Intervention, ...] = ()
    circles: dict[str, Circle] = Field(default_factory=dict)
    support: Support = Support()
    hybrid: HybridWork = HybridWork()
    labour: Labour = Labour()
    arrivals: tuple[Arrival, ...] = ()
    zoning: Zoning = Zoning()
    link: Link = Link()
    renewals: tuple[Renewal, ...] = ()
    shocks: tuple[Shock, ...] = ()

    @field_validator("circles", mode="before")
    @classmethod
    def _preset(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value not in CIRCLE_PRESETS:
                raise ValueError(f"unknown preset of circles '{value}'{nearest(value, CIRCLE_PRESETS)}")
            return {name: {"minutes": m, "categories": c} for name, (m, c) in CIRCLE_PRESETS[value].items()}
        return value


LAYOUT_SECTIONS = tuple(Layout.model_fields)


# --- world -------------------------------------------------------------------------------------


Compass = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]


class Zone(Frozen):
    """One home zone of the city."""

    name: str
    name_zh: str = ""
    weight: float = Field(ge=0)
    """Share of the city's residents; zones are scaled to sum to one."""
    road_km: float = Field(gt=0, le=300)
    lies: Compass | None = None
    """Where the zone lies as seen from the park; cars drive around to the far side. None: all near."""
    metro_min: float | None = Field(None, ge=0, le=300)
    """Minutes in the metro to the park's station; none: no metro."""
    station_km: float = Field(0.8, ge=0, le=50)
    rent: float = Field(2500, ge=0, le=100000)
    """CNY a month for one person."""


class City(Frozen):
    """The city around the park."""

    name: str
    name_zh: str = ""
    zones: tuple[Zone, ...] = Field(min_length=1)


class Population(Frozen):
    """Who works here, as margins; single people are synthesised from them."""

    employees: int = Field(ge=1, le=5_000_000)
    age: dict[str, float] = Field(
        default_factory=lambda: {"18-24": 0.16, "25-34": 0.58, "35-44": 0.19, "45-60": 0.07}
    )
    education: dict[str, float] = Field(
        default_factory=lambda: {"school": 0.15, "college": 0.25, "bachelor": 0.45, "master": 0.15}
    )
    wage_band: dict[WageBand, float] = Field({"low": 0.3, "middle": 0.45, "high": 0.25})
    household: dict[Literal["single", "couple", "kindergarten", "school"], float] = Field(
        {"single": 0.45, "couple": 0.27, "kindergarten": 0.13, "school": 0.15}
    )
    owner_share: Share = 0.4
    tied_share: Share = 0.5
    """Owners and couples whose partner's job ties them to a part of the city."""
    rotating_shift_share: Share = 0.0
    rotating_by_sector: dict[str, Share] = Field(default_factory=dict)
    """Share of rotating shifts in single sectors, instead of `rotating_shift_share`."""
    car_share: dict[WageBand, Share] = Field({"low": 0.15, "middle": 0.4, "high": 0.65})
    ebike_share: dict[WageBand, Share] = Field({"low": 0.6, "middle": 0.45, "high": 0.3})

    @field_validator("age", "education", "wage_band", "household")
    @classmethod
    def _sums_to_one(cls, value: dict[str, float]) -> dict[str, float]:
        if not value or any(v < 0 for v in value.values()):
            raise ValueError("shares must be 0 or more")
        if abs(sum(value.values()) - 1) > 0.005:
            raise ValueError(f"shares sum to {sum(value.values()):g}, should be 1")
        return value

    @field_validator("age")
    @classmethod
    def _ages(cls, value: dict[str, float]) -> dict[str, float]:
        for band in value:
            low, _, high = band.partition("-")
            if not (low.isdigit() and high.isdigit() and 15 <= int(low) < int(high) <= 80):
                raise ValueError(f"age band '{band}' is not of the form '25-34' within 15-80")
        return value


class Anchor(Frozen):
    """A named enterprise put in by hand."""

    name: Name
    title: str = ""
    title_zh: str = ""
    employees: int = Field(ge=1, le=1_000_000)
    block: Name
    floor: int | None = Field(None, ge=1, le=120)
    """Where its people work, in buildings of the block that are as high; None: on all floors."""
    sector: str
    age_years: float = Field(10, ge=0, le=200)


class DigitalLevel(Frozen):
    """Digital level of the first firms: the share of the known digital methods that a firm has, 0 to 1."""

    mean: Share = 0.4
    spread: float = Field(0.12, ge=0, le=0.5)
    """Standard deviation over firms, before what lies beyond 0 and 1 is cut."""


class Enterprises(Frozen):
    """The firms of the park."""

    count: int = Field(ge=1, le=500_000)
    """Active enterprises, anchors included."""
    registered_inactive_share: Share = 0.0
    """Share of the registered firms that are empty shells: counted, not simulated."""
    size_exponent: float = Field(1.06, ge=0.3, le=5)
    size_min: int = Field(1, ge=1)
    size_max: int = Field(100_000, ge=1)
    sectors: dict[str, float]
    tech_sectors: tuple[str, ...] = ()
    """Sectors whose vacancies take the longer search time."""
    partners: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Sectors up- or downstream of each other; stated on one side, it holds for both."""
    output_by_sector: dict[str, Annotated[float, Field(ge=0, le=10_000)]] = Field(default_factory=dict)
    """Output of a worker in single sectors, 10⁴ CNY a year, instead of ``parameters.enterprises.output_worker``."""
    tax_by_sector: dict[str, Annotated[float, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    """Tax of a worker in single sectors, 10⁴ CNY a year, instead of ``parameters.enterprises.tax_worker``."""
    mean_age_years: float = Field(6, gt=0, le=100)
    anchors: tuple[Anchor, ...] = ()
    digital_level: DigitalLevel = DigitalLevel()
    tiers: dict[Tier, Share] | None = None
    """Shares of the first firms on the tiers of the ladder; what is missing to 1 are micro. By default from the
    parameters."""

    @field_validator("tiers")
    @classmethod
    def _at_most_all(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if value and sum(value.values()) > 1.005:
            raise ValueError(f"shares sum to {sum(value.values()):g}, should be at most 1")
        return value

    @model_validator(mode="after")
    def _sectors_are_there(self) -> Enterprises:
        for field in ("output_by_sector", "tax_by_sector"):
            for sector in getattr(self, field):
                if sector not in self.sectors:
                    raise ValueError(f"{field}: no sector '{sector}'{nearest(sector, self.sectors)}")
        return self


class Need(Frozen):
    """Changed demand for one category; what is left out keeps the category's default."""

    visits: float | None = Field(None, ge=0, le=200)
    share: Share | None = None
    patience_min: float | None = Field(None, ge=0, le=600)


class Town(Frozen):
    """One of the other towns: a whole scenario, with its own city, people and layout."""

    name: Name
    scenario: Scenario
    """In a file the name of a scenario of the library, or a path."""


class Linked(Frozen):
    """Several towns that are played in step as one model; this scenario is the first of them."""

    here: Name
    """What this scenario's own town is called among them."""
    towns: tuple[Town, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        """All towns, this scenario's own first."""
        return (self.here, *(town.name for town in self.towns))


class Start(Frozen):
    """How a run begins."""

    burn_in_months: int = Field(12, ge=0, le=240)
    """Months lived in the plain layout before month 0."""
    calendar_month: int = Field(1, ge=1, le=12)
    """Calendar month that month 1 is, January by default: places in schools are given away in September."""
    horizon_months: int | None = Field(None, ge=1, le=1200)
    """Months the plan is made for: what is to happen later is a mistake. None: any month will do."""


class Scenario(Layout):
    """One place with its people: everything a run needs besides its seed.

    Made by :func:`parksim.load`; changed copies by :meth:`with_`.
    """

    parksim: Literal[1]
    name: Name
    title: str
    title_zh: str = ""
    summary: str = ""
    summary_zh: str = ""
    family: Name
    type: str | None = None
    """Community type of the district standard; see :mod:`parksim.scenario.presets` for what it stands for."""
    city: City
    population: Population
    enterprises: Enterprises
    needs: dict[str, Need] = Field(default_factory=dict)
    parameters: Parameters = Parameters()
    start: Start = Start()
    linked: Linked | None = None
    """The other towns that run in step with this one; none: this park alone."""
    sources: dict[str, Source] = Field(default_factory=dict)
    before: Layout | None = None
    """Layout of the plain member; none: this is the plain member."""

    @field_validator("needs")
    @classmethod
    def _categories(cls, value: dict[str, Need]) -> dict[str, Need]:
        for name in value:
            if name not in CATEGORIES:
                raise ValueError(f"unknown category '{name}'{nearest(name, CATEGORIES)}")
        return value

    @field_validator("type")
    @classmethod
    def _a_type(cls, value: str | None) -> str | None:
        from parksim.scenario.presets import names  # noqa: PLC0415  (presets import this module)

        if value is not None and value not in names():
            raise ValueError(f"there is no type '{value}'{nearest(value, names())}")
        return value

    # --- derived --------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """The layout half on its own."""
        return Layout.model_construct(**{name: getattr(self, name) for name in LAYOUT_SECTIONS})

    @property
    def plain(self) -> Scenario:
        """The scenario whose months before month 0 this one shares: its world in the plain layout."""
        if self.before is None:
            return self
        # Constructed, not copied: a copy would carry this scenario's content_hash.
        values = {name: getattr(self, name) for name in Scenario.model_fields}
        values |= {name: getattr(self.before, name) for name in LAYOUT_SECTIONS}
        return Scenario.model_construct(**{**values, "before": None, "name": f"{self.family}-before"})

    @property
    def alone(self) -> Scenario:
        """The scenario's own town without the others."""
        if self.linked is None:
            return self
        values = {name: getattr(self, name) for name in Scenario.model_fields}
        return Scenario.model_construct(**{**values, "linked": None})

    @property
    def all_towns(self) -> dict[str, Scenario]:
        """Every linked town by name, the own first, each alone and with the coefficients of this scenario."""
        if self.linked is None:
            return {self.name: self}
        others = {
            town.name: Scenario.model_construct(
                **{name: getattr(town.scenario, name) for name in Scenario.model_fields}
                | {"parameters": self.parameters}
            )
            for town in self.linked.towns
        }
        return {self.linked.here: self.alone, **others}

    @cached_property
    def content_hash(self) -> str:
        """Address of what this scenario says, names and texts aside: equal content, equal runs."""
        apart = {"name", "title", "title_zh", "summary", "summary_zh", "type", "sources", "linked"}
        content = self.model_dump(mode="json", exclude=apart)
        if self.linked is not None:
            towns = [[town.name, town.scenario.content_hash] for town in self.linked.towns]
            content["linked"] = [self.linked.here, towns]
        body = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(body.encode(), digest_size=16).hexdigest()

    def with_(self, changes: dict[str, Any] | None = None, /, **sections: Any) -> Scenario:
        """Return a changed copy; see :func:`parksim.scenario.paths.changed` for how paths are written."""
        from parksim.scenario.paths import changed  # noqa: PLC0415  (paths imports this module)

        return changed(self, {**(changes or {}), **sections})

    def _repr_html_(self) -> str:
        """Show title, summary and sizes in a notebook; texts from files are escaped."""
        rows = {
            "name": self.name,
            "family": self.family,
            "employees": f"{self.population.employees:,}",
            "enterprises": f"{self.enterprises.count:,}",
            "map": f"{self.map.shape[0]} × {self.map.shape[1]} cells of {self.map.cell_m:g} m",
            "gateways": ", ".join(sorted({gateway.kind for gateway in self.gateways})),
            "amenities": len(self.amenities),
            "governance": self.governance.kind,
            "interventions": len(self.interventions),
            **({"linked towns": ", ".join(self.linked.names)} if self.linked else {}),
            "content": self.content_hash,
        }
        table = "".join(
            f"<tr><th>{key}</th><td>{escape(str(value))}</td></tr>" for key, value in rows.items()
        )
        return f"<h4>{escape(self.title)}</h4><p>{escape(self.summary)}</p><table>{table}</table>"


Town.model_rebuild()
Linked.model_rebuild()
Scenario.model_rebuild()
