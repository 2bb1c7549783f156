"""Maps of a layout: land, buildings, fences and gates, the ways in, and the places people use."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter

from parksim.report import style
from parksim.report.messages import Messages
from parksim.world.grid import LAND_USES, ParkMap, read_map, walls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from parksim.scenario.schema import Amenity, Layout, Scenario

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Line = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Sign:
    """How one group of places is drawn."""

    marker: str
    colour: str
    categories: frozenset[str]


SIGNS: dict[str, Sign] = {
    "daily": Sign(
        "o", "#b0562b", frozenset({"canteen", "restaurant", "cafe", "convenience", "laundry", "bank", "mall"})
    ),
    "child": Sign("^", "#8a5a00", frozenset({"kindergarten", "school", "after_school"})),
    "civic": Sign("s", "#8c2d62", frozenset({"public_service", "council_hall"})),
    "medical": Sign("P", "#b3122d", frozenset({"health_house", "clinic", "pharmacy", "counselling"})),
    "fitness": Sign("D", "#00694f", frozenset({"gym", "sports_hall", "running_path"})),
    "reading": Sign("p", "#0b5394", frozenset({"library", "reading_corner", "training"})),
    "social": Sign("*", "#5b3a8e", frozenset({"social_space"})),
    "flats": Sign("h", "#3d4a57", frozenset({"flats"})),
}
"""Groups of places with their signs: told apart by shape, and by colour as well."""
OTHER = Sign("X", style.MAP_INK, frozenset())
GATEWAY_LETTER = {"metro": "M", "bus": "B", "shuttle": "S"}
GATEWAY_MARKER = {
    "metro": r"$\mathsf{M}$",
    "bus": r"$\mathsf{B}$",
    "shuttle": r"$\mathsf{S}$",
    "road": "^",
    "path": "^",
}
GATEWAY_COLOUR = {
    "metro": "#0b4f9c",
    "bus": "#3b6e22",
    "shuttle": "#3b6e22",
    "road": "#4a5460",
    "path": "#4a5460",
}

SEQUENTIAL = LinearSegmentedColormap.from_list(
    "reach", ["#f3ead2", "#a8c9c4", "#4a94b4", "#17507f", "#0a2748"]
)
DIVERGING = LinearSegmentedColormap.from_list(
    "change", ["#9c3d00", "#e39a63", "#f1efea", "#7fb3d9", "#004d80"]
)
"""Worse is brown, better is blue: the colours of the verdicts."""


def styled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Draw in the house style, in the language of the keyword argument ``lang``."""

    @wraps(draw)
    def in_style(*args: Any, **kwargs: Any) -> Any:
        with style.context(kwargs.get("lang", "en")):
            return draw(*args, **kwargs)

    return in_style


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return `ax`, or the axes of a new figure of that size in inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415  (only notebooks need it: the figure shows itself)

    made: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return made


def sign_of(category: str) -> tuple[str, Sign]:
    """Return the group a kind of place is drawn with; kinds added later are ``other``."""
    return next(
        ((group, sign) for group, sign in SIGNS.items() if category in sign.categories), ("other", OTHER)
    )


