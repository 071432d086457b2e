"""The tables of the metadata database. Nothing per sample lives here.

Rows of a run are numbered within the run (trigger 0, 1, ...; model 0, 1, ...), so an interrupted and resumed run
ends with the same rows as an undisturbed one. Times are float Unix seconds, sample timestamps int64 Unix seconds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Integer, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite only numbers rows of plain INTEGER primary keys by itself.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Root of the tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, int: BigInteger, str: Text}  # noqa: RUF012 - read by SQLAlchemy once


class DatasetRow(Base):
    """A registered dataset. Its truth is the manifest in `folder`; this row only says where that is."""

    __tablename__ = "datasets"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    base_path: Mapped[str]
    folder: Mapped[str]
    format: Mapped[dict[str, Any]]
    timestamp: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_at: Mapped[float] = mapped_column(Float)


class RunRow(Base):
    """One execution of a pipeline, with the position of its stream and the states of its policies.

    `epoch` is the fencing token: it grows with every owner, and a commit under an older one is refused.
    """

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    pipeline: Mapped[str] = mapped_column(String(255), index=True)
    state: Mapped[str] = mapped_column(String(32))  # running, done, failed, interrupted
    phase: Mapped[str] = mapped_column(String(32))  # preparing, streaming, evaluating
    epoch: Mapped[int] = mapped_column(default=0)
    seed: Mapped[str] = mapped_column(String(20))  # 64 bits unsigned, wider than BIGINT
    config: Mapped[dict[str, Any]]
    source_folder: Mapped[str]
    pins: Mapped[dict[str, Any]]  # dataset name -> manifest number
    environment: Mapped[dict[str, Any]]
    replay_start: Mapped[int | None]
    replay_end: Mapped[int | None]
    stream_start: Mapped[int]
    stream_end: Mapped[int]
    max_triggers: Mapped[int | None]
    position: Mapped[int]
    trigger_state: Mapped[dict[str, Any]]
    strategy_state: Mapped[dict[str, Any]]
    created_at: Mapped[float] = mapped_column(Float)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    error: Mapped[str | None]


class JournalRow(Base):
    """One step of a run's state machine, in the order of the commits."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    epoch: Mapped[int]
    state: Mapped[str] = mapped_column(String(32))
    trigger: Mapped[int | None]
    position: Mapped[int]
    time: Mapped[float] = mapped_column(Float)


class TriggerRow(Base):
    """One trigger: the positions of the view that it brought, its training set, and how far it has come."""

    __tablename__ = "triggers"

    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    trigger: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(32))
    position_start: Mapped[int]
    position_end: Mapped[int]
    first_timestamp: Mapped[int | None]
    last_timestamp: Mapped[int | None]
    reason: Mapped[dict[str, Any]]
    training_set: Mapped[str | None]
    training_set_digest: Mapped[str | None] = mapped_column(String(64))
    training_samples: Mapped[int | None]
    downsampling: Mapped[dict[str, Any] | None]  # the section that its training uses
    held_out: Mapped[dict[str, Any] | None]  # auxiliary models, as HeldOutModel
    winner: Mapped[int | None]  # token of the attempt whose model counts
    training: Mapped[dict[str, Any] | None]  # what that attempt reported
    model: Mapped[int | None]
    seconds: Mapped[dict[str, Any]]  # step -> wall-clock seconds


class AttemptRow(Base):
    """One try at a step. Its token fences it: only the attempt that a commit names has won."""

    __tablename__ = "attempts"

    token: Mapped[int] = mapped_column(RowId, primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    trigger: Mapped[int | None]
    folder: Mapped[str]
    state: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[float] = mapped_column(Float)
    error: Mapped[str | None]


class ModelRow(Base):
    """A stored model; listed only when its file is complete."""

    __tablename__ = "models"

    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    model: Mapped[int] = mapped_column(primary_key=True)
    trigger: Mapped[int]
    path: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]
    parent: Mapped[int | None]
    samples: Mapped[int]
    batches: Mapped[int]
    epochs: Mapped[int]
    training_seconds: Mapped[float] = mapped_column(Float)
    final_loss: Mapped[float | None] = mapped_column(Float)


class EvaluationRow(Base):
    """One model on one interval, as one handler asked for it; `metrics` maps names to values or null."""

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("run", "stage", "handler", "dataset", "model", "interval_index", name="uq_evaluations_task"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    stage: Mapped[str] = mapped_column(String(32))
    handler: Mapped[str] = mapped_column(String(255))
    dataset: Mapped[str] = mapped_column(String(255))
    model: Mapped[int]
    trigger: Mapped[int]
    interval_index: Mapped[int]
    interval_start: Mapped[int | None]
    interval_end: Mapped[int | None]
    currently_active: Mapped[bool] = mapped_column(Boolean)
    currently_trained: Mapped[bool] = mapped_column(Boolean)
    samples: Mapped[int]
    metrics: Mapped[dict[str, Any]]
