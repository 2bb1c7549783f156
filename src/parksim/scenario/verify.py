"""Cross-checks of a scenario whose every value is sound by itself: whether its parts fit together.

A check is one small function from a :class:`Site` to faults (dotted path, message), listed in :data:`CHECKS`.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from parksim.errors import ScenarioError, nearest
from parksim.scenario import struck
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.document import joined, name_twice
from parksim.scenario.faults import explain
from parksim.scenario.lookup import get
from parksim.scenario.offered import not_there
from parksim.scenario.reach import SIDES as STEPS
from parksim.scenario.reach import Reach, stranded_zones
from parksim.scenario.renewal import advanced
from parksim.scenario.schema import BUILT, LAYOUT_SECTIONS, WORKPLACE, Amenity, Gateway, Scenario
from parksim.scenario.verify_renewals import on_a_building_site, renewals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from pydantic import BaseModel

    from parksim.interventions import Kind
    from parksim.scenario.merge import Fault
    from parksim.scenario.schema import Arrival, CarPark, Fence, Intervention, Layout, Map, Symbol
    from parksim.scenario.support import Support

    class Named(Protocol):
        """Anything with a name."""

        @property
        def name(self) -> str: ...  # noqa: D102


NO_TOWNS = "there are no towns to link: 'linked:' names them"

NO_PLACE = ("road", "water", "outside")
"""Land on which no amenity stands."""


class Site:
    """One layout with its people, and what several checks ask about it.

    Parameters
    ----------
    scenario : Scenario
        What is checked.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.map = scenario.map

    @cached_property
    def width(self) -> int:
        """Length that most rows have."""
        return Counter(map(len, self.map.rows)).most_common(1)[0][0] if self.map.rows else 0

    @cached_property
    def counts(self) -> Counter[str]:
        """Number of cells by symbol."""
        return Counter("".join(self.map.rows))

    @property
    def blocks(self) -> dict[str, list[tuple[int, int]]]:
        """Cells of each block that is on the map."""
        return self.map.blocks

    @cached_property
    def anchors(self) -> list[str]:
        """Names of the anchor enterprises."""
        return [anchor.name for anchor in self.scenario.enterprises.anchors]

    def symbol(self, cell: tuple[int, int]) -> Symbol | None:
        """Return what stands on a cell; None where the map has no such cell or no such symbol."""
        row, column = cell
        if 0 <= row < len(self.map.rows) and 0 <= column < len(self.map.rows[row]):
            return self.map.legend.get(self.map.rows[row][column])
        return None

    def off(self, cell: tuple[int, int]) -> str | None:
        """Say how a cell lies off the map; None where it is on it."""
        row, column = cell
        if 0 <= row < len(self.map.rows) and 0 <= column < self.width:
            return None
        return (
            f"cell [{row}, {column}] is off the map, which has rows 0 to {len(self.map.rows) - 1} "
            f"and columns 0 to {self.width - 1}"
        )

    def fenced(self, fence: Fence) -> set[tuple[int, int]]:
        """Cells inside a fence."""
        if fence.cells is not None:
            top, left, bottom, right = fence.cells
            return {(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)}
        return set(self.blocks.get(fence.block or "", ()))

    def floor_m2(self) -> float:
        """Floor of all offices, laboratories and factories, m²."""
        return sum(
            self.counts[key] * self.map.cell_m**2 * symbol.built * symbol.floors
            for key, symbol in self.map.legend.items()
            if symbol.use in WORKPLACE
        )


def verify(scenario: Scenario) -> list[Fault]:
    """Say everything that does not fit together.

    Parameters
    ----------
    scenario : Scenario
        Valid by itself; its layout of before is checked too.

    Returns
    -------
    list of tuple of str
        Dotted path and message; empty where the scenario can be run.
    """
    faults = _faults(scenario)
    if scenario.before is not None:
        for path, message in _faults(scenario.plain):
            if (path, message) in faults:
                continue
            if path.partition(".")[0] in LAYOUT_SECTIONS:
                faults.append((f"before.{path}", message))
            else:
                faults.append((path, f"{message} (in the layout before the change)"))
    return faults


def _faults(scenario: Scenario) -> list[Fault]:
    site = Site(scenario)
    return [fault for check in CHECKS for fault in check(site)]


