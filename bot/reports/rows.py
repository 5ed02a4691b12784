"""The rows of a report as a CSV file: one line for each generation, to be summed up by anybody.

UTF-8 with a byte order mark, without which Excel takes the names for another encoding; lines end as RFC 4180 has it.
All texts are quoted, so that a semicolon in a name parts nothing where that is a separator beside the comma.
"""

import asyncio
import csv
import io
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

from bot.domain.figures import UsageRow
from bot.reports.usage import Report, Reports

COLUMNS = (
    "accepted_at",  # ISO 8601, in the time zone of the report
    "generation",
    "member_id",  # empty: forgotten
    "member",
    "guild_id",  # empty: direct messages
    "channel_id",  # 0: direct messages
    "model",
    "operation",
    "outcome",  # succeeded, refunded, failed, cancelled, expired, open, unconfirmed
    "seconds",  # charged and not refunded
    "price",  # dollars, charged and not refunded; empty: unknown
    "seconds_to_video",
)

_SIGNS = r"[=+\-@＝＋－＠]"  # noqa: RUF001 - the wide ones begin a formula as well
_BEGINS_FORMULA = re.compile(rf"""[\t\r\n]|[\s"]*{_SIGNS}""")
_ANOTHER_BEGINS = re.compile(rf"""([;,\t\r\n\v\f\x85\u2028\u2029][\s"]*)(?={_SIGNS})""")
_MICROSECOND = timedelta(microseconds=1)


async def csv_of(reports: Reports, report: Report) -> AsyncGenerator[bytes, None]:
    """The file in pieces: its head, then a page of rows at a time."""
    yield b"\xef\xbb\xbf" + _lines([COLUMNS])
    async for page in reports.rows(report):
        yield _lines([_cells(row, report.chosen.zone) for row in page])


async def write_csv(reports: Reports, report: Report, path: Path, most: int) -> int:
    """Write the file; returns its size in bytes. One that grows beyond `most` bytes isn't written to its end.

    What memory it takes doesn't depend on how many rows there are.
    """
    size = 0
    with await asyncio.to_thread(path.open, "wb") as file:
        async with aclosing(csv_of(reports, report)) as pieces:
            async for piece in pieces:
                size += await asyncio.to_thread(file.write, piece)
                if size > most:
                    break
    return size


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: where it would begin one, an apostrophe stands before it.

    So it is after what some spreadsheet takes for a separator: in many languages that is a semicolon alone, and quotes
    in the middle of what stands between two of them keep nothing together.
    """
    inside = _ANOTHER_BEGINS.sub(r"\1'", text)
    return f"'{inside}" if _BEGINS_FORMULA.match(text) else inside


def _cells(row: UsageRow, zone: tzinfo) -> tuple[object, ...]:
    return (
        row.accepted_at.astimezone(zone).isoformat(),
        harmless(row.generation_id),
        "" if row.member_id is None else row.member_id,
        harmless(row.member_name or ""),
        "" if row.guild_id is None else row.guild_id,
        row.channel_id,
        harmless(row.model),
        harmless(row.operation),
        row.outcome.value,
        row.seconds,
        "" if row.micros is None else _millionths(row.micros),
        "" if row.took is None else _millionths(row.took // _MICROSECOND),
    )


def _millionths(count: int) -> Decimal:
    """So many millionths, written with six decimals."""
    return Decimal(count).scaleb(-6)


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return text.getvalue().encode(errors="replace")
