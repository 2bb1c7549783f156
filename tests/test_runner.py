"""Tasks become outcomes: the same bits however they are played, and one fault stops nobody else."""

import concurrent.futures
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from fake_play import foreseen, play, play_once_killed, play_or_die, play_or_fail
from require import need

from parksim.errors import ParksimError
from parksim.experiment.cluster import cluster
from parksim.experiment.comparison import compare
from parksim.experiment.plan import Plan
from parksim.experiment.runner import outcomes
from parksim.experiment.work import Member, replication_seed
from parksim.scenario.read import load


@pytest.fixture(scope="module")
def family():
    return [load("tiny-park"), load("tiny-community")]


@pytest.fixture(scope="module")
def tasks(family):
    plan = Plan("t", {}, tuple((s, Member.of(s)) for s in family), ({},), 1, 3, fixed=True)
    return [task for task, _ in plan.tasks(range(12))]


def digests(batches):
    return {outcome.key: outcome.digest for batch in batches for outcome in batch}


def test_one_worker_two_workers_any_order_the_same_bits(tasks):
    alone = digests(outcomes(tasks, play=play))
    assert len(alone) == 24
    assert digests(outcomes(tasks[::-1], workers=2, play=play)) == alone
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        assert digests(outcomes(tasks, executor=threads, workers=3, play=play)) == alone


def test_a_run_that_fails_is_an_outcome_and_the_others_go_on(tasks):
    found = [outcome for batch in outcomes(tasks, play=play_or_fail) for outcome in batch]
    failed = [outcome for outcome in found if outcome.failed]
    assert len(found) == 24
    assert 0 < len(failed) < 24
    assert "RuntimeError: the roof fell in" in failed[0].traceback


def test_a_value_the_scenario_refuses_fails_in_that_run_only(family):
    points = ({"parameters.staying.tie": 1.0}, {"parameters.staying.tie": 99})
    plan = Plan("t", {}, tuple((s, Member.of(s)) for s in family), points, 1, 3, fixed=True)
    found = [o for batch in outcomes((task for task, _ in plan.tasks([0])), play=play) for o in batch]
    assert [o.failed for o in found] == [False, False, True, True]
    assert "out of range" in found[2].traceback


def test_a_worker_that_dies_takes_only_the_run_at_fault_with_it(tasks):
    found = {o.key: o for batch in outcomes(tasks, workers=2, play=play_or_die) for o in batch}
    assert len(found) == 24
    failed = [o for o in found.values() if o.failed]
    assert 0 < len(failed) < 24
    assert all("worker process that played this run died" in o.traceback for o in failed)


def test_tasks_are_handed_out_a_few_at_a_time(tasks):
    taken = []

    def watched():
        for task in tasks * 20:
            taken.append(task)
            yield task

    coming = outcomes(watched(), workers=2, play=play)
    next(coming)
    assert len(taken) <= 8
    coming.close()


def test_no_workers():
    with pytest.raises(ParksimError, match="workers 0"):
        next(outcomes([], workers=0))


def test_workers_start_from_a_script_that_has_no_main_guard(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.append({str(Path(__file__).parent)!r})
        print("started")
        from fake_play import play
        import parksim as ps
        c = ps.compare(["tiny-park", "tiny-community"], reps=3, workers=2, fixed=True, play=play)
        print(len(c.values))
        """)
    )
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.split() == ["started", "18"]


def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.append({str(Path(__file__).parent)!r})
        from fake_play import play_slowly
        import parksim as ps, multiprocessing, time
        def told(done, total):
            if done:
                print(*[child.pid for child in multiprocessing.active_children()], flush=True)
        ps.compare(["tiny-park", "tiny-community"], reps=500, workers=2, play=play_slowly, progress=told)
        """)
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        children = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert len(children) == 2
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in children):
            break
        time.sleep(0.1)
    else:
        pytest.fail("workers are left over")


# --- comparisons ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comparison(family):
    return compare(family, reps=6, months=3, workers=1, play=play, fixed=True, events=True)


def test_both_scenarios_of_a_replication_meet_the_same_luck(comparison, family):
    for r in range(6):
        seed = replication_seed(1, r)
        for scenario in family:
            wanted = foreseen(scenario, seed)["commute_mean_min"]
            assert comparison.of("commute_mean_min", scenario.name)[r] == wanted
    assert len({replication_seed(1, r) for r in range(10_000)}) == 10_000
    assert replication_seed(1, 0) != replication_seed(2, 0)


