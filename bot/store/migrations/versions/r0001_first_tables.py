"""The first tables: generations and their members, the ledger, the audit, snapshots, and what moderators set."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('accepted', 'submitting', 'running', 'unconfirmed')")
FINISHED = sa.text("state = 'succeeded'")
DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """From nothing to revision 0001."""
    _create_members()
    _create_generations()
    _create_ledger()
    _create_audit()
    _create_snapshots()
    _create_moderation()
    for table in ("ledger", "audit"):
        _forbid_changes(table)


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_members"),
        sa.UniqueConstraint("user_id", name="uq_members_user_id"),
    )


def _create_generations() -> None:
    op.create_table(
        "generations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=False),
        sa.Column("interaction_token", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("in_thread", sa.Boolean(), nullable=False),
        sa.Column("upload_limit", sa.BigInteger(), nullable=False),
        sa.Column("generations", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("micros", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Text()),
        sa.Column("inputs_checked", sa.Boolean(), nullable=False),
        sa.Column("task_id", sa.Text()),
        sa.Column("poll_url", sa.Text()),
        sa.Column("submitted_at", sa.BigInteger()),
        sa.Column("polled_at", sa.BigInteger()),
        sa.Column("poll_failures", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer()),
        sa.Column("results", sa.Text(), nullable=False),
        sa.Column("billing_transaction_id", sa.Text()),
        sa.Column("deadline_told", sa.Boolean(), nullable=False),
        sa.Column("card_channel_id", sa.BigInteger()),
        sa.Column("card_message_id", sa.BigInteger()),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("thread_refused", sa.Boolean(), nullable=False),
        sa.Column("kept_inputs", sa.Text(), nullable=False),
        sa.Column("told", sa.Text()),
        sa.Column("told_channel_id", sa.BigInteger()),
        sa.Column("told_message_id", sa.BigInteger()),
        sa.Column("told_at", sa.BigInteger()),
        sa.Column("telling_since", sa.BigInteger()),
        sa.Column("telling_failures", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("follows", sa.Text(), sa.ForeignKey("generations.id")),
        sa.ForeignKeyConstraint(["member_key"], ["members.key"], name="fk_generations_member_key"),
        sa.PrimaryKeyConstraint("id", name="pk_generations"),
        sa.UniqueConstraint("interaction_id", name="uq_generations_interaction_id"),
        sa.UniqueConstraint("task_id", "provider", name="uq_generations_task_id_provider"),
    )
    op.create_index(
        "ix_generations_due", "generations", ["due_at", "lease_until"], sqlite_where=DUE, postgresql_where=DUE
    )
    op.create_index(
        "ix_generations_finished",
        "generations",
        ["state_at", "model", "operation", "submitted_at"],
        sqlite_where=FINISHED,
        postgresql_where=FINISHED,
    )
    op.create_index(
        "ix_generations_open",
        "generations",
        ["guild_id", "member_key", "state"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_generations_requester", "generations", ["requester_id", "guild_id", "accepted_at"])


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("generation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("releases", sa.Text(), nullable=False),
        sa.Column("generations", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("micros", sa.BigInteger()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=False),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'release' AND releases IN ('hold', 'charge')) OR (kind <> 'release' AND releases = '')",
            name=op.f("ck_ledger_releases"),
        ),
        sa.CheckConstraint("kind IN ('hold', 'charge', 'release')", name=op.f("ck_ledger_kind")),
        sa.CheckConstraint(
            "generations >= 0 AND seconds >= 0 AND (micros IS NULL OR micros >= 0)", name=op.f("ck_ledger_amounts")
        ),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], name="fk_ledger_generation_id"),
        sa.ForeignKeyConstraint(["member_key"], ["members.key"], name="fk_ledger_member_key"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
        sa.UniqueConstraint("generation_id", "kind", "releases", name="uq_ledger_generation_id_kind_releases"),
    )
    op.create_index(
        "ix_ledger_guild",
        "ledger",
        ["guild_id", "held_at", "kind", "generations", "seconds", "micros", "member_key", "model", "operation"],
    )
    op.create_index("ix_ledger_held", "ledger", ["held_at", "kind", "generations", "seconds", "micros"])
    op.create_index(
        "ix_ledger_member", "ledger", ["member_key", "guild_id", "held_at", "kind", "generations", "seconds", "micros"]
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("actor_key", sa.Text()),
        sa.Column("generation_id", sa.Text()),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.ForeignKeyConstraint(["actor_key"], ["members.key"], name="fk_audit_actor_key"),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], name="fk_audit_generation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_guild", "audit", ["guild_id", "at"])


def _create_snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_snapshots"),
    )


def _create_moderation() -> None:
    op.create_table(
        "limits",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_limits_amount")),
        sa.PrimaryKeyConstraint("guild_id", "scope", "scope_id", "measure", "window", name="pk_limits"),
    )
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_blocks"),
    )
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guilds"),
    )


def _forbid_changes(table: str) -> None:
    """Triggers that let rows be added to a table only."""
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is only ever added to' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_added_to()"
    )
