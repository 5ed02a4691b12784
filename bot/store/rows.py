"""Generations as rows: which fields stand in which columns, both ways."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from bot.domain.generation import Generation, MessageRef, Origin, Reason, State
from bot.domain.ledger import Amounts
from bot.domain.request import Request
from bot.store.errors import UnreadableRowError
from bot.store.tables import generations as table

_log = structlog.get_logger(__name__)

_REQUEST = TypeAdapter(Request)
_LISTS: Mapping[str, TypeAdapter[tuple[Any, ...]]] = {
    "results": TypeAdapter(tuple[str, ...]),
    "kept_inputs": TypeAdapter(tuple[int, ...]),
    "warnings": TypeAdapter(tuple[str, ...]),
}
_ENUMS: Mapping[str, type[StrEnum]] = {"state": State, "reason": Reason, "cancel_requested": Reason, "told": State}
_MESSAGES = {"card": "card", "told_as": "told"}
_ORIGIN = tuple(field.name for field in fields(Origin))
_AMOUNTS = tuple(field.name for field in fields(Amounts))
_FIELDS = tuple(field.name for field in fields(Generation))
_COLUMNS = tuple(
    (column.name, column.type.python_type, column.nullable) for column in table.columns if column.name != "lease_until"
)
_PLAIN = tuple(set(_FIELDS) - {"request", "origin", "amounts", *_LISTS, *_ENUMS, *_MESSAGES})


def columns(generation: Generation, only: Iterable[str] = _FIELDS) -> dict[str, object]:
    """The columns of a generation's fields; the end of its lease is none of them."""
    return {name: value for field in only for name, value in _columns_of(field, getattr(generation, field)).items()}


def changed_fields(before: Generation, after: Generation) -> set[str]:
    """The names of the fields that differ."""
    return {field for field in _FIELDS if getattr(before, field) != getattr(after, field)}


def generation_of(row: RowMapping) -> Generation:
    """The generation in a row; raises UnreadableRowError where the row holds what this version can't make sense of."""
    facts: dict[str, Any] = {name: row[name] for name in _PLAIN}
    try:
        _check_types(row)
        facts |= {name: None if row[name] is None else kind(row[name]) for name, kind in _ENUMS.items()}
        _check_task(facts)
        _check_told(facts)
        facts |= {name: adapter.validate_json(row[name]) for name, adapter in _LISTS.items()}
        facts |= {name: _message(row, prefix) for name, prefix in _MESSAGES.items()}
        return Generation(
            request=_REQUEST.validate_json(row["request"]),
            origin=Origin(**{name: row[name] for name in _ORIGIN}),
            amounts=Amounts(**{name: row[name] for name in _AMOUNTS}),
            **facts,
        )
    except ValueError as error:
        cause = str(error).partition("\n")[0]  # what follows may quote the prompt
        raise UnreadableRowError(row["id"], cause) from None


def readable(rows: Iterable[RowMapping]) -> list[Generation]:
    """The generations of those rows that can be read; the others are logged and left out."""
    found = []
    for row in rows:
        try:
            found.append(generation_of(row))
        except UnreadableRowError as error:
            _log.error("generation_unreadable", generation=error.generation_id, cause=error.cause)
    return found


def _check_types(row: RowMapping) -> None:
    """See that each value is of its column's kind: SQLite keeps anything in any column."""
    for name, kind, may_be_empty in _COLUMNS:
        value = row[name]
        if not isinstance(value, kind) and not (may_be_empty and value is None):
            raise ValueError(f"{name} is no {kind.__name__}")


def _check_task(facts: Mapping[str, Any]) -> None:
    """What runs can be asked for: a task without an id would be taken for lost, and its hold given back."""
    if facts["state"] is State.RUNNING and not facts["task_id"]:
        raise ValueError("it runs without a task_id")


def _check_told(facts: Mapping[str, Any]) -> None:
    """Nothing follows an end: one that was told already, but isn't there, would keep the real one from being told."""
    told = facts["told"]
    if told is not None and told.is_end and told is not facts["state"]:
        raise ValueError(f"it was told as {told} and is {facts['state']}")


def _columns_of(field: str, value: Any) -> dict[str, object]:
    match field:
        case "request":
            document = _REQUEST.dump_json(value).decode()
            return {"request": document, "operation": value.operation.value, "model": value.model}
        case "origin" | "amounts":
            return {part.name: getattr(value, part.name) for part in fields(value)}
        case "card" | "told_as":
            channel, message = f"{_MESSAGES[field]}_channel_id", f"{_MESSAGES[field]}_message_id"
            return {channel: value and value.channel_id, message: value and value.message_id}
        case _:
            return {field: _plain(field, value)}


def _plain(field: str, value: Any) -> object:
    if field in _LISTS:
        return _LISTS[field].dump_json(value).decode()
    if isinstance(value, StrEnum):
        return value.value
    return storable(value) if isinstance(value, str) else value


def storable(value: str) -> str:
    """Text that both databases take: words from outside may hold halves of characters (SQLite) and NUL (PostgreSQL)."""
    return value.encode(errors="replace").decode().replace("\0", "")


def _message(row: RowMapping, prefix: str) -> MessageRef | None:
    message_id = row[f"{prefix}_message_id"]
    if message_id is None:
        return None
    return MessageRef(channel_id=row[f"{prefix}_channel_id"], message_id=message_id)
