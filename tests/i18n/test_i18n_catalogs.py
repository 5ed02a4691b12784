"""The template is what the source says now, and every catalog fits it."""

import re
import shlex
import string
from collections.abc import Iterable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from bot import i18n

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "bot/i18n/showreel.pot"
CATALOGS = sorted(i18n.FOLDER.rglob("*.po"))


def extraction(output: Path) -> list[str]:
    """The command of `make texts`, with another file to write to."""
    (line,) = re.findall(r"^\t\$\(BIN\)/(pybabel .*extract .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    arguments = shlex.split(line)
    arguments[arguments.index("--output-file") + 1] = str(output)
    return arguments


def fields(text: str) -> set[str]:
    """The names of the facts that a text fills in."""
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


def texts(message_part: str | Iterable[str] | None) -> tuple[str, ...]:
    """A message or a translation as its forms."""
    return (message_part,) if isinstance(message_part, str) else tuple(message_part or ())


def unfit(catalog: Catalog) -> list[str]:
    """Translations that fill in other facts than their message has, or miss a form."""
    found = []
    for message in catalog:
        if not message.id or not any(texts(message.string)):
            continue
        asked = set().union(*map(fields, texts(message.id)))
        for form in texts(message.string):
            spare = {"count"} if message.pluralizable else set()
            if not form or not asked - spare <= fields(form) <= asked:
                found.append(f"{message.id!r}: {form!r}")
    return found


@pytest.fixture(scope="module")
def template() -> Catalog:
    with TEMPLATE.open("rb") as file:
        return read_po(file)


def test_the_template_is_what_the_source_says_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command_line = CommandLineInterface()
    command_line.run(extraction(tmp_path / "now.pot"))  # type: ignore[no-untyped-call]  # Babel has no types
    assert TEMPLATE.read_text() == (tmp_path / "now.pot").read_text(), "the texts have changed: run `make texts`"


def test_the_template_has_texts_of_every_kind(template: Catalog) -> None:
    found = {message.id for message in template}
    assert "Waiting to be handed over" in found
    assert "What the video shows" in found
    assert ("{count} video", "{count} videos") in found
    assert "Run the bot." in found


def test_every_text_can_be_filled_in(template: Catalog) -> None:
    for message in template:
        for text in texts(message.id):
            assert all(name.isidentifier() for name in fields(text)), text


def test_both_forms_of_a_plural_fill_in_the_same(template: Catalog) -> None:
    for message in template:
        if message.pluralizable:
            singular, plural = texts(message.id)
            assert fields(singular) == fields(plural), message.id
            assert "count" in fields(plural)


def test_every_translation_fills_in_what_its_message_does(template: Catalog) -> None:
    for path in CATALOGS:
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.parts[-3])
        assert unfit(catalog) == [], path
        assert {message.id for message in catalog} <= {message.id for message in template}, path


@pytest.mark.parametrize(
    ("message", "translation", "is_fit"),
    [
        ("Accepted {when}.", "Angenommen {when}.", True),
        ("Accepted {when}.", "Angenommen.", False),
        ("Accepted {when}.", "Angenommen {wann}.", False),
        ("Accepted {when}.", "Angenommen {when} {who}.", False),
        (("{count} video", "{count} videos"), ("ein Video", "{count} Videos"), True),
        (("{count} video", "{count} videos"), ("{count} Video", ""), False),
        (("{count} video", "{count} videos"), ("{count} Video", "{zahl} Videos"), False),
        ("Accepted {when}.", "", True),
    ],
)
def test_an_unfit_translation_is_caught(
    message: str | tuple[str, str], translation: str | tuple[str, ...], *, is_fit: bool
) -> None:
    catalog = Catalog(locale="de")
    catalog.add(message, translation)
    assert (unfit(catalog) == []) is is_fit
