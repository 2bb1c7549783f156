"""A plain-Mesa twin: an object for each agent and loops in Python, as in Mesa's tutorial.

Oracle and yardstick in one. The twin obeys the same rules about people and firms as the engine
(:class:`parksim.model.ParkModel`) and, with the same addressed draws, must tell the same events
(``tests/test_twin.py``). It shares no code with the engine's phases or with :mod:`parksim.chance`; with
:class:`TutorialDraws` it plays with Mesa's own random numbers.

What is true of a place and not of a person the twin takes from the engine, once a month, as numbers written
on a wall (:class:`Surroundings`): walking minutes, minutes by lift, journeys by zone and building with what
is lost in queues and expected times at equilibrium, shares of visits served and spent among others, detours
by way of a kindergarten. Besides it is given, once, what months are compared with: the reference person of
the hazard of quitting (:class:`Centre`), the first firms and the usual vacancy (:class:`Usual`). All that a
person or a firm does with them the twin works out on its own: mode choice, coverage, who is allotted a place,
who gets to know whom and what firms do together, requests, events, retiring, quitting and why, households,
buying and moving home, the waiting list for flats, ageing, who strangers are and the hiring of them and of
leavers who come back; rents, cash, growth and where floor is found for it, exit and entry of firms and those
that come out of others, who works near whom, and the ladder. Scenarios that renew
a block it refuses. So an engine and a twin played in lockstep tell the same events only where the engine's
vectors say what these loops say.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import blake2b
from itertools import accumulate, product
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING

import mesa

from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from parksim.model import ParkModel
    from parksim.scenario.organs import Bench, Governance, Level
    from parksim.scenario.parameters import StayingParameters
    from parksim.scenario.schema import Layout, Population, Scenario
    from parksim.scenario.shocks import Shock
    from parksim.scenario.support import Credit, Fund
    from parksim.world.grid import Building

MODES = ("walk", "bicycle", "ebike", "bus", "metro", "shuttle", "car")
WAGE_BANDS = ("low", "middle", "high")
HOUSEHOLDS = ("single", "couple", "kindergarten", "school")
EDUCATION = ("school", "college", "bachelor", "master")
GONE_FOR_GOOD = ("left_city", "retired")
ALLOTTED = ("kindergarten", "school", "after_school")
PAYERS = ("government", "operator", "employers", "users")
TIERS = ("micro", "innovative", "srdi", "little_giant", "champion")
ORDER = list(CATEGORIES)
NEVER = -10_000


# --- luck ----------------------------------------------------------------------------------------

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(x: int) -> int:
    """Finalise 64 bits as splitmix64 does (Steele, Lea, Flood 2014)."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


@cache
def code(name: str) -> int:
    """Return the 64 bits that stand for a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


class Draws:
    """Addressed luck, one number at a time, in Python's integers."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._keys: dict[tuple[str, int], int] = {}

    def _key(self, decision: str, month: int) -> int:
        address = (decision, month)
        if address not in self._keys:
            self._keys[address] = mix((mix(self.seed * GOLDEN + 1 & MASK) ^ code(decision)) + month & MASK)
        return self._keys[address]

    def uniform(self, decision: str, month: int, who: int, c: int = 0) -> float:
        """Draw from (0, 1)."""
        bits = mix(mix(who ^ self._key(decision, month)) + (c + 1) * GOLDEN & MASK)
        return ((bits >> 11) + 0.5) * 2.0**-53

    def pair(self, left: int, right: int) -> int:
        """Address two things together."""
        return mix(left * GOLDEN + right & MASK)

    def newborn(self, kind: str, *numbers: int) -> int:
        """Give whoever is born with these numbers an identity for life."""
        identity = self._key(f"identity/{kind}", 0)
        for number in numbers:
            identity = self.pair(identity, number)
        return identity

    def exponential(self, decision: str, month: int, who: int) -> float:
        """Draw a standard exponential number."""
        return -math.log(self.uniform(decision, month, who))

    def gumbel(self, decision: str, month: int, who: int, c: int = 0) -> float:
        """Draw a standard Gumbel number."""
        return -math.log(-math.log(self.uniform(decision, month, who, c)))

    def normal(self, decision: str, month: int, who: int) -> float:
        """Draw a standard normal number."""
        return NormalDist().inv_cdf(self.uniform(decision, month, who))


class TutorialDraws(Draws):
    """What the tutorial does: ask the model's one stream of random numbers whatever the question is."""

    def __init__(self, random: Random) -> None:
        super().__init__(0)
        self.random = random

    def uniform(self, decision: str, month: int, who: int, c: int = 0) -> float:  # noqa: ARG002
        """Draw the next number of the stream."""
        return self.random.random() or 2.0**-53

    def pair(self, left: int, right: int) -> int:  # noqa: ARG002
        """Address nothing."""
        return right

    def newborn(self, kind: str, *numbers: int) -> int:  # noqa: ARG002
        """Give an identity nobody has."""
        return self.random.getrandbits(64)

    def normal(self, decision: str, month: int, who: int) -> float:  # noqa: ARG002
        """Draw a standard normal number."""
        return self.random.gauss(0.0, 1.0)


# --- arithmetic that must be the same to the bit -------------------------------------------------


def hundredth(minutes: float) -> float:
    """Round to 0.01 min as an engineer's table does: scale, round half to even, scale back."""
    return round(minutes * 100) / 100


def band(value: float, bounds: tuple[float, ...], values: tuple[float, ...]) -> float:
    """Return the value of the first band whose upper bound is above, the last one beyond all bounds."""
    return next((v for bound, v in zip(bounds, values, strict=False) if value < bound), values[-1])


def class_of(u: float, shares: Iterable[float]) -> int:
    """Return the class a uniform number falls in."""
    edges = list(accumulate(shares))
    return next((k for k, edge in enumerate(edges) if u < edge / edges[-1]), len(edges) - 1)


# --- who people are ------------------------------------------------------------------------------

# How likely the classes of one margin are beside those of another, relative to each other; by age in years.
HOUSEHOLD_AT = {
    22: {"single": 8, "couple": 2, "kindergarten": 0.3, "school": 0.05},
    30: {"single": 4, "couple": 3.5, "kindergarten": 2, "school": 0.6},
    40: {"single": 1, "couple": 1.5, "kindergarten": 1.5, "school": 4},
    53: {"single": 0.8, "couple": 4, "kindergarten": 0.1, "school": 1},
}
EDUCATION_AT = {
    22: {"school": 1, "college": 1.2, "bachelor": 1, "master": 0.5},
    30: {"school": 0.7, "college": 1, "bachelor": 1.2, "master": 1.2},
    40: {"school": 1, "college": 1, "bachelor": 1, "master": 1},
    53: {"school": 2.5, "college": 1.2, "bachelor": 0.6, "master": 0.4},
}
WAGE_AT = {
    22: {"low": 2, "middle": 1, "high": 0.2},
    30: {"low": 1, "middle": 1.2, "high": 0.9},
    40: {"low": 0.7, "middle": 1, "high": 1.5},
    53: {"low": 0.9, "middle": 1, "high": 1.3},
}
WAGE_OF = {
    "school": {"low": 6, "middle": 3, "high": 0.5},
    "college": {"low": 4, "middle": 4, "high": 1},
    "bachelor": {"low": 2, "middle": 4.5, "high": 2.5},
    "master": {"low": 0.7, "middle": 4, "high": 5},
}

Cell = tuple[str, str, str, str]


def years(ages: str) -> tuple[float, float]:
    """Return the first and the last year of an age band."""
    first, last = ages.split("-")
    return float(first), float(last)


def hired_ages(people: Population, p: StayingParameters) -> dict[str, float]:
    """Return the ages of those who are hired: who quits and grows out, less who grows in from below."""
    wanted, grow_in = {}, 0.0
    for ages, share in people.age.items():
        first, last = years(ages)
        by_age = (p.age_under_25, p.age_25_34, p.age_35_44, p.age_45)
        quits = share * 12 * p.quit_monthly * band((first + last) / 2, (25, 35, 45), by_age)
        grow_out = share / (last + 1 - first)
        wanted[ages] = max(quits + grow_out - grow_in, 0.0)
        grow_in = grow_out
    return wanted


def fitted(people: Population, ages: dict[str, float]) -> dict[Cell, float]:
    """Spread people over (age, education, wage, household) until each margin is met, one after another."""
    margins = (
        ages,
        {e: people.education.get(e, 0.0) for e in EDUCATION},
        {w: people.wage_band.get(w, 0.0) for w in WAGE_BANDS},
        {h: people.household.get(h, 0.0) for h in HOUSEHOLDS},
    )
    cells: dict[Cell, float] = {}
    for a, e, w, h in product(*margins):
        middle = sum(years(a)) / 2
        at = min(HOUSEHOLD_AT, key=lambda known, age=middle: abs(known - age))
        cells[a, e, w, h] = EDUCATION_AT[at][e] * WAGE_AT[at][w] * WAGE_OF[e][w] * HOUSEHOLD_AT[at][h]

    def margin_of(k: int) -> dict[str, float]:
        total = dict.fromkeys(margins[k], 0.0)
        for cell, share in cells.items():
            total[cell[k]] += share
        return total

    for _ in range(1000):
        for k, margin in enumerate(margins):
            now, whole = margin_of(k), math.fsum(margin.values())
            for cell in cells:
                is_now = now[cell[k]]
                cells[cell] *= margin[cell[k]] / whole / is_now if is_now > 0 else 0.0
        if all(
            abs(now - margin[name] / math.fsum(margin.values())) < 1e-10
            for k, margin in enumerate(margins)
            for name, now in margin_of(k).items()
        ):
            break
    return cells


# --- what is written on the wall -----------------------------------------------------------------


@dataclass(frozen=True)
class Surroundings:
    """What is true of places in a month, as plain lists; the outermost index is named first."""

    layout: Layout
    governance: Governance
    buildings: tuple[Building, ...]
    unit_of: dict[tuple[int, int], int]  # (building, anchor) to unit
    floor_min: list[float]  # building
    up: list[list[float]]  # building, floor - 1
    between: list[list[float]]  # building, building
    walk: list[list[float]]  # unit, amenity
    usable: list[list[bool]]  # unit, amenity
    owns: list[list[bool]]  # unit, amenity
    opens: list[bool]  # amenity
    home_building: list[int]  # amenity
    detour: list[list[float]]  # building, amenity
    fixed: list[list[list[float]]]  # mode, zone, building
    stretch: list[list[list[float]]]  # mode, zone, building
    cost: list[list[float]]  # mode, zone
    km: list[float]  # zone
    parking: list[list[float]]  # zone, building
    expected: list[list[float]]  # zone, building
    served: list[list[float]]  # unit, category
    served_rotating: list[list[float]]  # unit, category
    served_weekend: list[list[float]]  # unit, category
    met: list[list[float]]  # unit, category
    met_at: list[list[float]]  # unit, amenity
    away: list[float]  # building

    @classmethod
    def of(cls, model: ParkModel) -> Surroundings:
        """Read them off a model that has played the month."""
        place, ways = model.place, model.place.journeys
        return cls(
            layout=model.layout,
            governance=model.layout.governance,
            buildings=place.buildings,
            unit_of=dict(place.unit_of),
            floor_min=place.floor_min.tolist(),
            up=model.travel.up[:, 1:].tolist(),
            between=place.between.tolist(),
            walk=place.walk.tolist(),
            usable=place.usable.tolist(),
            owns=place.owns.tolist(),
            opens=(place.open_hours.sum(axis=0) > 0).tolist(),
            home_building=[
                place.amenity_place(a) if a.category == "flats" and a.outside is None else -1
                for a in place.amenities
            ],
            detour=place.school_detour.tolist(),
            fixed=(ways.fixed + model.travel.lost).tolist(),
            stretch=ways.stretch.tolist(),
            cost=ways.cost.tolist(),
            km=ways.km.tolist(),
            parking=model.travel.parking.tolist(),
            expected=model.travel.expected.tolist(),
            served=model.services.served.tolist(),
            served_rotating=model.services.served_rotating.tolist(),
            served_weekend=model.services.served_weekend.tolist(),
            met=model.services.met.tolist(),
            met_at=model.services.met_at.tolist(),
            away=model.shocks.away.tolist() or [0.0] * len(place.buildings),
        )


