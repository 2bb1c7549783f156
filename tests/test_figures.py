"""Figures: they take and return axes, say what they show with units, and are the same every time."""

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

sys.path.append(str(Path(__file__).parent))

from report_case import case
from require import need

from parksim.report import figures, maps, places, style
from parksim.scenario.read import load
from parksim.survival import kaplan_meier
from parksim.world.grid import read_map

PICTURES = Path(__file__).parent / "pictures"
RATES = pd.DataFrame({"a": [12.0, 3.0], "b": [10.0, 3.5]}, index=["commute", "wage"])
ZONES = pd.DataFrame({"a": [300, 200, 20], "b": [280, 230, 25]}, index=["North", "South", "East"])
SWINGS = pd.DataFrame(
    {"low": [39.0, 40.2], "high": [41.5, 40.4]}, index=["parameters.staying.tie", "parameters.home.x"]
)
SOBOL = pd.DataFrame(
    {"S1": [0.5, 0.1], "ST": [0.6, 0.2], "S1_conf": [0.05, 0.02], "ST_conf": [0.06, 0.03]},
    index=["p.q.a", "p.q.b"],
)


def curves():
    left = np.array([1, 2, 2, 5, 9, 12, 12, 12])
    return {"a": kaplan_meier(left, left < 12), "b": kaplan_meier(left + 1, left < 12)}


DRAWINGS = {
    "park_map": lambda ax, lang: figures.park_map(case().scenarios[1], ax, lang=lang),
    "queue_map": lambda ax, lang: figures.queue_map(
        case().scenarios[1],
        {"alpha-canteen": 4.0, "corner-shop": -1.5, "pavilion-cafe": float("nan")},
        ax,
        lang=lang,
        limits=(-4, 4),
        diverging=True,
    ),
    "difference_map": lambda ax, lang: figures.difference_map(
        *case().scenarios, tuple(100 * places.reach(s) for s in case().scenarios), ax, lang=lang, label="pp"
    ),
    "paired_plot": lambda ax, lang: figures.paired_plot(case(), "commute_mean_min", ax, lang=lang),
    "timeline": lambda ax, lang: figures.timeline(case(), "vacancy_rate", ax, lang=lang),
    "who_gains": lambda ax, lang: figures.who_gains(case(), "coverage_daily_5", ax, lang=lang),
    "survival": lambda ax, lang: figures.survival(curves(), ax, lang=lang),
    "causes": lambda ax, lang: figures.causes(RATES, ax, lang=lang),
    "flows": lambda ax, lang: figures.flows(ZONES, ax, lang=lang),
    "tornado": lambda ax, lang: figures.tornado(SWINGS, ax, lang=lang, middle=40.3, label="min"),
    "sobol_bars": lambda ax, lang: figures.sobol_bars(SOBOL, ax, lang=lang),
}


def texts(figure):
    return [t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_text().strip()]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_draws_where_it_is_told(name):
    ax = figures.new_figure(5, 4).subplots()
    assert DRAWINGS[name](ax, "en") is ax
    assert ax.has_data()
    assert texts(ax.figure)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_makes_its_own_axes_where_none_are_given(name):
    import matplotlib.pyplot as plt

    ax = DRAWINGS[name](None, "en")
    assert isinstance(ax.figure, Figure)
    plt.close("all")


@pytest.mark.parametrize("name", DRAWINGS)
def test_chinese_figures_miss_no_glyph(name, tmp_path):
    need("cjk")
    with style.context("zh"):
        figure = figures.new_figure(5, 4)
        DRAWINGS[name](figure.subplots(), "zh")
        figures.save(figure, tmp_path / name, lang="zh")  # a missing glyph warns, and a warning fails
    assert any("\u4e00" <= c <= "\u9fff" for text in texts(figure) for c in text) or name == "difference_map"


def test_drawing_changes_no_global_setting():
    before = dict(mpl.rcParams)
    DRAWINGS["timeline"](figures.new_figure(4, 3).subplots(), "zh")
    assert dict(mpl.rcParams) == before


