"""A workbook fills in a scenario: its enterprises, home zones, places and observed figures.

The scenario's file keeps its comments and its map; only the sections that the workbook speaks of are rewritten.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim.errors import ParksimError, ScenarioError, nearest
from parksim.importers.draft import DraftError, Names, section
from parksim.scenario import document, typical
from parksim.scenario.read import check, load
from parksim.scenario.schema import BUILT, WORKPLACE

if TYPE_CHECKING:
    from parksim.errors import Problem
    from parksim.importers.findings import Findings
    from parksim.importers.workbook import Book, Row
    from parksim.scenario.schema import Scenario

MOST_ANCHORS = 1000
"""Enterprises that are simulated by name, each with a catchment of its own; the smaller ones are drawn like them."""
ROUNDS = 60


def fill(file: Path, scenario: Scenario, book: Book, findings: Findings, *, source: tuple[str, str]) -> str:
    """Write a scenario's file anew with what a workbook tells.

    Parameters
    ----------
    file : Path
        A scenario that extends none.
    scenario : Scenario
        The same, read.
    book : Book
    findings : Findings
    source : (str, str)
        What ``sources:`` should say, in English and Chinese.

    Returns
    -------
    str
        The new text of the file.

    Raises
    ------
    ScenarioError
        With sheet, row and column, where the workbook speaks of what the scenario has not.
    DraftError
        Where the file extends another one.
    """
    text = file.read_text(encoding="utf-8-sig")
    data = document.parse(text, str(file)).data
    if "extends" in data:
        raise DraftError(
            f"{file} extends {data['extends']}: fill in that one, whose people and firms it shares"
        )
    problems: list[Problem] = []
    changed: dict[str, Any] = {}
    graded: dict[str, tuple[str, str]] = {}
    places = _places(scenario)
    if rows := book.rows.get("enterprises"):
        _enterprises(book, rows, scenario, data, places, changed, problems, findings)
        graded |= {"enterprises": source, "population.employees": source}
    if rows := book.rows.get("homes"):
        _homes(book, rows, scenario, data, changed, problems, findings)
        graded["city.zones"] = (
            f"{source[0]}; weights reproduce the counts",
            f"{source[1]}；权重使人数与之相符",
        )
    if rows := book.rows.get("amenities"):
        _amenities(book, rows, data, places, changed, problems, findings)
        graded |= {f"amenities.{name}": source for name in changed.pop("amenity names")}
    if problems:
        raise ScenarioError(problems)
    sources = dict(data.get("sources") or {})
    for path, said in graded.items():
        sources[path] = {"grade": "B", "source": said[0], "source_zh": said[1]}
    for path in [p for p in sources if p.startswith(("enterprises.", "city.zones.")) and p not in graded]:
        if path.partition(".")[0] in changed:
            sources.pop(path)
    if sources:
        changed["sources"] = sources
    for name, value in changed.items():
        text = replaced(text, name, value)
    return text


def balance(text: str, book: Book, findings: Findings) -> str:
    """Replace the head-counts by home zone in a scenario's text by the weights that lead to them."""
    if not book.rows.get("homes"):
        return text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(text, encoding="utf-8")
        problems = check(path)
        if problems:
            return text  # said at the end, with the lines of the file itself
        scenario = load(path)
    data = document.parse(text, scenario.name).data
    zones = data["city"]["zones"]
    for zone, weight in zip(zones, balanced(scenario, [z["weight"] for z in zones], findings), strict=True):
        zone["weight"] = weight
    return replaced(text, "city", data["city"])


def replaced(text: str, name: str, value: Any) -> str:
    """Replace one section of a scenario's text, or add it; what stands around it stays as it is."""
    lines = text.splitlines()
    heads = [i for i, line in enumerate(lines) if re.match(r"[A-Za-z_]\w*\s*:", line)]
    new = section(name, value).splitlines()
    for number, start in enumerate(heads):
        if lines[start].split(":")[0].strip() != name:
            continue
        end = heads[number + 1] if number + 1 < len(heads) else len(lines)
        while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1  # comments and blank lines before the next section belong to it
        return "\n".join([*lines[:start], *new, *lines[end:]]) + "\n"
    return "\n".join([*lines, "", *new]) + "\n"


