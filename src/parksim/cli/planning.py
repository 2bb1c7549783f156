"""Commands for planners: in which order, at which parks to do things, and what the rules for land and services say."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

import json
import math
from pathlib import Path  # noqa: TC003  (Typer reads the annotations)
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from parksim.cli import app, words
from parksim.cli.runs import bar, difference, made, shown, table
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)
from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.experiment.orders import By, Orders
    from parksim.experiment.portfolio import Ranked
    from parksim.experiment.race import Transition
    from parksim.report.messages import Messages

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def transition(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A scenario with interventions, of the library or a file.")
    ],
    by: Annotated[
        str | None, typer.Option("--by", help="What is moved: each intervention, or what a month decides.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="NAME=intervention,pattern*: what is moved together; repeat it."),
    ] = None,
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", help="Race on these; the first decides the ranks.")
    ] = None,
    groups_of: Annotated[
        str, typer.Option("--whom", help="Indicator of the table by group.")
    ] = "commute_mean_min_cohort",
    *,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Orders tried beyond 5 measures.")] = 60,
    reps: Annotated[int, typer.Option("--reps", min=1, help="Replications.")] = 8,
    least: Annotated[int, typer.Option("--least", min=2, help="Replications before any is dropped.")] = 4,
    risk: Annotated[float, typer.Option("--risk", help="Chance, at most, to drop the best.")] = 0.05,
    months: Annotated[
        int | None,
        typer.Option("--months", min=1, max=1200, help="Months; default: 12 after the last opening."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the comparison.")] = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for orders.csv, months.csv and groups.csv.")
    ] = None,
    free: Annotated[
        bool, typer.Option("--no-budget", help="Each takes its slot, whatever it costs.")
    ] = False,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="Hold uncertain parameters at their defaults.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the number of runs and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Compare orders of the same measures under the same budget: which helps whom, and when."""
    from parksim.experiment.orders import orders_of
    from parksim.experiment.race import compare_orders

    plan = orders_of(
        name,
        by=cast("By | None", by),
        groups=_named(group or []),
        sample=sample,
        budget=not free,
        seed=seed,
    )
    typer.echo(_forecast(plan, reps, plan.length(months)), err=as_json)
    if dry:
        return
    with bar("runs") as progress:
        found = compare_orders(
            plan, indicators=indicator or ["visits_served"], reps=reps, least=least, risk=risk, seed=seed,
            months=months, workers=workers, fixed=fixed, progress=progress,
        )  # fmt: skip
    by_group = found.by_group(groups_of)
    if out is not None:
        made(out)
        found.table().to_csv(out / "orders.csv")
        found.series.to_csv(out / "months.csv", index=False)
        found.groups.to_csv(out / "groups.csv", index=False)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    _print_orders(found)
    best = found.best
    if best:
        _print_months(found, best)
    rows = by_group[(by_group["order"] == best) & (by_group["verdict"] != "as written")]
    if len(rows):
        _print_groups(rows.to_dict("records"), best, groups_of)


@app.command()
def portfolio(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Portfolio file, or a name of the library's experiments.")
    ],
    *,
    reps: Annotated[int | None, typer.Option("--reps", min=1, help="Instead of the file's.")] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="Keep runs here; what it holds is not played again."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the tables to this CSV.")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the number of runs and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Rank parks and packages of measures under one budget, and say how sure the choice is."""
    import pandas as pd

    from parksim.experiment.portfolio import Portfolio

    plan = Portfolio(file)
    count = reps or plan.said.replications
    parks = plan.runs(1) - len(plan.candidates)
    typer.echo(
        f"{plan.runs(count):,} runs of {plan.said.months} months: ({parks} parks as they are + "
        f"{len(plan.candidates)} candidates) x {count} replications",
        err=as_json,
    )
    if dry:
        return
    with bar("runs") as progress:
        found = plan.play(reps=reps, workers=workers, store=store, progress=progress)
    if out is not None:
        tables = [found.table(name).reset_index().assign(objective=name) for name in plan.said.objectives]
        pd.concat(tables, ignore_index=True).to_csv(out, index=False)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for name in plan.said.objectives:
        _print_ranked(found, name)
    if failed := sum(len(one.failed) for one in {id(c): c for c in found.compared.values()}.values()):
        print(words.asked().translated(f"{failed} runs failed; their pairs are left out."))


