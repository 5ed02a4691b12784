"""Changes of the lists that moderators keep (word rules, channels, models) and of the schedule, each with its line.

Functions of a connection, inside a turn (see `noting`).
"""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guild import AllowedModel, Schedule
from bot.domain.moderating import Deed
from bot.domain.word_rules import RuleKind, WordRule
from bot.store import guild_rows
from bot.store.noting import note
from bot.store.rows import storable
from bot.store.tables import allowed_models, generation_channels, schedules, word_rules


async def add_rule(connection: AsyncConnection, kind: RuleKind, text: str, deed: Deed) -> WordRule | None:
    """Add a word rule; returns it, None where it is there already."""
    text = storable(text)
    same = (word_rules.c.guild_id == deed.guild_id, word_rules.c.kind == kind.value, word_rules.c.text == text)
    if (await connection.execute(select(word_rules.c.id).where(*same))).first() is not None:
        return None
    statement = insert(word_rules).values(guild_id=deed.guild_id, kind=kind.value, text=text).returning(word_rules.c.id)
    new = WordRule(id=(await connection.execute(statement)).scalar_one(), kind=kind, text=text)
    await note(connection, deed, after=_rule(new))
    return new


async def remove_rule(connection: AsyncConnection, rule_id: int, deed: Deed) -> WordRule | None:
    """Remove one of the guild's own word rules; returns it, None where there is no such rule."""
    found = [rule for rule in await guild_rows.rules_of(connection, deed.guild_id) if rule.id == rule_id]
    if not found:
        return None
    await connection.execute(delete(word_rules).where(word_rules.c.id == rule_id))
    await note(connection, deed, before=_rule(found[0]))
    return found[0]


async def allow_channel(connection: AsyncConnection, channel_id: int, deed: Deed) -> bool:
    """Put a channel or category on the list; False where it is there already."""
    if channel_id in await guild_rows.channels_of(connection, deed.guild_id):
        return False
    await connection.execute(insert(generation_channels).values(guild_id=deed.guild_id, channel_id=channel_id))
    await note(connection, deed, subject=f"channel:{channel_id}", after="allowed")
    return True


async def remove_channel(connection: AsyncConnection, channel_id: int, deed: Deed) -> bool:
    """Take a channel or category from the list; False where it isn't there."""
    table = generation_channels
    which = (table.c.guild_id == deed.guild_id, table.c.channel_id == channel_id)
    if not (await connection.execute(delete(table).where(*which))).rowcount:
        return False
    await note(connection, deed, subject=f"channel:{channel_id}", before="allowed")
    return True


async def allow_model(connection: AsyncConnection, allowed: AllowedModel, deed: Deed) -> bool:
    """Put a model on a role's list; False where it is there already."""
    if allowed in await guild_rows.models_of(connection, deed.guild_id):
        return False
    values = {"guild_id": deed.guild_id, "role_id": allowed.role_id, "model": allowed.model}
    await connection.execute(insert(allowed_models).values(**values))
    await note(connection, deed, subject=f"role:{allowed.role_id}", after=allowed.model)
    return True


async def remove_model(connection: AsyncConnection, allowed: AllowedModel, deed: Deed) -> bool:
    """Take a model from a role's list; False where it isn't there."""
    table = allowed_models
    which = (table.c.guild_id == deed.guild_id, table.c.role_id == allowed.role_id, table.c.model == allowed.model)
    if not (await connection.execute(delete(table).where(*which))).rowcount:
        return False
    await note(connection, deed, subject=f"role:{allowed.role_id}", before=allowed.model)
    return True


async def set_schedule(connection: AsyncConnection, new: Schedule, deed: Deed) -> Schedule | None:
    """Let reports be sent from now on; returns the schedule before."""
    before = await guild_rows.schedule_of(connection, deed.guild_id)
    await connection.execute(delete(schedules).where(schedules.c.guild_id == deed.guild_id))
    values = {"channel_id": new.channel_id, "every": new.every.value, "set_at": new.set_at}
    await connection.execute(insert(schedules).values(guild_id=deed.guild_id, **values))
    await note(connection, deed, before=_schedule(before), after=_schedule(new))
    return before


async def clear_schedule(connection: AsyncConnection, deed: Deed) -> Schedule | None:
    """Let no more reports be sent; returns the schedule that there was."""
    before = await guild_rows.schedule_of(connection, deed.guild_id)
    if before is not None:
        await connection.execute(delete(schedules).where(schedules.c.guild_id == deed.guild_id))
        await note(connection, deed, before=_schedule(before))
    return before


def _rule(rule: WordRule) -> str:
    return f"{rule.kind}: {rule.text}"


def _schedule(schedule: Schedule | None) -> str | None:
    return None if schedule is None else f"every {schedule.every} to channel {schedule.channel_id}"
