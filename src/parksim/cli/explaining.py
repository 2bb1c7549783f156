"""Commands that say why: one person under two layouts, and a difference by mechanism."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

import json
import math
from typing import Annotated

import typer

from parksim.cli import app
from parksim.cli.runs import Months, Seed, bar, table
from parksim.errors import ParksimError

Base = Annotated[str, typer.Argument(metavar="BASE", help="Name of the library, or a file.")]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="What it is compared with.")]
Fixed = Annotated[bool, typer.Option("--fixed", help="Hold uncertain parameters at their defaults.")]


@app.command()
def explain(
    base: Base,
    other: Other,
    employee: Annotated[
        int | None, typer.Option("--employee", help="Identity, as --most-changed lists them.")
    ] = None,
    most_changed: Annotated[
        int | None,
        typer.Option("--most-changed", min=1, help="List so many whose lives the layout changes most."),
    ] = None,
    seed: Seed = 1,
    rep: Annotated[int, typer.Option("--rep", min=0, help="Replication of the comparison, from 0.")] = 0,
    months: Months = 36,
    *,
    fixed: Fixed = False,
) -> None:
    """Tell one person's life under two layouts, and which term parted the two."""
    from parksim.experiment import explain as explaining

    if (employee is None) == (most_changed is None):
        raise ParksimError("give either --employee ID or --most-changed N")
    if employee is not None:
        print(
            explaining.explain(
                base, other, employee, seed=seed, replication=rep, months=months, fixed=fixed
            ).text
        )
        return
    frame = explaining.most_changed(
        base, other, most_changed or 1, seed=seed, replication=rep, months=months, fixed=fixed
    )
    rows = []
    for person in frame.reset_index().to_dict("records"):
        who = ", ".join(str(person[group]) for group in ("wage_band", "age", "household", "home_zone"))
        minutes, month, cause = (
            [value for name, value in person.items() if str(name).startswith(what)]
            for what in ("minutes", "left_month", "left_cause")
        )
        times = " → ".join(f"{value:.1f}" for value in minutes)
        left = " → ".join(
            "stays" if at < 0 else f"month {at} ({why})" for at, why in zip(month, cause, strict=True)
        )
        rows.append((str(person["employee"]), who, times, left))
    table(
        f"most changed from {base} to {other}, replication {rep} of seed {seed}, {months} months",
        ("employee", "who, at month 0", "commute, minutes", "leaves the employer of month 0"),
        rows,
    )


@app.command()
def decompose(
    base: Base,
    other: Other,
    indicator: Annotated[str, typer.Option("--indicator", help="Which difference.")] = "commute_mean_min",
    reps: Annotated[int, typer.Option("--reps", min=1, max=10_000, help="Replications.")] = 4,
    months: Months = 36,
    seed: Seed = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    *,
    fixed: Fixed = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how much of a difference comes from which mechanism of the layout."""
    from parksim.experiment.decompose import MECHANISMS
    from parksim.experiment.decompose import decompose as decompose_

    with bar("runs") as progress:
        found = decompose_(
            base, other, indicator, reps=reps, months=months, seed=seed, workers=workers, fixed=fixed,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    frame = found.table()
    share, unit = found.unit == "share", "pp" if found.unit == "share" else found.unit
    split = found.same_people is not None
    rows = []
    for row in frame.reset_index().to_dict("records"):
        part, low, high = (_signed(row[key], share) for key in ("part", "low", "high"))
        also = (_signed(row["same_people"], share), _signed(row["who_is_there"], share)) if split else ()
        what = "; ".join(MECHANISMS.get(name, "") for name in str(row["mechanism"]).split(" + "))
        rows.append((str(row["mechanism"]), f"{part} [{low}, {high}]", *also, what))
    how = "every mixture of the layouts" if found.exact else "sampled orders of switching"
    table(
        f"{indicator} ({unit}), {found.other} minus {found.baseline}: {reps} replications, {months} months, "
        f"seed {seed}, {how}",
        (
            "mechanism", "part [95 % interval]", *(("same people's times", "who is there") if split else ()),
            "what is switched",
        ),
        rows,
    )  # fmt: skip


def _signed(value: float, share: bool) -> str:
    if math.isnan(value):
        return "n/a"
    return f"{100 * value:+.2f}" if share else f"{value:+,.0f}" if abs(value) >= 10_000 else f"{value:+.2f}"