def days_to_answer(governance: Governance, nobody: float) -> float:
    """Return the mean days until somebody answers a report: up the chain, else at the channels one knows."""
    chain = [level for level in governance.chain if level.capacity_month > 0]
    if chain:
        climbing = list(accumulate((1 - level.solves for level in chain), lambda a, b: a * b, initial=1.0))
        return math.fsum(share * level.delay_days for share, level in zip(climbing, chain, strict=False))
    days = known = 0.0
    for channel in governance.channels:
        if channel.capacity_month > 0:
            here = (1 - known) * channel.awareness
            days, known = days + here * channel.delay_days, known + here
    return days / known if known else nobody


# --- agents --------------------------------------------------------------------------------------


@dataclass(eq=False)
class Post:
    """A post of a firm; `holder` is None while it is vacant."""

    firm: Enterprise
    number: int
    building: int
    unit: int
    floor: int
    fill: int = 0
    holder: Employee | None = None


@dataclass(eq=False)
class Request:
    """What somebody asks for; `level` counts from the lowest, and is the number of levels on the agenda."""

    author: Employee
    post: Post
    category: str
    asked: int
    level: int
    days: float = 0.0
    supply: float = 0.0

    @property
    def address(self) -> int:
        """Who asks for what."""
        return self.author.model.luck.pair(self.author.identity, code(self.category))

    def luck(self, decision: str) -> float:
        """Draw the request's number for a decision of this month."""
        return self.author.model.luck.uniform(decision, self.author.model.month, self.address)


@dataclass(eq=False)
class Seat:
    """A seat of the committee that is taken, and the post a member of the employees' side had when elected."""

    bench: int
    member: Employee | Enterprise
    post: Post | None
    votes: int


class Amenity(mesa.Agent):
    """A place people use; `index` is its place in this month's lists."""

    def __init__(self, model: Twin, index: int) -> None:
        super().__init__(model)
        self.index = index
        self.plan = model.around.layout.amenities[index]
        self.name, self.category = self.plan.name, self.plan.category

    def minutes_from(self, unit: int) -> float:
        """Return the walk from a unit's desks, infinite for those who may not come in."""
        around = self.model.around
        return around.walk[unit][self.index] if around.usable[unit][self.index] else math.inf

    def admits_first(self, person: Employee) -> tuple[bool, int, float, float]:
        """Order people for a place: the owner's staff, then by the rule of the place, then by lot."""
        rule = self.plan.priority
        poor = WAGE_BANDS.index(person.wage_band) if rule == "low_wage" else 0
        since = person.waits.get(self.category, -math.inf) if rule != "lottery" else 0.0
        stranger = not self.model.around.owns[person.post.unit][self.index]
        return stranger, poor, since, person.luck(f"allot/{self.name}")

    def takes_in(self) -> bool:
        """Say whether free places are given away: on opening, in September, or always."""
        model = self.model
        rule = self.plan.intake or ("anytime" if self.category == "after_school" else "yearly")
        september = (model.scenario.start.calendar_month + model.month) % 12 == 10
        return rule == "anytime" or self.name not in model.places_known or september

    def tenants(self) -> list[Employee]:
        """Everybody who holds one of the places."""
        return [e for e in self.model.employees if e.place.get(self.category) == self.name]

    def take_back(self) -> None:
        """Take places back from those who may not come any more, and those that there are no longer."""
        held = self.tenants()
        lost = [e for e in held if self.minutes_from(e.post.unit) == math.inf]
        kept = sorted((e for e in held if e not in lost), key=self.admits_first)
        for person in lost + kept[int(self.plan.capacity) :]:
            del person.place[self.category]

    def give_places(self, asking: list[Employee]) -> None:
        """Give the free places to those who ask."""
        free = int(self.plan.capacity) - len(self.tenants())
        for winner in sorted(asking, key=self.admits_first)[: max(free, 0)]:
            winner.place[self.category] = self.name

    def may_rent(self, person: Employee) -> bool:
        """Say whether a flat here would be let to the person."""
        bands, oldest = self.plan.wage_bands, self.plan.max_age
        return (not bands or person.wage_band in bands) and (oldest is None or person.age <= oldest)

    def let_flats(self) -> None:
        """Let the free flats to those who wait for one, the longest first, then by lottery."""
        model = self.model
        taken = sum(e.flat == self.name for e in model.employees)
        free = int(self.plan.capacity - self.plan.outsiders) - taken
        waiting = [e for e in model.employees if e.wish == self.name]
        waiting.sort(key=lambda e: (e.wish_since, e.luck(f"flat/{self.name}")))
        for winner in waiting[: max(free, 0)]:
            winner.flat, winner.wish = self.name, None
            if winner.wish_since < model.month:
                winner.moves += 1
                model.tell("move_home", winner.identity, winner.post.firm.identity, "flat")


