"""The connection to the metadata database: SQLite in a workspace, PostgreSQL for services.

SQLite runs in WAL mode with `synchronous=FULL`, and every transaction starts as a writer (`BEGIN IMMEDIATE`): two
processes then wait for each other instead of failing half way. An engine never crosses a fork.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from modyn.errors import ModynError

# How long a transaction waits for another process to end its own.
BUSY_TIMEOUT_S = 60


class Database:
    """An engine with the current schema.

    Args:
        url: SQLAlchemy URL, for example `sqlite:////path/modyn.sqlite` or `postgresql+psycopg2://...`.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self._pid = os.getpid()
        if self.engine.dialect.name == "sqlite":
            _configure_sqlite(self.engine)

    @classmethod
    def in_file(cls, path: Path) -> Database:
        """The SQLite database in this file, created on first use."""
        return cls(f"sqlite:///{path}")

    def upgrade(self, revision: str = "head") -> None:
        """Create the tables, or migrate them to `revision`. Safe when several processes do it at once."""
        configuration = Config()
        configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                # Any constant works; it only has to be the same for all who migrate.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7461001)")
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back if the block raises."""
        if os.getpid() != self._pid:
            raise ModynError("the metadata database was opened before a fork; open it again in the child process")
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def _configure_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver would otherwise open (deferred) transactions on its own, and only before writes.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # Two processes that create the file at once: SQLite fails here instead of waiting, whatever the busy timeout.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
