"""A drawn map becomes a scenario: ways in, places, and an assumed city, people and firms around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim.importers.draft import Draft, DraftError, Names, section
from parksim.importers.raster import WAYS, city_side, connected, draw, floor_m2
from parksim.scenario import typical
from parksim.scenario.schema import WORKPLACE, Population
from parksim.world.grid import LAND_USES

if TYPE_CHECKING:
    from parksim.importers.features import Features, Lot, Spot, Stop
    from parksim.importers.findings import Findings
    from parksim.importers.raster import Cell, Drawing

AROUND_M = 1200
"""How far beyond the outline places and stops are still read, m."""
MERGE_M = {"metro": 40, "bus": 90, "shuttle": 90, "road": 90, "path": 150}
"""Stops of one kind nearer to each other than this are one, m; more where there are too many."""
MOST_ON_ROADS = 0.25
MOST_LOTS = 40
M2_A_PLACE = 25
"""Ground of a parking place with its share of the aisles, m² (assumed)."""
MOST_STOPS = 24
MOST_ENTRANCES = 12
BAND_M = 100
"""Places outside are put together by kind, gateway and distance in bands of this width, m."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user asks for besides the files."""

    name: str
    title: str
    cell_m: float = 25
    employees: int | None = None
    source: str = ""
    grade: str = "C"
    """Grade of what the files say."""


def compose(features: Features, plan: Plan, findings: Findings) -> Draft:
    """Draw the features and put a scenario around them.

    Parameters
    ----------
    features : Features
        In metres, with their outline.
    plan : Plan
    findings : Findings
        Receives what is guessed and left out.

    Raises
    ------
    DraftError
        Where there is nothing to draw, or nowhere to work.
    """
    if not features.buildings:
        raise DraftError(
            f"there is no building in the area asked for ({plan.source}): an empty extract, another area, "
            "swapped axes or another coordinate system?"
        )
    drawing = draw(features, plan.cell_m, findings)
    _on_roads(features, findings)
    draft = Draft(plan.name, plan.title, plan.name, summary=f"Drawn from {plan.source}.")
    draft.map = {
        "cell_m": plan.cell_m,
        "legend": drawing.legend,
        "rows": drawing.rows,
        "fences": [{"name": yard.name, "block": yard.name} for yard in drawing.yards if yard.fenced],
        "gates": drawing.gates,
    }
    draft.gateways = _gateways(drawing, features, findings)
    draft.amenities = _amenities(drawing, features, draft, findings)
    _people(drawing, plan, draft, findings)
    _car_parks(drawing, features, draft, findings)
    _sources(plan, draft)
    return draft


def _on_roads(features: Features, findings: Findings) -> None:
    """Notice layers that do not fit upon each other: houses do not stand on roads."""
    from shapely import STRtree  # noqa: PLC0415  (an extra)

    roads = [way.line for way in features.ways if way.kind != "path"]
    if len(features.buildings) < 10 or not roads:
        return
    hit = STRtree(roads).query([b.shape.buffer(-2) for b in features.buildings], predicate="intersects")[0]
    share = len(np.unique(hit)) / len(features.buildings)
    if share > MOST_ON_ROADS:
        findings.notes.insert(
            0,
            f"{share:.0%} of the buildings stand on roads: are all files in the coordinate systems declared? "
            "GCJ-02 and BD-09 are shifted by some hundred metres",
        )


# --- ways in -------------------------------------------------------------------------------------