class Employee(mesa.Agent):
    """A person."""

    def __init__(self, model: Twin, identity: int, **state: object) -> None:
        super().__init__(model)
        self.identity = identity
        self.post: Post | None = None
        self.since = self.left = 0
        self.flat: str | None = None
        self.wish: str | None = None
        self.wish_since = 0
        self.moves = self.ties = 0
        self.friends: dict[int, Employee] = {}
        self.took_part = NEVER
        self.forget_month()
        for name, value in state.items():
            setattr(self, name, value)

    def luck(self, decision: str) -> float:
        """Draw the person's number for a decision of this month."""
        return self.model.luck.uniform(decision, self.model.month, self.identity)

    @classmethod
    def born(cls, model: Twin, identity: int) -> Employee:
        """Synthesise somebody who is hired from the identity."""
        people = model.scenario.population

        def u(what: str) -> float:
            return model.luck.uniform(f"person/{what}", 0, identity)

        cell = class_of(u("cell"), model.hired.values())
        ages, education, wage, household = list(model.hired)[cell]
        first, last = years(ages)
        person = cls(
            model,
            identity,
            age=first + u("age") * (last + 1 - first),
            wage_band=wage,
            education=education,
            household=household,
            owner=u("owner") < people.owner_share,
            tied=u("tied") < people.tied_share,
            car=u("car") < people.car_share.get(wage, 0.0),
            ebike=u("ebike") < people.ebike_share.get(wage, 0.0),
            trust=model.rules.community.trust_start,
        )
        person.find_needs()
        return person

    def find_needs(self) -> None:
        """Find out what one needs in one's household."""
        luck, needs = self.model.luck, self.model.scenario.needs
        who = {
            "everyone": True,
            "kindergarten_child": self.household == "kindergarten",
            "school_child": self.household == "school",
        }
        wants = set()
        for name, category in CATEGORIES.items():
            own = needs.get(name)
            share = category.share if own is None or own.share is None else own.share
            if who[category.needed_by] and luck.uniform(f"person/need/{name}", 0, self.identity) < share:
                wants.add(name)
        self.needs = frozenset(wants)

    def forget_month(self) -> None:
        """Start afresh in what belongs to a post and not to the person."""
        self.mode: str | None = None
        self.commute_min = self.km = 0.0
        self.place: dict[str, str] = {}
        self.waits: dict[str, int] = {}
        self.served, self.unserved, self.meetings = 1.0, 0.0, 0.0

    # --- home ---

    @property
    def move_address(self) -> int:
        """The address of the last move."""
        return self.model.luck.pair(self.identity, self.moves)

    def choose_zone(self, building: int) -> float:
        """Choose a home zone for work in a building, and return how good it is."""
        model, home = self.model, self.model.rules.home
        total = math.fsum(z.weight for z in model.scenario.city.zones)
        slope = home.deterrence_tied if self.tied else home.deterrence_free
        best = -math.inf
        for index, zone in enumerate(model.scenario.city.zones):
            if zone.weight <= 0:
                continue
            value = math.log(zone.weight / total)
            value += slope * model.around.expected[index][building]
            value += model.luck.gumbel("home/zone", code(zone.name) % 2**32, self.move_address)
            if value > best:
                best, self.zone = value, index
        return best

    def settle(self) -> None:
        """Choose a home in the city; who would rather have a flat of the park waits for one there."""
        model, p = self.model, self.model.rules.home
        best = self.choose_zone(self.post.building)
        self.flat = self.wish = None
        z = model.luck.normal("home/spread", 0, self.move_address)
        self.spread = math.exp(p.distance_spread * z - p.distance_spread**2 / 2)
        for flats in model.flats:
            value = self.value_of(flats)
            if value > best and flats.may_rent(self):
                best, self.wish, self.wish_since = value, flats.name, model.month

    def value_of(self, flats: Amenity) -> float:
        """Return how good a flat would be."""
        model, p = self.model, self.model.rules.home
        slope = p.deterrence_tied if self.tied else p.deterrence_free
        zones = model.scenario.city.zones
        usual = math.fsum(z.rent * z.weight for z in zones) / math.fsum(z.weight for z in zones)
        value = math.log(p.flat_weight) + p.rent_weight * (flats.plan.price - usual) / 1000
        value += slope * flats.minutes_from(self.post.unit)
        return value + model.luck.gumbel("home/flat", code(flats.name) % 2**32, self.move_address)

    # --- travel ---

    def travel(self) -> None:
        """Go to work."""
        if self.flat is not None:
            self.walk_to_work()
            return
        model, post, p = self.model, self.post, self.model.rules.travel
        around, luck = model.around, model.luck
        self.km = around.km[self.zone] * self.spread
        if self.luck("mode/whose errors") < p.monthly_part:
            occasion = luck.pair(self.identity, model.month)
        else:
            occasion = luck.pair(self.move_address, post.firm.identity)
        allowed = {
            "walk": self.km <= p.walk_range_km,
            "bicycle": self.km <= p.bicycle_range_km,
            "ebike": self.km <= p.ebike_range_km and self.ebike,
            "car": self.car,
        }
        up = around.up[post.building][post.floor - 1] + self.school_run()
        best, self.mode = -math.inf, None
        for m, mode in enumerate(MODES):
            minutes = around.fixed[m][self.zone][post.building]
            minutes += self.spread * around.stretch[m][self.zone][post.building]
            minutes += up
            if not allowed.get(mode, True) or math.isinf(minutes):
                continue
            minutes = hundredth(minutes)
            value = getattr(p, f"asc_{mode}") + p.time_weight * minutes
            price = p.cost_weight * around.cost[m][self.zone]
            if mode == "car":
                price += p.cost_weight * around.parking[self.zone][post.building]
            value += price
            value += luck.gumbel("mode", 0, occasion, m)
            if value > best:
                best, self.mode, self.commute_min = value, mode, minutes
        if self.mode is None:
            self.mode, self.commute_min = "bicycle", self.km / p.bicycle_kmh * 60 + up

    def school_run(self) -> float:
        """Return the minutes it takes to bring a child to kindergarten or school on the way."""
        p, minutes = self.model.rules.travel, 0.0
        for kind in ("kindergarten", "school"):
            if kind in self.needs:
                held = self.place.get(kind)
                detour = (
                    p.school_run_min
                    if held is None
                    else self.model.around.detour[self.post.building][self.model.places[held].index]
                )
                minutes += detour + p.drop_off_min
        return minutes

    def walk_to_work(self) -> None:
        """Walk from a flat of the park to the desk."""
        around, post = self.model.around, self.post
        minutes = around.walk[post.unit][self.model.places[self.flat].index] - around.floor_min[post.building]
        self.mode, self.commute_min = "walk", hundredth(minutes + around.up[post.building][post.floor - 1])
        self.km = self.commute_min * 0.075

    # --- services and community ---

    def nearest(self, category: str) -> list[Amenity]:
        """Return the places of a category one may use and would walk to, the nearest first."""
        reach, unit = self.model.rules.services.reach_min, self.post.unit
        near = [a for a in self.model.amenities if a.category == category and a.minutes_from(unit) <= reach]
        return sorted(near, key=lambda a: a.minutes_from(unit))

    def use_services(self) -> None:
        """Go where one needs to, on some days off from the flat, and remember what came of it."""
        around, unit = self.model.around, self.post.unit
        works = around.served_rotating if self.rotating else around.served
        wanted = got = self.meetings = 0.0
        there = (1 - self.post.firm.home_days / 5) * (1 - around.away[self.post.building])
        for name in self.needs:
            visits, c = self.model.visits[name] * there, ORDER.index(name)
            self.meetings += visits * around.met[unit][c] * CATEGORIES[name].social
            if not CATEGORIES[name].allotted:
                days_off = 0.0 if self.flat is None else CATEGORIES[name].weekend
                wanted += visits
                got += visits * (1 - days_off) * works[unit][c]
                if days_off:
                    got += visits * days_off * around.served_weekend[self.home_unit][c]
        self.unserved = wanted - got
        self.served = got / wanted if wanted > 0 else 1.0

    @property
    def home_unit(self) -> int:
        """The unit of the building one's flat is in; the desk's where flats stand outside buildings."""
        around = self.model.around
        home = around.home_building[self.model.places[self.flat].index]
        return around.unit_of[home, -1] if 0 <= home < len(around.buildings) else self.post.unit

    # --- acquaintances ---

    def pair_with(self, other: Employee) -> int:
        """The address of the two together, whoever of them asks."""
        return self.model.luck.pair(*sorted((self.identity, other.identity)))

    def befriend(self, other: Employee) -> None:
        """Get to know somebody."""
        self.friends[other.identity] = other
        other.friends[self.identity] = self

    def lose(self, other: Employee) -> None:
        """Lose sight of somebody."""
        del self.friends[other.identity]
        del other.friends[self.identity]

    def takes_to(self, guests: list[Employee], occasion: str) -> Employee | None:
        """Return the one of other firms whom one takes to."""
        luck, month = self.model.luck, self.model.month
        strangers = [e for e in guests if e.post.firm is not self.post.firm]
        return min(
            strangers,
            key=lambda e: luck.uniform(f"tie/{occasion}", month, luck.pair(self.identity, e.identity)),
            default=None,
        )

    def table_at(self, tables: int) -> int:
        """Return the table one sits down at this month."""
        return self.model.luck.pair(self.identity, self.model.month) % tables

    def goes_to_place(self) -> tuple[str, int] | None:
        """Go somewhere to meet people, or not: the place, and the table there."""
        model = self.model
        if self.luck("tie/open") >= 1 - math.exp(-self.meetings / 2):
            return None
        first, chosen = math.inf, model.amenities[0]
        for amenity in model.amenities:
            name, there = amenity.category, model.around.met_at[self.post.unit][amenity.index]
            rate = there * model.visits[name] * CATEGORIES[name].social
            if name in self.needs and rate > 0:
                pair = model.luck.pair(self.identity, code(amenity.name) % 2**32)
                at = model.luck.exponential("tie/where", model.month, pair) / rate
                if at < first:
                    first, chosen = at, amenity
        return chosen.name, self.table_at(max(1, round(chosen.plan.capacity / 100)))

    def lingers_on_floor(self) -> tuple[int, int] | None:
        """Linger on the own floor, or not."""
        if self.luck("tie/floor/open") >= 1 - math.exp(-self.model.rules.community.floor_tie / 2):
            return None
        return self.post.building, self.post.floor

    def stays_after_event(self) -> int | None:
        """Stay on after last month's event, or not: the table."""
        stays = self.luck("event/tie") < self.model.rules.community.event_tie / 2
        return self.table_at(16) if stays and self.took_part == self.model.month - 1 else None

    def stays_after_meeting(self) -> str | None:
        """Stay on after the committee's meeting, or not."""
        model = self.model
        sits = any(seat.member is self and seat.post is self.post for seat in model.committee)
        meets = model.month % model.around.governance.meets_months == 0
        stays = sits and meets and self.luck("committee/tie") < model.rules.community.committee_tie / 2
        return "committee" if stays else None

    # --- voice ---

    def too_far(self, category: str) -> bool:
        """Say whether no place of a category is within its circle's minutes of the desk, nor of a flat of the park."""
        promised = self.model.promised(category)
        from_desk = self.model.nearest_from(self.post.unit, category) > promised
        return from_desk and (
            self.flat is None or self.model.nearest_from(self.home_unit, category) > promised
        )

    def walks_far(self, category: str) -> float:
        """Return the visits a month to a category that has no place near."""
        if CATEGORIES[category].allotted or not self.too_far(category):
            return 0.0
        served = self.model.around.served[self.post.unit][ORDER.index(category)]
        return self.model.visits[category] * served

    def goes_without(self, category: str) -> float:
        """Return the visits a month missed for want of an allotted place."""
        without = category in ALLOTTED and category not in self.place
        return self.model.visits[category] if without else 0.0

    def ask(self) -> None:
        """Make a request: to the lowest level of the chain one knows, or else to the first channel."""
        model, p = self.model, self.model.rules.community
        missed = max(self.unserved, 0.0) + sum(self.goes_without(name) for name in self.needs)
        walked = sum(self.walks_far(name) for name in self.needs) * (1 - self.post.firm.home_days / 5)
        reason = p.request_per_unserved * missed + p.request_per_long_walk * walked
        if self.luck("request") >= 1 - math.exp(-reason):
            return
        for k, level in enumerate(model.around.governance.chain):
            if self.knows(level.name, level.awareness):
                model.write_down(Request(self, self.post, self.matter(), model.month, k))
                return
        for channel in model.around.governance.channels:
            if self.knows(channel.name, channel.awareness):
                model.queues[channel.name].append(self)
                return
        model.unheard.append(self)

    def knows(self, name: str, awareness: float) -> bool:
        """Say whether one knows whom to ask, for good."""
        return self.model.luck.uniform(f"request/{name}/known", 0, self.identity) < awareness

    def matter(self) -> str:
        """Choose what the request is about."""
        model, p = self.model, self.model.rules.community
        works = model.around.served_rotating if self.rotating else model.around.served
        weight = {}
        for name in self.needs:
            missed = self.goes_without(name)
            if not CATEGORIES[name].allotted:
                missed = model.visits[name] * (1 - works[self.post.unit][ORDER.index(name)])
            weight[name] = p.request_per_unserved * missed + p.request_per_long_walk * self.walks_far(name)
        if not any(w > 0 for w in weight.values()):
            weight = dict.fromkeys(self.needs, 1.0)

        def race(name: str) -> float:
            pair = model.luck.pair(self.identity, code(name))
            return model.luck.exponential("request/category", model.month, pair) / weight[name]

        return min((name for name, w in weight.items() if w > 0), key=race)

    @property
    def engaged(self) -> float:
        """1 if one took part in the last year."""
        return float(self.took_part > self.model.month - 12)

    @property
    def building(self) -> int:
        """Where one works."""
        return self.post.building

    def is_acquainted_with(self, other: Employee) -> bool:
        """Say whether one knows somebody."""
        return other.identity in self.friends

    def may_stand(self, bench: Bench) -> bool:
        """Say whether one may stand for a seat."""
        return (
            (not bench.wage_bands or self.wage_band in bench.wage_bands)
            and (not bench.education or self.education in bench.education)
            and (bench.max_age is None or self.age <= bench.max_age)
        )

    def trust_more(self, by: float) -> None:
        """Trust the place more, or less."""
        self.trust = min(max(self.trust + by, 0.0), 1.0)

    def go_to_event(self) -> None:
        """Come to this month's event, or not."""
        if self.luck("event") < min(2 * self.model.event_rate * self.trust, 1.0):
            self.took_part = self.model.month

    # --- staying ---

    def retire(self) -> None:
        """Retire at the age for it."""
        if self.age >= self.model.rules.staying.retirement_age:
            self.leave("retired")

    def consider_quitting(self) -> None:
        """Quit, or not."""
        model, p, firm = self.model, self.model.rules.staying, self.post.firm
        tenure = model.month - self.since
        by_tenure = band(tenure, (6, 12, 36), (p.tenure_0_6, p.tenure_7_12, p.tenure_13_36, p.tenure_37))
        by_age = band(self.age, (25, 35, 45), (p.age_under_25, p.age_25_34, p.age_35_44, p.age_45))
        on_the_way = self.commute_min * (1 - firm.home_days / 5)
        commute = p.commute_per_10min ** ((on_the_way - model.centre.commute_min) / 10)
        services = max(1 + p.services * (self.served - model.centre.served), 0.0)
        # the chance that an offer beats one's wage, twice which is 1 for the average wage
        better = math.erfc(self.premium / math.sqrt(2))
        wage = 1 - p.wage_share + p.wage_share * model.offers * better
        employer = p.firm_shrinking if model.month - firm.shrank <= 12 else 1.0
        hazard = model.centre.scale * by_tenure * by_age * commute * services * wage * employer
        hazard *= p.tie ** min(self.ties, p.ties_counted) * (1.0 if self.flat is None else p.park_home)
        hazard *= p.hybrid_trial if firm.home_days else 1.0
        if self.luck("quit") >= min(hazard, 0.95):
            return
        if self.luck("quit/left city") < p.left_city_share:
            self.leave("left_city")
            return
        weights = {
            "commute": max(commute - 1, 0),
            "services": max(services - 1, 0),
            "wage": max(wage - (1 - p.wage_share), 0),
            "employer": max(employer - 1, 0),
            "other": max(1 - p.wage_share, 1e-12),
        }
        cause = list(weights)[class_of(self.luck("quit/cause"), weights.values())]
        seek = model.rules.hiring.seek_on_job
        in_view = {"wage": model.offers_inside / model.offers, "employer": seek, "other": seek}
        if self.luck("quit/looks in the park") < in_view.get(cause, 0.0):
            model.going[self] = cause
        else:
            self.leave(cause)

    def quit_post(self, cause: str) -> None:
        """Go from the post, wherever to."""
        self.model.tell("leave", self.identity, self.post.firm.identity, cause)
        self.post.holder = None

    def leave(self, cause: str) -> None:
        """Leave the post and the park; those who stay in the city may come back."""
        model, post = self.model, self.post
        self.quit_post(cause)
        for friend in list(self.friends.values()):
            self.lose(friend)
        self.post = self.wish = None
        self.forget_month()
        self.remove()
        if cause in GONE_FOR_GOOD:
            return
        if self.flat is not None:
            self.flat = None
            self.moves += 1
            self.choose_zone(post.building)
        self.left = model.month
        model.seekers.append(self)

    # --- home life ---

    def live(self) -> None:
        """Find a partner, have a child, see it grow up; buy a home."""
        p, was, young = self.model.rules.home, self.household, self.age < 40
        yearly, then = {
            "single": (p.form_couple_year if young else 0.0, "couple"),
            "couple": (p.first_child_year if young else 0.0, "kindergarten"),
            "kindergarten": (p.child_grows_year, "school"),
            "school": (p.child_leaves_year, "couple"),
        }[was]
        if self.luck("household") < yearly / 12:
            self.household = then
            self.find_needs()
            self.model.households_changed += 1
            if then != "kindergarten":
                self.place.pop("kindergarten", None)
            if then != "school":
                self.place.pop("school", None)
                self.place.pop("after_school", None)
        may_buy = not self.owner and was != "single" and self.flat is None
        if may_buy and self.luck("household/buys") < p.buy_home_year / 12:
            self.owner = True

    def consider_moving(self) -> None:
        """Move home, or not; flats of the park are let afterwards."""
        model, p = self.model, self.model.rules.home
        yearly = p.owner_moves_year if self.owner else p.tenant_moves_year
        rate = yearly / 12 * p.move_per_10min ** ((self.commute_min - model.centre.commute_min) / 10)
        if self.luck("move home") >= 1 - math.exp(-rate):
            return
        self.moves += 1
        self.settle()
        model.movers.append(self)

    @property
    def home(self) -> str:
        """Where one lives: a zone of the city, or a flat of the park."""
        return self.model.scenario.city.zones[self.zone].name if self.flat is None else "flat"

    def move(self) -> None:
        """Move in."""
        self.model.tell("move_home", self.identity, self.post.firm.identity, self.home)

    def grow_older(self) -> None:
        """Age by a month."""
        self.age += 1 / 12

    # --- hiring ---

    def race(self, vacancy: int) -> float:
        """Return when the application for a vacancy would be written: the first one is sent."""
        pair = self.model.luck.pair(self.identity, vacancy)
        return self.model.luck.exponential("apply/which", self.model.month, pair)

    def pay_at(self, firm: Enterprise) -> float:
        """What a firm would pay, in standard deviations over the pay of like people."""
        return self.model.luck.normal("wage", 0, self.model.luck.pair(self.identity, firm.identity))

    def would_move_to(self, post: Post) -> bool:
        """Say whether one would go there from one's present post, which one leaves."""
        better = self.model.going[self] != "wage" or self.pay_at(post.firm) > self.premium
        return better and post.firm is not self.post.firm

    def move_to(self, post: Post) -> None:
        """Go to another firm of the park: home, friends and the children's places stay."""
        self.take(post)
        self.mode = None
        self.commute_min = self.km = 0.0
        self.served, self.unserved, self.meetings = 1.0, 0.0, 0.0
        places = self.model.places
        if self.wish is not None and places[self.wish].minutes_from(post.unit) == math.inf:
            self.wish = None
        if self.flat is not None and places[self.flat].minutes_from(post.unit) == math.inf:
            self.flat = None
            self.moves += 1
            self.choose_zone(post.building)

    def take(self, post: Post) -> None:
        """Take a post, its shift and its wage."""
        luck, people, firm = self.model.luck, self.model.scenario.population, post.firm
        self.post, post.holder = post, self
        self.since = self.model.month
        on_shifts = people.rotating_by_sector.get(firm.sector, people.rotating_shift_share)
        self.rotating = luck.uniform("person/shift", 0, self.identity) < on_shifts
        self.premium = self.pay_at(firm)

    # --- measured ---

    def coverage(self, minutes: float, categories: tuple[str, ...]) -> tuple[int, int]:
        """Count the needed categories of a circle, and those with a place within its minutes."""
        around, units = self.model.around, [self.post.unit]
        if self.flat is not None:
            units.append(self.home_unit)
        needed = self.needs & set(categories)
        open_now = [a for a in self.model.amenities if around.opens[a.index]]
        near = {a.category for a in open_now for unit in units if a.minutes_from(unit) <= minutes}
        return len(needed), len(needed & near)