@styled
def park_map(
    scenario: Scenario,
    ax: Axes | None = None,
    values: npt.ArrayLike | None = None,
    lang: str = "en",
    *,
    limits: tuple[float, float] | None = None,
    diverging: bool = False,
    label: str = "",
    bar: bool = True,
    places: bool | None = None,
    legend: bool = True,
    names: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw the layout of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The layout drawn is the one of month 0; interventions to come are not in it.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    values : array of float, shape (buildings,) or (rows, columns), optional
        Colours of buildings (in the order of :func:`parksim.world.grid.read_map`) or cells; nan is grey.
    lang : str
        Language of the texts.
    limits : tuple of float, optional
        Values at the ends of the colour scale; by default the extremes.
    diverging : bool
        Colour by a scale with a middle, for differences; `limits` should then be symmetric.
    label : str
        What the values are, with their unit.
    bar : bool
        Whether to draw the colour scale.
    places : bool, optional
        Whether to draw amenities; by default where there are no values.
    legend : bool
        Whether to draw the legend below the map.
    names : bool
        Whether to write the names of sites and streets.
    title : str, optional
        By default the scenario's title.

    Returns
    -------
    matplotlib Axes
    """
    m = Messages(lang)
    park = read_map(scenario.map)
    rows, columns = park.shape
    ax = axes(ax, 7.2, 7.2 * rows / columns + (2.0 if legend else 0.4))
    plain = values is None
    _land(ax, park, pale=not plain)
    if values is not None:
        drawn = _coloured(ax, park, np.asarray(values, dtype=np.float64), limits, diverging=diverging)
        if bar:
            _scale(ax, drawn, label, diverging=diverging)
    _outlines(ax, park)
    _fences(ax, park, scenario)
    spots = _spots(park, scenario) if (plain if places is None else places) else []
    _amenities(ax, spots)
    if spots or plain:
        _gateways(ax, park, scenario)
    ax.set(xlim=(0, columns * park.cell_m), ylim=(rows * park.cell_m, 0), xticks=[], yticks=[])
    ax.set_aspect("equal")
    for spine in ax.spines.values():
        spine.set_visible(False)
    if names:
        _site_names(ax, park, scenario, lang, spots)
    _north_and_scale(ax, park, m)
    ax.set_title(m.own(scenario) if title is None else title)
    if legend:
        handles = legend_handles([scenario], lang, places=plain)
        ax.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.06),
            ncols=4,
            fontsize=8,
            handlelength=1.3,
            columnspacing=1.2,
            handletextpad=0.5,
        )
    return ax


@styled
def queue_map(
    scenario: Scenario,
    waits: Mapping[str, float],
    ax: Axes | None = None,
    lang: str = "en",
    *,
    limits: tuple[float, float] | None = None,
    diverging: bool = False,
    label: str = "",
    title: str | None = None,
) -> Axes:
    """Draw a value of every place that people queue at, as the mean wait, or its change.

    Parameters
    ----------
    scenario : Scenario
    waits : mapping
        Value by name of the amenity; those with nan stand as hollow grey circles, those outside the park or
        not named are left out.
    ax, lang, label, title
        As for :func:`park_map`.
    limits : tuple of float, optional
        Values at the ends of the colour scale; by default the extremes.
    diverging : bool
        Colour by a scale with a middle where more is worse; `limits` should then be symmetric.
    """
    park = read_map(scenario.map)
    nothing = np.full(len(park.buildings), np.nan)
    drawn: Axes = park_map(
        scenario, ax, nothing, lang=lang, bar=False, places=False, legend=False, names=False, title=title
    )
    spots = [(x, y, float(waits[a.name])) for x, y, a in _spots(park, scenario) if a.name in waits]
    x, y, value = np.array(spots, dtype=np.float64).reshape(-1, 3).T
    known = np.isfinite(value)
    drawn.scatter(
        x[~known], y[~known], s=34, facecolor="#fbfbf9", edgecolor="#8a94a0", linewidth=1.0, zorder=6
    )
    low, high = limits or common_limits([value])
    shown = drawn.scatter(
        x[known],
        y[known],
        c=value[known],
        s=46,
        cmap=DIVERGING.reversed() if diverging else SEQUENTIAL,
        norm=Normalize(low, high),
        edgecolor=style.MAP_INK,
        linewidth=0.7,
        zorder=7,
    )
    _scale(drawn, shown, label, diverging=diverging)
    return drawn


@styled
def maps_side_by_side(
    scenarios: Sequence[Scenario],
    figure: Figure | None = None,
    lang: str = "en",
    values: Sequence[npt.ArrayLike] | None = None,
    *,
    label: str = "",
    limits: tuple[float, float] | None = None,
) -> list[Axes]:
    """Draw the layouts of several scenarios beside each other on one scale, with one legend.

    Parameters
    ----------
    scenarios : sequence of Scenario
    figure : matplotlib Figure, optional
        An empty figure to draw in; by default a new one.
    lang : str
    values : sequence of arrays, optional
        One for each scenario, as for :func:`park_map`; all share one colour scale.
    label, limits
        As for :func:`park_map`.

    Returns
    -------
    list of matplotlib Axes
        One for each scenario.
    """
    rows, columns = scenarios[0].map.shape
    if figure is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415

        figure = plt.figure(figsize=(5.6 * len(scenarios), 5.6 * rows / columns + 1.5), layout="constrained")
    drawn = list(np.atleast_1d(figure.subplots(1, len(scenarios))))
    data = list(values) if values is not None else [None] * len(scenarios)
    if values is not None and limits is None:
        limits = common_limits(data)
    for ax, scenario, one in zip(drawn, scenarios, data, strict=True):
        last = ax is drawn[-1]
        park_map(scenario, ax, one, lang=lang, limits=limits, label=label, bar=last, legend=False)
    handles = legend_handles(scenarios, lang, places=values is None)
    figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=8.5)
    return drawn


@styled
def difference_map(
    baseline: Scenario,
    alternative: Scenario,
    values: tuple[npt.ArrayLike, npt.ArrayLike],
    ax: Axes | None = None,
    lang: str = "en",
    *,
    label: str = "",
    legend: bool = True,
    names: bool = True,
    title: str | None = None,
    lower_is_better: bool = False,
) -> Axes:
    """Draw what changes from one scenario to another, on a scale of its own around 0; blue is better.

    Parameters
    ----------
    baseline, alternative : Scenario
        With maps of one shape; fences and gates drawn are the alternative's.
    values : pair of arrays
        Of the baseline and the alternative, by building or by cell as for :func:`park_map`.
    ax, lang, label, legend, names, title
        As for :func:`park_map`.
    lower_is_better : bool
        Turns the colours round.
    """
    one, other = (cell_values(s, v) for s, v in zip((baseline, alternative), values, strict=True))
    change = other - one
    largest = float(np.nanmax(np.abs(change), initial=0.0)) or 1.0
    limits = (largest, -largest) if lower_is_better else (-largest, largest)
    m = Messages(lang)
    text = m("figure.difference", baseline=m.own(baseline)) if title is None else title
    drawn: Axes = park_map(
        alternative,
        ax,
        change,
        lang=lang,
        limits=limits,
        diverging=True,
        label=label,
        legend=legend,
        names=names,
        title=text,
    )
    return drawn


def cell_values(scenario: Scenario, values: npt.ArrayLike) -> Floats:
    """Spread values of buildings over their cells; values of cells stay as they are."""
    given = np.asarray(values, dtype=np.float64)
    park = read_map(scenario.map)
    if given.shape == park.shape:
        return given
    if given.shape != (len(park.buildings),):
        raise ValueError(
            f"values of shape {given.shape}: give ({len(park.buildings)},), one a building, or {park.shape}"
        )
    out = np.full(park.shape, np.nan)
    built = park.building >= 0
    out[built] = given[park.building[built]]
    return out


def common_limits(values: Iterable[npt.ArrayLike | None]) -> tuple[float, float]:
    """Return the least and largest of several arrays, apart by at least a little."""
    found = np.concatenate([np.asarray(v, dtype=np.float64).ravel() for v in values if v is not None])
    found = found[np.isfinite(found)]
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def legend_handles(scenarios: Sequence[Layout], lang: str, *, places: bool = True) -> list[Any]:
    """Return what the legend of some scenarios' maps must explain, and nothing else."""
    m = Messages(lang)
    handles: list[Any] = []
    used = {symbol for s in scenarios for symbol in _land_present(s)}
    if places:
        handles += [
            Patch(facecolor=style.LAND[use], edgecolor="#9aa3ad", linewidth=0.5, label=m(f"land.{use}"))
            for use in style.LAND
            if use in used
        ]
    fences = [f for s in scenarios for f in s.map.fences]
    if any(not f.open for f in fences):
        handles.append(Line2D([], [], color=style.FENCE, linewidth=2, label=m("figure.fence")))
    if any(f.open for f in fences):
        handles.append(
            Line2D(
                [], [], color=style.FENCE, linewidth=1.2, linestyle=(0, (1, 2)), label=m("figure.fence_open")
            )
        )
    closed = [{f.name for f in s.map.fences if not f.open} for s in scenarios]
    if any(g.fence in names for s, names in zip(scenarios, closed, strict=True) for g in s.map.gates):
        handles.append(Line2D([], [], color=style.GATE, linewidth=4, label=m("figure.gate")))
    if not places:
        return handles
    kinds = {g.kind for s in scenarios for g in s.gateways}
    handles += [
        _dot(GATEWAY_MARKER[k], GATEWAY_COLOUR[k], m(f"gateway.{k}"), hollow=k == "path")
        for k in GATEWAY_MARKER
        if k in kinds
    ]
    inside = [a for s in scenarios for a in s.amenities if a.outside is None]
    groups = {sign_of(a.category)[0] for a in inside}
    for group, sign in {**SIGNS, "other": OTHER}.items():
        if group in groups:
            handles.append(_dot(sign.marker, sign.colour, m(f"place.{group}")))
    if any(a.access == "staff" for a in inside):
        handles.append(_dot("o", style.MAP_INK, m("figure.staff_only"), hollow=True))
    return handles


def _dot(marker: str, colour: str, label: str, *, hollow: bool = False) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="",
        marker=marker,
        markersize=7,
        markerfacecolor="white" if hollow else colour,
        markeredgecolor=colour,
        markeredgewidth=1.2 if hollow else 0.4,
        label=label,
    )


