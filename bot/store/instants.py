"""How instants are stored."""

from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import BigInteger, Dialect, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

LATEST = datetime.max.replace(tzinfo=UTC)
"""No instant is later; text, which SQLite keeps in any column, is greater than every number."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as whole microseconds since 1970; a naive one is refused with ValueError."""

    impl = BigInteger
    cache_ok = True
    python_type = datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the library's signature
        """Microseconds for the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the library's signature
        """An instant from the database; what can't be one (SQLite keeps anything) is handed on as it is."""
        if value is None or not isinstance(value, int):
            return value
        try:
            return _EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return cast("datetime", value)