class Enterprise(mesa.Agent):
    """A firm with its posts."""

    def __init__(
        self, model: Twin, identity: int, *, sector: str, building: int, born: int, **state: object
    ) -> None:
        super().__init__(model)
        self.identity = identity
        self.sector, self.building, self.born = sector, building, born
        self.anchor = -1
        self.posts: list[Post] = []
        self.posts_made = self.parent = self.spun = self.tier = 0
        self.shrank = NEVER
        self.listed = False
        self.growth = self.exposure = 0.0
        self.listing = 0
        self.loan: Loan | None = None
        for name, value in state.items():
            setattr(self, name, value)

    def luck(self, decision: str) -> float:
        """Draw the firm's number for a decision of this month."""
        return self.model.luck.uniform(decision, self.model.month, self.identity)

    def begin(self) -> None:
        """Bring along what a newborn firm has: cash, research, a certificate."""
        luck, p, ladder = self.model.luck, self.model.rules.enterprises, self.model.rules.ladder
        cash = p.runway_mean + p.runway_spread * luck.normal("runway/birth", 0, self.identity)
        self.runway = max(cash, 0.0)
        usual = ladder.research_tech if self.is_tech else ladder.research_other
        self.research = min(usual * luck.exponential("firm/research", 0, self.identity), 0.6)
        enterprises = self.model.scenario.enterprises
        tech = math.fsum(enterprises.sectors.get(name, 0.0) for name in set(enterprises.tech_sectors))
        odds = ladder.high_tech_share * math.fsum(enterprises.sectors.values()) / tech if tech else 0.0
        self.high_tech = self.is_tech and luck.uniform("firm/high-tech", 0, self.identity) < odds

    @property
    def people(self) -> list[Employee]:
        """Everybody employed."""
        return [post.holder for post in self.posts if post.holder is not None]

    @property
    def trust(self) -> float:
        """Mean trust of its people."""
        return fmean(person.trust for person in self.people)

    @property
    def engaged(self) -> float:
        """Share of its people who took part in the last year."""
        return fmean(person.engaged for person in self.people)

    def is_acquainted_with(self, other: Enterprise) -> bool:
        """Say whether people of the two know each other."""
        return any(e.post.firm is other for person in self.people for e in person.friends.values())

    def may_stand(self, bench: Bench) -> bool:
        """Say whether it may stand for a seat."""
        return bench.side == "employers"

    @property
    def is_tech(self) -> bool:
        """Whether this is a technology firm."""
        return self.sector in self.model.scenario.enterprises.tech_sectors

    @property
    def home_days(self) -> float:
        """Days a week the people may work at home."""
        hybrid = self.model.around.layout.hybrid
        allowed = not hybrid.sectors or self.sector in hybrid.sectors
        agrees = self.model.luck.uniform("firm/hybrid", 0, self.identity) < hybrid.share
        return hybrid.days if allowed and agrees else 0.0

    def search(self) -> None:
        """Look for people: some searches end this month."""
        model, p = self.model, self.model.rules.hiring
        days = (p.search_days_tech if self.is_tech else p.search_days) / model.help_to_search()
        odds = 1 - math.exp(-365 / 12 / days)
        for post in self.posts:
            if post.holder is None or post.holder in model.going:
                address = model.luck.pair(model.luck.pair(self.identity, post.number), post.fill)
                if model.luck.uniform("search ends", model.month, address) < odds:
                    post.fill += 1
                    model.matured.append((post, address))

    # --- cash ---

    def spend(self) -> None:
        """Earn and spend: cash wanders about its mean, and dear floor and slow procedures eat it up."""
        model, p, around = self.model, self.model.rules.enterprises, self.model.around
        cost = p.cost_worker * 10_000
        dearer = (self.rent - around.buildings[self.building].rent) * p.m2_per_worker / cost
        at_first = (model.scenario.before or model.scenario).support.delay_days
        waiting = p.delay_cost * (around.layout.support.delay_days - at_first)
        keep = p.runway_persistence
        noise = p.runway_spread * math.sqrt(1 - keep**2)
        noise *= model.luck.normal("runway", model.month, self.identity)
        cash = p.runway_mean + keep * (self.runway - p.runway_mean) - dearer - waiting - self.losses() + noise
        self.runway = max(cash, 0.0)

    def orders(self, month: int) -> float:
        """Return what falls of demand leave of the orders one usually has."""
        left = 1.0
        for shock in self.falls_of_demand():
            if shock.month <= month < shock.month + shock.months:
                left *= 1 - shock.strength
        return left

    def falls_of_demand(self) -> list[Shock]:
        """Falls of demand that meet this sector, past ones too."""
        shocks = self.model.around.layout.shocks
        return [s for s in shocks if s.type == "demand" and (not s.where or self.sector in s.where)]

    def losses(self) -> float:
        """Return the months of costs that missing orders lose this month, less what is saved and relieved."""
        p, layout, month = self.model.rules.shocks, self.model.around.layout, self.model.month
        helped = 0.0
        for shock in self.falls_of_demand():
            if shock.month <= month < shock.month + shock.months:
                days = (
                    days_to_answer(layout.governance, p.nobody_days)
                    + p.procedures * layout.support.delay_days
                )
                helped = max(helped, min(month + 1 - shock.month - days / (365 / 12), 1))
        return (1 - self.orders(month)) * (1 - p.costs_saved) * (1 - p.relief_share * helped)

    # --- support ---

    def receive(self, cny: float, payer: str) -> None:
        """Get money, or pay it back: cash lasts so much longer, or shorter."""
        month = max(len(self.posts), 1) * self.model.rules.enterprises.cost_worker * 10_000
        self.runway = max(self.runway + cny / month, 0.0)
        self.model.given[payer] = self.model.given.get(payer, 0.0) + cny
        self.model.support_cny += cny

    def pay_back(self) -> None:
        """Pay this month's instalment, if there is a loan."""
        if self.loan is not None:
            self.loan.left -= 1
            self.receive(-self.loan.instalment, self.loan.lender)
            if self.loan.left == 0:
                self.loan = None

    def may_have(self, fund: Fund) -> bool:
        """Say whether a fund is for firms like this one."""
        return (
            (not fund.sectors or self.sector in fund.sectors)
            and (not fund.tiers or TIERS[self.tier] in fund.tiers)
            and (fund.max_age_years is None or (self.model.month - self.born) / 12 <= fund.max_age_years)
        )

    # --- floor ---

    @property
    def own_buildings(self) -> list[int]:
        """The buildings of an anchor's block."""
        block = self.model.scenario.enterprises.anchors[self.anchor].block
        return [k for k, b in enumerate(self.model.around.buildings) if b.block == block and b.workplace]

    def open_posts(self, seats: list[int]) -> None:
        """Open vacant posts in these buildings; an anchor's are mixed."""
        around, luck = self.model.around, self.model.luck
        numbers = range(self.posts_made, self.posts_made + len(seats))
        address = {number: luck.newborn("post", self.identity, number) for number in numbers}
        by_lot = list(numbers)
        if self.anchor >= 0:
            by_lot.sort(key=lambda number: luck.uniform("post/building", 0, address[number]))
        building = dict(zip(by_lot, seats, strict=True))
        for number in numbers:
            k, u = building[number], luck.uniform("post/floor", 0, address[number])
            floor = 1 + math.floor(u * around.buildings[k].floors)
            if self.anchor >= 0 and (own := self.model.scenario.enterprises.anchors[self.anchor].floor):
                floor = min(own, around.buildings[k].floors)
            unit = around.unit_of.get((k, self.anchor), around.unit_of[k, -1])
            self.posts.append(Post(self, number, k, unit, floor))
        self.posts_made += len(seats)

    def rent_at_home(self, wanted: int, free: list[int]) -> list[int]:
        """Take what floor the own building has; anchors see to their whole block later."""
        count = 0 if self.anchor >= 0 else min(wanted, free[self.building])
        free[self.building] -= count
        return [self.building] * count

    def rent_elsewhere(self, wanted: int, free: list[int]) -> list[int]:
        """Take floor in the own block, in proportion to what is free there, then in the nearest buildings."""
        taken: list[int] = []
        if self.anchor >= 0:
            own = self.own_buildings
            room = sum(free[k] for k in own)
            exact = {k: free[k] * min(wanted / room, 1) if room else 0 for k in own}
            whole = {k: math.floor(free[k] * min(wanted, room) / room) if room else 0 for k in own}
            by_rest = sorted(own, key=lambda k: whole[k] - exact[k])
            for k in by_rest[: min(wanted, room) - sum(whole.values())]:
                whole[k] += 1
            for k in own:
                free[k] -= whole[k]
                taken += [k] * whole[k]
        walk = self.model.around.between[self.building]
        let = [
            k for k in self.model.on_the_market if walk[k] < math.inf and self.model.lets(k, self.sector) > 0
        ]
        for k in sorted(let, key=lambda k: walk[k]):
            count = min(wanted - len(taken), free[k])
            free[k] -= count
            taken += [k] * count
        return sorted(taken)

    # --- growth ---

    @property
    def has_anniversary(self) -> bool:
        """Whether a year is full this month."""
        return self.model.month > self.born and (self.model.month - self.born) % 12 == 0

    def wanted_size(self) -> int:
        """Return how many posts there should be: yearly log growth is Laplace's, the wider the smaller."""
        p, size = self.model.rules.enterprises, len(self.posts)
        u = self.luck("growth") - 0.5
        b = p.growth_scale * (max(size, 1) / 40) ** p.growth_size_exponent
        log_growth = p.growth_mean + math.log(1 - b**2) - b * math.copysign(1, u) * math.log(1 - 2 * abs(u))
        wanted = size * math.exp(min(max(log_growth, -1.5), 1.5))
        now, before = (max(self.orders(month), 0.01) for month in (self.model.month, self.model.month - 12))
        wanted *= (now / before) ** self.model.rules.shocks.posts_by_orders
        return max(math.floor(wanted + self.luck("growth/round")), 1)

    def shrink(self, target: int) -> None:
        """Close the newest posts."""
        self.posts.sort(key=lambda post: post.number)
        while len(self.posts) > target:
            self.close(self.posts[-1], "laid_off")
            self.shrank = self.model.month

    def close(self, post: Post, cause: str) -> None:
        """Close a post; whoever holds it leaves."""
        if post.holder is not None:
            post.holder.leave(cause)
        self.posts.remove(post)

    # --- leaving ---

    def consider_leaving(self) -> None:
        """Close, or move out of the park."""
        model, p = self.model, self.model.rules.enterprises
        if self.anchor >= 0:
            return
        age = (model.month - self.born) / 12
        odds = (p.exit_year_1, p.exit_year_2, p.exit_year_3, p.exit_year_4_7, p.exit_year_8)
        yearly = band(age, (1, 2, 3, 7), odds)
        yearly *= (max(len(self.posts), 1) / 40) ** p.exit_size_exponent / model.usual.size_factor
        yearly *= model.strain(self.runway) / model.usual_strain
        if self.luck("exit") >= 1 - (1 - min(yearly, 0.95)) ** (1 / 12):
            return
        out = self.luck("exit/moves out") < p.relocation_share
        cause = "firm_moved" if out else "firm_closed"
        for post in list(self.posts):
            self.close(post, cause)
        model.tell("firm_exit", self.identity, self.identity, cause)
        self.remove()

    # --- neighbours ---

    def look_around(self) -> None:
        """Count the workers of other firms around one's posts, the nearer the more."""
        model, p = self.model, self.model.rules.enterprises
        mine = Counter(post.building for post in self.posts)
        self.exposure = 0.0
        for here, posts in mine.items():
            for there, walk in enumerate(model.around.between[here]):
                if walk <= p.spillover_reach_min:
                    others = model.crowd[there] - mine[there]
                    self.exposure += posts * others * math.exp(p.spillover_decay * walk) / len(self.posts)

    def consider_splitting(self) -> None:
        """Let people found a firm of their own, or not."""
        model, p = self.model, self.model.rules.enterprises
        if not self.is_tech or len(self.posts) <= p.spinoff_parent_size:
            return
        around = (self.exposure + 1) / (model.usual.exposure + 1)
        if self.luck("spin-off") < 1 - math.exp(-p.spinoff_year / 12 * around**p.spinoff_spillover):
            model.founders.append((model.luck.newborn("spin-off", self.identity, self.spun), self))
            self.spun += 1

    def standing(self) -> float:
        """Return what decides about the place in this year's ranking."""
        model, p = self.model, self.model.rules.ladder
        spillover = (self.exposure + 1) / (max(model.usual.exposure, 1.0) + 1)
        return (
            p.score_size * math.log(max(len(self.posts), 1) / 40)
            + p.score_growth * self.growth
            + p.score_research * self.research
            + p.score_spillover * math.log(spillover)
            + p.score_noise * model.luck.normal("ladder/score", model.month, self.identity)
        )