def _land_present(scenario: Layout) -> set[str]:
    drawn = set("".join(scenario.map.rows))
    return {
        "main_road" if s.use == "road" and s.road == "main" else s.use
        for c, s in scenario.map.legend.items()
        if c in drawn
    }


def _shape_of(mask: Bools, cell_m: float) -> Path:
    """Return the outline of a mask as one path of few rectangles: one thing to draw, however many cells."""
    x, y, w, h = cell_m * np.array(_boxes(mask.shape, np.packbits(mask).tobytes()), dtype=np.float64).T
    corners = np.stack([x, y, x + w, y, x + w, y + h, x, y + h, x, y], axis=1)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(corners.reshape(-1, 2), codes * len(x))


@lru_cache(maxsize=1024)
def _boxes(shape: tuple[int, int], packed: bytes) -> list[tuple[int, int, int, int]]:
    """Return column, row, width and height of the rectangles; a page draws the same land many times."""
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=shape[0] * shape[1])
    mask = bits.reshape(shape)
    out: list[tuple[int, int, int, int]] = []
    open_runs: dict[tuple[int, int], int] = {}
    for row in range(mask.shape[0] + 1):
        runs: set[tuple[int, int]] = set()
        if row < mask.shape[0]:
            edge = np.flatnonzero(np.diff(np.concatenate(([0], mask[row].astype(np.int8), [0]))))
            runs = {(int(a), int(b)) for a, b in edge.reshape(-1, 2)}
        for (a, b), top in list(open_runs.items()):
            if (a, b) not in runs:
                out.append((a, top, b - a, row - top))
                del open_runs[a, b]
        for run in sorted(runs):
            open_runs.setdefault(run, row)
    return out


