"""Announcements: who tries to tell one, and which are told; every method is one transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.announcements import Announcement, Attempt
from bot.store.database import Database
from bot.store.instants import Instant
from bot.store.tables import announcements as table


class Announcements:
    """The announcements of all guilds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, announcement: Announcement, now: datetime, lease: timedelta) -> Attempt | None:
        """Take an announcement to tell it; None where it is told, or somebody else is at it."""

        async def work(connection: AsyncConnection) -> Attempt | None:
            await note(connection, [announcement], now)
            free = and_(_is(announcement), table.c.told_at.is_(None), table.c.lease_until <= now)
            taken = (
                update(table)
                .where(free)
                .values(
                    lease_until=now + lease,
                    failures=table.c.failures + 1,
                    begun_at=case((table.c.failures == 0, literal(now, Instant())), else_=table.c.begun_at),
                )
                .returning(table.c.begun_at, table.c.failures)
            )
            row = (await connection.execute(taken)).first()
            if row is None:
                return None
            return Attempt(announcement=announcement, begun_at=row.begun_at, failures=row.failures - 1)

        return await self._database.write(work)

    async def told(self, attempt: Attempt, now: datetime) -> None:
        """Note that it is told: nobody begins it again."""
        await self._change(attempt.announcement, told_at=now)

    async def put_off(self, attempt: Attempt, until: datetime) -> None:
        """Let it be tried again from then on, with a look whether it stands there already."""
        await self._change(attempt.announcement, lease_until=until)

    async def rest(self, attempt: Attempt, until: datetime) -> None:
        """End a try that did all there was to do for now, of something that goes on."""
        await self._change(attempt.announcement, lease_until=until, failures=0)

    async def skip(self, passed: Collection[Announcement], now: datetime) -> None:
        """Note announcements as told that nobody need be told of any more."""

        async def work(connection: AsyncConnection) -> None:
            await note(connection, passed, now)
            for one in passed:
                await connection.execute(update(table).where(_is(one), table.c.told_at.is_(None)).values(told_at=now))

        if passed:
            await self._database.write(work)

    async def noted(self, wanted: Collection[Announcement]) -> list[Announcement]:
        """Those that are to be told, as was noted when something happened, and are not told yet."""

        async def work(connection: AsyncConnection) -> list[Announcement]:
            waiting = table.c.told_at.is_(None)
            return [one for one in wanted if (await connection.execute(select(table).where(_is(one), waiting))).first()]

        return await self._database.read(work)

    async def untold(self, wanted: Collection[Announcement]) -> list[Announcement]:
        """Those that are not told yet, in the order given."""

        async def work(connection: AsyncConnection) -> list[Announcement]:
            if not wanted:
                return []
            query = select(table.c.guild_id, table.c.name, table.c.period_start).where(
                table.c.guild_id.in_({one.guild_id for one in wanted}),
                table.c.name.in_({one.name for one in wanted}),
                table.c.period_start >= min(one.period_start for one in wanted),
                table.c.told_at.is_not(None),
            )
            told = {tuple(row) for row in await connection.execute(query)}
            return [one for one in wanted if (one.guild_id, one.name, one.period_start) not in told]

        return await self._database.read(work)

    async def _change(self, announcement: Announcement, **values: object) -> None:
        statement = update(table).where(_is(announcement)).values(**values)
        await self._database.write(lambda connection: connection.execute(statement))


async def note(connection: AsyncConnection, wanted: Collection[Announcement], now: datetime) -> None:
    """Note what is to be told, by whoever looks next; what is noted already, or even told, stays as it is."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for one in wanted:
        new = insert(table).values(
            guild_id=one.guild_id,
            name=one.name,
            period_start=one.period_start,
            begun_at=now,
            lease_until=now,
            failures=0,
        )
        await connection.execute(new.on_conflict_do_nothing())


def _is(announcement: Announcement) -> ColumnElement[bool]:
    return and_(
        table.c.guild_id == announcement.guild_id,
        table.c.name == announcement.name,
        table.c.period_start == announcement.period_start,
    )
