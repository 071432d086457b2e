from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text

from modyn.errors import ModynError
from modyn.metadata.database import Database
from modyn.metadata.tables import Base, DatasetRow


def _dataset(name: str) -> DatasetRow:
    return DatasetRow(name=name, base_path="/data", folder="/index", format={}, timestamp={}, created_at=1.5)


def test_migrations_lead_to_the_tables_as_declared(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_again_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        session.add(_dataset("flights"))
    database.upgrade()
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(DatasetRow)) == 1


def test_datasets_of_the_first_version_get_the_default_options(tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade("0001")
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO datasets (name, base_path, folder, format, timestamp, created_at) "
                "VALUES ('d', '/data', '/index', '{}', '{}', 1.5)"
            )
        )

    database.upgrade()

    with database.transaction() as session:
        assert session.scalars(select(DatasetRow)).one().options == {}


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as session:
            session.add(_dataset("flights"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.transaction() as session:
        assert session.scalars(select(DatasetRow)).all() == []


def test_json_and_wide_numbers_survive(database: Database) -> None:
    row = _dataset("flights")
    row.format = {"nested": [1, None, "ü"], "big": 2**62}
    with database.transaction() as session:
        session.add(row)
    with database.transaction() as session:
        assert session.scalars(select(DatasetRow)).one().format == {"nested": [1, None, "ü"], "big": 2**62}


def test_sqlite_is_durable_and_ready_for_several_processes(tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_engine_refuses_to_cross_a_fork(tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "modyn.sqlite")
    database.upgrade()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with database.transaction():
                os.write(write, b"crossed")
        except ModynError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert "before a fork" in os.read(read, 1000).decode()


def _add_datasets(path: Path, prefix: str, count: int) -> None:
    database = Database.in_file(path)
    database.upgrade()
    for number in range(count):
        with database.transaction() as session:
            seen = session.scalar(select(func.count()).select_from(DatasetRow)) or 0
            session.add(_dataset(f"{prefix}-{number}"))
            session.flush()
            assert session.scalar(select(func.count()).select_from(DatasetRow)) == seen + 1


def test_two_processes_that_open_one_database_lose_no_commit(tmp_path: Path) -> None:
    # Both create and migrate the file, then commit 150 times each: read, write, read again in one transaction.
    path = tmp_path / "modyn.sqlite"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add_datasets, args=(path, prefix, 150)) for prefix in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    with Database.in_file(path).transaction() as session:
        names = set(session.scalars(select(DatasetRow.name)))
    assert names == {f"{prefix}-{number}" for prefix in ("a", "b") for number in range(150)}
