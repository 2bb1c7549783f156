"""The model: one park, month by month, as a Mesa model whose state lives in columns."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from parksim import cores, homes, synthesis
from parksim.agents import AgentSeam
from parksim.chance import Chance, Floats, Ids, name_code, pick
from parksim.disturbance import disturbed
from parksim.firms import moving
from parksim.firms.birth import FirmLife
from parksim.firms.displaced import Displaced
from parksim.firms.offices import Offices
from parksim.firms.support import SupportState
from parksim.firms.zoning import partners
from parksim.governance.council import Council
from parksim.governance.register import Register
from parksim.homes import zone_codes, zone_utility
from parksim.interventions import kinds
from parksim.people import NOT_WAITING, PERSON
from parksim.phases import (
    community,
    enterprises,
    hiring,
    interventions,
    measure,
    services,
    shocks,
    staying,
    travel,
    works,
)
from parksim.phases.clock import running
from parksim.phases.hiring import Seekers
from parksim.population import EDUCATION, HOUSEHOLDS, WAGE_BANDS, hire_margins
from parksim.scenario.categories import DAYPARTS, WEEKEND
from parksim.scenario.schema import MODES
from parksim.scenario.terms import TIERS
from parksim.table import Current, Rows, Table
from parksim.ties import Ties
from parksim.world.place import Place

if TYPE_CHECKING:
    from parksim.firms.digital import Hub
    from parksim.scenario.schema import Intervention, Layout, Population, Scenario

POST: dict[str, tuple[Any, Any]] = {
    **PERSON,
    "filled": (np.bool_, False),
    "firm": (np.int32, -1),
    "post": (np.uint32, 0),
    "fill": (np.uint32, 0),
    "unit": (np.int32, 0),
    "floor": (np.int16, 1),
    "since": (np.int32, 0),
    "mode": (np.int8, -1),
    "commute_min": (np.float32, 0),
    "km": (np.float32, 0),
    "kindergarten": (np.int16, -1),
    "school": (np.int16, -1),
    "after_school": (np.int16, -1),
    "kindergarten_wait": (np.int32, NOT_WAITING),
    "school_wait": (np.int32, NOT_WAITING),
    "after_school_wait": (np.int32, NOT_WAITING),
    "served": (np.float32, 1),
    "unserved": (np.float32, 0),
    "meetings": (np.float32, 0),
    "premium": (np.float32, 0),
}
HELD = (
    "mode",
    "commute_min",
    "km",
    "kindergarten",
    "school",
    "after_school",
    "kindergarten_wait",
    "school_wait",
    "after_school_wait",
    "served",
    "unserved",
    "meetings",
)
FIRM: dict[str, tuple[Any, Any]] = {
    "identity": (np.uint64, 0),
    "active": (np.bool_, False),
    "sector": (np.int16, 0),
    "building": (np.int32, -1),
    "anchor": (np.int16, -1),
    "born": (np.int32, 0),
    "size": (np.int32, 0),
    "posts_made": (np.uint32, 0),
    "runway": (np.float32, 0),
    "rent": (np.float32, 0),
    "rd_share": (np.float32, 0),
    "growth": (np.float32, 0),
    "shrank": (np.int32, -10_000),
    "exposure": (np.float32, 0),
    "digital": (np.float32, 0),
    "methods": (np.int32, 0),
    "tier": (np.int8, 0),
    "high_tech": (np.bool_, False),
    "listed": (np.bool_, False),
    "listing": (np.int8, 0),
    "parent": (np.uint64, 0),
    "spun": (np.uint32, 0),
}

EVENT_COLUMNS = ("month", "kind", "identity", "enterprise", "detail")
"""Columns of :meth:`ParkModel.event_table`."""

PHASES = (interventions, works, shocks, travel, services, community, staying, hiring, enterprises, measure)
"""The month, in order (model.md §3)."""

_OF_THE_LAYOUT = (
    "zone_codes",
    "tech_sector",
    "shift_share",
    "hires",
    "offices",
    "building_codes",
    "partners",
)
_NAMES_AND_TEXTS = {"name", "title", "title_zh", "summary", "summary_zh", "sources"}
_SNAPSHOTS_KEPT = 4  # as many towns as are usually linked, so that members of a family share their past
_snapshots: OrderedDict[tuple[str, int], bytes] = OrderedDict()


class ParkModel(AgentSeam):
    """One park with its people.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Two models with one seed have the same people, firms and luck under every layout of a family.

    Attributes
    ----------
    tick : int
        Months played since month 0.
    employees, enterprises, amenities : Current
        The tables: ``len()``, a numpy column by attribute, ``.to_pandas()``.
    measured : list of dict
        Indicators, one dictionary a month.
    hub : Hub or None
        What linked towns offer this one, set from outside between months; the park alone has none.
    """

    def __init__(self, scenario: Scenario, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.run_seed = int(seed)
        plain = scenario.plain
        key = (plain.content_hash, self.run_seed)
        if key in _snapshots:
            self.spec = plain
            self._restore(pickle.loads(_snapshots[key]))  # noqa: S301  (made by this process)
            self._lay_out(plain.layout)
        else:
            self._begin(plain)
            _snapshots[key] = pickle.dumps(self._state(), protocol=5)
            while len(_snapshots) > _SNAPSHOTS_KEPT:
                _snapshots.popitem(last=False)
        self._enter(scenario)

    # --- life of a model ------------------------------------------------------------------------

    def _begin(self, plain: Scenario) -> None:
        """Make the people of the plain park and let them live there until month 0."""
        self.spec = plain
        self.chance = Chance(self.run_seed)
        self.posts = Table(POST, plain.population.employees)
        self.firms = Table(FIRM, plain.enterprises.count)
        self.seekers = Seekers()
        self.ties = Ties()
        self.month = self.first_month = -plain.start.burn_in_months
        self.in_burn_in = True
        self.works: list[tuple[int, Intervention]] = []
        self.books: dict[str, list[float]] = {}
        self.events: list[tuple[int, str, Ids, Ids, npt.NDArray[Any]]] = []
        self.measured: list[dict[str, float]] = []
        self.memory = measure.Memory()
        self.firm_exits = self.firm_entries = self.turned_away = 0
        self.firm_life = FirmLife()
        self.support = SupportState()
        self.hub: Hub | None = None
        self.displaced = Displaced(FIRM)
        self.travel = travel.TravelState(np.empty(0))
        self.services = services.ServiceState(np.empty((0, 0)), np.empty((0, 0)))
        self.community = community.CommunityState()
        self.register = Register()
        self.council = Council()
        self.centre: staying.Centre | None = None
        self.shocks = shocks.ShockState()
        self.undisturbed = plain.layout
        self._lay_out(plain.layout)
        synthesis.found(self)
        for _ in range(plain.start.burn_in_months):
            self._play((travel, services, community, staying, hiring, enterprises))
            self.month += 1
        travel.play(self)
        services.play(self)
        measure.open_books(self)
        self.centre = staying.centre(self)
        self.events.clear()
        self.firm_exits = self.firm_entries = self.turned_away = 0

    def _enter(self, scenario: Scenario) -> None:
        """Branch off into the scenario's own layout at month 0."""
        self.spec = scenario
        self.in_burn_in = False
        self.month = self.tick = 0
        self.undisturbed = scenario.layout
        self._lay_out(scenario.layout)
        works.begin(self)
        travel.play(self)
        services.play(self)
        measure.begin(self)

    def step(self) -> None:
        """Play one month."""
        self.month += 1
        self._play(PHASES)
        self.tick = self.month

    def run(self, months: int) -> ParkModel:
        """Play some months and return the model."""
        with cores.playing():
            for _ in range(months):
                self.step()
        return self

    def go_on_as(self, scenario: Scenario) -> None:
        """Go on under another timetable that has been the same so far.

        Raises
        ------
        ParksimError
            If the scenario differs in anything but its name and the interventions still to come.
        """
        from parksim.errors import ParksimError  # noqa: PLC0415

        was, now = (
            [i for i in each.interventions if i.month <= self.month] for each in (self.spec, scenario)
        )
        apart = [
            name
            for name in type(scenario).model_fields
            if name not in _NAMES_AND_TEXTS
            and name != "interventions"
            and getattr(scenario, name) != getattr(self.spec, name)
        ]
        if was != now or apart:
            what = ", ".join(apart) or f"interventions up to month {self.month}"
            raise ParksimError(f"'{scenario.name}' cannot go on from '{self.spec.name}': {what} differ")
        self.spec = scenario

    def _play(self, phases: tuple[Any, ...]) -> None:
        clock = None if self.in_burn_in else running()
        for phase in phases:
            if clock is None:
                phase.play(self)
            else:
                clock.play(phase, self)
        self._agents_stale = True

    def _state(self) -> dict[str, Any]:
        """All that a month leaves behind, besides what follows from the scenario."""
        names = (
            "chance",
            "posts",
            "firms",
            "seekers",
            "ties",
            "month",
            "first_month",
            "in_burn_in",
            "works",
            "books",
            "events",
            "measured",
            "memory",
            "firm_exits",
            "firm_entries",
            "turned_away",
            "firm_life",
            "support",
            "hub",
            "displaced",
            "travel",
            "services",
            "community",
            "register",
            "council",
            "centre",
            "shocks",
            "undisturbed",
        )
        return {name: getattr(self, name) for name in names}

    def _restore(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "scenario": self.spec,
            "seed": self.run_seed,
            "tick": self.tick,
            "layout": self.layout,
            "steps": self.steps,
            "state": self._state(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__(seed=state["seed"])
        self.run_seed, self.tick = state["seed"], state["tick"]
        self.spec = state["scenario"]
        self.steps = state["steps"]
        self._restore(copy.deepcopy(state["state"]))
        self._lay_out(state["layout"])

    # --- the place ------------------------------------------------------------------------------

    def _lay_out(self, layout: Layout) -> None:
        """Make everything that follows from a layout; people keep their buildings and places, by name."""
        held = (
            {
                name: self._held_names(name)
                for name in ("kindergarten", "school", "after_school", "flat", "flat_wish")
            }
            if (hasattr(self, "place"))
            else {}
        )
        before = self.__dict__.get("place")
        self.layout = layout
        self.place = Place(self.spec, layout)
        for name in _OF_THE_LAYOUT:
            self.__dict__.pop(name, None)
        self._agents_stale = True
        self._grid = None
        if before is not None:
            moving.carry(self, before)
        index = {a.name: j for j, a in enumerate(layout.amenities)}
        for name, (rows, names) in held.items():
            getattr(self.posts, name)[rows] = [index.get(n, -1) for n in names]
        if held:  # whose flats are closed finds a home in the city
            rows = held["flat"][0]
            homeless = rows[self.posts.flat[rows] < 0]
            self.posts.moves[homeless] += 1
            homes.leave_flats(self, homeless)

    def _held_names(self, column: str) -> tuple[Rows, list[str]]:
        rows = np.flatnonzero(getattr(self.posts, column) >= 0)
        return rows, [self.layout.amenities[j].name for j in getattr(self.posts, column)[rows]]

    def change_layout(self, intervention: Intervention) -> None:
        """Apply an intervention to the layout; nothing else is open to it."""
        self.set_layout(kinds()[intervention.kind].apply(self.undisturbed, intervention))

    def set_layout(self, layout: Layout) -> None:
        """Go on in another layout, as planned: what shocks put out of use this month stays so."""
        self.undisturbed = layout
        self.lay_out_again()

    def lay_out_again(self) -> None:
        """Make the place what is planned, but for what a shock puts out of use this month."""
        self._lay_out(disturbed(self.undisturbed, self.shocks.impact))

    @cached_property
    def zone_codes(self) -> Ids:
        """Stable numbers of the home zones."""
        return zone_codes(self.spec)

    @property
    def home_utility(self) -> tuple[Floats, Floats]:
        """Utility of each zone for each building, for free and for tied households, at this month's times."""
        expected = self.travel.expected
        return (zone_utility(self.spec, expected, tied=False), zone_utility(self.spec, expected, tied=True))

    @cached_property
    def tech_sector(self) -> npt.NDArray[np.bool_]:
        """Which sectors search as long as technology firms do."""
        enterprises_ = self.spec.enterprises
        return np.array([s in enterprises_.tech_sectors for s in enterprises_.sectors])

    @cached_property
    def partners(self) -> Floats | None:
        """Which sectors are up- or downstream of which, [sector, sector]; None where none is."""
        return partners(self.spec.enterprises)

    @cached_property
    def offices(self) -> Offices:
        """The buildings as floor to let."""
        return Offices(self.spec, self.place)

    @cached_property
    def shift_share(self) -> Floats:
        """Share of rotating shifts in each sector."""
        population = self.spec.population
        return np.array(
            [
                population.rotating_by_sector.get(s, population.rotating_shift_share)
                for s in self.spec.enterprises.sectors
            ]
        )

    @cached_property
    def hires(self) -> Population:
        """Margins of those who are hired: younger than the stock, so that it does not grow old."""
        return hire_margins(self.spec.population, self.spec.parameters.staying)

    @property
    def home_days(self) -> Floats:
        """Days a week each firm lets its people work at home, [firm row]."""
        hybrid, firms = self.layout.hybrid, self.firms
        allowed = np.array([not hybrid.sectors or s in hybrid.sectors for s in self.spec.enterprises.sectors])
        agrees = self.chance.uniform("firm/hybrid", 0, firms.identity) < hybrid.share
        return np.asarray(np.where(allowed[firms.sector] & agrees, hybrid.days, 0.0))

    @cached_property
    def building_codes(self) -> Ids:
        """Stable numbers of the buildings, by name."""
        return np.array([name_code(b.name) for b in self.place.buildings], dtype=np.uint64)

    def presence(self, rows: Rows) -> Floats | None:
        """Return the share of working days on which the holders of posts come; None where all come always."""
        usual, away = self.usual_presence(rows), self.shocks.away
        if not away.size:
            return usual
        here = 1 - away[self.place.unit_building[self.posts.unit[rows]]]
        return np.asarray(here if usual is None else usual * here)

    def usual_presence(self, rows: Rows) -> Floats | None:
        """Return the same but for shocks: the days on which employers want people to come."""
        if self.layout.hybrid.days == 0:
            return None
        return np.asarray(1 - self.home_days[self.posts.firm[rows]] / 5)

    # --- firms and posts ------------------------------------------------------------------------

    def sector_index(self, sector: str) -> int:
        """Code of a sector."""
        return list(self.spec.enterprises.sectors).index(sector)

    def draw_sectors(self, ids: Ids) -> npt.NDArray[np.intp]:
        """Draw the sectors of firms from the scenario's shares."""
        shares = np.cumsum(list(self.spec.enterprises.sectors.values()))
        return pick(self.chance.uniform("firm/sector", 0, ids), shares / shares[-1])

    def open_posts(
        self, firms: Rows, count: npt.NDArray[np.integer], building: npt.NDArray[np.intp] | None = None
    ) -> None:
        """Open vacant posts, firm after firm, in these buildings; by default in each firm's own.

        Whether there is floor is the caller's business: see :func:`parksim.firms.offices.move_in`.
        """
        total = int(count.sum())
        if total == 0:
            return
        owner = np.repeat(firms, count)
        start = np.repeat(np.cumsum(count) - count, count)
        number = self.firms.posts_made[owner] + np.arange(total) - start
        identity = self.chance.identities("post", self.firms.identity[owner], number.astype(np.uint64))
        if building is None:
            building = self.firms.building[owner].astype(np.intp)
        storeys, anchor = self.offices.storeys[building], self.firms.anchor[owner]
        named = self.offices.anchor_floor[anchor]
        floor = 1 + np.floor(self.chance.uniform("post/floor", 0, identity) * storeys)
        floor = np.where(named, np.minimum(named, storeys), floor)
        unit = building.copy()  # the units of everybody come first, one a building
        for k in np.flatnonzero(anchor >= 0):
            unit[k] = self.place.unit_of.get((int(building[k]), int(anchor[k])), building[k])
        self.posts.add(total, firm=owner, post=number, unit=unit, floor=floor)
        self.firms.posts_made[firms] += count.astype(np.uint32)
        self.firms.size[firms] += count.astype(np.int32)

    def close_posts(self, rows: Rows, cause: int | npt.NDArray[np.int8]) -> None:
        """Close posts; whoever holds one leaves with this cause."""
        if rows.size == 0:
            return
        held = self.posts.filled[rows]
        self.leave(rows[held], np.broadcast_to(np.asarray(cause, dtype=np.int8), rows.shape)[held])
        self.posts.release(rows)

    # --- people ---------------------------------------------------------------------------------

    def seat(self, rows: Rows, people: dict[str, npt.NDArray[Any]]) -> None:
        """Put people on posts; columns that belong to the person come along, the rest as far as it is given."""
        for name, (_, fill) in PERSON.items():
            getattr(self.posts, name)[rows] = people.get(name, fill)
        for name in HELD:
            getattr(self.posts, name)[rows] = people.get(name, POST[name][1])

    def leave(self, rows: Rows, cause: npt.NDArray[np.int8]) -> None:
        """Let people leave their posts, which stay as vacancies; those still in the city may come back."""
        if rows.size == 0:
            return
        posts = self.posts
        stays = rows[~np.isin(cause, staying.GONE)]
        if stays.size:  # a flat of the park is for those who work there
            lodgers = stays[posts.flat[stays] >= 0]
            posts.moves[lodgers] += 1
            homes.leave_flats(self, lodgers)
        people = {name: getattr(posts, name)[stays].copy() for name in PERSON}
        people["flat_wish"][:] = -1
        self.seekers.add(people, self.month)
        self.vacate(rows, cause)

    def vacate(self, rows: Rows, cause: npt.NDArray[np.int8]) -> None:
        """Make posts vacant whose holders leave the employer; where these go is the caller's business."""
        if rows.size == 0:
            return
        posts = self.posts
        self.log("leave", posts.identity[rows], self.firms.identity[posts.firm[rows]], cause)
        self.memory.left(self, rows, cause)
        for name, (_, fill) in PERSON.items():
            getattr(posts, name)[rows] = fill
        for name in HELD:
            getattr(posts, name)[rows] = POST[name][1]
        posts.filled[rows] = False

    # --- records --------------------------------------------------------------------------------

    def building_names(self, building: npt.NDArray[np.integer]) -> npt.NDArray[np.object_]:
        """Names of buildings, which outlast the numbers they have in this layout."""
        return np.asarray(np.array([b.name for b in self.place.buildings], dtype=object)[building])

    def log(self, kind: str, people: Ids, firms: Ids, detail: npt.NDArray[Any]) -> None:
        """Write events of this month to the log."""
        if people.size:
            self.events.append((self.month, kind, people.copy(), firms.copy(), np.asarray(detail).copy()))

    def book(self, payer: str, once: float, yearly: float) -> None:
        """Book what an intervention costs now and every year from now on."""
        account = self.books.setdefault(payer, [0.0, 0.0])
        account[0] += once
        account[1] += yearly

    def event_table(self) -> pd.DataFrame:
        """Return the events as a DataFrame: ``month, kind, identity, enterprise, detail``.

        `detail` is the cause of leaving, the new home zone of a hire or a move, or the building entered.
        """
        zones = [z.name for z in self.spec.city.zones]
        frames = []
        for month, kind, people, firms, detail in self.events:
            if kind in ("leave", "firm_exit"):
                named = np.array(staying.CAUSES, dtype=object)[detail.astype(int)]
            elif detail.dtype == object:  # buildings by name: another layout may number them anew
                named = detail
            else:
                named = np.array([*zones, "flat"], dtype=object)[detail.astype(int)]
            frames.append(
                pd.DataFrame(
                    {"month": month, "kind": kind, "identity": people, "enterprise": firms, "detail": named}
                )
            )
        if not frames:
            return pd.DataFrame(columns=list(EVENT_COLUMNS))
        return pd.concat(frames, ignore_index=True)

    @property
    def employees(self) -> Current:
        """Everybody employed here now."""
        return Current(
            self.posts,
            "filled",
            {
                "mode": MODES,
                "wage_band": WAGE_BANDS,
                "household": HOUSEHOLDS,
                "education": EDUCATION,
                "zone": tuple(z.name for z in self.spec.city.zones),
            },
        )

    @property
    def enterprises(self) -> Current:
        """The active enterprises."""
        return Current(
            self.firms,
            "active",
            {
                "sector": tuple(self.spec.enterprises.sectors),
                "building": tuple(b.name for b in self.place.buildings),
                "tier": TIERS,
            },
        )

    @property
    def amenities(self) -> Current:
        """The places people use, with today's waits and loads."""
        return Current(self.place_table(), "open", {})

    @property
    def councils(self) -> Current:
        """The council, if there is one, in one row."""
        return Current(self.council_table(), "sits", {})

    def council_table(self) -> Table:
        """Return the council in one row, or no row where an administration runs the place."""
        table = Table(
            {
                "name": (object, ""),
                "sits": (np.bool_, True),
                "seats": (np.int64, 0),
                "taken": (np.int64, 0),
                "cash": (np.float64, 0),
                "cost_year": (np.float64, 0),
                "open_requests": (np.int64, 0),
                "agenda": (np.int64, 0),
                "identity": (np.uint64, 0),
            },
            1,
        )
        governance, waiting = self.layout.governance, self.register.open
        if governance.kind == "council":
            table.add(
                1,
                name=["council"],
                seats=governance.seats,
                taken=len(self.council.members),
                cash=self.council.cash,
                cost_year=self.council.yearly,
                open_requests=len(waiting),
                agenda=int(np.count_nonzero(waiting["level"] == len(governance.chain))),
                identity=name_code("council"),
            )
        return table

    def place_table(self) -> Table:
        """Return the amenities as a table, with visits and their mean wait on a working day."""
        amenities, state = self.layout.amenities, self.services
        table = Table(
            {
                "name": (object, ""),
                "category": (object, ""),
                "access": (object, ""),
                "open": (np.bool_, True),
                "capacity": (np.float64, 0),
                "price": (np.float64, 0),
                "wait_min": (np.float64, 0),
                "visits_day": (np.float64, 0),
                "identity": (np.uint64, 0),
            },
            max(len(amenities), 1),
        )
        known = state.wait.shape[1] == len(amenities) if state.wait.ndim == 2 else False
        working = np.arange(len(DAYPARTS)) != WEEKEND
        load = state.load[working] if known else np.zeros((1, len(amenities)))
        waited = (state.wait[working] * load).sum(axis=0) if known else np.zeros(len(amenities))
        wait = waited / np.maximum(load.sum(axis=0), 1e-9)
        table.add(
            len(amenities),
            name=[a.name for a in amenities],
            category=[a.category for a in amenities],
            access=[a.access for a in amenities],
            open=True,
            capacity=[a.capacity for a in amenities],
            price=[a.price for a in amenities],
            wait_min=wait,
            visits_day=load.sum(axis=0),
            identity=self.place.code,
        )
        return table
