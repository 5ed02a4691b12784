"""The step of an end and of unconfirmed: fetch the videos, tell the requester once, and mind the grace."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from bot import crash_points, metrics
from bot.domain.change import MEMBER, AuditRecord
from bot.domain.generation import Generation, Reason, State
from bot.media.fetch import MediaFiles
from bot.media.files import DiskFullError, MediaDelayedError, MediaRefusedError, ResultFile
from bot.media.transfer import TooLargeError
from bot.work.protocols import DeliveryDelayedError, Notice
from bot.work.steps import Tools, later

log = structlog.get_logger(__name__)


CARD_PATIENCE = timedelta(hours=1)
"""For how long a card that could not be edited is tried again once everything else is done."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Delivery as a step of its own, retried until it is done."""

    tools: Tools
    media: MediaFiles
    _unfetched: Counter[str] = field(default_factory=Counter)

    async def __call__(self, generation: Generation) -> Generation | None:
        """Tell of the present state, or end an unconfirmed one whose grace is over."""
        if not generation.is_to_be_told:
            return await self._after_telling(generation)
        tools = self.tools
        if generation.telling_since and not generation.telling_failures:
            generation = generation.evolve(telling_failures=1)  # an earlier try never reported back
        try:
            generation = await self._with_card_and_thread(generation)
            notice = await self._notice(generation)
            crash_points.at("download.done")
            generation = await self._begun(generation, notice)
            told_as = await tools.delivery.tell(generation, notice, partial(tools.require_lease, generation))
        except (DeliveryDelayedError, MediaDelayedError) as error:
            return await self._again(generation, error)
        after = generation.evolve(
            told=generation.state,
            reason=_reason(generation, notice),
            told_as=told_as,
            told_at=tools.clock(),
            telling_since=None,
            telling_failures=0,
            due_at=tools.clock() + tools.policy.telling_pause,
        )
        after = await tools.write(generation, after, keeps_lease=True)
        metrics.DELIVERY.observe((tools.clock() - generation.state_at).total_seconds())
        log.info("generation_told", generation=after.id, state=after.state, anywhere=told_as is not None)
        self.media.discard(generation.id)
        self._unfetched.pop(generation.id, None)
        return await self._shown(after)

    async def _begun(self, generation: Generation, notice: Notice) -> Generation:
        """The same, with the instant from which something of the notice may stand in Discord: none does before.

        What is of no use is known then as well: of a later try nobody knows whether the first one's video stands.
        """
        if generation.telling_since is not None:
            return generation
        reason = Reason.NO_OUTPUT if notice.is_useless else _apart_from_disk(generation)
        begun = generation.evolve(telling_since=self.tools.clock(), reason=reason)
        return await self.tools.write(generation, begun, keeps_lease=True)

    async def _after_telling(self, generation: Generation) -> Generation | None:
        """The card is brought up to date where that could not be done yet; then only an unconfirmed one goes on."""
        tools, now = self.tools, self.tools.clock()
        if generation.state is not State.UNCONFIRMED or now < generation.state_at + tools.policy.grace:
            return await self._shown(generation)
        record = AuditRecord(
            at=now,
            action="release_unconfirmed",
            guild_id=generation.origin.guild_id,
            generation_id=generation.id,
            subject=f"{MEMBER}{generation.member_key}",
            before=State.UNCONFIRMED,
            after=State.FAILED,
            why="undecided until the grace was over",
        )
        after = generation.move(State.FAILED, now, reason=Reason.UNDECIDED)
        await tools.write(generation, after, audit=(record,))
        return None

    async def _shown(self, generation: Generation) -> Generation:
        """The told generation, its card up to date, due when there is something left to do.

        An undecided one is held for a short edit only: somebody may be about to decide.
        """
        tools, is_undecided = self.tools, generation.state is State.UNCONFIRMED
        is_shown = await tools.show(generation, tools.policy.edit_timeout if is_undecided else None)
        since = tools.clock() - (generation.erased_at or generation.told_at or tools.clock())
        if not is_shown and since < CARD_PATIENCE:
            return later(generation, tools, max(tools.policy.telling_pause, since))  # at once, then ever more seldom
        return generation.evolve(due_at=generation.state_at + tools.policy.grace if is_undecided else None)

    async def _with_card_and_thread(self, generation: Generation) -> Generation:
        """Make up for what could not be had before submitting."""
        tools = self.tools
        if generation.card is None:
            card = await tools.delivery.find_or_post_card(generation)
            if card is None:
                return generation
            generation = await tools.write(generation, generation.evolve(card=card), keeps_lease=True)
        if generation.thread_id or generation.thread_refused or generation.origin.in_thread:
            return generation
        thread_id = await tools.delivery.open_thread(generation)
        after = generation.evolve(thread_id=thread_id, thread_refused=thread_id is None)
        return await tools.write(generation, after, keeps_lease=True)

    async def _notice(self, generation: Generation) -> Notice:
        """Fetch what is to be delivered; what can't be had any more is told as an address."""
        files: list[ResultFile] = []
        unfetched: list[str] = []
        unusable = 0
        for index, url in enumerate(generation.results):
            try:
                file = await self.media.fetch_result(url, generation.id, index)
                files.append(await self._fitting(generation, file))
            except TooLargeError as error:
                log.warning("result_too_large", generation=generation.id, error=str(error))
                unfetched.append(url)
            except MediaRefusedError as error:
                log.warning("result_refused", generation=generation.id, error=str(error))
                unusable += 1
            except MediaDelayedError as error:
                if self._is_worth_another_try(generation, error):
                    raise
                unfetched.append(url)
        return Notice(files=tuple(files), unfetched=tuple(unfetched), unusable=unusable)

    def _is_worth_another_try(self, generation: Generation, error: MediaDelayedError) -> bool:
        """Whether a result may be had later; the tries that are counted are for what is not our own disk's."""
        policy = self.tools.policy
        if isinstance(error, DiskFullError):
            began = generation.telling_since or generation.state_at
            return self.tools.clock() - began < policy.disk_patience
        self._unfetched[generation.id] += 1
        return self._unfetched[generation.id] < policy.result_attempts

    async def _fitting(self, generation: Generation, file: ResultFile) -> ResultFile:
        """The file, made smaller where it is too large to be posted; as it is where that can't be done."""
        limit = await self.tools.delivery.upload_limit(generation)
        try:
            return await self.media.shrunk(file, limit)
        except MediaRefusedError as error:
            log.info("result_not_shrunk", generation=generation.id, size=file.size, error=str(error))
            return file

    async def _again(self, generation: Generation, error: Exception) -> Generation | None:
        tools = self.tools
        failures = generation.telling_failures + 1
        pause = tools.pace.retry(tools.policy.telling_pause, failures - 1, tools.policy.telling_pause_longest)
        asked = error.retry_after if isinstance(error, DeliveryDelayedError) else None
        log.warning("telling_delayed", generation=generation.id, failures=failures, error=str(error))
        after = later(generation, tools, max(pause, asked or timedelta(0))).evolve(
            telling_failures=failures,
            reason=Reason.DISK_FULL if isinstance(error, DiskFullError) else _apart_from_disk(generation),
        )
        await tools.write(generation, after)
        if after.reason is not generation.reason:
            await tools.show(after, tools.policy.edit_timeout)
        return None


def _reason(generation: Generation, notice: Notice) -> Reason | None:
    """The reason that a told generation has: none where it succeeded and something of it could be used."""
    is_fine = generation.state is State.SUCCEEDED and not notice.is_useless
    return None if is_fine else _apart_from_disk(generation)


def _apart_from_disk(generation: Generation) -> Reason | None:
    """Its reason, without that of its having waited for room on our disk."""
    return None if generation.reason is Reason.DISK_FULL else generation.reason