@dataclass
class Loan:
    """What a firm owes."""

    instalment: float
    left: int
    lender: str


# --- the month -----------------------------------------------------------------------------------


@dataclass
class Centre:
    """The reference person of the hazard of quitting."""

    scale: float
    commute_min: float
    served: float
    vacancy_rate: float


@dataclass
class Usual:
    """What firms are compared with: the first ones, and how much floor was free."""

    size_factor: float
    exposure: float
    vacancy: float


@dataclass
class Event:
    """One line of the log."""

    month: int
    kind: str
    identity: int
    enterprise: int
    detail: str


class Twin(mesa.Model):
    """The park as objects.

    Parameters
    ----------
    scenario : Scenario
    luck : Draws, optional
        By default Mesa's own random numbers.
    around : Surroundings
        Of month 0; give :attr:`around` each month's before :meth:`step`.
    """

    def __init__(
        self, scenario: Scenario, around: Surroundings, luck: Draws | None = None, seed: int = 0
    ) -> None:
        super().__init__(seed=seed)
        self.scenario, self.rules = scenario, scenario.parameters
        self.luck = TutorialDraws(self.random) if luck is None else luck
        self.month = 0
        self.events: list[Event] = []
        self.seekers: list[Employee] = []
        self.centre = Centre(0.0, 0.0, 1.0, 0.0)
        self.usual = Usual(1.0, 0.0, 0.0)
        self.offers = self.offers_inside = 1.0
        self.going: dict[Employee, str] = {}
        self.turned_away = self.spinoffs = self.demoted = 0
        self.support_cny = 0.0
        self.given: dict[str, float] = {}
        self.requests = self.answered = self.projects = self.households_changed = 0
        self.register: list[Request] = []
        self.levels: list[str] = []
        self.committee: list[Seat] = []
        self.benches: tuple[Bench, ...] = ()
        self.elected: int | None = None
        self.late = 0
        people = scenario.population
        self.hired = fitted(people, hired_ages(people, scenario.parameters.staying))
        changed = {name: need.visits for name, need in scenario.needs.items() if need.visits is not None}
        self.visits = {name: category.visits for name, category in CATEGORIES.items()} | changed
        self.places: dict[str, Amenity] = {}
        self.places_known: set[str] = set()
        self.around = around

    @property
    def around(self) -> Surroundings:
        """What is true of places this month."""
        return self._around

    @around.setter
    def around(self, around: Surroundings) -> None:
        self._around = around
        self._nearest: dict[tuple[int, str], float] = {}
        for amenity in self.places.values():
            amenity.remove()
        self.places = {plan.name: Amenity(self, k) for k, plan in enumerate(around.layout.amenities)}

    @property
    def amenities(self) -> list[Amenity]:
        """The places, in the layout's order."""
        return list(self.places.values())

    @property
    def flats(self) -> list[Amenity]:
        """The park's flats."""
        return [a for a in self.amenities if a.category == "flats" and a.plan.outside is None]

    @property
    def employees(self) -> list[Employee]:
        """Everybody employed."""
        return list(self.agents_by_type.get(Employee, ()))

    @property
    def enterprises(self) -> list[Enterprise]:
        """The firms that are here."""
        return list(self.agents_by_type.get(Enterprise, ()))

    def tell(self, kind: str, identity: int, enterprise: int, detail: str) -> None:
        """Write an event to the log."""
        self.events.append(Event(self.month, kind, identity, enterprise, detail))

    def everybody(self, does: str) -> None:
        """Let every employee do something."""
        if Employee in self.agents_by_type:
            self.agents_by_type[Employee].do(does)

    def every_firm(self, does: str) -> None:
        """Let every firm do something."""
        if Enterprise in self.agents_by_type:
            self.agents_by_type[Enterprise].do(does)

    def step(self) -> None:
        """Play one month."""
        self.month += 1
        self.everybody("travel")
        self.allot()
        self.everybody("use_services")
        self.live_together()
        self.everybody("retire")
        self.offers_inside = self.offers_of_the_park()
        self.offers = 1 - self.rules.staying.offers_in_park + self.offers_inside
        self.going = {}
        self.everybody("consider_quitting")
        self.everybody("live")
        self.move_homes()
        self.everybody("grow_older")
        self.hire()
        self.every_firm("spend")
        self.grow()
        self.every_firm("consider_leaving")
        self.let_firms_in()
        self.let_firms_split()
        self.rank_firms()
        self.support_firms(self.send_firms_to_exchange())
        self.crowd = Counter(post.building for firm in self.enterprises for post in firm.posts)
        self.every_firm("look_around")

    def allot(self) -> None:
        """Give places in kindergarten, school and class: at the nearest, where that is full at the next."""
        for person in self.employees:
            person.place = {category: name for category, name in person.place.items() if name in self.places}
            person.wish = person.wish if person.wish in self.places else None
        for kind in ALLOTTED:
            places = [a for a in self.amenities if a.category == kind]
            for place in places:
                place.take_back()
            waiting = [e for e in self.employees if kind in e.needs and kind not in e.place]
            for person in self.employees:
                if kind in person.needs and kind not in person.place:
                    person.waits.setdefault(kind, self.month)
                else:
                    person.waits.pop(kind, None)
            choices = {e: e.nearest(kind) for e in waiting}
            for rank in range(len(places)):
                for place in [p for p in places if p.takes_in()]:
                    asking = [
                        e for e in waiting if choices[e][rank : rank + 1] == [place] and kind not in e.place
                    ]
                    place.give_places(asking)
        self.places_known = set(self.places)

    def live_together(self) -> None:
        """Meet, elect, ask, and take part."""
        p, governance = self.rules.community, self.around.governance
        self.get_acquainted()
        self.hold_elections()
        self.queues: dict[str, list[Employee]] = {channel.name: [] for channel in governance.channels}
        self.unheard: list[Employee] = []
        self.look_through_register()
        self.requests = 0
        self.everybody("ask")
        self.requests, self.answered, self.late = self.requests + len(self.unheard), 0, 0
        self.climb()
        for channel in governance.channels:
            queue = self.queues[channel.name]
            queue.sort(key=lambda e, c=channel: e.luck(f"request/{c.name}/lot"))
            heard, late = queue[: int(channel.capacity_month)], queue[int(channel.capacity_month) :]
            self.requests += len(queue)
            self.answered += len(heard)
            self.unheard += late
            for person in heard:
                person.trust_more(p.trust_answered)
        for person in self.unheard:
            person.trust_more(-p.trust_unanswered)
        places, heads = governance.events_month * governance.event_places, len(self.employees)
        if places > 0 and heads:
            self.event_rate = min(places / heads, 1.0)
            self.everybody("go_to_event")

    # --- the chain ---

    def promised(self, category: str) -> float:
        """Return the minutes of the shortest circle that promises a category."""
        circles = self.around.layout.circles.values()
        return min((c.minutes for c in circles if category in c.categories), default=math.inf)

    def nearest_from(self, unit: int, category: str) -> float:
        """Return the minutes to the nearest open place of a category that people of a unit may use."""
        if (unit, category) not in self._nearest:
            here = [a for a in self.amenities if a.category == category and self.around.opens[a.index]]
            self._nearest[unit, category] = min((a.minutes_from(unit) for a in here), default=math.inf)
        return self._nearest[unit, category]

    def supply(self, unit: int, category: str) -> float:
        """Return the places times hours a day that people of a unit may use within reach."""
        reach = min(self.promised(category), self.rules.services.reach_min)
        near = [a.plan for a in self.amenities if a.category == category and a.minutes_from(unit) <= reach]
        return math.fsum(plan.capacity * (plan.closes - plan.opens) for plan in near)

    def look_through_register(self) -> None:
        """Close what lapsed or whose author left, and follow a change of the chain."""
        names = [level.name for level in self.around.governance.chain]
        if names != self.levels:
            for request in self.register:
                on_agenda = request.level == len(self.levels)
                was = None if on_agenda else self.levels[request.level]
                request.level = len(names) if on_agenda else names.index(was) if was in names else 0
            self.register = self.register if names else []
            self.levels = names
        most = self.rules.governance.lapse_months
        self.register = [r for r in self.register if r.author.post is r.post and self.month - r.asked < most]
        self.known_requests = {r.address for r in self.register}
        self.pressing: list[Request] = []

    def write_down(self, request: Request) -> None:
        """Enter a request, unless its author waits for the same already."""
        self.pressing.append(request)
        if request.address in self.known_requests:
            return
        request.supply = self.supply(request.post.unit, request.category)
        self.register.append(request)
        self.requests += 1

    def climb(self) -> None:
        """Let new places answer requests, then each level in turn; the rest waits."""
        trust = self.rules.community
        hope: dict[Employee, float] = {}
        answered = [
            r for r in self.register if self.supply(r.post.unit, r.category) > r.supply * (1 + 1e-9) + 1e-9
        ]
        chain = self.around.governance.chain
        for k, level in enumerate(chain):
            answered += self.work_at(k, level, answered, last=k == len(chain) - 1)
        for request in answered:
            self.register.remove(request)
            hope[request.author] = hope.get(request.author, 0.0) + trust.trust_answered
            if request.asked == self.month:
                self.answered += 1
            else:
                self.late += 1
        waiting = {r.address for r in self.register}
        for request in self.pressing:
            if request.address in waiting:
                hope[request.author] = hope.get(request.author, 0.0) - trust.trust_unanswered
        for person, change in hope.items():
            person.trust_more(change)

    def work_at(self, k: int, level: Level, answered: list[Request], *, last: bool) -> list[Request]:
        """Let a level answer what it can, as much as it has time for, and pass on the rest."""

        def lot(request: Request) -> float:
            u = request.luck(f"request/{level.name}/lot")
            return -math.log(u) / self.weight_of(request.post.building) if last else u

        solved, done = [], set(map(id, answered))
        desks: dict[object, list[Request]] = {}
        for request in self.register:
            if request.level == k and id(request) not in done:
                building = request.post.building
                where = {"park": 0, "block": self.block(building), "building": building}[level.each]
                desks.setdefault(where, []).append(request)
        for pile in desks.values():
            for request in sorted(pile, key=lot)[: int(level.capacity_month)]:
                able = not level.categories or request.category in level.categories
                if able and request.luck(f"request/{level.name}/solves") < level.solves:
                    solved.append(request)
                else:
                    request.level += 1
        return solved

    def block(self, building: int) -> str:
        """Return the block of a building, or the building where it has none."""
        return self.around.buildings[building].block or f"building {building}"

    def weight_of(self, building: int) -> float:
        """Return how much the committee makes of a request from a building."""
        if not self.committee:
            return 1.0
        k, block = self.rules.governance.constituency, self.block(building)
        seats = fmean(self.block(seat.member.building) == block for seat in self.committee)
        people = fmean(self.block(e.post.building) == block for e in self.employees)
        return max(1 - k + k * (seats / people if people else 1.0), 0.01)

    # --- elections ---

    def hold_elections(self) -> None:
        """Elect the committee when its term ends, and successors of those who left."""
        governance = self.around.governance
        due = self.elected is None or self.month - self.elected >= governance.term_months
        if due or self.benches != governance.benches:
            self.committee, self.benches = [], governance.benches
            self.elected = self.month if governance.benches else None
        here = set(self.enterprises)
        self.committee = [
            seat
            for seat in self.committee
            if (seat.member in here if seat.post is None else seat.member.post is seat.post)
        ]
        for number, bench in enumerate(governance.benches):
            vacant = bench.seats - sum(seat.bench == number for seat in self.committee)
            if vacant > 0:
                self.committee += self.elect(number, bench, vacant)

    def elect(self, number: int, bench: Bench, vacant: int) -> list[Seat]:
        """Let one side vote for some of its own."""
        p, luck, month, tell = self.rules.governance, self.luck, self.month, f"council/{bench.name}"
        side = self.employees if bench.side == "employees" else [f for f in self.enterprises if f.people]
        sitting = {seat.member.identity for seat in self.committee}

        def drive(one: Employee | Enterprise) -> float:
            return one.trust * (1 + (p.engaged - 1) * one.engaged)

        def race(one: Employee | Enterprise) -> float:
            return luck.exponential(f"{tell}/stand", month, one.identity) / drive(one)

        def value(voter: Employee | Enterprise, other: Employee | Enterprise) -> float:
            near = p.vote_near * (self.block(voter.building) == self.block(other.building))
            known = p.vote_known * voter.is_acquainted_with(other) + p.vote_engaged * other.engaged
            pair = luck.pair(voter.identity, other.identity)
            return near + known + luck.gumbel(f"{tell}/choice", month, pair)

        willing = [x for x in side if x.identity not in sitting and x.may_stand(bench) and drive(x) > 0]
        ballot = sorted(willing, key=race)[: round(p.candidates_a_seat) * vacant]
        votes = dict.fromkeys(ballot, 0)
        for voter in side:
            votes_at = min(2 * p.turnout * drive(voter), 1.0)
            if ballot and luck.uniform(f"{tell}/vote", month, voter.identity) < votes_at:
                votes[max(ballot, key=lambda other, v=voter: value(v, other))] += 1
        order = sorted(ballot, key=lambda x: (-votes[x], luck.uniform(f"{tell}/lot", month, x.identity)))
        people = bench.side == "employees"
        return [Seat(number, x, x.post if people else None, votes[x]) for x in order[:vacant]]

    def get_acquainted(self) -> None:
        """Let ties lapse, let people make new ones, and let firms that are tied begin something together."""
        p, luck, month = self.rules.community, self.luck, self.month
        for one, other in self.ties():
            colleagues = one.post.firm is other.post.firm
            if colleagues or luck.uniform("tie/lapse", month, one.pair_with(other)) < p.tie_decay:
                one.lose(other)
        self.meet("place", Employee.goes_to_place)
        self.meet("floor", Employee.lingers_on_floor)
        self.meet("event", Employee.stays_after_event)
        self.meet("committee", Employee.stays_after_meeting)
        for person in self.employees:
            person.ties = min(len(person.friends), 250)
        begun = set()
        for one, other in self.ties():
            odds = (
                p.joint_project
                / 12
                * (1 + p.partner_project * self.nearness_of_partners(one.post, other.post))
            )
            if luck.uniform("project", month, one.pair_with(other)) < odds:
                begun.add(frozenset((one.post.firm, other.post.firm)))
        self.projects = len(begun)

    def nearness_of_partners(self, one: Post, other: Post) -> float:
        """Return what is left of a full nearness over the walk between two posts; 0 where firms are no partners."""
        p, minutes = self.rules.enterprises, self.around.between[one.building][other.building]
        if other.firm.sector not in self.partners_of(one.firm.sector) or minutes > p.spillover_reach_min:
            return 0.0
        return math.exp(p.spillover_decay * minutes)

    def partners_of(self, sector: str) -> set[str]:
        """Return the sectors up- or downstream of one."""
        stated = self.scenario.enterprises.partners
        return {*stated.get(sector, ()), *(name for name, others in stated.items() if sector in others)}

    def lets(self, building: int, sector: str) -> float:
        """Return the share of a building's free floor that a sector may rent."""
        zoning, block = self.around.layout.zoning, self.around.buildings[building].block
        shares = [
            1.0 if sector in v.sectors else zoning.to_others for v in zoning.valleys if block in v.blocks
        ]
        return shares[0] if shares else 1.0

    def steers(self, building: int, sector: str) -> float:
        """Return how many times as often a building's floor is shown to a sector: more in its own valley."""
        zoning, block = self.around.layout.zoning, self.around.buildings[building].block
        own = any(block in v.blocks and sector in v.sectors for v in zoning.valleys)
        return zoning.steering if own else 1.0

    def ties(self) -> list[tuple[Employee, Employee]]:
        """Everybody who knows somebody of another firm, in pairs."""
        return [(e, f) for e in self.employees for f in e.friends.values() if e.identity < f.identity]

    def meet(self, occasion: str, where: Callable[[Employee], object]) -> None:
        """Let those who come take to one other each, where they are."""
        guests: dict[object, list[Employee]] = {}
        for person in self.employees:
            if (group := where(person)) is not None:
                guests.setdefault(group, []).append(person)
        liked = [(e, e.takes_to(group, occasion)) for group in guests.values() for e in group]
        for person, other in liked:
            if other is not None:
                person.befriend(other)

    def offers_of_the_park(self) -> float:
        """Return how many offers of the park reach people, relative to all in the plain park at month 0."""
        share = self.rules.staying.offers_in_park
        if self.centre.vacancy_rate <= 0:
            return share
        posts = [post for firm in self.enterprises for post in firm.posts]
        vacant = sum(post.holder is None for post in posts) / max(len(posts), 1)
        return share * vacant / self.centre.vacancy_rate

    def move_homes(self) -> None:
        """Let people move, some of them into the park's flats."""
        self.movers: list[Employee] = []
        self.everybody("consider_moving")
        self.let_flats()
        for person in self.movers:
            person.move()

    def let_flats(self) -> None:
        """Let the flats that are free."""
        for flats in self.flats:
            flats.let_flats()

    def help_to_search(self) -> float:
        """Return by how much colleges and this month's job fairs quicken searches."""
        labour, p = self.around.layout.labour, self.rules.hiring

        def held(yearly: float) -> int:
            return min(math.floor((self.month + 1) * yearly / 12) - math.floor(self.month * yearly / 12), 4)

        fairs = p.fair_boost * held(labour.fairs_year) + p.large_fair_boost * held(labour.large_fairs_year)
        return 1 + p.college_boost * labour.colleges + fairs

    def hire(self) -> None:
        """Fill the posts whose search ends, first with those of the park and with leavers, then with strangers."""
        p, luck = self.rules.hiring, self.luck
        self.matured: list[tuple[Post, int]] = []
        self.every_firm("search")
        self.seekers = [e for e in self.seekers if e.left >= self.month - round(p.seek_months)]
        segments = round(p.market_segments)
        back = [e for e in self.seekers if e.left < self.month and e.luck("apply") < p.seek_in_park]
        applications: dict[Post, list[Employee]] = {}
        for person in [*back, *self.going]:
            mine = luck.pair(person.identity, self.month) % segments
            offers = [(post, a) for post, a in self.matured if luck.pair(a, self.month) % segments == mine]
            if person in self.going:
                offers = [offer for offer in offers if person.would_move_to(offer[0])]
            if offers:
                wish, _ = min(offers, key=lambda offer, e=person: e.race(offer[1]))
                applications.setdefault(wish, []).append(person)
        won = {post: min(people, key=lambda e: e.luck("apply/lot")) for post, people in applications.items()}
        movers = self.going.keys() & set(won.values())
        for person, cause in self.going.items():
            if person in movers:
                person.quit_post(cause)
            else:
                person.leave(cause)
        for post, winner in won.items():
            if winner in movers:
                winner.move_to(post)
            else:
                self.seekers.remove(winner)
                self.register_agent(winner)
                winner.take(post)
        strangers = [post for post, _ in self.matured if post.holder is None]
        for post in strangers:
            identity = luck.newborn("person", post.firm.identity, post.number, post.fill)
            stranger = Employee.born(self, identity)
            stranger.take(post)
            stranger.settle()
        if strangers:
            self.let_flats()
        for post, _ in self.matured:
            self.tell("hire", post.holder.identity, post.firm.identity, post.holder.home)

    # --- firms and floor ---

    def capacity(self, building: int) -> int:
        """Return how many posts a building has floor for."""
        b = self.around.buildings[building]
        return math.floor(b.m2 / self.rules.enterprises.m2_per_worker) if b.workplace else 0

    @property
    def on_the_market(self) -> list[int]:
        """The buildings anybody may rent in: not those of anchors, unless there are no others."""
        reserved = {anchor.block for anchor in self.scenario.enterprises.anchors}
        offices = [k for k in range(len(self.around.buildings)) if self.capacity(k)]
        return [k for k in offices if self.around.buildings[k].block not in reserved] or offices

    def free_posts(self) -> list[int]:
        """Return how many posts each building still has floor for."""
        free = [self.capacity(k) for k in range(len(self.around.buildings))]
        for firm in self.enterprises:
            for post in firm.posts:
                free[post.building] -= 1
        return [max(room, 0) for room in free]

    def floor_to_let(self) -> list[int]:
        """Return the free posts of the buildings on the market."""
        let = set(self.on_the_market)
        return [room if k in let else 0 for k, room in enumerate(self.free_posts())]

    def going_rents(self, free: list[int]) -> list[float]:
        """Return what new leases cost a square metre: the less, the more of the block is free."""
        elasticity, let = self.rules.enterprises.rent_elasticity, self.on_the_market
        rents = [b.rent for b in self.around.buildings]
        for k in let:
            block = self.around.buildings[k].block
            same = [j for j in let if j == k or (block and self.around.buildings[j].block == block)]
            vacancy = sum(free[j] for j in same) / sum(self.capacity(j) for j in same)
            index = math.exp(-elasticity * (vacancy - self.usual.vacancy))
            rents[k] *= min(max(index, 0.5), 2.0)
        return rents

    def strain(self, runway: float) -> float:
        """Return by how much cash changes the odds of leaving, relative to the mean cash."""
        p = self.rules.enterprises
        return math.exp(min(max(p.runway_weight * (p.runway_mean - runway) / 12, -2.0), 2.0))

    @cached_property
    def usual_strain(self) -> float:
        """The mean strain of firms at rest, over two hundred of them."""
        p, normal = self.rules.enterprises, NormalDist()
        cash = (p.runway_mean + p.runway_spread * normal.inv_cdf((k + 0.5) / 200) for k in range(200))
        return fmean(self.strain(max(months, 0.0)) for months in cash)

    def grow(self) -> None:
        """On anniversaries, renew leases and let firms shrink at once; those that grow share what is free.

        A lottery says who comes first: to the floor in one's own building, then to that elsewhere.
        """
        rents = self.going_rents(self.free_posts())
        changing = [firm for firm in self.enterprises if firm.has_anniversary]
        before = {firm: len(firm.posts) for firm in changing}
        target = {firm: firm.wanted_size() for firm in changing}
        for firm in changing:
            firm.rent = rents[firm.building]
            firm.shrink(target[firm])
        free = self.free_posts()
        growing = [firm for firm in changing if target[firm] > before[firm]]
        growing.sort(key=lambda firm: firm.luck("floor"))
        seats = {firm: firm.rent_at_home(target[firm] - before[firm], free) for firm in growing}
        for firm in growing:
            lacking = target[firm] - before[firm] - len(seats[firm])
            firm.open_posts(seats[firm] + firm.rent_elsewhere(lacking, free))
        for firm in changing:
            firm.growth = math.log(len(firm.posts) / max(before[firm], 1))

    def let_firms_in(self) -> None:
        """Let new firms take floor where there is some, the rather where it is cheap and among their like."""
        scenario, p, luck = self.scenario, self.rules.enterprises, self.luck
        expected = p.entry_year * scenario.enterprises.count / 12
        candidates = math.ceil(2 * expected) + 1
        sectors = scenario.enterprises.sectors
        free = self.floor_to_let()
        rents = self.going_rents(free)
        appeal = {sector: [self.appeal(k, sector, rents[k]) for k in range(len(free))] for sector in sectors}
        coming = []
        for rank in range(candidates):
            identity = luck.newborn("entrant", self.month + 100_000, rank)
            sector = list(sectors)[class_of(luck.uniform("firm/sector", 0, identity), sectors.values())]
            drawn = 1.0
            if any(free):
                drawn = sum(f * a for f, a in zip(free, appeal[sector], strict=True)) / sum(free)
            if luck.uniform("entry", 0, identity) < expected / candidates * min(drawn, 2.0):
                coming.append((identity, sector))
        for identity, sector in sorted(coming, key=lambda c: luck.uniform("floor", self.month, c[0])):
            size = self.newborn_size(identity, p.entrant_size)
            weight = {
                k: f * appeal[sector][k] * self.steers(k, sector)
                for k, f in enumerate(free)
                if f >= size and appeal[sector][k] > 0
            }
            if not weight:
                self.turned_away += 1
                continue
            chosen = min(weight, key=lambda k, i=identity, w=weight: self.race_for_floor(i, k) / w[k])
            free[chosen] -= size
            firm = Enterprise(self, identity, sector=sector, building=chosen, born=self.month)
            self.settle(firm, size, rents, "firm_entry")

    def appeal(self, building: int, sector: str, rent: float) -> float:
        """Return how much a free post draws a firm of a sector, 1 where rent and neighbours are as usual."""
        p, walk = self.rules.enterprises, self.around.between[building]
        sectors = self.scenario.enterprises.sectors
        base = self.around.buildings[building].rent
        cheap = (rent / base) ** p.entry_rent_elasticity if base > 0 else 1.0
        cheap *= self.lets(building, sector)
        near = [firm for firm in self.enterprises if walk[firm.building] <= p.neighbour_reach_min]
        if not near:
            return cheap

        def beyond_usual(kind: str) -> float:
            share = sum(firm.sector == kind for firm in near) / len(near)
            return share - sectors[kind] / math.fsum(sectors.values())

        partners = sum(beyond_usual(kind) for kind in self.partners_of(sector))
        return cheap * math.exp(p.neighbour_pull * beyond_usual(sector) + p.partner_pull * partners)

    def settle(self, firm: Enterprise, size: int, rents: list[float], event: str) -> None:
        """Let a newborn firm move in."""
        firm.begin()
        firm.rent = rents[firm.building]
        firm.open_posts([firm.building] * size)
        name = self.around.buildings[firm.building].name
        self.tell(event, firm.identity, firm.parent or firm.identity, name)

    def let_firms_split(self) -> None:
        """Let people found firms where floor is free near the firm they come from."""
        self.founders: list[tuple[int, Enterprise]] = []
        self.every_firm("consider_splitting")
        self.founders.sort(key=lambda founder: self.luck.uniform("floor", self.month, founder[0]))
        p, free, self.spinoffs = self.rules.enterprises, self.floor_to_let(), 0
        rents = self.going_rents(free)
        for identity, parent in self.founders:
            size = self.newborn_size(identity, p.spinoff_size)
            walk = self.around.between[parent.building]
            near = [k for k, room in enumerate(free) if room >= size and walk[k] <= p.spillover_reach_min]
            near = [k for k in near if self.lets(k, parent.sector) > 0]
            if not near:
                self.turned_away += 1
                continue
            chosen = min(near, key=lambda k, w=walk: w[k])
            free[chosen] -= size
            firm = Enterprise(self, identity, sector=parent.sector, building=chosen, born=self.month)
            firm.parent = parent.identity
            self.settle(firm, size, rents, "spin_off")
            self.spinoffs += 1

    def rank_firms(self) -> None:
        """Once a year, promote the best of each tier, as many as there are places, and review giants."""
        if self.month % 12:
            return
        p, firms = self.rules.ladder, self.enterprises
        was = {firm: firm.tier for firm in firms}
        for tier, name in enumerate(TIERS[1:]):
            ranked = sorted((f for f in firms if was[f] == tier), key=Enterprise.standing, reverse=True)
            quota = getattr(p, f"quota_{name}") * self.scenario.enterprises.count / 1000
            places = min(getattr(p, f"step_{name}") * len(ranked), quota)
            u = self.luck.uniform("ladder/places", self.month, code(name))
            for firm in ranked[: math.floor(places + u)]:
                firm.tier += 1
        for firm in firms:
            if was[firm] == firm.tier == 3 and firm.luck("ladder/review") < p.little_giant_lost:
                firm.tier = 2
                self.demoted += 1

    def send_firms_to_exchange(self) -> list[tuple[Enterprise, int]]:
        """Move firms on towards the stock exchange, a stage in half a year, and say who reached which."""
        p, firms = self.rules.ladder, self.enterprises
        if self.month % 6:
            return []
        under_way = [firm for firm in firms if firm.listing]
        if self.month % 12 == 0:
            may = [f for f in firms if f.tier >= TIERS.index("srdi") and not f.listed and not f.listing]
            u = self.luck.uniform("ladder/listing", self.month, code("listed"))
            places = math.floor(p.listing_start * self.scenario.enterprises.count / 1000 + u)
            under_way += sorted(may, key=Enterprise.standing, reverse=True)[:places]
        reached = [(firm, firm.listing + 1) for firm in under_way]
        for firm, stage in reached:
            firm.listing = stage % 4
            firm.listed |= stage == 4
        return reached

    def support_firms(self, reached: list[tuple[Enterprise, int]]) -> None:
        """Collect instalments, lend, reward firms on the way to the exchange, give out funds."""
        plan, self.given = self.around.layout.support, {}
        self.every_firm("pay_back")
        if plan.credit is not None:
            self.lend(plan.credit)
        if plan.listing is not None:
            for firm, stage in reached:
                firm.receive(plan.listing.cny_stages[stage - 1], plan.listing.payer)
        for fund in plan.funds if self.month % 12 == 0 else ():
            rest = fund.cny_year
            for firm in sorted(self.enterprises, key=Enterprise.standing, reverse=True):
                if firm.may_have(fund) and rest > 0:
                    firm.receive(min(fund.cny_firm, rest), fund.payer)
                    rest -= fund.cny_firm

    def lend(self, credit: Credit) -> None:
        """Lend this month's money to those who ask, in the order of a lottery."""
        rest, rate = credit.cny_year / 12, credit.interest_year / 12
        each = rate / (1 - (1 + rate) ** -credit.months) if rate else 1 / credit.months
        asking = [
            firm
            for firm in self.enterprises
            if firm.loan is None
            and firm.research >= credit.research_share
            and firm.runway < credit.runway_months
        ]
        for firm in sorted(asking, key=lambda firm: firm.luck("credit")):
            loan = min(len(firm.posts) * credit.cny_worker, rest)
            if loan > 0:
                rest -= loan
                firm.receive(loan, credit.payer)
                firm.loan = Loan(loan * each, credit.months, credit.payer)

    def race_for_floor(self, firm: int, building: int) -> float:
        """Return when a firm would be at a building that has one free post."""
        pair = self.luck.pair(firm, code(self.around.buildings[building].name))
        return self.luck.exponential("firm/building", 0, pair)

    def newborn_size(self, identity: int, mean: float) -> int:
        """Return a size from a Pareto law cut at forty times its smallest, scaled to the mean."""
        a = self.scenario.enterprises.size_exponent

        def quantile(q: float) -> float:
            return (1 - q * (1 - 40.0**-a)) ** (-1 / a)

        drawn = quantile(self.luck.uniform("firm/size", 0, identity))
        return max(round(drawn * mean / fmean(quantile((k + 0.5) / 2000) for k in range(2000))), 1)

    # --- measured ---

    def measure(self) -> dict[str, float]:
        """Return the month's indicators of commuting, coverage and firms, and some counts."""
        people, firms = [e for e in self.employees if e.mode is not None], self.enterprises
        minutes = [e.commute_min for e in people]
        out = {
            "employees": float(len(self.employees)),
            "enterprises": float(len(firms)),
            "spinoffs": float(self.spinoffs),
            "firms_high_tech": float(sum(firm.high_tech for firm in firms)),
            "firms_listed": float(sum(firm.listed for firm in firms)),
            **{f"tier_{name}": float(sum(f.tier == k for f in firms)) for k, name in enumerate(TIERS)},
            "ties_per_employee": fmean(e.ties for e in self.employees),
            "commute_mean_min": fmean(minutes),
            "commute_median_min": median(minutes),
            "commute_share_within_45": fmean(m <= 45 for m in minutes),
            "commute_share_over_60": fmean(m > 60 for m in minutes),
            "commute_share_under_5km": fmean(e.km < 5 for e in people),
            "live_in_park_share": fmean(e.flat is not None for e in people),
            **{f"mode_share_{mode}": fmean(e.mode == mode for e in people) for mode in MODES},
        }
        if self.around.layout.support.gives:
            out["support_cny"] = self.support_cny
        if firms:
            posts = sum(len(firm.posts) for firm in firms)
            out["office_rent"] = math.fsum(firm.rent * len(firm.posts) for firm in firms) / posts
            out["runway_months"] = fmean(firm.runway for firm in firms)
            out["spillover_index"] = math.fsum(firm.exposure for firm in firms)
        for name, circle in self.around.layout.circles.items():
            counts = [e.coverage(circle.minutes, circle.categories) for e in people]
            shares = [have / need for need, have in counts if need]
            if shares:
                out[f"coverage_{name}"] = fmean(shares)
                out[f"coverage_all_{name}"] = fmean(share == 1 for share in shares)
        housed = sum(e.flat is not None for e in self.employees)
        waiting = sum(e.wish is not None for e in self.employees)
        if housed + waiting:
            out["placed_share_flats"] = housed / (housed + waiting)
        for category in ALLOTTED:
            wants = [e for e in people if category in e.needs]
            if wants:
                out[f"placed_share_{category}"] = fmean(category in e.place for e in wants)
        return out


