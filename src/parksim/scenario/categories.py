"""The kinds of places people need: who needs them, how often, when, and how long they will queue.

A new category is one entry in :data:`CATEGORIES`. Every figure is a default that a scenario may
override under ``needs:``; the grade says how well it is known (see :mod:`parksim.scenario.parameters`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Daypart = Literal["morning", "lunch", "afternoon", "after_work", "evening", "night", "weekend"]

DAYPARTS: dict[str, tuple[float, float]] = {
    "morning": (7.0, 9.5),
    "lunch": (11.5, 13.0),
    "afternoon": (13.0, 17.5),
    "after_work": (17.5, 19.0),
    "evening": (19.0, 21.5),
    "night": (0.0, 5.0),
    "weekend": (9.0, 21.0),
}
"""Hours of the representative days, from and to (24-hour clock).

The first five make up the working day. ``night`` takes the meals and errands of the night shift, ``weekend``
is a day off at home, played for those who live in the park.
"""

WEEKEND = list(DAYPARTS).index("weekend")

HouseholdNeed = Literal["everyone", "kindergarten_child", "school_child"]


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of place.

    Attributes
    ----------
    en, zh : str
        What it is called.
    visits : float
        Visits a month wanted by a person who needs it.
    share : float
        Share of the people in `needed_by` who need it at all.
    needed_by : str
        Which households can need it.
    dayparts : dict
        Share of the visits in each daypart of the working day; sums to 1.
    service_min : float
        Default minutes a visit occupies one seat, place or counter.
    patience_min : float
        Longest wait before a visitor gives up.
    worth : float
        Longest walk that still competes with going without, in that of an everyday visit
        (``parameters.services.forgo``).
    weekend : float
        Share of the visits of those who live in the park that they make on days off, from home.
    allotted : bool
        True where places are given for a year rather than queued for.
    social : float
        Chance that a visit makes an acquaintance when everybody else there is from another firm.
    source : str
        Where the figures come from; grade ``assumed`` unless it says otherwise.
    """

    en: str
    zh: str
    visits: float
    share: float = 1.0
    needed_by: HouseholdNeed = "everyone"
    dayparts: dict[str, float] = field(default_factory=lambda: {"after_work": 1.0})
    service_min: float = 10.0
    patience_min: float = 15.0
    worth: float = 1.0
    weekend: float = 0.0
    allotted: bool = False
    social: float = 0.0
    source: str = "assumed: no Chinese park survey of visit rates is known to us"


_MEAL = {"lunch": 0.8, "after_work": 0.2}
_OUT = {"lunch": 0.3, "after_work": 0.7}
_NIGHT = {"after_work": 0.4, "evening": 0.6}

