"""How a change of what people set is noted in the audit, in the transaction of the change."""

from hashlib import blake2b

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import MEMBER, AuditRecord
from bot.domain.moderating import Deed
from bot.store import audit, members
from bot.store.rows import storable


async def take_turn(connection: AsyncConnection, guild_id: int) -> None:
    """Keep others from changing what is set in a guild until this transaction ends, so that "before" is true.

    SQLite has but one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        digest = blake2b(f"set in {guild_id}".encode(), digest_size=8).digest()
        await connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest, signed=True))))


async def note(
    connection: AsyncConnection,
    deed: Deed,
    *,
    subject: str | None = None,
    generation_id: str | None = None,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Write the line of a deed, with its member's key and what was before and after."""
    record = AuditRecord(
        at=deed.at,
        action=deed.action,
        guild_id=deed.guild_id,
        actor_key=await members.known(connection, deed.actor_id),
        generation_id=generation_id,
        subject=subject,
        before=before and storable(before),
        after=after and storable(after),
        why=deed.why and storable(deed.why),
    )
    await audit.add(connection, [record])


async def member_subject(connection: AsyncConnection, user_id: int) -> str:
    """A member as the subject of a line: by their key, a new one for one who is not known yet."""
    return f"{MEMBER}{await members.known(connection, user_id)}"
