"""Results on a family's page, made by the program: ``python -m docs.results FAMILY``.

Plays the members of a family with the same people and the same luck and writes, between two markers of
``docs/scenarios/FAMILY.md``, what differs, who gains and loses, and what published figures say; the maps go to
``docs/pictures``. The text around the markers is written by hand and stays.
"""

from __future__ import annotations

import argparse
import math
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from parksim.cli.runs import headlines
from parksim.experiment.comparison import compare
from parksim.experiment.work import replication_seed
from parksim.indicators import describe
from parksim.report import figures, maps, places, style
from parksim.report.messages import Messages, verdict_kind
from parksim.scenario import library
from parksim.scenario.read import load
from parksim.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from parksim.experiment.comparison import Comparison
    from parksim.scenario.schema import Scenario

DOCS = Path(__file__).parent
START, END = "<!-- results -->", "<!-- end of results -->"
"""Markers between which a page's results stand."""
BESIDE = (
    "employees", "enterprises", "output_per_mu", "tax_per_mu", "land_vacated_mu", "new_floor_m2",
    "firms_displaced", "firms_returned", "digital_gap", "digital_level",
    "net_cost_government", "net_cost_operator", "net_cost_employers", "net_cost_users",
)  # fmt: skip
"""Shown besides the headlines of ``parksim compare``, where runs have them."""
ORDER = ("park", "community", "renewal", "transition")
"""Members that are played, by the last part of their name."""
NOTHING = 1e-12
LONG = ("info-port", "gaoqiao", "zhongtai", "tongyun")
"""Families whose last projects open only after the third year."""
YEARLY = (
    "employees", "enterprises", "output_per_mu", "tax_per_mu", "floor_vacancy_share", "live_in_park_share",
    "commute_mean_min", "requests_answered_share", "ties_per_employee", "digital_gap",
)  # fmt: skip
"""Told year by year, where they are kept by month and any member differs."""
MOST_GROUPS = 6
MOST_ALIKE = 12
LEAST_PEOPLE = 50
"""Smaller groups are judged, but not named as the one that gains most or least."""
DOTS = 110


