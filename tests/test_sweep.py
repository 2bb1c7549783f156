"""Sweeps go on where they stopped, can be extended and reproduced, and say what is wrong with a file."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from fake_play import foreseen, play, play_or_fail, play_slowly
from require import need, postgres

from parksim.errors import ParksimError, ScenarioError
from parksim.experiment.design import Dimension, Range, read
from parksim.experiment.sweep import Sweep, reproduce, retry_failed
from parksim.experiment.work import replication_seed
from parksim.store import Store

TIE = "parameters.staying.tie"
SMALLEST = f"""
parksim: 1
name: small
scenarios: [tiny-park, tiny-community]
levers:
  {TIE}: [0.95, 1.0]
replications: 3
months: 2
fixed: true
"""


@pytest.fixture
def file(tmp_path):
    def write(text=SMALLEST, **replace):
        path = tmp_path / "small.yaml"
        for old, new in replace.items():
            text = text.replace(old, new)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "runs.db")
    yield store
    store.close()


def test_the_smallest_sweep(file, store):
    tally = Sweep(file(), play=play).run(store, workers=1)
    assert (tally.planned, tally.played, tally.known, tally.failed) == (12, 12, 0, 0)
    frame = store.indicators("small", "turnover_annual")
    assert frame.groupby("point")["value"].mean().diff().iloc[1] == pytest.approx(0.05)
    assert store.points("small")[TIE].tolist() == [0.95, 1.0]


def test_what_is_stored_is_not_played_again_and_a_sweep_is_extended(file, store):
    Sweep(file(), play=play).run(store, workers=1, limit=5)
    assert len(store.runs()) == 6  # whole tasks: both scenarios share their luck
    again = Sweep(file(), play=play).run(store, workers=1)
    assert (again.played, again.known) == (6, 6)
    more = Sweep(file(), play=play).run(store, workers=1, reps=5)
    assert (more.played, more.known) == (8, 12)
    assert len(store.experiments()) == 1
    assert store.indicators("small", "turnover_annual")["replication"].nunique() == 5


def test_a_stopped_sweep_is_balanced(file, store):
    Sweep(file(), play=play).run(store, workers=1, limit=4)
    assert store.runs()["point"].value_counts().tolist() == [2, 2]
    assert store.runs()["replication"].unique().tolist() == [0]


def test_a_run_that_two_points_share_is_played_once(file, store):
    text = SMALLEST.replace(TIE, "amenities.pavilion-cafe.capacity").replace("[0.95, 1.0]", "[1, 2, 3]")
    sweep = Sweep(file(text), play=play)
    tally = sweep.run(store, workers=1, reps=1)
    assert tally.planned == 6
    with store.engine.connect() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM runs").scalar() == 4  # one park, three communities
    assert len(store.indicators("small", "turnover_annual")) == 6


def test_a_lever_can_be_meant_for_one_scenario_only(file, store):
    Sweep(file(SMALLEST.replace(TIE, f"'tiny-community:{TIE}'")), play=play).run(store, workers=1)
    frame = store.indicators("small", "turnover_annual")
    spread = frame.groupby(["scenario", "replication"])["value"].agg(lambda x: x.max() - x.min())
    assert spread["tiny-park"].max() == 0
    assert spread["tiny-community"].min() == pytest.approx(0.05)


def test_uncertainties_under_a_grid_are_drawn_for_each_replication(file, store):
    Sweep(file(levers="uncertainties", **{"[0.95, 1.0]": "{low: 0.96, high: 0.98}"}), play=play).run(
        store, workers=1
    )
    drawn = store.parameters("small")[TIE]
    assert drawn.between(0.96, 0.98).all()
    assert drawn.nunique() == 3
    frame = store.indicators("small", "turnover_annual")
    luck = [foreseen(Sweep(file(), play=play).scenarios[0], replication_seed(1, r)) for r in range(3)]
    assert frame["value"].iloc[0] == pytest.approx(luck[0]["turnover_annual"] - 1 + drawn.iloc[0])


def test_failed_runs_are_kept_and_played_again_on_request(file, store):
    tally = Sweep(file(), play=play_or_fail).run(store, workers=1, reps=8)
    assert 0 < tally.failed < 32
    assert Sweep(file(), play=play).run(store, workers=1, reps=8).played == 0
    assert len(store.runs("small", failed=True)) == tally.failed
    assert retry_failed(store, "small", play=play) == (tally.failed, 0)
    assert store.runs(failed=True).empty
    assert len(store.indicators("small", "turnover_annual")) == 32


def test_a_changed_file_is_another_experiment_that_shares_runs(file, store):
    Sweep(file(), play=play).run(store, workers=1)
    again = Sweep(file(**{"[0.95, 1.0]": "[1.0, 0.97]"}), play=play).run(store, workers=1)
    assert (again.known, again.played) == (6, 6)
    assert store.points("small")[TIE].tolist() == [1.0, 0.97]
    assert len(store.experiments()) == 2


def test_until_the_interval_is_narrow_enough(file, store):
    # the paired difference varies by 0.1 * (a uniform number - another): s.d. 0.04
    sweep = Sweep(file(**{"[0.95, 1.0]": "[1.0]"}), play=play)
    sweep.run(store, workers=1, until={"commute_mean_min": 0.02})
    (width,) = sweep.widths(store, {"commute_mean_min": 0.02})
    assert width.narrow
    assert 30 < width.replications < 200
    stopped = sweep.run(store, workers=1, until={"commute_mean_min": 0.0001}, max_runs=500)
    (width,) = sweep.widths(store, {"commute_mean_min": 0.0001})
    assert (width.narrow, width.replications) == (False, 250)
    assert stopped.done >= 500


def test_reproduce(file, store):
    Sweep(file(), play=play).run(store, workers=1, limit=2)
    key = store.runs()["run"].iloc[0]
    assert reproduce(store, key[:12], play=play).same

    def changed(scenario, seed, months):
        run = play(scenario, seed, months)
        run.indicators["commute_mean_min"] += 1e-12
        return run

    found = reproduce(store, key, play=changed)
    assert not found.same
    assert list(found.differences) == ["commute_mean_min"]


def test_forecast(file, store):
    sweep = Sweep(file(), play=play)
    sweep.run(store, workers=1, limit=4)
    it = sweep.forecast(store, workers=2, reps=10)
    assert (it.points, it.replications, it.runs, it.stored) == (2, 10, 40, 4)
    assert it.run_s > 0
    assert it.megabytes > 0
    assert len(store.runs()) == 4


def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(file, tmp_path, monkeypatch):
    for module in ("experiment.work", "experiment.sweep", "store.store"):
        monkeypatch.setattr(f"parksim.{module}.model_version", lambda: "pinned")
    script = tmp_path / "mine.py"
    script.write_text(
        textwrap.dedent(f"""
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
        sys.path.append({str(Path(__file__).parent)!r})
        from fake_play import pin_model_version, play_slowly
        pin_model_version()
        from parksim.experiment.sweep import Sweep
        Sweep({str(file())!r}, play=play_slowly).run({str(tmp_path / "runs.db")!r}, workers=2, reps=150)
        """)
    )
    for kind in (signal.SIGKILL, signal.SIGINT):
        before = _stored(tmp_path / "runs.db")
        with subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL) as process:
            for _ in range(900):
                time.sleep(0.1)
                if _stored(tmp_path / "runs.db") > before + 10:
                    break
            process.send_signal(kind)
    stopped = _stored(tmp_path / "runs.db")
    assert 20 < stopped < 600
    store = Store(tmp_path / "runs.db")
    tally = Sweep(file(), play=play).run(store, workers=1, reps=150)
    assert tally.known == stopped
    assert len(store.indicators("small", "turnover_annual")) == 600
    store.close()


def _stored(path):
    if not path.exists():
        return 0
    try:
        store = Store(path, patience_s=0)
        count = len(store.runs())
        store.close()
    except ParksimError:
        return 0
    return count


def test_a_postgres_that_drops_its_clients_in_the_middle_is_reached_again(file, monkeypatch):
    monkeypatch.setattr("parksim.experiment.plan.KEEP_S", 0)
    away = []
    with postgres() as url:
        store = Store(url, notice=lambda _: None)

        def drop(done, _total):
            if done == 4 and not away:
                away.append(1)
                other = Store(url)
                with other.engine.connect() as c:
                    c.exec_driver_sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                other.close()

        tally = Sweep(file(), play=play).run(store, workers=1, progress=drop)
        assert away
        assert (tally.played, tally.failed) == (12, 0)
        assert len(store.indicators("small", "turnover_annual")) == 12
        store.close()


def test_a_postgres_that_is_down_for_seconds_is_waited_for(file):
    need("postgres")
    if "regress" not in os.environ.get("PGCLUSTER", "15/regress") or os.environ.get("PARKSIM_PG_URL"):
        pytest.skip("needs a cluster of pg_virtualenv, which may be stopped")
    told = []

    def cluster(*words):
        version = os.environ["PGVERSION"]
        subprocess.run(["pg_ctlcluster", version, "regress", *words], check=True, capture_output=True)

    with postgres() as url:
        store = Store(url, notice=told.append)
        start = threading.Timer(3, cluster, ["start"])

        def stop(done, _total):
            if done and not start.is_alive() and not told:
                cluster("stop", "-m", "immediate")
                start.start()

        tally = Sweep(file(), play=play_slowly).run(store, workers=1, reps=10, progress=stop)
        start.join()
        assert (tally.played, tally.failed) == (40, 0)
        assert len(store.indicators("small", "turnover_annual")) == 40
        assert "does not answer" in told[0]
        assert "Nothing is lost" in told[0]
        assert "going on" in told[-1]
        store.close()


# --- designs -------------------------------------------------------------------------------------


def points(file, text):
    return Sweep(file(text), play=play).resolved.points


def test_a_grid_crosses_everything(file):
    text = SMALLEST.replace("replications", "  parameters.staying.services: [-0.1, 0]\nreplications")
    assert len(points(file, text)) == 4


@pytest.mark.parametrize(
    ("design", "count"),
    [
        ("{kind: lhs, samples: 20}", 20),
        ("{kind: sobol, samples: 8}", 8 * 4),
        ("{kind: sobol, samples: 8, second_order: true}", 8 * 6),
        ("{kind: morris, trajectories: 5}", 5 * 3),
    ],
)
def test_sampled_designs_fill_the_ranges(file, design, count):
    text = SMALLEST.replace("[0.95, 1.0]", "{low: 0.96, high: 0.98}").replace(
        "replications", f"  parameters.staying.services: [-0.1, 0]\ndesign: {design}\nreplications"
    )
    found = points(file, text)
    assert len(found) == count
    ties = np.array([point[TIE] for point in found])
    assert ties.min() >= 0.96
    assert ties.max() <= 0.98
    assert {point["parameters.staying.services"] for point in found} == {-0.1, 0}
    assert found == points(file, text)


def test_a_table_of_points(file, tmp_path):
    (tmp_path / "points.csv").write_text(f"{TIE},population.employees\n0.97,45\n1.0,50\n")
    text = SMALLEST.replace(f"levers:\n  {TIE}: [0.95, 1.0]", "design: {kind: csv, file: points.csv}")
    assert points(file, text) == (
        {TIE: 0.97, "population.employees": 45},
        {TIE: 1.0, "population.employees": 50},
    )
    (tmp_path / "points.csv").write_text(f"{TIE}x\n0.97\n")
    with pytest.raises(ScenarioError, match=r"points\.csv:2: .*did you mean 'tie'"):
        points(file, text)


def test_a_head_count_is_sampled_whole():
    dimension = Dimension("population.employees", Range(low=30, high=50), whole=True)
    assert dimension.at(0.517) == 40
    assert isinstance(dimension.at(0.5), int)


def test_every_assumed_number_at_once(file):
    text = SMALLEST.replace(
        f"levers:\n  {TIE}: [0.95, 1.0]", "uncertainties: assumed\ndesign: {kind: lhs, samples: 4}"
    )
    sweep = Sweep(file(text), play=play)
    assert len(sweep.dimensions) > 40
    assert TIE not in [dimension.path for dimension in sweep.dimensions]  # grade C


# --- faults in files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("months: 2", "month: 2", r"small\.yaml:8: month: unknown key 'month'; did you mean 'months'"),
        (
            "months: 2",
            "months: 0",
            r"small\.yaml:8: months: 0 is out of range; allowed: 1 to 1200",
        ),
        ("name: small\n", "", "name: 'name' is missing"),
        (
            TIE,
            "parameters.staying.tei",
            r"small\.yaml:6: levers\.parameters\.staying\.tei: in none of the scenarios",
        ),
        ("[0.95, 1.0]", "[0.95, 7]", r"small\.yaml:6: .*7 is not possible in tiny-park: .*out of range"),
        ("[0.95, 1.0]", "[]", "empty list of values"),
        ("[0.95, 1.0]", "{low: 2, high: 1}", r"low \(2\) should be below high \(1\)"),
        ("[0.95, 1.0]", "{low: 0.9, high: 1}", "a grid needs a list of values"),
        ("[0.95, 1.0]", "0.95", "should be a list of values, or low and high"),
        ("tiny-park,", "tiny-prak,", "did you mean 'tiny-park'"),
        ("tiny-park,", "tiny-community,", "two scenarios are named 'tiny-community'"),
        (TIE, f"'tiny-comunity:{TIE}'", "no scenario 'tiny-comunity' in this experiment; did you mean"),
        ("months: 2", "design: {kind: sobol, samples: 12}", "12 should be a power of two, as 16"),
        ("months: 2", "design: {kind: gird}", r"small\.yaml:8: design\.kind: 'gird' .*did you mean 'grid'"),
        ("months: 2", "design: {kind: csv}", "kind csv needs it"),
        ("months: 2", "design: {kind: grid, level: 3}", "did you mean 'levels'"),
        ("months: 2", f"uncertainties: {{{TIE}: [1]}}", "can only be one"),
        ("months: 2", "uncertainties: {parameters.travel.bpr_b: ~}", "no range is known for it"),
    ],
)
def test_faults_are_said_with_file_line_and_field(file, old, new, said):
    assert old in SMALLEST
    with pytest.raises(ScenarioError, match=said):
        Sweep(file(SMALLEST.replace(old, new)), play=play)


def test_an_experiment_that_is_not_there():
    with pytest.raises(ScenarioError, match="no such file, and no experiment of that name"):
        read("nothing-of-the-kind")


def test_a_width_needs_two_scenarios_and_a_positive_number(file, store):
    one = Sweep(file(**{"tiny-park, ": ""}), play=play)
    assert len(one.scenarios) == 1
    with pytest.raises(ParksimError, match="needs two scenarios"):
        one.run(store, until={"commute_mean_min": 1})
    with pytest.raises(ParksimError, match="should be above 0"):
        Sweep(file(), play=play).run(store, until={"commute_mean_min": math.nan})


# --- command line --------------------------------------------------------------------------------


def test_the_command_line_from_sweep_to_export(tmp_path, file, monkeypatch, capfd):
    from parksim.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def parksim(*words):
        monkeypatch.setattr(sys, "argv", ["parksim", *words])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = capfd.readouterr()
        return SimpleNamespace(returncode=code, stdout=said.out, stderr=said.err)

    path = str(file())
    dry = parksim("sweep", path, "--dry-run")
    assert "2 design points x 3 replications x 2 scenarios" in dry.stdout, dry.stderr
    assert not (tmp_path / "runs.db").exists()
    smoke = parksim("sweep", path, "--limit", "2", "--workers", "1")
    assert "2 runs played, 0 were there, 0 failed" in smoke.stdout, smoke.stderr
    assert "small" in parksim("runs").stdout
    assert "0 failed runs" in parksim("runs", "--failed").stdout
    assert "wrote x.csv" in parksim("export", "results", "x.csv", "--experiment", "small").stdout
    key = Store(tmp_path / "runs.db").runs()["run"].iloc[0]
    assert "The same to the bit." in parksim("reproduce", key[:12]).stdout
    missing = parksim("runs", "--store", "sqlite:///none.db")
    assert (missing.returncode, missing.stderr) == (2, "parksim: sqlite:///none.db: there is no such store\n")
    wrong = parksim("sweep", path, "--until-width", "commute")
    assert "write NAME=W" in wrong.stderr
