"""Queries of what moderators have set, each of one guild; guild 0 is the whole bot."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild import BOT, AllowedModel, Block, GuildRules, GuildSettings, Schedule
from bot.domain.limits import Window
from bot.domain.word_rules import RuleKind, WordRule
from bot.store.tables import (
    allowed_models,
    blocks,
    generation_channels,
    guilds,
    schedules,
    word_rules,
)

_SETTINGS = tuple(guilds.c[name] for name in GuildSettings.__dataclass_fields__)


async def settings_of(connection: AsyncConnection, guild_id: int) -> GuildSettings:
    """A guild's settings, all of the configuration's where none were set."""
    row = (await connection.execute(select(*_SETTINGS).where(guilds.c.guild_id == guild_id))).mappings().first()
    return GuildSettings(guild_id=guild_id) if row is None else GuildSettings(**row)


async def all_of(connection: AsyncConnection, guild_id: int | None, user_id: int, now: datetime) -> GuildRules:
    """Everything that is checked before a member's request, in a guild or (None) in direct messages."""
    bot = await settings_of(connection, BOT)
    if guild_id is None:
        return GuildRules(settings=GuildSettings(guild_id=BOT), bot_paused_at=bot.paused_at)
    return GuildRules(
        settings=await settings_of(connection, guild_id),
        bot_paused_at=bot.paused_at,
        block=await block_of(connection, guild_id, user_id, now),
        channels=frozenset(await channels_of(connection, guild_id)),
        models=frozenset(await models_of(connection, guild_id)),
        word_rules=await rules_of(connection, guild_id),
    )


async def block_of(connection: AsyncConnection, guild_id: int, user_id: int, now: datetime) -> Block | None:
    """The block of a member that holds now."""
    query = _blocks(guild_id, now).where(blocks.c.user_id == user_id)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else Block(**row)


async def blocks_of(connection: AsyncConnection, guild_id: int, now: datetime) -> list[Block]:
    """The blocks that hold now, latest first."""
    query = _blocks(guild_id, now).order_by(blocks.c.blocked_at.desc(), blocks.c.user_id)
    return [Block(**row) for row in (await connection.execute(query)).mappings()]


async def rules_of(connection: AsyncConnection, guild_id: int) -> tuple[WordRule, ...]:
    """A guild's own word rules, oldest first."""
    query = select(word_rules.c.id, word_rules.c.kind, word_rules.c.text).where(word_rules.c.guild_id == guild_id)
    rows = await connection.execute(query.order_by(word_rules.c.id))
    return tuple(WordRule(id=row.id, kind=RuleKind(row.kind), text=row.text) for row in rows)


async def channels_of(connection: AsyncConnection, guild_id: int) -> list[int]:
    """The channels and categories where videos may be made; none: everywhere."""
    table = generation_channels
    query = select(table.c.channel_id).where(table.c.guild_id == guild_id).order_by(table.c.channel_id)
    return list((await connection.execute(query)).scalars())


async def models_of(connection: AsyncConnection, guild_id: int) -> list[AllowedModel]:
    """The models that roles may use, by role; none: all."""
    table = allowed_models
    query = select(table.c.role_id, table.c.model).where(table.c.guild_id == guild_id)
    return sorted(AllowedModel(**row) for row in (await connection.execute(query)).mappings())


async def schedule_of(connection: AsyncConnection, guild_id: int) -> Schedule | None:
    """When a guild gets its reports."""
    row = (await connection.execute(select(schedules).where(schedules.c.guild_id == guild_id))).first()
    return None if row is None else _schedule_of(row)


async def schedules_of_all(connection: AsyncConnection) -> list[Schedule]:
    """When which guild gets its reports."""
    query = select(schedules, guilds.c.time_zone).outerjoin(guilds, guilds.c.guild_id == schedules.c.guild_id)
    rows = await connection.execute(query.order_by(schedules.c.guild_id))
    return [replace(_schedule_of(row), time_zone=row.time_zone) for row in rows]


def _blocks(guild_id: int, now: datetime) -> Select[Any]:
    holds: ColumnElement[bool] = or_(blocks.c.until.is_(None), blocks.c.until > now)
    columns = (blocks.c.user_id, blocks.c.blocked_at, blocks.c.until, blocks.c.why)
    return select(*columns).where(blocks.c.guild_id == guild_id, holds)


def _schedule_of(row: Row[Any]) -> Schedule:
    return Schedule(guild_id=row.guild_id, channel_id=row.channel_id, every=Window(row.every), set_at=row.set_at)
