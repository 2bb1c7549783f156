"""Tables of the documentation, written by the code itself so that they cannot drift from it.

Each function returns Markdown; a page asks for it with ``{{ name }}`` or ``{{ name part }}`` on a line.
"""

from __future__ import annotations

import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim import indicators as definitions
from parksim.interventions import kinds
from parksim.model import FIRM, PHASES, POST
from parksim.people import PERSON
from parksim.phases import WRITES
from parksim.phases.staying import CAUSES
from parksim.scenario import presets
from parksim.scenario.categories import CATEGORIES, CIRCLE_PRESETS, DAYPARTS
from parksim.scenario.faults import spot
from parksim.scenario.parameters import Parameters
from parksim.scenario.parameters import table as parameter_table
from parksim.scenario.schema import LAYOUT_SECTIONS, MODES, Layout, Scenario
from parksim.scenario.standard import LINES, LIST_NAMES, LISTS
from parksim.scenario.terms import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel

MEANING = {
    "identity": "who it is, for life",
    "age": "years",
    "education": "school, college, bachelor, master",
    "wage_band": "low, middle, high",
    "household": "single, couple, with kindergarten child, with school child",
    "owner": "owns the home",
    "tied": "bound to a part of the city by home or partner's job",
    "rotating": "works rotating shifts",
    "car": "has a car",
    "ebike": "has an e-bike",
    "needs": "categories needed, a bit each",
    "zone": "home zone of the city; -1 in a flat of the park",
    "flat": "amenity whose flat is the home; -1 none",
    "flat_wish": "flats waited for; -1 none",
    "flat_since": "month the wait began",
    "moves": "homes moved so far; addresses the errors of the home choice",
    "spread": "distance to work relative to the middle of the zone",
    "ties": "people known in other firms",
    "trust": "trust in the place, 0 to 1",
    "took_part": "month of the last event",
    "cohort": "row in the cohort of month 0; -1 not in it",
    "filled": "somebody holds the post",
    "firm": "row of the employer; -1 the row is free",
    "post": "number of the post within the firm",
    "fill": "how often the post has been filled",
    "unit": "desk place: building, or an anchor's part of it",
    "floor": "storey of the desk",
    "since": "month of hire",
    "mode": "mode of travel",
    "commute_min": "one-way minutes, door to desk",
    "km": "one-way kilometres",
    "kindergarten": "amenity where a place is held; -1 none",
    "school": "amenity where a place is held; -1 none",
    "after_school": "amenity where a place is held; -1 none",
    "kindergarten_wait": "month since which a place is waited for",
    "school_wait": "month since which a place is waited for",
    "after_school_wait": "month since which a place is waited for",
    "served": "share of the month's wanted visits that were served",
    "unserved": "wanted visits of the month that were not",
    "meetings": "acquaintances to be expected of the month's visits",
    "premium": "wage against like people, standard deviations",
    "active": "the firm is in the park",
    "sector": "sector",
    "building": "building of the first post",
    "anchor": "number of the named anchor; -1 none",
    "born": "month of founding",
    "size": "posts",
    "posts_made": "posts numbered so far",
    "runway": "months of cash",
    "rent": "CNY a m² a month by the lease",
    "rd_share": "research and development / revenue",
    "growth": "log growth at the last anniversary",
    "shrank": "month posts were last cut",
    "exposure": "workers of other firms around, each weighed by distance",
    "digital": "digital level, 0 to 1",
    "methods": "methods taken up from linked towns so far",
    "tier": "step of the ladder",
    "high_tech": "recognised high-tech enterprise",
    "listed": "listed on an exchange",
    "listing": "stage reached on the way to the exchange, 1 to 3; 0 for others",
    "parent": "firm it was spun off from; 0 none",
    "spun": "spin-offs so far",
}
"""What each column of the tables means; the build fails on a column without a meaning."""


def markdown(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines)


def first_paragraph(thing: Any) -> str:
    """Return what a docstring says first, in one line, as Markdown."""
    text = inspect.getdoc(thing) or ""
    line = " ".join(text.split("\n\n")[0].split())
    return line.replace("``", "`").replace("*", "\\*")


def number(value: Any) -> str:
    """Write a number as short as it can be."""
    return f"{value:.4g}" if isinstance(value, float | int) and not isinstance(value, bool) else str(value)


# --- parameters and indicators -------------------------------------------------------------------


