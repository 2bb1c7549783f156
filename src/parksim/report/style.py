"""One look for every figure: a colour-blind-safe palette, quiet axes, and a font that can write Chinese."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib import font_manager

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

INK = "#1d2733"
"""Text and main lines. The page replaces this colour by the reader's, light or dark."""
MUTED = "#5b6774"
"""Secondary text; at least 4.5 : 1 on white."""
GRID = "#dfe3e8"
PAPER = "#fefefe"

BLUE, ORANGE, GREEN, PINK, SKY, YELLOW = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"
"""Okabe and Ito's palette, told apart with any common colour blindness."""
BASELINE = "#7a8794"
SERIES = (BLUE, ORANGE, GREEN, PINK, SKY, YELLOW)
"""Colours of the alternatives, in order; the baseline is grey."""

BETTER, WORSE, SAME, UNCLEAR = BLUE, ORANGE, BASELINE, "#b0b8c0"

LAND = {
    "vacant": "#efe9dc",
    "road": "#d3d6da",
    "main_road": "#bcc1c8",
    "green": "#cfe3c4",
    "water": "#bfdcec",
    "office": "#c9c0dd",
    "lab": "#b9c6e6",
    "factory": "#d9c3b5",
    "housing": "#f2d6a8",
    "service": "#f0c4c8",
    "outside": "#f7f6f2",
}
MAP_INK = "#1e2834"
"""Ink on the map: stays dark because the land stays light."""
FENCE = "#6b2b13"
GATE = "#007a59"

CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "Heiti SC",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Families that can write simplified Chinese, best first."""


@cache
def cjk_font() -> str | None:
    """Return the first installed family that can write Chinese, or None.

    Looks among the fonts matplotlib knows and, if it is installed, those of the ``mplfonts`` package.
    """
    carrier = find_spec("mplfonts")  # found, not imported: importing it would change matplotlib's settings
    for folder in (carrier.submodule_search_locations or []) if carrier else []:
        for path in Path(folder, "fonts").glob("NotoSansCJKsc-*.otf"):
            font_manager.fontManager.addfont(path)
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in installed), None)


def rc(lang: str = "en") -> dict[str, Any]:
    """Return matplotlib's settings of this style.

    Parameters
    ----------
    lang : str
        ``zh`` puts a Chinese font first where one is found.
    """
    families = ["DejaVu Sans"]
    chinese = cjk_font()
    if chinese is not None:  # names of sites may be Chinese in an English figure too
        families.insert(0 if lang == "zh" else 1, chinese)
    return {
        "font.family": families,
        "font.size": 9.5,
        "axes.titlesize": 11,
        "axes.titleweight": "normal",  # fonts with Chinese often have one weight
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": 9.5,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "legend.fontsize": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.grid": False,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "axes.facecolor": "none",
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "figure.dpi": 110,
        "savefig.dpi": 160,
        "svg.fonttype": "path",
        "svg.hashsalt": "parksim",
    }


def context(lang: str = "en") -> AbstractContextManager[None]:
    """Return a context in which figures are drawn in this style."""
    return mpl.rc_context(rc(lang))


def colours(names: Sequence[str], baseline: str) -> dict[str, str]:
    """Give every scenario its colour: grey for the baseline, the palette in order for the others."""
    others = [name for name in names if name != baseline]
    out = {name: SERIES[i % len(SERIES)] for i, name in enumerate(others)}
    out[baseline] = BASELINE
    return out
