"""Commands that play: run one scenario, compare several, hold one against published facts."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

import json
import math
import time
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003  (Typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from parksim.cli import app
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from parksim.phases.clock import Clock
    from parksim.report.messages import Messages
    from parksim.scenario.schema import Scenario

Months = Annotated[int, typer.Option("--months", min=1, max=1200, help="Months to play.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed: the same seed gives the same people and luck.")]

CIRCLES = "coverage and served, circle by circle"
HEADLINES = (
    "commute_mean_min",
    "commute_mean_min_cohort",
    "commute_share_within_45",
    "commute_share_over_60",
    "live_in_park_share",
    CIRCLES,
    "placed_share_kindergarten",
    "retention_employee_12m",
    "retention_employer_12m",
    "turnover_annual",
    "retention_enterprise_12m",
    "ties_per_employee",
    "participation_share",
    "requests_answered_share",
    "spillover_index",
    "capex_cny",
    "opex_cny_year",
)
"""What a comparison prints without ``--all``."""


@app.command()
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the library, or a file.")],
    months: Months = 36,
    seed: Seed = 1,
    out: Annotated[
        Path | None, typer.Option("--series", help="Write the monthly series to this CSV.")
    ] = None,
    lang: Lang = "en",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print time and memory by phase instead.")
    ] = False,
) -> None:
    """Play one scenario and print its indicators."""
    from parksim.experiment.run import run as play
    from parksim.indicators import describe
    from parksim.phases.clock import clocked
    from parksim.report.messages import Messages
    from parksim.scenario.read import load

    m, scenario = Messages(lang), load(name)
    with bar(m("cli.months")) as progress, clocked() as clock:
        result = play(scenario, seed, months, progress=lambda done: progress(done, months))
    if profile:
        _print_profile(m, clock, result.wall_s, as_json=as_json)
        return
    if out is not None:
        result.series.to_csv(out)
    if as_json:
        print(
            json.dumps(
                {
                    "scenario": scenario.name,
                    "seed": seed,
                    "months": months,
                    "indicators": {k: None if math.isnan(v) else v for k, v in result.indicators.items()},
                },
                indent=2,
            )
        )
        return
    rows = [
        (m.named(k), shown(v, describe(k).unit, m), in_words(m, describe(k).unit))
        for k, v in result.indicators.items()
    ]
    seconds = f"{result.wall_s:.1f}"
    table(
        m("cli.run_title", title=m.own(scenario), months=months, seed=seed, seconds=seconds),
        (m("cli.indicator"), m("cli.value"), m("cli.unit")),
        rows,
    )


def _print_profile(m: Messages, clock: Clock, wall_s: float, *, as_json: bool) -> None:
    """Print what each phase took: milliseconds a month, nanoseconds an employee-month, memory it added."""
    from parksim.phases.clock import peak_mb

    lived = max(clock.employee_months, 1)
    figures = {
        name: {
            "ms_month": 1e3 * sum(seconds) / len(seconds),
            "ns_employee_month": 1e9 * sum(seconds) / lived,
            "memory_mb": clock.memory_mb[name],
        }
        for name, seconds in clock.seconds.items()
    }
    total = {key: sum(row[key] for row in figures.values()) for key in ("ms_month", "ns_employee_month")}
    figures["total"] = {**total, "memory_mb": peak_mb()}
    if as_json:
        print(json.dumps({"wall_s": wall_s, "phases": figures}, indent=2))
        return
    rows = [(m(f"cli.phase_{name}"), *(f"{row[key]:,.1f}" for key in row)) for name, row in figures.items()]
    table(
        m("cli.profile_title", seconds=f"{wall_s:.1f}"),
        (m("cli.phase"), m("cli.profile_ms"), m("cli.profile_ns"), m("cli.profile_mb")),
        rows,
    )


@app.command()
def compare(
    names: Annotated[
        list[str], typer.Argument(metavar="BASE OTHER...", help="Scenarios; the first is the baseline.")
    ],
    reps: Annotated[int, typer.Option("--reps", min=1, max=100_000, help="Replications.")] = 8,
    months: Months = 36,
    seed: Seed = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for store, figures and report.html.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the indicators to this JSON file.")
    ] = None,
    lang: Lang = "en",
    *,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="Hold uncertain parameters at their defaults.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Print every indicator.")] = False,
) -> None:
    """Play scenarios with the same people and the same luck; print what differs, and how sure that is."""
    from parksim.experiment.comparison import compare as compare_
    from parksim.report.messages import Messages
    from parksim.report.paying import payers, sentences
    from parksim.scenario.read import load

    m, scenarios = Messages(lang), [load(name) for name in names]
    start = time.perf_counter()
    with bar(m("cli.runs")) as progress:
        result = compare_(
            scenarios,
            reps=reps,
            seed=seed,
            months=months,
            workers=workers,
            fixed=fixed,
            events=out is not None,
            store=None if out is None else made(out) / "runs.db",
            progress=progress,
        )
    frame = result.table()
    wanted = list(frame.index) if every else headlines(scenarios[0], set(frame.index))
    print_comparison(frame.loc[wanted], scenarios, reps, months, seed, m)
    for other in scenarios[1:]:
        where = f" ({m.own(other)})" if len(scenarios) > 2 else ""
        print(f"{m('page.pays')}{where}{m('page.colon')}{' '.join(payers(result, m, other.name))}")
        print(f"{m('paying.heading')}{where}{m('page.colon')}{' '.join(sentences(result, m, other.name))}")
    seconds = f"{time.perf_counter() - start:.0f}"
    print(m("cli.compare_done", reps=reps, scenarios=len(scenarios), months=months, seconds=seconds))
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_dict(), indent=2, allow_nan=False), encoding="utf-8")
    if out is not None:
        from parksim.report import figures, page

        figures.write_figures(result, out / "figures", lang=lang)
        page.write(result, out / "report.html", lang=lang)
        files = (out / part for part in ("report.html", "figures", "runs.db"))
        print(m("cli.wrote", files=m("page.comma").join(map(str, files))))


@app.command()
def validate(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A family of the library, or a scenario.")
    ] = "iot-town",
    reps: Annotated[int, typer.Option("--reps", min=1, help="Replications at the defaults.")] = 3,
    futures: Annotated[int, typer.Option("--futures", min=0, help="Replications with drawn parameters.")] = 8,
    months: Months = 24,
    seed: Seed = 1,
    lang: Lang = "en",
) -> None:
    """Hold the plain park of a family against published figures, with the range that assumptions allow."""
    from parksim.report.messages import Messages, calibrated
    from parksim.scenario import library
    from parksim.scenario.read import load
    from parksim.validation import CALIBRATED
    from parksim.validation import validate as validate_

    family = [header for header in library.headers() if header["family"] == name]
    plain = [header["name"] for header in family if not header["extends"]]
    changed = sorted((h["name"] for h in family if h["extends"]), key=lambda n: not n.endswith("-transition"))
    m, scenario = Messages(lang), load([*changed, *plain, name][0])
    title = m.own(load(plain[0]) if plain else scenario.plain)
    with bar(m("cli.runs")) as progress:
        frame = validate_(scenario, reps=reps, futures=futures, months=months, seed=seed, progress=progress)
    rows = [
        (
            m.fact(fact["key"], "name", m.named(fact["fact"])),
            shown(fact["value"], fact["unit"], m),
            m("cli.to", low=shown(fact["low"], fact["unit"], m), high=shown(fact["high"], fact["unit"], m)),
            m.fact(fact["key"], "published", fact["published"]),
            m("page.agrees" if fact["agrees"] else "page.misses"),
            fact["used"] if lang == "en" else m.word(f"used.{fact['used']}", fact["used"]),
            m.word(f"grade_short.{fact['grade']}", fact["grade"]),
            m.fact(fact["key"], "source", fact["source"]),
        )
        for fact in frame.to_dict("records")
    ]
    table(
        m("cli.validate_title", name=title, months=months, reps=reps, futures=futures),
        tuple(
            m(key)
            for key in (
                "cli.fact",
                "cli.value",
                "cli.range",
                "cli.published",
                "cli.verdict",
                "cli.used",
                "cli.grade",
                "cli.source",
            )
        ),
        rows,
    )
    for path, fact in CALIBRATED.items():
        print(f"{path}{m('page.colon')}{calibrated(lang).get(path, fact)}")


def headlines(scenario: Scenario, known: set[str]) -> list[str]:
    """Return the indicators that are printed without ``--all``, with the scenario's own circles."""
    circles = [f"{kind}_{circle}" for circle in scenario.circles for kind in ("coverage", "served")]
    names = [n for name in HEADLINES for n in (circles if name == CIRCLES else [name])]
    return [name for name in names if name in known]


