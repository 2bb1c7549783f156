"""The report: one self-contained HTML file that answers the question first and shows its grounds after."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parksim.experiment.work import replication_seed
from parksim.report import figures, maps, messages, paying, places, rules, style
from parksim.report.leaving import leaving
from parksim.report.messages import Messages, verdict_kind
from parksim.scenario import parameters, paths
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.diff import difference, text
from parksim.validation import FACTS
from parksim.world.grid import read_map

if TYPE_CHECKING:
    import pandas as pd

    from parksim.experiment.comparison import Comparison
    from parksim.experiment.statistics import Paired
    from parksim.indicators import Indicator
    from parksim.scenario.diff import Difference
    from parksim.scenario.schema import Amenity, Scenario

COMMUTE_TARGET = ("commute_share_within_45", 0.80)
"""Of the national monitoring report of city commuting: 80 % within 45 minutes."""
ENOUGH = 20
"""With fewer futures drawn, the share of them in which a sign holds says little."""
SURE = 0.9
"""A difference whose sign holds in fewer of the futures is called weak."""
MOST_LISTED = 9
MOST_FLIPS = 2  # assumptions named for one difference
_NAMED = ("channels", "chain", "benches", "projects", "offers")
_CODE = Markup("<code>{}</code>")
GROUP_TABLES = 3
"""So many indicators are shown by group in full."""


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator of the table, ready to be written."""

    name: str
    label: str
    unit: str
    base: str
    other: str
    becomes: str
    """The other value with its unit."""
    difference: str
    interval: str
    range90: str
    sign_share: str
    n: int
    reduction: str
    kind: str
    verdict: str
    target: str = ""
    bar: dict[str, float] = field(default_factory=dict)
    weight: float = 0.0
    """Size of the difference in relevance thresholds."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure in the page, with the words for those who cannot see it."""

    id: str
    svg: Markup
    alt: str
    caption: str = ""
    wide: bool = False


