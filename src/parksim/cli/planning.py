"""Commands for planners: in which order, at which parks to do things, and what the rules for land and services say."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

import json
import math
from pathlib import Path  # noqa: TC003  (Typer reads the annotations)
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from parksim.cli import app
from parksim.cli.runs import bar, difference, judged, made, shown, table
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)
from parksim.errors import ParksimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.experiment.orders import By, Orders
    from parksim.experiment.portfolio import Ranked
    from parksim.experiment.race import Transition
    from parksim.report.messages import Messages
    from parksim.scenario.schema import Scenario

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
    lang: Lang = "en",
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
    from parksim.report.messages import Messages

    m = Messages(lang)
    plan = orders_of(
        name,
        by=cast("By | None", by),
        groups=_moved_together(group or []),
        sample=sample,
        budget=not free,
        seed=seed,
    )
    typer.echo(_forecast(plan, reps, plan.length(months), m), err=as_json)
    if dry:
        return
    with bar(m("cli.runs")) as progress:
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
    _print_orders(found, m)
    best = found.best
    if best:
        _print_months(found, best, m)
    rows = by_group[(by_group["order"] == best) & (by_group["verdict"] != "as written")]
    if len(rows):
        _print_groups(rows.to_dict("records"), best, groups_of, found.plan.scenario, m)


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
    lang: Lang = "en",
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the number of runs and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Rank parks and packages of measures under one budget, and say how sure the choice is."""
    import pandas as pd

    from parksim.experiment.portfolio import Portfolio
    from parksim.report.messages import Messages

    m, plan = Messages(lang), Portfolio(file)
    count = reps or plan.said.replications
    parks = plan.runs(1) - len(plan.candidates)
    typer.echo(
        m(
            "portfolio.forecast",
            runs=f"{plan.runs(count):,}",
            months=plan.said.months,
            parks=parks,
            candidates=len(plan.candidates),
            reps=count,
        ),
        err=as_json,
    )
    if dry:
        return
    with bar(m("cli.runs")) as progress:
        found = plan.play(reps=reps, workers=workers, store=store, progress=progress)
    if out is not None:
        tables = [found.table(name).reset_index().assign(objective=name) for name in plan.said.objectives]
        pd.concat(tables, ignore_index=True).to_csv(out, index=False)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for name in plan.said.objectives:
        _print_ranked(found, name, m)
    if failed := sum(len(one.failed) for one in {id(c): c for c in found.compared.values()}.values()):
        print(m("cli.failed_pairs", n=failed))


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


def _print_ranked(found: Ranked, objective: str, m: Messages) -> None:
    from parksim.indicators import describe

    unit, frame = describe(objective).unit, found.table(objective)
    titles = {} if m.lang == "en" else _titles(found, m)
    rows = []
    for name, row in frame.iterrows():
        moved, low, high = (difference(row[side], unit, m) for side in ("difference", "low", "high"))
        ends = (
            _span(row["rank_low"], row["rank_high"], m),
            _span(row["rank_future_low"], row["rank_future_high"], m),
        )
        often = _share(row["taken_share"], m), _share(row["taken_future_share"], m)
        park = m("page.bracketed", text=titles.get(row["park"], row["park"]))
        taken = m("portfolio.yes" if row["taken"] else "portfolio.no")
        rows.append(
            (
                f"{row['rank']:.0f}",
                f"{titles.get(str(name), name)}{park}",
                _money(row["cost_cny"], m),
                f"{moved} [{low}, {high}]",
                _amount(row["gain_per_million"], m),
                m("page.separator").join(ends),
                m("page.separator").join((taken, *often)),
            )
        )
    head = ("candidate", "cost", "difference", "per_million", "rank", "best_set")
    chosen = frame[frame["taken"]]
    title = {"objective": m.named(objective), "reps": found.reps, "months": found.said.months}
    table(
        m("portfolio.title", budget=_money(found.said.budget_cny, m, 1), **title),
        ("", *(m(f"portfolio.{word}") for word in head)),
        rows,
    )
    best = m("page.comma").join(str(titles.get(str(name), name)) for name in chosen.index)
    print(
        m(
            "portfolio.best",
            objective=m.named(objective),
            best=best or m("portfolio.none"),
            cost=_money(chosen["cost_cny"].sum(), m),
            gain=_amount(chosen["gain"].sum(), m),
        )
    )


def _titles(found: Ranked, m: Messages) -> dict[str, str]:
    """Return what candidates and parks are called, by their names."""
    parks = {one.park: m.own(one.base) for one in found.candidates}
    return parks | {one.name: m.own(one) for one in found.said.candidates}


