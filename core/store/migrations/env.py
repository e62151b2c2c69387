"""Run by Alembic: migrate on the connection that `migrate` opened, inside its transaction."""

from alembic import context

from core.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
