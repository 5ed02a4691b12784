"""How long a model usually takes is read from its latest successes, which stand together in the index."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

FINISHED = sa.text("state = 'succeeded'")


def upgrade() -> None:
    """From revision 0003 to 0004."""
    op.drop_index("ix_generations_finished", "generations")
    op.create_index(
        "ix_generations_finished",
        "generations",
        ["model", "operation", "state_at", "submitted_at"],
        sqlite_where=FINISHED,
        postgresql_where=FINISHED,
    )