def parameters(section: str | None = None) -> str:
    """Parameters of one section, or of all under a heading each."""
    if section is None:
        sections = Parameters.model_fields
        return "\n\n".join(
            f"## {name}\n\n{first_paragraph(type(info.default))}\n\n{parameters(name)}"
            for name, info in sections.items()
        )
    start = f"parameters.{section}."
    rows = [row for row in parameter_table() if row["path"].startswith(start)]
    if not rows:
        raise KeyError(section)
    return markdown(
        ("parameter", "default", "range", "unit", "grade", "source"),
        (
            (
                f"`{row['path'].removeprefix(start)}`",
                number(row["default"]),
                f"{number(row['low'])} to {number(row['high'])}" if row["low"] < row["high"] else "fixed",
                row["unit"],
                row["grade"],
                row["source"],
            )
            for row in rows
        ),
    )


def grades() -> str:
    """How many parameters have each grade."""
    known = parameter_table()
    counted = {grade: [r for r in known if r["grade"] == grade] for grade in ("A", "B", "C", "assumed")}
    return markdown(
        ("grade", "parameters", "of them drawn anew in every replication"),
        (
            (grade, len(rows), 0 if grade == "A" else sum(r["low"] < r["high"] for r in rows))
            for grade, rows in counted.items()
        ),
    )


def indicators() -> str:
    """Every indicator, and the patterns of those with a variable part."""
    patterns = [
        definitions.describe(f"{prefix}<{'mode' if prefix.startswith('mode') else 'name'}>")
        for prefix, *_ in definitions._PATTERNS  # noqa: SLF001  (the only list of them)
    ]
    taken = {"mean": "mean of the last 12 months", "last": "last month", "sum": "sum of the run"}
    return markdown(
        ("indicator", "unit", "better", "matters from", "taken over", "definition"),
        (
            (f"`{i.name}`", i.unit, i.better, number(i.threshold), taken[i.over], escaped(i.formula))
            for i in (*definitions.ALL.values(), *patterns)
        ),
    )


def escaped(text: str) -> str:
    """Keep Markdown from reading stars and angle brackets."""
    return text.replace("*", "\\*").replace("<", "&lt;")


# --- places --------------------------------------------------------------------------------------


def categories() -> str:
    """Kinds of places, with the default demand for each."""
    who = {"everyone": "everyone", "kindergarten_child": "kindergarten child", "school_child": "school child"}
    return markdown(
        ("category", "中文", "visits a month", "needed by", "share", "when", "minutes", "patience", "kind"),
        (
            (
                f"`{name}`",
                c.zh,
                number(c.visits),
                who[c.needed_by],
                number(c.share),
                ", ".join(f"{d.replace('_', ' ')} {number(s)}" for d, s in c.dayparts.items()),
                number(c.service_min),
                number(c.patience_min),
                "allotted" if c.allotted else "queued for",
            )
            for name, c in CATEGORIES.items()
        ),
    )


def circles() -> str:
    """Presets of circles."""
    return markdown(
        ("preset", "circle", "minutes' walk", "categories"),
        (
            (f"`{preset}`", f"`{name}`", number(minutes), ", ".join(inside))
            for preset, known in CIRCLE_PRESETS.items()
            for name, (minutes, inside) in known.items()
        ),
    )


def dayparts() -> str:
    """Hours of the representative days."""
    return markdown(
        ("daypart", "from", "to"), ((f"`{n}`", number(a), number(b)) for n, (a, b) in DAYPARTS.items())
    )


def modes() -> str:
    """Modes of travel, tiers and causes of leaving, in their order."""
    rows = {"mode of travel": MODES, "tier of the ladder": TIERS, "cause of leaving a post": CAUSES}
    return markdown(
        ("list", "values, in the order of their codes"), ((k, ", ".join(v)) for k, v in rows.items())
    )


def types() -> str:
    """Community types: what the standard says, and what a scenario gets."""
    return markdown(
        (
            "type",
            "the standard says (B)",
            "a plain park has (assumed)",
            "a community has, beside council and chain",
        ),
        (
            (
                f"`{name}`<br>{known.title_zh}",
                known.says,
                ", ".join(f"`{p.rpartition('.')[2]}` {_plain(v.value)}" for p, v in known.park.items())
                or "–",
                ", ".join(_place(p) for p in known.places),
            )
            for name, known in ((n, presets.preset(n)) for n in presets.names())
        ),
    )


def _plain(value: Any) -> str:
    return (
        ", ".join(f"{k} {number(v)}" for k, v in value.items()) if isinstance(value, dict) else number(value)
    )


