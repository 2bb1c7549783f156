"""What is usual where nothing better is known: places for so many people, hours, prices, homes, firms.

Everything here is **assumed**, is written into scenarios with that grade, and is listed on an import's page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from parksim.scenario.categories import CATEGORIES, DAYPARTS

DAYS_A_MONTH = 21.75
SLACK = 1.25
"""Places for each place taken at the peak."""
M2_A_WORKER = 25.0
LET_SHARE = 0.8
"""Share of the workplaces' floor that is let, where head-counts are guessed from floor."""
PEOPLE_A_FIRM = 25
DETOUR = 1.3
"""Length of a walk for each metre as the crow flies, where the way is not on the map."""


@dataclass(frozen=True, slots=True)
class Usual:
    """One kind of place as it usually is: hours, CNY a visit, CNY a year and once for each place in it."""

    opens: float
    closes: float
    price: float = 0
    yearly: float = 0
    build: float = 0
    least: int = 2
    known: float = 20
    """Capacity of one such place on a map that does not tell it."""


USUAL: dict[str, Usual] = {
    "canteen": Usual(7, 20, 16, 9000, 8000, 20, 120),
    "restaurant": Usual(10.5, 21.5, 38, 18000, 16000, 20, 60),
    "cafe": Usual(8, 21, 24, 13000, 11000, 8, 30),
    "convenience": Usual(7, 22, 0, 150000, 50000, 1, 3),
    "laundry": Usual(8, 21, 18, 85000, 60000, 1, 3),
    "bank": Usual(9, 17, 0, 330000, 120000, 2, 5),
    "public_service": Usual(8.5, 17.5, 0, 150000, 100000, 2, 6),
    "council_hall": Usual(9, 21, 0, 1500, 9000, 20, 40),
    "health_house": Usual(8.5, 18, 10, 100000, 110000, 2, 4),
    "clinic": Usual(8.5, 18, 30, 600000, 300000, 1, 4),
    "pharmacy": Usual(8, 22, 0, 130000, 60000, 1, 3),
    "counselling": Usual(9, 20, 30, 110000, 50000, 1, 2),
    "gym": Usual(7, 22, 28, 18000, 22000, 15, 60),
    "sports_hall": Usual(8, 22, 25, 15000, 47000, 8, 32),
    "running_path": Usual(5, 23, 0, 1200, 2000, 30, 120),
    "library": Usual(9, 20.5, 0, 3000, 20000, 15, 60),
    "reading_corner": Usual(8.5, 21, 0, 1500, 3000, 10, 20),
    "kindergarten": Usual(7.5, 18, 40, 22000, 40000, 30, 180),
    "school": Usual(7.5, 16.5, 0, 20000, 60000, 60, 120),
    "after_school": Usual(15.5, 19, 20, 9000, 7000, 20, 60),
    "training": Usual(9, 21, 10, 5000, 5000, 20, 40),
    "social_space": Usual(9, 21.5, 0, 5000, 5000, 15, 40),
    "mall": Usual(10, 22, 0, 0, 0, 200, 800),
    "flats": Usual(0, 24, 2200, 6000, 120000, 20, 60),
}


def usual(category: str) -> Usual:
    """Say what is usual for a category; one added later gets what suits most."""
    return USUAL.get(category, Usual(8, 21))


def capacity(category: str, people: float) -> int:
    """Places that so many people of a park would fill at the peak, with some slack.

    ``people × share × visits a working day × busiest daypart's share × service time / its length × slack``;
    where places are allotted, a quarter of those who want one: the others have one near home.

    Parameters
    ----------
    category : str
        One of :data:`parksim.scenario.categories.CATEGORIES`.
    people : float
        Employees it serves.

    Returns
    -------
    int
        Seats, counters or places; at least what such a place usually has.
    """
    kind = CATEGORIES[category]
    least = usual(category).least
    if kind.allotted:
        wanting = {"everyone": 0.2, "kindergarten_child": 0.13, "school_child": 0.15}[kind.needed_by]
        return max(least, math.ceil(people * wanting * (kind.share or 1) / 4))
    daily = people * kind.share * kind.visits / DAYS_A_MONTH
    hours = {name: 60 * (DAYPARTS[name][1] - DAYPARTS[name][0]) for name in kind.dayparts}
    peak = max(share * kind.service_min / hours[name] for name, share in kind.dayparts.items())
    return max(least, math.ceil(daily * peak * SLACK))