def twin_of(model: ParkModel, luck: Draws | None = None) -> Twin:
    """Read the people and firms of a model at month 0 out into objects.

    Parameters
    ----------
    model : ParkModel
        At month 0; not changed.
    luck : Draws, optional
        ``Draws(seed)`` for the same events; by default Mesa's own random numbers.
    """
    if model.month:
        raise ValueError(f"the model is at month {model.month}, a twin is born at month 0")
    if model.hub is not None or model.spec.parameters.digital.output:
        raise ValueError(
            "a twin knows no digital level: it plays one town, with parameters.digital.output at 0"
        )
    if model.layout.renewals or any(i.kind == "renew_block" for i in model.spec.interventions):
        raise ValueError(f"{model.spec.name} renews a block: the twin does not play renewals")
    twin = Twin(model.spec, Surroundings.of(model), luck)
    twin.places_known = set(twin.places)
    centre = model.centre
    twin.centre = Centre(centre.scale, centre.commute_min, centre.served, centre.vacancy_rate)
    life = model.firm_life
    twin.usual = Usual(life.size_centre, life.usual_exposure, model.offices.usual_vacancy)
    firms, posts = model.firms, model.posts
    sectors = list(model.spec.enterprises.sectors)
    same = ("identity", "building", "anchor", "born", "posts_made", "shrank", "parent", "spun", "runway")
    same += ("rent", "growth", "exposure", "tier", "high_tech", "listed", "listing")
    by_row: dict[int, Enterprise] = {}
    for row in range(len(firms)):
        if firms.active[row]:
            state = {name: getattr(firms, name)[row].item() for name in same}
            sector = sectors[firms.sector[row]]
            by_row[row] = Enterprise(twin, sector=sector, research=float(firms.rd_share[row]), **state)
    owed, firm_of = model.support, {firm.identity: firm for firm in by_row.values()}
    for debtor, cny, left, lender in zip(
        owed.debtor.tolist(), owed.instalment.tolist(), owed.left.tolist(), owed.lender.tolist(), strict=True
    ):
        if debtor in firm_of:
            firm_of[debtor].loan = Loan(cny, left, PAYERS[lender])
    for row in range(len(posts)):
        if posts.firm[row] < 0:
            continue
        firm, unit = by_row[int(posts.firm[row])], int(posts.unit[row])
        building = int(model.place.unit_building[unit])
        post = Post(firm, int(posts.post[row]), building, unit, int(posts.floor[row]), int(posts.fill[row]))
        firm.posts.append(post)
        if posts.filled[row]:
            post.holder = person = _person(twin, model, _row(posts, row))
            person.post, person.since = post, int(posts.since[row])
            person.premium = float(posts.premium[row])
            for category in ALLOTTED:
                if (held := int(getattr(posts, category)[row])) >= 0:
                    person.place[category] = model.layout.amenities[held].name
                if (since := int(getattr(posts, f"{category}_wait")[row])) > -(2**31):
                    person.waits[category] = since
    here = {person.identity: person for person in twin.employees}
    for rows, (one, other) in zip(model.ties.row.tolist(), model.ties.identity.tolist(), strict=True):
        if posts.identity[rows].tolist() == [one, other]:
            here[one].befriend(here[other])
    _governance(twin, model, by_row)
    seekers = model.seekers
    for k in range(len(seekers)):
        columns = {name: column[0].item() for name, column in seekers.take([k]).items()}
        person = _person(twin, model, columns)
        person.left = int(seekers.left[k])
        person.remove()
        twin.seekers.append(person)
    return twin


