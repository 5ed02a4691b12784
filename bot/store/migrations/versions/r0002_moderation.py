"""What people who run a community set and see: settings, rules, schedules, refusals; members who are forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.text("erased_at IS NULL")
LEDGER_KEY = "generation_id = NEW.generation_id AND kind = NEW.kind AND releases = NEW.releases"


def upgrade() -> None:
    """From revision 0001 to 0002."""
    _alter_tables()
    _create_rules()
    _create_announcements()
    _create_refusals()
    if op.get_bind().dialect.name == "sqlite":
        _forbid_replacing("ledger", "id = NEW.id", f"({LEDGER_KEY})")
        _forbid_replacing("audit", "id = NEW.id")


def _alter_tables() -> None:
    with op.batch_alter_table("members") as members:
        members.alter_column("user_id", existing_type=sa.BigInteger(), nullable=True)
        members.add_column(sa.Column("name", sa.Text()))
        members.add_column(sa.Column("forget_since", sa.BigInteger()))
    with op.batch_alter_table("guilds") as guilds:
        guilds.alter_column("time_zone", existing_type=sa.Text(), nullable=True)
        for name in ("moderator_role_id", "log_channel_id"):
            guilds.add_column(sa.Column(name, sa.BigInteger()))
        guilds.add_column(sa.Column("default_model", sa.Text()))
        guilds.add_column(sa.Column("mirrored", sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("erased_at", "micros_per_second"):
        op.add_column("generations", sa.Column(name, sa.BigInteger()))
    op.create_index("ix_generations_kept", "generations", ["state_at"], sqlite_where=KEPT, postgresql_where=KEPT)
    op.add_column("audit", sa.Column("subject", sa.Text()))
    op.drop_index("ix_audit_guild", "audit")
    op.create_index("ix_audit_guild", "audit", ["guild_id", "id"])
    op.drop_index("ix_ledger_guild", "ledger")
    amounts = ("kind", "releases", "generations", "seconds", "micros")
    told_apart = ("at", "member_key", "model", "operation", "channel_id", "generation_id")
    columns = ["guild_id", "held_at", *amounts, *told_apart]
    op.create_index("ix_ledger_guild", "ledger", columns, postgresql_include=["id"])


def _create_rules() -> None:
    op.create_table(
        "word_rules",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('word', 'pattern')", name=op.f("ck_word_rules_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_word_rules"),
        sa.UniqueConstraint("guild_id", "kind", "text", name="uq_word_rules_guild_id_kind_text"),
    )
    op.create_table(
        "generation_channels",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "channel_id", name="pk_generation_channels"),
    )
    op.create_table(
        "allowed_models",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "role_id", "model", name="pk_allowed_models"),
    )


def _create_announcements() -> None:
    op.create_table(
        "schedules",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("every IN ('day', 'week', 'month')", name=op.f("ck_schedules_every")),
        sa.PrimaryKeyConstraint("guild_id", name="pk_schedules"),
    )
    op.create_table(
        "announcements",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("guild_id", "name", "period_start", name="pk_announcements"),
    )


def _create_refusals() -> None:
    op.create_table(
        "refusals",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text()),
        sa.ForeignKeyConstraint(["member_key"], ["members.key"], name="fk_refusals_member_key"),
        sa.PrimaryKeyConstraint("id", name="pk_refusals"),
    )
    op.create_index("ix_refusals_guild", "refusals", ["guild_id", "at"])
    op.create_index("ix_refusals_member", "refusals", ["member_key", "at"])


def _forbid_replacing(table: str, *same: str) -> None:
    """A trigger that lets no new row take an old one's place: SQLite's REPLACE deletes without a word to triggers."""
    rule = f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS"
    found = f"(SELECT 1 FROM {table} WHERE {' OR '.join(same)})"  # noqa: S608 - our own words
    op.execute(f"{rule} {found} BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END")
