"""The district standard for modern industrial communities: its three lists of services and Xingguang's six lines.

Names are those of article 002 (grade B); which kinds of places serve a line or an item of a list is ours (assumed).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.scenario.schema import Amenity, Layout

SOURCE = "Binjiang's standard for modern industrial communities"


@dataclass(frozen=True, slots=True)
class Service:
    """One line, or one item of a list.

    Attributes
    ----------
    en, zh : str
        What it is called.
    categories : tuple of str
        Kinds of places that serve it.
    fairs : bool
        Whether job fairs serve it too.
    """

    en: str
    zh: str
    categories: tuple[str, ...]
    fairs: bool = False

    def places(self, layout: Layout) -> list[Amenity]:
        """Return the places in the park that serve it and are open to everyone."""
        return [
            a
            for a in layout.amenities
            if a.category in self.categories and a.access == "everyone" and a.outside is None
        ]

    def offered(self, layout: Layout) -> int:
        """Count what there is of it: places open to everyone, and job fairs as one."""
        fairs = self.fairs and layout.labour.fairs_year + layout.labour.large_fairs_year > 0
        return len(self.places(layout)) + fairs


LINES: dict[str, Service] = {
    "leadership": Service("leadership", "星领秀", ("council_hall",)),
    "enterprise": Service("enterprises", "星悦企", ("public_service", "bank")),
    "living": Service(
        "living",
        "星安居",
        (
            "canteen",
            "restaurant",
            "convenience",
            "laundry",
            "health_house",
            "clinic",
            "pharmacy",
            "kindergarten",
            "school",
            "after_school",
            "flats",
        ),
    ),
    "leisure": Service("leisure", "星娱乐", ("cafe", "mall", "gym", "sports_hall", "running_path")),
    "growth": Service("growth", "星育才", ("training", "library", "reading_corner", "counselling")),
    "team": Service("team", "星力量", ("social_space",)),
}
"""The six lines of services."""

LISTS: dict[str, dict[str, Service]] = {
    "city": {
        "employment": Service("employment", "就业保障", ("public_service",), fairs=True),
        "health": Service("health", "医疗卫生", ("health_house", "clinic", "pharmacy", "counselling")),
    },
    "enterprise": {
        "policy": Service("policy matching", "政策资源对接", ("public_service",)),
        "credit": Service("bank credit", "银企信贷对接", ("bank",)),
        "live_commerce": Service("live-commerce channels", "直播供应渠道", ("training",)),
    },
    "employee": {
        "skills": Service("skills training", "技能培训", ("training",)),
        "social": Service("social activity", "社交活动", ("social_space",)),
    },
}
"""The three lists of services, each with its items."""

LIST_NAMES: dict[str, tuple[str, str]] = {
    "city": ("city services", "城市服务"),
    "enterprise": ("services to enterprises", "企业服务"),
    "employee": ("services to employees", "员工服务"),
}
"""What the lists are called."""
