"""The tables, written once for SQLite and PostgreSQL.

They come to be through the migrations only, which also add the triggers that make `ledger` and `audit` append-only.
`limits`, `blocks` and `guilds` hold what moderators set.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.domain.generation import StepKind
from bot.store.instants import Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""A counted key: SQLite counts by itself only where the type is INTEGER."""

OPEN = text("state IN ('accepted', 'submitting', 'running', 'unconfirmed')")
"""What has not ended; in literals, because both planners match a partial index by its very words."""

DUE = {
    StepKind.SUBMISSION: text("due_at IS NOT NULL AND state = 'accepted'"),
    StepKind.POLL: text("due_at IS NOT NULL AND state IN ('submitting', 'running')"),
    StepKind.DELIVERY: text("due_at IS NOT NULL AND state NOT IN ('accepted', 'submitting', 'running')"),
}
"""What is due some time, by the kind of its step; in literals for the same reason."""

FINISHED = text("state = 'succeeded'")
"""What ended with a video; in literals for the same reason."""

KEPT = text("erased_at IS NULL")
"""What has its prompt still; in literals for the same reason."""

members = Table(
    "members",
    metadata,
    Column("key", Text, primary_key=True),  # random; all that ledger, audit and provider ever know of a member
    Column("user_id", BigInteger, unique=True),  # Discord's; empty: forgotten at the member's own wish
    Column("name", Text),  # the account's, as Discord showed it last, for reports
    Column("forget_since", Instant),  # when the member asked to be forgotten; from then on there is no name
)