def _money(cny: float, m: Messages, decimals: int = 2) -> str:
    """Write money in millions, in Chinese in 10⁴, without its unit."""
    return f"{cny / 1e6:,.{decimals}f}" if m.lang == "en" else m.number(cny, "CNY")


def _amount(value: float, m: Messages) -> str:
    return m("verdict.na") if math.isnan(value) else f"{value:,.4g}"


def _span(low: float, high: float, m: Messages) -> str:
    return m("verdict.na") if math.isnan(low) else m("cli.to", low=f"{low:.0f}", high=f"{high:.0f}")


def _share(value: float, m: Messages) -> str:
    return m("verdict.na") if math.isnan(value) else f"{100 * value:.0f}%"


def _moved_together(said: list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for one in said:
        name, equals, members = one.partition("=")
        if not (name and equals and members):
            raise ParksimError(f"--group {one}: write NAME=intervention,intervention")
        groups.setdefault(name, []).extend(members.split(","))
    return groups


def _forecast(plan: Orders, reps: int, months: int, m: Messages) -> str:
    from parksim.experiment.branches import months_played

    in_all = plan.runs(reps) * months
    saved = in_all - reps * months_played((order.scenario for order in plan.orders), months)
    tried = m("transition.all") if plan.exhaustive else m("transition.sampled", n=f"{plan.looked_at:,}")
    return m(
        "transition.forecast",
        measures=len(plan.measures),
        possible=f"{plan.possible:,}",
        tried=tried,
        infeasible=len(plan.infeasible),
        same=len(plan.same),
        orders=len(plan.orders),
        runs=f"{plan.runs(reps):,}",
        reps=reps,
        months=f"{in_all:,}",
        saved=f"{saved:,}",
    )


def _print_orders(found: Transition, m: Messages) -> None:
    from parksim.indicators import describe

    rows = []
    for order, row in found.table().iterrows():
        cells: list[str] = []
        for indicator in found.indicators:
            unit = describe(indicator).unit
            moved, low, high = (
                difference(row[f"{side} ({indicator})"], unit, m) for side in ("difference", "low", "high")
            )
            verdict = _against(str(row[f"verdict ({indicator})"]), indicator, m)
            cells += [shown(row[indicator], unit, m), f"{moved} [{low}, {high}]", verdict]
        after = m("transition.dropped", n=row["dropped"]) if row["dropped"] else m("transition.kept")
        state = after if order else m("transition.as_written")
        rows.append((str(order), str(row["sequence"]), state, *cells))
    head = [w for i in found.indicators for w in (m.named(i), m("transition.against"), m("cli.verdict"))]
    table(
        m(
            "transition.title",
            scenario=_called(found.plan.scenario, m),
            months=found.months,
            reps=found.reps,
            runs=found.runs,
            saved=f"{found.months_saved:,}",
            of=f"{found.runs * found.months:,}",
        ),
        ("", m("transition.order"), m("transition.race"), *head),
        rows,
    )
    if found.failed:
        print(m("cli.failed_pairs", n=len(found.failed)))


def _called(scenario: Scenario, m: Messages) -> str:
    return scenario.name if m.lang == "en" else m.own(scenario)


def _against(verdict: str, indicator: str, m: Messages) -> str:
    return m("transition.as_written") if verdict == "as written" else judged(m, verdict, indicator)


def _print_months(found: Transition, best: int, m: Messages) -> None:
    from parksim.indicators import describe

    for indicator in found.indicators:
        unit = describe(indicator).unit
        frame = found.by_month(indicator)
        frame = frame[(frame["order"] == best) & (frame["month"] % 3 == 0)]
        rows = [
            (
                str(row["month"]),
                shown(row["value"], unit, m),
                difference(row["difference"], unit, m),
                m("cli.to", low=difference(row["low"], unit, m), high=difference(row["high"], unit, m)),
            )
            for row in frame.to_dict("records")
        ]
        head = ("month", "value", "difference", "interval")
        table(
            m("transition.when", order=best, indicator=m.named(indicator)),
            tuple(m(f"transition.{word}") for word in head),
            rows,
        )


def _print_groups(
    records: list[dict[Any, Any]], best: int, indicator: str, scenario: Scenario, m: Messages
) -> None:
    from parksim.indicators import describe

    unit = describe(indicator).unit
    rows = [
        (
            row["group"] if m.lang == "en" else m("page.colon").join(m.group(row["group"], scenario)),
            f"{row['n_people']:,.0f}",
            shown(row["value"], unit, m),
            difference(row["difference"], unit, m),
            judged(m, str(row["verdict"]), indicator),
        )
        for row in records
    ]
    head = ("group", "people", "value", "difference", "verdict")
    table(
        m("transition.whom", order=best, indicator=m.named(indicator)),
        tuple(m(f"transition.{word}") for word in head),
        rows,
    )