def _land(ax: Axes, park: ParkMap, *, pale: bool) -> None:
    kind = np.array([*LAND_USES, "main_road"], dtype=object)[
        np.where(park.main_road, len(LAND_USES), park.use)
    ]
    for use, colour in style.LAND.items():
        here = kind == use
        if here.any():
            shade = _paler(colour) if pale else colour
            shape = _shape_of(here, park.cell_m)
            ax.add_collection(
                PathCollection([shape], facecolors=[shade], edgecolors=[shade], linewidths=0.3, zorder=1)
            )


def _scale(ax: Axes, drawn: Any, label: str, *, diverging: bool) -> None:
    """Draw the colour scale of what is drawn."""
    shown = ax.figure.colorbar(drawn, ax=ax, shrink=0.75, pad=0.02, label=label)
    shown.outline.set_visible(False)
    shown.formatter = FuncFormatter(lambda v, _: f"{v:{'+' if diverging and v else ''}g}".replace("-", "−"))


def _paler(colour: str) -> tuple[float, ...]:
    """Mix a colour with white and grey, so that coloured buildings stand out."""
    return tuple(0.35 * c + 0.65 * w for c, w in zip(to_rgb(colour), (0.95, 0.95, 0.945), strict=True))


def _coloured(
    ax: Axes, park: ParkMap, values: Floats, limits: tuple[float, float] | None, *, diverging: bool
) -> PathCollection:
    if values.shape == park.shape:
        cells = values
    else:
        cells = np.full(park.shape, np.nan)
        built = park.building >= 0
        cells[built] = values[park.building[built]]
    low, high = limits or common_limits([cells])
    shades = np.unique(cells[np.isfinite(cells)])
    shapes = [_shape_of(cells == value, park.cell_m) for value in shades]
    cmap = DIVERGING if diverging else SEQUENTIAL
    if low > high:  # the scale is turned round
        cmap, low, high = cmap.reversed(), high, low
    drawn = PathCollection(shapes, cmap=cmap, norm=Normalize(low, high), linewidths=0, zorder=1.5)
    drawn.set_array(shades)
    ax.add_collection(drawn)
    return drawn


