"""What the watchdog makes of the worker and of the gateway, with a driven clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import structlog

from bot.health import AWAY_AFTER, STALLED_AFTER, STUCK_AFTER, StuckError, Vitals, Watchdog, serving

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Bot:
    """What is watched, and the time."""

    time: datetime = START
    turned_at: datetime = START
    failing_since: datetime | None = None
    connected: bool = True
    away_since: datetime | None = None
    watchdog: Watchdog = field(init=False)

    def __post_init__(self) -> None:
        self.watchdog = Watchdog(
            lambda: self.time,
            turned_at=lambda: self.turned_at,
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

    vitals = Vitals(alive=bot.watchdog.alive, ready=bot.watchdog.ready, in_flight=nothing)
    async with serving("127.0.0.1", unused_tcp_port, vitals), aiohttp.ClientSession() as session:
        statuses = {}
        for page in ("healthz", "readyz"):
            async with session.get(f"http://127.0.0.1:{unused_tcp_port}/{page}") as response:
                statuses[page] = response.status
    assert statuses == {"healthz": 200, "readyz": 503}


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
