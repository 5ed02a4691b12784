"""What was used in windows of guilds and of the whole bot, remembered so that a month isn't summed anew every time."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never

from sqlalchemy import ColumnElement, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ledger import Amounts
from bot.domain.limits import Scope
from bot.store import ledger
from bot.store.generations import in_guild

Span: TypeAlias = tuple[datetime, datetime] | None
"""A window's beginning and end; None for all of time."""

_MOST_COUNTED = 2_000
"""Guilds whose sums are remembered; who comes more rarely than those is summed anew."""

_MOST_SPANS = 8
"""Sums of one guild: there are four windows, and each has another one before it that may still be asked for."""

_MOST_ENTRIES = 10_000
"""Entries that are read one by one to catch up; after more of them everything is summed anew."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose entries a limit counts: a member's in a guild, all of a guild, or simply all."""

    scope: Scope
    guild_id: int | None = None
    member_key: str = ""

    def rows(self, table: Table) -> list[ColumnElement[bool]]:
        """What chooses them in a table."""
        match self.scope:
            case Scope.BOT:
                return []
            case Scope.GUILD:
                return [in_guild(table.c.guild_id, self.guild_id)]
            case Scope.MEMBER | Scope.ROLE:
                return [table.c.member_key == self.member_key, in_guild(table.c.guild_id, self.guild_id)]
            case _:
                assert_never(self.scope)


class Totals:
    """Sums of the ledger as it is up to its entry `last_id`; entries that were committed later are added to them.

    It only ever moves forward, and knows nothing that isn't committed: a transaction asks before it writes anything.
    On SQLite alone, where entries get their numbers in the order in which they are committed and none ever goes; on
    PostgreSQL an entry may turn up after one with a higher number.
    """

    def __init__(self) -> None:
        self._last_id = 0
        self._sums: OrderedDict[Counted, OrderedDict[Span, Amounts]] = OrderedDict()

    @staticmethod
    def covers(connection: AsyncConnection, counted: Counted) -> bool:
        """Whether such sums are remembered here: a member's own entries are few."""
        return connection.dialect.name == "sqlite" and counted.scope in {Scope.BOT, Scope.GUILD}

    async def catch_up(self, connection: AsyncConnection) -> int:
        """Add what was entered since; returns the last entry that this transaction sees, which may be an older one."""
        if self._sums:
            entries = await ledger.after(connection, self._last_id, _MOST_ENTRIES + 1)
            if 0 < len(entries) <= _MOST_ENTRIES:
                self._add(entries)
                return entries[-1].id
            if entries:
                self._sums.clear()
        newest = await ledger.last_id(connection)
        if not self._sums:
            self._last_id = max(self._last_id, newest)
        return newest

    def find(self, counted: Counted, span: Span, last_id: int) -> Amounts | None:
        """A sum as it is for a transaction that sees the ledger up to `last_id`; None where that isn't remembered."""
        if last_id != self._last_id or counted not in self._sums:
            return None
        self._sums.move_to_end(counted)
        spans = self._sums[counted]
        if span in spans:
            spans.move_to_end(span)
        return spans.get(span)

    def remember(self, counted: Counted, span: Span, amounts: Amounts, last_id: int) -> None:
        """Remember a sum that a transaction found which sees the ledger up to `last_id`, unless others are further."""
        if last_id != self._last_id:
            return
        spans = self._sums.setdefault(counted, OrderedDict())
        self._sums.move_to_end(counted)
        spans[span] = amounts
        if len(spans) > _MOST_SPANS:
            spans.popitem(last=False)
        if len(self._sums) > _MOST_COUNTED:
            self._sums.popitem(last=False)

    def _add(self, entries: list[ledger.Counting]) -> None:
        for entry in entries:
            if entry.id <= self._last_id:
                continue  # somebody else has caught up meanwhile
            for counted in (Counted(Scope.BOT), Counted(Scope.GUILD, entry.guild_id)):
                self._add_one(counted, entry)
            self._last_id = entry.id

    def _add_one(self, counted: Counted, entry: ledger.Counting) -> None:
        if counted not in self._sums:
            return
        spans = self._sums[counted]
        for span, before in spans.items():
            if is_in(span, entry.held_at):
                spans[span] = plus(before, entry.used)


def is_in(span: Span, instant: datetime) -> bool:
    """Whether an instant belongs to a window."""
    return span is None or span[0] <= instant < span[1]


def plus(one: Amounts, other: Amounts) -> Amounts:
    """Both together; an unknown price counts as nothing."""
    return Amounts(
        generations=one.generations + other.generations,
        seconds=one.seconds + other.seconds,
        micros=(one.micros or 0) + (other.micros or 0),
    )
