"""What is due is found by the kind of its step, so that none has to be looked for among the others."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

DUE = {
    "submission": sa.text("due_at IS NOT NULL AND state = 'accepted'"),
    "poll": sa.text("due_at IS NOT NULL AND state IN ('submitting', 'running')"),
    "delivery": sa.text("due_at IS NOT NULL AND state NOT IN ('accepted', 'submitting', 'running')"),
}


def upgrade() -> None:
    """From revision 0002 to 0003."""
    op.drop_index("ix_generations_due", "generations")
    for kind, is_due in DUE.items():
        op.create_index(
            f"ix_generations_due_{kind}",
            "generations",
            ["due_at", "lease_until"],
            sqlite_where=is_due,
            postgresql_where=is_due,
        )
