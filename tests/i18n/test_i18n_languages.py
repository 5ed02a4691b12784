"""Which language is spoken when, and what happens where it isn't known."""

import asyncio

import discord
import pytest
from discord import app_commands

from bot.chat.translator import CatalogTranslator
from bot.i18n import N_, _, n_, speak, speaking, translated
from tests.i18n.conftest import Speaking

GREETING = "Accepted {when}."
COUNT = ("{count} video", "{count} videos")


@pytest.fixture(autouse=True)
def german(translate: Speaking) -> None:
    translate("de", {GREETING: "Angenommen {when}.", COUNT: ("{count} Video", "{count} Videos!")})
    translate("zh_TW", {GREETING: "已接受 {when}。"})


def test_outside_of_a_block_english_is_spoken() -> None:
    assert _(GREETING, when="now") == "Accepted now."
    assert n_(*COUNT, 2) == "2 videos"


def test_in_a_block_its_language_is_spoken_and_then_no_more() -> None:
    with speaking("de"):
        assert _(GREETING, when="now") == "Angenommen now."
        with speaking("en-US"):
            assert _(GREETING, when="now") == "Accepted now."
        assert n_(*COUNT, 1) == "1 Video"
        assert n_(*COUNT, 0) == "0 Videos!"
    assert _(GREETING, when="now") == "Accepted now."


def test_a_block_that_fails_gives_the_language_back() -> None:
    with pytest.raises(ZeroDivisionError), speaking("de"):
        raise ZeroDivisionError
    assert _(GREETING, when="now") == "Accepted now."


def test_discords_regions_find_their_catalog() -> None:
    with speaking("zh-TW"):
        assert _(GREETING, when="now") == "已接受 now。"
    with speaking("de-AT"):
        assert _(GREETING, when="now") == "Angenommen now."


@pytest.mark.parametrize("locale", ["en-GB", "fr", "xx", "zh-CN", "../de", ""])
def test_an_unknown_language_is_english(locale: str) -> None:
    with speaking(locale):
        assert _(GREETING, when="now") == "Accepted now."


def test_a_text_that_is_not_translated_is_english() -> None:
    with speaking("de"):
        assert _("Unclear") == "Unclear"


async def test_each_task_speaks_its_own_language() -> None:
    async def said(locale: str) -> str:
        speak(locale)
        await asyncio.sleep(0)
        return _(GREETING, when="now")

    said_by = await asyncio.gather(*(asyncio.create_task(said(locale)) for locale in ("de", "en-US", "zh-TW")))
    assert said_by == ["Angenommen now.", "Accepted now.", "已接受 now。"]
    assert _(GREETING, when="now") == "Accepted now."


def test_braces_in_facts_stay_as_they_are() -> None:
    assert _(GREETING, when="{when} {0}") == "Accepted {when} {0}."


def test_a_marked_text_is_itself() -> None:
    with speaking("de"):
        assert N_(GREETING) == GREETING


def test_a_translation_is_only_one_where_a_catalog_has_it() -> None:
    assert translated(GREETING, "de") == "Angenommen {when}."
    assert translated(GREETING, "fr") is None
    assert translated("Unclear", "de") is None


async def test_the_translator_of_commands_asks_the_catalogs() -> None:
    place: app_commands.TranslationContextTypes = app_commands.TranslationContext(
        app_commands.TranslationContextLocation.other, data=None
    )
    asked = app_commands.locale_str(GREETING)
    translator = CatalogTranslator()
    assert await translator.translate(asked, discord.Locale.german, place) == "Angenommen {when}."
    assert await translator.translate(asked, discord.Locale.french, place) is None
