"""Renew a block: its firms leave, it is rebuilt, and reopens (``target:`` the block, ``set:`` the renewal)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.errors import nearest
from parksim.scenario.renewal import rectangle, stands_in, symbols_of
from parksim.scenario.schema import BUILT, Renewal, RenewalPlan

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "a block"
Settings = RenewalPlan
MECHANISM = "ground"
_PATHS = {
    "1": "the government acquires the whole",
    "2": "government and a leading firm",
    "3": "upgraded in place",
}


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the renewal announced; the works take it from stage to stage."""
    return layout.model_copy(update={"renewals": (*layout.renewals, plan(intervention))})


def plan(intervention: Intervention) -> Renewal:
    """Return the renewal that an intervention speaks of."""
    given = {"name": intervention.name, "block": intervention.target, "month": max(intervention.month, 1)}
    return Renewal.model_validate({**intervention.set, **given})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    blocks = {s.block for s in layout.map.legend.values() if s.block in layout.map.blocks and s.use in BUILT}
    if intervention.target not in blocks:
        return (
            f"there is no block '{intervention.target}' with buildings{nearest(intervention.target, blocks)}"
        )
    if not intervention.set:
        return "renew_block needs 'set:' with at least 'path' and 'becomes' or 'rows'"
    if intervention.build_months:
        return "a renewal has its own months: give 'vacate_months' and 'build_months' under 'set:'"
    renewal = plan(intervention)
    wrong = (_twice, _strange_symbols, _strange_changes, _strange_rows, _names_taken)
    return next((said for check in wrong if (said := check(layout, renewal))), None)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    path = str(intervention.set.get("path"))
    return f"renew '{intervention.target}' by path {path}: {_PATHS.get(path, 'there are paths 1, 2 and 3')}"


def _twice(layout: Layout, renewal: Renewal) -> str | None:
    for other in layout.renewals:
        if other.name == renewal.name:
            return f"there is a renewal '{other.name}' already"
        if other.block == renewal.block and other.stage != "reopened":
            return (
                f"block '{other.block}' is under renewal already, since month {other.month} ('{other.name}')"
            )
    return None


def _strange_symbols(layout: Layout, renewal: Renewal) -> str | None:
    """Say what is wrong with the new symbols."""
    for key, symbol in renewal.legend.items():
        if len(key) != 1:
            return f"set.legend: a symbol is a single character, '{key}' has {len(key)}"
        if key in layout.map.legend:
            return f"set.legend: '{key}' stands in the legend of the map already"
        if symbol.block not in (None, renewal.block):
            return f"set.legend.{key}: belongs to block '{symbol.block}', not to '{renewal.block}'"
    return None


def _strange_changes(layout: Layout, renewal: Renewal) -> str | None:
    """Say which symbol is not there to be changed, or to be changed into."""
    now, known = symbols_of(layout, renewal.block), layout.map.legend
    for old, new in renewal.becomes.items():
        if old not in now:
            return f"set.becomes: block '{renewal.block}' is not drawn with '{old}'{nearest(old, now)}"
        if new not in renewal.legend and new not in known:
            return f"set.becomes.{old}: '{new}' is not in the legend{nearest(new, renewal.legend)}"
    return None


def _strange_rows(layout: Layout, renewal: Renewal) -> str | None:
    """Say where the rectangle drawn anew does not fit onto the map."""
    if not renewal.rows:
        return None
    top, left, bottom, right = rectangle(layout, renewal.block)
    high, wide = bottom - top + 1, right - left + 1
    if len(renewal.rows) != high or any(len(row) != wide for row in renewal.rows):
        sizes = sorted({len(row) for row in renewal.rows})
        return (
            f"set.rows: {len(renewal.rows)} rows of {', '.join(map(str, sizes))} cells; the rectangle around "
            f"block '{renewal.block}' (cells [{top}, {left}] to [{bottom}, {right}]) has {high} of {wide}"
        )
    inside = set(layout.map.blocks[renewal.block])
    legend = {**layout.map.legend, **renewal.legend}
    for row, text in enumerate(renewal.rows, top):
        for column, key in enumerate(text, left):
            if key not in legend:
                return f"set.rows: row {row - top}, column {column - left}: '{key}' is not in the legend"
            if (row, column) not in inside and key != layout.map.rows[row][column]:
                return (
                    f"set.rows: cell [{row}, {column}] is not of block '{renewal.block}': "
                    f"leave it '{layout.map.rows[row][column]}'"
                )
    return None


def _names_taken(layout: Layout, renewal: Renewal) -> str | None:
    """Say which name is taken."""
    inside = frozenset(layout.map.blocks[renewal.block])
    taken = {a.name for a in layout.amenities if not stands_in(a, renewal.block, inside)}
    for amenity in renewal.amenities:
        if amenity.name in taken:
            return f"set.amenities: there is an amenity '{amenity.name}' already"
        taken.add(amenity.name)
    if renewal.leader is not None and renewal.leader.name in {a.name for a in layout.arrivals}:
        return f"set.leader: '{renewal.leader.name}' arrives already"
    return None