generations = Table(
    "generations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("member_key", ForeignKey("members.key"), nullable=False),
    Column("provider", Text, nullable=False),
    # the request, whole as JSON, and what of it is looked for
    Column("request", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("model", Text, nullable=False),
    # where it came from
    Column("interaction_id", BigInteger, nullable=False, unique=True),
    Column("interaction_token", Text, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("parent_id", BigInteger),  # the channel of the public thread that it came from
    Column("requester_id", BigInteger, nullable=False),  # 0: erased
    Column("locale", Text, nullable=False),
    Column("in_thread", Boolean, nullable=False),
    Column("upload_limit", BigInteger, nullable=False),  # bytes
    # what was held for it
    Column("generations", Integer, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("micros", BigInteger),
    Column("micros_per_second", BigInteger),  # the price then; empty: not for seconds, or unknown
    # where it is in its life, and who works on it
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("accepted_at", Instant, nullable=False),
    Column("state_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("lease_token", Integer, nullable=False),
    Column("lease_until", Instant),
    Column("attempt", Integer, nullable=False),
    Column("cancel_requested", Text),
    Column("inputs_checked", Boolean, nullable=False),
    # the provider's task
    Column("task_id", Text),
    Column("poll_url", Text),
    Column("submitted_at", Instant),
    Column("polled_at", Instant),
    Column("poll_failures", Integer, nullable=False),
    Column("progress", Integer),  # percent
    Column("results", Text, nullable=False),  # JSON list of addresses
    Column("billing_transaction_id", Text),
    Column("deadline_told", Boolean, nullable=False),
    # what people see of it
    Column("card_channel_id", BigInteger),
    Column("card_message_id", BigInteger),
    Column("thread_id", BigInteger),
    Column("thread_refused", Boolean, nullable=False),
    Column("kept_inputs", Text, nullable=False),  # JSON list of attachment ids
    Column("told", Text),
    Column("told_channel_id", BigInteger),
    Column("told_message_id", BigInteger),
    Column("told_at", Instant),
    Column("telling_since", Instant),
    Column("telling_failures", Integer, nullable=False),
    Column("warnings", Text, nullable=False),  # JSON list of options
    Column("follows", ForeignKey("generations.id")),  # the unconfirmed one that it was submitted again for
    Column("erased_at", Instant),  # since when prompt, files and addresses are no longer kept
    UniqueConstraint("task_id", "provider"),
)
for _kind, _is_due in DUE.items():
    Index(
        f"ix_generations_due_{_kind}",  # claiming: due and unleased, found without reading the rows that others hold
        generations.c.due_at,
        generations.c.lease_until,
        sqlite_where=_is_due,
        postgresql_where=_is_due,
    )
Index(
    "ix_generations_open",  # those under way at once, of a member, a guild or all
    generations.c.guild_id,
    generations.c.member_key,
    generations.c.state,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
Index(
    "ix_generations_finished",  # how long models usually take
    generations.c.model,
    generations.c.operation,
    generations.c.state_at,
    generations.c.submitted_at,
    sqlite_where=FINISHED,
    postgresql_where=FINISHED,
)
Index(
    "ix_generations_kept",  # those whose prompts are still kept, oldest end first
    generations.c.state_at,
    sqlite_where=KEPT,
    postgresql_where=KEPT,
)
Index(
    "ix_generations_requester",  # a member's latest
    generations.c.requester_id,
    generations.c.guild_id,
    generations.c.accepted_at,
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("generation_id", ForeignKey("generations.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column(
        "releases", Text, nullable=False
    ),  # the kind that a release closes; empty for others, so that it is compared
    Column("generations", Integer, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("micros", BigInteger),  # empty: unknown
    Column("at", Instant, nullable=False),
    Column("held_at", Instant, nullable=False),
    # copied from the generation, so that reports read nothing but an index of this table
    Column("member_key", ForeignKey("members.key"), nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("operation", Text, nullable=False),
    UniqueConstraint("generation_id", "kind", "releases"),
    CheckConstraint("kind IN ('hold', 'charge', 'release')", name="kind"),
    CheckConstraint(
        "(kind = 'release' AND releases IN ('hold', 'charge')) OR (kind <> 'release' AND releases = '')",
        name="releases",
    ),
    CheckConstraint("generations >= 0 AND seconds >= 0 AND (micros IS NULL OR micros >= 0)", name="amounts"),
)
_AMOUNTS = (ledger.c.kind, ledger.c.generations, ledger.c.seconds, ledger.c.micros)
Index("ix_ledger_member", ledger.c.member_key, ledger.c.guild_id, ledger.c.held_at, *_AMOUNTS)
Index(
    "ix_ledger_guild",  # limits and reports of a guild, whose every column is in it
    ledger.c.guild_id,
    ledger.c.held_at,
    ledger.c.kind,
    ledger.c.releases,
    ledger.c.generations,
    ledger.c.seconds,
    ledger.c.micros,
    ledger.c.at,
    ledger.c.member_key,
    ledger.c.model,
    ledger.c.operation,
    ledger.c.channel_id,
    ledger.c.generation_id,
    postgresql_include=["id"],  # SQLite has it in every index
)
Index("ix_ledger_held", ledger.c.held_at, *_AMOUNTS)

audit = Table(
    "audit",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("action", Text, nullable=False),
    Column("guild_id", BigInteger),
    Column("actor_key", ForeignKey("members.key")),
    Column("generation_id", ForeignKey("generations.id")),
    Column("subject", Text),  # what else it was done to: "member:KEY", "role:ID", "channel:ID", "model:NAME"
    Column("before", Text),
    Column("after", Text),
    Column("why", Text),
)
Index("ix_audit_guild", audit.c.guild_id, audit.c.id)

snapshots = Table(
    "snapshots",
    metadata,
    Column("name", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
)

limits = Table(
    "limits",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),  # 0: the bot's own
    Column("scope", Text, primary_key=True),
    Column(
        "scope_id", BigInteger, primary_key=True, autoincrement=False
    ),  # a role or user; 0: the guild, the bot or every member
    Column("measure", Text, primary_key=True),
    Column("window", Text, primary_key=True),  # empty: none
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("blocked_at", Instant, nullable=False),
    Column("until", Instant),  # empty: until unblocked
    Column("why", Text),
)

guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),  # 0: the whole bot
    Column("time_zone", Text),  # an IANA name: the days of limits and reports begin there; empty: the configuration's
    Column("paused_at", Instant),  # since when nothing is accepted; empty: it is
    Column("moderator_role_id", BigInteger),
    Column("log_channel_id", BigInteger),
    Column("default_model", Text),
    Column("mirrored", BigInteger, nullable=False, server_default="0"),  # the last audit record in the log channel
)

word_rules = Table(
    "word_rules",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("guild_id", "kind", "text"),
    CheckConstraint("kind IN ('word', 'pattern')", name="kind"),
)

generation_channels = Table(
    "generation_channels",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),  # a channel's or a category's
)

allowed_models = Table(
    "allowed_models",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role_id", BigInteger, primary_key=True, autoincrement=False),  # that of @everyone is the guild's
    Column("model", Text, primary_key=True),
)

schedules = Table(
    "schedules",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("every", Text, nullable=False),
    Column("set_at", Instant, nullable=False),  # periods that ended before are not reported
    CheckConstraint("every IN ('day', 'week', 'month')", name="every"),
)

announcements = Table(
    "announcements",  # what is told to a guild once in a period: reports, a budget that runs out
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("period_start", Instant, primary_key=True),
    Column("begun_at", Instant, nullable=False),  # when it was first tried
    Column("lease_until", Instant, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("told_at", Instant),  # empty: not yet
)

refusals = Table(
    "refusals",  # prompts that were refused before anything was charged
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("member_key", ForeignKey("members.key"), nullable=False),
    Column("rule", Text, nullable=False),  # the word or pattern, or the categories that the endpoint named
    Column("prompt", Text),  # empty: erased
    Index("ix_refusals_guild", "guild_id", "at"),
    Index("ix_refusals_member", "member_key", "at"),
)
