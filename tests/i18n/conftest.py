"""A catalog in another language, made up for the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from bot import i18n
from tests.chat.town import connected, migrated, stage, town

__all__ = ["connected", "migrated", "stage", "town"]

Speaking: TypeAlias = Callable[[str, dict[str | tuple[str, str], str | tuple[str, ...]]], None]


@pytest.fixture
def translate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Speaking]:
    """Put a catalog with these texts in place, under a locale's name as gettext writes it."""
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    i18n._catalog.cache_clear()

    def put(locale: str, texts: dict[str | tuple[str, str], str | tuple[str, ...]]) -> None:
        catalog = Catalog(locale=locale)
        for message, text in texts.items():
            catalog.add(message, text)
        folder = tmp_path / locale / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / f"{i18n.DOMAIN}.mo").open("wb") as file:
            write_mo(file, catalog)

    yield put
    i18n._catalog.cache_clear()