def _edges(east: Bools, south: Bools, cell_m: float) -> list[Line]:
    """Turn marked edges between cells into lines, those in one row or column joined."""
    lines: list[Line] = []
    for marks, down in ((east.T, True), (south, False)):
        for k in np.flatnonzero(marks.any(axis=1)).tolist():
            steps = np.flatnonzero(np.diff(np.concatenate(([0], marks[k].astype(np.int8), [0]))))
            for start, stop in (steps.reshape(-1, 2) * cell_m).tolist():
                at = (k + 1) * cell_m
                lines.append([(at, start), (at, stop)] if down else [(start, at), (stop, at)])
    return lines


def _outlines(ax: Axes, park: ParkMap) -> None:
    number = park.building
    east, south = np.zeros(park.shape, np.bool_), np.zeros(park.shape, np.bool_)
    east[:, :-1] = number[:, :-1] != number[:, 1:]
    south[:-1] = number[:-1] != number[1:]
    ax.add_collection(
        LineCollection(_edges(east, south, park.cell_m), colors="#6d7783", linewidths=0.6, zorder=2)
    )


def _fences(ax: Axes, park: ParkMap, scenario: Layout) -> None:
    drawing = scenario.map
    shut: list[Line] = []
    opened: list[Line] = []
    gates: list[Line] = []
    for fence in drawing.fences:
        closed = fence.model_copy(update={"open": False})
        whole = walls([closed], [], park.block, park.blocks)
        if fence.open:
            opened += _edges(*whole, park.cell_m)
            continue
        left = walls([closed], drawing.gates, park.block, park.blocks)
        shut += _edges(*left, park.cell_m)
        gates += _edges(whole[0] & ~left[0], whole[1] & ~left[1], park.cell_m)
    looks: tuple[tuple[list[Line], dict[str, Any]], ...] = (
        (opened, {"colors": style.FENCE, "linewidths": 1.0, "linestyles": (0, (1, 2)), "zorder": 3}),
        (shut, {"colors": style.FENCE, "linewidths": 1.9, "zorder": 3, "capstyle": "projecting"}),
        (gates, {"colors": style.GATE, "linewidths": 4, "zorder": 4, "capstyle": "butt"}),
    )
    for lines, look in looks:
        if lines:
            ax.add_collection(LineCollection(lines, **look))


