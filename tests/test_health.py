"""What the watchdog makes of the worker and of the gateway, with a driven clock."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import get_ident

import aiohttp
import pytest
import structlog

from bot import health
from bot.domain.generation import StepKind
from bot.health import (
    AWAY_AFTER,
    STALLED_AFTER,
    STEP_STALLED_AFTER,
    STEP_STUCK,
    STUCK_AFTER,
    DatabaseCheck,
    Pulse,
    StuckError,
    Vitals,
    Watchdog,
    serving,
)

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Bot:
    """What is watched, and the time."""

    time: datetime = START
    turned_at: datetime = START
    oldest_steps: dict[StepKind, datetime] = field(default_factory=dict)
    failing_since: datetime | None = None
    connected: bool = True
    away_since: datetime | None = None
    watchdog: Watchdog = field(init=False)

    def __post_init__(self) -> None:
        self.watchdog = Watchdog(
            lambda: self.time,
            turned_at=lambda: self.turned_at,
            oldest_steps=lambda: self.oldest_steps,
            failing_since=lambda: self.failing_since,
            is_connected=lambda: self.connected,
            away_since=lambda: self.away_since,
        )


def test_a_worker_that_turns_and_a_gateway_that_is_there_are_well() -> None:
    bot = Bot()
    assert (bot.watchdog.alive(), bot.watchdog.ready()) == (None, None)


def test_a_worker_that_has_not_turned_for_a_minute_is_not_alive() -> None:
    bot = Bot(time=START + STALLED_AFTER)
    assert bot.watchdog.alive() is None
    bot.time += SECOND
    assert bot.watchdog.alive() == "the worker has not turned for 61 s"


def test_a_gateway_that_was_never_there_is_not_ready() -> None:
    assert Bot(connected=False).watchdog.ready() == "not connected to Discord"


def test_a_gateway_that_is_away_for_five_minutes_is_not_ready() -> None:
    bot = Bot(away_since=START, time=START + AWAY_AFTER)
    assert bot.watchdog.ready() is None
    bot.time += SECOND
    assert bot.watchdog.ready() == "Discord's gateway has been away for 301 s"
    bot.away_since = None
    assert bot.watchdog.ready() is None


def test_a_trouble_is_logged_once_when_it_begins_and_once_when_it_is_over() -> None:
    bot = Bot(away_since=START, time=START + AWAY_AFTER + SECOND)
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            bot.time += SECOND
            bot.turned_at = bot.time
            bot.watchdog.look()
        bot.away_since = None
        bot.watchdog.look()
        bot.watchdog.look()
    assert [(line["event"], line.get("why", line.get("was"))) for line in logs] == [
        ("gateway_away", "Discord's gateway has been away for 302 s"),
        ("trouble_over", "gateway_away"),
    ]


def test_a_worker_that_stands_still_for_minutes_ends_the_process() -> None:
    bot = Bot()
    with structlog.testing.capture_logs() as logs:
        while bot.time < START + STUCK_AFTER:
            bot.time += SECOND
            bot.watchdog.look()
        bot.time += SECOND
        with pytest.raises(StuckError, match="has not turned for 301 s"):
            bot.watchdog.look()
    assert [line["event"] for line in logs] == ["worker_stalled"]


def test_a_gateway_that_is_away_never_ends_the_process() -> None:
    bot = Bot(away_since=START, time=START + timedelta(days=1), turned_at=START + timedelta(days=1))
    bot.watchdog.look()


async def test_readiness_falls_while_the_process_stays_alive(unused_tcp_port: int) -> None:
    bot = Bot(away_since=START, time=START + AWAY_AFTER + SECOND, turned_at=START + AWAY_AFTER)

    async def nothing() -> int:
        return 0

    database = DatabaseCheck(nothing)
    vitals = Vitals(alive=bot.watchdog.alive, ready=bot.watchdog.ready, database=database, in_flight=nothing)
    async with serving("127.0.0.1", unused_tcp_port, vitals), aiohttp.ClientSession() as session:
        statuses = {}
        for page in ("healthz", "readyz"):
            async with session.get(f"http://127.0.0.1:{unused_tcp_port}/{page}") as response:
                statuses[page] = response.status
    assert statuses == {"healthz": 200, "readyz": 503}


async def test_a_database_that_hangs_is_asked_once_and_found_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_WITHIN", timedelta(milliseconds=10))
    asked, back = [], asyncio.Event()

    async def ask() -> None:
        asked.append(True)
        await back.wait()

    database = DatabaseCheck(ask)
    assert set(await asyncio.gather(database(), database())) == {"the database does not answer"}
    assert await database() == "the database does not answer"
    assert len(asked) == 1
    back.set()
    assert await database() is None
    assert await database() is None
    assert len(asked) == 2


async def test_a_database_that_fails_is_said_to_without_its_words() -> None:
    async def ask() -> None:
        raise OSError("postgresql://user:secret@host is away")

    assert await DatabaseCheck(ask)() == "the database can't be used (OSError)"


def test_turns_that_fail_for_a_minute_are_not_ready_and_no_reason_to_end() -> None:
    bot = Bot(failing_since=START, time=START + STALLED_AFTER, turned_at=START + STALLED_AFTER)
    assert bot.watchdog.ready() is None
    for _ in range(600):
        bot.time += SECOND
        bot.turned_at = bot.time
        bot.watchdog.look()
    assert bot.watchdog.ready() == "the worker's turns have failed for 660 s"
    assert bot.watchdog.alive() is None


def test_a_process_that_stood_still_is_given_the_time_to_turn_again() -> None:
    bot = Bot()
    bot.watchdog.look()
    bot.time = START + STUCK_AFTER * 10
    with structlog.testing.capture_logs() as logs:
        bot.watchdog.look()
    assert [line["event"] for line in logs] == ["process_stood_still"]
    bot.time += SECOND
    with pytest.raises(StuckError):
        bot.watchdog.look()


@pytest.mark.parametrize("kind", StepKind)
def test_a_step_that_hangs_is_seen_said_and_ends_the_process(kind: StepKind) -> None:
    bot, most = Bot(oldest_steps={kind: START}), STEP_STALLED_AFTER[kind]

    def look(after: timedelta) -> None:
        bot.time = bot.turned_at = START + after
        bot.watchdog.look()

    with structlog.testing.capture_logs() as logs:
        for after in range(0, STEP_STUCK * round(most.total_seconds()) + 1, 30):
            look(after * SECOND)
            assert (bot.watchdog.alive() is None) is (after * SECOND <= most)
        with pytest.raises(StuckError, match=f"a step .{kind}. has taken"):
            look(STEP_STUCK * most + SECOND)
    assert [line["event"] for line in logs] == ["step_stalled"]


def test_a_step_that_began_before_the_process_stood_still_is_given_its_time_again() -> None:
    bot = Bot(oldest_steps={StepKind.POLL: START})
    bot.time = bot.turned_at = START + timedelta(days=1)
    bot.watchdog.look()
    bot.time = bot.turned_at = bot.time + SECOND
    bot.watchdog.look()
    assert bot.watchdog.alive() is None


def test_steps_that_wait_for_a_database_that_is_away_end_no_process() -> None:
    bot = Bot(oldest_steps={StepKind.SUBMISSION: START}, failing_since=START)
    while bot.time < START + timedelta(hours=9):
        bot.time += 30 * SECOND
        bot.turned_at = bot.time
        bot.watchdog.look()
    assert bot.watchdog.alive() is None


async def test_a_loop_that_is_blocked_is_said_with_its_reason_and_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in {"LOOK_EVERY": 0.01, "STALLED_AFTER": 0.2, "STUCK_AFTER": 0.6, "BEAT_EVERY": 0.01}.items():
        monkeypatch.setattr(health, name, timedelta(seconds=seconds))
    ended: list[int] = []
    with structlog.testing.capture_logs() as logs, Pulse(time.monotonic(), ended.append).beating():
        time.sleep(1)  # noqa: ASYNC251 - it is what this test is about
    assert set(ended) == {1}
    assert [line["event"] for line in logs] == ["loop_blocked"]
    assert "test_a_loop_that_is_blocked" in logs[0]["stack"]


def test_a_loop_that_has_not_beaten_while_the_process_stood_still_is_given_its_time_again() -> None:
    ended: list[int] = []
    pulse, me = Pulse(0.0, ended.append), get_ident()
    pulse.look(3_600.0, me)
    stuck = 3_600.0 + STUCK_AFTER.total_seconds()
    for now in range(3_605, int(stuck) + 1, 5):
        pulse.look(float(now), me)
    assert ended == []
    pulse.look(stuck + 5, me)
    assert ended == [1]
