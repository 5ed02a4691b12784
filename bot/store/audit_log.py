"""Reading the audit: for moderators, page by page, and for the log channel that mirrors it."""

from typing import Any

from sqlalchemy import Select, case, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import MEMBER
from bot.domain.limits import Measure, Scope
from bot.domain.moderating import LogFilter, LogLine, Mirror
from bot.store import members
from bot.store.tables import audit as table
from bot.store.tables import guilds, limits
from bot.store.tables import members as people

_HOLD_WRITERS_BACK = text("LOCK TABLE audit IN SHARE MODE")


async def page(connection: AsyncConnection, guild_id: int, wanted: LogFilter, count: int) -> list[LogLine]:
    """The latest lines of a guild that fit, newest first."""
    query = _lines().where(table.c.guild_id == guild_id).order_by(table.c.id.desc()).limit(count)
    for user_id, column, prefix in (
        (wanted.actor_id, table.c.actor_key, ""),
        (wanted.member_id, table.c.subject, MEMBER),
    ):
        if user_id is not None:
            key = await members.key_of(connection, user_id)
            if key is None:
                return []
            query = query.where(column == f"{prefix}{key}")
    if wanted.action is not None:
        query = query.where(table.c.action == wanted.action)
    if wanted.since is not None:
        query = query.where(table.c.at >= wanted.since)
    if wanted.before_id is not None:
        query = query.where(table.c.id < wanted.before_id)
    return [LogLine(**row) for row in (await connection.execute(query)).mappings()]


async def after(connection: AsyncConnection, guild_id: int, last_id: int, count: int) -> list[LogLine]:
    """The next lines of a guild, oldest first; none that is written later comes before them.

    PostgreSQL gives out ids before they are committed: there the transactions under way are waited for.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(_HOLD_WRITERS_BACK)
    query = _lines().where(table.c.guild_id == guild_id, table.c.id > last_id).order_by(table.c.id).limit(count)
    return [LogLine(**row) for row in (await connection.execute(query)).mappings()]


async def last_id(connection: AsyncConnection, guild_id: int) -> int:
    """The latest line of a guild; 0 where there is none."""
    query = select(func.coalesce(func.max(table.c.id), 0)).where(table.c.guild_id == guild_id)
    return int((await connection.execute(query)).scalar_one())


async def mirrors(connection: AsyncConnection) -> list[Mirror]:
    """The guilds that have a log channel."""
    newest = select(func.max(table.c.id)).where(table.c.guild_id == guilds.c.guild_id).scalar_subquery()
    budget = exists().where(
        limits.c.guild_id == guilds.c.guild_id,
        limits.c.scope == Scope.GUILD.value,
        limits.c.measure == Measure.MICROS.value,
    )
    query = (
        select(
            guilds.c.guild_id,
            guilds.c.log_channel_id.label("channel_id"),
            guilds.c.mirrored.label("last_id"),
            func.coalesce(newest, 0).label("newest_id"),
            guilds.c.time_zone,
            budget.label("has_budget"),
        )
        .where(guilds.c.log_channel_id.is_not(None))
        .order_by(guilds.c.guild_id)
    )
    return [Mirror(**row) for row in (await connection.execute(query)).mappings()]


async def set_mirrored(connection: AsyncConnection, guild_id: int, last_id: int) -> None:
    """Note the last line that the log channel has got; it never goes back."""
    further = (guilds.c.guild_id == guild_id) & (guilds.c.mirrored < last_id)
    await connection.execute(update(guilds).where(further).values(mirrored=last_id))


def _lines() -> Select[Any]:
    actors, subjects = people.alias("actors"), people.alias("subjects")
    key = case((table.c.subject.startswith(MEMBER), func.substr(table.c.subject, len(MEMBER) + 1)))
    return (
        select(table, actors.c.user_id.label("actor_id"), subjects.c.user_id.label("member_id"))
        .outerjoin_from(table, actors, actors.c.key == table.c.actor_key)
        .outerjoin(subjects, subjects.c.key == key)
    )