def amenity_cell(park: ParkMap, amenity: Amenity) -> tuple[int, int] | None:
    """Return the cell an amenity is drawn on, None where it lies outside the drawing."""
    if amenity.cell is not None:
        return amenity.cell
    if amenity.outside is not None or amenity.block is None:
        return None
    inside = park.building_in(amenity.block)
    if inside < 0:
        return None
    cells = park.buildings[inside].cells
    row, column = np.divmod(cells[len(cells) // 2], park.shape[1])
    return int(row), int(column)


def _spots(park: ParkMap, scenario: Layout) -> list[tuple[float, float, Amenity]]:
    """Return where to draw every place inside the park; those close together stand side by side."""
    step = max(park.cell_m * 1.15, 0.026 * max(park.shape) * park.cell_m)
    taken: set[tuple[int, int]] = set()
    out = []
    for amenity in scenario.amenities:
        cell = amenity_cell(park, amenity)
        if cell is None:
            continue
        x, y = (cell[1] + 0.5) * park.cell_m, (cell[0] + 0.5) * park.cell_m
        column, row = round(x / step), round(y / step)
        slot = next(
            ((column + i, row + j) for i, j in _SPIRAL if (column + i, row + j) not in taken), (column, row)
        )
        taken.add(slot)
        if slot != (column, row):
            x, y = slot[0] * step, slot[1] * step
        out.append((x, y, amenity))
    return out


def _amenities(ax: Axes, spots: list[tuple[float, float, Amenity]]) -> None:
    for x, y, amenity in spots:
        sign = sign_of(amenity.category)[1]
        hollow = amenity.access == "staff"
        ax.plot(
            x,
            y,
            linestyle="",
            marker=sign.marker,
            markersize=6.4 if sign.marker != "*" else 8.5,
            markerfacecolor="white" if hollow else sign.colour,
            markeredgecolor=sign.colour if hollow else "white",
            markeredgewidth=1.3 if hollow else 0.6,
            zorder=6,
        )


_SPIRAL = sorted(
    ((i, j) for i in range(-6, 7) for j in range(-6, 7)), key=lambda p: (math.hypot(*p), -p[1], p[0])
)


def _gateways(ax: Axes, park: ParkMap, scenario: Layout) -> None:
    rows, columns = park.shape
    for gateway in scenario.gateways:
        row, column = gateway.cell
        x, y = (column + 0.5) * park.cell_m, (row + 0.5) * park.cell_m
        colour = GATEWAY_COLOUR[gateway.kind]
        if gateway.kind in {"road", "path"}:  # a wedge pointing into the park
            turn = {0: "v", 1: "^", 2: ">", 3: "<"}[
                int(np.argmin([row, rows - 1 - row, column, columns - 1 - column]))
            ]
            ax.plot(
                x,
                y,
                linestyle="",
                marker=turn,
                markersize=6.5 if gateway.kind == "road" else 4.5,
                markerfacecolor=colour if gateway.kind == "road" else "white",
                markeredgecolor=colour,
                markeredgewidth=1,
                zorder=5,
            )
        else:
            ax.text(
                x,
                y,
                GATEWAY_LETTER[gateway.kind],
                color="white",
                fontsize=7.5,
                fontweight="bold",
                ha="center",
                va="center",
                zorder=7,
                fontfamily="DejaVu Sans",
                bbox={
                    "boxstyle": "round,pad=0.22",
                    "facecolor": colour,
                    "edgecolor": "white",
                    "linewidth": 0.8,
                },
            )


def _names(park: ParkMap, scenario: Layout, lang: str) -> list[tuple[tuple[float, float, float, float], str]]:
    """Return which name to write in which box (left, top, right, bottom): one name for each block."""
    given = {s.site: s.site_zh for s in scenario.map.legend.values() if s.site}
    groups: dict[str, list[int]] = {}
    for i, building in enumerate(park.buildings):
        if building.workplace or building.use == "housing":
            groups.setdefault(building.block or building.name, []).append(i)
    out = []
    for members in groups.values():
        sites = {park.buildings[i].site for i in members} & set(given)
        if not sites:
            continue
        site = min(sites, key=lambda name: (len(name), name))  # "Hikvision" rather than "Hikvision labs"
        row, column = np.divmod(np.concatenate([park.buildings[i].cells for i in members]), park.shape[1])
        box = np.array([column.min(), row.min(), column.max() + 1, row.max() + 1]) * park.cell_m
        left, top, right, bottom = box.tolist()
        out.append(((left, top, right, bottom), given[site] if lang == "zh" and given[site] else site))
    return out


def _streets(scenario: Layout, cell_m: float, lang: str) -> list[tuple[float, float, str, float]]:
    """Return middle, name and turn of streets that run along one row or column."""
    symbols = np.array([list(row) for row in scenario.map.rows])
    out = []
    for character, symbol in scenario.map.legend.items():
        rows, columns = np.nonzero(symbols == character)
        if symbol.use != "road" or not symbol.site or rows.size < 8 or min(np.ptp(rows), np.ptp(columns)) > 1:
            continue
        name = symbol.site_zh if lang == "zh" and symbol.site_zh else symbol.site
        out.append(
            (
                (columns.mean() + 0.5) * cell_m,
                (rows.mean() + 0.5) * cell_m,
                name,
                0.0 if np.ptp(rows) <= np.ptp(columns) else 90.0,
            )
        )
    return out


def _site_names(
    ax: Axes, park: ParkMap, scenario: Layout, lang: str, signs: list[tuple[float, float, Amenity]]
) -> None:
    """Write the names where they cover the fewest signs and each other least."""
    halo = [patheffects.withStroke(linewidth=2.2, foreground="#fffffe", alpha=0.85)]
    size = 6.8 if lang == "en" else 7.4
    figure: Any = ax.get_figure(root=True)
    inches = ax.get_position().width * float(figure.get_size_inches()[0])
    metres = park.shape[1] * park.cell_m / (max(inches, 0.5) * 72)  # a point
    avoid = np.array([(x, y, 4.0 * metres, 4.0 * metres) for x, y, _ in signs]).reshape(-1, 4)
    streets = _streets(scenario, park.cell_m, lang)
    for x, y, name, turn in streets:
        ax.text(
            x,
            y,
            name,
            fontsize=size - 0.3,
            color="#4a5460",
            ha="center",
            va="center",
            rotation=turn,
            zorder=8,
            path_effects=halo,
            style="italic" if lang == "en" else "normal",
            clip_on=True,
        )
    for (left, top, right, bottom), name in _names(park, scenario, lang):
        words = _wrapped(name)
        lines = words.split("\n")
        half = (
            max(map(len, lines)) * size * (1.0 if lang == "zh" else 0.56) / 2 * metres,
            len(lines) * size * 0.6 * metres,
        )
        x, middle = (left + right) / 2, (top + bottom) / 2
        tries = sorted(np.arange(top, bottom + 1, park.cell_m / 2), key=lambda y: abs(float(y) - middle))

        y = float(min(tries, key=partial(_hidden, avoid, x, half)))
        avoid = np.vstack([avoid, [x, y, *half]])
        ax.text(
            x,
            y,
            words,
            fontsize=size,
            color=style.MAP_INK,
            ha="center",
            va="center",
            zorder=8,
            path_effects=halo,
            linespacing=0.95,
            clip_on=True,
        )


def _hidden(avoid: Floats, x: float, half: tuple[float, float], y: float) -> int:
    """Count the boxes (middle and half sizes) that a text of this half size at x, y would cover."""
    gap = np.abs(avoid[:, :2] - (x, y)) - avoid[:, 2:] - half
    return int((gap < 0).all(axis=1).sum())


def _wrapped(name: str) -> str:
    """Break a name for the map: English between words, Chinese into two halves."""
    if name.isascii():
        return "\n".join(textwrap.wrap(name, 13, break_long_words=False))
    half = math.ceil(len(name) / 2)
    return name if len(name) <= 5 else f"{name[:half]}\n{name[half:]}"


def _north_and_scale(ax: Axes, park: ParkMap, m: Messages) -> None:
    """Draw both just below the map."""
    rows, columns = park.shape
    width, height = columns * park.cell_m, rows * park.cell_m
    length = next(n for n in (1000, 500, 200, 100, 50, 20, 10, 5) if n <= width / 4 or n == 5)
    y = height * 1.03
    ax.plot([0, length], [y, y], color=style.INK, linewidth=2.2, solid_capstyle="butt", clip_on=False)
    ax.text(length + 0.012 * width, y, m("figure.metres", n=length), fontsize=8, va="center", clip_on=False)
    ax.plot(width * 0.99, y, marker="^", color=style.INK, markersize=7, clip_on=False)
    ax.text(width * 0.972, y, m("figure.north"), fontsize=8, ha="right", va="center", clip_on=False)
