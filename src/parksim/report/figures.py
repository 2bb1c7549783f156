"""Figures of results: pure functions that take and return matplotlib axes, in one style and two languages."""

from __future__ import annotations

import io
import math
import re
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from parksim.experiment import statistics
from parksim.report import style
from parksim.report.maps import axes, difference_map, maps_side_by_side, park_map, queue_map, styled
from parksim.report.messages import NO_UNIT, Messages, verdict_kind
from parksim.report.places import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from parksim.experiment.comparison import Comparison
    from parksim.scenario.schema import Scenario

__all__ = [
    "causes",
    "difference_map",
    "flows",
    "forest",
    "maps_side_by_side",
    "paired_plot",
    "park_map",
    "queue_map",
    "save",
    "sobol_bars",
    "survival",
    "svg",
    "timeline",
    "tornado",
    "who_gains",
    "write_figures",
]

VERDICT_COLOUR = {
    "better": style.BETTER,
    "worse": style.WORSE,
    "higher": style.MUTED,
    "lower": style.MUTED,
    "same": style.SAME,
    "unclear": style.UNCLEAR,
    "na": style.UNCLEAR,
}


@styled
def paired_plot(
    comparison: Comparison,
    indicator: str,
    ax: Axes | None = None,
    lang: str = "en",
    scenario: str | None = None,
) -> Axes:
    """Draw each replication's pair of values, and beside it the mean difference with its interval.

    Parameters
    ----------
    comparison : Comparison
    indicator : str
        Name of the indicator.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    lang : str
        Language of the texts.
    scenario : str, optional
        The alternative; by default the first one after the baseline.

    Returns
    -------
    matplotlib Axes
    """
    m = Messages(lang)
    ax = axes(ax, 5.2, 3.6)
    other = scenario or comparison.names[1]
    about, result = comparison.about(indicator), comparison.difference(indicator, other)
    scale = m.scale(about.unit)
    pair = (
        np.array([comparison.of(indicator, name) for name in (comparison.baseline, other)], dtype=float)
        * scale
    )
    tint = style.colours(comparison.names, comparison.baseline)
    ax.plot([0, 1], pair, color=style.MUTED, linewidth=0.9, alpha=0.55, zorder=1)
    for x, name in enumerate((comparison.baseline, other)):
        ax.scatter(
            np.full(pair.shape[1], x),
            pair[x],
            s=22,
            color=tint[name],
            zorder=2,
            edgecolor="white",
            linewidth=0.5,
        )
        ax.plot([x - 0.09, x + 0.09], [np.nanmean(pair[x])] * 2, color=tint[name], linewidth=3, zorder=3)
    ax.set(xticks=[0, 1], xlim=(-0.35, 1.35), ylabel=axis_label(m, about.unit))
    ax.set_xticklabels([wrapped(m.own(_by_name(comparison, n)), lang) for n in (comparison.baseline, other)])
    ax.yaxis.grid(visible=True)
    ax.set_title(wrapped(m.indicator(indicator), lang, 44))
    found = m.value(result.mean, about.unit, sign=True, difference=True)
    text = m("figure.mean_difference", value=f"{found} [{m.interval(result.low, result.high, about.unit)}]")
    ax.annotate(
        f"{text}\n{m.verdict(result.verdict, about.threshold, about.unit)}",
        (0.5, 1.0),
        xycoords="axes fraction",
        ha="center",
        va="top",
        fontsize=8.5,
        color=style.INK,
        bbox={"boxstyle": "round,pad=0.35", "facecolor": style.PAPER, "edgecolor": style.GRID},
    )
    spread = np.nanmax(pair) - np.nanmin(pair) if np.isfinite(pair).any() else 1.0
    ax.set_ylim(top=np.nanmax(pair, initial=0.0) + 0.28 * (spread or 1.0))
    return ax


