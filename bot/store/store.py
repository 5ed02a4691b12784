"""The store as the rest of the bot uses it: every method is one transaction."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import Acceptance, AuditRecord, Change, Room, TaskTakenError
from bot.domain.errors import GenerationUnknown, Rejection
from bot.domain.findings import Finding
from bot.domain.generation import Generation, MessageRef, Reason, State, StepKind
from bot.domain.ledger import Amounts, Entry
from bot.domain.limits import Allowance, Limit, Scope, Window, in_force
from bot.domain.request import Operation
from bot.store import (
    accepting,
    claiming,
    history,
    ledger,
    limits,
    members,
    reconciling,
    refunding,
    saving,
    snapshots,
)
from bot.store import generations as queries
from bot.store.announcements import Announcements
from bot.store.batches import Batch
from bot.store.database import Database, telling_away
from bot.store.guilds import Guilds
from bot.store.overview import Overviews
from bot.store.privacy import Privacy
from bot.store.reports import Reports
from bot.store.totals import Totals
from bot.store.usage import Usage, Who

_NOBODY = ""
"""The key of a member who never made anything; no entry is theirs."""


class Generations:
    """Generations and their ledger; what many callers accept or save at once shares a commit."""

    def __init__(self, database: Database, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone
        self._totals = Totals()
        self._accepting: Batch[Acceptance, Generation] = Batch(
            database, lambda connection, items: accepting.accept_all(connection, items, zone, self._totals)
        )
        self._saving: Batch[Change, Generation] = Batch(database, saving.save_all)

    async def accept(self, acceptance: Acceptance) -> Generation:
        """Check pauses, blocks and limits, write the row and its hold.

        The same interaction twice gives the row that is there already. Raises Rejection(Paused, Blocked, LimitReached
        or PriceUnknown).
        """
        return await self._accepting.write(acceptance)

    async def claim(
        self, now: datetime, lease: timedelta, room: Room | int, but_not: Collection[str] = ()
    ) -> list[Generation]:
        """Take due rows that nobody holds as far as there is room, longest due first, under a new lease token each.

        Those in `but_not` are left alone, even where their leases have run out. A number is room for rows of any kind.
        """
        within = Room.of(room) if isinstance(room, int) else room
        return await self._database.write(lambda connection: claiming.claim(connection, now, lease, within, but_not))

    async def save(self, change: Change) -> Generation:
        """Write what differs between `before` and `after`, the entries and the audit; returns the row as it is then.

        Raises LeaseLostError, and writes nothing, where the row's state or lease token is no longer that of `before`,
        StoreAwayError where it may be written later, and TaskTakenError where it brings another generation's task.
        A card or a wish to cancel that came in since `before` stays, and with the latter the row stays due.
        """
        try:
            with telling_away():
                return await self._saving.write(change)
        except IntegrityError as error:
            if change.after.task_id == change.before.task_id or "task_id" not in str(error.orig):
                raise
            raise TaskTakenError(str(error.orig)) from error

    async def claim_one(self, generation_id: str, state: State, now: datetime, lease: timedelta) -> Generation | None:
        """Take one row in `state`, due or not, under a new lease token; None where it isn't, or somebody holds it."""
        return await self._database.write(
            lambda connection: queries.claim_one(connection, generation_id, state, now, lease)
        )

    async def member_key(self, user_id: int) -> str:
        """A member's key, a new one for one who is not known yet."""
        return await self._database.write(lambda connection: members.known(connection, user_id))

    async def defer(self, generations: Sequence[Generation]) -> None:
        """Write back many claimed rows in which only due_at and polling figures changed, ending their leases.

        Those that are no longer ours stay as they are.
        """
        if generations:
            await self._database.write(lambda connection: queries.defer(connection, generations))

    async def extend_lease(self, generation: Generation, until: datetime) -> bool:
        """Hold a claimed row for longer; False where it is no longer ours."""
        return await self._database.write(lambda connection: queries.extend_lease(connection, generation, until))

    async def release_leases(self) -> int:
        """End every lease (after the former owner of the data folder is surely gone); returns how many."""
        return await self._database.write(claiming.release_leases)

    async def attach_card(self, generation_id: str, card: MessageRef, now: datetime) -> Generation | None:
        """Store the posted card where none is stored yet; None where the row is gone.

        An accepted row that nobody holds becomes due at once.
        """
        return await self._database.write(lambda connection: queries.attach_card(connection, generation_id, card, now))

    async def request_cancel(self, generation_id: str, reason: Reason, now: datetime) -> Generation:
        """Note the wish to cancel what is under way and make the row due; returns the row as it is then.

        An earlier wish stays. Raises Rejection(GenerationUnknown) where there is no such row.
        """
        found = await self._database.write(
            lambda connection: queries.request_cancel(connection, generation_id, reason, now)
        )
        if found is None:
            raise Rejection(GenerationUnknown(generation_id))
        return found

    async def get(self, generation_id: str) -> Generation | None:
        """One generation; raises UnreadableRowError where it can't be read back."""
        return await self._database.read(lambda connection: queries.get(connection, generation_id))

    async def find(self, reference: str) -> Generation | None:
        """One generation by its id or by the provider's task id."""
        return await self._database.read(lambda connection: queries.find(connection, reference))

    async def hold_of(self, generation_id: str) -> Entry | None:
        """The generation's hold; raises StoreAwayError where it may be read later."""
        with telling_away():
            return await self._database.read(lambda connection: ledger.hold_of(connection, generation_id))

    async def of_member(self, user_id: int, guild_id: int | None, count: int) -> list[Generation]:
        """A member's latest generations in a guild (or in direct messages), newest first."""
        return await self._database.read(lambda connection: queries.of_requester(connection, user_id, guild_id, count))

    async def allowances(
        self,
        user_id: int,
        guild_id: int | None,
        role_ids: Collection[int],
        defaults: Sequence[Limit],
        now: datetime,
    ) -> list[Allowance]:
        """What a member has used of each limit that is in force; of a cool-down, the seconds that have passed of it.

        `defaults` are the configuration's limits.
        """

        async def work(connection: AsyncConnection) -> list[Allowance]:
            ground = await limits.ground_of(connection, guild_id, self._zone)
            here = in_force((*defaults, *ground.limits), user_id, role_ids)
            who = await _who(connection, user_id, guild_id)
            return await Usage(connection, self._totals).allowances(here, who, now, ground)

        return await self._database.read(work)

    async def budget_use(self, guild_id: int, now: datetime) -> list[Allowance]:
        """What a guild has used of each limit on money that was set for it as a whole."""

        async def work(connection: AsyncConnection) -> list[Allowance]:
            ground = await limits.ground_of(connection, guild_id, self._zone)
            budgets = [one for one in ground.limits if one.is_budget]
            who = Who(member_key=_NOBODY, guild_id=guild_id)
            return await Usage(connection, self._totals).allowances(budgets, who, now, ground)

        return await self._database.read(work)

    async def refund(self, generation_id: str, record: AuditRecord, now: datetime) -> Entry:
        """Give back all that a generation was charged, once, with a record of it; returns the entry.

        Raises Rejection(NothingToRelease) where nothing was charged, or it was given back already, and
        Rejection(GenerationUnknown) where there is no such generation.
        """
        return await self._database.write(lambda connection: refunding.refund(connection, generation_id, record, now))

    async def used_amounts(self, user_id: int, guild_id: int | None, window: Window, now: datetime) -> Amounts:
        """What a member has used in a window in all three measures; unknown prices count as nothing in micros."""

        async def work(connection: AsyncConnection) -> Amounts:
            who = await _who(connection, user_id, guild_id)
            ground = await limits.ground_of(connection, guild_id, self._zone)
            return await Usage(connection, self._totals).amounts(Scope.MEMBER, who, window, now, ground.zone)

        return await self._database.read(work)

    async def usual_durations(self, since: datetime) -> dict[tuple[str, Operation], tuple[float, ...]]:
        """Sorted seconds from submission to success per model and operation, of the latest finished since `since`."""
        return await self._database.read(lambda connection: queries.usual_durations(connection, since))

    async def counts(self) -> dict[State, int]:
        """How many generations are in each state that is not an end."""
        return await self._database.read(queries.counts)

    async def next_due(self, kinds: Collection[StepKind] = tuple(StepKind)) -> datetime | None:
        """When the next row without a lease is due whose step is of one of these kinds."""
        return await self._database.read(lambda connection: claiming.next_due(connection, kinds))