def _gateways(drawing: Drawing, features: Features, findings: Findings) -> list[dict[str, Any]]:
    """Make gateways of stops, of roads that cross the outline, and of paths that do."""
    label = connected(drawing, fences=True)
    ground = (label == city_side(label)) & drawing.inside
    roads = ground & (drawing.way >= WAYS.index("park"))
    names = Names()
    made: list[dict[str, Any]] = []
    for kind in ("metro", "bus", "shuttle"):
        stops = [stop for stop in features.stops if stop.kind == kind]
        for stop in _apart(stops, MERGE_M[kind], findings):
            cell = drawing.nearest(drawing.cell(stop.point.x, stop.point.y), ground)
            if cell is None:
                continue
            x, y = drawing.middle(cell)
            beyond = math.hypot(stop.point.x - x, stop.point.y - y)
            more = {"beyond_m": round(beyond * typical.DETOUR)} if beyond > drawing.cell_m else {}
            headway = {"metro": 5, "bus": 10, "shuttle": 20}[kind]
            findings.guess(f"headway of a {kind} stop", f"{headway} min", "the file does not tell it")
            made.append(
                {
                    "name": names(f"{kind} {stop.name}" if stop.name else "", kind),
                    "kind": kind,
                    "cell": list(cell),
                }
                | more
                | {"headway_min": headway}
            )
    for kind, mask in (("road", roads), ("path", ground)):
        for stop in _crossings(features, kind, findings):
            cell = drawing.nearest(drawing.cell(stop.point.x, stop.point.y), mask)
            if cell is None or any(m["kind"] == kind and tuple(m["cell"]) == cell for m in made):
                continue
            gateway: dict[str, Any] = {
                "name": names(f"{kind} {stop.name}" if stop.name else "", kind),
                "kind": kind,
                "cell": list(cell),
            }
            if kind == "road":
                capacity = 1200 if WAYS[drawing.way[cell]] == "main" else 600
                findings.guess("road entrance", f"{capacity} vehicles an hour", "usual for its class")
                gateway["capacity"] = capacity
            made.append(gateway)
    if not made:
        rim = np.zeros_like(ground)
        rim[[0, -1]] = True
        rim[:, [0, -1]] = True
        cell = drawing.nearest((0, drawing.shape[1] // 2), ground & rim if (ground & rim).any() else ground)
        if cell is None:
            raise DraftError("nobody could reach the park: no ground leads to it")
        made.append({"name": "path-north", "kind": "path", "cell": list(cell)})
        findings.guess("gateway", "a path from the north", "no stop, road or path leads in")
    for kind in ("metro", "bus", "road"):
        if not any(m["kind"] == kind for m in made):
            findings.notes.append(f"no {kind} gateway was found; if there is one, add it under 'gateways:'")
    return made


def _apart(stops: list[Stop], least_m: float, findings: Findings) -> list[Stop]:
    """Put stops together that lie side by side, as those of both directions, until they are few."""
    if not stops:
        return []
    order = sorted(stops, key=lambda s: (not s.name, s.name, s.point.x, s.point.y))
    while True:
        taken: list[Stop] = []
        for stop in order:
            if all(stop.point.distance(other.point) > least_m for other in taken):
                taken.append(stop)
        if len(taken) <= MOST_STOPS:
            break
        least_m *= 1.3
    if len(taken) < len(stops):
        what = f"{stops[0].kind} stops within {least_m:.0f} m of another one (put together)"
        findings.left_out[what] += len(stops) - len(taken)
    return taken


def _crossings(features: Features, kind: str, findings: Findings) -> list[Stop]:
    """Find where ways cross the outline, the most important first and apart from each other."""
    import shapely  # noqa: PLC0415  (an extra)

    from parksim.importers.features import Stop  # noqa: PLC0415

    edge = features.outline.boundary
    found: list[tuple[int, Stop]] = []
    for way in features.ways:
        if (way.kind == "path") != (kind == "path"):
            continue
        found += [
            (way.rank, Stop(point, "road", way.name))
            for part in shapely.get_parts(shapely.intersection(way.line, edge)).tolist()
            if not part.is_empty
            for point in [part if part.geom_type == "Point" else part.centroid]
        ]
    kept: list[Stop] = []
    for _, stop in sorted(found, key=lambda pair: (-pair[0], pair[1].name, pair[1].point.x, pair[1].point.y)):
        if all(stop.point.distance(other.point) > MERGE_M[kind] for other in kept):
            kept.append(stop)
    if len(kept) > MOST_ENTRANCES:
        findings.left_out[f"{kind} entrances beyond the {MOST_ENTRANCES} most important"] += (
            len(kept) - MOST_ENTRANCES
        )
    given = [stop for stop in features.stops if stop.kind == kind]
    return [*given, *kept[:MOST_ENTRANCES]]


# --- places --------------------------------------------------------------------------------------


def _amenities(
    drawing: Drawing, features: Features, draft: Draft, findings: Findings
) -> list[dict[str, Any]]:
    """Put places into the buildings or on the ground where they are, those around behind their gateways."""
    names = Names()
    label = connected(drawing, fences=True)
    ground = (label == city_side(label)) & (drawing.way < WAYS.index("park"))
    place = (drawing.building >= 0) | ground
    place &= drawing.inside
    made: list[dict[str, Any]] = []
    around: dict[tuple[str, str, int], list[Spot]] = {}
    for spot in features.spots:
        cell = drawing.cell(spot.point.x, spot.point.y)
        if drawing.on(cell) and drawing.inside[cell]:
            at = cell if place[cell] else drawing.nearest(cell, place)
            if at is None:
                findings.left_out["places without ground or a building to stand on"] += 1
                continue
            if at != cell:
                findings.guess(
                    "place on a road or water",
                    "moved to the nearest building or ground",
                    "no amenity stands there",
                )
            made.append(_amenity(spot, names, findings, cell=list(at), **_floor(drawing, spot, at, findings)))
        elif (metres := features.outline.distance(spot.point)) <= AROUND_M:
            gateway = min(
                draft.gateways,
                key=lambda g: math.dist(drawing.middle(tuple(g["cell"])), (spot.point.x, spot.point.y)),
            )
            metres = (
                math.dist(drawing.middle(tuple(gateway["cell"])), (spot.point.x, spot.point.y))
                * typical.DETOUR
            )
            if metres <= 3000:
                around.setdefault((spot.category, gateway["name"], round(metres / BAND_M)), []).append(spot)
    for (category, via, band), spots in sorted(around.items()):
        made.append(_together(category, via, band, spots, names, findings))
    if not any(m["category"] == "canteen" for m in made):
        findings.notes.append(
            "no canteen was found (maps rarely show them): add those of the enterprises under 'amenities:'"
        )
    return made


def _floor(drawing: Drawing, spot: Spot, cell: Cell, findings: Findings) -> dict[str, int]:
    """Tell the floor, no higher than the building."""
    floor = spot.said.get("floor")
    if floor is None:
        return {}
    letter = drawing.rows[cell[0]][cell[1]]
    highest = drawing.legend[letter].get("floors", 1) if drawing.building[cell] >= 0 else 1
    if floor > highest:
        findings.guess("floor of a place", f"lowered to {highest}", "the building drawn there is not as high")
    return {"floor": int(min(max(floor, -5), highest))} if min(floor, highest) != 1 else {}


def _amenity(spot: Spot, names: Names, findings: Findings, **where: Any) -> dict[str, Any]:
    kind = typical.usual(spot.category)
    said = {key: value for key, value in spot.said.items() if key != "floor"}
    if "capacity" not in said:
        said["capacity"] = kind.known
        findings.guess(f"capacity of a {spot.category}", f"{kind.known:g}", "usual for its kind")
    if "opens" not in said:
        findings.guess(
            f"opening hours of a {spot.category}", f"{kind.opens:g} to {kind.closes:g}", "usual for its kind"
        )
    if kind.price and "price" not in said:
        findings.guess(f"price in a {spot.category}", f"{kind.price:g} CNY a visit", "usual for its kind")
    if "opex_cny_year" not in said:
        said["opex_cny_year"] = None
        findings.guess("running cost of a place", "none entered", "no map tells it")
    if "outsiders" not in said:
        findings.guess("visits by residents and visitors", "none entered", "no map tells them")
    titles = {"title": spot.name, "title_zh": spot.name_zh}
    name = names(spot.name, spot.category.replace("_", "-"))
    made = typical.amenity(name, spot.category, 0, **said, **where)
    return {"name": name, "category": spot.category} | {k: v for k, v in titles.items() if v} | made


def _together(
    category: str, via: str, band: int, spots: list[Spot], names: Names, findings: Findings
) -> dict[str, Any]:
    """Put the places of one kind, beyond one gateway and about equally far, into one."""
    kind = typical.usual(category)
    metres = min(max(band * BAND_M, 0), 3000)
    capacity = sum(spot.said.get("capacity", kind.known) for spot in spots)
    made = typical.amenity(
        names("", f"{category.replace('_', '-')}-{via}-{metres}"[:60]), category, 0,
        capacity=capacity, outside={"via": via, "walk_m": metres},
    )  # fmt: skip
    made.pop("opex_cny_year", None)  # what lies outside costs the park nothing
    guessed = sum(1 for spot in spots if "capacity" not in spot.said)
    findings.guessing[f"capacity of a {category}", f"{kind.known:g}", "assumed", "usual for its kind"] += (
        guessed
    )
    findings.guessing[
        "distance of a place outside", f"straight line × {typical.DETOUR:g}", "assumed", "not on the map"
    ] += len(spots)
    titles = [spot.name or spot.name_zh for spot in spots if spot.name or spot.name_zh]
    if titles:
        made["title"] = ", ".join(titles[:3]) + (f" and {len(spots) - 3} more" if len(spots) > 3 else "")
    return made


# --- car parks -----------------------------------------------------------------------------------


def _car_parks(drawing: Drawing, features: Features, draft: Draft, findings: Findings) -> None:
    """Write the car parks where they are room for those who have a car, else as a comment to be completed.

    Where a scenario has car parks, cars park nowhere else: with half of them missing, as those under buildings are
    on most maps, everybody would queue for the other half. Without any, cars park at the buildings.
    """
    lots: list[tuple[Lot, int]] = []
    for lot in features.lots:
        places = lot.places
        if places is None and lot.shape.area:
            places = lot.shape.area * lot.levels / M2_A_PLACE
            findings.guess("places of a car park", "by its ground", f"{M2_A_PLACE} m² a place with aisles")
        if places is None:
            findings.left_out["car parks of unknown size (points without a capacity)"] += 1
        elif places >= 1:
            lots.append((lot, min(round(places), 100_000)))
    if not lots:
        return
    ground = drawing.inside & ((drawing.land != LAND_USES.index("water")) | (drawing.way > 0))
    lots.sort(key=lambda one: (-one[1], one[0].name, one[0].shape.bounds))
    kept, rest = lots[:MOST_LOTS], lots[MOST_LOTS:]
    places_of = [places for _, places in kept]
    for lot, places in rest:  # the small ones are added to the nearest large one
        nearest = min(range(len(kept)), key=lambda k: kept[k][0].shape.distance(lot.shape))
        places_of[nearest] += places
    if rest:
        findings.guess("small car park", "part of the nearest large one", f"the {MOST_LOTS} largest are kept")
    names = Names()
    made = []
    for (lot, _), places in zip(kept, places_of, strict=True):
        middle = lot.shape.representative_point()
        cell = drawing.nearest(drawing.cell(middle.x, middle.y), ground)
        titles = {"title": lot.name, "title_zh": lot.name_zh}
        made.append(
            {"name": names(lot.name, "car-park")} | {k: v for k, v in titles.items() if v}
            | {"cell": list(cell or (0, 0)), "places": places}
        )  # fmt: skip
    people = Population(employees=int(draft.population["employees"]))
    cars = people.employees * sum(people.wage_band[band] * share for band, share in people.car_share.items())
    total = sum(places_of)
    if total >= cars:
        draft.car_parks = made
        draft.assume(
            "car_parks",
            (
                f"places as the map tells them, else {M2_A_PLACE} m² each; prices and owners unknown",
                f"车位数据地图所载，未载者按每个{M2_A_PLACE}平方米计；价格与归属未知",
            ),
        )
        return
    told = f"{len(made)} car parks with {total:,} places were read; about {cars:,.0f} of the employees have a car"
    findings.notes.append(
        f"{told}: the map seems to miss some, as those under buildings. They stand in the file as a comment; complete "
        "and uncomment them. Until then cars park at the buildings"
    )
    lines = section("car_parks", made)
    draft.comments["amenities"] = (
        f"{told}.\nComplete the list and uncomment it; until then cars park at the buildings.\n{lines}"
    )


# --- people --------------------------------------------------------------------------------------


def _people(drawing: Drawing, plan: Plan, draft: Draft, findings: Findings) -> None:
    floor = floor_m2(drawing, WORKPLACE)
    room = int(floor / typical.M2_A_WORKER)
    if room < 1:
        raise DraftError(
            "no building is an office, laboratory or factory: nobody could work here; "
            "say in the mapping table which buildings are workplaces"
        )
    if plan.employees is not None:
        employees = plan.employees
        if employees > room:
            raise DraftError(
                f"{employees:,} employees need more floor than was drawn: "
                f"{floor:,.0f} m² of offices, labs and factories are room for {room:,}"
            )
    else:
        employees = max(1, typical.rounded(floor * typical.LET_SHARE / typical.M2_A_WORKER))
        findings.guess(
            "employees", f"{employees:,}",
            f"{floor:,.0f} m² of workplaces, {typical.LET_SHARE:.0%} let, {typical.M2_A_WORKER:g} m² each",
        )  # fmt: skip
        span = (max(1, round(employees * 0.6)), min(room, round(employees * 1.2)))
        draft.assume(
            "population.employees",
            ("after the floor drawn", "按图中建筑面积推算"),
            span if span[0] < span[1] else None,
        )
    draft.city = typical.city()
    draft.population = {"employees": employees}
    draft.enterprises = typical.firms(employees)
    draft.governance = typical.administration(employees)
    draft.circles = "iot-town"
    findings.guess("home zones", "five of an invented city", "no file tells where the employees live")
    findings.guess("enterprises", f"{draft.enterprises['count']:,}", f"{typical.PEOPLE_A_FIRM} people each")
    findings.guess("whom one can ask", "property management and a hotline", "as in any park")


def _sources(plan: Plan, draft: Draft) -> None:
    draft.sources = {
        "map": {
            "grade": plan.grade,
            "source": f"{plan.source}; storeys, uses and gates where it is silent: assumed",
            "source_zh": f"{plan.source}；未载明的层数、用途与大门：假定",
        },
        "gateways": {
            "grade": "assumed",
            "source": f"places: {plan.source}; headways and capacities: assumed",
            "source_zh": f"位置：{plan.source}；发车间隔与通行能力：假定",
        },
        "amenities": {
            "grade": "assumed",
            "source": f"places: {plan.source}; capacities, hours and prices: assumed",
            "source_zh": f"位置：{plan.source}；容量、开放时间与价格：假定",
        },
        **draft.sources,
    }
    for path in typical.PATHS:
        draft.assume(path, typical.USUAL_FIGURES)
    draft.comments |= {
        "city": "Five invented home zones; `parksim template xlsx` makes a workbook for the counts you know.",
        "enterprises": "Named enterprises come from a workbook too (parksim import xlsx).",
        "sources": "What was read and what was guessed stands on the page beside this file.",
    }


def community(park: Draft) -> Draft:
    """Draft the community that an imported park could become: fences opened, staff's places shared, a council.

    A start to be changed, not a proposal: what is really to be added is the user's to say.
    """
    name = f"{park.name}-community"
    draft = Draft(
        name, f"{park.title}: the community", park.family, extends=park.name,
        summary="A first sketch: every fence open, staff's places shared, a council. Add what is planned.",
        head=(
            f"What {park.name} could become: only what differs. Change it to what is really planned.\n"
            "To add a place, under `amenities:`\n"
            "  - {name: new-canteen, category: canteen, block: BLOCK, capacity: 200, opens: 7, closes: 20, price: 16}\n"
            "and flats, kindergartens, gyms in the same way; `remove: true` takes a thing away."
        ),
    )  # fmt: skip
    fences = [{"name": fence["name"], "open": True} for fence in park.map.get("fences", ())]
    draft.map = {"fences": fences} if fences else {}
    draft.amenities = [
        {"name": a["name"], "access": "everyone"} for a in park.amenities if a.get("access") == "staff"
    ]
    draft.governance = typical.council(float(park.population.get("employees", 0)))
    if fences:
        draft.assume("map.fences", ("a first sketch: all fences open", "初步草案：围墙全部打开"))
    draft.assume("governance.channels", typical.USUAL_FIGURES)
    return draft
