"""A scenario's map as a picture (PNG, SVG) and as coloured text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.text import Text

from parksim.world.grid import read_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.schema import Scenario

COLOURS = {
    "road": "white on grey50",
    "green": "green4 on dark_sea_green2",
    "water": "white on deep_sky_blue3",
    "vacant": "grey50 on grey89",
    "outside": "grey30",
    "office": "black on light_goldenrod1",
    "lab": "black on light_salmon1",
    "factory": "black on plum2",
    "housing": "black on wheat1",
    "service": "white on dark_orange3",
}
AMENITY = "bold white on red3"
GATEWAY = "bold white on blue"
GATEWAYS = {"metro": "M", "bus": "B", "shuttle": "S", "road": "R", "path": "P"}


def picture(scenario: Scenario, form: str, lang: str = "en") -> bytes:
    """Draw a map as PNG or SVG.

    Parameters
    ----------
    scenario : Scenario
    form : {'png', 'svg'}
    lang : str
        Language of the texts.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  (slow to import)
    from matplotlib.figure import Figure  # noqa: PLC0415

    from parksim.report import maps, style  # noqa: PLC0415

    rows, columns = scenario.map.shape
    figure = Figure(figsize=(9, min(9 * rows / columns, 14) + 1.6), layout="constrained")
    FigureCanvasAgg(figure)
    with style.context(lang):
        maps.park_map(scenario, figure.add_subplot(), lang=lang)
        buffer = io.BytesIO()
        told = {"Software": None} if form == "png" else {"Date": None, "Creator": "parksim"}
        figure.savefig(buffer, format=form, metadata=told, bbox_inches="tight", pad_inches=0.1)
    return buffer.getvalue()


def as_text(scenario: Scenario, lang: str = "en") -> Iterator[Text]:
    """Draw a map for the terminal: a line a row, then what the signs mean.

    Fences stand as ``│`` between cells and as an underline below them; a gate is where they are missing.

    Parameters
    ----------
    scenario : Scenario
    lang : str
        ``zh`` for Chinese names.
    """
    park = read_map(scenario.map)
    signs: dict[tuple[int, int], tuple[str, str]] = {}
    for amenity in scenario.amenities:
        if amenity.cell is not None:
            signs[amenity.cell] = ("*", AMENITY)
    for gateway in scenario.gateways:
        signs[gateway.cell] = (GATEWAYS[gateway.kind], GATEWAY)
    for row, symbols in enumerate(scenario.map.rows):
        line = Text()
        for column, symbol in enumerate(symbols):
            entry = scenario.map.legend[symbol]
            sign, colour = signs.get((row, column), (symbol, COLOURS[entry.use]))
            below = " underline" if park.wall_south[row, column] else ""
            line.append(sign, style=colour + below)
            line.append(
                "│" if park.wall_east[row, column] else " ", style=colour.partition(" on ")[2] and "bold"
            )
        yield line
    yield Text()
    yield from _legend(scenario, lang)


def _legend(scenario: Scenario, lang: str) -> Iterator[Text]:
    used = {symbol for row in scenario.map.rows for symbol in row}
    for symbol, entry in scenario.map.legend.items():
        if symbol not in used:
            continue
        line = Text()
        line.append(f" {symbol} ", style=COLOURS[entry.use])
        title = (entry.site_zh if lang == "zh" else "") or entry.site or entry.block or ""
        floors = f", {entry.floors} floors" if entry.floors > 1 else ""
        line.append(f" {entry.use}{floors}  {title}")
        yield line
    for sign, colour, title in (
        ("*", AMENITY, "amenities"),
        *((letter, GATEWAY, f"{kind} gateway") for kind, letter in GATEWAYS.items()),
    ):
        if sign == "*" or any(GATEWAYS[g.kind] == sign for g in scenario.gateways):
            yield Text.assemble((f" {sign} ", colour), f" {title}")
