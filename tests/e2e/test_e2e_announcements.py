"""What the running bot tells a guild by itself: each report once, also across kills, and the audit as it grows."""

import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from bot.store.schema import migrate
from sandbox.discord import Permission
from tests.stage import Stage

DAY = timedelta(days=1)


def micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


async def scheduled(stage: Stage, days: int) -> None:
    """A database in which daily reports were scheduled so many midnights ago, for the log channel as well."""
    stage.database.parent.mkdir()
    await migrate(f"sqlite:///{stage.database}")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    place = (stage.guild.id, stage.channel.id)
    execute(
        stage,
        "INSERT INTO schedules (guild_id, channel_id, every, set_at) VALUES (?, ?, 'day', ?)",
        *place,
        micros(midnight - days * DAY + timedelta(seconds=1)),
    )
    execute(stage, "INSERT INTO guilds (guild_id, log_channel_id) VALUES (?, ?)", *place)


def execute(stage: Stage, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(stage.database, timeout=10, isolation_level=None)) as connection:
        connection.execute(statement, values)


def reports(stage: Stage) -> list[str]:
    """The marks of the reports that stand in the channel."""
    footers = [message.embeds[0]["footer"]["text"] for message in stage.channel.messages if message.embeds]
    return [footer.splitlines()[-1] for footer in footers if "report-day" in footer]


async def test_reports_of_days_that_are_over_are_sent_with_picture_and_rows(stage: Stage) -> None:
    await scheduled(stage, days=1)
    await stage.start()
    await stage.until(lambda: reports(stage), within=40)
    (message,) = stage.channel.messages
    assert message.embeds[0]["title"] == "The report of the day"
    chart, rows = message.attachments
    assert (chart.filename, rows.filename.rsplit(".", 1)[-1]) == ("chart.png", "csv")


async def test_killed_while_reports_are_sent_each_still_stands_there_once(stage: Stage) -> None:
    await scheduled(stage, days=3)
    await stage.start()
    for count in (1, 2, 3):
        await stage.until(lambda count=count: len(reports(stage)) >= count, within=40)
        await stage.end(signal.SIGKILL)
        execute(stage, "UPDATE announcements SET lease_until = 0")  # as if the lease had run out
        stage.discord.advance(timedelta(hours=1))  # and Discord had forgotten the nonce
        await stage.start()
    execute(stage, "UPDATE announcements SET lease_until = 0")
    await stage.until(lambda: told(stage) == 3, within=40)
    assert len(reports(stage)) == len(set(reports(stage))) == 3


async def test_a_budget_that_turned_a_video_down_is_told_of_once_across_kills(stage: Stage) -> None:
    await scheduled(stage, days=0)
    execute(stage, "INSERT INTO limits VALUES (?, 'guild', 0, 'micros', 'month', 1000000)", stage.guild.id)
    stage.sections['prices.models."veo3.1-fast"'] = {"per_request": 0.7}
    await stage.start()
    asked = [await stage.ada.run("video text", channel=stage.channel, options={"prompt": "a cat"}) for _ in range(2)]
    assert [result.ephemeral for result in asked] == [False, True]
    for _ in range(2):  # a bot that was started just now looks at the budgets at once
        await stage.end(signal.SIGKILL)
        execute(stage, "UPDATE announcements SET lease_until = 0")
        stage.discord.advance(timedelta(hours=1))
        await stage.start()
        await stage.until(lambda: told(stage) == 1, within=40)
    titles = [message.embeds[0].get("title") for message in stage.channel.messages if message.embeds]
    assert titles.count("The budget turned a video down") == 1


def told(stage: Stage) -> int:
    with closing(sqlite3.connect(f"file:{stage.database}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM announcements WHERE told_at IS NOT NULL").fetchone()
    return int(count)


async def test_what_a_moderator_does_appears_in_the_log_channel(stage: Stage) -> None:
    await scheduled(stage, days=0)
    await stage.start()
    moderator = stage.guild.add_member("mo", roles=[stage.guild.add_role("mods", Permission.MANAGE_GUILD)])
    await moderator.run("mod pause", channel=stage.channel, options={"reason": "cleaning up"})
    await stage.until(lambda: any("paused new videos" in str(message.embeds) for message in stage.channel.messages))
    (message,) = [message for message in stage.channel.messages if message.embeds]
    assert f"<@{moderator.id}> paused new videos" in message.embeds[0]["description"]
    assert message.mentions == []