def sources(scenario: Scenario) -> Iterator[Fault]:
    """Check that sources speak of something that exists and that their ranges are ranges."""
    for path, source in scenario.sources.items():
        try:
            get(scenario, path)
        except ScenarioError as error:
            yield f"sources.{path}", f"a source of nothing: {error.problems[0].message}"
        if source.range is not None and source.range[0] > source.range[1]:
            yield (
                f"sources.{path}.range",
                f"the range ends ({source.range[1]:g}) below its start ({source.range[0]:g})",
            )


# --- the map -------------------------------------------------------------------------------------


def rows_are_even(site: Site) -> Iterator[Fault]:
    """Check that every row of the map is as long as the others."""
    if not site.width:
        yield "map.rows", "the map has no cells"
    for index, row in enumerate(site.map.rows):
        if len(row) != site.width:
            yield (
                f"map.rows.{index}",
                f"row {index} (counted from 0) is {len(row)} cells long, expected {site.width}: '{row}'",
            )


def symbols_are_known(site: Site) -> Iterator[Fault]:
    """Check that every symbol of the map stands in the legend, which has single characters."""
    legend = site.map.legend
    for key in legend:
        if len(key) != 1:
            yield f"map.legend.{key}", f"a symbol is a single character, '{key}' has {len(key)}"
    for key in site.counts.keys() - legend.keys():
        row = next(index for index, text in enumerate(site.map.rows) if key in text)
        more = f" and {site.counts[key] - 1} more" if site.counts[key] > 1 else ""
        near = f"; did you mean '{key.swapcase()}'?" if key.swapcase() in legend else nearest(key, legend)
        where = f"row {row}, column {site.map.rows[row].index(key)}{more} (counted from 0)"
        yield f"map.rows.{row}", f"{where}: '{key}' is not in the legend{near}"


def fences_stand_somewhere(site: Site) -> Iterator[Fault]:
    """Check that a fence goes around a block or a rectangle of the map."""
    for fence in site.map.fences:
        path = f"map.fences.{fence.name}"
        if fence.block is not None and fence.block not in site.blocks:
            yield (
                f"{path}.block",
                f"there is no block '{fence.block}' on the map{nearest(fence.block, site.blocks)}",
            )
        if fence.cells is not None:
            top, left, bottom, right = fence.cells
            if top > bottom or left > right:
                yield (
                    f"{path}.cells",
                    f"{list(fence.cells)} is not first row, first column, last row, last column",
                )
            for corner in ((top, left), (bottom, right)):
                if off := site.off(corner):
                    yield f"{path}.cells", off
                    break


def gates_are_in_fences(site: Site) -> Iterator[Fault]:
    """Check that a gate opens the fence it names, on its edge, to another cell of the map."""
    fences = {fence.name: fence for fence in site.map.fences}
    for gate in site.map.gates:
        path = f"map.gates.{gate.name}"
        if gate.fence not in fences:
            yield f"{path}.fence", f"there is no fence '{gate.fence}'{nearest(gate.fence, fences)}"
            continue
        if off := site.off(gate.cell):
            yield f"{path}.cell", off
            continue
        fence = fences[gate.fence]
        inside = site.fenced(fence)
        row, column = gate.cell
        beyond = row + STEPS[gate.side][0], column + STEPS[gate.side][1]
        side = f"side {gate.side} of cell [{row}, {column}]"
        if not inside or (fence.cells and (site.off(fence.cells[:2]) or site.off(fence.cells[2:]))):
            continue  # the fence itself is at fault
        if (gate.cell in inside) == (beyond in inside):
            yield f"{path}.cell", f"{side} is not on the edge of fence '{gate.fence}'"
        elif site.off(beyond):
            yield f"{path}.side", f"{side} leads off the map"


def people_have_workplaces(site: Site) -> Iterator[Fault]:
    """Check that there is floor to work on, and enough of it."""
    floor = site.floor_m2()
    people = site.scenario.population.employees
    each = site.scenario.parameters.enterprises.m2_per_worker
    if not floor:
        yield "map.legend", "no cell of the map is an office, lab or factory: nobody could work here"
    elif people * each > floor:
        message = (
            f"{people:,} employees need {people * each:,.0f} m² of floor at {each:g} m² each "
            f"(parameters.enterprises.m2_per_worker); the offices, labs and factories have {floor:,.0f} m²"
        )
        yield "population.employees", message


