"""SQLite takes nothing but whole numbers into the ledger's columns of numbers, as PostgreSQL does."""

from alembic import op

revision = "0005"
down_revision = "0004"

NUMBERS = ("generations", "seconds", "at", "held_at", "channel_id")
NUMBERS_OR_EMPTY = ("micros", "guild_id")


def upgrade() -> None:
    """From revision 0004 to 0005."""
    if op.get_bind().dialect.name != "sqlite":
        return
    wrong = [f"typeof(NEW.{name}) <> 'integer'" for name in NUMBERS]
    wrong += [f"typeof(NEW.{name}) NOT IN ('integer', 'null')" for name in NUMBERS_OR_EMPTY]
    op.execute(
        f"CREATE TRIGGER ledger_whole_numbers BEFORE INSERT ON ledger WHEN {' OR '.join(wrong)} "
        "BEGIN SELECT RAISE(ABORT, 'ledger takes whole numbers only'); END"
    )