@styled
def forest(
    comparison: Comparison,
    indicators: Sequence[str] | None = None,
    figure: Figure | None = None,
    lang: str = "en",
    scenario: str | None = None,
) -> list[Axes]:
    """Draw differences with their intervals and the band that is too small to matter, a panel for each unit.

    Parameters
    ----------
    comparison : Comparison
    indicators : sequence of str, optional
        By default all that have a value in both scenarios.
    figure : matplotlib Figure, optional
        An empty figure; by default a new one.
    lang : str
    scenario : str, optional
        The alternative; by default the first one after the baseline.

    Returns
    -------
    list of matplotlib Axes
        One for each unit.
    """
    m = Messages(lang)
    other = scenario or comparison.names[1]
    found = by_unit(comparison, indicators or comparison.indicators, other)
    if figure is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415

        figure = plt.figure(figsize=forest_size(found), layout="constrained")
    if not found:
        return []
    panels = np.atleast_1d(
        figure.subplots(len(found), 1, height_ratios=[len(v) + 1.4 for v in found.values()])
    )
    for ax, (unit, names) in zip(panels, found.items(), strict=True):
        scale = m.scale(unit)
        results = {name: comparison.difference(name, other) for name in names}
        for y, (name, result) in enumerate(results.items()):
            band = comparison.about(name).threshold * scale
            ax.barh(y, 2 * band, left=-band, height=0.78, color=style.GRID, zorder=0)
            colour = VERDICT_COLOUR[verdict_kind(result.verdict)]
            if math.isfinite(result.low):
                ax.plot(
                    [result.low * scale, result.high * scale],
                    [y, y],
                    color=colour,
                    linewidth=2.4,
                    zorder=2,
                    solid_capstyle="butt",
                )
            ax.plot(
                result.mean * scale,
                y,
                "o",
                color=colour,
                markersize=6,
                zorder=3,
                markeredgecolor="white",
                markeredgewidth=0.6,
            )
        ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1)
        ax.set(
            ylim=(len(names) - 0.4, -0.6),
            yticks=range(len(names)),
            xlabel=axis_label(m, unit, difference=True),
        )
        ax.set_yticklabels([_with_side(m, comparison, name, lang) for name in names])
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(_plain(sign=True))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.xaxis.grid(visible=True)
    title = m(
        "figure.forest_title",
        alternative=m.own(_by_name(comparison, other)),
        baseline=m.own(comparison.scenarios[0]),
    )
    figure.suptitle(wrapped(title, lang, 88), x=0.01, ha="left", fontsize=10.5)
    figure.supxlabel(m("figure.forest_note"), x=0.01, ha="left", fontsize=8.5, color=style.MUTED)
    return list(panels)


def by_unit(comparison: Comparison, indicators: Sequence[str], scenario: str) -> dict[str, list[str]]:
    """Return the indicators that have a difference by their unit, in the order of `indicators`."""
    found: dict[str, list[str]] = {}
    for name in indicators:
        if name in comparison.indicators and comparison.difference(name, scenario).n:
            found.setdefault(comparison.about(name).unit, []).append(name)
    return found


TOPICS: dict[str, tuple[str, ...]] = {
    "travel": (
        "commute_mean_min_cohort",
        "commute_mean_min",
        "commute_share_within_45",
        "commute_share_over_60",
        "live_in_park_share",
    ),
    "services": (
        "coverage_{circle}",
        "served_{circle}",
        "placed_share_kindergarten",
        "placed_share_after_school",
    ),
    "staying": ("retention_employee_12m", "retention_employer_12m", "turnover_annual", "vacancy_rate"),
    "community": ("ties_per_employee", "participation_share", "requests_answered_share", "request_days"),
    "firms": ("retention_enterprise_12m", "spillover_index", "output_per_mu", "tax_per_mu", "digital_gap"),
    "money": ("capex_cny", "opex_cny_year"),
}
"""Main indicators by topic; ``{circle}`` stands for each circle of the baseline."""


def main_indicators(comparison: Comparison, topic: str | None = None) -> list[str]:
    """Return the main indicators that a comparison has, of one topic or of all."""
    circles = list(comparison.scenarios[0].circles)
    names = [name for key, part in TOPICS.items() if topic in (None, key) for name in part]
    every = [n.format(circle=c) for n in names for c in (circles if "{circle}" in n else [""])]
    return [name for name in every if name in comparison.indicators]