def test_equal_figures_give_equal_files(tmp_path):
    made = []
    for k in range(2):
        figure = figures.new_figure(5, 4)
        figures.park_map(case().scenarios[0], figure.subplots())
        made.append([file.read_bytes() for file in figures.save(figure, tmp_path / str(k) / "map")])
    assert made[0] == made[1]


def test_a_figure_in_a_page_follows_the_page_and_keeps_its_ids_to_itself():
    figure = figures.new_figure(5, 4)
    DRAWINGS["timeline"](figure.subplots(), "en")
    text = figures.svg(figure, "here")
    ET.fromstring(text)
    assert "var(--ink)" in text
    assert style.INK not in text
    assert 'id="here-' in text
    assert "url(#here-" in text
    assert "<metadata>" not in text


# --- kept pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["park_map", "queue_map", "difference_map", "paired_plot", "timeline", "who_gains", "sobol_bars"]
)
def test_a_figure_looks_as_it_did(name, tmp_path):
    """``PARKSIM_KEEP_PICTURES=1 pytest tests/test_figures.py`` makes the kept pictures anew: look at them."""
    kept, now = PICTURES / f"{name}.png", tmp_path / "now.png"
    with style.context("en"):
        ax = figures.new_figure(5, 4).subplots()
        DRAWINGS[name](ax, "en")
        target = kept if os.environ.get("PARKSIM_KEEP_PICTURES") else now
        ax.figure.savefig(target, dpi=60, metadata={"Software": None})
    if target is now:
        assert compare_images(str(kept), str(now), tol=3) is None


# --- what a map shows ---------------------------------------------------------------------------


def drawn_map(scenario, **options):
    return maps.park_map(scenario, figures.new_figure(6, 5).subplots(), **options)


def metres(ax, colour):
    """Length of all lines of a colour."""
    lines = [c for c in ax.collections if hasattr(c, "get_segments")]
    own = [c for c in lines if len(c.get_colors()) and mpl.colors.same_color(c.get_colors()[0], colour)]
    return sum(float(np.abs(np.diff(np.asarray(s), axis=0)).sum()) for c in own for s in c.get_segments())


def test_a_fence_is_drawn_along_the_edges_of_its_block_with_a_gap_at_the_gate():
    ax = drawn_map(case().scenarios[0])  # two blocks of 200 by 200 m, a gate of 100 m each
    assert metres(ax, style.FENCE) == 2 * (800 - 100)
    assert metres(ax, style.GATE) == 2 * 100


def test_an_opened_fence_is_dotted_and_needs_no_gate():
    ax = drawn_map(case().scenarios[1])
    assert metres(ax, style.FENCE) == 2 * 800
    assert metres(ax, style.GATE) == 0


def test_every_block_is_named_once_in_the_reader_s_language():
    park = load("iot-town-park")
    en, zh = (texts(drawn_map(park, lang=lang).figure) for lang in ("en", "zh"))
    flat = [text.replace("\n", " ") for text in en]
    assert flat.count("Hikvision") == 1
    assert "Smart e-Valley" in flat
    assert "IoT Street" in flat
    assert [text.replace("\n", "") for text in zh].count("海康威视") == 1


def test_a_place_for_own_staff_is_hollow_and_an_open_one_filled():
    def faces(scenario):
        lines = drawn_map(scenario).lines
        return [line.get_markerfacecolor() for line in lines if line.get_marker() == "o"]

    park, town = case().scenarios
    assert faces(park) == ["white"]
    assert faces(town)
    assert "white" not in faces(town)


def test_the_legend_explains_what_is_drawn_and_nothing_else():
    labels = [handle.get_label() for handle in maps.legend_handles([case().scenarios[0]], "en")]
    assert labels == [
        "Road", "Green", "Offices", "Housing", "Service building", "Fence", "Gate", "Bus stop",
        "Road entrance", "Food, shops, daily needs", "Own staff only",
    ]  # fmt: skip


def test_a_map_says_how_far_and_which_way():
    found = texts(drawn_map(case().scenarios[0]).figure)
    assert "200 m" in found
    assert "N" in found


