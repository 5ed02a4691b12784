"""Every text that a person sees, in their language.

Gettext catalogs, read with the standard library and extracted with Babel.

`_` translates and fills in facts by name, `n_` chooses the plural, `N_` only marks a text for extraction. The language
is that of the surrounding `speaking` block, English outside of one.
"""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DOMAIN = "showreel"
FOLDER = Path(__file__).parent / "locales"

_language: ContextVar[str] = ContextVar("language", default="en")


def speak(locale: str) -> None:
    """Speak the language of a Discord locale for the rest of this task."""
    _language.set(locale)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak the language of a Discord locale ("de", "zh-TW") in this block."""
    token = _language.set(locale)
    try:
        yield
    finally:
        _language.reset(token)


def _(message: str, **facts: object) -> str:
    """A text in the language spoken here, with its facts filled in."""
    return _catalog(_language.get()).gettext(message).format(**facts)


def n_(singular: str, plural: str, count: int, **facts: object) -> str:
    """A text in singular or plural; `count` is among its facts."""
    return _catalog(_language.get()).ngettext(singular, plural, count).format(count=count, **facts)


def N_(message: str) -> str:  # noqa: N802 - the marker's customary name in gettext
    """Mark a text for extraction; it is translated where it is used."""
    return message


def translated(message: str, locale: str) -> str | None:
    """A text in another language, None where no catalog has it."""
    text = _catalog(locale).gettext(message)
    return None if text == message else text


@cache
def _catalog(locale: str) -> gettext.NullTranslations:
    names = [locale.replace("-", "_"), locale.split("-", maxsplit=1)[0]]
    return gettext.translation(DOMAIN, FOLDER, names, fallback=True)
