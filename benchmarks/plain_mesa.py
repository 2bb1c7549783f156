"""A plain-Mesa twin: an object for each agent and loops in Python, as in Mesa's tutorial.

Oracle and yardstick in one. The twin obeys the same rules about people and firms as the engine
(:class:`parksim.model.ParkModel`) and, with the same addressed draws, must tell the same events
(``tests/test_twin.py``). It shares no code with the engine's phases or with :mod:`parksim.chance`; with
:class:`TutorialDraws` it plays with Mesa's own random numbers.

What is true of a place and not of a person the twin takes from the engine, once a month, as numbers written
on a wall (:class:`Surroundings`): walking minutes, minutes by lift, journeys by zone and building with what
is lost in queues and expected times at equilibrium, shares of visits served and spent among others, detours
by way of a kindergarten. Besides it is given the reference person of the hazard of quitting, once. All that a
person or a firm does with them the twin works out on its own: mode choice, coverage, who is allotted a place,
ties, requests, events, quitting and why, moving home and into flats, ageing, hiring of strangers and of
leavers who come back, growth, exit and entry of firms. So an engine and a twin played in lockstep tell the
same events only where the engine's vectors say what these loops say.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import accumulate
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING

import mesa

from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from parksim.model import ParkModel
    from parksim.scenario.schema import Governance, Layout, Scenario
    from parksim.world.grid import Building

MODES = ("walk", "bicycle", "ebike", "bus", "metro", "shuttle", "car")
WAGE_BANDS = ("low", "middle", "high")
HOUSEHOLDS = ("single", "couple", "kindergarten", "school")
ALLOTTED = ("kindergarten", "school", "after_school")
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
    walk: list[list[float]]  # unit, amenity
    usable: list[list[bool]]  # unit, amenity
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
    met: list[list[float]]  # unit, category

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
            walk=place.walk.tolist(),
            usable=place.usable.tolist(),
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
            met=model.services.met.tolist(),
        )


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

    def give_places(self) -> None:
        """Give the free places to those whose nearest place of the kind this is, by lottery."""
        held = [e for e in self.model.employees if e.place.get(self.category) == self.name]
        free = int(self.plan.capacity) - len(held)
        asking = [e for e in self.model.employees if e.wants_place_in(self)]
        asking.sort(key=lambda e: e.luck(f"allot/{self.name}"))
        for winner in asking[: max(free, 0)]:
            winner.place[self.category] = self.name

    def let_flats(self, movers: list[Employee]) -> None:
        """Let the free flats to those on the move who would rather live here, by lottery."""
        taken = sum(e.flat == self.name for e in self.model.employees if e not in movers)
        free = int(self.plan.capacity - self.plan.outsiders) - taken
        asking = [e for e in movers if e.offer is None and e.prefers_flat(self)]
        asking.sort(key=lambda e: e.luck(f"flat/{self.name}"))
        for winner in asking[: max(free, 0)]:
            winner.offer = self.name


class Employee(mesa.Agent):
    """A person."""

    def __init__(self, model: Twin, identity: int, **state: object) -> None:
        super().__init__(model)
        self.identity = identity
        self.post: Post | None = None
        self.since = self.left = 0
        self.flat: str | None = None
        self.offer: str | None = None
        self.moves = self.ties = 0
        self.took_part = NEVER
        self.forget_month()
        for name, value in state.items():
            setattr(self, name, value)

    def luck(self, decision: str) -> float:
        """Draw the person's number for a decision of this month."""
        return self.model.luck.uniform(decision, self.model.month, self.identity)

    @classmethod
    def born(cls, model: Twin, identity: int) -> Employee:
        """Synthesise a person from the identity."""
        people, needs = model.scenario.population, model.scenario.needs

        def u(what: str) -> float:
            return model.luck.uniform(f"person/{what}", 0, identity)

        wage = class_of(u("wage"), [people.wage_band.get(b, 0.0) for b in WAGE_BANDS])
        household = class_of(u("household"), [people.household.get(h, 0.0) for h in HOUSEHOLDS])
        band = list(people.age)[class_of(u("age band"), people.age.values())]
        low, high = (float(x) for x in band.split("-"))
        who = {"everyone": True, "kindergarten_child": household == 2, "school_child": household == 3}
        wants = set()
        for name, category in CATEGORIES.items():
            own = needs.get(name)
            share = category.share if own is None or own.share is None else own.share
            if who[category.needed_by] and u(f"need/{name}") < share:
                wants.add(name)
        return cls(
            model,
            identity,
            age=low + u("age") * (high + 1 - low),
            household=HOUSEHOLDS[household],
            owner=u("owner") < people.owner_share,
            tied=u("tied") < people.tied_share,
            car=u("car") < people.car_share.get(WAGE_BANDS[wage], 0.0),
            ebike=u("ebike") < people.ebike_share.get(WAGE_BANDS[wage], 0.0),
            needs=frozenset(wants),
            trust=model.rules.community.trust_start,
        )

    def forget_month(self) -> None:
        """Start afresh in what belongs to a post and not to the person."""
        self.mode: str | None = None
        self.commute_min = self.km = 0.0
        self.place: dict[str, str] = {}
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
            value = math.log(zone.weight / total) + home.rent_weight * zone.rent / 1000
            value += slope * model.around.expected[index][building]
            value += model.luck.gumbel("home/zone", code(zone.name) % 2**32, self.move_address)
            if value > best:
                best, self.zone = value, index
        return best

    def settle_in_zone(self) -> None:
        """Find out how far out in the zone the home lies."""
        sigma = self.model.rules.home.distance_spread
        z = self.model.luck.normal("home/spread", 0, self.move_address)
        self.spread = math.exp(sigma * z - sigma**2 / 2)

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

    def wants_place_in(self, amenity: Amenity) -> bool:
        """Say whether one needs a place, has none, and this is the nearest."""
        kind = amenity.category
        return kind in self.needs and kind not in self.place and self.nearest(kind) is amenity

    def nearest(self, category: str) -> Amenity | None:
        """Return the nearest place of a category one may use and would walk to."""
        reach = self.model.rules.services.reach_min
        best, nearest = math.inf, None
        for amenity in self.model.amenities:
            if amenity.category == category and amenity.minutes_from(self.post.unit) < best:
                best, nearest = amenity.minutes_from(self.post.unit), amenity
        return nearest if best <= reach else None

    def use_services(self) -> None:
        """Go where one needs to, and remember what came of it."""
        around, unit = self.model.around, self.post.unit
        wanted = got = self.meetings = 0.0
        for name in self.needs:
            visits, c = self.model.visits[name], ORDER.index(name)
            self.meetings += visits * around.met[unit][c] * CATEGORIES[name].social
            if not CATEGORIES[name].allotted:
                wanted += visits
                got += visits * around.served[unit][c]
        self.unserved = wanted - got
        self.served = got / wanted if wanted > 0 else 1.0

    def meet(self) -> None:
        """Gain and lose ties."""
        keeps = 1 - min(self.model.rules.community.tie_decay, 0.999)
        gains = self.luck("tie/gain") < 1 - math.exp(-self.meetings)
        loses = self.luck("tie/loss") < 1 - keeps**self.ties
        self.ties = min(max(self.ties + gains - loses, 0), 60)

    def ask(self) -> None:
        """Turn unserved visits into a request to the first channel one knows."""
        luck, p = self.model.luck, self.model.rules.community
        odds = 1 - math.exp(-p.request_per_unserved * max(self.unserved, 0.0))
        if self.luck("request") >= odds:
            return
        for channel in self.model.around.governance.channels:
            if luck.uniform(f"request/{channel.name}/known", 0, self.identity) < channel.awareness:
                self.model.register[channel.name].append(self)
                return
        self.model.unheard.append(self)

    def trust_more(self, by: float) -> None:
        """Trust the place more, or less."""
        self.trust = min(max(self.trust + by, 0.0), 1.0)

    def go_to_event(self) -> None:
        """Come to this month's event, and perhaps get to know somebody."""
        model = self.model
        if self.luck("event") >= min(2 * model.event_rate * self.trust, 1.0):
            return
        self.took_part = model.month
        if self.luck("event/tie") < model.rules.community.event_tie:
            self.ties = min(self.ties + 1, 60)

    # --- staying ---

    def consider_quitting(self) -> None:
        """Quit, or not."""
        model, p = self.model, self.model.rules.staying
        tenure = model.month - self.since
        by_tenure = band(tenure, (6, 12, 36), (p.tenure_0_6, p.tenure_7_12, p.tenure_13_36, p.tenure_37))
        by_age = band(self.age, (25, 35, 45), (p.age_under_25, p.age_25_34, p.age_35_44, p.age_45))
        commute = p.commute_per_10min ** ((self.commute_min - model.centre.commute_min) / 10)
        services = max(1 + p.services * (self.served - model.centre.served), 0.0)
        hazard = model.centre.scale * by_tenure * by_age * commute * services
        hazard *= p.tie ** min(self.ties, p.ties_counted) * (1.0 if self.flat is None else p.park_home)
        if self.luck("quit") >= min(hazard, 0.95):
            return
        if self.luck("quit/left city") < p.left_city_share:
            self.leave("left_city")
            return
        weights = (max(commute - 1, 0), max(services - 1, 0), p.wage_share, 1 - p.wage_share)
        u = self.luck("quit/cause")
        self.leave(("commute", "services", "wage", "other")[class_of(u, weights)])

    def leave(self, cause: str) -> None:
        """Leave the post; those who stay in the city may come back."""
        model, post = self.model, self.post
        model.tell("leave", self.identity, post.firm.identity, cause)
        post.holder, self.post = None, None
        self.forget_month()
        self.remove()
        if cause == "left_city":
            return
        if self.flat is not None:
            self.flat = None
            self.moves += 1
            self.choose_zone(post.building)
        self.left = model.month
        model.seekers.append(self)

    def consider_moving(self) -> None:
        """Move home, or not; flats of the park are let afterwards."""
        model, p = self.model, self.model.rules.home
        yearly = p.owner_moves_year if self.owner else p.tenant_moves_year
        rate = yearly / 12 * p.move_per_10min ** ((self.commute_min - model.centre.commute_min) / 10)
        if self.luck("move home") >= 1 - math.exp(-rate):
            return
        self.moves += 1
        self.offer = None
        self.zone_value = self.choose_zone(self.post.building)
        self.settle_in_zone()
        model.movers.append(self)

    def prefers_flat(self, flats: Amenity) -> bool:
        """Say whether a flat is better than the home found in the city."""
        model, p, unit = self.model, self.model.rules.home, self.post.unit
        if not model.around.usable[unit][flats.index]:
            return False
        slope = p.deterrence_tied if self.tied else p.deterrence_free
        value = math.log(p.flat_weight) + p.rent_weight * flats.plan.price / 1000
        value += slope * model.around.walk[unit][flats.index]
        value += model.luck.gumbel("home/flat", code(flats.name) % 2**32, self.move_address)
        return value > self.zone_value

    def move(self) -> None:
        """Move in."""
        self.flat, self.offer = self.offer, None
        where = "flat" if self.flat else self.model.scenario.city.zones[self.zone].name
        self.model.tell("move_home", self.identity, self.post.firm.identity, where)

    def grow_older(self) -> None:
        """Age by a month."""
        self.age += 1 / 12

    # --- hiring ---

    def race(self, vacancy: int) -> float:
        """Return when the application for a vacancy would be written: the first one is sent."""
        pair = self.model.luck.pair(self.identity, vacancy)
        return self.model.luck.exponential("apply/which", self.model.month, pair)

    def take(self, post: Post) -> None:
        """Take a post."""
        self.post, post.holder = post, self
        self.since = self.model.month
        zone = self.model.scenario.city.zones[self.zone].name
        self.model.tell("hire", self.identity, post.firm.identity, zone)

    # --- measured ---

    def coverage(self, minutes: float, categories: tuple[str, ...]) -> tuple[int, int]:
        """Count the needed categories of a circle, and those with a place within its minutes."""
        around, units = self.model.around, [self.post.unit]
        if self.flat is not None:
            home = around.home_building[self.model.places[self.flat].index]
            units += [around.unit_of[home, -1]] if 0 <= home < len(around.buildings) else []
        needed = self.needs & set(categories)
        open_now = [a for a in self.model.amenities if around.opens[a.index]]
        near = {a.category for a in open_now for unit in units if a.minutes_from(unit) <= minutes}
        return len(needed), len(needed & near)