def write(comparison: Comparison, path: str | Path, lang: str = "en") -> Path:
    """Write the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
    path : path
        Where the HTML file goes; its folder is made.
    lang : str
        ``en`` or ``zh``.

    Returns
    -------
    Path
        The file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(comparison, lang), encoding="utf-8")
    return path


def render(comparison: Comparison, lang: str = "en") -> str:
    """Return the report of a comparison as HTML text."""
    m = Messages(lang)
    environment = Environment(
        loader=PackageLoader("parksim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = m
    template = environment.get_template("report.html.j2")
    with style.context(lang):
        return template.render(r=Report(comparison, m), lang={"zh": "zh-CN"}.get(lang, lang))


class Report:
    """What the template asks for; every number comes from the comparison and is written by the catalogue.

    Parameters
    ----------
    comparison : Comparison
    messages : Messages
        Of the language to write in.
    """

    def __init__(self, comparison: Comparison, messages: Messages) -> None:
        self.comparison = comparison
        self.m = messages
        self.base = comparison.scenarios[0]
        self.others = comparison.scenarios[1:]
        self._rows: dict[tuple[str, str], Row] = {}
        self._tables: dict[tuple[str, str], pd.DataFrame] = {}
        self.letters = {
            s.name: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i % 26] for i, s in enumerate(comparison.scenarios)
        }

    # --- page 1 ---------------------------------------------------------------------------------

    @property
    def question(self) -> str:
        """The question that the comparison answers."""
        if len(self.others) == 1:
            return self.m(
                "page.question", baseline=self.m.own(self.base), alternative=self.m.own(self.others[0])
            )
        return self.m("page.question_many", baseline=self.m.own(self.base), n=len(self.others))

    def summary(self, scenario: Scenario) -> str:
        """Return what a scenario says it is, in this language where it does."""
        return (scenario.summary_zh if self.m.lang == "zh" else "") or scenario.summary

    def topics(self, other: Scenario) -> list[tuple[str, list[Row]]]:
        """Return the main indicators by topic, those that the comparison has."""
        out = []
        for topic in figures.TOPICS:
            rows = [self.row(name, other) for name in figures.main_indicators(self.comparison, topic)]
            if rows:
                out.append((self.m(f"page.topic_{topic}"), rows))
        return out

    def answer(self, other: Scenario) -> list[tuple[str, str, list[Row], int]]:
        """Return kind, heading, rows in the order of the table and how many more there are, by verdict."""
        rows = [row for _, part in self.topics(other) for row in part]
        out = []
        for kinds, heading in (
            (("better",), "page.gets_better"),
            (("worse",), "page.gets_worse"),
            (("unclear",), "page.not_clear"),
            (("higher", "lower"), "page.changes_neutral"),
            (("same",), "page.no_change"),
        ):
            found = [r for r in rows if r.kind in kinds]
            if found or kinds[0] in {"better", "worse"}:
                most = len(found) if kinds[0] == "same" else MOST_LISTED
                out.append((kinds[0], self.m(heading), found[:most], max(0, len(found) - most)))
        return out

    def row(self, name: str, other: Scenario) -> Row:
        """Return one indicator, the baseline against another scenario."""
        if (name, other.name) not in self._rows:
            self._rows[name, other.name] = self._row(name, other)
        return self._rows[name, other.name]

    def _row(self, name: str, other: Scenario) -> Row:
        m, about = self.m, self.comparison.about(name)
        result = self.comparison.difference(name, other.name)
        base, mean = (self.comparison.estimate(name, s.name).mean for s in (self.base, other))
        return Row(
            name=name,
            label=m.indicator(name),
            unit=m.unit(about.unit),
            base=m.number(base, about.unit),
            other=m.number(mean, about.unit),
            becomes=m.value(mean, about.unit),
            difference=m.number(result.mean, about.unit, sign=True, difference=True),
            interval=m.interval(result.low, result.high, about.unit),
            range90=m.interval(*result.range90, about.unit),
            sign_share=m.number(result.sign_share, "share"),
            n=result.n,
            reduction="–" if math.isnan(result.variance_reduction) else f"{result.variance_reduction:,.0f}",
            kind=verdict_kind(result.verdict),
            verdict=m.verdict(result.verdict, about.threshold, about.unit),
            target=self._target(name),
            bar=_bar(result, about),
            weight=abs(result.mean) / about.threshold if about.threshold and result.n else 0.0,
        )

    def differs(self, other: Scenario) -> list[Difference]:
        """Return every input that differs."""
        return difference(self.base, other)

    def differs_in_words(self, other: Scenario) -> list[tuple[str, list[str]]]:
        """Return what differs in the inputs, in words: (what, names)."""
        m, found = self.m, self.differs(other)
        amenities = {a.name: a for s in (self.base, other) for a in s.amenities}
        sites = self._blocks(other)
        groups: dict[str, list[str]] = {}
        colon = m("page.colon")
        for item in found:
            part = item.path.split(".")
            if part[:2] == ["map", "fences"] and part[-1] == "open":
                fence = next(f for f in other.map.fences if f.name == part[2])
                key = "opened" if item.b else "closed"
                groups.setdefault(m(f"page.fences_{key}"), []).append(
                    sites.get(fence.block or "", fence.name)
                )
            elif part[0] == "amenities" and len(part) == 2:
                amenity = amenities[part[1]]
                words = m("page.place", title=self._called(amenity), capacity=f"{amenity.capacity:g}")
                groups.setdefault(
                    m("page.places_added" if item.a is None else "page.places_removed"), []
                ).append(words)
            elif part[0] == "amenities" and part[-1] == "access":
                key = "shared" if item.b == "everyone" else "reserved"
                groups.setdefault(m(f"page.places_{key}"), []).append(self._called(amenities[part[1]]))
            elif part[0] == "amenities" and part[-1] == "outsiders":
                groups.setdefault(m("page.places_visitors"), []).append(
                    f"{self._called(amenities[part[1]])}{colon}{text(item.a)} → {text(item.b)}"
                )
            elif part[0] == "governance":
                what = m.word(f"field.{part[1]}", part[1])
                if part[1] in _NAMED and len(part) > 2:
                    one = next(
                        (
                            x
                            for s in (other, self.base)
                            for x in getattr(s.governance, part[1])
                            if x.name == part[2]
                        ),
                        None,
                    )
                    sign = "+" if item.a is None else "−" if item.b is None else ""
                    words = (
                        self._signed(sign, one, amenities.get(getattr(one, "amenity", None) or ""))
                        if len(part) == 3
                        else _CODE.format(f"{part[2]}.{part[3]}: {text(item.a)} → {text(item.b)}")
                    )
                else:
                    words = f"{what}{colon}{self._said(item.a)} → {self._said(item.b)}"
                groups.setdefault(m("page.governance"), []).append(words.strip())
            else:
                change = f"{text(item.a)} → {text(item.b)}"
                groups.setdefault(m("page.other_inputs"), []).append(
                    f"{self._assumption(item.path)}{colon}{change}"
                    if part[0] == "parameters"
                    else _CODE.format(f"{item.path}: {change}")
                )
        return list(groups.items())

    def plain(self, value: Any) -> str:
        """Write one side of a difference in full."""
        return text(value)

    def losers(self, other: Scenario) -> dict[str, Any]:
        """Return groups of people shown to lose, and how many differences were looked at."""
        looked, found = 0, []
        for indicator in self.group_indicators:
            looked += len(self._group_table(indicator, other))
            rows = self.group_rows(indicator, other)
            found += [
                {**row, "indicator": self.m.indicator(indicator)} for row in rows if row["kind"] == "worse"
            ]
        return {"looked": looked, "found": found}

    def payers(self, other: Scenario) -> dict[str, Any]:
        """Return who pays what and has what back: a table, and sentences on rents, small firms and land."""
        head, rows = paying.payer_table(self.comparison, self.m, other.name)
        return {
            "head": head,
            "rows": rows,
            "said": paying.costs_of_success(self.comparison, self.m, other.name),
        }

    def break_even(self, other: Scenario) -> list[str]:
        """Return at what effect on quitting the scenario would pay, in sentences."""
        return paying.sentences(self.comparison, self.m, other.name)

    def weak(self, other: Scenario) -> dict[str, Any]:
        """Return which shown differences keep their sign in too few futures."""
        rows = [
            r
            for _, part in self.topics(other)
            for r in part
            if r.kind in {"better", "worse", "higher", "lower"}
        ]
        shares = {r.name: self.comparison.difference(r.name, other.name).sign_share for r in rows}
        return {
            "total": len(rows),
            "weak": [r for r in rows if shares[r.name] < SURE],
            "flips": [text for r in rows for text in self._flips(r, other)],
            "futures": self.comparison.reps,
            "few": self.comparison.reps < ENOUGH,
        }

    def _flips(self, row: Row, other: Scenario) -> list[str]:
        """Say which assumptions would turn the sign of a difference within their ranges."""
        m, said = self.m, Markup(escape(self.m.word("page.flip", "")))  # noqa: S704  (escaped)
        unit = self.comparison.about(row.name).unit
        found = self.comparison.flips(row.name, other.name)
        found = found[found["turns_at"].notna()]
        return [
            said.format(
                indicator=row.label,
                path=self._assumption(str(flip["path"])),
                at=_short(float(flip["turns_at"])),
                low=_short(float(flip["low"])),
                high=_short(float(flip["high"])),
                at_low=m.value(float(flip["at_low"]), unit, sign=True, difference=True),
                at_high=m.value(float(flip["at_high"]), unit, sign=True, difference=True),
            )
            for flip in found.head(MOST_FLIPS).to_dict("records")
        ]

    def _assumption(self, path: str) -> str:
        """Name an assumption: section and name of a parameter, or the path in the scenario file as code."""
        root, section, *_ = path.split(".")
        if root != "parameters":
            return _CODE.format(path)
        name = self.m.parameter(path).removeprefix(f"{section}.")
        return f"{self.m.word(f'parameters.{section}', section)} · {name}"

    @property
    def unknowns(self) -> dict[str, int]:
        """How many parameters there are, are assumed by us, and were drawn in this comparison."""
        table = parameters.table()
        return {
            "n": len(table),
            "assumed": sum(row["grade"] == "assumed" for row in table),
            "drawn": self.comparison.futures.shape[1],
        }

    # --- page 2 ---------------------------------------------------------------------------------

    def layout_maps(self) -> list[Picture]:
        """Return the map of every scenario, on one scale."""
        m, out = self.m, []
        for s in self.comparison.scenarios:
            figure = self._map_figure(s)
            maps.park_map(
                s, figure.subplots(), lang=m.lang, legend=False, title=f"{self.letters[s.name]}  {m.own(s)}"
            )
            alt = m(
                "page.map_alt",
                title=m.own(s),
                fences=sum(not f.open for f in s.map.fences),
                opened=sum(f.open for f in s.map.fences),
                gates=len(s.map.gates),
                places=sum(a.outside is None for a in s.amenities),
                gateways=len(s.gateways),
            )
            out.append(self._picture(f"map-{s.name}", figure, alt))
        return out

    def map_legend(self) -> Picture:
        """Return the legend that all maps share."""
        handles = maps.legend_handles(list(self.comparison.scenarios), self.m.lang)
        columns = 4
        figure = figures.new_figure(6.8, 0.23 * math.ceil(len(handles) / columns) + 0.15)
        ink = style.MAP_INK  # the page keeps this figure on a light ground, as the maps themselves
        figure.legend(handles=handles, loc="center", ncols=columns, fontsize=8.5, labelcolor=ink)
        return self._picture("map-legend", figure, self.m("page.map_legend"), wide=True)

    def reach_maps(self) -> list[Picture]:
        """Return what can be reached on foot in every scenario, on one scale, and then the changes."""
        return self._value_maps(
            "reach", self.m("page.reach_title"), self._reach, "share", limits=(0.0, 100.0)
        )

    def measured_maps(self) -> list[tuple[str, list[Picture]]]:
        """Return what runs measured by building, a row an indicator, where groups ``building=…`` are kept."""
        out: list[tuple[str, list[Picture]]] = []
        groups = self.comparison.groups
        if "group" not in groups:
            return out
        inside = groups[groups["group"].astype(str).str.startswith("building=")]
        for indicator in [str(name) for name in inside["indicator"].unique()]:
            if indicator not in self.comparison.indicators:
                continue
            here = inside[inside["indicator"] == indicator]
            means = here.groupby(["scenario", "group"])["value"].mean()
            values = {
                s.name: np.array(
                    [means.get((s.name, f"building={b.name}"), np.nan) for b in read_map(s.map).buildings]
                )
                for s in self.comparison.scenarios
            }
            if all(np.isfinite(v).any() for v in values.values()):
                about = self.comparison.about(indicator)
                row = self._value_maps(
                    indicator,
                    self.m.indicator(indicator),
                    values,
                    about.unit,
                    limits=(0.0, 100.0) if about.unit == "share" else None,
                    lower_is_better=about.better == "lower",
                    small=True,
                )
                out.append((self.m.indicator(indicator), row))
        return out

    def queue_maps(self) -> list[Picture]:
        """Return the mean wait at every place with a queue, where groups ``amenity=…`` are kept."""
        groups = self.comparison.groups
        if "group" not in groups:
            return []
        here = groups[(groups["indicator"] == "wait_min") & groups["group"].str.startswith("amenity=")]
        if here["value"].isna().all():
            return []
        m, out, unit = self.m, [], self.comparison.about("wait_min").unit
        means = here.groupby(["scenario", "group"])["value"].mean()
        what = m.indicator("wait_min")
        waits = {
            s.name: {
                a.name: float(means.get((s.name, f"amenity={a.name}"), math.nan))
                for a in s.amenities
                if a.outside is None and not CATEGORIES[a.category].allotted
            }
            for s in self.comparison.scenarios
        }
        limits = (0.0, max(1.0, *(np.nanmax([*w.values(), 0.0]) for w in waits.values())))
        for s in self.comparison.scenarios:
            figure = self._map_figure(s, bar=True, small=True)
            options = {"lang": m.lang, "title": self.letters[s.name], "label": m.unit(unit)}
            maps.queue_map(s, waits[s.name], figure.subplots(), limits=limits, **options)
            ends = self._ends(np.array([*waits[s.name].values()]), unit)
            alt = m("page.wait_alt", what=what, title=m.own(s), low=ends[0], high=ends[1])
            out.append(self._picture(f"wait-{s.name}", figure, alt))
        for s in self.others:
            change = {
                name: wait - waits[self.base.name].get(name, math.nan) for name, wait in waits[s.name].items()
            }
            largest = max(1.0, np.nanmax(np.abs([*change.values(), 0.0])))
            figure = self._map_figure(s, bar=True, small=True)
            letters = {"alternative": self.letters[s.name], "baseline": self.letters[self.base.name]}
            options = {
                "lang": m.lang,
                "title": m("page.change", **letters),
                "label": m.unit(unit, difference=True),
            }
            maps.queue_map(
                s, change, figure.subplots(), limits=(-largest, largest), diverging=True, **options
            )
            ends = self._ends(np.array([*change.values()]), unit, difference=True)
            alt = m("page.wait_change_alt", what=what, low=ends[0], high=ends[1])
            out.append(self._picture(f"wait-change-{s.name}", figure, alt))
        return out

    def _value_maps(
        self,
        key: str,
        what: str,
        values: dict[str, places.Floats],
        unit: str,
        *,
        limits: tuple[float, float] | None = None,
        lower_is_better: bool = False,
        small: bool = False,
    ) -> list[Picture]:
        """Draw values by building for every scenario on one scale, and each change on a scale of its own."""
        m, out = self.m, []
        shown = {name: m.scale(unit) * v for name, v in values.items()}
        limits = limits or maps.common_limits(shown.values())
        for s in self.comparison.scenarios:
            figure = self._map_figure(s, bar=True, small=small)
            title = self.letters[s.name] if small else f"{self.letters[s.name]}  {what}"
            options = {
                "lang": m.lang,
                "legend": False,
                "names": not small,
                "title": title,
                "label": m.unit(unit),
            }
            maps.park_map(s, figure.subplots(), shown[s.name], limits=limits, **options)
            ends = self._ends(values[s.name], unit)
            alt = m("page.value_alt", what=what, title=m.own(s), low=ends[0], high=ends[1])
            out.append(self._picture(f"{key}-{s.name}", figure, alt))
        for s in self.others:
            if s.map.shape != self.base.map.shape:
                continue
            figure = self._map_figure(s, bar=True, small=small)
            letters = {"alternative": self.letters[s.name], "baseline": self.letters[self.base.name]}
            title = m("page.change", **letters) if small else m("page.value_change", what=what, **letters)
            pair = maps.cell_values(self.base, shown[self.base.name]), maps.cell_values(s, shown[s.name])
            options = {
                "lang": m.lang,
                "legend": False,
                "names": not small,
                "title": title,
                "label": m.unit(unit, difference=True),
            }
            maps.difference_map(
                self.base, s, pair, figure.subplots(), lower_is_better=lower_is_better, **options
            )
            ends = self._ends((pair[1] - pair[0]) / m.scale(unit), unit, difference=True)
            alt = m("page.value_change_alt", what=what, low=ends[0], high=ends[1])
            out.append(self._picture(f"{key}-change-{s.name}", figure, alt))
        return out

    def reach_table(self) -> list[tuple[str, list[str]]]:
        """Return the share within reach by site, a column a scenario."""
        columns = [
            dict(places.by_site(s, self._reach[s.name], self.m.lang)) for s in self.comparison.scenarios
        ]
        sites = sorted({site for column in columns for site in column})
        return [(site, [self.m.number(c.get(site), "share") for c in columns]) for site in sites]

    # --- page 3 ---------------------------------------------------------------------------------

    @property
    def group_indicators(self) -> list[str]:
        """Return the indicators kept by group, the cohort's before the stock's."""
        if self.comparison.groups.empty or "indicator" not in self.comparison.groups:
            return []
        kept = [str(n) for n in self.comparison.groups["indicator"].unique()]
        if "commute_mean_min_cohort" in kept:
            kept = ["commute_mean_min_cohort", *(n for n in kept if not n.startswith("commute_mean_min"))]
        if "stayed_share_cohort" in kept:
            kept.insert(1, kept.pop(kept.index("stayed_share_cohort")))
        return [name for name in kept if name in self.comparison.indicators]

    @property
    def group_tables(self) -> list[str]:
        """Return those of them that are shown in full."""
        return self.group_indicators[:GROUP_TABLES]

    def group_rows(self, indicator: str, other: Scenario) -> list[dict[str, Any]]:
        """Return an indicator by group, ready to be written."""
        m, about = self.m, self.comparison.about(indicator)
        out = []
        for group, row in self._group_table(indicator, other).iterrows():
            kind = str(group).partition("=")[0]
            if kind == "home_zone" and not indicator.startswith("commute"):
                continue  # homes say little about what is reached from the desk
            dimension, level = m.group(str(group), self.base)
            out.append(
                {
                    "dimension": dimension,
                    "level": level,
                    "count": f"{row['n_people']:,.0f}",
                    "becomes": m.value(row[other.name], about.unit),
                    "base": m.number(row[self.base.name], about.unit),
                    "other": m.number(row[other.name], about.unit),
                    "difference": m.number(row["difference"], about.unit, sign=True, difference=True),
                    "interval": m.interval(row["low"], row["high"], about.unit),
                    "kind": verdict_kind(row["verdict"]),
                    "verdict": m.verdict(row["verdict"], about.threshold, about.unit),
                    "unit": m.unit(about.unit),
                }
            )
        return out

    def gains(self, other: Scenario) -> list[Picture]:
        """Return who gains, as figures."""
        out = []
        for indicator in self.group_tables:
            groups = self._group_table(indicator, other).index
            rows = sum(not str(group).startswith("home_zone=") for group in groups)
            figure = figures.new_figure(5.2, 0.23 * rows + 1.1)
            figures.who_gains(
                self.comparison, indicator, figure.subplots(), lang=self.m.lang, scenario=other.name
            )
            alt = self.m("page.gains_alt", indicator=self.m.indicator(indicator))
            out.append(self._picture(f"gains-{other.name}-{indicator}", figure, alt))
        return out

    def forest(self, other: Scenario) -> Picture:
        """Return the differences of the main indicators, a panel for each unit."""
        names = figures.main_indicators(self.comparison)
        figure = figures.new_figure(*figures.forest_size(figures.by_unit(self.comparison, names, other.name)))
        figures.forest(self.comparison, names, figure, lang=self.m.lang, scenario=other.name)
        return self._picture(
            f"forest-{other.name}", figure, self.m("page.forest_alt", n=len(names)), wide=True
        )

    def timelines(self) -> list[Picture]:
        """Return the main indicators month by month."""
        out: list[Picture] = []
        for indicator in figures.monthly_indicators(self.comparison):
            figure = figures.new_figure(4.6, 3.1)
            figures.timeline(self.comparison, indicator, figure.subplots(), lang=self.m.lang)
            unit = self.comparison.about(indicator).unit
            by_month = self.comparison.monthly(indicator).mean(axis=1).dropna()
            ends = [
                self.m.value(float(v), unit)
                for v in (by_month.iloc[[0, -1]] if len(by_month) else [math.nan] * 2)
            ]
            alt = self.m(
                "page.timeline_alt", indicator=self.m.indicator(indicator), first=ends[0], last=ends[1]
            )
            out.append(self._picture(f"time-{indicator}", figure, alt))
        return out

    def pairs(self, other: Scenario) -> list[Picture]:
        """Return the pairs of the commute and of the strongest other difference."""
        rows = [r for _, part in self.topics(other) for r in part]
        first = [r for r in rows if r.name.startswith("commute_mean_min")][:1]
        rest = sorted(
            (r for r in rows if r not in first and r.kind in {"better", "worse"}), key=lambda r: -r.weight
        )[:1]
        out = []
        for row in first + rest:
            figure = figures.new_figure(4.6, 3.3)
            figures.paired_plot(
                self.comparison, row.name, figure.subplots(), lang=self.m.lang, scenario=other.name
            )
            alt = self.m("page.pairs_alt", indicator=row.label, value=f"{row.difference} [{row.interval}]")
            out.append(self._picture(f"pairs-{other.name}-{row.name}", figure, alt))
        return out

    def leaving(self) -> list[Picture]:
        """Return how long the people of the start stayed and why people left, where the logs were kept."""
        found = leaving(self.comparison)
        if found is None:
            return []
        m = self.m
        titles = {s.name: m.own(s) for s in self.comparison.scenarios}
        stay = figures.new_figure(4.6, 3.3)
        figures.survival(found.curves, stay.subplots(), lang=m.lang, titles=titles)
        why = figures.new_figure(4.6, 0.19 * found.rates.size + 0.9)
        figures.causes(found.rates, why.subplots(), lang=m.lang, titles=titles)
        last = m.value(float(found.curves[self.base.name]["survival"].iloc[-1]), "share")
        return [
            self._picture(
                "survival", stay, m("page.survival_alt", months=self.comparison.months, share=last)
            ),
            self._picture("causes", why, m("page.causes_alt")),
        ]

    # --- page 4 ---------------------------------------------------------------------------------

    def all_rows(self, other: Scenario) -> list[Row]:
        """Return every indicator."""
        return [self.row(name, other) for name in self.comparison.indicators]

    def parameter_rows(self) -> list[tuple[str, list[dict[str, str]]]]:
        """Return the parameters by section, with the value that the baseline uses."""
        m, titled = self.m, messages.parameters(self.m.lang)
        sections: dict[str, list[dict[str, str]]] = {}
        for row in parameters.table():
            _, section, name = row["path"].split(".")
            value = paths.get(self.base, row["path"])
            own = self.base.sources.get(row["path"])
            low, high = own.range if own and own.range else (row["low"], row["high"])
            sections.setdefault(section, []).append(
                {
                    "name": name,
                    "title": m.parameter(row["path"]) if row["path"] in titled else "",
                    "value": _short(value),
                    "unit": m.word(f"parameter_unit.{row['unit']}", row["unit"]),
                    "range": _short(low) if low == high else f"{_short(low)} … {_short(high)}",
                    "grade": own.grade if own else row["grade"],
                    "source": m.source(own) if own else m.parameter_source(row["path"], row["source"]),
                }
            )
        return [(m.word(f"parameters.{section}", section), rows) for section, rows in sections.items()]

    def source_rows(self) -> list[dict[str, str]]:
        """Return the sources that the scenario files state for their own values."""
        out: dict[tuple[str, str], dict[str, str]] = {}
        for s in self.comparison.scenarios:
            for path, source in s.sources.items():
                spread = "" if source.range is None else "{} … {}".format(*map(_short, source.range))
                row = out.setdefault(
                    (path, source.source),
                    {
                        "path": path,
                        "range": spread,
                        "grade": source.grade,
                        "source": self.m.source(source),
                        "where": "",
                    },
                )
                row["where"] += self.letters[s.name]
        return list(out.values())

    def validation_rows(self) -> list[dict[str, str]]:
        """Hold the baseline against published figures of its city; nothing where none are known."""
        m = self.m
        out: list[dict[str, str]] = []
        if "Hangzhou" not in self.base.city.name:
            return out
        for fact in FACTS:
            if fact.families and self.base.family not in fact.families:
                continue
            if fact.member != "plain" or fact.name not in self.comparison.indicators:
                continue
            unit = self.comparison.about(fact.name).unit
            values = self.comparison.of(fact.name).dropna()
            if values.empty:
                continue
            spread = [m.number(float(x), unit) for x in np.quantile(values, [0.05, 0.95])]
            agrees = fact.low <= values.mean() <= fact.high
            out.append(
                {
                    "label": m.indicator(fact.name),
                    "unit": m.unit(unit),
                    "value": m.number(float(values.mean()), unit),
                    "range": " … ".join(spread),
                    "published": m.fact(fact.key, "published", fact.published),
                    "grade": fact.grade,
                    "source": m.fact(fact.key, "source", fact.source),
                    "accepted": f"{m.number(fact.low, unit)} … {m.number(fact.high, unit)}",
                    "agrees": m("page.agrees" if agrees else "page.misses"),
                    "kind": "same" if agrees else "worse",
                    "used": m.word(f"used.{fact.used}", fact.used),
                }
            )
        return out

    def circle_rows(self) -> list[tuple[str, str, list[str]]]:
        """Return the circles of the baseline with the kinds of places they promise."""
        return [
            (self.m.circle(name), f"{c.minutes:g}", [self.m.category(k) for k in c.categories])
            for name, c in self.base.circles.items()
        ]

    def rule_rows(self) -> list[rules.Rule]:
        """Return what rules of planning say of every scenario."""
        return rules.rules(self.comparison.scenarios, self.m)

    def addresses(self) -> list[tuple[str, str, str]]:
        """Return letter, name and content address of every scenario."""
        return [(self.letters[s.name], s.name, s.content_hash) for s in self.comparison.scenarios]

    @property
    def seeds(self) -> list[int]:
        """Seeds of the replications."""
        return [replication_seed(self.comparison.seed, r) for r in range(self.comparison.reps)]

    @property
    def command(self) -> str:
        """Return the command that makes this comparison again."""
        c = self.comparison
        fixed = "" if c.futures.shape[1] else " --fixed"
        names = " ".join(c.names)
        return f"parksim compare {names} --reps {c.reps} --months {c.months} --seed {c.seed}{fixed} --out out"

    @property
    def versions(self) -> list[tuple[str, str]]:
        """Return what the numbers depend on besides the inputs."""
        packages = [(name, metadata.version(name)) for name in ("numpy", "scipy", "pandas", "mesa")]
        return [("parksim", self.comparison.version), ("Python", platform.python_version()), *packages]

    # --- parts ----------------------------------------------------------------------------------

    @property
    def _reach(self) -> dict[str, places.Floats]:
        if not hasattr(self, "_reached"):
            self._reached = {s.name: places.reach(s) for s in self.comparison.scenarios}
        return self._reached

    def _group_table(self, indicator: str, other: Scenario) -> pd.DataFrame:
        if (indicator, other.name) not in self._tables:
            self._tables[indicator, other.name] = self.comparison.group_table(indicator, other.name)
        return self._tables[indicator, other.name]

    def _target(self, name: str) -> str:
        promised = {f"coverage_{circle}": 1.0 for circle in self.base.circles}
        goal = dict([COMMUTE_TARGET], **promised).get(name)
        return "" if goal is None else self.m("page.target_value", value=f"{100 * goal:g}%")

    def _blocks(self, scenario: Scenario) -> dict[str, str]:
        """Return the shortest site name of each block's workplaces."""
        out: dict[str, str] = {}
        for symbol in scenario.map.legend.values():
            name = symbol.site_zh if self.m.lang == "zh" and symbol.site_zh else symbol.site
            if symbol.block and name and symbol.use not in {"green", "road", "water", "vacant"}:
                out[symbol.block] = min(out.get(symbol.block, name), name, key=len)
        return out

    def _called(self, amenity: Amenity) -> str:
        """Name a place: by its title in this language, else by its kind and site."""
        own = amenity.title_zh if self.m.lang == "zh" else amenity.title
        if own:
            return own
        kind = self.m.category(amenity.category)
        park = read_map(self.base.map)
        cell = maps.amenity_cell(park, amenity)
        inside = -1 if cell is None else int(park.block[cell])
        site = self._blocks(self.base).get(park.blocks[inside], "") if inside >= 0 else ""
        return (
            self.m("page.place_at", kind=kind, site=site)
            if site
            else kind + self.m("page.bracketed", text=amenity.name)
        )

    def _signed(self, sign: str, thing: Any, place: Amenity | None) -> str:
        """Write what was added or taken away: the place it offers, its title, the format's word or its name as code."""
        called = self._called(place) if place else self.m.own(thing, self.m.word(f"value.{thing.name}", ""))
        return (
            f"{sign} {called}" if called != thing.name else Markup("{} {}").format(sign, _CODE.format(called))
        )

    def _said(self, value: Any) -> str:
        """Write a plain value of a scenario; words of the format in this language."""
        if isinstance(value, list):
            return self.m("page.comma").join(self._said(v) for v in value) or "–"
        return self.m.word(f"value.{value}", text(value)) if isinstance(value, str) else text(value)

    def _map_figure(self, scenario: Scenario, *, bar: bool = False, small: bool = False) -> Any:
        rows, columns = scenario.map.shape
        if small:  # three stand in a row
            figure = figures.new_figure(3.6, 3.05 * rows / columns + 0.5, fitted=False)
            figure.subplots_adjust(left=0.01, right=0.9, bottom=0.09, top=0.9)
            return figure
        return figures.new_figure(4.9 if not bar else 5.2, 4.7 * rows / columns + 0.55)

    def _picture(self, name: str, figure: Any, alt: str, *, wide: bool = False) -> Picture:
        key = "f-" + "".join(c if c.isalnum() else "-" for c in name)
        return Picture(key, Markup(figures.svg(figure, key, self.m.lang)), alt, wide=wide)  # noqa: S704  (our own drawing)

    def _ends(self, values: places.Floats, unit: str, *, difference: bool = False) -> tuple[str, str]:
        """Write the least and the largest of some values; nan is left out."""
        found = values[np.isfinite(values)]
        ends = (float(found.min()), float(found.max())) if found.size else (math.nan, math.nan)
        low, high = (self.m.value(x, unit, sign=difference, difference=difference) for x in ends)
        return low, high


def _bar(result: Paired, about: Indicator) -> dict[str, float]:
    """Return where the interval, the mean and the band of no matter lie on a bar from 0 to 100."""
    if not result.n:
        return {}
    ends = [x for x in (result.low, result.high, result.mean) if math.isfinite(x)]
    reach = max([abs(x) for x in ends] + [1.4 * about.threshold]) * 1.08 or 1.0

    def at(x: float) -> float:
        return round(50 + 50 * x / reach, 2)

    low, high = (result.low, result.high) if math.isfinite(result.low) else (result.mean, result.mean)
    return {
        "band_from": at(-about.threshold),
        "band_to": at(about.threshold),
        "low": at(low),
        "high": at(high),
        "mean": at(result.mean),
    }


def _short(value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return (f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,.6g}").replace("-", "−")
