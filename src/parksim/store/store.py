"""A store of runs: written by sweeps, a batch a transaction; read as tidy tables."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
import weakref
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from parksim.errors import ParksimError, nearest
from parksim.experiment.work import DONE, FAILED, Outcome, model_version
from parksim.packing import Packed, unpack_frame, unpack_groups, unpack_series
from parksim.scenario.schema import Scenario
from parksim.store import tables as t
from parksim.store.connect import WRITES, StoreError, engine_for, explain, migrate, temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Select, Table

    from parksim.experiment.work import Cell, Job, Member, Task

T = TypeVar("T")

PATIENCE_S = 120.0
_MANY = 500  # keys in one question: below the 999 variables of old SQLite
_PLACES = 1000  # members an experiment can have, for one number a (experiment, member)
_log = logging.getLogger("parksim.store")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One stored run with all that is needed to play it again."""

    key: str
    scenario: Scenario
    changes: dict[str, Any]
    seed: int
    months: int
    version: str
    machine: str
    status: str
    digest: str
    wall_s: float
    traceback: str
    events: bool


class Store:
    """A database of experiments and their runs.

    Parameters
    ----------
    url : str or Path
        ``sqlite:///runs.db`` or a file name, or ``postgresql://user@host/database``.
    patience_s : float
        How long to go on trying where the database is locked or away.
    notice : callable, optional
        Told once when waiting begins and once when it is over; by default a log message.

    Raises
    ------
    StoreError
        If it cannot be opened, or was written by a newer release.

    Notes
    -----
    Tables read from a store have one row an observation, with the columns ``experiment, scenario, point,
    replication, seed, indicator, group, value`` (those that apply); units stand in ``attrs["units"]``.
    """

    def __init__(
        self,
        url: str | Path,
        *,
        patience_s: float = PATIENCE_S,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.engine = engine_for(url)
        weakref.finalize(self, self.engine.dispose)
        self.shown = self.engine.url.render_as_string(hide_password=True)
        self.patience_s = patience_s
        self.notice = notice or _log.warning
        self._indicator_ids: dict[str, int] = {}
        self._known: dict[tuple[str, str], int] = {}
        try:
            self._patiently(lambda: migrate(self.engine))
        except BaseException:
            self.engine.dispose()
            raise

    def __repr__(self) -> str:
        return f"Store({self.shown!r})"

    def close(self) -> None:
        """Let go of the database's connections."""
        self.engine.dispose()

    # --- writing --------------------------------------------------------------------------------

    def begin(
        self, name: str, spec: Mapping[str, Any], seed: int, months: int, members: Sequence[Member]
    ) -> int:
        """Enter an experiment, or find it again.

        Parameters
        ----------
        name : str
            Name of the experiment.
        spec : mapping
            What makes it this experiment, as JSON; another spec (or model version) under the same name is
            another experiment, which may share runs with the first.
        seed, months : int
            Seed of the experiment and length of its runs.
        members : sequence of Member
            The scenarios, the baseline first.

        Returns
        -------
        int
            Its number.
        """
        whole = {**spec, "model": model_version()}
        text = json.dumps(whole, sort_keys=True, ensure_ascii=False, default=str)
        what = json.dumps([text, seed, months, [(m.name, m.content_hash) for m in members]])
        spec_hash = hashlib.blake2b(what.encode(), digest_size=16).hexdigest()

        def write(c: Connection) -> int:
            row = {"name": name, "spec_hash": spec_hash, "spec": text, "seed": seed, "months": months}
            self._add(c, t.experiments, [{**row, "made": _now()}])
            found = select(t.experiments.c.id).filter_by(name=name, spec_hash=spec_hash)
            number = int(c.execute(found).scalar_one())
            rows = [
                {
                    "experiment_id": number,
                    "position": position,
                    "name": member.name,
                    "scenario_id": self._scenario_id(c, member),
                }
                for position, member in enumerate(members)
            ]
            self._add(c, t.members, rows)
            return number

        return self._write(write)

    def add_points(self, experiment: int, points: Mapping[int, Mapping[str, Any]]) -> None:
        """Enter design points: value by path, by number."""
        rows = [
            {
                "experiment_id": experiment,
                "point": number,
                "settings": json.dumps(settings, ensure_ascii=False),
            }
            for number, settings in points.items()
        ]
        self._write(lambda c: self._add(c, t.points, rows))

    def known(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the status (``done`` or ``failed``) of those runs that the store holds."""
        wanted, found = list(keys), {}
        for start in range(0, len(wanted), _MANY):
            query = select(t.runs.c.key, t.runs.c.status).where(
                t.runs.c.key.in_(wanted[start : start + _MANY])
            )
            found.update({str(key): str(status) for key, status in self._rows(query)})
        return found

    def link(self, experiment: int, cells: Sequence[Cell]) -> None:
        """Say that runs the store already holds belong to an experiment too."""
        if cells:
            self._write(lambda c: self._link(c, experiment, cells))

    def record(
        self, experiment: int, results: Sequence[tuple[Task, Job, Outcome]], cells: Sequence[Cell]
    ) -> None:
        """Write finished runs and where they stand in an experiment, in one transaction.

        Nothing is doubled: a run that another process finished meanwhile stays as it is. Where the
        database is away or locked this waits, up to the store's patience, and loses nothing.

        Parameters
        ----------
        experiment : int
            Number from :meth:`begin`.
        results : sequence of (Task, Job, Outcome)
            What was played and what became of it.
        cells : sequence of Cell
            Every place of the experiment that these runs fill.
        """

        def write(c: Connection) -> None:
            ids = self._add_runs(c, results)
            done = [(ids[o.key], o) for _, _, o in results if o.key in ids and not o.failed]
            self._add_observations(c, done)
            self._add_details(c, done)
            self._link(c, experiment, cells)

        self._write(write)

    # --- reading --------------------------------------------------------------------------------

    def experiments(self) -> pd.DataFrame:
        """Return the experiments: columns ``id, experiment, made, seed, months, points, runs, failed``."""
        e, c, r, p = t.experiments, t.cells, t.runs, t.points
        cells = select(
            c.c.experiment_id,
            func.count().label("runs"),
            func.count().filter(r.c.status == FAILED).label("failed"),
        ).join(r)
        cells_of = cells.group_by(c.c.experiment_id).subquery()
        points_of = (
            select(p.c.experiment_id, func.count().label("points")).group_by(p.c.experiment_id).subquery()
        )
        query = (
            select(
                e.c.id,
                e.c.name.label("experiment"),
                e.c.made,
                e.c.seed,
                e.c.months,
                func.coalesce(points_of.c.points, 0).label("points"),
                func.coalesce(cells_of.c.runs, 0).label("runs"),
                func.coalesce(cells_of.c.failed, 0).label("failed"),
            )
            .outerjoin(points_of, points_of.c.experiment_id == e.c.id)
            .outerjoin(cells_of, cells_of.c.experiment_id == e.c.id)
            .order_by(e.c.id)
        )
        return self._frame(query)

    def indicators(
        self,
        experiment: str | int | None = None,
        indicator: str | Sequence[str] | None = None,
        scenario: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return headline indicators.

        Parameters
        ----------
        experiment : str or int, optional
            Name (the newest of that name) or number of an experiment; by default all.
        indicator, scenario : str or sequence of str, optional
            Only these.

        Returns
        -------
        DataFrame
            Columns ``experiment, scenario, point, replication, seed, indicator, group, value``, in that order
            of rows; `group` is ``all`` (:meth:`groups` has the others); not available is nan.

        Raises
        ------
        StoreError
            If there is no such experiment, indicator or scenario.
        """
        o, c = t.observations, t.cells
        names = self._indicator_names()
        query = select(
            c.c.experiment_id, c.c.position, c.c.point, c.c.replication, c.c.seed, o.c.indicator_id, o.c.value
        ).join(c, c.c.run_id == o.c.run_id)
        if indicator is not None:
            query = query.where(o.c.indicator_id.in_(_picked(names, indicator, "indicator")))
        frame = self._cells(query, experiment, scenario)
        frame["indicator"] = _named(frame.pop("indicator_id"), names)
        frame["group"] = "all"
        frame["value"] = frame.pop("value").astype(np.float64)
        return _with_units(frame)

    def runs(self, experiment: str | int | None = None, *, failed: bool = False) -> pd.DataFrame:
        """Return runs with their address (``run``), status, wall time, versions and traceback.

        Parameters
        ----------
        experiment : str or int, optional
            Name or number of an experiment; by default all.
        failed : bool
            Only those that failed.
        """
        r, c = t.runs, t.cells
        columns = (r.c.status, r.c.wall_s, r.c.months, r.c.version, r.c.machine, r.c.finished, r.c.digest)
        query = select(
            c.c.experiment_id,
            c.c.position,
            c.c.point,
            c.c.replication,
            c.c.seed,
            r.c.key.label("run"),
            *columns,
            r.c.traceback,
        ).join(c, c.c.run_id == r.c.id)
        if failed:
            query = query.where(r.c.status == FAILED)
        return self._cells(query, experiment, None)

    def points(self, experiment: str | int) -> pd.DataFrame:
        """Return the design points of an experiment: index ``point``, a column a path."""
        number = self._experiment_id(experiment)
        query = select(t.points.c.point, t.points.c.settings).where(t.points.c.experiment_id == number)
        rows = {int(point): json.loads(settings) for point, settings in self._rows(query)}
        index = pd.Index(sorted(rows), name="point", dtype=np.int64)
        return pd.DataFrame([rows[point] for point in index], index=index)

    def parameters(self, experiment: str | int) -> pd.DataFrame:
        """Return every value that was changed or drawn: index ``point, replication``, a column a path."""
        c, r, h = t.cells, t.runs, t.changes
        query = (
            select(c.c.point, c.c.replication, c.c.position, h.c.body)
            .join(r, c.c.run_id == r.c.id)
            .join(h, r.c.changes_id == h.c.id)
            .where(c.c.experiment_id == self._experiment_id(experiment))
            .order_by(c.c.point, c.c.replication, c.c.position.desc())
        )
        rows: dict[tuple[int, int], dict[str, Any]] = {}
        for point, replication, _, body in self._rows(query):
            rows.setdefault((int(point), int(replication)), {}).update(json.loads(zlib.decompress(body)))
        index = pd.MultiIndex.from_tuples(list(rows), names=["point", "replication"]) if rows else None
        return pd.DataFrame(list(rows.values()), index=index)

    def series(
        self,
        experiment: str | int | None = None,
        indicator: str | Sequence[str] | None = None,
        scenario: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return indicators by month, as :meth:`indicators` with a column ``month`` before ``indicator``."""

        def long(packed: Packed) -> pd.DataFrame:
            wide = unpack_series(packed)
            if indicator is not None:
                wide = wide[[name for name in _listed(indicator) if name in wide]]
            return wide.reset_index().melt(id_vars="month", var_name="indicator")

        return self._detailed(experiment, scenario, long)

    def groups(
        self,
        experiment: str | int | None = None,
        indicator: str | Sequence[str] | None = None,
        scenario: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return indicators by group, as :meth:`indicators` with columns ``group`` and ``n`` (people)."""

        def long(packed: Packed) -> pd.DataFrame:
            frame = unpack_groups(packed)
            if indicator is not None:
                frame = frame[frame["indicator"].isin(_listed(indicator))]
            return frame

        return self._detailed(experiment, scenario, long)

    def events(
        self, experiment: str | int | None = None, scenario: str | Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the event logs of runs that kept one."""
        c, d = t.cells, t.details
        query = select(
            c.c.experiment_id, c.c.position, c.c.point, c.c.replication, c.c.seed, d.c.events
        ).join(d, d.c.run_id == c.c.run_id)
        heads = self._cells(query.where(d.c.events.is_not(None)), experiment, scenario)
        return _stacked(heads, map(unpack_frame, heads.pop("events")))

    def run(self, key: str) -> StoredRun:
        """Return one run by its address, or by a beginning of it that only one run has.

        Raises
        ------
        StoreError
            If there is none, or more than one.
        """
        r, s, h, d = t.runs, t.scenarios, t.changes, t.details
        query = (
            select(
                r, s.c.body.label("scenario"), h.c.body.label("changed"), d.c.events.is_not(None).label("log")
            )
            .join(s, r.c.scenario_id == s.c.id)
            .join(h, r.c.changes_id == h.c.id)
            .outerjoin(d, d.c.run_id == r.c.id)
            .where(r.c.key.startswith(key, autoescape=True))
            .limit(2)
        )
        found = self._rows(query)
        if len(found) != 1:
            raise StoreError(
                f"{self.shown}: {'no' if not found else 'more than one'} run begins with '{key}'"
            )
        row = found[0]
        return StoredRun(
            key=row.key,
            scenario=Scenario.model_validate_json(zlib.decompress(row.scenario)),
            changes=json.loads(zlib.decompress(row.changed)),
            seed=row.seed,
            months=row.months,
            version=row.version,
            machine=row.machine,
            status=row.status,
            digest=row.digest,
            wall_s=row.wall_s,
            traceback=row.traceback,
            events=bool(row.log),
        )

    def outcome(self, key: str) -> Outcome:
        """Return what became of a run, as a worker would."""
        r, d, b, o, i = t.runs, t.details, t.labels, t.observations, t.indicators
        query = (
            select(r, b.c.body.label("labels"), d.c.data, d.c.events)
            .outerjoin(d, d.c.run_id == r.c.id)
            .outerjoin(b, d.c.labels_id == b.c.id)
            .where(r.c.key == key)
        )
        row = self._rows(query)[0]
        values = select(i.c.name, o.c.value).join(i, o.c.indicator_id == i.c.id).where(o.c.run_id == row.id)
        known = {
            name: math.nan if value is None else value for name, value in self._rows(values.order_by(i.c.id))
        }
        done = row.status == DONE
        return Outcome(
            key=key,
            indicators=known if done else None,
            packed=Packed(row.labels, row.data) if done else None,
            events=row.events,
            digest=row.digest,
            wall_s=row.wall_s,
            machine=row.machine,
            traceback=row.traceback,
        )

    def spec(self, experiment: str | int) -> tuple[str, list[Scenario]]:
        """Return what makes an experiment (JSON) and its scenarios as they were resolved, baseline first."""
        number = self._experiment_id(experiment)
        m, s, e = t.members, t.scenarios, t.experiments
        query = select(m.c.name, s.c.body).join(s, m.c.scenario_id == s.c.id)
        rows = self._rows(query.where(m.c.experiment_id == number).order_by(m.c.position))
        spec = self._rows(select(e.c.spec).where(e.c.id == number))[0][0]
        return str(spec), [
            Scenario.model_validate_json(zlib.decompress(body)).model_copy(update={"name": name})
            for name, body in rows
        ]

    def export(self, path: str | Path, experiment: str | int | None = None, what: str = "indicators") -> Path:
        """Write a table of the store to a file.

        Parameters
        ----------
        path : str or Path
            Ends in ``.parquet`` or ``.csv``.
        experiment : str or int, optional
            Which; by default all.
        what : {'indicators', 'groups', 'series', 'runs'}
            Which table.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        StoreError
            For any other ending or table.
        """
        file = Path(path)
        readers: dict[str, Callable[..., pd.DataFrame]] = {
            "indicators": self.indicators,
            "groups": self.groups,
            "series": self.series,
            "runs": self.runs,
        }
        if what not in readers:
            raise StoreError(f"no table '{what}'{nearest(what, readers)}")
        if file.suffix not in {".parquet", ".csv"}:
            raise StoreError(
                f"{file}: the file's name should end in .parquet or .csv, not in '{file.suffix}'"
            )
        frame = readers[what](experiment)
        if file.suffix == ".csv":
            frame.to_csv(file, index=False)
        else:
            try:
                frame.to_parquet(file, index=False)
            except ImportError as error:
                raise StoreError("for Parquet files, pip install 'parksim[parquet]'") from error
        return file

    # --- parts of writing -----------------------------------------------------------------------

    def _add(self, c: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, leaving those alone that are there."""
        if rows:
            dialect = postgresql if c.dialect.name == "postgresql" else sqlite
            c.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))

    def _addressed(self, c: Connection, table: Table, column: str, address: str, body: bytes) -> int:
        """Return the number of a text that is kept once, entering it where it is new."""
        known = self._known.get((table.name, address))
        if known is None:
            self._add(c, table, [{column: address, "body": body}])
            known = int(c.execute(select(table.c.id).where(table.c[column] == address)).scalar_one())
            self._known[table.name, address] = known
        return known

    def _scenario_id(self, c: Connection, member: Member) -> int:
        return self._addressed(c, t.scenarios, "content_hash", member.content_hash, member.body)

    def _add_runs(self, c: Connection, results: Sequence[tuple[Task, Job, Outcome]]) -> dict[str, int]:
        """Enter runs; return the numbers of those whose results are still to be entered."""
        finished, version = _now(), model_version()
        rows = [
            {
                "key": outcome.key,
                "scenario_id": self._scenario_id(c, job.member),
                "changes_id": self._changes_id(c, job.changes),
                "seed": task.seed,
                "months": task.months,
                "version": version,
                "machine": outcome.machine[:200],
                "wall_s": outcome.wall_s,
                "status": outcome.status,
                "digest": outcome.digest,
                "finished": finished,
                "traceback": outcome.traceback.replace("\0", ""),
            }
            for task, job, outcome in results
        ]
        keys = [row["key"] for row in rows]
        here = select(t.runs.c.key, t.runs.c.status).where(t.runs.c.key.in_(keys))
        before = {row.key: row.status for row in c.execute(here)}
        again = [row for row in rows if before.get(row["key"]) == FAILED]
        for row in again:
            c.execute(update(t.runs).where(t.runs.c.key == row["key"]), row)
        self._add(c, t.runs, [row for row in rows if row["key"] not in before])
        wanted = [key for key in keys if before.get(key) != DONE]
        ids = c.execute(select(t.runs.c.key, t.runs.c.id).where(t.runs.c.key.in_(wanted)))
        return {row.key: row.id for row in ids}

    def _changes_id(self, c: Connection, changes: Mapping[str, Any]) -> int:
        text = json.dumps(dict(changes), sort_keys=True, ensure_ascii=False, default=str).encode()
        address = hashlib.blake2b(text, digest_size=16).hexdigest()
        if len(self._known) > 10_000:  # drawn values are new in every replication: do not keep them all
            self._known.clear()
        return self._addressed(c, t.changes, "hash", address, zlib.compress(text))

    def _add_observations(self, c: Connection, done: Sequence[tuple[int, Outcome]]) -> None:
        names = dict.fromkeys(name for _, outcome in done for name in outcome.indicators or {})
        new = [name for name in names if name not in self._indicator_ids]
        if new:
            self._add(c, t.indicators, [{"name": name} for name in new])
            rows = c.execute(select(t.indicators.c.name, t.indicators.c.id))
            self._indicator_ids.update({row.name: row.id for row in rows})
        ids = self._indicator_ids
        self._add(
            c,
            t.observations,
            [
                {"indicator_id": ids[name], "run_id": run, "value": value if math.isfinite(value) else None}
                for run, outcome in done
                for name, value in (outcome.indicators or {}).items()
            ],
        )

    def _add_details(self, c: Connection, done: Sequence[tuple[int, Outcome]]) -> None:
        rows = []
        for run, outcome in done:
            if outcome.packed is not None:
                body = outcome.packed.labels
                address = hashlib.blake2b(body, digest_size=16).hexdigest()
                labels = self._addressed(c, t.labels, "hash", address, body)
                data, events = outcome.packed.data, outcome.events
                rows.append({"run_id": run, "labels_id": labels, "data": data, "events": events})
        self._add(c, t.details, rows)

    def _link(self, c: Connection, experiment: int, cells: Sequence[Cell]) -> None:
        ids: dict[str, int] = {}
        keys = list({cell.key for cell in cells})
        for start in range(0, len(keys), _MANY):
            part = keys[start : start + _MANY]
            found = c.execute(select(t.runs.c.key, t.runs.c.id).where(t.runs.c.key.in_(part)))
            ids.update({row.key: row.id for row in found})
        rows = [
            {
                "experiment_id": experiment,
                "point": cell.point,
                "replication": cell.replication,
                "position": cell.position,
                "run_id": ids[cell.key],
                "seed": cell.seed,
            }
            for cell in cells
        ]
        self._add(c, t.cells, rows)

    # --- parts of reading -----------------------------------------------------------------------

    def _experiment_id(self, experiment: str | int) -> int:
        e = t.experiments
        chosen = e.c.id == experiment if isinstance(experiment, int) else e.c.name == experiment
        found = self._rows(select(func.max(e.c.id)).where(chosen))[0][0]
        if found is None:
            names = {str(name) for (name,) in self._rows(select(e.c.name))}
            raise StoreError(f"{self.shown}: no experiment '{experiment}'{nearest(experiment, names)}")
        return int(found)

    def _indicator_names(self) -> dict[int, str]:
        rows = self._rows(select(t.indicators.c.id, t.indicators.c.name).order_by(t.indicators.c.id))
        return {int(number): str(name) for number, name in rows}

    def _cells(
        self, query: Select[Any], experiment: str | int | None, scenario: str | Sequence[str] | None
    ) -> pd.DataFrame:
        """Read cells of experiments, with names for numbers, in the order of experiment and design."""
        e, m, c = t.experiments, t.members, t.cells
        people = select(m.c.experiment_id, m.c.position, m.c.name, e.c.name).join(
            e, e.c.id == m.c.experiment_id
        )
        if experiment is not None:
            number = self._experiment_id(experiment)
            query = query.where(c.c.experiment_id == number)
            people = people.where(m.c.experiment_id == number)
        members = {(int(n), int(p)): (str(s), str(x)) for n, p, s, x in self._rows(people)}
        if scenario is not None:
            wanted = set(_listed(scenario))
            names = {name for name, _ in members.values()}
            for name in wanted - names:
                raise StoreError(f"{self.shown}: no scenario '{name}'{nearest(name, names)}")
            query = query.where(
                c.c.position.in_([p for (_, p), (name, _) in members.items() if name in wanted])
            )
        frame = self._frame(query)
        by = ["experiment_id", "position", "point", "replication"]
        by += ["indicator_id"] if "indicator_id" in frame else []
        order = np.lexsort([frame[name].to_numpy() for name in reversed(by)])
        frame = frame.take(order).reset_index(drop=True)
        place = frame.pop("experiment_id").to_numpy(np.int64) * _PLACES + frame.pop("position").to_numpy(
            np.int64
        )
        places = {n * _PLACES + p: pair for (n, p), pair in members.items()}
        frame.insert(0, "experiment", _named(place, {at: pair[1] for at, pair in places.items()}))
        frame.insert(1, "scenario", _named(place, {at: pair[0] for at, pair in places.items()}))
        if scenario is not None and experiment is None:
            frame = frame[frame["scenario"].isin(_listed(scenario))].reset_index(drop=True)
        return frame

    def _detailed(
        self,
        experiment: str | int | None,
        scenario: str | Sequence[str] | None,
        long: Callable[[Packed], pd.DataFrame],
    ) -> pd.DataFrame:
        c, d, b = t.cells, t.details, t.labels
        query = (
            select(
                c.c.experiment_id,
                c.c.position,
                c.c.point,
                c.c.replication,
                c.c.seed,
                b.c.body.label("labels"),
                d.c.data,
            )
            .join(d, d.c.run_id == c.c.run_id)
            .join(b, b.c.id == d.c.labels_id)
        )
        heads = self._cells(query, experiment, scenario)
        packed = map(Packed, heads.pop("labels"), heads.pop("data"))
        return _with_units(_stacked(heads, map(long, packed)))

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        columns = [column.name for column in query.selected_columns]
        rows = self._rows(query)
        return pd.DataFrame.from_records(rows, columns=columns) if rows else pd.DataFrame(columns=columns)

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        def read() -> Sequence[Any]:
            with self.engine.connect() as connection:
                return connection.execute(query).fetchall()

        return self._patiently(read)

    # --- faults ---------------------------------------------------------------------------------

    def _write(self, action: Callable[[Connection], T]) -> T:
        def write() -> T:
            with self.engine.connect().execution_options(**{WRITES: True}) as c, c.begin():
                return action(c)

        return self._patiently(write)

    def _patiently(self, action: Callable[[], T]) -> T:
        """Do something with the database; where it is locked or away, wait and do it again."""
        started, pause, waited = time.monotonic(), 0.05, False
        while True:
            try:
                result = action()
            except DBAPIError as error:
                # numbers learnt inside a transaction that was undone mean nothing
                self._known.clear()
                self._indicator_ids.clear()
                if not temporary(error) or time.monotonic() - started > self.patience_s:
                    raise StoreError(explain(error, self.shown)) from error
                if not waited:
                    said = explain(error, self.shown)
                    self.notice(f"{said}; waiting up to {self.patience_s:g} s. Nothing is lost.")
                    waited = True
                self.engine.dispose()
                time.sleep(pause)
                pause = min(2 * pause, 2.0)
            else:
                if waited:
                    self.notice(f"{self.shown}: back after {time.monotonic() - started:.0f} s, going on")
                return result


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _picked(names: Mapping[int, str], wanted: str | Sequence[str], kind: str) -> list[int]:
    numbers = {name: number for number, name in names.items()}
    for name in _listed(wanted):
        if name not in numbers:
            raise StoreError(f"no {kind} '{name}' in this store{nearest(name, numbers)}")
    return [numbers[name] for name in _listed(wanted)]


def _named(numbers: Any, names: Mapping[int, str]) -> Any:
    """Replace numbers by names: once a name, not once a row."""
    if not names:
        return np.empty(0, dtype=object)
    keys = np.array(sorted(names))
    texts = np.array([names[int(key)] for key in keys], dtype=object)
    return texts[np.searchsorted(keys, np.asarray(numbers, dtype=np.int64))]


def _stacked(heads: pd.DataFrame, parts: Iterator[pd.DataFrame]) -> pd.DataFrame:
    """Put a run's head (experiment, scenario, …) before each row of its table."""
    tables = list(parts)
    if not tables:
        return heads.assign(indicator=[], value=[])
    lengths = [len(table) for table in tables]
    repeated = heads.loc[heads.index.repeat(lengths)].reset_index(drop=True)
    return pd.concat([repeated, pd.concat(tables, ignore_index=True)], axis=1)


def _with_units(frame: pd.DataFrame) -> pd.DataFrame:
    from parksim.indicators import describe  # noqa: PLC0415  (imports the model)

    units = {}
    for name in frame["indicator"].unique():
        try:
            units[name] = describe(name).unit
        except ParksimError:  # an indicator of another release
            units[name] = ""
    frame.attrs["units"] = units
    return frame