class Enterprise(mesa.Agent):
    """A firm with its posts."""

    def __init__(
        self, model: Twin, identity: int, *, sector: str, building: int, anchor: int, born: int
    ) -> None:
        super().__init__(model)
        self.identity = identity
        self.sector, self.building, self.anchor, self.born = sector, building, anchor, born
        self.posts: list[Post] = []
        self.posts_made = 0

    def luck(self, decision: str) -> float:
        """Draw the firm's number for a decision of this month."""
        return self.model.luck.uniform(decision, self.model.month, self.identity)

    def open_posts(self, count: int) -> None:
        """Open vacant posts; an anchor's are spread over the buildings of its block."""
        around, luck = self.model.around, self.model.luck
        for number in range(self.posts_made, self.posts_made + count):
            address = luck.newborn("post", self.identity, number)
            building = self.building
            if self.anchor >= 0:
                block = self.model.scenario.enterprises.anchors[self.anchor].block
                own = [k for k, b in enumerate(around.buildings) if b.block == block and b.workplace]
                u = luck.uniform("post/building", 0, address)
                building = own[class_of(u, [around.buildings[k].m2 for k in own])]
            floor = 1 + math.floor(luck.uniform("post/floor", 0, address) * around.buildings[building].floors)
            unit = around.unit_of[building, self.anchor]
            self.posts.append(Post(self, number, building, unit, floor))
        self.posts_made += count

    def search(self) -> None:
        """Look for people: some searches end this month."""
        model, p = self.model, self.model.rules.hiring
        tech = self.sector in model.scenario.enterprises.tech_sectors
        odds = 1 - math.exp(-365 / 12 / (p.search_days_tech if tech else p.search_days))
        for post in self.posts:
            if post.holder is None:
                address = model.luck.pair(model.luck.pair(self.identity, post.number), post.fill)
                if model.luck.uniform("search ends", model.month, address) < odds:
                    post.fill += 1
                    model.matured.append((post, address))

    def grow(self) -> None:
        """On the anniversary, shrink at once or say how many posts are wanted."""
        model, p = self.model, self.model.rules.enterprises
        if model.month <= self.born or (model.month - self.born) % 12:
            return
        u = self.luck("growth") - 0.5
        b = p.growth_scale
        log_growth = p.growth_mean + math.log(1 - b**2) - b * math.copysign(1, u) * math.log(1 - 2 * abs(u))
        wanted = len(self.posts) * math.exp(min(max(log_growth, -1.5), 1.5))
        target = max(math.floor(wanted + self.luck("growth/round")), 1)
        if target > len(self.posts):
            model.growing.append((self, target - len(self.posts)))
        self.posts.sort(key=lambda post: post.number)
        while len(self.posts) > target:
            self.close(self.posts[-1], "laid_off")

    def close(self, post: Post, cause: str) -> None:
        """Close a post; whoever holds it leaves."""
        if post.holder is not None:
            post.holder.leave(cause)
        self.posts.remove(post)

    def consider_leaving(self) -> None:
        """Close, or move out of the park."""
        model, p = self.model, self.model.rules.enterprises
        if self.anchor >= 0:
            return
        age = (model.month - self.born) / 12
        odds = (p.exit_year_1, p.exit_year_2, p.exit_year_3, p.exit_year_4_7, p.exit_year_8)
        yearly = band(age, (1, 2, 3, 7), odds)
        yearly *= (max(len(self.posts), 1) / 40) ** p.exit_size_exponent
        if self.luck("exit") >= 1 - (1 - min(yearly, 0.95)) ** (1 / 12):
            return
        out = self.luck("exit/moves out") < p.relocation_share
        cause = "firm_moved" if out else "firm_closed"
        for post in list(self.posts):
            self.close(post, cause)
        model.tell("firm_exit", self.identity, self.identity, cause)
        self.remove()


