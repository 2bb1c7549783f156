"""The tables of a store. Change them together with a new migration in :mod:`parksim.store.migrations`.

Texts that repeat (scenarios, drawn values, names, labels) are kept once and referred to by number. The
observations are clustered by indicator, so reading one indicator reads one stretch of the file, and never
touches the wide ``runs``; that is why a cell repeats the seed.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

scenarios = Table(
    "scenarios",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_hash", String(32), nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False, comment="resolved scenario, JSON, zlib"),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("spec_hash", String(32), nullable=False),
    Column("spec", Text, nullable=False, comment="JSON: what the file says"),
    Column("seed", BigInteger, nullable=False),
    Column("months", Integer, nullable=False),
    Column("made", DateTime, nullable=False, comment="UTC"),
    UniqueConstraint("name", "spec_hash"),
)

members = Table(
    "members",
    metadata,
    Column("experiment_id", ForeignKey("experiments.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, comment="0: the baseline"),
    Column("name", String(200), nullable=False),
    Column("scenario_id", ForeignKey("scenarios.id"), nullable=False),
)

points = Table(
    "points",
    metadata,
    Column("experiment_id", ForeignKey("experiments.id"), primary_key=True),
    Column("point", Integer, primary_key=True, autoincrement=False),
    Column("settings", Text, nullable=False, comment="JSON: value by path"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(32), nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False, comment="value by path, JSON, zlib"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("scenario_id", ForeignKey("scenarios.id"), nullable=False),
    Column("changes_id", ForeignKey("changes.id"), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("months", Integer, nullable=False),
    Column("version", String(80), nullable=False, comment="release + fingerprint of the model's sources"),
    Column("machine", String(200), nullable=False),
    Column("wall_s", Double, nullable=False),
    Column("status", String(10), nullable=False, comment="done or failed"),
    Column("digest", String(32), nullable=False, comment="fingerprint of all its numbers"),
    Column("finished", DateTime, nullable=False, comment="UTC"),
    Column("traceback", Text, nullable=False),
    Index(None, "status"),
)

cells = Table(
    "cells",
    metadata,
    Column("experiment_id", ForeignKey("experiments.id"), primary_key=True),
    Column("point", Integer, primary_key=True, autoincrement=False),
    Column("replication", Integer, primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("run_id", ForeignKey("runs.id"), nullable=False, index=True),
    Column("seed", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

indicators = Table(
    "indicators",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
)

observations = Table(
    "observations",
    metadata,
    Column("indicator_id", ForeignKey("indicators.id"), primary_key=True),
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("value", Double, comment="null: not available"),
    sqlite_with_rowid=False,
)

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(32), nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
)

details = Table(
    "details",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("labels_id", ForeignKey("labels.id"), nullable=False),
    Column("data", LargeBinary, nullable=False, comment="series and groups, see parksim.packing"),
    Column("events", LargeBinary, comment="event log, where asked for"),
)
