"""Commands about experiments and their store: sweep, look at runs, export, reproduce, sensitivity."""

# ruff: noqa: PLC0415  (what computes is imported inside the commands, so that --help stays quick)
from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parksim.cli import app, words
from parksim.cli.importing import exports
from parksim.cli.words import Lang  # noqa: TC001  (Typer reads the annotations)
from parksim.errors import ParksimError

if TYPE_CHECKING:
    from parksim.experiment.sweep import Sweep
    from parksim.report.messages import Messages
    from parksim.store import Store

StoreUrl = Annotated[
    str, typer.Option("--store", metavar="URL", help="sqlite:///FILE, a file name, or postgresql://…")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes on this machine; by default one a core.")
]
ExperimentName = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Name or number in the store.")]
OneExperiment = Annotated[
    str | None,
    typer.Option("--experiment", metavar="NAME", help="Only this experiment's; its number does too."),
]

DEFAULT_STORE = "sqlite:///runs.db"
_OF_A_RUN = ("run", "experiment", "scenario", "point", "replication", "seed")


@app.command()
def sweep(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Experiment file, or a name of the library.")],
    store: StoreUrl = DEFAULT_STORE,
    workers: Workers = None,
    reps: Annotated[
        int | None, typer.Option("--reps", min=1, help="Instead of the file's; more extend.")
    ] = None,
    months: Annotated[int | None, typer.Option("--months", min=1, help="Instead of the file's.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="About so many runs: a smoke test.")
    ] = None,
    until: Annotated[
        list[str] | None,
        typer.Option(
            "--until-width",
            metavar="NAME=W",
            help="Go on until the 95 % interval of this indicator's paired difference is no wider than W.",
        ),
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option("--max-runs", min=1, help="Budget for --until-width.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="WHERE", help="Dask: tcp://HOST:PORT or local:N.")
    ] = None,
    lang: Lang = "en",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would take.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Play failed runs again.")] = False,
) -> None:
    """Play an experiment into a store; stop it at any time, and the same command goes on."""
    from parksim.cli.runs import bar
    from parksim.experiment.sweep import Sweep
    from parksim.report.messages import Messages
    from parksim.store import Store

    m, plan = Messages(lang), Sweep(file, months=months)
    if dry_run:
        _forecast(plan, store, workers, reps, m)
        return
    wanted = _widths(until or [])
    where = Store(store, notice=_say)
    try:
        with bar(m("cli.runs")) as progress:
            tally = plan.run(
                where,
                workers=workers,
                reps=reps,
                limit=limit,
                until=wanted,
                max_runs=max_runs,
                retry=retry,
                cluster=cluster,
                progress=progress,
            )
    except KeyboardInterrupt:
        _say("stopped; what is finished is stored, and the same command goes on")
        raise typer.Exit(130) from None
    counts = {"played": tally.played, "known": tally.known, "failed": tally.failed}
    print(m("sweep.done", name=plan.experiment.name, **counts))
    for width in plan.widths(where, wanted):
        print(
            m(
                "sweep.width",
                indicator=m.named(width.indicator),
                reached=f"{width.reached:.4g}",
                reps=width.replications,
                wanted=f"{width.wanted:g}",
                word=m("sweep.reached" if width.narrow else "sweep.not_reached"),
            )
        )
    if tally.failed:
        print(m("sweep.see_failed", store=store))
        raise typer.Exit(1)


@app.command()
def runs(
    store: StoreUrl = DEFAULT_STORE,
    experiment: OneExperiment = None,
    workers: Workers = None,
    lang: Lang = "en",
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only failed runs, with their errors.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Play the failed runs again.")] = False,
) -> None:
    """List the experiments of a store, its failed runs, or play these again."""
    from parksim.cli.runs import bar, table
    from parksim.cores import usable_cores
    from parksim.experiment.sweep import retry_failed
    from parksim.report.messages import Messages

    m, where, chosen = Messages(lang), _open(store), _number(experiment)
    if retry:
        with bar(m("cli.runs")) as progress:
            count, again = retry_failed(
                where, chosen, workers=min(workers or usable_cores(), usable_cores()), progress=progress
            )
        print(m("sweep.again", count=count, failed=again))
        raise typer.Exit(1 if again else 0)
    if failed:
        found = where.runs(chosen, failed=True)
        for row in found.to_dict("records"):
            print(m("sweep.failed_run", **{k: row[k] for k in _OF_A_RUN}))
            print("    " + str(row["traceback"]).strip().replace("\n", "\n    "))
        print(m("sweep.failed", n=len(found)))
        return
    listed = where.experiments()
    if chosen is not None:
        listed = listed[listed["experiment" if isinstance(chosen, str) else "id"] == chosen]
    columns = ("id", "experiment", "made", "seed", "months", "points", "runs", "failed")
    rows = [
        tuple(str(row[name])[:19] if name == "made" else str(row[name]) for name in columns)
        for row in listed.to_dict("records")
    ]
    table(where.shown, tuple(m(f"sweep.column_{name}") for name in columns), rows)


@exports.command(name="results")
def export_results(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .parquet or .csv.")],
    store: StoreUrl = DEFAULT_STORE,
    experiment: OneExperiment = None,
    what: Annotated[str, typer.Option("--table", help="indicators, groups, series or runs.")] = "indicators",
) -> None:
    """Write a table of a store to Parquet or CSV, a row an observation."""
    print(f"wrote {_open(store).export(file, _number(experiment), what)}")


@app.command()
def reproduce(
    run: Annotated[str, typer.Argument(metavar="RUN_ID", help="Address of a run, or its beginning.")],
    store: StoreUrl = DEFAULT_STORE,
    lang: Lang = "en",
) -> None:
    """Play a stored run again and say whether every number agrees to the bit."""
    from parksim.experiment.sweep import reproduce as again
    from parksim.report.messages import Messages

    m, found = Messages(lang), again(_open(store), run)
    if found.same:
        print(m("sweep.same"))
        return
    print(m("sweep.not_same"))
    if found.version != found.now:
        print(m("sweep.other_model", then=found.version, now=found.now))
    if found.machine != found.here:
        print(m("sweep.other_machine", then=found.machine, now=found.here))
    for name, (then, now) in found.differences.items():
        print(m("sweep.differs", name=m.named(name), then=repr(then), now=repr(now)))
    raise typer.Exit(1)


@app.command()
def sensitivity(
    experiment: ExperimentName,
    store: StoreUrl = DEFAULT_STORE,
    indicators: Annotated[
        list[str] | None, typer.Option("--indicator", metavar="NAME", help="Which; may be given often.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Paths to print, the strongest first.")] = 10,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FOLDER", help="Write a figure an indicator.")
    ] = None,
    lang: Lang = "en",
) -> None:
    """Say which assumptions move an experiment's results, and when a conclusion flips."""
    from parksim.cli.runs import table
    from parksim.experiment.sensitivity import robustness
    from parksim.experiment.sensitivity import sensitivity as analyse
    from parksim.report import doubts
    from parksim.report.messages import Messages

    m, where, chosen = Messages(lang), _open(store), _number(experiment)
    if chosen is None:
        raise ParksimError("which experiment? see: parksim runs")
    titles = {} if lang == "en" else {s.name: m.own(s) for s in where.spec(chosen)[1]}
    for name in indicators or ["commute_mean_min", "turnover_annual"]:
        found = analyse(where, chosen, name)
        for of, noise in found.noise.iterrows():
            ranked = found.ranked(str(of)).head(most)
            rows = [
                (_path(row["path"], m), *(f"{row[column]:.3g}" for column in ranked.columns[1:]))
                for row in ranked.to_dict("records")
            ]
            title = {"indicator": m.named(name), "of": doubts.of_whom(str(of), titles)}
            table(
                m("doubt.title", kind=m(f"doubt.kind_{found.kind}"), **title),
                tuple(m(f"doubt.{column}") for column in ranked.columns),
                rows,
            )
            print(doubts.noise({str(part): float(share) for part, share in noise.items()}, m), end="\n\n")
        for statement in robustness(where, chosen, name):
            print(doubts.conclusion(statement, m, titles), end="\n\n")
        if plot is not None:
            plot.mkdir(parents=True, exist_ok=True)
            figure = found.plot(lang=lang, titles=titles).figure
            figure.savefig(plot / f"sensitivity_{name}.png", dpi=150)  # type: ignore[union-attr]


def _path(path: str, m: Messages) -> str:
    """Return what a table calls a path: itself in English, for files; the parameter's name else."""
    return path if m.lang == "en" else m.parameter(path)


def _forecast(plan: Sweep, store: str, workers: int | None, reps: int | None, m: Messages) -> None:
    from sqlalchemy.engine import make_url

    url = make_url(store if "://" in store else f"sqlite:///{store}")
    file = url.database if url.get_backend_name() == "sqlite" else None
    exists = file is None or Path(file).exists()
    it = plan.forecast(store if exists else None, workers=workers, reps=reps)
    print(
        m(
            "sweep.forecast",
            name=plan.experiment.name,
            points=it.points,
            reps=it.replications,
            scenarios=len(plan.scenarios),
            runs=it.runs,
            stored=it.stored,
            each=f"{it.run_s:.2f}",
            kilobytes=f"{it.run_bytes / 1000:.0f}",
            time=_time(it.hours, m),
            megabytes=f"{it.megabytes:.0f}",
            left=it.runs - it.stored,
        )
    )


def _time(hours: float, m: Messages) -> str:
    if hours < 1 / 60:
        return m("sweep.seconds", n=f"{3600 * hours:.0f}")
    return m("sweep.minutes", n=f"{60 * hours:.0f}") if hours < 2 else m("sweep.hours", n=f"{hours:.1f}")


def _widths(said: list[str]) -> dict[str, float]:
    out = {}
    for one in said:
        name, equals, width = one.partition("=")
        try:
            out[name] = float(width)
        except ValueError:
            equals = ""
        if not equals:
            raise ParksimError(f"--until-width {one}: write NAME=W, as commute_mean_min=0.5")
    return out


def _open(url: str) -> Store:
    from parksim.store import Store

    file = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else url
    if "://" not in file and not file.startswith("file:") and not Path(file).exists():
        raise ParksimError(f"{url}: there is no such store")
    return Store(url, notice=_say)


def _number(experiment: str | None) -> str | int | None:
    return int(experiment) if experiment is not None and experiment.isdigit() else experiment


def _say(text: str) -> None:
    print(words.error(text), file=sys.stderr)