# --- the month -----------------------------------------------------------------------------------


@dataclass
class Centre:
    """The reference person of the hazard of quitting."""

    scale: float
    commute_min: float
    served: float


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
        self.centre = Centre(0.0, 0.0, 1.0)
        self.requests = self.answered = 0
        changed = {name: need.visits for name, need in scenario.needs.items() if need.visits is not None}
        self.visits = {name: category.visits for name, category in CATEGORIES.items()} | changed
        self.places: dict[str, Amenity] = {}
        self.around = around

    @property
    def around(self) -> Surroundings:
        """What is true of places this month."""
        return self._around

    @around.setter
    def around(self, around: Surroundings) -> None:
        self._around = around
        for amenity in self.places.values():
            amenity.remove()
        self.places = {plan.name: Amenity(self, k) for k, plan in enumerate(around.layout.amenities)}

    @property
    def amenities(self) -> list[Amenity]:
        """The places, in the layout's order."""
        return list(self.places.values())

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
        self.everybody("consider_quitting")
        self.move_homes()
        self.everybody("grow_older")
        self.hire()
        self.growing: list[tuple[Enterprise, int]] = []
        self.every_firm("grow")
        self.give_floor()
        self.every_firm("consider_leaving")
        self.let_firms_in()

    def allot(self) -> None:
        """Give places in kindergarten, school and class."""
        for person in self.employees:
            person.place = {category: name for category, name in person.place.items() if name in self.places}
        for amenity in self.amenities:
            if amenity.category in ALLOTTED:
                amenity.give_places()

    def live_together(self) -> None:
        """Meet, ask, and take part."""
        p, governance = self.rules.community, self.around.governance
        self.everybody("meet")
        self.register: dict[str, list[Employee]] = {channel.name: [] for channel in governance.channels}
        self.unheard: list[Employee] = []
        self.everybody("ask")
        self.requests, self.answered = len(self.unheard), 0
        for channel in governance.channels:
            queue = self.register[channel.name]
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

    def move_homes(self) -> None:
        """Let people move, some of them into the park's flats."""
        self.movers: list[Employee] = []
        self.everybody("consider_moving")
        for amenity in self.amenities:
            if amenity.category == "flats":
                amenity.let_flats(self.movers)
        for person in self.movers:
            person.move()

    def hire(self) -> None:
        """Fill the posts whose search ends, first with leavers who apply, then with strangers."""
        p, luck = self.rules.hiring, self.luck
        self.matured: list[tuple[Post, int]] = []
        self.every_firm("search")
        self.seekers = [e for e in self.seekers if e.left >= self.month - round(p.seek_months)]
        segments = round(p.market_segments)
        applications: dict[Post, list[Employee]] = {}
        for person in self.seekers:
            if person.left == self.month or person.luck("apply") >= p.seek_in_park:
                continue
            mine = luck.pair(person.identity, self.month) % segments
            offers = [(post, a) for post, a in self.matured if luck.pair(a, self.month) % segments == mine]
            if offers:
                wish, _ = min(offers, key=lambda offer, e=person: e.race(offer[1]))
                applications.setdefault(wish, []).append(person)
        for post, people in applications.items():
            winner = min(people, key=lambda e: e.luck("apply/lot"))
            self.seekers.remove(winner)
            self.register_agent(winner)
            winner.take(post)
        for post, _ in self.matured:
            if post.holder is None:
                identity = luck.newborn("person", post.firm.identity, post.number, post.fill)
                stranger = Employee.born(self, identity)
                stranger.choose_zone(post.building)
                stranger.settle_in_zone()
                stranger.take(post)

    # --- firms and floor ---

    def free_posts(self) -> list[float]:
        """Return how many posts each building still has floor for."""
        m2 = self.rules.enterprises.m2_per_worker
        free = [b.m2 / m2 if b.workplace else 0.0 for b in self.around.buildings]
        for firm in self.enterprises:
            for post in firm.posts:
                free[post.building] -= 1
        return free

    def give_floor(self) -> None:
        """Let growing firms share what floor is free, by lottery."""
        free = [math.floor(x) for x in self.free_posts()]
        self.growing.sort(key=lambda g: g[0].luck("growth/floor"))
        for firm, wanted in self.growing:
            granted = max(min(wanted, free[firm.building]), 0)
            free[firm.building] -= granted
            firm.open_posts(granted)

    def let_firms_in(self) -> None:
        """Let new firms take floor where there is some."""
        scenario, p, luck = self.scenario, self.rules.enterprises, self.luck
        expected = p.entry_year * scenario.enterprises.count / 12
        candidates = math.ceil(2 * expected) + 1
        reserved = {anchor.block for anchor in scenario.enterprises.anchors}
        free = self.free_posts()
        for k, b in enumerate(self.around.buildings):
            if not b.workplace or b.block in reserved:
                free[k] = 0.0
        for rank in range(candidates):
            identity = luck.newborn("entrant", self.month + 100_000, rank)
            if luck.uniform("entry", 0, identity) >= expected / candidates:
                continue
            size = self.entrant_size(luck.uniform("firm/size", 0, identity))
            room = [k for k, f in enumerate(free) if f >= size]
            if not room:
                continue
            chosen = min(room, key=lambda k, i=identity: self.race_for_floor(i, k) / free[k])
            free[chosen] -= size
            sectors = scenario.enterprises.sectors
            sector = list(sectors)[class_of(luck.uniform("firm/sector", 0, identity), sectors.values())]
            firm = Enterprise(self, identity, sector=sector, building=chosen, anchor=-1, born=self.month)
            firm.open_posts(size)
            self.tell("firm_entry", identity, identity, self.around.buildings[chosen].name)

    def race_for_floor(self, firm: int, building: int) -> float:
        """Return when a firm would be at a building that has one free post."""
        pair = self.luck.pair(firm, code(self.around.buildings[building].name))
        return self.luck.exponential("firm/building", 0, pair)

    def entrant_size(self, u: float) -> int:
        """Return a size from a Pareto law cut at forty times its smallest, scaled to the mean."""
        a, mean = self.scenario.enterprises.size_exponent, self.rules.enterprises.entrant_size

        def quantile(q: float) -> float:
            return (1 - q * (1 - 40.0**-a)) ** (-1 / a)

        return max(round(quantile(u) * mean / fmean(quantile((k + 0.5) / 2000) for k in range(2000))), 1)

    # --- measured ---

    def measure(self) -> dict[str, float]:
        """Return the month's indicators of commuting and coverage, and some counts."""
        people = [e for e in self.employees if e.mode is not None]
        minutes = [e.commute_min for e in people]
        out = {
            "employees": float(len(self.employees)),
            "enterprises": float(len(self.enterprises)),
            "ties_per_employee": fmean(e.ties for e in self.employees),
            "commute_mean_min": fmean(minutes),
            "commute_median_min": median(minutes),
            "commute_share_within_45": fmean(m <= 45 for m in minutes),
            "commute_share_over_60": fmean(m > 60 for m in minutes),
            "commute_share_under_5km": fmean(e.km < 5 for e in people),
            "live_in_park_share": fmean(e.flat is not None for e in people),
            **{f"mode_share_{mode}": fmean(e.mode == mode for e in people) for mode in MODES},
        }
        for name, circle in self.around.layout.circles.items():
            counts = [e.coverage(circle.minutes, circle.categories) for e in people]
            shares = [have / need for need, have in counts if need]
            if shares:
                out[f"coverage_{name}"] = fmean(shares)
                out[f"coverage_all_{name}"] = fmean(share == 1 for share in shares)
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
    twin = Twin(model.spec, Surroundings.of(model), luck)
    twin.centre = Centre(model.centre.scale, model.centre.commute_min, model.centre.served)
    firms, posts = model.firms, model.posts
    sectors = list(model.spec.enterprises.sectors)
    by_row: dict[int, Enterprise] = {}
    for row in range(len(firms)):
        if firms.active[row]:
            by_row[row] = Enterprise(
                twin,
                int(firms.identity[row]),
                sector=sectors[firms.sector[row]],
                building=int(firms.building[row]),
                anchor=int(firms.anchor[row]),
                born=int(firms.born[row]),
            )
            by_row[row].posts_made = int(firms.posts_made[row])
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
            for category in ALLOTTED:
                if (held := int(getattr(posts, category)[row])) >= 0:
                    person.place[category] = model.layout.amenities[held].name
    seekers = model.seekers
    for k in range(len(seekers)):
        columns = {name: column[0].item() for name, column in seekers.take([k]).items()}
        person = _person(twin, model, columns)
        person.left = int(seekers.left[k])
        person.remove()
        twin.seekers.append(person)
    return twin


