"""A store keeps every run once, to the bit, on SQLite and PostgreSQL, through locks and full disks."""

import math
import sqlite3
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

sys.path.append(str(Path(__file__).parent))

from fake_play import play, play_or_fail
from require import postgres

import parksim.store.migrations
from parksim.experiment.work import Cell, Job, Member, Task, replication_seed, run_key, work
from parksim.packing import digest, pack, pack_frame, unpack_frame, unpack_groups, unpack_series
from parksim.scenario.read import load
from parksim.store import Store, StoreError
from parksim.store.connect import _config
from parksim.store.tables import metadata


@pytest.fixture(scope="module")
def members():
    return [Member.of(load("tiny-park")), Member.of(load("tiny-community"))]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'runs.db'}"
    else:
        with postgres() as where:
            yield where


def played(members, replications=3, months=4, player=play, settings=None, *, events=False):
    """Runs of both members, with the cells they fill."""
    results, cells = [], []
    for r in range(replications):
        seed = replication_seed(1, r)
        jobs = tuple(Job(run_key(m, settings or {}, seed, months), m, settings or {}) for m in members)
        task = Task(seed, months, jobs, events)
        results += [(task, job, outcome) for job, outcome in zip(jobs, work(task, player), strict=True)]
        cells += [Cell(0, r, at, seed, job.key) for at, job in enumerate(jobs)]
    return results, cells


def filled(url, members, **options):
    store = Store(url)
    number = store.begin("first", {"kind": "test"}, 1, 4, members)
    store.add_points(number, {0: {}})
    results, cells = played(members, **options)
    store.record(number, results, cells)
    return store, number, results, cells


def test_what_is_written_is_read(url, members):
    store, _, results, _ = filled(url, members)
    frame = store.indicators("first")
    assert list(frame.columns) == [
        "experiment",
        "scenario",
        "point",
        "replication",
        "seed",
        "indicator",
        "group",
        "value",
    ]
    assert len(frame) == 3 * 2 * 3
    assert frame["scenario"].unique().tolist() == ["tiny-park", "tiny-community"]
    one = store.indicators("first", "commute_mean_min", "tiny-community")
    wanted = [o.indicators["commute_mean_min"] for _, j, o in results if j.member.name == "tiny-community"]
    assert one["value"].tolist() == wanted
    assert one["seed"].tolist() == [replication_seed(1, r) for r in range(3)]
    assert one.attrs["units"] == {"commute_mean_min": "min"}
    assert store.indicators("first", "retention_enterprise_36m")["value"].isna().all()
    assert store.experiments()[["experiment", "points", "runs", "failed"]].to_numpy().tolist() == [
        ["first", 1, 6, 0]
    ]


def test_series_groups_and_events_come_back_long(url, members):
    store, *_ = filled(url, members, replications=2, events=True)
    series = store.series("first", "commute_mean_min", "tiny-park")
    assert list(series.columns)[-3:] == ["month", "indicator", "value"]
    assert series["month"].tolist() == [1, 2, 3, 4] * 2
    groups = store.groups(indicator="commute_mean_min")
    assert groups["group"].unique().tolist() == ["wage_band=low", "wage_band=middle", "wage_band=high"]
    assert groups["n"].tolist() == [10, 11, 12] * 4
    assert store.events("first")["identity"].tolist() == [2**63] * 4


def test_nothing_is_doubled_however_often_it_is_written(url, members):
    store, number, results, cells = filled(url, members)
    store.record(number, results, cells)
    Store(url).record(number, results[:2], cells[:2])
    assert len(store.runs()) == 6
    assert len(store.indicators()) == 18


def test_two_experiments_share_a_run(url, members):
    store, _, _, cells = filled(url, members)
    other = store.begin("second", {"kind": "test"}, 1, 4, members)
    store.link(other, cells)
    assert len(store.indicators("second")) == 18
    with store.engine.connect() as c:
        assert c.execute(sa.text("SELECT count(*) FROM runs")).scalar() == 6


def test_a_failed_run_is_a_row_and_a_retry_replaces_it(url, members):
    store, number, _, cells = filled(url, members, replications=6, player=play_or_fail)
    failed = store.runs("first", failed=True)
    assert 0 < len(failed) < 12
    assert failed["traceback"].str.contains("the roof fell in").all()
    status = store.known(cell.key for cell in cells)
    assert sum(s == "failed" for s in status.values()) == len(failed)
    again, _ = played(members, replications=6)
    store.record(number, [one for one in again if status[one[2].key] == "failed"], [])
    assert store.runs(failed=True).empty
    assert len(store.indicators("first", "commute_mean_min")) == 12


def test_a_run_is_found_by_the_beginning_of_its_address(url, members):
    store, _, results, _ = filled(url, members, settings={"parameters.staying.tie": 0.97})
    task, job, outcome = results[3]
    run = store.run(job.key[:10])
    assert run.scenario.content_hash == job.member.content_hash
    assert (run.seed, run.months, run.changes) == (task.seed, 4, {"parameters.staying.tie": 0.97})
    assert run.digest == outcome.digest
    back = store.outcome(job.key)
    assert digest(back.indicators, back.packed) == outcome.digest
    with pytest.raises(StoreError, match="no run begins with 'zzz'"):
        store.run("zzz")
    with pytest.raises(StoreError, match="more than one"):
        store.run("")


def test_names_that_are_not_there_are_said_with_the_nearest(url, members):
    store, *_ = filled(url, members)
    with pytest.raises(StoreError, match="no experiment 'frist'; did you mean 'first'"):
        store.indicators("frist")
    with pytest.raises(StoreError, match="did you mean 'commute_mean_min'"):
        store.indicators("first", "commute_mean")
    with pytest.raises(StoreError, match="did you mean 'tiny-park'"):
        store.indicators("first", scenario="tiny-prak")