def _place(place: Any) -> str:
    hours = " at all hours" if (place.opens, place.closes) == (0, 24) else ""
    high = f" in {place.sites} towers" if place.where == "towers" else ""
    return f"{CATEGORIES[place.category].en}{hours}{high} for {place.made_for:.0%}"


def services_of_the_standard() -> str:
    """List the six lines and the three lists, with the kinds of places that serve each."""
    rows = [("six lines", s) for s in LINES.values()]
    rows += [(LIST_NAMES[name][0], s) for name, items in LISTS.items() for s in items.values()]
    return markdown(
        ("list", "service", "中文", "served by"),
        (
            (name, s.en, s.zh, ", ".join((*s.categories, *(["job fairs"] if s.fairs else []))))
            for name, s in rows
        ),
    )


# --- state and schedule --------------------------------------------------------------------------


def writers(column: str) -> str:
    """Return the phases that write a column, besides birth."""
    return ", ".join(name for name, what in WRITES.items() if column in what)


def state(which: str) -> str:
    """Columns of people, posts or firms."""
    known = {
        "person": PERSON,
        "post": {name: spec for name, spec in POST.items() if name not in PERSON},
        "firm": FIRM,
    }[which]
    table = "firms" if which == "firm" else "posts"
    return markdown(
        ("column", "type", "empty", "meaning", "written month by month in"),
        (
            (f"`{name}`", np.dtype(dtype).name, fill, MEANING[name], writers(f"{table}.{name}"))
            for name, (dtype, fill) in known.items()
        ),
    )


def phases() -> str:
    """The month in order, and what each phase writes."""
    rows = []
    for k, module in enumerate(PHASES, start=1):
        name = module.__name__.rpartition(".")[2]
        what = ", ".join(f"`{w}`" if "." in w else w for w in sorted(WRITES[name]))
        rows.append((k, f"{{py:mod}}`{name} <{module.__name__}>`", first_paragraph(module), what))
    return markdown(("", "phase", "what happens", "writes"), rows)


def interventions() -> str:
    """Kinds of interventions, what their ``target:`` is, and what ``set:`` may give."""
    return markdown(
        ("kind", "what it does", "`target:`", "`set:`"),
        (
            (
                f"`{name}`",
                first_paragraph(kind),
                getattr(kind, "TARGET", "") or "—",
                settings(getattr(kind, "Settings", None)),
            )
            for name, kind in sorted(kinds().items())
        ),
    )


def settings(model: type[BaseModel] | None) -> str:
    """Fields of a kind's settings with unit and range; titles aside."""
    rows = []
    for name in model.model_fields if model is not None else ():
        here = spot((name,), model)
        if not name.startswith("title"):
            allowed = here.allowed.removeprefix("; allowed: ").replace(f" ({here.unit})", "")
            allowed = allowed or " / ".join(here.names if isinstance(here.annotation, type) is False else ())
            said = ", ".join(part for part in (here.unit, allowed) if part)
            needed = "" if here.optional else " (needed)"
            rows.append(f"`{name}`{needed}{': ' + said if said else ''}")
    return "<br>".join(rows) or "—"


def layout() -> str:
    """Sections of a scenario: what planners change, and what a family shares."""
    shared = [n for n in Scenario.model_fields if n not in LAYOUT_SECTIONS and n != "before"]
    texts = {"parksim", "name", "title", "title_zh", "summary", "summary_zh", "family", "type"}
    rows = {
        "layout: what planners change": Layout.model_fields,
        "world: the same for a family": [n for n in shared if n not in texts],
        "names and texts": [n for n in shared if n in texts],
    }
    return markdown(
        ("part", "sections of the file"), ((k, ", ".join(f"`{n}`" for n in v)) for k, v in rows.items())
    )


def doc(target: str) -> str:
    """What a function says of itself, its parameters aside."""
    thing = pkgutil.resolve_name(target)
    return (inspect.getdoc(thing) or "").partition("\nParameters\n---")[0].replace("``", "`")


# --- command line --------------------------------------------------------------------------------


def cli() -> str:
    """Write the manual of every command, as Typer tells it."""
    import typer  # noqa: PLC0415
    from typer.cli import get_docs_for_click  # noqa: PLC0415

    from parksim.cli import app  # noqa: PLC0415

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="parksim"), name="parksim")
    return text.partition("\n")[2]


TABLES = {
    f.__name__: f
    for f in (
        parameters, grades, indicators, categories, circles, dayparts, modes,
        types, services_of_the_standard, state, phases, interventions, layout, doc, cli,
    )
}  # fmt: skip
"""What a page may ask for."""
