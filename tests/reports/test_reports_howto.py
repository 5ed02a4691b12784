"""docs/howto/add-a-report.md is true: what it shows is followed to the letter."""

from bot.domain.request import Operation
from bot.reports.chart import picture_of
from bot.reports.definitions import Definition
from bot.reports.usage import Asked, Reports
from bot.store.database import Database
from tests.reports.samples import GUILD, Life, write


async def test_one_entry_and_one_query_make_a_report(
    followed: Definition, database: Database, reports: Reports
) -> None:
    await write(database, Life(), Life(), Life(operation=Operation.IMAGE))
    report = await reports.usage(Asked(guild_id=GUILD, by=followed.name))
    assert [(group.key, group.figures.requested) for group in report.groups] == [
        ("veo3.1-fast: text-to-video", 2),
        ("veo3.1-fast: image-to-video", 1),
    ]
    assert picture_of(report).title == followed.title