def test_values_colour_buildings_and_cells_alike():
    park = case().scenarios[0]
    by_building = np.arange(len(read_map(park.map).buildings), dtype=float)
    cells = maps.cell_values(park, by_building)
    assert np.nanmax(cells) == by_building[-1]
    assert np.array_equal(maps.cell_values(park, cells), cells, equal_nan=True)
    with pytest.raises(ValueError, match="one a building"):
        maps.cell_values(park, [1.0])


def test_better_is_blue_whichever_way_is_better():
    park, town = case().scenarios
    n = len(read_map(park.map).buildings)
    for lower, change in ((False, 1.0), (True, -1.0)):
        ax = maps.difference_map(
            park,
            town,
            (np.zeros(n), np.full(n, change)),
            figures.new_figure(5, 4).subplots(),
            lower_is_better=lower,
        )
        coloured = next(c for c in ax.collections if c.get_array() is not None)
        red, _, blue, _ = coloured.to_rgba(coloured.get_array())[0]
        assert blue > red


def test_maps_side_by_side_share_their_scale():
    values = [100 * places.reach(s) for s in case().scenarios]
    axes = maps.maps_side_by_side(case().scenarios, figures.new_figure(9, 5), values=values, label="%")
    norms = [next(c for c in ax.collections if c.get_array() is not None).norm for ax in axes]
    assert (norms[0].vmin, norms[0].vmax) == (norms[1].vmin, norms[1].vmax)


def test_reach_is_what_a_pencil_finds():
    # tiny-park's own comment: block west reaches 1 of 3 in 5 minutes and 2 of 3 in 10, block east 0 and 1;
    # the community 3 and 3, 2 and 3. Here the share is over both circles.
    park, town = (places.reach(s) for s in case().scenarios)
    names = [b.block for b in read_map(case().scenarios[0].map).buildings]
    west, east = names.index("west"), names.index("east")
    assert park[[west, east]] == pytest.approx([3 / 6, 1 / 6])
    assert town[[west, east]] == pytest.approx([6 / 6, 5 / 6])
    assert np.isnan(park[names.index("dormitory")])


# --- what a figure of results shows ---------------------------------------------------------------


def test_pairs_are_joined_and_the_mean_difference_is_written():
    ax = DRAWINGS["paired_plot"](figures.new_figure(5, 4).subplots(), "en")
    d = case().difference("commute_mean_min")
    written = " ".join(texts(ax.figure))
    assert f"−{abs(d.mean):.2f} min" in written
    assert "no difference larger than 1 min" in written
    joined = [line for line in ax.lines if len(line.get_xdata()) == 2 and list(line.get_xdata()) == [0, 1]]
    assert len(joined) == case().reps


def test_shares_are_drawn_in_per_cent():
    ax = DRAWINGS["timeline"](figures.new_figure(5, 4).subplots(), "en")
    assert ax.get_ylabel() == "%"
    assert ax.lines[0].get_ydata().max() == pytest.approx(100 * case().of("vacancy_rate").mean())


def test_a_forest_has_a_panel_for_each_unit_and_the_band_that_does_not_matter():
    names = ["commute_mean_min", "vacancy_rate", "requests_answered_share"]
    axes = figures.forest(case(), names, figures.new_figure(7, 4))
    assert [ax.get_xlabel() for ax in axes] == ["Difference (min)", "Difference (pp)"]
    band = axes[0].patches[0]
    assert (band.get_x(), band.get_width()) == (-1, 2)


def test_groups_stand_with_their_counts():
    found = texts(DRAWINGS["who_gains"](figures.new_figure(5, 4).subplots(), "en").figure)
    assert "Wage: low" in found
    assert "10" in found
    assert not any("North" in text for text in found)  # home zones have their table


def test_all_figures_of_a_comparison_are_written_twice(tmp_path):
    files = figures.write_figures(case(), tmp_path / "figures")
    assert {f.suffix for f in files} == {".png", ".svg"}
    stems = {f.stem for f in files}
    assert {"maps", "reach", "forest", "pairs-commute_mean_min", "months-commute_mean_min"} <= stems
    assert all(f.stat().st_size > 1000 for f in files)
