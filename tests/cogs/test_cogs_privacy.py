"""/privacy: what is stored is told, erased by its owner alone, and what stays is said."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat import privacy_page
from bot.chat.client import Served
from bot.domain.change import Change
from bot.domain.generation import State
from bot.domain.guild import Block
from bot.domain.holdings import Holdings
from bot.domain.moderating import Action, Deed
from bot.work.privacy import Stored
from sandbox.discord import InvalidCommand, Result
from sandbox.discord.messages import Message
from tests.chat.samples import NOW
from tests.chat.stage import RETENTION, Setting, Stage, now
from tests.chat.town import Town, connecting
from tests.cogs.test_cogs_owner import said
from tests.contracts.discord_openapi.check import violations

PROMPT = "a cat called zanzibar"


async def make(town: Town, stage: Stage, *, is_over: bool = False) -> None:
    await town.ada.run("video text", channel=town.channel, options={"prompt": PROMPT})
    made = await stage.latest(town.ada.id, town.guild.id)
    if is_over:
        await stage.finish(made)
        await _told(stage, made.id)


async def _told(stage: Stage, generation_id: str) -> None:
    """What the step of telling leaves behind."""
    store = stage.store.generations
    held = await store.claim_one(generation_id, State.SUCCEEDED, now() + timedelta(days=1), timedelta(minutes=1))
    assert held is not None
    await store.save(Change(before=held, after=held.evolve(told=State.SUCCEEDED, due_at=None)))
    await store.release_leases()


async def ask(town: Town) -> Message:
    """Ada asks for everything to be erased; the question."""
    result = await town.ada.run("privacy delete", channel=town.channel)
    assert result.ephemeral
    assert result.message is not None
    return result.message


def button(message: Message) -> str:
    (found,) = [str(one["custom_id"]) for one in message.all_components() if "custom_id" in one]
    return found


async def erase(town: Town, message: Message) -> str:
    result = await town.ada.press(message, button(message))
    await town.discord.wait_for(lambda: not message.components, timeout=5)
    return said(result)


async def show(town: Town) -> str:
    result = await town.ada.run("privacy show", channel=town.channel)
    assert result.ephemeral
    return said(result)


async def test_of_somebody_who_asked_for_nothing_nothing_is_stored(connected: Stage, town: Town) -> None:
    assert "Nothing: you have not asked me for a video yet." in await show(town)
    assert "There was nothing of yours to erase." in await erase(town, await ask(town))
    assert connected.bot.is_ready()


async def test_what_is_stored_is_told_with_reasons_and_until_when(connected: Stage, town: Town) -> None:
    await make(town, connected, is_over=True)
    text = await show(town)
    assert "1 request for a video in all." in text
    assert "Each is erased 90 days after its end, the last on <t:" in text
    assert "Ada, as Discord showed it last" in text
    assert "3 entries about usage and cost" in text
    assert PROMPT not in text


async def test_erasing_says_what_is_gone_what_goes_later_and_what_stays(connected: Stage, town: Town) -> None:
    await make(town, connected, is_over=True)
    connected.woken.clear()
    await make(town, connected)
    question = await ask(town)
    assert "1 video is under way" in said_by(question)
    text = await erase(town, question)
    assert "Now: Prompt, files and addresses of 1 video, your name" in text
    assert "Later, by itself: 1 video that has not ended" in text
    assert "nobody will be able to tell by what I keep that they are yours" in text
    assert "32 days after your last request at the earliest" in text
    (running,) = await connected.all_of(town.ada.id, town.guild.id)
    assert running.request.prompt == PROMPT
    assert "You asked to be forgotten <t:" in await show(town)


async def test_a_block_stays_and_that_is_said(connected: Stage, town: Town) -> None:
    await make(town, connected, is_over=True)
    deed = Deed(at=now(), action=Action.BLOCK, guild_id=town.guild.id, actor_id=1)
    await connected.store.guilds.block(Block(user_id=town.ada.id, blocked_at=now()), deed)
    text = await erase(town, await ask(town))
    assert "You are blocked in 1 server. That stays" in text
    assert "by these it can still be told which figures are yours" in text
    assert "nobody will be able to tell" not in text
    assert [block.user_id for block in await connected.store.guilds.blocked(town.guild.id, now())] == [town.ada.id]


@pytest.mark.parametrize(
    ("holdings", "is_nameless"),
    [(Holdings(key="k"), True), (Holdings(key="k", blocks=1), False), (Holdings(key="k", limits=1), False)],
    ids=["nothing", "a block", "a limit"],
)
def test_that_nobody_can_tell_is_said_only_where_it_is_so(holdings: Holdings, *, is_nameless: bool) -> None:
    stored = Stored(holdings=replace(holdings, forget_since=NOW), kept_until=None)
    for page in (privacy_page.erased(1, holdings), privacy_page.stored(stored, RETENTION)):
        assert ("nobody will be able to tell" in str(page.to_dict())) is is_nameless


async def test_somebody_elses_button_does_nothing(connected: Stage, town: Town) -> None:
    await make(town, connected, is_over=True)
    question = await ask(town)
    result = await town.guild.add_member("bob").press(question, button(question))
    assert result.ephemeral
    assert said(result) == "Only the one whose data it is can erase it. Use /privacy delete for yours."
    assert (await connected.all_of(town.ada.id, town.guild.id))[0].request.prompt == PROMPT


async def test_where_the_bot_serves_nobody_the_button_says_so(connected: Stage, town: Town) -> None:
    await make(town, connected, is_over=True)
    question = await ask(town)
    connected.bot.served = Served(guild_ids=(1,))
    assert said(await town.ada.press(question, button(question))) == "This bot doesn't make videos here."


async def test_it_works_in_direct_messages_where_the_bot_does(town: Town, migrated: Path, tmp_path: Path) -> None:
    served = Served(user_install=True)
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url, served=served)
    async with connecting(town, setting, migrated, tmp_path) as stage:
        await town.ada.run("video text", options={"prompt": PROMPT})
        await stage.latest(town.ada.id, None)
        shown = await town.ada.run("privacy show")
        assert "1 request for a video in all." in said(shown)
        question = (await town.ada.run("privacy delete")).message
        assert question is not None
        assert "Later, by itself" in await erase(town, question)


@pytest.mark.parametrize("is_for_one_guild", [False, True], ids=["everywhere", "one guild"])
async def test_who_has_left_the_guild_erases_in_direct_messages(
    town: Town, migrated: Path, tmp_path: Path, *, is_for_one_guild: bool
) -> None:
    served = Served(guild_ids=(town.guild.id,) if is_for_one_guild else ())
    setting = Setting(api_url=town.discord.api_url, gateway_url=town.discord.gateway_url, served=served)
    async with connecting(town, setting, migrated, tmp_path) as stage:
        await make(town, stage, is_over=True)
        with pytest.raises(InvalidCommand):
            await town.ada.run("video text", options={"prompt": PROMPT})
        shown = await town.ada.run("privacy show")
        assert shown.ephemeral
        assert "1 request for a video in all." in said(shown)
        question = (await town.ada.run("privacy delete")).message
        assert question is not None
        assert "Now: Prompt, files and addresses of 1 video" in await erase(town, question)


async def test_a_mistake_while_erasing_is_told_and_the_button_stays(
    connected: Stage, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> str:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(connected.store.privacy, "forget", broken)
    question = await ask(town)
    result: Result = await town.ada.press(question, button(question))
    await town.discord.wait_for(lambda: result.followups, timeout=5)
    assert result.followups[0].content.startswith("Something went wrong here, reference ")
    assert button(question)


def said_by(message: Message) -> str:
    return "\n".join(str(embed.get("description", "")) for embed in message.embeds)


@pytest.mark.parametrize("retention", [RETENTION, None], ids=["kept for days", "kept"])
def test_the_fullest_pages_fit(retention: timedelta | None) -> None:
    holdings = Holdings(
        key="k" * 32,
        name="*" * 100,
        forget_since=NOW,
        generations=10**6,
        kept=10**6,
        under_way=10**3,
        ledger_entries=10**7,
        refused_prompts=10**3,
        log_lines=10**4,
        blocks=10**2,
        limits=10**2,
        oldest=NOW,
        newest_end=NOW,
    )
    found = Stored(holdings=holdings, kept_until=NOW if retention else None)
    pages: list[Any] = [
        privacy_page.stored(found, retention),
        privacy_page.question(found),
        privacy_page.erased(10**6, holdings),
    ]
    for page in pages:
        assert violations("POST", "/channels/1/messages", {"embeds": [page.to_dict()]}) == []
    kept = "They are kept until you erase them." in str(pages[0].to_dict())
    assert kept is (retention is None)
