"""Whether a shock hits what is there, and leaves people a way to their desks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.disturbance import flooded
from parksim.errors import nearest
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.reach import Reach
from parksim.scenario.schema import BUILT, Map, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.merge import Fault
    from parksim.scenario.schema import Layout, Scenario
    from parksim.scenario.shocks import Shock


def faults(scenario: Scenario, layout: Layout, shock: Shock, path: str) -> Iterator[Fault]:
    """Say what is wrong with a shock.

    Parameters
    ----------
    scenario : Scenario
    layout : Layout
        As it stands when the shock strikes.
    shock : Shock
    path : str
        Where the scenario states it.

    Yields
    ------
    tuple of str
        Dotted path and message.
    """
    horizon = scenario.start.horizon_months
    if horizon is not None and shock.month > horizon:
        message = f"month {shock.month} is beyond the {horizon} months of the plan (start.horizon_months)"
        yield f"{path}.month", message
    known = {
        "epidemic": {*layout.map.blocks, *(a.name for a in layout.amenities), *CATEGORIES},
        "demand": set(scenario.enterprises.sectors),
        "flood": {g.name for g in layout.gateways},
        "hazards": set(layout.map.blocks),
    }[shock.type]
    what = {
        "epidemic": "block, place or category",
        "demand": "sector",
        "flood": "gateway",
        "hazards": "block",
    }
    wrong = [name for name in shock.where if name not in known]
    for name in wrong:
        yield f"{path}.where", f"there is no {what[shock.type]} '{name}'{nearest(name, known)}"
    if shock.type == "flood":
        off = [cell for cell in shock.cells if not _on(layout.map, cell)]
        for row, column in off:
            yield f"{path}.cells", f"cell [{row}, {column}] is off the map"
        for row, column in shock.cells if not off else ():
            use = layout.map.legend[layout.map.rows[row][column]].use
            if use in BUILT:
                message = (
                    f"cell [{row}, {column}] is {use}: a flood closes roads and open land, not buildings"
                )
                yield f"{path}.cells", message
        if not wrong and not off:
            yield from _cut_off(layout, shock, path)


def _on(drawing: Map, cell: tuple[int, int]) -> bool:
    return cell[0] < len(drawing.rows) and cell[1] < len(drawing.rows[cell[0]])


def _cut_off(layout: Layout, shock: Shock, path: str) -> Iterator[Fault]:
    """Check that somebody can still walk from a gateway to every building that could be reached before."""
    wet = flooded(shock, layout)
    legend = {**layout.map.legend, "\0": Symbol(use="water")}
    rows = tuple(
        "".join("\0" if (r, c) in wet else key for c, key in enumerate(row))
        for r, row in enumerate(layout.map.rows)
    )
    parts = {name: getattr(layout.map, name) for name in Map.model_fields} | {"rows": rows, "legend": legend}
    before = Reach(layout.map).spread([g.cell for g in layout.gateways])
    after = Reach(Map.model_construct(**parts)).spread(
        [g.cell for g in layout.gateways if g.cell not in wet and g.name not in shock.where]
    )
    for r, row in enumerate(layout.map.rows):
        for c, key in enumerate(row):
            use = layout.map.legend[key].use
            if (
                use in BUILT
                and (r, c) in before
                and (r, c) not in after
                and not _touches(layout.map, r, c, after)
            ):
                yield (
                    path,
                    f"nobody could walk from a gateway to the {use} at cell [{r}, {c}]: a flood that cuts off",
                )
                return


def _touches(drawing: Map, row: int, column: int, reached: set[tuple[int, int]]) -> bool:
    """Whether a building's other cells are reached: neighbouring cells of one symbol are one building."""
    key, seen, todo = drawing.rows[row][column], {(row, column)}, [(row, column)]
    while todo:
        r, c = todo.pop()
        for cell in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
            if (
                min(cell) >= 0
                and _on(drawing, cell)
                and cell not in seen
                and drawing.rows[cell[0]][cell[1]] == key
            ):
                if cell in reached:
                    return True
                seen.add(cell)
                todo.append(cell)
    return False