def _places(scenario: Scenario) -> dict[str, str]:
    """Blocks with buildings by every name that they go by, in lower case."""
    found: dict[str, str] = {}
    for symbol in scenario.map.legend.values():
        if symbol.block and symbol.use in BUILT:
            for title in (symbol.site_zh, symbol.site, symbol.block):
                if title:
                    found.setdefault(title.lower(), symbol.block)
    return found


def _block(book: Book, row: Row, places: dict[str, str], problems: list[Problem]) -> str | None:
    building = str(row.values["building"])
    block = places.get(building.lower())
    if block is None:
        message = f"there is no building '{building}' on the map{nearest(building.lower(), places)}"
        problems.append(book.problem(row, "building", message))
    return block


def _enterprises(
    book: Book, rows: list[Row], scenario: Scenario, data: dict[str, Any], places: dict[str, str],
    changed: dict[str, Any], problems: list[Problem], findings: Findings,
) -> None:  # fmt: skip
    workplaces = {s.block for s in scenario.map.legend.values() if s.block and s.use in WORKPLACE}
    names = Names()
    placed: list[tuple[Row, str]] = []
    for row in rows:
        if "building" not in row.values:
            continue
        block = _block(book, row, places, problems)
        if block is not None and block not in workplaces:
            problems.append(book.problem(row, "building", f"'{block}' has no office, laboratory or factory"))
        elif block is not None:
            placed.append((row, block))
    placed.sort(key=lambda pair: -pair[0].values.get("employees", 0))
    if len(placed) > MOST_ANCHORS:
        findings.notes.append(
            f"the {MOST_ANCHORS:,} largest of {len(placed):,} enterprises with a building are simulated by name; "
            "the others are drawn with the same number, people and sectors, anywhere in the park"
        )
        placed = placed[:MOST_ANCHORS]
    if problems:
        return
    named = {id(row) for row, _ in placed}
    others = [row for row in rows if id(row) not in named]
    if unplaced := sum(1 for row in rows if "building" not in row.values):
        findings.guess("building of an enterprise", "any with free floor", "the workbook leaves it empty")
        findings.guessing[
            "building of an enterprise", "any with free floor", "assumed", "the workbook leaves it empty"
        ] += unplaced - 1
    if lost := sum(1 for row in others if "floor" in row.values):
        findings.left_out["floors of enterprises that are not simulated by name"] += lost
    sector_key = {str(row.values["sector"]): _sector(str(row.values["sector"])) for row in rows}
    count = Counter(sector_key[str(row.values["sector"])] for row in (others or rows))
    for row, _ in placed:
        count.setdefault(sector_key[str(row.values["sector"])], 0)
    total = sum(count.values())
    shares = {name: round(n / total, 4) for name, n in sorted(count.items())}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] = round(shares[largest] + 1 - sum(shares.values()), 4)
    people = sum(int(row.values["employees"]) for row in rows)
    firms = dict(data.get("enterprises") or {})
    firms |= {"count": len(rows), "sectors": shares}
    firms["tech_sectors"] = [s for s in firms.get("tech_sectors") or [] if s in shares]
    storeys: dict[str, int] = {}
    for symbol in scenario.map.legend.values():
        if symbol.block and symbol.use in WORKPLACE:
            storeys[symbol.block] = max(storeys.get(symbol.block, 1), symbol.floors)
    firms["anchors"] = [
        _anchor(row, block, names, sector_key) | _floor(row, storeys[block], findings)
        for row, block in placed
    ]
    sizes = [int(row.values["employees"]) for row in others]
    if sizes:
        firms |= {"size_min": min(sizes), "size_max": max(sizes)}
        firms["size_min"] = 1
    changed["enterprises"] = firms
    changed["population"] = dict(data.get("population") or {}) | {"employees": people}
    findings.measured["people in the workbook"] = (
        f"{people:,} in {len(rows):,} enterprises, {len(placed):,} by name"
    )


def _sector(title: str) -> str:
    """Sectors are keys of a mapping: any text, without what YAML would read."""
    return re.sub(r"[\s.:,{}\[\]]+", "-", title).strip("-") or "other"