# --- gateways and amenities ----------------------------------------------------------------------


def gateways_are_reached(site: Site) -> Iterator[Fault]:
    """Check that gateways lie on the map, road entrances on roads, and that minutes speak of home zones."""
    scenario = site.scenario
    if not scenario.gateways:
        yield "gateways", "there is no gateway: nobody could reach the park"
    for gateway in scenario.gateways:
        yield from _gateway(site, gateway, f"gateways.{gateway.name}")


def _gateway(site: Site, gateway: Gateway, path: str) -> Iterator[Fault]:
    if off := site.off(gateway.cell):
        yield f"{path}.cell", off
    elif gateway.kind == "road" and (symbol := site.symbol(gateway.cell)) and symbol.use != "road":
        row, column = gateway.cell
        yield f"{path}.cell", f"a road entrance needs a road cell; cell [{row}, {column}] is {symbol.use}"
    elif (symbol := site.symbol(gateway.cell)) and symbol.use == "water":
        row, column = gateway.cell
        yield f"{path}.cell", f"cell [{row}, {column}] is water: nobody could walk from there"
    if gateway.kind != "path" and (gateway.cycle_km or gateway.cycle_zones):
        at = "cycle_km" if gateway.cycle_km else "cycle_zones"
        yield f"{path}.{at}", f"a cycle path leads to a gateway of kind 'path', this is a {gateway.kind}"
    if gateway.seats is not None and gateway.kind in {"road", "path"}:
        yield f"{path}.seats", f"a {gateway.kind} has no seats: give them to a bus, shuttle or metro"
    zones = [zone.name for zone in site.scenario.city.zones]
    for zone in gateway.minutes or {}:
        if zone not in zones:
            yield f"{path}.minutes.{zone}", f"there is no home zone '{zone}'{nearest(zone, zones)}"
    for zone in gateway.cycle_zones:
        if zone not in zones:
            yield f"{path}.cycle_zones", f"there is no home zone '{zone}'{nearest(zone, zones)}"


def car_parks_stand_somewhere(site: Site) -> Iterator[Fault]:
    """Check that car parks stand on land or under buildings, and that owners exist."""
    for lot in site.scenario.car_parks:
        yield from _car_park(site, lot, f"car_parks.{lot.name}")


def _car_park(site: Site, lot: CarPark, path: str) -> Iterator[Fault]:
    if lot.cell is not None:
        symbol = site.symbol(lot.cell)
        if off := site.off(lot.cell):
            yield f"{path}.cell", off
        elif symbol is not None and symbol.use in {"water", "outside"}:
            yield f"{path}.cell", f"cell {list(lot.cell)} is {symbol.use}: nobody could park there"
    if lot.block is not None:
        cells = site.blocks.get(lot.block)
        if cells is None:
            yield (
                f"{path}.block",
                f"there is no block '{lot.block}' on the map{nearest(lot.block, site.blocks)}",
            )
        elif not any(s is not None and s.use in BUILT for s in map(site.symbol, cells)):
            yield f"{path}.block", f"block '{lot.block}' has no buildings; give a 'cell'"
    owners = {*site.blocks, *site.anchors}
    if lot.owner is not None and lot.owner not in owners:
        yield (
            f"{path}.owner",
            f"there is no block or anchor enterprise '{lot.owner}'{nearest(lot.owner, owners)}",
        )


_WALKS_KEPT = 8
_walked: dict[tuple[int, int], tuple[Map, tuple[Gateway, ...], tuple[list[Any], list[Gateway]]]] = {}


def _stranded(drawing: Map, gateways: tuple[Gateway, ...]) -> tuple[list[Any], list[Gateway]]:
    """Walk a map once: thousands of changed copies of a scenario share their drawing."""
    key = (id(drawing), id(gateways))
    if key not in _walked:
        reach = Reach(drawing)
        found = (list(reach.stranded_workplaces(gateways)), list(reach.stranded_entrances(gateways)))
        while len(_walked) >= _WALKS_KEPT:
            _walked.pop(next(iter(_walked)))
        _walked[key] = (drawing, gateways, found)  # holds both, so that their ids stay theirs
    return _walked[key][2]