def main() -> None:
    """Play a family and write its results into its page."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.results", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("family", help="family of the library with a page in docs/scenarios")
    parser.add_argument("--members", nargs="+", help="scenarios, the baseline first; default: the family's")
    parser.add_argument("--reps", type=int, default=8)
    parser.add_argument("--months", type=int, help=f"default: 36; of {', '.join(LONG)}: 60")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--maps-only", action="store_true", help="draw the maps and play nothing")
    said = parser.parse_args()
    page = DOCS / "scenarios" / f"{said.family}.md"
    text = page.read_text(encoding="utf-8")
    if START not in text or END not in text:
        parser.error(f"{page} has no lines '{START}' and '{END}' between which results would stand")
    scenarios = [load(name) for name in said.members or members(said.family)]
    pictures = draw(scenarios[0], scenarios[1], said.family)
    if said.maps_only:
        return
    months = said.months or (60 if said.family in LONG else 36)
    played = compare(scenarios, reps=said.reps, months=months, seed=said.seed, workers=said.workers)
    if played.failed:
        raise SystemExit(
            "\n".join(f"{name}, replication {r}: {why}" for (name, r), why in played.failed.items())
        )
    parts = [
        provenance(played, said.family),
        *pictures,
        "### What differs",
        differences(played),
        "### Year by year",
        yearly(played),
        *(["### Town by town", by_town(played)] if scenarios[0].linked else []),
        "### Who gains and who loses",
        *groups(played),
        "### Held against published figures",
        published(scenarios, said.seed),
    ]
    before, after = text.partition(START)[0], text.partition(END)[2]
    page.write_text(f"{before}{START}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}", encoding="utf-8")


def members(family: str) -> list[str]:
    """Return the scenarios of a family, its plain park first."""
    there = {h["name"].rpartition("-")[2]: h["name"] for h in library.headers() if h["family"] == family}
    found = [there[word] for word in ORDER if word in there]
    if len(found) < 2:
        raise SystemExit(f"the library has {len(found)} members of the family '{family}': two are needed")
    return found


# --- words ---------------------------------------------------------------------------------------

M = Messages("en")


def table(head: list[str], rows: list[list[str]], numbers: int) -> str:
    """Write a Markdown table; its columns from `numbers` on are set to the right."""
    rule = ["---" if k < numbers else "---:" for k in range(len(head))]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in [head, rule, *rows]
    )


def provenance(played: Comparison, family: str) -> str:
    """Say what was played, from what, and how to play it again."""
    say = ["git", "describe", "--always", "--abbrev=9"]
    commit = subprocess.run(say, cwd=DOCS, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    ask = ["git", "diff", "--quiet", "HEAD", "--", "../src", "../scenarios"]
    if subprocess.run(ask, cwd=DOCS, check=False).returncode:  # noqa: S603
        commit += " with changes"
    seeds = ", ".join(str(replication_seed(played.seed, r)) for r in range(played.reps))
    return (
        f"Made by `python -m docs.results {family} --reps {played.reps} --months {played.months} "
        f"--seed {played.seed}` from commit `{commit}` (model `{played.version}`): {played.reps} replications of "
        f"{played.months} months, each with uncertain parameters drawn anew and shared by all members; seeds {seeds}. "
        "Values are means of the last twelve months, differences are paired, with their 95 % interval."
    )


def differences(played: Comparison) -> str:
    """Write the headline indicators of every member, and what differs from the first."""
    frame, base, others = played.table(), played.baseline, played.names[1:]
    wanted = [*headlines(played.scenarios[0], set(frame.index)), *(n for n in BESIDE if n in frame.index)]
    rows, same = [], []
    for name in dict.fromkeys(wanted):
        if all(math.isnan(frame.loc[name, one]) for one in played.names):
            continue
        if all((played.of(name, other) - played.of(name)).abs().max() <= NOTHING for other in others):
            same.append(f"`{name}` ({M.value(frame.loc[name, base], str(frame.loc[name, 'unit']))})")
            continue
        unit = str(frame.loc[name, "unit"])
        row = [f"{M.indicator(name)}<br>`{name}`", M.value(frame.loc[name, base], unit)]
        for other in others:
            found, about = played.difference(name, other), played.about(name)
            row.append(M.value(frame.loc[name, other], unit))
            row.append(_moved(found.mean, found.low, found.high, found.verdict, about.threshold, unit))
        rows.append(row)
    short = [name.removeprefix(f"{played.scenarios[0].family}-") for name in played.names]
    head = ["", short[0], *(word for name in short[1:] for word in (name, "difference"))]
    exactly = f"\n\nExactly the same in every replication: {', '.join(same)}." if same else ""
    return table(head, rows, 1) + exactly


def yearly(played: Comparison) -> str:
    """Write what members have at the start and at the end of every year, mean over replications."""
    months = [1, *range(12, played.months + 1, 12)]
    rows = []
    for name in (n for n in YEARLY if n in played.by_month):
        unit = played.about(name).unit
        told = {one: played.monthly(name, one).mean(axis=1).reindex(months) for one in played.names}
        first = told[played.baseline]
        if all((told[one] - first).abs().max() <= 0.1 * played.about(name).threshold for one in played.names):
            continue
        for one, values in told.items():
            label = f"{M.indicator(name)} ({M.unit(unit)})<br>`{name}`" if one == played.baseline else ""
            rows.append([label, one.rpartition("-")[2], *(M.number(value, unit) for value in values)])
    if not rows:
        return "No member differs in what is told year by year."
    return table(["", "", *(f"month {month}" for month in months)], rows, 2)


def _moved(mean: float, low: float, high: float, verdict: str, threshold: float, unit: str) -> str:
    if math.isnan(mean):
        return "–"
    moved = M.number(mean, unit, sign=True, difference=True)
    said = M.verdict(verdict, threshold, unit)
    strong = f"**{said}**" if verdict_kind(verdict) in {"better", "worse"} else said
    return f"{moved} ({M.interval(low, high, unit)})<br>{strong}"


def groups(played: Comparison) -> Iterator[str]:
    """Write for every alternative and indicator which groups of people gain most and least, and who loses."""
    kept = [name for name in dict.fromkeys(map(str, played.groups["indicator"])) if by_people(name)]
    for other in played.names[1:]:
        rows, alike, looked = [], [], 0
        for name in kept:
            frame = played.group_table(name, other).dropna(subset="difference")
            if not name.startswith("commute"):  # homes say little about what is reached from the desk
                frame = frame[~frame.index.str.startswith("home_zone=")]
            if frame.empty:  # kept by building only
                continue
            looked += len(frame)
            kinds = frame["verdict"].map(verdict_kind)
            better, worse = frame[kinds == "better"], frame[kinds == "worse"]
            if better.empty and worse.empty:
                alike.append(f"`{name}`")
                continue
            sign = 1 if played.about(name).better == "higher" else -1
            many = frame[frame["n_people"] >= LEAST_PEOPLE]
            ranked = many.loc[(sign * many["difference"]).sort_values(ascending=False).index]
            rows.append(
                [
                    f"{M.indicator(name)}<br>`{name}`",
                    f"{len(better)} of {len(frame)}",
                    _who(played, name, other, ranked.iloc[:1]),
                    _who(played, name, other, ranked.iloc[-1:]),
                    _who(played, name, other, worse) if len(worse) else "nobody",
                ]
            )
        yield f"`{other}`, {looked} differences looked at, verdicts corrected for that (Holm):"
        if rows:
            head = ["", "groups shown to gain", "gains most", "gains least, or loses most", "shown to lose"]
            yield table(head, rows, len(head))
        if alike:
            more = f" and {len(alike) - MOST_ALIKE} more" if len(alike) > MOST_ALIKE else ""
            yield f"No group is shown to gain or lose in {', '.join(alike[:MOST_ALIKE])}{more}."


def by_people(name: str) -> bool:
    """Whether an indicator by group says something about people: neither money nor a share of modes."""
    return (
        name != "wait_min" and "CNY" not in M.unit(describe(name).unit) and not name.startswith("mode_share_")
    )


def by_town(played: Comparison) -> str:
    """Write what linked towns have, each by itself."""
    rows = []
    for name in ("digital_level", "methods_taken_up", "employees", "output_per_mu"):
        unit = played.about(name).unit
        tables = [played.group_table(name, other) for other in played.names[1:]]
        for town in (group for group in tables[0].index if group.startswith("town=")):
            first = tables[0].loc[town, played.baseline]
            row = [f"{M.indicator(name)}<br>`{name}`", M.group(town)[1], M.value(first, unit)]
            for other, frame in zip(played.names[1:], tables, strict=True):
                row += [
                    M.value(frame.loc[town, other], unit),
                    M.number(frame.loc[town, "difference"], unit, sign=True),
                ]
            rows.append(row)
    short = [name.rpartition("-")[2] for name in played.names]
    return table(["", "town", short[0], *(w for n in short[1:] for w in (n, "difference"))], rows, 2)


def _who(played: Comparison, name: str, other: str, rows: pd.DataFrame) -> str:
    """Name groups with how many people they are and what becomes of them."""
    unit, told = played.about(name).unit, []
    for group, row in rows.iterrows():
        dimension, level = M.group(str(group))
        becomes = f"{M.number(row[played.baseline], unit)} → {M.value(row[other], unit)}"
        told.append(f"{dimension.lower()} {level} ({row['n_people']:,.0f}): {becomes}")
    return "; ".join(told[:MOST_GROUPS]) + (
        f"; {len(told) - MOST_GROUPS} more" if len(told) > MOST_GROUPS else ""
    )


def published(scenarios: list[Scenario], seed: int) -> str:
    """Write what published figures say of the park, and of it changed step by step; what misses stays."""
    rows = []
    changed = next((s for s in scenarios if s.name.endswith("-transition")), scenarios[1])
    for fact in validate(changed, reps=2, futures=4, seed=seed).to_dict("records"):
        value, low, high = (M.number(fact[key], fact["unit"]) for key in ("value", "low", "high"))
        rows.append(
            [
                M.indicator(fact["fact"]) + ("" if fact["member"] == "plain" else f", `{changed.name}`"),
                f"{fact['published']} ({fact['grade']}; {fact['source']})",
                M.unit(fact["unit"]),
                f"{value} ({low} … {high})",
                "agrees" if fact["agrees"] else "**misses**",
                fact["used"],
            ]
        )
    return table(["figure", "published", "unit", "modelled (range over futures)", "", "used"], rows, 2)


# --- pictures ------------------------------------------------------------------------------------


def draw(park: Scenario, other: Scenario, family: str) -> list[str]:
    """Draw both layouts and what is reached on foot in them, or linked towns; return the Markdown that shows them."""
    made = []
    towns = [one.model_copy(update={"title": name.capitalize()}) for name, one in park.all_towns.items()]
    drawn = towns if park.linked else [park, other]
    rows, columns = park.map.shape
    folder = DOCS / "pictures"
    with style.context("en"):
        figure = figures.new_figure(12.5, 12.2 / len(drawn) * rows / columns + 1.6)
        maps.maps_side_by_side(drawn, figure)
        figure.savefig(folder / f"{family}-maps.png", dpi=DOTS, metadata={"Software": None})
        made.append(_shown(" and ".join(one.name for one in drawn), f"{family}-maps.png"))
        reached = [100 * places.reach(s) for s in (park, other)]
        if park.map.shape == other.map.shape and not park.linked:
            figure = figures.new_figure(12.5, 5.2 * rows / columns + 0.7)
            left, right = figure.subplots(1, 2)
            said = {"legend": False, "title": "Before: promised kinds of places within reach"}
            maps.park_map(park, left, reached[0], limits=(0, 100), label="%", **said)
            cells = tuple(maps.cell_values(s, v) for s, v in zip((park, other), reached, strict=True))
            said["title"] = "After: what changes"
            maps.difference_map(park, other, cells, right, label="percentage points", **said)
            figure.savefig(folder / f"{family}-reach.png", dpi=DOTS, metadata={"Software": None})
            made.append(_shown("What is reached on foot, and what changes", f"{family}-reach.png"))
    return made


def _shown(title: str, file: str) -> str:
    """Show a picture that opens large."""
    return f"[![{title}](../pictures/{file})](../pictures/{file})"


if __name__ == "__main__":
    main()
