"""MIT CityScope tables from cityIO: ``GEOGRID`` (where the cells are) and ``GEOGRIDDATA`` (what they hold).

Both sides know the grid, the size of a cell, and each cell's type and height; types carry what only parksim
knows (symbol, block, rent, …) under a key of their own, so that a park exported and read again is the same. What only
cityIO knows (place on earth, rotation, colours, NAICS) is kept in ``NAME-cityio.json`` beside the scenario and
goes back into the table on export. Heights are storeys.
"""

from __future__ import annotations

import copy
import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parksim.importers.draft import OPEN, Draft, DraftError, Names, symbols
from parksim.importers.outline import load_json
from parksim.importers.raster import BUILT_USES, MOST_CELLS
from parksim.scenario import typical
from parksim.scenario.schema import WORKPLACE, Symbol

if TYPE_CHECKING:
    from pathlib import Path

    from parksim.importers.findings import Findings
    from parksim.scenario.schema import Scenario

TABLE = ("a cityIO table", "cityIO数据表")
LBCS = {
    "1": "housing", "2": "office", "3": "factory", "4": "service", "5": "road", "6": "service", "7": "green",
    "8": "green", "9": "vacant",
}  # fmt: skip
"""Land use by the first digit of APA's land-based classification (function dimension)."""
CODES = {
    "office": "2300", "lab": "2416", "factory": "3000", "housing": "1100", "service": "2500", "road": "5000",
    "green": "7000", "water": "9200", "vacant": "9000", "outside": "9000",
}  # fmt: skip
COLOURS = {
    "office": "#8e7cc3", "lab": "#6fa8dc", "factory": "#c4a484", "housing": "#f6b26b", "service": "#e06666",
    "road": "#b7bec6", "green": "#93c47d", "water": "#76c7f0", "vacant": "#efe8dc", "outside": "#d9d9d9",
}  # fmt: skip
WORDS = {
    "lab": ("lab", "research", "r&d", "university", "campus", "institute"),
    "office": ("office", "business", "work", "commercial", "tech"),
    "factory": ("factory", "industr", "manufactur", "warehouse", "logistic"),
    "housing": ("resid", "hous", "apartment", "dorm", "living"),
    "service": (
        "retail",
        "shop",
        "service",
        "amenit",
        "school",
        "health",
        "hotel",
        "culture",
        "restaurant",
        "mix",
    ),
    "road": ("road", "street", "mobility", "transit", "parking"),
    "green": ("park", "green", "garden", "forest", "sport", "recreation"),
    "water": ("water", "river", "lake", "canal"),
    "vacant": ("none", "empty", "vacant", "open", "plaza", "default"),
}
"""Land use by a word in a type's name, where it has no code."""
HIGHEST = 120


@dataclass
class Table:
    """One cityIO table.

    Attributes
    ----------
    raw : dict
        The whole table as it was read.
    header : dict
        ``ncols``, ``nrows``, ``cellSize``, and where it lies.
    types : dict
        Definition by name of type.
    cells : list of dict
        ``name``, ``height``, … of each cell, row by row from the north-west corner.
    """

    raw: dict[str, Any]
    header: dict[str, Any]
    types: dict[str, dict[str, Any]]
    cells: list[dict[str, Any]]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.header["nrows"]), int(self.header["ncols"])


def read(file: Path) -> Table:
    """Read a table.

    Raises
    ------
    DraftError
        Where it is no cityIO table, its grid is not rectangular, or cells are missing.
    """
    raw = load_json(file)
    grid = raw.get("GEOGRID") if isinstance(raw, dict) else None
    if not isinstance(grid, dict):
        raise DraftError(f"{file} is no cityIO table: it has no GEOGRID")
    properties = grid.get("properties") or {}
    header, types = properties.get("header") or {}, properties.get("types") or {}
    for key in ("ncols", "nrows", "cellSize"):
        value = header.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            raise DraftError(
                f"{file}: GEOGRID.properties.header.{key} should be a number above 0, not {value!r}"
            )
    rows, columns = int(header["nrows"]), int(header["ncols"])
    if rows * columns > MOST_CELLS:
        raise DraftError(f"{file}: {rows} × {columns} cells are more than {MOST_CELLS:,}")
    if not 5 <= header["cellSize"] <= 200:
        raise DraftError(f"{file}: cells of {header['cellSize']:g} m; parksim draws cells of 5 to 200 m")
    data = raw.get("GEOGRIDDATA")
    if isinstance(data, dict):
        data = [data[key] for key in sorted(data, key=lambda k: int(k) if str(k).isdigit() else 0)]
    if not data:
        data = [feature.get("properties") or {} for feature in grid.get("features") or []]
    if (
        not isinstance(data, list)
        or len(data) != rows * columns
        or not all(isinstance(d, dict) for d in data)
    ):
        held = len(data) if isinstance(data, list) else 0
        raise DraftError(
            f"{file}: the grid has {rows} × {columns} = {rows * columns} cells, GEOGRIDDATA has {held}"
        )
    if not isinstance(types, dict):
        raise DraftError(f"{file}: GEOGRID.properties.types should be a mapping by name")
    return Table(raw, header, {str(k): v for k, v in types.items() if isinstance(v, dict)}, data)