def _row(table: object, row: int) -> dict[str, float]:
    return {name: getattr(table, name)[row].item() for name in table.columns}


def _person(twin: Twin, model: ParkModel, columns: dict[str, float]) -> Employee:
    same = ("age", "owner", "tied", "car", "ebike", "zone", "moves", "spread", "ties", "trust", "took_part")
    return Employee(
        twin,
        columns["identity"],
        household=HOUSEHOLDS[columns["household"]],
        needs=frozenset(name for bit, name in enumerate(ORDER) if columns["needs"] >> bit & 1),
        flat=model.layout.amenities[columns["flat"]].name if columns["flat"] >= 0 else None,
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


def run(employees: int = 2000, firms: int = 50, months: int = 3) -> dict[str, float]:
    """Time the engine and both twins on a slice of IoT Town; microseconds an employee-month."""
    from parksim.model import ParkModel

    model = ParkModel(slice_of("iot-town-park", employees, firms), seed=1)
    twins = {"twin, addressed draws": twin_of(model, Draws(1)), "twin, tutorial's draws": twin_of(model)}
    seconds = dict.fromkeys(["engine", *twins], 0.0)
    for _ in range(months):
        start = time.perf_counter()
        model.step()
        seconds["engine"] += time.perf_counter() - start
        around = Surroundings.of(model)
        for name, twin in twins.items():
            start = time.perf_counter()
            twin.around = around
            twin.step()
            twin.measure()
            seconds[name] += time.perf_counter() - start
    return {name: spent / (employees * months) * 1e6 for name, spent in seconds.items()}


if __name__ == "__main__":
    for figure, value in run().items():
        print(f"{figure:40} {value:10.2f} us an employee-month")
