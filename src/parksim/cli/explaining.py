"""Commands that say why: one person under two layouts, and a difference by mechanism."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated

import typer

from parksim.cli import app
from parksim.cli.runs import Months, Seed, bar, table
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)
from parksim.errors import ParksimError

if TYPE_CHECKING:
    from parksim.report.messages import Messages

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
    lang: Lang = "en",
    *,
    fixed: Fixed = False,
) -> None:
    """Tell one person's life under two layouts, and which term parted the two."""
    from parksim.experiment import explain as explaining
    from parksim.report.messages import Messages
    from parksim.scenario.read import load

    m = Messages(lang)
    if (employee is None) == (most_changed is None):
        raise ParksimError("give either --employee ID or --most-changed N")
    pair = (load(base), load(other))
    if employee is not None:
        found = explaining.explain(*pair, employee, seed=seed, replication=rep, months=months, fixed=fixed)
        print(found.told(lang))
        return
    frame = explaining.most_changed(
        *pair, most_changed or 1, seed=seed, replication=rep, months=months, fixed=fixed
    )
    rows = []
    for person in frame.reset_index().to_dict("records"):
        who = m("page.comma").join(
            m.group(f"{group}={person[group]}", pair[0])[1]
            for group in ("wage_band", "age", "household", "home_zone")
        )
        minutes, month, cause = (
            [value for name, value in person.items() if str(name).startswith(what)]
            for what in ("minutes", "left_month", "left_cause")
        )
        times = " → ".join(f"{value:.1f}" for value in minutes)
        left = " → ".join(
            m("explain.stays")
            if at < 0
            else m("explain.leaves_in", month=at, cause=m.word(f"cause.{why}", why))
            for at, why in zip(month, cause, strict=True)
        )
        rows.append((str(person["employee"]), who, times, left))
    names = [s.name if lang == "en" else m.own(s) for s in pair]
    setting = {"base": names[0], "other": names[1], "rep": rep, "seed": seed, "months": months}
    head = ("explain.employee", "explain.who", "explain.minutes_head", "explain.leaves")
    table(m("explain.changed_title", **setting), tuple(map(m, head)), rows)


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
    lang: Lang = "en",
    *,
    fixed: Fixed = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how much of a difference comes from which mechanism of the layout."""
    from parksim.experiment.decompose import decompose as decompose_
    from parksim.report.messages import Messages
    from parksim.scenario.read import load

    m, pair = Messages(lang), (load(base), load(other))
    with bar(m("cli.runs")) as progress:
        found = decompose_(
            *pair, indicator, reps=reps, months=months, seed=seed, workers=workers, fixed=fixed,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    frame = found.table()
    share, split = found.unit == "share", found.same_people is not None
    rows = []
    for row in frame.reset_index().to_dict("records"):
        part, low, high = (_signed(row[key], m, share=share) for key in ("part", "low", "high"))
        also = [_signed(row[key], m, share=share) for key in ("same_people", "who_is_there") if split]
        names = str(row["mechanism"]).split(" + ")
        what = m("page.separator").join(m.word(f"mechanism.{name}", "") for name in names)
        name = m("decompose.sum") if names == ["difference"] else str(row["mechanism"])
        rows.append((name, f"{part} [{low}, {high}]", *also, what))
    title = m(
        "decompose.title",
        indicator=m.named(indicator),
        unit=m.unit(found.unit, difference=True),
        base=pair[0].name if lang == "en" else m.own(pair[0]),
        other=pair[1].name if lang == "en" else m.own(pair[1]),
        reps=reps,
        months=months,
        seed=seed,
        how=m("decompose.exact" if found.exact else "decompose.sampled"),
    )
    between = ("decompose.same_people", "decompose.who_is_there") if split else ()
    head = ("decompose.mechanism", "decompose.part", *between, "decompose.switched")
    table(title, tuple(map(m, head)), rows)


def _signed(value: float, m: Messages, *, share: bool) -> str:
    if math.isnan(value):
        return m("verdict.na")
    return f"{100 * value:+.2f}" if share else f"{value:+,.0f}" if abs(value) >= 10_000 else f"{value:+.2f}"