def everybody_gets_there(site: Site) -> Iterator[Fault]:
    """Check that one can walk from a gateway to every workplace, and travel from every home zone."""
    drawing = (
        rows_are_even,
        symbols_are_known,
        fences_stand_somewhere,
        gates_are_in_fences,
        gateways_are_reached,
    )
    if any(fault for check in drawing for fault in check(site)):
        return  # what is drawn has to be sound first
    scenario = site.scenario
    workplaces, entrances = _stranded(site.map, scenario.gateways)
    for cell, fences in workplaces:
        symbol = site.symbol(cell)
        assert symbol is not None  # every symbol stands in the legend, see above
        what = f"{symbol.use} of block '{symbol.block}'" if symbol.block else symbol.use
        shut = f": fence '{fences[0]}' around it has no gate" if fences else ""
        yield (
            f"map.rows.{cell[0]}",
            f"nobody can walk from a gateway to the {what} at cell {list(cell)}{shut}",
        )
    for gateway in entrances:
        message = f"its road at cell {list(gateway.cell)} leads to no office, lab or factory"
        yield f"gateways.{gateway.name}.cell", message
    for name, km in stranded_zones(scenario.city, scenario.gateways, scenario.parameters.travel):
        message = (
            "no way leads from there to the park: no metro_min, no bus or shuttle, no road entrance, "
            f"and {km:g} km is beyond what people walk or cycle"
        )
        yield f"city.zones.{name}", message


def amenities_stand_somewhere(site: Site) -> Iterator[Fault]:
    """Check that amenities stand on land, in buildings or beyond a gateway, and that owners exist."""
    for amenity in site.scenario.amenities:
        yield from _amenity(site, amenity, f"amenities.{amenity.name}")


def _amenity(site: Site, amenity: Amenity, path: str, gateways: Iterable[str] = ()) -> Iterator[Fault]:
    floors: int | None = None
    if amenity.cell is not None:
        row, column = amenity.cell
        symbol = site.symbol(amenity.cell)
        if off := site.off(amenity.cell):
            yield f"{path}.cell", off
        elif symbol is not None and symbol.use in NO_PLACE:
            yield f"{path}.cell", f"cell [{row}, {column}] is {symbol.use}: no amenity can stand there"
        elif symbol is not None and symbol.use in BUILT:
            floors = symbol.floors
    if amenity.block is not None:
        cells = site.blocks.get(amenity.block)
        built = [s.floors for s in map(site.symbol, cells or ()) if s is not None and s.use in BUILT]
        floors = max(built, default=None)
        if cells is None:
            message = f"there is no block '{amenity.block}' on the map{nearest(amenity.block, site.blocks)}"
            yield f"{path}.block", message
        elif not built:
            yield f"{path}.block", f"block '{amenity.block}' has no buildings; give a 'cell'"
    if floors is not None and amenity.floor > floors:
        yield f"{path}.floor", f"floor {amenity.floor} of a building with {floors}"
    if amenity.outside is not None:
        known = [*(gateway.name for gateway in site.scenario.gateways), *gateways]
        if amenity.outside.via not in known:
            message = f"there is no gateway '{amenity.outside.via}'{nearest(amenity.outside.via, known)}"
            yield f"{path}.outside.via", message
    if amenity.owner is not None and amenity.owner not in {*site.blocks, *site.anchors}:
        owners = {*site.blocks, *site.anchors}
        message = f"there is no block or anchor enterprise '{amenity.owner}'{nearest(amenity.owner, owners)}"
        yield f"{path}.owner", message


def circles_name_categories(site: Site) -> Iterator[Fault]:
    """Check that circles promise categories that exist."""
    for name, circle in site.scenario.circles.items():
        for category in circle.categories:
            if category not in CATEGORIES:
                yield (
                    f"circles.{name}.categories",
                    f"there is no category '{category}'{nearest(category, CATEGORIES)}",
                )


def offers_are_there(site: Site) -> Iterator[Fault]:
    """Check that what enterprises offer to the council exists."""
    for offer, message in not_there(site.scenario.layout):
        yield f"governance.offers.{offer}", message


# --- the world -----------------------------------------------------------------------------------


def somebody_lives_somewhere(site: Site) -> Iterator[Fault]:
    """Check that some home zone has residents."""
    if not any(zone.weight for zone in site.scenario.city.zones):
        yield "city.zones", "every home zone has weight 0: nobody lives anywhere"


