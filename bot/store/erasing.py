"""Erasing: queries that take a generation's content away and leave what figures and settlements need.

A row is erased only once it has ended, its requester was told, nothing is due and nobody holds it; its lease token
counts on, so that a worker which was frozen meanwhile can write nothing into it any more.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, RowMapping, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.generation import State
from bot.domain.request import Options, Request
from bot.store.generations import is_free, write
from bot.store.tables import KEPT, members, refusals
from bot.store.tables import generations as table

_REQUEST = TypeAdapter(Request)
_ENDS = tuple(state.value for state in State if state.is_end)
_NOTHING = {
    "requester_id": 0,
    "interaction_token": "",
    "detail": None,
    "poll_url": None,
    "results": "[]",
    "kept_inputs": "[]",
    "told_channel_id": None,  # as a last resort a direct message, whose channel is one person's
    "told_message_id": None,
}
_DIRECT = {
    "channel_id": 0,
    "card_channel_id": None,
    "card_message_id": None,
}
"""Goes too where it was asked for in direct messages."""

CLEAR_EVERY = timedelta(seconds=2)
"""Between two cards that are cleared, so that a long history holds up nobody's new videos."""


async def erase(
    connection: AsyncConnection, which: ColumnElement[bool], now: datetime, count: int, *, with_cards: bool
) -> int:
    """Erase up to `count` of the generations chosen, longest ended first; returns how many.

    `with_cards`: those with a card in a guild become due, one after another, so that a step clears the card.
    """
    read = ("id", "request", "operation", "model", "lease_token", "guild_id", "card_message_id")
    query = (
        select(*(table.c[name] for name in read))
        .where(KEPT, which, *_is_over(now))
        .order_by(table.c.state_at)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    changed: dict[str, dict[str, object]] = {}
    clear_at = now
    for row in (await connection.execute(query)).mappings():
        request = _bare_request(row)
        changed[row["id"]] = _bare(row) | {"request": _written(row, request), "erased_at": now}
        if with_cards and request is not None and row["guild_id"] is not None and row["card_message_id"] is not None:
            changed[row["id"]]["due_at"] = clear_at
            clear_at += CLEAR_EVERY
    await write(connection, changed)
    return len(changed)


async def erase_refused(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Erase the prompts of the refusals chosen."""
    await connection.execute(update(refusals).where(which, refusals.c.prompt.is_not(None)).values(prompt=None))


def ended_before(cutoff: datetime) -> ColumnElement[bool]:
    """Generations that ended before an instant."""
    return table.c.state_at < cutoff


def of_member(user_id: int) -> ColumnElement[bool]:
    """Generations of a member."""
    return table.c.requester_id == user_id


def of_forgotten(accepted_before: datetime) -> ColumnElement[bool]:
    """Those of members who asked to be forgotten: all from before they did, later ones only from before an instant."""
    forgotten = select(members.c.user_id).where(members.c.forget_since.is_not(None), members.c.user_id.is_not(None))
    asked = select(members.c.forget_since).where(members.c.key == table.c.member_key).scalar_subquery()
    is_due = or_(table.c.accepted_at <= asked, table.c.accepted_at < accepted_before)
    return table.c.requester_id.in_(forgotten) & is_due


def refused_of_forgotten(before: datetime) -> ColumnElement[bool]:
    """Refusals from before an instant, of members who asked to be forgotten."""
    forgotten = select(members.c.key).where(members.c.forget_since.is_not(None), members.c.user_id.is_not(None))
    return refusals.c.member_key.in_(forgotten) & (refusals.c.at < before)


def refused_of_parted() -> ColumnElement[bool]:
    """Refusals of keys that are parted from their members: nobody could ask for their texts to be erased any more."""
    return refusals.c.member_key.in_(select(members.c.key).where(members.c.user_id.is_(None)))


def _is_over(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_told = table.c.told.is_not_distinct_from(table.c.state)
    return table.c.state.in_(_ENDS), is_told, table.c.due_at.is_(None), is_free(now)


def _bare(row: RowMapping) -> dict[str, object]:
    place = _DIRECT if row["guild_id"] is None else {}
    return {**_NOTHING, **place, "lease_token": row["lease_token"] + 1}


def _bare_request(row: RowMapping) -> Request | None:
    """The request without what a member wrote or attached: operation, model and figures; None for a damaged one."""
    try:
        request = _REQUEST.validate_json(row["request"])
    except ValidationError:
        return None
    options = request.options
    written = {name: None for name in Options.__dataclass_fields__ if isinstance(getattr(options, name), str)}
    return replace(request, prompt=None, inputs=(), options=replace(options, **written))


def _written(row: RowMapping, request: Request | None) -> str:
    """The bare request as it is stored; being damaged is no reason to keep the prompt in it."""
    if request is None:
        return json.dumps({"operation": row["operation"], "model": row["model"]})
    return _REQUEST.dump_json(request).decode()
