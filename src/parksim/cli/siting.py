"""The command that proposes sites for new places, and plays the proposal."""

# ruff: noqa: PLC0415  (what computes is imported inside the command, so that --help stays quick)
from __future__ import annotations

import json
import math
from pathlib import Path  # noqa: TC003  (Typer reads the annotations)
from typing import Annotated

import typer

from parksim.cli import app
from parksim.cli.runs import bar, difference, judged, shown, table
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)


@app.command()
def site(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="Name of the library, or a file.")],
    category: Annotated[str, typer.Option("--category", help="What is to be built, as kindergarten.")],
    p: Annotated[int, typer.Option("--p", min=1, max=50, help="New places.")] = 1,
    method: Annotated[str, typer.Option("--method", help="p_median, max_coverage or p_center.")] = "p_median",
    radius: Annotated[float, typer.Option("--radius", help="Minutes that count as covered.")] = 10.0,
    capacity: Annotated[
        float | None, typer.Option("--capacity", min=1, help="Of each; default: as those that stand.")
    ] = None,
    reps: Annotated[int, typer.Option("--reps", min=0, help="Replications; less than 2: propose only.")] = 4,
    months: Annotated[int, typer.Option("--months", min=1, max=1200, help="Months to play.")] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the comparison.")] = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the scenario with the proposal to this YAML.")
    ] = None,
    lang: Lang = "en",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Propose where new places belong, play the scenario with them, and say what queues leave of the plan."""
    from parksim.indicators import describe
    from parksim.report.messages import Messages
    from parksim.scenario.write import to_yaml
    from parksim.siting_study import study

    m = Messages(lang)
    with bar(m("cli.runs")) as progress:
        found = study(
            name, category, p, method=method, radius=radius, capacity=capacity, reps=reps, months=months,
            seed=seed, workers=workers, progress=progress,
        )  # fmt: skip
    if out is not None:
        out.write_text(to_yaml(found.proposal), encoding="utf-8")
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    proven = (
        m("siting.proven")
        if math.isclose(found.gap, 0, abs_tol=1e-9)
        else m("siting.gap", share=f"{100 * found.gap:.1f}")
    )
    rows = [
        (
            m("siting.cell", row=s["row"], column=s["column"]),
            str(s["kind"]) if lang == "en" else m.word(f"land.{s['kind']}", m("siting.floor")),
            str(s["building"]) or m("siting.open_ground"),
        )
        for s in found.sites.to_dict("records")
    ]
    said = {"category": category, "method": method}
    if lang != "en":
        said = {"category": m.category(category), "method": m(f"siting.by_{method}")}
    table(
        m("siting.title", p=p, sites=len(found.candidates), proven=proven, **said),
        (m("siting.site"), m("siting.kind"), m("siting.building")),
        rows,
    )
    lines = [
        (
            m(f"siting.{key}", radius=f"{radius:g}"),
            *(shown(float(v), "share" if "share" in key else "min", m) for v in found.static[key]),
        )
        for key in ("covered_share", "mean_min", "farthest_min")
    ]
    if found.played is not None:
        lines += [
            (
                m(f"siting.{key}", radius=f"{radius:g}"),
                *(shown(float(v), "share", m) for v in found.played[key]),
            )
            for key in ("served_share", "off")
        ]
    table(m("siting.promised"), ("", m("siting.before"), m("siting.after")), lines)
    if found.comparison is None:
        return
    frame = found.differences()
    alternative = found.proposal.name
    base = found.comparison.baseline
    played = []
    for indicator, row in frame.iterrows():
        unit = describe(str(indicator)).unit
        low, high = difference(row["low"], unit, m), difference(row["high"], unit, m)
        played.append(
            (
                m.named(str(indicator)),
                shown(row[base], unit, m),
                shown(row[alternative], unit, m),
                difference(row["difference"], unit, m),
                m("cli.to", low=low, high=high),
                judged(m, str(row["verdict"]), str(indicator)),
            )
        )
    head = ("siting.as_it_stands", "siting.with_proposal", "transition.difference", "transition.interval")
    table(
        m("siting.paired", reps=reps, months=months),
        (m("cli.indicator"), *map(m, head), m("cli.verdict")),
        played,
    )