def enterprises_fit(site: Site) -> Iterator[Fault]:
    """Check that anchors stand in blocks to work in and that the head-counts add up."""
    firms, people = site.scenario.enterprises, site.scenario.population.employees
    for anchor in firms.anchors:
        path = f"enterprises.anchors.{anchor.name}"
        cells = site.blocks.get(anchor.block)
        uses = {s.use for s in map(site.symbol, cells or ()) if s is not None}
        if cells is None:
            message = f"there is no block '{anchor.block}' on the map{nearest(anchor.block, site.blocks)}"
            yield f"{path}.block", message
        elif not uses & WORKPLACE:
            yield f"{path}.block", f"block '{anchor.block}' has no office, lab or factory"
        elif anchor.floor is not None:
            highest = max(s.floors for s in map(site.symbol, cells) if s is not None and s.use in WORKPLACE)
            if anchor.floor > highest:
                yield f"{path}.floor", f"floor {anchor.floor} of a block with {highest}"
        if anchor.sector not in firms.sectors:
            yield (
                f"{path}.sector",
                f"there is no sector '{anchor.sector}'{nearest(anchor.sector, firms.sectors)}",
            )
    if firms.size_min > firms.size_max:
        yield "enterprises.size_min", f"{firms.size_min:,} is more than size_max, {firms.size_max:,}"
    if len(firms.anchors) > firms.count:
        yield (
            "enterprises.count",
            f"{len(firms.anchors)} anchors are named, more than the {firms.count} enterprises",
        )
    named = sum(anchor.employees for anchor in firms.anchors)
    others = max(firms.count - len(firms.anchors), 0)
    if named > people:
        yield (
            "enterprises.anchors",
            f"the anchors employ {named:,} people, more than the {people:,} of the population",
        )
    elif named + others * firms.size_min > people:
        message = (
            f"{others:,} enterprises of at least {firms.size_min} besides the anchors' {named:,} people need "
            f"{named + others * firms.size_min:,}, the population has {people:,}"
        )
        yield "enterprises.count", message


def sectors_sum_to_one(site: Site) -> Iterator[Fault]:
    """Check that the shares of the sectors sum to one and that technology sectors are among them."""
    firms = site.scenario.enterprises
    for name, share in firms.sectors.items():
        if share < 0:
            yield f"enterprises.sectors.{name}", f"{share:g} is out of range; allowed: 0 to 1"
    if abs(sum(firms.sectors.values()) - 1) > 0.005:
        yield "enterprises.sectors", f"shares sum to {sum(firms.sectors.values()):g}, should be 1"
    for name in firms.tech_sectors:
        if name not in firms.sectors:
            yield "enterprises.tech_sectors", f"there is no sector '{name}'{nearest(name, firms.sectors)}"


def names_are_unique(site: Site) -> Iterator[Fault]:
    """Check that no two things of one list bear the same name."""
    scenario = site.scenario
    lists: dict[str, Iterable[Named]] = {
        "map.fences": scenario.map.fences,
        "map.gates": scenario.map.gates,
        "gateways": scenario.gateways,
        "car_parks": scenario.car_parks,
        "amenities": scenario.amenities,
        "governance.channels": scenario.governance.channels,
        "governance.chain": scenario.governance.chain,
        "governance.benches": scenario.governance.benches,
        "governance.projects": scenario.governance.projects,
        "governance.offers": scenario.governance.offers,
        "interventions": scenario.interventions,
        "renewals": scenario.renewals,
        "shocks": scenario.shocks,
        "city.zones": scenario.city.zones,
        "enterprises.anchors": scenario.enterprises.anchors,
    }
    for path, items in lists.items():
        for name, times in Counter(item.name for item in items).items():
            if times > 1:
                yield f"{path}.{name}", name_twice(name)


# --- interventions -------------------------------------------------------------------------------


def interventions_make_sense(site: Site) -> Iterator[Fault]:
    """Check that each intervention is of a known kind and acts on what is there in its month."""
    found = list(_interventions_fit(site))
    yield from found or _interventions_work(site)


