"""Alembic's entry point: migrations always run on a connection that the caller has opened and locked."""

from alembic import context

from modyn.metadata.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
