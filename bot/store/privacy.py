"""What is stored of a member, and how it is erased: at the member's own wish, or when its time is over."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import MEMBER
from bot.domain.holdings import Holdings
from bot.domain.ledger import EntryKind
from bot.domain.limits import Scope
from bot.store import accepting, erasing
from bot.store import members as members_
from bot.store.database import Database
from bot.store.tables import KEPT, OPEN, audit, blocks, generations, ledger, limits, members, refusals


class Privacy:
    """Every method is one transaction; those that erase do so for a limited number of generations at once.

    Ledger, audit and blocks are never touched: the first two know a member by their key alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holdings(self, user_id: int) -> Holdings:
        """What is stored of a member."""
        return await self._database.read(lambda connection: _holdings(connection, user_id))

    async def forget(self, user_id: int, now: datetime) -> str | None:
        """Note that a member asked to be forgotten; their name and the prompts that were refused are erased at once.

        Returns their key, None for somebody who isn't known. A later wish takes the place of an earlier one.
        """

        async def work(connection: AsyncConnection) -> str | None:
            key = await members_.key_of(connection, user_id)
            if key is not None:
                await connection.execute(
                    update(members).where(members.c.key == key).values(forget_since=now, name=None)
                )
                await erasing.erase_refused(connection, refusals.c.member_key == key)
            return key

        return await self._database.write(work)

    async def erase_of(self, user_id: int, now: datetime, count: int) -> int:
        """Erase up to `count` generations of a member that are over; returns how many."""
        return await self._database.write(
            lambda connection: erasing.erase(connection, erasing.of_member(user_id), now, count, with_cards=True)
        )

    async def erase_before(self, cutoff: datetime, now: datetime, count: int) -> int:
        """Erase up to `count` generations that ended before `cutoff`, and all prompts refused before it."""

        async def work(connection: AsyncConnection) -> int:
            await erasing.erase_refused(connection, refusals.c.at < cutoff)
            return await erasing.erase(connection, erasing.ended_before(cutoff), now, count, with_cards=False)

        return await self._database.write(work)

    async def erase_forgotten(self, accepted_before: datetime, now: datetime, count: int) -> int:
        """Erase up to `count` generations of members who asked to be forgotten, and their later refused prompts.

        Generations from before they asked as soon as they are over; what came later where it came before an instant.
        """

        async def work(connection: AsyncConnection) -> int:
            await erasing.erase_refused(connection, erasing.refused_of_forgotten(accepted_before))
            which = erasing.of_forgotten(accepted_before)
            return await erasing.erase(connection, which, now, count, with_cards=True)

        return await self._database.write(work)

    async def drop_forgotten(self, held_before: datetime) -> int:
        """Part the keys of members who asked to be forgotten from their user ids, for good; returns how many.

        Only where no hold was entered since `held_before` and all of their generations are erased: until then limits
        have to find what they used. Prompts of theirs that were refused meanwhile are erased with it.
        """
        recent = exists().where(ledger.c.member_key == members.c.key, ledger.c.held_at >= held_before)
        kept = exists().where(generations.c.requester_id == members.c.user_id, KEPT)
        statement = (
            update(members)
            .where(members.c.forget_since.is_not(None), members.c.user_id.is_not(None), ~recent, ~kept)
            .values(user_id=None, name=None)
        )

        async def work(connection: AsyncConnection) -> int:
            await accepting.take_turn(connection)  # else one who is just asking for a video is parted from its key
            dropped = (await connection.execute(statement)).rowcount
            await erasing.erase_refused(connection, erasing.refused_of_parted())
            return dropped

        return await self._database.write(work)


async def _holdings(connection: AsyncConnection, user_id: int) -> Holdings:
    blocked = await _count(connection, blocks, blocks.c.user_id == user_id)
    limited = await _count(connection, limits, limits.c.scope == Scope.MEMBER.value, limits.c.scope_id == user_id)
    query = select(members.c.key, members.c.name, members.c.forget_since).where(members.c.user_id == user_id)
    member = (await connection.execute(query)).first()
    if member is None:
        return Holdings(blocks=blocked, limits=limited)
    own = generations.c.requester_id == user_id
    kept, oldest, newest_end = await _kept(connection, user_id)
    by_key = ledger.c.member_key == member.key
    return Holdings(
        key=member.key,
        name=member.name,
        forget_since=member.forget_since,
        generations=await _count(connection, ledger, by_key, ledger.c.kind == EntryKind.HOLD.value),
        kept=kept,
        under_way=await _count(connection, generations, OPEN, own),
        ledger_entries=await _count(connection, ledger, by_key),
        refused_prompts=await _count(
            connection, refusals, refusals.c.member_key == member.key, refusals.c.prompt.is_not(None)
        ),
        log_lines=await _count(
            connection, audit, or_(audit.c.actor_key == member.key, audit.c.subject == f"{MEMBER}{member.key}")
        ),
        blocks=blocked,
        limits=limited,
        oldest=oldest,
        newest_end=newest_end,
    )


async def _kept(connection: AsyncConnection, user_id: int) -> tuple[int, datetime | None, datetime | None]:
    """How many have their prompts still, the first acceptance and the last end among them."""
    instant = generations.c.accepted_at.type
    query = select(
        func.count(),
        func.min(generations.c.accepted_at, type_=instant),
        func.max(generations.c.state_at, type_=instant),
    ).where(KEPT, generations.c.requester_id == user_id)
    number, oldest, newest_end = (await connection.execute(query)).one()
    return number, oldest, newest_end


async def _count(connection: AsyncConnection, table: Table, *which: Any) -> int:
    return int((await connection.execute(select(func.count()).select_from(table).where(*which))).scalar_one())
