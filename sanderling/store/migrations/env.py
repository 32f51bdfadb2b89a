"""Runs the chain on the connection that `sanderling.store.migration` hands over."""

from alembic import context

from sanderling.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