def monthly_indicators(comparison: Comparison) -> list[str]:
    """Return the indicators that are drawn month by month, those that the comparison keeps."""
    kept = set(comparison.by_month)
    served = [f"served_{circle}" for circle in comparison.scenarios[0].circles]
    names = [
        "commute_mean_min",
        *served[:2],
        "turnover_annual",
        "ties_per_employee",
        "requests_answered_share",
    ]
    return [name for name in names if name in kept]


def forest_size(found: Mapping[str, Sequence[str]]) -> tuple[float, float]:
    """Return width and height in inches that a forest of so many rows and panels needs."""
    return 7.4, 0.23 * sum(map(len, found.values())) + 0.72 * len(found) + 0.9


def _with_side(m: Messages, comparison: Comparison, name: str, lang: str) -> str:
    arrow = {"higher": " →", "lower": " ←"}.get(comparison.about(name).better, "")
    return wrapped(m.indicator(name), lang, 54) + arrow


@styled
def timeline(comparison: Comparison, indicator: str, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw an indicator month by month: mean and 95 % interval over replications for each scenario.

    Interventions with a month stand as dotted lines with their names.

    Parameters
    ----------
    comparison : Comparison
    indicator : str
    ax : matplotlib Axes, optional
    lang : str
    """
    m = Messages(lang)
    ax = axes(ax, 5.2, 3.2)
    unit = comparison.about(indicator).unit
    scale = m.scale(unit)
    tint = style.colours(comparison.names, comparison.baseline)
    for scenario in comparison.scenarios:
        wide = comparison.monthly(indicator, scenario.name)
        if wide.empty:
            continue
        band = [statistics.estimate(row) for row in wide.to_numpy() * scale]
        colour = tint[scenario.name]
        ax.fill_between(
            wide.index, [b.low for b in band], [b.high for b in band], color=colour, alpha=0.18, linewidth=0
        )
        ax.plot(
            wide.index,
            [b.mean for b in band],
            color=colour,
            label=m.own(scenario),
            linestyle="--" if scenario.name == comparison.baseline else "-",
        )
        for done in scenario.interventions:
            ax.axvline(done.month, color=colour, linewidth=0.9, linestyle=":")
            ax.annotate(
                done.name,
                (done.month, 1),
                xycoords=("data", "axes fraction"),
                rotation=90,
                fontsize=7,
                ha="right",
                va="top",
                color=style.MUTED,
            )
    ax.set(xlabel=m("figure.month"), ylabel=axis_label(m, unit))
    ax.set_title(wrapped(m.indicator(indicator), lang, 46))
    ax.yaxis.grid(visible=True)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    ax.set_xlim(left=0)
    _legend_below(ax)
    return ax


@styled
def who_gains(
    comparison: Comparison,
    indicator: str,
    ax: Axes | None = None,
    lang: str = "en",
    scenario: str | None = None,
    *,
    without: Collection[str] = ("home_zone",),
) -> Axes:
    """Draw the difference by group with its interval and the number of people in each group.

    Parameters
    ----------
    comparison : Comparison
    indicator : str
    ax : matplotlib Axes, optional
    lang : str
    scenario : str, optional
        The alternative; by default the first one after the baseline.
    without : collection of str
        Dimensions left out.
    """
    m = Messages(lang)
    other = scenario or comparison.names[1]
    table = comparison.group_table(indicator, other)
    table = table[(table["n"] > 0) & ~table.index.str.partition("=").get_level_values(0).isin(without)]
    unit = comparison.about(indicator).unit
    scale = m.scale(unit)
    ax = axes(ax, 5.6, 0.27 * len(table) + 1.1)
    band = comparison.about(indicator).threshold * scale
    ax.axvspan(-band, band, color=style.GRID, zorder=0)
    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1)
    labels = []
    for y, (group, row) in enumerate(table.iterrows()):
        colour = VERDICT_COLOUR[verdict_kind(row["verdict"])]
        if math.isfinite(row["low"]):
            ax.plot([row["low"] * scale, row["high"] * scale], [y, y], color=colour, linewidth=2.4, zorder=2)
        ax.plot(
            row["difference"] * scale, y, "o", color=colour, markersize=6, zorder=3, markeredgecolor="white"
        )
        labels.append(m("page.colon").join(m.group(str(group), comparison.scenarios[0])))
        ax.annotate(
            f"{row['n_people']:,.0f}",
            (1.01, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            color=style.MUTED,
        )
    ax.set(
        ylim=(len(table) - 0.4, -0.6), yticks=range(len(table)), xlabel=axis_label(m, unit, difference=True)
    )
    ax.set_yticklabels(labels)
    ax.annotate(
        m("figure.employees_axis"),
        (1.01, 1.0),
        xycoords="axes fraction",
        fontsize=8,
        color=style.MUTED,
        va="bottom",
    )
    ax.xaxis.set_major_formatter(_plain(sign=True))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_title(wrapped(m.indicator(indicator), lang, 30), fontsize=10)
    ax.xaxis.grid(visible=True)
    return ax


@styled
def survival(
    curves: Mapping[str, pd.DataFrame],
    ax: Axes | None = None,
    lang: str = "en",
    *,
    titles: Mapping[str, str] | None = None,
    baseline: str | None = None,
) -> Axes:
    """Draw survival curves: the share of those employed at the start who are still in the park.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        For each scenario a frame with columns ``month, survival, low, high``, as
        :func:`parksim.survival.kaplan_meier` returns it.
    ax : matplotlib Axes, optional
    lang : str
    titles : mapping of str to str, optional
        Names to show.
    baseline : str, optional
        Scenario drawn in grey; by default the first.
    """
    m = Messages(lang)
    ax = axes(ax, 5.2, 3.2)
    base = baseline or next(iter(curves))
    tint = style.colours(list(curves), base)
    for name, curve in curves.items():
        ax.step(
            curve["month"],
            100 * curve["survival"],
            where="post",
            color=tint[name],
            label=(titles or {}).get(name, name),
            linestyle="--" if name == base else "-",
        )
        ax.fill_between(
            curve["month"],
            100 * curve["low"],
            100 * curve["high"],
            step="post",
            color=tint[name],
            alpha=0.18,
            linewidth=0,
        )
    ax.set(xlabel=m("figure.month"), ylabel="%", ylim=(0, 102))
    ax.set_xlim(left=0)
    ax.set_title(wrapped(m("figure.survival"), lang, 46))
    ax.yaxis.grid(visible=True)
    ax.legend(loc="lower left", fontsize=8.5)
    return ax


@styled
def causes(
    rates: pd.DataFrame, ax: Axes | None = None, lang: str = "en", *, titles: Mapping[str, str] | None = None
) -> Axes:
    """Draw why people leave: leavers per 1,000 employees and year, by cause and scenario.

    Parameters
    ----------
    rates : DataFrame
        A row a cause, a column a scenario (the first is the baseline).
    ax : matplotlib Axes, optional
    lang : str
    titles : mapping of str to str, optional
        Names to show.
    """
    m = Messages(lang)
    names = [str(c) for c in rates.columns]
    ax = axes(ax, 5.2, 0.24 * len(rates) * len(names) + 1.2)
    tint = style.colours(names, names[0])
    thick = 0.8 / len(names)
    for k, name in enumerate(names):
        y = np.arange(len(rates)) + (k - (len(names) - 1) / 2) * thick
        ax.barh(y, rates[name], height=thick * 0.92, color=tint[name], label=(titles or {}).get(name, name))
        for at, value in zip(y, rates[name], strict=True):
            ax.annotate(f" {value:.1f}", (value, at), va="center", fontsize=8, color=style.MUTED)
    ax.set(yticks=range(len(rates)), ylim=(len(rates) - 0.4, -0.6), xlabel=m("figure.leavers"))
    ax.set_yticklabels([m.word(f"cause.{c}", str(c)) for c in rates.index])
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.12)
    ax.xaxis.grid(visible=True)
    ax.set_title(m("figure.causes"))
    _legend_below(ax)
    return ax


@styled
def flows(zones: pd.DataFrame, ax: Axes | None = None, lang: str = "en", *, most: int = 15) -> Axes:
    """Draw where employees live: numbers by home zone and scenario.

    Parameters
    ----------
    zones : DataFrame
        A row a home zone (its name to show), a column a scenario; people.
    ax : matplotlib Axes, optional
    lang : str
    most : int
        Zones shown, the largest first.
    """
    m = Messages(lang)
    names = [str(c) for c in zones.columns]
    shown = zones.sort_values(names[0], ascending=False).head(most)
    ax = axes(ax, 5.6, 0.27 * len(shown) + 1.2)
    tint = style.colours(names, names[0])
    for y, (_, row) in enumerate(shown.iterrows()):
        ax.plot([row.min(), row.max()], [y, y], color=style.GRID, linewidth=3, zorder=1)
    for name in names:
        ax.scatter(
            shown[name], range(len(shown)), color=tint[name], s=36, zorder=2, label=name, edgecolor="white"
        )
    ax.set(yticks=range(len(shown)), ylim=(len(shown) - 0.4, -0.6), xlabel=m("figure.employees_axis"))
    ax.set_yticklabels([str(zone) for zone in shown.index])
    ax.set_title(m("figure.flows"))
    ax.set_xlim(left=0)
    ax.xaxis.grid(visible=True)
    ax.legend(fontsize=8.5)
    return ax


@styled
def tornado(
    swings: pd.DataFrame,
    ax: Axes | None = None,
    lang: str = "en",
    *,
    label: str = "",
    middle: float = 0.0,
    most: int = 15,
) -> Axes:
    """Draw how far one parameter at a time moves a result, the largest swing on top.

    Parameters
    ----------
    swings : DataFrame
        Index the parameters' paths; columns ``low`` and ``high``: the result with the parameter at either
        end of its range.
    ax : matplotlib Axes, optional
    lang : str
    label : str
        What the result is, with its unit.
    middle : float
        The result with all parameters at their defaults.
    most : int
        Parameters shown.
    """
    m = Messages(lang)
    order = (swings["high"] - swings["low"]).abs().sort_values(ascending=False).index[:most]
    shown = swings.loc[order]
    ax = axes(ax, 6.4, 0.28 * len(shown) + 1.2)
    for column, key, colour in (("low", "figure.low", style.SKY), ("high", "figure.high", style.BLUE)):
        ax.barh(
            range(len(shown)), shown[column] - middle, left=middle, height=0.7, color=colour, label=m(key)
        )
    ax.axvline(middle, color=style.INK, linewidth=0.9)
    ax.set(yticks=range(len(shown)), ylim=(len(shown) - 0.4, -0.6), xlabel=label)
    ax.set_yticklabels([m.parameter(str(path)) for path in shown.index])
    ax.tick_params(axis="y", length=0)
    ax.xaxis.grid(visible=True)
    ax.legend(title=m("page.parameter"), fontsize=8.5, loc="lower right")
    return ax


@styled
def sobol_bars(indices: pd.DataFrame, ax: Axes | None = None, lang: str = "en", *, most: int = 15) -> Axes:
    """Draw Sobol indices: how much of a result's variance each parameter explains alone and in all.

    Parameters
    ----------
    indices : DataFrame
        Index the parameters' paths; columns ``S1, ST`` and half widths of intervals ``S1_conf, ST_conf``.
    ax : matplotlib Axes, optional
    lang : str
    most : int
        Parameters shown.
    """
    m = Messages(lang)
    shown = indices.sort_values("ST", ascending=False).head(most)
    ax = axes(ax, 6.4, 0.32 * len(shown) + 1.2)
    y = np.arange(len(shown))
    for k, (column, key, colour) in enumerate(
        (("S1", "figure.first_order", style.SKY), ("ST", "figure.total_order", style.BLUE))
    ):
        ax.barh(
            y + (k - 0.5) * 0.38,
            100 * shown[column],
            height=0.36,
            color=colour,
            label=m(key),
            xerr=100 * shown[f"{column}_conf"],
            error_kw={"ecolor": style.MUTED, "elinewidth": 1},
        )
    ax.set(yticks=y, ylim=(len(shown) - 0.4, -0.6), xlabel=f"{m('figure.sensitivity')} (%)")
    ax.set_yticklabels([m.parameter(str(path)) for path in shown.index])
    ax.tick_params(axis="y", length=0)
    ax.xaxis.grid(visible=True)
    ax.legend(fontsize=8.5, loc="lower right")
    return ax


@styled
def strongest(
    rows: pd.DataFrame, index: str, ax: Axes | None = None, lang: str = "en", *, indicator: str, title: str
) -> Axes:
    """Draw the indices of the paths that move a result most as bars with their intervals, the first on top.

    Parameters
    ----------
    rows : DataFrame
        Columns ``path``, `index` and its half width ``<index>_conf``.
    index : str
        Which index: ``ST``, ``mu_star`` or ``rho``.
    ax : matplotlib Axes, optional
    lang : str
    indicator : str
        Whose.
    title : str
        Of which scenario or difference.
    """
    m = Messages(lang)
    ax = axes(ax, 6.4, 0.28 * len(rows) + 1.2)
    ax.barh(
        range(len(rows)),
        rows[index],
        xerr=rows[f"{index}_conf"],
        color=style.SKY,
        error_kw={"ecolor": style.MUTED, "elinewidth": 1},
    )
    ax.set(yticks=range(len(rows)), ylim=(len(rows) - 0.4, -0.6), title=title)
    ax.set_yticklabels([m.parameter(str(path)) for path in rows["path"]])
    ax.set_xlabel(m("doubt.axis", index=m(f"doubt.{index}"), indicator=m.named(indicator)))
    return ax


# --- files -------------------------------------------------------------------------------------


def write_figures(comparison: Comparison, folder: str | Path, lang: str = "en") -> list[Path]:
    """Write the figures of a comparison as PNG and SVG: maps, differences, groups, months, pairs.

    Parameters
    ----------
    comparison : Comparison
    folder : path
        Made if it is not there.
    lang : str

    Returns
    -------
    list of Path
    """
    folder = Path(folder)
    out: list[Path] = []

    def on_axes(draw: Callable[..., object]) -> Callable[[Figure], object]:
        return lambda figure: draw(ax=figure.subplots())

    def keep(name: str, width: float, height: float, draw: Callable[[Figure], object]) -> None:
        figure = new_figure(width, height)
        draw(figure)
        out.extend(save(figure, folder / name, lang))

    with style.context(lang):
        scenarios = list(comparison.scenarios)
        rows, columns = scenarios[0].map.shape
        size = 5.6 * len(scenarios), 5.6 * rows / columns + 1.5
        keep("maps", *size, lambda f: maps_side_by_side(scenarios, f, lang=lang))
        reached = [100 * reach(s) for s in scenarios]
        label = f"{Messages(lang)('figure.categories_reached')} (%)"
        keep(
            "reach",
            *size,
            lambda f: maps_side_by_side(
                scenarios, f, lang=lang, values=reached, label=label, limits=(0, 100)
            ),
        )
        shown = main_indicators(comparison)
        for name in comparison.names[1:]:
            end = f"-{name}" if len(comparison.names) > 2 else ""
            draw = partial(forest, comparison, shown, lang=lang, scenario=name)
            keep(f"forest{end}", *forest_size(by_unit(comparison, shown, name)), draw)
            for indicator in {"commute_mean_min_cohort", "commute_mean_min"} & set(comparison.indicators):
                pair = partial(paired_plot, comparison, indicator, lang=lang, scenario=name)
                keep(f"pairs-{indicator}{end}", 5.2, 3.6, on_axes(pair))
        for indicator in monthly_indicators(comparison):
            months = on_axes(partial(timeline, comparison, indicator, lang=lang))
            keep(f"months-{indicator}", 5.2, 3.3, months)
    return out


def new_figure(width: float, height: float, *, fitted: bool = True) -> Figure:
    """Return an empty figure that belongs to no window and no global state.

    Where it is not `fitted` to its labels, its margins are fixed: solving for them takes longer than drawing.
    """
    figure = Figure(figsize=(width, height), layout="constrained" if fitted else None)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, stem: str | Path, lang: str = "en") -> list[Path]:
    """Write a figure as PNG and SVG; equal figures give equal files.

    Parameters
    ----------
    figure : matplotlib Figure
    stem : path
        Without ending; its folder is made.
    lang : str

    Returns
    -------
    list of Path
        The two files.
    """
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = [stem.with_name(f"{stem.name}.{ending}") for ending in ("png", "svg")]
    with style.context(lang):
        figure.savefig(files[0], metadata={"Software": None})
        figure.savefig(files[1], metadata={"Date": None, "Creator": "parksim"})
    return files


def svg(figure: Figure, prefix: str, lang: str = "en") -> str:
    """Return a figure as an SVG element to stand inside an HTML page.

    Its ids begin with `prefix`, so that several figures may share a page; ink, paper and grid become the
    page's CSS variables, so that they follow its light or dark mode.
    """
    buffer = io.StringIO()
    with style.context(lang):
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    made: dict[str, str] = {}  # matplotlib hashes positions, whose last bits differ from drawing to drawing
    text = re.sub(r"\b[a-z][0-9a-f]{10}\b", lambda k: made.setdefault(k[0], f"{k[0][0]}{len(made)}"), text)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", text)
    for colour, variable in (
        (style.INK, "ink"),
        (style.MUTED, "muted"),
        (style.GRID, "grid"),
        (style.PAPER, "paper"),
    ):
        text = text.replace(colour, f"var(--{variable})")
    text = re.sub(r' d="[^"]*"', lambda path: _short_path(path[0]), text)
    text = re.sub(r'<path d="[^"]*"( [^>]*)/>(?:\s*<path d="[^"]*"\1/>)+', _one_path, text)
    return re.sub(r'(<svg\b[^>]*?) (?:height="[^"]*") ?', r"\1 ", text, count=1)


def _short_path(path: str) -> str:
    """Write a path with two decimals, a hundredth of a point, and without line breaks."""
    return re.sub(r"\.(\d\d)\d+", r".\1", path.replace("\n", " "))


def _one_path(alike: re.Match[str]) -> str:
    """Write neighbouring paths of one look as one."""
    lines = " ".join(re.findall(r' d="([^"]*)"', alike[0]))
    return f'<path d="{lines}"{alike[1]}/>'


def axis_label(m: Messages, unit: str, *, difference: bool = False) -> str:
    """Return the label of an axis: the unit, or nothing where there is none."""
    name = m.unit(unit, difference=difference)
    label = "" if name in NO_UNIT else name
    if difference:
        return m("page.difference") + (m("page.bracketed", text=label) if label else "")
    return label


def wrapped(text: str, lang: str, width: int = 24) -> str:
    """Break a text into lines of at most `width` characters (half as many in Chinese)."""
    width = width // 2 + 2 if lang == "zh" else width
    return "\n".join(textwrap.wrap(text, width, break_long_words=lang == "zh"))


def _legend_below(ax: Axes) -> None:
    """Put the legend under the label of the x axis, however high the axes are."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4.4, fontsize=8.5)


def _plain(*, sign: bool = False) -> FuncFormatter:
    return FuncFormatter(lambda v, _: f"{v:{'+' if sign and v else ''}g}".replace("-", "−"))


def _by_name(comparison: Comparison, name: str) -> Scenario:
    return next(s for s in comparison.scenarios if s.name == name)
