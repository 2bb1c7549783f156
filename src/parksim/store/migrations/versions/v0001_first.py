"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "scenarios",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False, comment="resolved scenario, JSON, zlib"),
        sa.PrimaryKeyConstraint("id", name="pk_scenarios"),
        sa.UniqueConstraint("content_hash", name="uq_scenarios_content_hash"),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("spec_hash", sa.String(32), nullable=False),
        sa.Column("spec", sa.Text, nullable=False, comment="JSON: what the file says"),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("months", sa.Integer, nullable=False),
        sa.Column("made", sa.DateTime, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.UniqueConstraint("name", "spec_hash", name="uq_experiments_name_spec_hash"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False, comment="value by path, JSON, zlib"),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sa.UniqueConstraint("hash", name="uq_changes_hash"),
    )
    op.create_table(
        "indicators",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_indicators"),
        sa.UniqueConstraint("name", name="uq_indicators_name"),
    )
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
        sa.UniqueConstraint("hash", name="uq_labels_hash"),
    )
    op.create_table(
        "members",
        sa.Column("experiment_id", sa.Integer, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False, comment="0: the baseline"),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scenario_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "position", name="pk_members"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_members_experiment_id"),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenarios.id"], name="fk_members_scenario_id"),
    )
    op.create_table(
        "points",
        sa.Column("experiment_id", sa.Integer, nullable=False),
        sa.Column("point", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("settings", sa.Text, nullable=False, comment="JSON: value by path"),
        sa.PrimaryKeyConstraint("experiment_id", "point", name="pk_points"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_points_experiment_id"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("scenario_id", sa.Integer, nullable=False),
        sa.Column("changes_id", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("months", sa.Integer, nullable=False),
        sa.Column(
            "version", sa.String(80), nullable=False, comment="release + fingerprint of the model's sources"
        ),
        sa.Column("machine", sa.String(200), nullable=False),
        sa.Column("wall_s", sa.Double, nullable=False),
        sa.Column("status", sa.String(10), nullable=False, comment="done or failed"),
        sa.Column("digest", sa.String(32), nullable=False, comment="fingerprint of all its numbers"),
        sa.Column("finished", sa.DateTime, nullable=False, comment="UTC"),
        sa.Column("traceback", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("key", name="uq_runs_key"),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenarios.id"], name="fk_runs_scenario_id"),
        sa.ForeignKeyConstraint(["changes_id"], ["changes.id"], name="fk_runs_changes_id"),
    )
    op.create_index("ix_runs_status", "runs", ["status"])
    op.create_table(
        "cells",
        sa.Column("experiment_id", sa.Integer, nullable=False),
        sa.Column("point", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("replication", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("position", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "point", "replication", "position", name="pk_cells"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_cells_experiment_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_cells_run_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cells_run_id", "cells", ["run_id"])
    op.create_table(
        "observations",
        sa.Column("indicator_id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("value", sa.Double, comment="null: not available"),
        sa.PrimaryKeyConstraint("indicator_id", "run_id", name="pk_observations"),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicators.id"], name="fk_observations_indicator_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_observations_run_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "details",
        sa.Column("run_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("labels_id", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False, comment="series and groups, see parksim.packing"),
        sa.Column("events", sa.LargeBinary, comment="event log, where asked for"),
        sa.PrimaryKeyConstraint("run_id", name="pk_details"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_details_run_id"),
        sa.ForeignKeyConstraint(["labels_id"], ["labels.id"], name="fk_details_labels_id"),
    )
