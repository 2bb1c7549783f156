"""Renewal of a block as a sequence of layouts: operating, vacating, building, reopened.

Functions from one layout to the next; which firms have to leave and which come back is decided in
:mod:`parksim.firms.displaced`. While a block is vacated its floor is not let. While it is built its buildings
have no floor, nobody walks through them, and its places and car parks are closed. When it reopens it is drawn
anew, and what the renewal brings opens; places of before that it does not name are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.scenario.schema import BUILT, MU_M2, STAGES, Arrival, Map

if TYPE_CHECKING:
    from collections.abc import Container

    from parksim.scenario.parameters import RenewalParameters
    from parksim.scenario.schema import Amenity, CarPark, Layout, Renewal, Stage, Symbol

RENEWAL = "renew_block"
"""The kind of intervention that brings a renewal."""


def schedule(renewal: Renewal, p: RenewalParameters) -> tuple[int, int]:
    """Return the months in which the works begin and in which the block reopens."""
    vacate = max(round(p.vacate_months), 1) if renewal.vacate_months is None else renewal.vacate_months
    build = max(round(p.build_months), 1) if renewal.build_months is None else renewal.build_months
    return renewal.month + vacate, renewal.month + vacate + build


def stage_in(renewal: Renewal, month: int, p: RenewalParameters) -> Stage:
    """Return the stage that the block is in in a month."""
    build, reopen = schedule(renewal, p)
    return STAGES[sum(month >= start for start in (renewal.month, build, reopen))]


def advanced(layout: Layout, month: int, p: RenewalParameters) -> Layout:
    """Return the layout with every renewal taken to the stage it is in in a month; the same if none changes."""
    for name in [r.name for r in layout.renewals]:
        renewal = next(r for r in layout.renewals if r.name == name)
        due = STAGES.index(stage_in(renewal, month, p))
        for stage in STAGES[STAGES.index(renewal.stage) + 1 : due + 1]:
            renewal = next(r for r in layout.renewals if r.name == name)
            layout = _STEPS[stage](layout, renewal, p)
    return layout


def under_works(layout: Layout) -> frozenset[str]:
    """Return the blocks that are being vacated or built."""
    return frozenset(r.block for r in layout.renewals if r.stage in ("vacating", "building"))


def payers(renewal: Renewal, p: RenewalParameters) -> dict[str, float]:
    """Return who pays which share of the cost: as the renewal says, else by its path."""
    if renewal.payers:
        return {str(payer): share for payer, share in renewal.payers.items()}
    government, other = {
        1: (1.0, "government"),
        2: (p.government_share_leading, "employers"),
        3: (p.government_share_in_place, "operator"),
    }[renewal.path]
    return {"government": 1.0} if other == "government" else {"government": government, other: 1 - government}


# --- the drawing ---------------------------------------------------------------------------------


def symbols_of(layout: Layout, block: str) -> dict[str, Symbol]:
    """Return the symbols with which a block is drawn now."""
    drawn = {key for row in layout.map.rows for key in row}
    return {
        key: symbol for key, symbol in layout.map.legend.items() if symbol.block == block and key in drawn
    }


def rectangle(layout: Layout, block: str) -> tuple[int, int, int, int]:
    """Return the smallest rectangle around a block: first row and column, last row and column."""
    cells = layout.map.blocks[block]
    rows, columns = [cell[0] for cell in cells], [cell[1] for cell in cells]
    return min(rows), min(columns), max(rows), max(columns)


def redrawn(layout: Layout, renewal: Renewal) -> Map:
    """Return the map as it is when the block reopens."""
    rows = list(layout.map.rows)
    if renewal.becomes:
        rows = ["".join(renewal.becomes.get(key, key) for key in row) for row in rows]
    else:
        top, left, _, right = rectangle(layout, renewal.block)
        for k, text in enumerate(renewal.rows):
            rows[top + k] = rows[top + k][:left] + text + rows[top + k][right + 1 :]
    legend = {
        **_with_built(layout.map.legend, renewal.stood),
        **{key: _own(symbol, renewal.block) for key, symbol in renewal.legend.items()},
    }
    return _drawn(layout.map, legend, tuple(rows))


def new_floor_m2(layout: Layout, renewal: Renewal) -> float:
    """Return the floor of a reopened block that the renewal built, m²: of the cells drawn with its symbols."""
    area = layout.map.cell_m**2
    new = {k: layout.map.legend[k] for k in renewal.legend if layout.map.legend[k].use in BUILT}
    return sum(area * symbol.built * symbol.floors * _count(layout.map, key) for key, symbol in new.items())


def build_cost_cny(layout: Layout, renewal: Renewal, p: RenewalParameters) -> float:
    """Return what a renewal costs: all in, by the floor that it builds."""
    per_m2 = p.cost_m2 if renewal.cost_m2 is None else renewal.cost_m2
    afterwards = layout.model_copy(update={"map": redrawn(layout, renewal)})
    return per_m2 * new_floor_m2(afterwards, renewal)


def land_mu(layout: Layout, block: str) -> float:
    """Return the land of a block in mu."""
    return len(layout.map.blocks.get(block, ())) * layout.map.cell_m**2 / MU_M2


def _count(drawing: Map, key: str) -> int:
    return sum(row.count(key) for row in drawing.rows)


def _own(symbol: Symbol, block: str) -> Symbol:
    return symbol if symbol.block or symbol.use == "road" else symbol.model_copy(update={"block": block})


def _with_built(legend: dict[str, Symbol], built: dict[str, float]) -> dict[str, Symbol]:
    return {
        key: symbol.model_copy(update={"built": built[key]}) if key in built else symbol
        for key, symbol in legend.items()
    }


def _drawn(drawing: Map, legend: dict[str, Symbol], rows: tuple[str, ...]) -> Map:
    fields = {name: getattr(drawing, name) for name in Map.model_fields}
    return Map.model_construct(**{**fields, "legend": legend, "rows": rows})


# --- from stage to stage -------------------------------------------------------------------------


def _staged(layout: Layout, renewal: Renewal) -> tuple[Renewal, ...]:
    return tuple(renewal if r.name == renewal.name else r for r in layout.renewals)


def _vacate(layout: Layout, renewal: Renewal, _: RenewalParameters) -> Layout:
    staged = _staged(layout, renewal.model_copy(update={"stage": "vacating"}))
    return layout.model_copy(update={"renewals": staged})


def _build(layout: Layout, renewal: Renewal, _: RenewalParameters) -> Layout:
    stood = {k: s.built for k, s in symbols_of(layout, renewal.block).items() if s.use in BUILT}
    legend = _with_built(layout.map.legend, dict.fromkeys(stood, 0.0))
    inside = frozenset(layout.map.blocks[renewal.block])
    return layout.model_copy(
        update={
            "map": _drawn(layout.map, legend, layout.map.rows),
            "amenities": tuple(a for a in layout.amenities if not stands_in(a, renewal.block, inside)),
            "car_parks": tuple(c for c in layout.car_parks if not stands_in(c, renewal.block, inside)),
            "renewals": _staged(layout, renewal.model_copy(update={"stage": "building", "stood": stood})),
        }
    )


def _reopen(layout: Layout, renewal: Renewal, p: RenewalParameters) -> Layout:
    comes: tuple[Arrival, ...] = ()
    if renewal.leader is not None:
        _, month = schedule(renewal, p)
        comes = (Arrival(month=month, block=renewal.block, **dict(renewal.leader)),)
    return layout.model_copy(
        update={
            "map": redrawn(layout, renewal),
            "amenities": (*layout.amenities, *renewal.amenities),
            "car_parks": (*layout.car_parks, *renewal.car_parks),
            "arrivals": (*layout.arrivals, *comes),
            "renewals": _staged(layout, renewal.model_copy(update={"stage": "reopened", "stood": {}})),
        }
    )


_STEPS = {"vacating": _vacate, "building": _build, "reopened": _reopen}


def stands_in(thing: Amenity | CarPark, block: str, cells: Container[tuple[int, int]]) -> bool:
    """Say whether a place or car park stands in a block."""
    return thing.block == block or (thing.cell is not None and tuple(thing.cell) in cells)