@app.command()
def compliance(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the library, or a file.")],
    month: Annotated[
        int | None,
        typer.Option("--month", min=0, help="As it stands in this month; default: when all is done."),
    ] = None,
    lang: Lang = "en",
    *,
    as_json: Json = False,
) -> None:
    """Hold land, floor, places and walks against rules of planning: pass, fail or not known; nothing is run."""
    from parksim.compliance import check
    from parksim.experiment.statistics import finite
    from parksim.report.messages import Messages
    from parksim.report.rules import note, said_by, status_in_words
    from parksim.scenario.read import load

    m, scenario = Messages(lang), load(name)
    found = check(scenario, month=month)
    if as_json:
        rows = [
            {str(k): finite(v) if isinstance(v, float) else v for k, v in row.items()}
            for row in found.to_dict("records")
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False))
        return
    lines = [
        (
            _rule(row, m),
            shown(row["value"], row["unit"]) if lang == "en" else m.value(row["value"], row["unit"]),
            _limit(row, m),
            status_in_words(str(row["status"]), m),
            said_by(str(row["source"]), str(row["grade"]), m),
            str(row["note"]) if lang == "en" else note(str(row["note"]), m),
        )
        for row in found.to_dict("records")
    ]
    counts = m("page.comma").join(
        m("rule.counts", n=int((found["status"] == word).sum()), status=status_in_words(word, m))
        for word in ("pass", "fail", "not known")
    )
    head = ("rule.rule", "cli.value", "rule.limit", "rule.status", "cli.source", "rule.note")
    table(
        f"{scenario.name if lang == 'en' else m.own(scenario)}{m('page.colon')}{counts}",
        tuple(map(m, head)),
        lines,
    )


def _rule(row: Mapping[Any, Any], m: Messages) -> str:
    """Return what a table calls a rule: its name in English, for --json; its label else."""
    from parksim.report.rules import label, walk

    if m.lang == "en":
        return str(row["rule"])
    return walk(row["circle"], row["category"], m) if row["circle"] else label(str(row["rule"]), m)


def _limit(row: Mapping[Any, Any], m: Messages) -> str:
    if math.isnan(row["limit"]):
        return ""
    if m.lang == "en":
        return f"{row['sense']} {shown(row['limit'], row['unit'])}"
    at = "at_most" if row["sense"] == "<=" else "at_least"
    return m(f"rule.{at}", value=m.value(row["limit"], row["unit"]))


def _print_ranked(found: Ranked, objective: str) -> None:
    from parksim.indicators import describe

    unit, frame = describe(objective).unit, found.table(objective)
    rows = []
    for name, row in frame.iterrows():
        low, high = (difference(row[side], unit) for side in ("low", "high"))
        ends = (
            _span(row["rank_low"], row["rank_high"]),
            _span(row["rank_future_low"], row["rank_future_high"]),
        )
        often = _share(row["taken_share"]), _share(row["taken_future_share"])
        rows.append(
            (
                f"{row['rank']:.0f}",
                f"{name} ({row['park']})",
                f"{row['cost_cny'] / 1e6:,.2f}",
                f"{difference(row['difference'], unit)} [{low}, {high}]",
                _amount(row["gain_per_million"]),
                "; ".join(ends),
                f"{'yes' if row['taken'] else 'no'}; {'; '.join(often)}",
            )
        )
    head = ("", "candidate", "cost", "difference [95 %]", "per million", "rank 5-95 %", "best set")
    taken = frame[frame["taken"]]
    table(
        f"{objective}: {found.said.budget_cny / 1e6:,.1f} million CNY, {found.reps} paired replications of "
        f"{found.said.months} months; costs in million CNY; ranks and best sets by the means, then in bootstrap "
        "draws, then in single futures",
        head,
        rows,
    )
    print(
        f"Best set by {objective}: {', '.join(map(str, taken.index)) or 'none'}; costs "
        f"{taken['cost_cny'].sum() / 1e6:,.2f} million CNY, gains {_amount(taken['gain'].sum())}."
    )


