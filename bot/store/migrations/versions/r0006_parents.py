"""Where a command was used inside a public thread, the channel of that thread is known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """From revision 0005 to 0006."""
    op.add_column("generations", sa.Column("parent_id", sa.BigInteger()))