def made(folder: Path) -> Path:
    """Return a folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def judged(m: Messages, verdict: str, indicator: str) -> str:
    """Return what a table calls a verdict about an indicator."""
    from parksim.indicators import describe

    if m.lang == "en":
        return verdict
    known = describe(indicator)
    return m.verdict(verdict, known.threshold, known.unit)


def in_words(m: Messages, unit: str) -> str:
    """Return what a table calls a unit; values in a terminal are not scaled, so that CNY stays CNY."""
    plain = {"CNY": "unit.yuan", "CNY/year": "unit.yuan_year"}.get(unit)
    return unit if m.lang == "en" else m(plain) if plain else m.unit(unit)


def shown(value: float, unit: str, m: Messages | None = None) -> str:
    """Write a value as a person reads it: shares in per cent, n/a for what cannot be told."""
    if not math.isfinite(value):
        return m("verdict.na") if m else "n/a"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.1f}"


def difference(value: float, unit: str, m: Messages | None = None) -> str:
    """Write a difference with its sign, without its unit; of shares in percentage points."""
    if math.isnan(value):
        return m("verdict.na") if m else "n/a"
    if unit == "share":
        return f"{100 * value:+.2f}"
    return f"{value:+,.0f}" if abs(value) >= 10_000 else f"{value:+.2f}"


def print_comparison(
    frame: pd.DataFrame, scenarios: Sequence[Scenario], reps: int, months: int, seed: int, m: Messages
) -> None:
    """Print the table of a comparison: base, alternative, difference with its interval, verdict."""
    base, *others = scenarios
    for other in others:
        end = f" ({other.name})" if len(others) > 1 else ""
        rows = []
        for indicator, row in frame.iterrows():
            unit, sign = str(row["unit"]), float(row["sign_share" + end])
            moved, low, high = (
                difference(row[side + end], unit, m) for side in ("difference", "low", "high")
            )
            points = f" {m.unit(unit, difference=True)}" if unit == "share" else ""
            verdict = judged(m, str(row["verdict" + end]), str(indicator))
            rows.append(
                (
                    m.named(str(indicator)),
                    shown(row[base.name], unit, m),
                    shown(row[other.name], unit, m),
                    f"{moved} [{low}, {high}]{points}",
                    shown(sign, "share", m).replace(".0 %", " %"),
                    verdict,
                )
            )
        names = [s.name if m.lang == "en" else m.own(s) for s in (base, other)]
        title = {"base": names[0], "other": names[1], "reps": reps, "months": months, "seed": seed}
        table(
            m("cli.compare_title", **title),
            (m("cli.indicator"), *names, m("cli.difference"), m("cli.sign"), m("cli.verdict")),
            rows,
        )


def table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table on the terminal."""
    from rich.console import Console
    from rich.table import Table

    out = Table(title=title, title_justify="left", show_edge=False)
    for k, name in enumerate(head):
        out.add_column(name, justify="left" if k == 0 else "right", overflow="fold")
    for row in rows:
        out.add_row(*row)
    console = Console()
    if console.width < 100 and not console.is_terminal:
        console = Console(width=140)
    console.print(out)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error while something long goes on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    with Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
