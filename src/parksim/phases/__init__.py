"""The month, phase by phase. Each phase may read everything and writes only what :data:`WRITES` gives it."""

WRITES: dict[str, frozenset[str]] = {
    "interventions": frozenset({"layout", "works", "books"}),
    "works": frozenset({"layout", "works", "books"}),
    "shocks": frozenset({"layout", "shocks"}),
    "travel": frozenset({"travel", "posts.mode", "posts.commute_min", "posts.km"}),
    "services": frozenset(
        {
            "services",
            "posts.kindergarten",
            "posts.school",
            "posts.after_school",
            "posts.kindergarten_wait",
            "posts.school_wait",
            "posts.after_school_wait",
            "posts.served",
            "posts.unserved",
            "posts.meetings",
        }
    ),
    "community": frozenset(
        {
            "community",
            "ties",
            "register",
            "council",
            "works",
            "books",
            "posts.ties",
            "posts.trust",
            "posts.took_part",
        }
    ),
    "staying": frozenset(
        {
            "centre",
            "posts.age",
            "posts.household",
            "posts.needs",
            "posts.owner",
            "posts.kindergarten",
            "posts.school",
            "posts.after_school",
            "posts.zone",
            "posts.flat",
            "posts.flat_wish",
            "posts.flat_since",
            "posts.moves",
            "posts.spread",
            "who holds a post",
            "seekers",
            "events",
        }
    ),
    "hiring": frozenset(
        {
            "who holds a post",
            "posts.fill",
            "posts.since",
            "posts.rotating",
            "posts.premium",
            "posts.zone",
            "posts.flat",
            "posts.flat_wish",
            "posts.moves",
            "ties",
            "seekers",
            "events",
        }
    ),
    "enterprises": frozenset({"firms", "support", "posts", "seekers", "events", "displaced"}),
    "measure": frozenset({"measured"}),
}
"""Who writes what; no intervention writes anything but the layout, the works and the books."""
