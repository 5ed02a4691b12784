"""Field types for answers whose shape moved over time: what is not of the expected kind counts as not given."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

_SECONDS = re.compile(r"\s*(-?\d{1,6})\s*(?:s|sec|seconds)?\s*", re.IGNORECASE)
_SPAN = re.compile(r"\s*(\d{1,3})\s*(?:-|to)\s*(\d{1,3})\s*(?:s|sec|seconds)?\s*", re.IGNORECASE)
_MOST_DOLLARS = 1_000_000
_LONGEST = 86_400


class Lenient(BaseModel):
    """A part of an answer: immutable, and unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())


def as_text(value: object) -> str | None:
    """A text that can be stored and sent anywhere: no surrogates, no NUL; numbers become texts."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    if not isinstance(value, str):
        return None
    return value.encode(errors="replace").decode().replace("\0", "").strip() or None


def as_percent(value: object) -> int | None:
    """A whole percentage from 0 to 100."""
    figure = as_decimal(value.removesuffix("%") if isinstance(value, str) else value)
    return round(figure) if figure is not None and 0 <= figure <= 100 else None


def as_decimal(value: object) -> Decimal | None:
    """A finite number of at most a million, exact; from a number or a decimal text, with or without a dollar sign."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        figure = Decimal(str(value).strip().removeprefix("$"))
    except (InvalidOperation, ValueError):
        return None
    return figure if figure.is_finite() and abs(figure) <= _MOST_DOLLARS else None


def as_length(value: object) -> Decimal | None:
    """Seconds of video, above zero and at most a day."""
    figure = as_decimal(value)
    return figure if figure is not None and 0 < figure <= _LONGEST else None


def as_mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, empty where there is none."""
    return value if isinstance(value, dict) else {}


def as_items(value: object) -> tuple[object, ...]:
    """The items of a list, a single object or text counting as a list of one."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, dict | str) else ()


def as_texts(value: object) -> tuple[str, ...]:
    """The texts of a list in their order, without repeats."""
    return tuple(dict.fromkeys(text for item in as_items(value) if (text := as_text(item))))


def as_durations(value: object) -> tuple[int, ...]:
    """Whole seconds from texts such as "5", "5s" or "4-15"; none at all where one of them can't be read."""
    seconds: list[int] = []
    for text in as_texts(value):
        if match := _SECONDS.fullmatch(text):
            seconds.append(int(match[1]))
        elif match := _SPAN.fullmatch(text):
            seconds.extend(range(int(match[1]), int(match[2]) + 1))
        else:
            return ()
    return tuple(dict.fromkeys(seconds))


def as_count(value: object) -> int | None:
    """A whole number above zero."""
    figure = as_decimal(value)
    return int(figure) if figure is not None and figure >= 1 else None


Text = Annotated[str | None, BeforeValidator(as_text)]
Percent = Annotated[int | None, BeforeValidator(as_percent)]
Length = Annotated[Decimal | None, BeforeValidator(as_length)]
Money = Annotated[Decimal | None, BeforeValidator(as_decimal)]
Count = Annotated[int | None, BeforeValidator(as_count)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True)]
Texts = Annotated[tuple[str, ...], BeforeValidator(as_texts)]
Durations = Annotated[tuple[int, ...], BeforeValidator(as_durations)]
Items = Annotated[tuple[Any, ...], BeforeValidator(as_items)]