def _governance(twin: Twin, model: ParkModel, by_row: dict[int, Enterprise]) -> None:
    """Read out the register and the committee."""
    here = {person.identity: person for person in twin.employees}
    twin.levels = list(model.register.levels)
    for one in model.register.open:
        author = here.get(int(one["identity"]))
        if author is not None and int(model.posts.identity[one["row"]]) == author.identity:
            request = Request(
                author, author.post, ORDER[one["category"]], int(one["asked"]), int(one["level"])
            )
            request.days, request.supply = float(one["days"]), float(one["supply"])
            twin.register.append(request)
    council = model.council
    twin.benches, twin.elected = council.benches, council.elected
    for seat in council.members:
        number, row, votes = int(seat["bench"]), int(seat["row"]), int(seat["votes"])
        if council.benches[number].side == "employers":
            twin.committee.append(Seat(number, by_row[row], None, votes))
        elif int(seat["identity"]) in here:
            member = here[int(seat["identity"])]
            twin.committee.append(Seat(number, member, member.post, votes))


def _row(table: object, row: int) -> dict[str, float]:
    return {name: getattr(table, name)[row].item() for name in table.columns}


def _person(twin: Twin, model: ParkModel, columns: dict[str, float]) -> Employee:
    same = ("age", "owner", "tied", "rotating", "car", "ebike", "zone", "moves", "spread", "ties", "trust")
    same += ("took_part",)
    return Employee(
        twin,
        columns["identity"],
        wage_band=WAGE_BANDS[columns["wage_band"]],
        education=EDUCATION[columns["education"]],
        household=HOUSEHOLDS[columns["household"]],
        needs=frozenset(name for bit, name in enumerate(ORDER) if columns["needs"] >> bit & 1),
        flat=model.layout.amenities[columns["flat"]].name if columns["flat"] >= 0 else None,
        wish=model.layout.amenities[columns["flat_wish"]].name if columns["flat_wish"] >= 0 else None,
        wish_since=columns["flat_since"],
        **{name: columns[name] for name in same},
    )


# --- yardstick -----------------------------------------------------------------------------------


def slice_of(name: str, employees: int, firms: int, **changes: float) -> Scenario:
    """Return a scenario of the library with fewer people and firms, its anchors in proportion."""
    from parksim.scenario.read import load

    whole = load(name)
    share = employees / whole.population.employees
    anchors = {
        f"enterprises.anchors.{a.name}.employees": max(round(a.employees * share), 1)
        for a in whole.enterprises.anchors
    }
    counts = {"population.employees": employees, "enterprises.count": firms}
    return whole.with_({**counts, **anchors, **changes})
