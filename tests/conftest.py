"""Fixtures that every test may use: real databases, and small growing datasets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modyn.metadata.database import Database
from tests.postgresql import server


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server that lasts as long as the tests."""
    with server("-c fsync=off") as folder:
        yield f"postgresql+psycopg2://modyn@/postgres?host={folder}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with the current schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        database = Database.in_file(tmp_path / "modyn.sqlite")
    else:
        database = Database(request.getfixturevalue("postgres_url"))
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    database.upgrade()
    yield database
    database.close()
