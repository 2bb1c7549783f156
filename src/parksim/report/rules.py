"""What rules of planning say of scenarios, ready to be written: one row a rule, one column a scenario."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parksim import compliance
from parksim.report.errors import translated
from parksim.scenario.categories import CIRCLE_PRESETS
from parksim.scenario.standard import LINES, LIST_NAMES, LISTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from parksim.report.messages import Messages
    from parksim.scenario.schema import Scenario

KINDS = {"pass": "same", "fail": "worse", "not known": "na"}
"""Class of a cell by its status."""


SOURCES = {
    compliance.NOTICES: "by_notices",
    compliance.TD_T_1062: "by_td_t",
    compliance.OWN_CIRCLE: "by_scenario",
    compliance.NO_RULE: "by_none",
    compliance.COMMUNITY_PLAN: "by_plan",
    compliance.STANDARD_OF_TYPES: "by_standard",
}
"""What a rule's source is called in the catalogue."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule held against scenarios.

    Attributes
    ----------
    name, label, limit, source : str
    cells : tuple of (value, status, kind)
        A scenario each.
    """

    name: str
    label: str
    limit: str
    source: str
    cells: tuple[tuple[str, str, str], ...]


def rules(scenarios: Sequence[Scenario], m: Messages) -> list[Rule]:
    """Hold scenarios against rules of planning, a circle's kinds of places in one row.

    Parameters
    ----------
    scenarios : sequence of Scenario
        As they stand when all their interventions are done.
    m : Messages
        Of the language to write in.

    Returns
    -------
    list of Rule
        In the order of :func:`parksim.compliance.check`; rules of circles that a scenario lacks stay empty there.
    """
    found = [_brief(scenario, m) for scenario in scenarios]
    heads = {name: head for one in found for name, (head, _) in one.items()}
    missing = ("–", "", "na")
    return [
        Rule(name, *head, tuple(one[name][1] if name in one else missing for one in found))
        for name, head in heads.items()
    ]


Head = tuple[str, str, str]
Told = tuple[str, str, str]


def _brief(scenario: Scenario, m: Messages) -> dict[str, tuple[Head, Told]]:
    found, out = compliance.check(scenario), dict[str, tuple[Head, Told]]()
    circles = {name: kinds for name, (_, kinds) in CIRCLE_PRESETS[compliance.STANDARD].items()}
    circles |= {name: circle.categories for name, circle in scenario.circles.items()}
    for row in found.to_dict("records"):
        status = str(row["status"])
        source = said_by(str(row["source"]), str(row["grade"]), m)
        if row["circle"]:
            name = f"minutes_{row['circle']}"
            if name not in out:
                same = found["category"].isin(circles[row["circle"]]) & (found["limit"] == row["limit"])
                walks = found[same].drop_duplicates("category")  # what two circles promise is listed once
                out[name] = _circle(str(row["circle"]), walks, source, m)
            continue
        limit = "–"
        if not math.isnan(row["limit"]):
            key = "at_most" if row["sense"] == "<=" else "at_least"
            limit = m(f"rule.{key}", value=m.value(row["limit"], str(row["unit"])))
        told = (m.value(row["value"], str(row["unit"])), status_in_words(status, m), KINDS[status])
        out[str(row["rule"])] = ((label(str(row["rule"]), m), limit, source), told)
    return out


def _circle(name: str, rows: pd.DataFrame, source: str, m: Messages) -> tuple[Head, Told]:
    kept = rows["status"] == "pass"
    missed = [m.category(str(category)) for category in rows.loc[~kept, "category"]]
    status = "pass" if kept.all() else "fail"
    value = m("rule.circle_value", n=int(kept.sum()), all=len(rows))
    if missed:
        value += m("rule.circle_missed", categories=m("page.separator").join(missed))
    head = (
        m("rule.circle", circle=m.circle(name)),
        m("rule.at_most", value=m.value(rows["limit"].iloc[0], "min")),
        source,
    )
    return head, (value, status_in_words(status, m), KINDS[status])


def label(rule: str, m: Messages) -> str:
    """Return what a rule is called."""
    kind, _, part = rule.partition("_")
    if kind == "places":
        return m("rule.places", category=m.category(part))
    if kind == "line":
        return m("rule.line", line=_called(LINES[part].en, LINES[part].zh, m))
    if kind == "list":
        name, _, item = part.partition("_")
        service = LISTS[name][item]
        return m("rule.list", list=_called(*LIST_NAMES[name], m), item=_called(service.en, service.zh, m))
    return m(f"rule.{rule}")


def _called(en: str, zh: str, m: Messages) -> str:
    return zh if m.lang == "zh" else en


def status_in_words(status: str, m: Messages) -> str:
    """Return pass, fail or not known."""
    return m(f"rule.{status.replace(' ', '_')}")


def walk(circle: str, category: str, m: Messages) -> str:
    """Return what the rule of one category in a circle is called."""
    return m("rule.walk", circle=m.circle(circle), category=m.category(category))


def said_by(source: str, grade: str, m: Messages) -> str:
    """Return where a rule comes from, with its grade."""
    key = SOURCES.get(source)
    told = m(f"rule.{key}") if key else source
    return told + (m("rule.grade", grade=m.word(f"grade_short.{grade}", grade)) if grade else "")


def note(text: str, m: Messages) -> str:
    """Return what one has to know to read a finding; services are named in the rule's label already."""
    parts = [part for part in text.split("; ") if not re.search("[\u4e00-\u9fff]", part)]
    return m("page.separator").join(translated(part, m.lang, "note") for part in parts)
