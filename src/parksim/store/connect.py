"""Opening a database and bringing its tables up to date, with faults said in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from parksim.errors import ParksimError
from parksim.store.migrations import HEAD

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

WRITES = "parksim_writes"
"""Execution option of a connection that is going to write: on SQLite it takes the lock at once."""


class StoreError(ParksimError):
    """A store that cannot be opened, read or written; what it already holds is safe."""


def engine_for(url: str | Path) -> Engine:
    """Return an engine for a database.

    Parameters
    ----------
    url : str or Path
        ``sqlite:///runs.db``, a plain file name, ``sqlite://`` (in memory) or ``postgresql://…``.

    Raises
    ------
    StoreError
        If the address makes no sense or its driver is not installed.
    """
    where = _address(url)
    shown, kind = where.render_as_string(hide_password=True), where.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise StoreError(f"{shown}: a store is sqlite:///FILE or postgresql://…")
    try:
        if kind == "sqlite":
            return _sqlite(where)
        return create_engine(where, pool_pre_ping=True, pool_size=2)
    except NoSuchModuleError as error:  # postgresql+ an unknown driver
        raise StoreError(f"{shown}: a store is sqlite:///FILE or postgresql://…") from error
    except ModuleNotFoundError as error:
        raise StoreError(f"{shown}: for this database, pip install 'parksim[postgres]'") from error


def migrate(engine: Engine) -> None:
    """Make the tables, or bring an older store's up to date.

    Raises
    ------
    StoreError
        If the store was written by a newer release.
    """
    with engine.connect() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    if version is not None:
        _refuse_newer(version, engine)
    for attempt in (1, 2):
        try:
            with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(7274496)"))
                if _version(connection) != HEAD:
                    _upgrade(connection)
        except DBAPIError:
            # another process may have made the tables in this moment
            if attempt == 2:
                raise
        else:
            return


def explain(error: DBAPIError, shown: str) -> str:
    """Say in words what a database's error means for the user."""
    said = " ".join(str(error.orig).split())
    low = said.lower()
    if "readonly" in low or "read-only" in low:
        why = (
            "the store can only be read; make the file and its directory writable, or choose another --store"
        )
    elif "disk is full" in low or "no space left" in low or "diskfull" in low:
        why = "the disk is full; make room and start again: it goes on where it stopped"
    elif "locked" in low or "busy" in low:
        why = "another program holds the store locked; close it and start again: it goes on where it stopped"
    elif "unable to open database file" in low:
        why = "there is no such directory, or it may not be written"
    elif "not a database" in low or "malformed" in low:
        why = "this file is not a parksim store, or it is damaged"
    elif _connection_lost(error):
        why = "the database does not answer; what was stored is safe: start again to go on"
    else:
        why = "the database refuses"
    return f"{shown}: {why} ({said})"


def temporary(error: DBAPIError) -> bool:
    """Whether waiting may help: a locked file, a server that is away."""
    low = str(error.orig).lower()
    return "database is locked" in low or "database table is locked" in low or _connection_lost(error)


_AWAY = ("57P01", "57P02", "57P03", "40001", "40P01")
"""PostgreSQL: shut down by its administrator, crashed, starting up; serialization failure, deadlock."""


def _connection_lost(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    kind = type(error.orig)
    if not kind.__module__.startswith("psycopg"):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # never reached the server, or lost it
        return any(base.__name__ in {"OperationalError", "InterfaceError"} for base in kind.__mro__)
    return state in _AWAY or state.startswith("08")


def _address(url: str | Path) -> URL:
    said = os.fspath(url)
    try:
        where = make_url(said if "://" in said else f"sqlite:///{said}")
    except ArgumentError as error:
        raise StoreError(f"{said}: a store is sqlite:///FILE or postgresql://…") from error
    if where.get_backend_name() == "postgresql" and where.drivername == "postgresql":
        where = where.set(drivername="postgresql+psycopg")
    return where


def _sqlite(where: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": 5, "check_same_thread": False}}
    file = where.database
    if not file or file == ":memory:":
        options["poolclass"] = StaticPool
    elif file and not file.startswith("file:") and Path(file).exists() and not os.access(file, os.W_OK):
        # a file of a shared or archived disk can still be read
        name = f"file:{Path(file).absolute()}"
        where = where.set(database=name, query={"mode": "ro", "immutable": "1", "uri": "true"})
    engine = create_engine(where, **options)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "mmap_size=1073741824"):
            try:
                connection.execute(f"PRAGMA {pragma}")
            except engine.dialect.loaded_dbapi.OperationalError as error:
                if "readonly" not in str(error):
                    raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _config() -> Any:
    from alembic.config import Config  # noqa: PLC0415  (a store that is up to date needs no alembic)

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(version: str, engine: Engine) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version not in known:
        shown = engine.url.render_as_string(hide_password=True)
        raise StoreError(
            f"{shown}: this store was written by a newer parksim (store version {version}, this one knows "
            f"{HEAD}); upgrade parksim to read it. Nothing was changed."
        )