def height_of(cell: dict[str, Any]) -> float:
    """Return a cell's height: a number, or the middle of ``[least, now, most]``."""
    height = cell.get("height", 0)
    if isinstance(height, list):
        height = height[1] if len(height) == 3 else height[-1] if height else 0
    return float(height) if isinstance(height, int | float) and math.isfinite(height) else 0.0


def use_of(name: str, kind: dict[str, Any]) -> tuple[str, str]:
    """Say what land use a type is, and after what that was decided."""
    codes = kind.get("LBCS")
    if isinstance(codes, list) and codes and isinstance(codes[0], dict):
        uses = {str(code): float(share) for each in codes for code, share in (each.get("use") or {}).items()}
        if uses:
            code = max(uses, key=lambda c: uses[c])
            if code[:4] == "9200":
                return "water", "its LBCS code"
            if code[:3] == "241":
                return "lab", "its LBCS code"
            if code[:2] == "25":
                return "service", "its LBCS code"
            if code[:1] in LBCS:
                return LBCS[code[:1]], "its LBCS code"
    for use, words in WORDS.items():
        if any(word in name.lower() for word in words):
            return use, "a word in its name"
    return "vacant", "nothing tells what it is"


def symbols_of(table: Table, findings: Findings) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Draw a table: a legend and rows.

    Parameters
    ----------
    table : Table
    findings : Findings
    """
    told = {k: v["parksim"] for k, v in table.types.items() if isinstance(v.get("parksim"), dict)}
    legend: dict[str, dict[str, Any]] = {}
    letters: dict[tuple[str, int], str] = {}
    for name, kind in told.items():
        entry = {key: value for key, value in kind.items() if key != "symbol"}
        letter = str(kind.get("symbol", ""))
        if len(letter) == 1 and letter not in legend:
            legend[letter] = entry
            letters[name, int(entry.get("floors", 1)) if entry.get("use") in BUILT_USES else 0] = letter
    free = symbols(legend)
    names = Names()
    blocks: dict[str, str] = {}
    rows, columns = table.shape
    drawn = []
    for cell in table.cells:
        name = str(cell.get("name", "None"))
        kind = table.types.get(name, {})
        if name in told:
            entry = {key: value for key, value in told[name].items() if key != "symbol"}
            use = str(entry.get("use"))
        else:
            use, why = use_of(name, kind)
            entry = {"use": use, "site": name}
            findings.guess(f"land use of type '{name}'", use, why)
        floors = max(1, min(round(height_of(cell)), HIGHEST)) if use in BUILT_USES else 0
        if (name, floors) not in letters:
            if use in BUILT_USES:
                if name not in told:
                    entry["block"] = blocks.setdefault(name, names(name, "block"))
                    entry["built"] = 0.6
                    if not height_of(cell):
                        findings.guess(f"storeys of type '{name}'", 1, "its height is 0")
                entry["floors"] = floors
            wanted = OPEN.get(use, {"road": "="}.get(use, ""))
            letter = wanted if wanted and wanted not in legend else next(free)
            legend[letter] = entry
            letters[name, floors] = letter
        drawn.append(letters[name, floors])
    return legend, ["".join(drawn[row * columns : (row + 1) * columns]) for row in range(rows)]


def draft(
    table: Table, name: str, findings: Findings, like: Scenario | None = None, like_path: str = ""
) -> Draft:
    """Make a scenario of a table.

    Parameters
    ----------
    table : Table
    name : str
    findings : Findings
    like : Scenario, optional
        Everything but the map is this scenario's, which the new one extends.
    like_path : str
        How to name it under ``extends:``.
    """
    legend, rows = symbols_of(table, findings)
    findings.read["cells"] = len(table.cells)
    findings.read["types"] = len({str(cell.get("name")) for cell in table.cells})
    cell_m = float(table.header["cellSize"])
    if table.header.get("rotation"):
        findings.notes.append(
            f"the table is rotated by {table.header['rotation']:g}°: 'north' on the map is the table's upper edge"
        )
    if like is not None:
        made = Draft(name, f"{like.title} (cityIO)", like.family, extends=like_path)
        new = {
            k: v
            for k, v in legend.items()
            if k not in like.map.legend or _entry(like.map.legend[k]) != _entry(v)
        }
        made.map = {"cell_m": cell_m, "legend": new, "rows": rows}
        made.assume("map.rows", TABLE)
        return made
    title = str(table.header.get("tableName") or name)
    made = Draft(name, title, name, summary="Drawn from a cityIO table.")
    made.map = {"cell_m": cell_m, "legend": legend, "rows": rows}
    counted = Counter("".join(rows))
    floor = sum(
        counted[k] * cell_m**2 * entry.get("built", 0.6) * entry.get("floors", 1)
        for k, entry in legend.items()
        if entry["use"] in WORKPLACE
    )
    if not floor:
        raise DraftError("no type of the table is an office, laboratory or factory: nobody could work here")
    people = max(1, typical.rounded(floor * typical.LET_SHARE / typical.M2_A_WORKER))
    findings.guess("employees", f"{people:,}", f"{floor:,.0f} m² of workplaces")
    made.gateways = _gateways(legend, rows, findings)
    made.city, made.population = typical.city(), {"employees": people}
    made.enterprises, made.governance = typical.firms(people), typical.administration(people)
    made.circles = "iot-town"
    findings.guess("home zones", "five of an invented city", "a table does not tell where the employees live")
    findings.notes.append(
        "a cityIO table has no fences, gates and places: add them under 'map:' and 'amenities:'"
    )
    made.sources["map"] = {"grade": "C", "source": TABLE[0], "source_zh": TABLE[1]}
    for path in ("population.employees", "gateways", *typical.PATHS):
        made.assume(path, typical.USUAL_FIGURES)
    return made


def _entry(symbol: Symbol | dict[str, Any]) -> dict[str, Any]:
    return (symbol if isinstance(symbol, Symbol) else Symbol.model_validate(symbol)).model_dump()


def _gateways(legend: dict[str, dict[str, Any]], rows: list[str], findings: Findings) -> list[dict[str, Any]]:
    """Let the city in where roads reach the edge, else on the first open ground of each side."""
    last_row, last_column = len(rows) - 1, len(rows[0]) - 1
    sides = {
        "north": [(0, c) for c in range(last_column + 1)],
        "east": [(r, last_column) for r in range(last_row + 1)],
        "south": [(last_row, c) for c in range(last_column + 1)],
        "west": [(r, 0) for r in range(last_row + 1)],
    }
    found = []
    for kind, uses in (("road", {"road"}), ("path", {"road", "green", "vacant"})):
        for side, cells in sides.items():
            fitting = [cell for cell in cells if legend[rows[cell[0]][cell[1]]]["use"] in uses]
            if fitting:
                cell = fitting[len(fitting) // 2]
                found.append({"name": f"{kind}-{side}", "kind": kind, "cell": list(cell)})
                findings.guess("gateway", f"a {kind} on each side", "a table does not tell them")
        if found:
            break
    bus = next((dict(g) for g in found), None)
    if bus is None:
        raise DraftError("no road or open ground reaches the edge of the table: nobody could get in")
    findings.guess("gateway", "a bus stop", "a table does not tell them")
    return [*found, {"name": "bus", "kind": "bus", "cell": bus["cell"], "headway_min": 10}]


# --- export --------------------------------------------------------------------------------------


def export(
    scenario: Scenario, base: dict[str, Any] | None = None, *, lon: float = 0, lat: float = 0
) -> dict[str, Any]:
    """Make a table of a scenario.

    Parameters
    ----------
    scenario : Scenario
    base : dict, optional
        Table that the scenario came from: what only cityIO knows stays as it was there.
    lon, lat : float
        North-west corner, degrees, where there is no `base`.

    Returns
    -------
    dict
        ``GEOGRID`` and ``GEOGRIDDATA``.
    """
    rows, columns = scenario.map.shape
    table = copy.deepcopy(base) if base else {}
    old = _old(table, rows, columns)
    types: dict[str, dict[str, Any]] = {}
    name_of: dict[str, str] = {}
    for letter, symbol in scenario.map.legend.items():
        told = {"symbol": letter} | symbol.model_dump(mode="json", exclude_defaults=True)
        told["use"] = symbol.use
        site = symbol.site or symbol.use
        name = site if base and site in old.types else f"{site} [{letter}]"
        name_of[letter] = name
        if name in old.types:
            types[name] = old.types[name]
            if "parksim" in old.types[name]:
                types[name] = old.types[name] | {"parksim": told}
            continue
        types[name] = {
            "LBCS": [{"proportion": 1, "use": {CODES[symbol.use]: 1}}],
            "NAICS": None,
            "interactive": "Web" if symbol.use not in ("road", "water", "outside") else False,
            "color": COLOURS[symbol.use],
            "height": [0, symbol.floors if symbol.use in BUILT_USES else 0, HIGHEST],
            "parksim": told,
        }
    header = old.header or {
        "tableName": scenario.name, "cellSize": scenario.map.cell_m, "ncols": columns, "nrows": rows,
        "rotation": 0, "longitude": lon, "latitude": lat, "projection": "EPSG:4326",
    }  # fmt: skip
    cells = []
    for number, letter in enumerate("".join(scenario.map.rows)):
        symbol = scenario.map.legend[letter]
        before = old.cells[number] if old.cells else {}
        name = name_of[letter]
        height: Any = symbol.floors if symbol.use in BUILT_USES else 0
        if before and str(before.get("name")) == name and _same_height(before, height, symbol.use):
            cells.append(before)
            continue
        if isinstance(before.get("height"), list) and len(before["height"]) == 3:
            height = [before["height"][0], height, max(height, before["height"][2])]
        kind = types[name]
        cells.append(
            before
            | {"name": name, "height": height, "color": kind.get("color", COLOURS[symbol.use]), "id": number}
            | {"interactive": before.get("interactive", kind.get("interactive", False))}
        )
    features = old.features or [
        {
            "type": "Feature",
            "geometry": _square(header, number // columns, number % columns),
            "properties": {},
        }
        for number in range(rows * columns)
    ]
    for feature, cell in zip(features, cells, strict=True):
        feature["properties"] = (feature.get("properties") or {}) | cell
    table["GEOGRID"] = (table.get("GEOGRID") or {"type": "FeatureCollection"}) | {
        "properties": (table.get("GEOGRID") or {}).get("properties", {})
        | {"header": header, "types": old.types | types},
        "features": features,
    }
    table["GEOGRIDDATA"] = cells
    return table


@dataclass
class _Old:
    header: dict[str, Any]
    types: dict[str, dict[str, Any]]
    cells: list[dict[str, Any]]
    features: list[dict[str, Any]]


def _old(table: dict[str, Any], rows: int, columns: int) -> _Old:
    """Take from a former table what still fits the scenario's grid."""
    grid = table.get("GEOGRID") or {}
    properties = grid.get("properties") or {}
    header = properties.get("header") or {}
    types = {k: v for k, v in (properties.get("types") or {}).items() if isinstance(v, dict)}
    if (header.get("nrows"), header.get("ncols")) != (rows, columns):
        return _Old({}, types, [], [])
    cells = table.get("GEOGRIDDATA") or []
    features = grid.get("features") or []
    full = len(cells) == rows * columns
    return _Old(header, types, cells if full else [], features if len(features) == rows * columns else [])


def _same_height(before: dict[str, Any], height: int, use: str) -> bool:
    if use not in BUILT_USES:
        return True  # parksim knows no height of open land
    return max(1, min(round(height_of(before)), HIGHEST)) == height


def _square(header: dict[str, Any], row: int, column: int) -> dict[str, Any]:
    """Corner points of one cell, degrees; the table may be rotated."""
    size = float(header["cellSize"])
    turn = math.radians(float(header.get("rotation") or 0))
    lon, lat = float(header.get("longitude") or 0), float(header.get("latitude") or 0)
    across = 111_319.49 * math.cos(math.radians(lat))
    ring = []
    for r, c in ((row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column), (row, column)):
        x, y = c * size, -r * size
        east, north = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        ring.append([round(lon + east / across, 9), round(lat + north / 110_850.0, 9)])
    return {"type": "Polygon", "coordinates": [ring]}


def text(table: dict[str, Any]) -> str:
    """Write a table as JSON."""
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"