def _amount(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:,.4g}"


def _span(low: float, high: float) -> str:
    return "n/a" if math.isnan(low) else f"{low:.0f} to {high:.0f}"


def _share(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{100 * value:.0f}%"


def _named(said: list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for one in said:
        name, equals, members = one.partition("=")
        if not (name and equals and members):
            raise ParksimError(f"--group {one}: write NAME=intervention,intervention")
        groups.setdefault(name, []).extend(members.split(","))
    return groups


def _forecast(plan: Orders, reps: int, months: int) -> str:
    from parksim.experiment.branches import months_played

    in_all = plan.runs(reps) * months
    saved = in_all - reps * months_played((order.scenario for order in plan.orders), months)
    tried = "all" if plan.exhaustive else f"{plan.looked_at:,} sampled"
    return (
        f"{len(plan.measures)} measures, {plan.possible:,} orders ({tried}): {len(plan.infeasible)} impossible, "
        f"{len(plan.same)} with the timetable of another, {len(plan.orders)} to play\n"
        f"{plan.runs(reps):,} runs at most: {len(plan.orders)} orders x {reps} replications\n"
        f"{in_all:,} months, {saved:,} of them shared by orders that begin alike and played once"
    )


def _print_orders(found: Transition) -> None:
    from parksim.indicators import describe

    rows = []
    for order, row in found.table().iterrows():
        cells: list[str] = []
        for indicator in found.indicators:
            unit = describe(indicator).unit
            low, high = (difference(row[f"{side} ({indicator})"], unit) for side in ("low", "high"))
            moved = f"{difference(row[f'difference ({indicator})'], unit)} [{low}, {high}]"
            cells += [shown(row[indicator], unit), moved, str(row[f"verdict ({indicator})"])]
        after = f"dropped after {row['dropped']}" if row["dropped"] else "kept"
        state = after if order else "as written"
        rows.append((str(order), str(row["sequence"]), state, *cells))
    head = [w for i in found.indicators for w in (i, "against as written [95 %]", "verdict")]
    table(
        f"{found.plan.scenario.name}: mean over {found.months} months, up to {found.reps} paired replications, "
        f"{found.runs} runs, {found.months_saved:,} of {found.runs * found.months:,} months saved",
        ("", "order", "race", *head),
        rows,
    )
    if found.failed:
        print(words.asked().translated(f"{len(found.failed)} runs failed; their pairs are left out."))


def _print_months(found: Transition, best: int) -> None:
    from parksim.indicators import describe

    for indicator in found.indicators:
        unit = describe(indicator).unit
        frame = found.by_month(indicator)
        frame = frame[(frame["order"] == best) & (frame["month"] % 3 == 0)]
        rows = [
            (
                str(row["month"]),
                shown(row["value"], unit),
                difference(row["difference"], unit),
                f"{difference(row['low'], unit)} to {difference(row['high'], unit)}",
            )
            for row in frame.to_dict("records")
        ]
        table(
            f"When: order {best} against as written, {indicator}",
            ("month", "value", "difference", "95 % interval"),
            rows,
        )


def _print_groups(records: list[dict[Any, Any]], best: int, indicator: str) -> None:
    from parksim.indicators import describe

    unit = describe(indicator).unit
    rows = [
        (
            str(row["group"]),
            f"{row['n_people']:,.0f}",
            shown(row["value"], unit),
            difference(row["difference"], unit),
            str(row["verdict"]),
        )
        for row in records
    ]
    table(
        f"Whom: order {best} against as written at the end, {indicator}",
        ("group", "people", "value", "difference", "verdict"),
        rows,
    )