class History:
    """What members asked for, page by page."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_member(
        self, user_id: int, guild_id: int | None, states: Collection[State], within: range
    ) -> list[Generation]:
        """A member's generations of these states in a guild (or in direct messages), newest first.

        `within` says which of them, counted from 0.
        """
        return await self._database.read(
            lambda connection: history.of_requester(connection, user_id, guild_id, states, within)
        )


class Snapshots:
    """Small documents that the bot keeps for itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: str) -> tuple[str, datetime] | None:
        """A document with the time when it was stored."""
        return await self._database.read(lambda connection: snapshots.load(connection, name))

    async def keep(self, name: str, document: str, now: datetime) -> None:
        """Store a document in place of the former one."""
        await self._database.write(lambda connection: snapshots.keep(connection, name, document, now))


class Reconciling:
    """What is not as it should be, and what brings it back on its way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_ledger(self) -> list[Finding]:
        """Ended generations that are not settled, generations without a hold, and entries without a generation."""
        return await self._database.read(reconciling.of_ledger)

    async def of_progress(self, now: datetime, undecided_since: datetime) -> list[Finding]:
        """Generations that nothing will move on, and those that are unconfirmed since before `undecided_since`."""
        return await self._database.read(lambda connection: reconciling.of_progress(connection, now, undecided_since))

    async def wake(self, generation_id: str, now: datetime) -> bool:
        """Make a generation due that nothing would move on; False where it is no longer so."""
        return await self._database.write(lambda connection: reconciling.wake(connection, generation_id, now))

    async def put_aside(self, generation_id: str) -> bool:
        """Take away what is no instant from when a generation is due; False where no such thing stands there."""
        return await self._database.write(lambda connection: reconciling.put_aside(connection, generation_id))

    async def settle(self, generation_id: str, now: datetime) -> tuple[Entry, ...]:
        """Write what the settlement of an ended generation lacks, with a record; returns the entries written."""
        return await self._database.write(lambda connection: reconciling.settle(connection, generation_id, now))


class Store:
    """Everything that is stored in an open database; the windows of limits are those of `zone`."""

    def __init__(self, database: Database, zone: tzinfo = UTC) -> None:
        self.clock_gap = database.clock_gap
        self.inspect = database.inspect
        self.naming_faults = database.naming_faults
        self.generations = Generations(database, zone)
        self.guilds = Guilds(database)
        self.announcements = Announcements(database)
        self.overviews = Overviews(database, zone)
        self.privacy = Privacy(database)
        self.history = History(database)
        self.snapshots = Snapshots(database)
        self.reconciling = Reconciling(database)
        self.reports = Reports(database)


async def _who(connection: AsyncConnection, user_id: int, guild_id: int | None) -> Who:
    key = await members.key_of(connection, user_id)
    return Who(member_key=key or _NOBODY, guild_id=guild_id)
