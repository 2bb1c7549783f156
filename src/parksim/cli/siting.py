"""The command that proposes sites for new places, and plays the proposal."""

# ruff: noqa: PLC0415  (what computes is imported inside the command, so that --help stays quick)
from __future__ import annotations

import json
import math
from pathlib import Path  # noqa: TC003  (Typer reads the annotations)
from typing import Annotated

import typer

from parksim.cli import app
from parksim.cli.runs import bar, difference, shown, table


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
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Propose where new places belong, play the scenario with them, and say what queues leave of the plan."""
    from parksim.indicators import describe
    from parksim.scenario.write import to_yaml
    from parksim.siting_study import study

    with bar("runs") as progress:
        found = study(
            name, category, p, method=method, radius=radius, capacity=capacity, reps=reps, months=months,
            seed=seed, workers=workers, progress=progress,
        )  # fmt: skip
    if out is not None:
        out.write_text(to_yaml(found.proposal), encoding="utf-8")
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    proven = "proven best" if math.isclose(found.gap, 0, abs_tol=1e-9) else f"gap {100 * found.gap:.1f} %"
    rows = [
        (f"cell [{s['row']}, {s['column']}]", str(s["kind"]), str(s["building"]) or "open ground")
        for s in found.sites.to_dict("records")
    ]
    table(
        f"{p} x {category} by {method} among {len(found.candidates)} free sites ({proven})",
        ("site", "kind", "building"),
        rows,
    )
    terms = {
        "covered_share": f"doors: needing people within {radius:g} min",
        "mean_min": "doors: mean minutes to the nearest",
        "farthest_min": "doors: minutes of the farthest",
    }
    lines = [
        (text, *(shown(float(v), "share" if "share" in key else "min") for v in found.static[key]))
        for key, text in terms.items()
    ]
    if found.played is not None:
        lines += [
            (f"played: {text}", *(shown(float(v), "share") for v in found.played[key]))
            for key, text in (
                ("served_share", f"wanted visits that end within {radius:g} min"),
                ("off", "doors promise more than people get by"),
            )
        ]
    table("What doors promise, and what people get", ("", "before", "after"), lines)
    if found.comparison is None:
        return
    frame = found.differences()
    alternative = found.proposal.name
    base = found.comparison.baseline
    played = []
    for indicator, row in frame.iterrows():
        unit = describe(str(indicator)).unit
        low, high = difference(row["low"], unit), difference(row["high"], unit)
        played.append(
            (
                str(indicator),
                shown(row[base], unit),
                shown(row[alternative], unit),
                difference(row["difference"], unit),
                f"{low} to {high}",
                str(row["verdict"]),
            )
        )
    table(
        f"Paired differences, {reps} replications of {months} months",
        ("indicator", "as it stands", "with the proposal", "difference", "95 % interval", "verdict"),
        played,
    )