def test_export(url, members, tmp_path):
    store, *_ = filled(url, members)
    wanted = store.indicators("first")
    pd.testing.assert_frame_equal(pd.read_parquet(store.export(tmp_path / "x.parquet")), wanted)
    again = pd.read_csv(store.export(tmp_path / "x.csv"), float_precision="round_trip")
    pd.testing.assert_frame_equal(again, wanted)
    with pytest.raises(StoreError, match=r"\.parquet or \.csv"):
        store.export(tmp_path / "x.xlsx")


def test_an_empty_store_reads_as_empty_tables(url):
    store = Store(url)
    for frame in (store.indicators(), store.runs(), store.series(), store.groups(), store.experiments()):
        assert frame.empty
    assert "value" in store.indicators()


def test_migrations_make_the_tables_that_the_code_writes(url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    store = Store(url)
    with store.engine.connect() as c:
        assert compare_metadata(MigrationContext.configure(c), metadata) == []
    assert ScriptDirectory.from_config(_config()).get_current_head() == parksim.store.migrations.HEAD


def test_a_store_of_a_newer_release_is_left_alone(url):
    store = Store(url)
    with store.engine.begin() as c:
        c.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(StoreError, match=r"newer parksim \(store version 0999.*Nothing was changed"):
        Store(url)


# --- faults of SQLite ----------------------------------------------------------------------------


def test_a_read_only_store_can_be_read_and_says_why_not_written(tmp_path, members):
    store, _, results, cells = filled(tmp_path / "runs.db", members)
    with store.engine.connect() as c:
        c.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
    store.close()
    fixed = Store(f"sqlite:///file:{tmp_path / 'runs.db'}?mode=ro&immutable=1&uri=true")
    assert len(fixed.indicators()) == 18
    with pytest.raises(StoreError, match="can only be read"):
        fixed.record(1, results, cells)


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(tmp_path, members):
    store, number, *_ = filled(tmp_path / "runs.db", members)
    results, cells = played(members, replications=60)
    with store.engine.connect() as c:
        pages = c.execute(sa.text("PRAGMA page_count")).scalar()

    def limit(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count={pages + 1}")

    sa.event.listen(store.engine, "checkout", limit)
    with pytest.raises(StoreError, match="the disk is full; make room and start again"):
        store.record(number, results, cells)
    assert len(store.runs()) == 6
    sa.event.remove(store.engine, "checkout", limit)
    store.engine.dispose()
    store.record(number, results, cells)
    assert len(store.runs()) == 120


def test_a_locked_store_is_waited_for(tmp_path, members):
    told = []
    store, number, *_ = filled(tmp_path / "runs.db", members)
    store.notice = told.append
    results, cells = played(members, replications=5)
    other = sqlite3.connect(tmp_path / "runs.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    store.engine.dispose()
    sa.event.listen(store.engine, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout=50"))
    release = threading.Timer(0.5, lambda: other.execute("COMMIT"))
    release.start()
    store.record(number, results, cells)
    release.join()
    other.close()
    assert len(store.runs()) == 10
    assert "locked" in told[0]
    assert "going on" in told[-1]


def test_a_store_locked_for_too_long_is_given_up_in_words(tmp_path, members):
    store, number, *_ = filled(tmp_path / "runs.db", members)
    store.patience_s, store.notice = 0.3, lambda _: None
    other = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sa.event.listen(store.engine, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout=50"))
    with pytest.raises(StoreError, match="another program holds the store locked"):
        store.record(number, *played(members, replications=4))
    other.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at/all/runs.db", "no such directory"),
        ("oracle+nonsense://x", "a store is sqlite:///FILE or postgresql"),
        ("mysql nonsense://", "a store is sqlite:///FILE or postgresql"),
        ("mysql://someone@there/runs", "a store is sqlite:///FILE or postgresql"),
    ],
)
def test_addresses_that_are_none(url, said):
    with pytest.raises(StoreError, match=said):
        Store(url)


def test_a_file_that_is_no_store(tmp_path):
    (tmp_path / "x.db").write_text("commute,minutes\n" * 100)
    with pytest.raises(StoreError, match="not a parksim store"):
        Store(tmp_path / "x.db")


# --- packing -------------------------------------------------------------------------------------


def test_packing_keeps_every_bit():
    index = pd.Index([1, 2], name="month")
    series = pd.DataFrame({"a": [0.1, math.nan], "b": [-0.0, 1e-300]}, index=index)
    groups = pd.DataFrame(
        {
            "indicator": ["a", "a"],
            "group": ["age=18-24", "性别=女"],
            "n": [3.0, 4.0],
            "value": [1 / 3, math.inf],
        }
    )
    packed = pack(series, groups)
    pd.testing.assert_frame_equal(unpack_series(packed), series, check_exact=True)
    pd.testing.assert_frame_equal(unpack_groups(packed), groups, check_exact=True)
    assert digest({"a": 1.0}, packed) == digest({"a": 1.0}, pack(series.copy(), groups.copy()))
    assert digest({"a": 1.0}, packed) != digest({"a": 1.0 + 1e-15}, packed)


def test_packing_empty_tables():
    packed = pack(
        pd.DataFrame(index=pd.Index([], name="month")),
        pd.DataFrame(columns=["indicator", "group", "n", "value"]),
    )
    assert unpack_groups(packed).empty
    assert unpack_series(packed).empty
    log = pd.DataFrame({"month": pd.Series(dtype=int), "kind": pd.Series(dtype=object)})
    assert unpack_frame(pack_frame(log)).empty
