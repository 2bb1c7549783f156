"""The command that writes a report: of scenarios it plays, or of a comparison that a store keeps."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parksim.cli import app
from parksim.cli.sweeps import _number, _open
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)
from parksim.errors import ParksimError


@app.command()
def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[BASE OTHER...]", help="Scenarios to play; the first is the baseline."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store", metavar="URL", help="Instead: a store that `compare --out` or `report` wrote."
        ),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment", metavar="NAME", help="Which of the store's; default: the newest comparison."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page.")] = Path("report.html"),
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Print it on A4 too, by Chromium.")
    ] = None,
    reps: Annotated[int, typer.Option("--reps", min=1, max=100_000, help="Replications to play.")] = 8,
    months: Annotated[int, typer.Option("--months", min=1, max=1200, help="Months to play.")] = 36,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the comparison.")] = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    lang: Lang = "en",
    *,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="Hold uncertain parameters at their defaults.")
    ] = False,
) -> None:
    """Write the report of a comparison: one page that needs no network, in English or Chinese.

    Give scenarios to play, or --store to write what was played before, with equal numbers.
    """
    from parksim.cli.runs import bar
    from parksim.experiment.comparison import compare, from_store
    from parksim.report import page
    from parksim.report.messages import Messages

    m = Messages(lang)
    if bool(names) == (store is not None):
        raise ParksimError("give scenarios to play, or --store with a comparison, and not both")
    if store is not None:
        result = from_store(_open(store), _number(experiment))
    else:
        from parksim.scenario.read import load

        scenarios = [load(name) for name in names or []]
        with bar(m("cli.runs")) as progress:
            result = compare(
                scenarios,
                reps=reps,
                seed=seed,
                months=months,
                workers=workers,
                fixed=fixed,
                events=True,
                progress=progress,
            )
    print(m("cli.wrote", files=page.write(result, out, lang=lang)))
    if pdf is not None:
        from parksim.report.pdf import pdf as print_

        print(m("cli.wrote", files=print_(out, pdf, lang)))
