"""What Alembic runs for a migration: `bot.store.schema` hands it the connection, in a transaction of its own."""

from alembic import context

from bot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's own is sound once the driver no longer begins and commits by itself
)
with context.begin_transaction():
    context.run_migrations()