def test_the_table_says_what_differs(comparison, family):
    row = comparison.table().loc["commute_mean_min"]
    more = len(family[1].amenities) - len(family[0].amenities)
    assert row["unit"] == "min"
    assert row["difference"] == pytest.approx(-2 * more, abs=0.2)
    assert row["verdict"] == "better"
    assert comparison.table().loc["retention_enterprise_36m", "verdict"] == "n/a"
    assert "<table" in comparison._repr_html_()


def test_json_is_json(comparison):
    said = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert (said["baseline"], said["replications"], said["seed"]) == ("tiny-park", 6, 1)
    commute = said["indicators"]["commute_mean_min"]
    assert (commute["unit"], commute["better"]) == ("min", "lower")
    assert set(commute["scenarios"]) == {"tiny-park", "tiny-community"}
    difference = commute["differences"]["tiny-community"]
    assert difference["ci95"][0] < difference["mean"] < difference["ci95"][1]
    assert {"range90", "sign_share", "variance_reduction", "verdict"} <= set(difference)
    missing = said["indicators"]["retention_enterprise_36m"]
    assert missing["scenarios"]["tiny-park"] == {"mean": None, "ci95": [None, None], "n": 0}
    assert missing["differences"]["tiny-community"]["verdict"] == "n/a"


def test_groups_series_and_events_are_tidy(comparison):
    groups = comparison.group_table("commute_mean_min")
    assert groups.index.tolist() == ["wage_band=low", "wage_band=middle", "wage_band=high"]
    assert (groups["verdict"] == "better").all()
    assert groups["n_people"].tolist() == [10, 11, 12]
    assert comparison.series["month"].tolist()[:3] == [1, 2, 3]
    assert len(comparison.events) == 12


def test_a_store_gives_the_same_comparison_and_plays_nothing_twice(comparison, family, tmp_path):
    options = {"reps": 6, "months": 3, "workers": 1, "fixed": True, "events": True}
    store = tmp_path / "runs.db"
    first = compare(family, **options, store=store, play=play)
    again = compare(family, **options, store=store, play=None)
    for other in (first, again):
        assert other.to_dict() == comparison.to_dict()
        assert other.groups.equals(comparison.groups)
        assert other.series.equals(comparison.series)


def test_uncertain_parameters_are_drawn_unless_fixed(comparison, family):
    drawn = compare(family, reps=3, months=3, workers=1, play=play)
    assert comparison.futures.empty
    assert drawn.futures["parameters.staying.tie"].nunique() == 3
    turnover = drawn.of("turnover_annual") - [
        0.01 * foreseen(family[0], s)["turnover_annual"] for s in (0, 0, 0)
    ]
    assert turnover.notna().all()


def test_pairs_with_a_failed_run_are_left_out(family):
    found = compare(family, reps=8, months=3, workers=1, fixed=True, play=play_or_fail)
    assert 0 < len(found.failed) < 16
    assert found.difference("commute_mean_min").n == 8 - len(found.failed) // 2


def test_a_comparison_in_which_all_fails_says_why(family):
    def broken(*_args, **_options):
        raise ValueError("no such door")

    with pytest.raises(ParksimError, match=r"every run failed(.|\n)*no such door"):
        compare(family, reps=2, workers=1, fixed=True, play=broken)


def test_comparisons_that_make_no_sense(family, comparison):
    with pytest.raises(ParksimError, match="at least two scenarios"):
        compare(family[:1], play=play)
    with pytest.raises(ParksimError, match="two scenarios are named 'tiny-park'"):
        compare([family[0], family[0]], play=play)
    with pytest.raises(ParksimError, match="did you mean 'commute_mean_min'"):
        comparison.difference("commute_mean_mn")


def test_how_many_more(comparison):
    assert comparison.further("commute_mean_min", 10) == 0
    assert comparison.further("commute_mean_min", 0.01) > 10
    assert math.isfinite(comparison.estimate("commute_mean_min").low)


# --- many machines -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_loses_and_doubles_nothing(tasks, tmp_path, monkeypatch):
    need("dask")
    monkeypatch.setenv("PARKSIM_TEST_MARK", str(tmp_path / "died"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    alone = digests(outcomes(tasks, play=play))
    with cluster("local:2") as (executor, workers):
        assert workers == 2
        found = [
            o
            for batch in outcomes(tasks, executor=executor, workers=workers, play=play_once_killed)
            for o in batch
        ]
    assert (tmp_path / "died").exists()
    assert len(found) == 24
    assert {o.key: o.digest for o in found} == alone


def test_a_cluster_that_is_not_there():
    need("dask")
    with pytest.raises(ParksimError, match="give the number of worker processes"), cluster("local:many"):
        pass