CATEGORIES: dict[str, Category] = {
    "canteen": Category("canteen", "食堂", 14, 0.80, dayparts=_MEAL, service_min=22, social=0.002),
    "restaurant": Category(
        "restaurant", "餐厅", 4, 0.90, dayparts=_OUT, service_min=45, weekend=0.35, social=0.002
    ),
    "cafe": Category(
        "café",
        "咖啡馆",
        6,
        0.50,
        dayparts={"lunch": 0.5, "afternoon": 0.5},
        service_min=25,
        weekend=0.25,
        social=0.006,
    ),
    "convenience": Category(
        "convenience shop",
        "便利店",
        8,
        0.80,
        dayparts={"lunch": 0.4, "after_work": 0.6},
        service_min=2,
        patience_min=8,
        weekend=0.3,
    ),
    "laundry": Category(
        "laundry", "洗衣房", 1, 0.35, dayparts={"lunch": 0.5, "after_work": 0.5}, service_min=6, weekend=0.5
    ),
    "bank": Category(
        "bank",
        "银行",
        0.5,
        0.50,
        dayparts={"lunch": 0.7, "afternoon": 0.3},
        service_min=15,
        patience_min=30,
        worth=1.5,
    ),
    "public_service": Category(
        "public-service desk",
        "公共服务站",
        0.3,
        0.60,
        dayparts={"lunch": 0.6, "afternoon": 0.4},
        service_min=20,
        patience_min=40,
        worth=2.0,
    ),
    "council_hall": Category(
        "council hall", "议事厅", 0.1, 0.15, dayparts={"after_work": 1.0}, service_min=60, social=0.05
    ),
    "health_house": Category(
        "health house",
        "健康屋",
        0.4,
        0.50,
        dayparts={"lunch": 0.7, "afternoon": 0.3},
        service_min=12,
        patience_min=25,
        worth=1.5,
    ),
    "clinic": Category(
        "clinic",
        "诊所",
        0.25,
        0.70,
        dayparts={"lunch": 0.2, "afternoon": 0.5, "after_work": 0.3},
        service_min=15,
        patience_min=45,
        worth=2.0,
        weekend=0.3,
    ),
    "pharmacy": Category(
        "pharmacy",
        "药店",
        0.5,
        0.60,
        dayparts={"lunch": 0.3, "after_work": 0.5, "evening": 0.2},
        service_min=4,
        worth=1.5,
        weekend=0.3,
    ),
    "counselling": Category(
        "counselling",
        "心理咨询",
        0.2,
        0.15,
        dayparts={"afternoon": 0.5, "after_work": 0.5},
        service_min=45,
        patience_min=20,
        worth=1.5,
    ),
    "gym": Category("gym", "健身房", 5, 0.30, dayparts=_NIGHT, service_min=70, weekend=0.3, social=0.008),
    "sports_hall": Category(
        "sports hall", "体育馆", 2, 0.25, dayparts=_NIGHT, service_min=90, weekend=0.4, social=0.02
    ),
    "running_path": Category(
        "running path or park",
        "健身步道",
        4,
        0.35,
        dayparts=_NIGHT,
        service_min=40,
        weekend=0.35,
        social=0.001,
    ),
    "library": Category(
        "library or bookshop",
        "图书馆（书店）",
        1,
        0.30,
        dayparts=_NIGHT,
        service_min=60,
        weekend=0.5,
        social=0.002,
    ),
    "reading_corner": Category(
        "reading corner", "阅读角", 2, 0.30, dayparts={"lunch": 1.0}, service_min=30, social=0.003
    ),
    "kindergarten": Category(
        "kindergarten",
        "幼儿园",
        21,
        needed_by="kindergarten_child",
        share=0.45,
        dayparts={"morning": 1.0},
        service_min=0,
        allotted=True,
    ),
    "school": Category(
        "school",
        "学校",
        21,
        needed_by="school_child",
        share=0.30,
        dayparts={"morning": 1.0},
        service_min=0,
        allotted=True,
    ),
    "after_school": Category(
        "after-school class",
        "四点半课堂",
        21,
        needed_by="school_child",
        share=0.45,
        dayparts={"afternoon": 1.0},
        service_min=0,
        allotted=True,
    ),
    "training": Category(
        "training room",
        "培训室",
        0.7,
        0.35,
        dayparts={"afternoon": 0.4, "after_work": 0.6},
        service_min=90,
        social=0.01,
    ),
    "social_space": Category(
        "social space", "共享会客厅", 1.5, 0.40, dayparts=_NIGHT, service_min=60, weekend=0.3, social=0.02
    ),
    "mall": Category(
        "mall",
        "商场",
        2,
        0.70,
        dayparts={"evening": 1.0},
        service_min=60,
        patience_min=30,
        worth=1.5,
        weekend=0.5,
    ),
    "flats": Category("flats", "公寓", 0, 0.0, dayparts={"evening": 1.0}, service_min=0, allotted=True),
}
"""Every category by name; at most 32, because needs are kept as bits."""

M2_PER_PLACE = 6.0
"""Floor that one seat or place needs in a building, m² (assumed; kindergartens need more, canteens less)."""

CIRCLE_PRESETS: dict[str, dict[str, tuple[float, tuple[str, ...]]]] = {
    "iot-town": {
        "life_15": (
            15,
            (
                "canteen",
                "restaurant",
                "cafe",
                "convenience",
                "laundry",
                "bank",
                "public_service",
                "kindergarten",
                "after_school",
            ),
        ),
        "medical_15": (15, ("health_house", "clinic", "pharmacy", "counselling")),
        "fitness_10": (10, ("gym", "sports_hall", "running_path")),
        "reading_10": (10, ("library", "reading_corner")),
    },
    "td-t-1062": {
        "5min": (5, ("convenience", "canteen", "running_path")),
        "10min": (10, ("restaurant", "cafe", "laundry", "pharmacy", "kindergarten", "gym", "reading_corner")),
        "15min": (
            15,
            ("school", "clinic", "health_house", "bank", "public_service", "sports_hall", "library", "mall"),
        ),
    },
}
"""Circles by preset: minutes of walking, and the categories each promises.

``iot-town`` are the four circles of IoT Town's article; which category belongs to which is ours
(assumed). ``td-t-1062`` follows the Chinese standard TD/T 1062-2021 (15 min about 1 km, 10 min
about 500 m, 5 min about 300 m), reduced to the categories modelled here.
"""