def _anchor(row: Row, block: str, names: Names, sectors: dict[str, str]) -> dict[str, Any]:
    title = str(row.values["name"])
    latin = title.isascii()
    return {
        "name": names(title, f"enterprise-{row.number}"),
        ("title" if latin else "title_zh"): title,
        "employees": int(row.values["employees"]),
        "block": block,
        "sector": sectors[str(row.values["sector"])],
    }


def _floor(row: Row, highest: int, findings: Findings) -> dict[str, int]:
    """Tell the floor of an enterprise, no higher than its building and no lower than the ground floor."""
    if "floor" not in row.values:
        return {}
    floor = int(row.values["floor"])
    if not 1 <= floor <= highest:
        at = min(max(floor, 1), highest)
        findings.guess("floor of an enterprise", at, f"floor {floor} of a building drawn with {highest}")
        return {"floor": at}
    return {"floor": floor}


def _homes(
    book: Book, rows: list[Row], scenario: Scenario, data: dict[str, Any], changed: dict[str, Any],
    problems: list[Problem], findings: Findings,
) -> None:  # fmt: skip
    """Make home zones of head-counts, with weights that let the model's choice of homes reproduce them."""
    known = {
        title.lower(): zone for zone in scenario.city.zones for title in (zone.name, zone.name_zh) if title
    }
    zones: list[dict[str, Any]] = []
    seen: Counter[str] = Counter()
    for row in rows:
        title = str(row.values["zone"])
        seen[title] += 1
        if seen[title] == 2:
            problems.append(book.problem(row, "zone", f"the zone '{title}' is there twice"))
        old = known.get(title.lower())
        zone: dict[str, Any] = {"name": old.name if old else title}
        if old and old.name_zh:
            zone["name_zh"] = old.name_zh
        zone["weight"] = float(row.values["employees"])
        for key in ("road_km", "metro_min", "station_km", "rent"):
            value = row.values.get(key, getattr(old, key) if old else None)
            if value is not None:
                zone[key] = value
        if "road_km" not in zone:
            message = "'km by road' is missing, and the scenario has no zone of that name"
            problems.append(
                book.problem(row, "road_km", message + nearest(title, [z.name for z in scenario.city.zones]))
            )
        zones.append(zone)
    if not any(zone["weight"] for zone in zones):
        problems.append(book.problem(rows[0], "employees", "nobody lives anywhere: every count is 0"))
    gone = [zone.name for zone in scenario.city.zones if zone.name not in {z["name"] for z in zones}]
    if gone:
        findings.notes.append(
            f"home zones of the scenario that the workbook leaves out are gone: {', '.join(gone)}"
        )
    changed["city"] = dict(data.get("city") or {}) | {"zones": zones}


def balanced(scenario: Scenario, counts: list[float], findings: Findings) -> list[float]:
    """Find weights of home zones with which the model's choice of homes gives certain head-counts.

    People choose a zone by its weight, the minutes from there and its rent; the weights are corrected by the
    ratio of wanted and expected counts until both agree (iterative proportional fitting).

    Parameters
    ----------
    scenario : Scenario
        With the zones in the order of `counts`.
    counts : list of float
        Employees by home zone.
    findings : Findings

    Returns
    -------
    list of float
        Weights that sum to one.
    """
    from parksim.model import ParkModel  # noqa: PLC0415  (slow to import)

    model = ParkModel(scenario.with_({"start.burn_in_months": 0}).plain, seed=0)
    filled = np.asarray(model.posts.filled, dtype=bool) & (np.asarray(model.posts.firm) >= 0)
    building = model.place.unit_building[np.asarray(model.posts.unit)[filled]]
    tied = float(np.asarray(model.posts.tied)[filled].mean()) if filled.any() else 0.0
    people = np.bincount(building, minlength=len(model.place.buildings)) / max(len(building), 1)
    wanted = np.array(counts, dtype=float)
    wanted /= wanted.sum()
    free_utility, tied_utility = (np.asarray(u, dtype=float) for u in model.home_utility)
    correction = np.zeros(len(wanted))
    lives = wanted > 0
    expected = wanted
    for _ in range(ROUNDS):
        expected = (1 - tied) * _shares(free_utility, correction, people) + tied * _shares(
            tied_utility, correction, people
        )
        if np.abs(expected - wanted).max() < 1e-4:
            break
        correction[lives] += np.log(wanted[lives] / np.maximum(expected[lives], 1e-12))
    old = np.array([zone.weight for zone in scenario.city.zones])
    weights = np.where(lives, old * np.exp(correction - correction[lives].mean()), 0.0)
    findings.measured["home zones"] = (
        f"expected shares differ from the counts by {np.abs(expected - wanted).max():.2%} at most"
    )
    return [float(w) for w in np.round(weights / weights.sum(), 6)]