def _interventions_work(site: Site) -> Iterator[Fault]:
    """Carry the interventions out in order and let each kind say what makes it impossible."""
    from parksim.interventions import kinds  # noqa: PLC0415  (kinds import the schema)

    layout, p = site.scenario.layout, site.scenario.parameters.renewal
    for item in sorted(site.scenario.interventions, key=lambda i: i.month + i.build_months):
        kind, month = kinds()[item.kind], item.month + item.build_months
        layout = advanced(layout, month, p)
        problem = kind.problem(layout, item) or on_a_building_site(layout, item, month, p)
        if problem:
            yield f"interventions.{item.name}", problem
            return
        before, layout = layout, advanced(kind.apply(layout, item), month, p)
        if layout.support != before.support:
            yield from _funds(site, layout.support, f"interventions.{item.name}.set")
        for shock in layout.shocks[len(before.shocks) :]:
            path = f"interventions.{item.name}.set"
            yield from struck.faults(site.scenario, before, shock, path)
        if item.target is not None:
            known = {g.name: g for g in before.gateways}
            for gateway in layout.gateways:
                if gateway != known.get(gateway.name, gateway):
                    yield from _gateway(site, gateway, f"interventions.{item.name}.set")
    yield from _arrivals(site, layout.arrivals)
    yield from renewals(site, layout, ON_THE_MAP)
    zoned = [item.name for item in site.scenario.interventions if item.kind == "zone_valleys"]
    if zoned:
        yield from _zoning(site, layout, f"interventions.{zoned[-1]}.set")


ON_THE_MAP = (
    names_are_unique,
    rows_are_even,
    symbols_are_known,
    gates_are_in_fences,
    gateways_are_reached,
    car_parks_stand_somewhere,
    amenities_stand_somewhere,
    everybody_gets_there,
)
"""Checks of what stands where, made again of the map as it is during and after a renewal."""


def renewals_make_sense(site: Site) -> Iterator[Fault]:
    """Check renewals that stand in the layout itself, where no intervention brings them."""
    if not site.scenario.interventions:
        yield from renewals(site, site.scenario.layout, ON_THE_MAP)


def valleys_lie_somewhere(site: Site) -> Iterator[Fault]:
    """Check that hub and valleys are blocks to work in, each in one valley at most, and that sectors are known."""
    yield from _zoning(site, site.scenario.layout, "zoning")
    sectors = site.scenario.enterprises.sectors
    for sector, others in site.scenario.enterprises.partners.items():
        for name in (sector, *others):
            if name not in sectors:
                yield (
                    f"enterprises.partners.{sector}",
                    f"there is no sector '{name}'{nearest(name, sectors)}",
                )


def _zoning(site: Site, layout: Layout, path: str) -> Iterator[Fault]:
    zoning, blocks, sectors = layout.zoning, layout.map.blocks, site.scenario.enterprises.sectors
    work = {s.block for s in layout.map.legend.values() if s.block in blocks and s.use in WORKPLACE}
    taken: dict[str, str] = {}
    for valley in zoning.valleys:
        where = f"{path}.valleys.{valley.name}"
        for block in valley.blocks:
            if block not in work:
                what = "has no office, lab or factory" if block in blocks else "is not on the map"
                near = "" if block in blocks else nearest(block, work)
                yield f"{where}.blocks", f"block '{block}' {what}{near}"
            elif block == zoning.hub:
                yield f"{where}.blocks", f"block '{block}' is the hub, which is open to all"
            elif block in taken:
                yield f"{where}.blocks", f"block '{block}' belongs to the valley '{taken[block]}' already"
            taken[block] = valley.name
        for sector in valley.sectors:
            if sector not in sectors:
                yield f"{where}.sectors", f"there is no sector '{sector}'{nearest(sector, sectors)}"
    if zoning.hub is not None:
        if zoning.hub not in blocks:
            yield f"{path}.hub", f"there is no block '{zoning.hub}' on the map{nearest(zoning.hub, blocks)}"
        elif not any(
            a.block == zoning.hub or (a.cell is not None and tuple(a.cell) in blocks[zoning.hub])
            for a in layout.amenities
        ):
            yield f"{path}.hub", f"block '{zoning.hub}' has no place in it: a hub serves the valleys"


def support_names_known_sectors(site: Site) -> Iterator[Fault]:
    """Check that funds are for sectors there are."""
    yield from _funds(site, site.scenario.support, "support")


