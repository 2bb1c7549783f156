"""Cross-checks of renewals: nothing else is done to a building site, and the park still fits together afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.errors import nearest
from parksim.scenario.renewal import advanced, schedule
from parksim.scenario.schema import LAYOUT_SECTIONS, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from parksim.scenario.merge import Fault
    from parksim.scenario.parameters import RenewalParameters
    from parksim.scenario.schema import Intervention, Layout, Renewal
    from parksim.scenario.verify import Site

LAST_MONTH = 1200
"""Longest run."""


def on_a_building_site(layout: Layout, item: Intervention, month: int, p: RenewalParameters) -> str | None:
    """Say that an intervention acts on a block that is being vacated or built in its month."""
    made = item.amenity
    cell = made.cell if made else item.set.get("cell")
    named = {item.target, item.set.get("block"), made.block if made else None}
    for renewal in layout.renewals:
        build, reopen = schedule(renewal, p)
        inside = cell is not None and tuple(cell) in layout.map.blocks.get(renewal.block, ())
        if renewal.month <= month < reopen and (renewal.block in named or inside):
            return (
                f"block '{renewal.block}' is vacated from month {renewal.month}, built from month {build} and "
                f"reopens in month {reopen} ('{renewal.name}'); this is month {month}"
            )
    return None


def renewals(
    site: Site, layout: Layout, checks: Iterable[Callable[[Site], Iterator[Fault]]]
) -> Iterator[Fault]:
    """Check that blocks reopen within the months that can be played, and the park during and after the works.

    Parameters
    ----------
    site : Site
    layout : Layout
        After the last intervention.
    checks : iterable of callable
        Checks of what stands where.
    """
    scenario, p = site.scenario, site.scenario.parameters.renewal
    planned = {item.name for item in scenario.interventions}
    paths = {
        r.name: f"{'interventions' if r.name in planned else 'renewals'}.{r.name}" for r in layout.renewals
    }
    for renewal in layout.renewals:
        if fault := _impossible(renewal, site, layout):
            yield paths[renewal.name], fault
            return
    before = {fault for check in checks for fault in check(site)} if layout.renewals else set()
    turns = sorted((month, r.name) for r in layout.renewals for month in schedule(r, p))
    for month, name in turns:
        layout = advanced(layout, month, p)
        values = {field: getattr(scenario, field) for field in Scenario.model_fields}
        values |= {section: getattr(layout, section) for section in LAYOUT_SECTIONS}
        there = type(site)(Scenario.model_construct(**values))
        for path, message in (fault for check in checks for fault in check(there)):
            if (path, message) not in before:
                yield paths[name], f"in month {month}, {path}: {message}"
                return


def _impossible(renewal: Renewal, site: Site, layout: Layout) -> str | None:
    """Say why a renewal cannot be carried out at all."""
    blocks, sectors = layout.map.blocks, site.scenario.enterprises.sectors
    if renewal.block not in blocks:
        return f"there is no block '{renewal.block}'{nearest(renewal.block, blocks)}"
    stated = next((r.stage for r in site.scenario.renewals if r.name == renewal.name), "operating")
    if stated not in ("operating", "reopened"):
        return f"stage: a file begins with a block 'operating' or 'reopened', not '{stated}'"
    if stated == "reopened":
        strange = [key for key in renewal.legend if key not in layout.map.legend]
        return f"legend: '{strange[0]}' is not in the legend of the map" if strange else None
    _, reopen = schedule(renewal, site.scenario.parameters.renewal)
    last = site.scenario.start.horizon_months or LAST_MONTH
    if reopen > last:
        return f"it would reopen in month {reopen:,}; the last month is {last:,}"
    if renewal.leader is not None and renewal.leader.sector not in sectors:
        return (
            f"leader: there is no sector '{renewal.leader.sector}'{nearest(renewal.leader.sector, sectors)}"
        )
    return None