def _shares(utility: Any, correction: Any, people: Any) -> Any:
    """Say which share of the people is expected to live in each zone."""
    value = utility + correction[:, None]
    value = np.where(np.isfinite(value), value, -1e9)
    odds = np.exp(value - value.max(axis=0))
    return (odds / odds.sum(axis=0)) @ people


def _amenities(
    book: Book, rows: list[Row], data: dict[str, Any], places: dict[str, str],
    changed: dict[str, Any], problems: list[Problem], findings: Findings,
) -> None:  # fmt: skip
    items = [dict(each) for each in data.get("amenities") or []]
    by_title = {t.lower(): item for item in items for t in _titles(item)}
    names = Names(str(item.get("name")) for item in items)
    touched: list[str] = []
    for row in rows:
        said = {k: v for k, v in row.values.items() if k not in ("name", "building")}
        title = str(row.values["name"])
        old = by_title.get(title.lower())
        opens, closes = said.get("opens"), said.get("closes")
        if opens is not None and closes is not None and closes <= opens:
            problems.append(
                book.problem(row, "closes", f"closes at {closes:g}, before it opens at {opens:g}")
            )
        block = None
        if "building" in row.values:
            block = _block(book, row, places, problems)
        elif old is None:
            problems.append(
                book.problem(row, "building", f"'building' is missing, and no place is called '{title}' yet")
            )
        if said.get("access") == "staff":
            owner = block or (old or {}).get("owner") or (old or {}).get("block")
            if owner is None:
                problems.append(book.problem(row, "access", "whose staff? give the building"))
            said["owner"] = owner
        if old is not None:
            if block is not None:
                for key in ("cell", "outside"):
                    old.pop(key, None)
                old["block"] = block
            old |= said
            touched.append(str(old["name"]))
            continue
        name = names(title, str(said["category"]).replace("_", "-"))
        where = said | ({"block": block} if block else {})
        made = typical.amenity(name, str(where.pop("category")), 0, **where)
        made.pop("opex_cny_year", None)
        made["title" if title.isascii() else "title_zh"] = title
        if opens is None or closes is None:
            kind = typical.usual(made["category"])
            made |= {
                "opens": opens if opens is not None else kind.opens,
                "closes": closes if closes is not None else kind.closes,
            }
            findings.guess(
                f"opening hours of a {made['category']}",
                f"{made['opens']:g} to {made['closes']:g}",
                "usual for its kind",
            )
        items.append(made)
        touched.append(name)
    changed["amenities"] = items
    changed["amenity names"] = touched


def _titles(item: dict[str, Any]) -> list[str]:
    return [str(item[key]) for key in ("name", "title", "title_zh") if item.get(key)]


def targets(book: Book, scenario: Scenario, findings: Findings) -> str:
    """Write the observed figures as targets of ``parksim fit``; empty where there are none.

    Raises
    ------
    ScenarioError
        For an indicator that there is not.
    """
    rows = book.rows.get("observed") or []
    if not rows:
        return ""
    from parksim.indicators import describe  # noqa: PLC0415

    problems = []
    lines = [
        f"# Observed figures from {book.file}, for `parksim fit {scenario.name}.yaml --targets …`",
        "targets:",
    ]
    for row in rows:
        name = str(row.values["indicator"])
        try:
            describe(name)
        except ParksimError as error:
            problems.append(book.problem(row, "indicator", str(error)))
            continue
        said = {
            k: v for k, v in row.values.items() if k in ("indicator", "group", "value", "error", "people")
        }
        if "error" not in said:
            findings.guess("error of an observed figure", "a tenth of it", "the workbook does not tell it")
            said["error"] = abs(float(said["value"])) * 0.1 or 0.01
        lines.append(section("x", [said]).splitlines()[1])
    if problems:
        raise ScenarioError(problems)
    return "\n".join(lines) + "\n"
