"""Changes of what moderators set for a guild and its members, each with its line in the audit.

Functions of a connection, inside a turn (see `noting`).
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import MEMBER
from bot.domain.generation import CONCURRENT_STATES, Generation, Reason
from bot.domain.guild import Block, GuildSettings
from bot.domain.limits import Limit, Scope
from bot.domain.moderating import Deed
from bot.store import audit_log, generations, guild_rows, limits
from bot.store.noting import member_subject, note
from bot.store.rows import storable
from bot.store.tables import blocks, guilds


async def change_settings(connection: AsyncConnection, changes: Mapping[str, object], deed: Deed) -> GuildSettings:
    """Write settings by their names, with a line for each that differs; returns all as they are then.

    A log channel that is set begins with what is done from then on.
    """
    before = await guild_rows.settings_of(connection, deed.guild_id)
    differing = {name: value for name, value in changes.items() if getattr(before, name) != value}
    if not differing:
        return before
    written = dict(differing)
    if before.log_channel_id is None and differing.get("log_channel_id") is not None:
        written["mirrored"] = await audit_log.last_id(connection, deed.guild_id)
    if (await connection.execute(select(guilds.c.guild_id).where(guilds.c.guild_id == deed.guild_id))).first() is None:
        await connection.execute(insert(guilds).values(guild_id=deed.guild_id))
    await connection.execute(update(guilds).where(guilds.c.guild_id == deed.guild_id).values(**written))
    for name, value in differing.items():
        await note(connection, deed, before=_setting(name, getattr(before, name)), after=_setting(name, value))
    return await guild_rows.settings_of(connection, deed.guild_id)


async def set_limit(connection: AsyncConnection, limit: Limit, deed: Deed) -> int | None:
    """Set a limit; returns the amount before."""
    before = await limits.put(connection, deed.guild_id, limit)
    if before != limit.amount:
        former = None if before is None else _limit(limit, before)
        subject = await _limit_subject(connection, limit)
        await note(connection, deed, subject=subject, before=former, after=_limit(limit, limit.amount))
    return before


async def clear_limit(connection: AsyncConnection, limit: Limit, deed: Deed) -> int | None:
    """Take a limit away; returns the amount that it had, None where there was none."""
    before = await limits.remove(connection, deed.guild_id, limit)
    if before is not None:
        subject = await _limit_subject(connection, limit)
        await note(connection, deed, subject=subject, before=_limit(limit, before))
    return before


async def block(connection: AsyncConnection, new: Block, deed: Deed) -> Block | None:
    """Block a member, or change the block that holds; returns the one that held before."""
    before = await guild_rows.block_of(connection, deed.guild_id, new.user_id, deed.at)
    await _forget_block(connection, deed.guild_id, new.user_id)
    values = {
        "user_id": new.user_id,
        "blocked_at": new.blocked_at,
        "until": new.until,
        "why": new.why and storable(new.why),
    }
    await connection.execute(insert(blocks).values(guild_id=deed.guild_id, **values))
    subject = await member_subject(connection, new.user_id)
    await note(connection, deed, subject=subject, before=_block(before), after=_block(new))
    return before


async def unblock(connection: AsyncConnection, user_id: int, deed: Deed) -> Block | None:
    """End a member's block; returns it, None where none holds."""
    before = await guild_rows.block_of(connection, deed.guild_id, user_id, deed.at)
    await _forget_block(connection, deed.guild_id, user_id)
    if before is not None:
        await note(connection, deed, subject=await member_subject(connection, user_id), before=_block(before))
    return before


async def cancel(connection: AsyncConnection, generation_id: str, deed: Deed) -> Generation | None:
    """Note a moderator's wish to cancel what is under way; returns the row as it is then.

    An earlier wish stays. There is a line of it for the first wish of a moderator, also after the requester's own.
    """
    before = (await generations.locked(connection, [generation_id])).get(generation_id)
    if before and before.state in CONCURRENT_STATES and before.cancel_requested is not Reason.BY_MODERATOR:
        former = "cancel requested by its requester" if before.cancel_requested else before.state
        await note(
            connection,
            deed,
            subject=f"{MEMBER}{before.member_key}",
            generation_id=generation_id,
            before=former,
            after="cancel requested",
        )
    return await generations.request_cancel(connection, generation_id, Reason.BY_MODERATOR, deed.at)


async def _forget_block(connection: AsyncConnection, guild_id: int, user_id: int) -> None:
    await connection.execute(delete(blocks).where(blocks.c.guild_id == guild_id, blocks.c.user_id == user_id))


async def _limit_subject(connection: AsyncConnection, limit: Limit) -> str | None:
    """Whose limit it is; None where it is the guild's, the bot's or every member's."""
    if not limit.scope_id:
        return None
    if limit.scope is Scope.MEMBER:
        return await member_subject(connection, limit.scope_id)
    return f"role:{limit.scope_id}"


def _limit(limit: Limit, amount: int) -> str:
    window = f"/{limit.window}" if limit.window else ""
    return f"{limit.scope} {limit.measure}{window}: {amount}"


def _setting(name: str, value: object) -> str | None:
    if value is None:
        return None
    return f"{name}: {value.isoformat(timespec='seconds') if isinstance(value, datetime) else value}"


def _block(block: Block | None) -> str | None:
    if block is None:
        return None
    until = "without end" if block.until is None else f"until {block.until.isoformat(timespec='seconds')}"
    return f"{until}: {block.why}" if block.why else until