def _funds(site: Site, support: Support, path: str) -> Iterator[Fault]:
    sectors = site.scenario.enterprises.sectors
    for fund in support.funds:
        for sector in fund.sectors:
            if sector not in sectors:
                yield (
                    f"{path}.funds.{fund.name}.sectors",
                    f"there is no sector '{sector}'{nearest(sector, sectors)}",
                )


def shocks_hit_what_is_there(site: Site) -> Iterator[Fault]:
    """Check that shocks name what is there and leave a way to every building."""
    for shock in site.scenario.shocks:
        if not any(fault for check in (rows_are_even, symbols_are_known) for fault in check(site)):
            yield from struck.faults(site.scenario, site.scenario.layout, shock, f"shocks.{shock.name}")


def arrivals_find_their_place(site: Site) -> Iterator[Fault]:
    """Check that enterprises that come are of a known sector and go to a block that is there."""
    yield from _arrivals(site, site.scenario.arrivals)


def _arrivals(site: Site, arrivals: Iterable[Arrival]) -> Iterator[Fault]:
    sectors, blocks = site.scenario.enterprises.sectors, site.map.blocks
    for plan in arrivals:
        path = f"arrivals.{plan.name}"
        if path.partition(".")[2] in {i.name for i in site.scenario.interventions}:
            path = f"interventions.{plan.name}.set"
        if plan.sector not in sectors:
            yield f"{path}.sector", f"there is no sector '{plan.sector}'{nearest(plan.sector, sectors)}"
        if plan.block is not None and plan.block not in blocks:
            yield f"{path}.block", f"there is no block '{plan.block}'{nearest(plan.block, blocks)}"


def towns_can_be_linked(site: Site) -> Iterator[Fault]:
    """Check the linked towns: their names, who takes part, and that each is sound."""
    scenario, linked = site.scenario, site.scenario.linked
    asked = {"link.openness": scenario.link.openness > 0, "link.towns": bool(scenario.link.towns)}
    named = {"link.towns": scenario.link.towns}
    for item in scenario.interventions:
        if item.kind == "link_towns":
            asked[f"interventions.{item.name}.kind"] = True
            listed = item.set.get("towns", ())
            named[f"interventions.{item.name}.set.towns"] = (
                tuple(listed) if isinstance(listed, list | tuple) else ()
            )
    if linked is None:
        yield from ((path, NO_TOWNS) for path, is_asked in asked.items() if is_asked)
        return
    for path, names in named.items():
        for name in names:
            if name not in linked.names:
                yield path, f"there is no linked town '{name}'{nearest(str(name), linked.names)}"
    for name, times in Counter(linked.names).items():
        if times > 1:
            yield f"linked.towns.{name}", name_twice(name)
    for town in linked.towns:
        path = f"linked.towns.{town.name}.scenario"
        if town.scenario.linked is not None:
            yield path, f"'{town.scenario.name}' has linked towns of its own"
        else:
            yield from ((f"{path}.{below}", message) for below, message in verify(town.scenario))


