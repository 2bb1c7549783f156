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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

Months = Annotated[int, typer.Option("--months", min=1, max=1200, help="Months to play.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed: the same seed gives the same people and luck.")]
Lang = Annotated[str, typer.Option("--lang", help="Language of the report: en or zh.")]

HEADLINES = (
    "commute_mean_min",
    "commute_mean_min_cohort",
    "commute_share_within_45",
    "commute_share_over_60",
    "live_in_park_share",
    "coverage_life_15",
    "served_life_15",
    "coverage_medical_15",
    "served_medical_15",
    "coverage_fitness_10",
    "served_fitness_10",
    "coverage_reading_10",
    "served_reading_10",
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
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Play one scenario and print its indicators."""
    from parksim.experiment.run import run as play
    from parksim.indicators import describe
    from parksim.scenario.read import load

    scenario = load(name)
    with bar("months") as progress:
        result = play(scenario, seed, months, progress=lambda done: progress(done, months))
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
    rows = [(k, shown(v, describe(k).unit), describe(k).unit) for k, v in result.indicators.items()]
    table(
        f"{scenario.title}: {months} months, seed {seed}, {result.wall_s:.1f} s",
        ("indicator", "value", "unit"),
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
    from parksim.scenario.read import load

    scenarios = [load(name) for name in names]
    start = time.perf_counter()
    with bar("runs") as progress:
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
    wanted = [k for k in HEADLINES if k in frame.index] if not every else list(frame.index)
    print_comparison(frame.loc[wanted], [s.name for s in scenarios], reps, months, seed)
    print(f"{reps} x {len(scenarios)} runs of {months} months in {time.perf_counter() - start:.0f} s")
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_dict(), indent=2, allow_nan=False), encoding="utf-8")
    if out is not None:
        from parksim.report import figures, page

        figures.write_figures(result, out / "figures", lang=lang)
        page.write(result, out / "report.html", lang=lang)
        print(f"wrote {out / 'report.html'}, {out / 'figures'}, {out / 'runs.db'}")


@app.command()
def validate(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A family of the library, or a scenario.")
    ] = "iot-town",
    reps: Annotated[int, typer.Option("--reps", min=1, help="Replications at the defaults.")] = 3,
    futures: Annotated[int, typer.Option("--futures", min=0, help="Replications with drawn parameters.")] = 8,
    months: Months = 24,
    seed: Seed = 1,
) -> None:
    """Hold the plain park of a family against published figures, with the range that assumptions allow."""
    from parksim.scenario import library
    from parksim.scenario.read import load
    from parksim.validation import validate as validate_

    members = [header["name"] for header in library.headers() if header["family"] == name]
    scenario = load(members[0] if members else name)
    with bar("runs") as progress:
        frame = validate_(scenario, reps=reps, futures=futures, months=months, seed=seed, progress=progress)
    rows = [
        (
            fact["fact"],
            shown(fact["value"], fact["unit"]),
            f"{shown(fact['low'], fact['unit'])} to {shown(fact['high'], fact['unit'])}",
            fact["published"],
            "agrees" if fact["agrees"] else "misses",
            fact["used"],
            fact["grade"],
            fact["source"],
        )
        for fact in frame.to_dict("records")
    ]
    table(
        f"{scenario.plain.name}: {months} months, {reps} replications, {futures} futures",
        ("fact", "value", "range", "published", "verdict", "used", "grade", "source"),
        rows,
    )


def made(folder: Path) -> Path:
    """Return a folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shown(value: float, unit: str) -> str:
    """Write a value as a person reads it: shares in per cent, n/a for what cannot be told."""
    if not math.isfinite(value):
        return "n/a"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.1f}"


def difference(value: float, unit: str) -> str:
    """Write a difference with its sign; of shares in percentage points."""
    if math.isnan(value):
        return "n/a"
    return (
        f"{100 * value:+.2f} pp"
        if unit == "share"
        else (f"{value:+,.0f}" if abs(value) >= 10_000 else f"{value:+.2f}")
    )


def print_comparison(frame: pd.DataFrame, names: list[str], reps: int, months: int, seed: int) -> None:
    """Print the table of a comparison: base, alternative, difference with its interval, verdict."""
    base, *others = names
    for other in others:
        end = f" ({other})" if len(others) > 1 else ""
        rows = []
        for indicator, row in frame.iterrows():
            unit, sign = str(row["unit"]), float(row["sign_share" + end])
            moved = difference(row["difference" + end], unit)
            low, high = (difference(row[side + end], unit) for side in ("low", "high"))
            interval = f"{moved} [{low}, {high}]".replace(" pp", "") + (" pp" if unit == "share" else "")
            rows.append(
                (
                    str(indicator),
                    shown(row[base], unit),
                    shown(row[other], unit),
                    interval,
                    "n/a" if math.isnan(sign) else f"{100 * sign:.0f} %",
                    str(row["verdict" + end]),
                )
            )
        table(
            f"{base} (base) against {other}: {reps} paired replications, {months} months, seed {seed}",
            ("indicator", base, other, "difference [95 % interval]", "sign holds in", "verdict"),
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
