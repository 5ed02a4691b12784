"""Reconciliation: what no step would come across goes on by the arrows there are."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import text
from structlog.testing import capture_logs

from bot.domain.change import Change
from bot.domain.findings import Finding, FindingKind
from bot.domain.generation import Generation, State
from bot.domain.ledger import Entry
from bot.work.reconciling import Reconciler
from sandbox.provider import Outcome
from tests.work.stage import CHARGED, HELD, RELEASED, Stage


def reconciler(stage: Stage) -> Reconciler:
    return Reconciler(stage.store.reconciling, stage.clock.now)


async def kinds(stage: Stage) -> list[FindingKind]:
    return [finding.kind for finding in await reconciler(stage).findings()]


async def spoil(stage: Stage, generation: Generation, assignment: str) -> None:
    """What no version of the bot would write."""
    statement = text(f"UPDATE generations SET {assignment} WHERE id = :id")  # noqa: S608 - a test's own words
    await stage.database.write(lambda connection: connection.execute(statement, {"id": generation.id}))


async def test_a_generation_that_stands_still_goes_on_and_is_submitted_once(stage: Stage) -> None:
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await spoil(stage, running, "due_at = NULL, lease_until = NULL")
    assert await kinds(stage) == [FindingKind.STUCK]
    assert await reconciler(stage).mend() == 1
    ended = await stage.follow(running)
    assert ended.state is State.SUCCEEDED
    assert await stage.settled(ended) == CHARGED
    assert len(stage.simulated.submissions) == 1
    assert await kinds(stage) == []


async def test_one_that_breaks_an_invariant_is_in_no_other_s_way(stage: Stage) -> None:
    spoilt, sound = [await stage.follow(await stage.ask(), State.RUNNING) for _ in range(2)]
    await spoil(stage, spoilt, "state = 'succeeded', told = 'succeeded', due_at = NULL, seconds = -5, state_at = 0")
    await spoil(stage, sound, "state = 'failed', told = 'failed', due_at = NULL")
    assert await kinds(stage) == [FindingKind.OPEN_HOLD] * 2
    with capture_logs() as logs:
        assert await reconciler(stage).mend() == 1
    assert await stage.settled(sound) == RELEASED
    assert len(await kinds(stage)) == 1
    (said,) = [line for line in logs if line["event"] == "finding_needs_person"]
    assert (said["generation"], said["exc_info"]) == (spoilt.id, True)


async def test_one_found_submitting_becomes_unconfirmed_and_is_not_sent_again(stage: Stage) -> None:
    generation = await stage.ask()
    (claimed,) = await stage.store.generations.claim(stage.clock.now(), timedelta(minutes=1), 1)
    now = stage.clock.now()
    submitting = claimed.move(State.SUBMITTING, now, submitted_at=now, due_at=None)
    await stage.store.generations.save(Change(before=claimed, after=submitting))
    assert await reconciler(stage).mend() == 1
    await stage.work()
    assert (await stage.read(generation)).state is State.UNCONFIRMED
    assert not stage.simulated.submissions


async def test_an_end_that_nobody_would_tell_is_told_once(stage: Stage) -> None:
    stage.simulated.plan(Outcome.FAIL)
    stage.delivery.delay("tell")
    failed = await stage.follow(await stage.ask(), State.FAILED)
    await spoil(stage, failed, "due_at = NULL, lease_until = NULL")
    assert await kinds(stage) == [FindingKind.UNTOLD]
    assert await reconciler(stage).mend() == 1
    await stage.follow(failed)
    assert stage.delivery.states_told(failed) == [State.FAILED]
    assert await reconciler(stage).mend() == 0


async def test_a_hold_that_was_left_open_is_closed_and_nobody_is_told_again(stage: Stage) -> None:
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await spoil(stage, running, "state = 'failed', told = 'failed', due_at = NULL")
    assert await kinds(stage) == [FindingKind.OPEN_HOLD]
    assert await reconciler(stage).mend() == 1
    assert await stage.settled(running) == RELEASED
    await stage.work()
    assert not stage.delivery.told
    assert await kinds(stage) == []


async def test_an_undecided_one_is_shown_after_a_day_and_left_to_its_grace(stage: Stage) -> None:
    stage.simulated.plan(Outcome.CUT)
    undecided = await stage.follow(await stage.ask(), State.UNCONFIRMED)
    await stage.work()
    assert await kinds(stage) == []
    stage.clock.advance(timedelta(days=1, seconds=1))
    assert await kinds(stage) == [FindingKind.UNDECIDED]
    before = await stage.read(undecided)
    assert await reconciler(stage).mend() == 0
    assert await stage.read(undecided) == before


async def test_an_unreadable_one_is_left_to_a_person_and_goes_on_once_it_is_mended(stage: Stage) -> None:
    spoilt, sound = await stage.ask(), await stage.ask()
    document = await stage.database.read(lambda connection: connection.execute(text("SELECT request FROM generations")))
    await spoil(stage, spoilt, "request = '{garbage'")
    assert (await stage.follow(sound)).state is State.SUCCEEDED
    assert await kinds(stage) == [FindingKind.QUARANTINED]
    assert await reconciler(stage).mend() == 0
    await spoil(stage, spoilt, f"request = '{document.scalars().first()}'".replace(":", r"\:"))
    assert await reconciler(stage).mend() == 1
    assert (await stage.follow(spoilt)).state is State.SUCCEEDED


async def test_one_whose_due_time_is_no_instant_is_put_aside_and_then_goes_on(stage: Stage) -> None:
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await spoil(stage, running, "due_at = 9000000000000000000, lease_until = NULL")
    assert (await stage.follow(await stage.ask())).state is State.SUCCEEDED
    assert await kinds(stage) == [FindingKind.QUARANTINED]
    assert await reconciler(stage).mend() == 1
    assert (await stage.read(running)).due_at is None
    assert await kinds(stage) == [FindingKind.STUCK]
    assert await reconciler(stage).mend() == 1
    assert (await stage.follow(running)).state is State.SUCCEEDED
    assert len(stage.simulated.submissions) == 2


async def test_one_that_runs_without_a_task_is_never_taken_for_lost_and_keeps_its_hold(stage: Stage) -> None:
    running = await stage.follow(await stage.ask(), State.RUNNING)
    await spoil(stage, running, "task_id = NULL, poll_url = NULL")
    for _ in range(5):
        stage.clock.advance(stage.policy.lost_after)
        await stage.work()
    assert await kinds(stage) == [FindingKind.QUARANTINED]
    assert await reconciler(stage).mend() == 0
    assert await stage.settled(running) == HELD
    await spoil(stage, running, f"task_id = '{running.task_id}'")
    assert await reconciler(stage).mend() == 1
    assert (await stage.follow(running)).state is State.SUCCEEDED


class AwayStore:
    """A database that is away at first."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def of_ledger(self) -> list[Finding]:
        self.asked.set()
        raise OSError("the disk is gone")

    async def of_progress(self, now: datetime, undecided_since: datetime) -> list[Finding]:
        raise OSError("the disk is gone", now, undecided_since)

    async def wake(self, generation_id: str, now: datetime) -> bool:
        raise OSError("the disk is gone", generation_id, now)

    async def put_aside(self, generation_id: str) -> bool:
        raise OSError("the disk is gone", generation_id)

    async def settle(self, generation_id: str, now: datetime) -> tuple[Entry, ...]:
        raise OSError("the disk is gone", generation_id, now)


async def test_a_database_that_is_away_does_not_end_the_rounds(stage: Stage) -> None:
    store = AwayStore()
    rounds = asyncio.create_task(Reconciler(store, stage.clock.now).run())
    await store.asked.wait()
    await asyncio.sleep(0)
    assert not rounds.done()
    rounds.cancel()
    await asyncio.gather(rounds, return_exceptions=True)