def _interventions_fit(site: Site) -> Iterator[Fault]:
    """Check kinds, what they are told, names, months, and what is added."""
    scenario = site.scenario
    if not scenario.interventions:
        return
    from parksim.interventions import kinds as known_kinds  # noqa: PLC0415  (kinds import the schema)
    from parksim.interventions import made  # noqa: PLC0415

    kinds = known_kinds()
    amenities = {amenity.name: amenity for amenity in scenario.amenities}
    gateways = {gateway.name for gateway in scenario.gateways}
    fixed = {
        *site.blocks,
        *site.anchors,
        *(f.name for f in site.map.fences),
        *(g.name for g in site.map.gates),
    }
    fixed |= {channel.name for channel in scenario.governance.channels}
    fixed |= {
        str(a["name"]) for i in scenario.interventions for a in i.set.get("amenities", ()) if "name" in a
    }
    car_parks = {lot.name for lot in scenario.car_parks}
    opens = dict.fromkeys([*amenities, *gateways, *car_parks], 0)  # month from which each is there
    closed: dict[str, Intervention] = {}
    told = [fault for item in scenario.interventions for fault in _told(site, item, kinds.get(item.kind))]
    yield from told
    if told:
        return
    planned = {thing.name for item in scenario.interventions for thing in made(item)}
    for item in sorted(scenario.interventions, key=lambda i: i.month):
        path = f"interventions.{item.name}"
        target = item.target
        if target is not None and target not in fixed:
            if target in closed:
                before = closed[target]
                yield f"{path}.target", f"'{target}' was closed in month {before.month} by '{before.name}'"
            elif target not in opens:
                later = " yet: a later intervention brings it" if target in planned else ""
                near = "" if later else nearest(target, {*opens, *fixed})
                yield f"{path}.target", f"there is no '{target}'{later}{near}"
            elif item.month < opens[target]:
                yield (
                    f"{path}.target",
                    f"'{target}' opens in month {opens[target]}, this is month {item.month}",
                )
            elif item.kind.startswith("close"):
                closed[target] = item
                opens.pop(target)
        if target in amenities and item.set and item.set.keys() <= Amenity.model_fields.keys():
            yield from _settings(site, amenities[target], item, path, gateways)
        for thing in made(item):
            if isinstance(thing, Amenity):
                at = f"{path}.set" if item.amenity is None else f"{path}.amenity"
                yield from _amenity(site, thing, at, gateways)
                amenities[thing.name] = thing
            elif isinstance(thing, Gateway):
                yield from _gateway(site, thing, f"{path}.gateway")
                gateways.add(thing.name)
            else:
                yield from _car_park(site, thing, f"{path}.car_park")
            if thing.name in opens:
                yield path, f"'{thing.name}' is there already"
            opens.setdefault(thing.name, item.month + item.build_months)
            closed.pop(thing.name, None)


def _told(site: Site, item: Intervention, kind: Kind | None) -> Iterator[Fault]:
    """Check what one intervention says by itself: a kind that exists, settings it knows, a month of the plan."""
    from parksim.interventions import kinds  # noqa: PLC0415  (kinds import the schema)

    path = f"interventions.{item.name}"
    if kind is None:
        known = kinds()
        yield f"{path}.kind", f"there is no kind of intervention '{item.kind}'{nearest(item.kind, known)}"
        return
    last, horizon = item.month + item.build_months, site.scenario.start.horizon_months
    if horizon is not None and last > horizon:
        works = f", with its {item.build_months} months of works," if item.month <= horizon else ""
        message = f"month {last}{works} is beyond the {horizon} months of the plan (start.horizon_months)"
        yield f"{path}.month", message
    if item.target is not None and getattr(kind, "TARGET", item.target) is None:
        yield f"{path}.target", f"{item.kind} takes no 'target:'"
    settings: type[BaseModel] | None = getattr(kind, "Settings", None)
    if item.set and settings is None and hasattr(kind, "Settings"):
        yield f"{path}.set", f"{item.kind} takes no 'set:'"
    elif item.set and settings is not None:
        try:
            settings.model_validate(item.set)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                where, message = explain(each, item.set, settings)
                yield joined(f"{path}.set", where) if where else f"{path}.set", message


def _settings(
    site: Site, amenity: Amenity, item: Intervention, path: str, gateways: Iterable[str]
) -> Iterator[Fault]:
    """Check that a changed amenity is still an amenity, and stands somewhere."""
    left = {"cell": None, "block": None, "outside": None, "floor": 1} if item.kind == "move_amenity" else {}
    data = amenity.model_dump() | left | item.set
    try:
        changed = Amenity.model_validate(data)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            each["loc"] = ("amenities", 0, *each["loc"])
            where, message = explain(each, {"amenities": [data]})
            yield path + where.replace(f"amenities.{data['name']}", ".set", 1), message
    else:
        yield from _amenity(site, changed, f"{path}.set", gateways)


CHECKS: list[Callable[[Site], Iterator[Fault]]] = [
    names_are_unique,
    rows_are_even,
    symbols_are_known,
    fences_stand_somewhere,
    gates_are_in_fences,
    people_have_workplaces,
    gateways_are_reached,
    car_parks_stand_somewhere,
    amenities_stand_somewhere,
    circles_name_categories,
    offers_are_there,
    somebody_lives_somewhere,
    enterprises_fit,
    sectors_sum_to_one,
    arrivals_find_their_place,
    support_names_known_sectors,
    towns_can_be_linked,
    valleys_lie_somewhere,
    shocks_hit_what_is_there,
    interventions_make_sense,
    renewals_make_sense,
    everybody_gets_there,
]
"""Every check, in the order in which its faults are reported; append to it to add one."""