def amenity(name: str, category: str, people: float, *, new: bool = False, **more: Any) -> dict[str, Any]:
    """Describe a place that serves so many people, as a scenario's ``amenities:`` would.

    Parameters
    ----------
    name, category : str
    people : float
        Employees it serves.
    new : bool
        Whether it is yet to be built, and costs that.
    **more
        Where it stands, and whatever else is known; replaces what is usual.
    """
    kind = usual(category)
    places = more.get("capacity") or capacity(category, people)
    said: dict[str, Any] = {"name": name, "category": category, "capacity": places}
    said |= {"opens": kind.opens, "closes": kind.closes}
    if kind.price:
        said["price"] = kind.price
    if kind.yearly:
        said["opex_cny_year"] = rounded(places * kind.yearly)
    if new and kind.build:
        said["capex_cny"] = rounded(places * kind.build)
    return said | more


def rounded(value: float) -> int:
    """Round to two digits: what is guessed should look guessed."""
    if value <= 0:
        return 0
    step = 10 ** max(math.floor(math.log10(value)) - 1, 0)
    return int(round(value / step) * step)


ZONES: tuple[dict[str, Any], ...] = (
    {
        "name": "next door",
        "name_zh": "紧邻片区",
        "weight": 0.12,
        "road_km": 3,
        "metro_min": 6,
        "station_km": 0.9,
        "rent": 2800,
    },
    {
        "name": "inner city",
        "name_zh": "老城",
        "weight": 0.28,
        "road_km": 9,
        "metro_min": 18,
        "station_km": 0.7,
        "rent": 3300,
    },
    {
        "name": "new town",
        "name_zh": "新城",
        "weight": 0.25,
        "road_km": 13,
        "metro_min": 26,
        "station_km": 0.9,
        "rent": 2500,
    },
    {
        "name": "suburb",
        "name_zh": "近郊",
        "weight": 0.22,
        "road_km": 19,
        "metro_min": 38,
        "station_km": 1.4,
        "rent": 1900,
    },
    {"name": "far county", "name_zh": "远郊", "weight": 0.13, "road_km": 30, "rent": 1400},
)
"""Five home zones of an invented city."""


def city(name: str = "a city", name_zh: str = "") -> dict[str, Any]:
    """Describe the invented city."""
    return {
        "name": name,
        **({"name_zh": name_zh} if name_zh else {}),
        "zones": [dict(zone) for zone in ZONES],
    }


SECTORS: dict[str, float] = {"software": 0.35, "electronics": 0.2, "business-services": 0.25, "trade": 0.2}


def firms(
    employees: int, sectors: dict[str, float] | None = None, tech: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Describe as many firms as so many people usually work for."""
    sectors = sectors or SECTORS
    tech = tech or tuple(s for s in ("software", "electronics") if s in sectors)
    said: dict[str, Any] = {"count": max(1, round(employees / PEOPLE_A_FIRM)), "sectors": dict(sectors)}
    return said | ({"tech_sectors": list(tech)} if tech else {})


CHANNELS: tuple[dict[str, Any], ...] = (
    {
        "name": "property-management",
        "title": "property management",
        "title_zh": "物业",
        "delay_days": 12,
        "awareness": 0.6,
    },
    {
        "name": "hotline-12345",
        "title": "city hotline 12345",
        "title_zh": "12345热线",
        "delay_days": 7,
        "awareness": 0.35,
    },
)


def administration(people: float) -> dict[str, Any]:
    """Describe the channels that any park has: its property management and the city's hotline."""
    shares = (0.03, 0.015)
    channels = [
        {**each, "capacity_month": max(5, rounded(people * share))}
        for each, share in zip(CHANNELS, shares, strict=True)
    ]
    return {"kind": "administration", "events_month": 1, "channels": channels}


STAFF_OF_10_000 = 8
"""Staff of service centre and social-work station for each 10,000 employees."""


def council(people: float) -> dict[str, Any]:
    """Describe a community's governance on top of what the park has."""
    return {
        "kind": "council",
        "seats": 12,
        "organs": [
            "party-branch",
            "governance-committee",
            "service-centre",
            "social-work-station",
            "self-governing-body",
        ],
        "events_month": 4,
        "opex_cny_year": max(200_000, rounded(people * 150)),
        "social_work_staff": max(1, round(people * STAFF_OF_10_000 / 10_000)),
        "channels": [
            {
                "name": "service-station",
                "title": "public-service station",
                "title_zh": "公共服务工作站",
                "capacity_month": max(10, rounded(people * 0.03)),
                "delay_days": 5,
                "awareness": 0.4,
            },
        ],
    }


PATHS = ("city.zones", "population", "enterprises", "governance.channels")
"""What :func:`city`, :func:`firms` and :func:`administration` stand for, in ``sources:``."""
USUAL_FIGURES = (
    "usual figures of parksim's importers; replace them with yours",
    "parksim导入所用的常用值；请以实际数据替换",
)
"""What is said of them there, in English and Chinese."""
