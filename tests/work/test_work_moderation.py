"""What moderators and the owner may do, and what comes of it; nobody acts outside their guild."""

from contextlib import suppress
from datetime import timedelta

import pytest

from bot.domain.errors import (
    BadRule,
    LimitUnfit,
    ListFull,
    ModeratorOnly,
    NotListed,
    NotOneself,
    OwnerOnly,
    Problem,
    Rejection,
    RuleFault,
    ScheduleUnfit,
    SpanUnfit,
    TimeZoneUnknown,
    UnknownModel,
)
from bot.domain.generation import Generation
from bot.domain.guild import AllowedModel, GuildSettings
from bot.domain.limits import LARGEST, Limit, LimitFault, Measure, Scope, Window
from bot.domain.moderating import Action, Deed, LogFilter
from bot.domain.word_rules import RuleKind
from bot.work import deeds
from bot.work.actors import Actor, Rights
from bot.work.moderation import LONGEST_BLOCK
from tests.work.moderators import (
    ANYBODY,
    BOT_LIMIT,
    CALLS,
    DEFAULT,
    ELSEWHERE,
    GUILD_LIMIT,
    IN_DIRECT_MESSAGES,
    MODERATOR,
    OF_MODERATORS,
    OF_THE_OWNER,
    OTHER_GUILD,
    OWNER,
    call,
    contents,
    desk,
    public_methods,
)
from tests.work.stage import GUILD, MEMBER, START, Stage

HOUR = timedelta(hours=1)


async def problem(stage: Stage, name: str, actor: Actor, reference: str = "nothing") -> Problem:
    with pytest.raises(Rejection) as rejected:
        await call(stage, name, actor, reference)
    return rejected.value.problem


async def everything_set(stage: Stage) -> Generation:
    """A guild in which every list has an entry, with a generation under way."""
    generation = await stage.ask()
    for name in OF_MODERATORS:
        if name.split(".")[1].startswith(("set_", "add_", "allow_", "change_")):
            await call(stage, name, MODERATOR)
    return generation


def test_every_use_case_is_called_by_these_tests() -> None:
    assert public_methods() == set(CALLS)


@pytest.mark.parametrize("actor", [ANYBODY, OWNER, IN_DIRECT_MESSAGES], ids=["anybody", "owner", "direct"])
@pytest.mark.parametrize("name", OF_MODERATORS)
async def test_only_moderators_inside_a_guild_may(stage: Stage, name: str, actor: Actor) -> None:
    generation = await everything_set(stage)
    before = await contents(stage)
    assert await problem(stage, name, actor, generation.id) == ModeratorOnly()
    assert await contents(stage) == before


@pytest.mark.parametrize("actor", [ANYBODY, MODERATOR], ids=["anybody", "moderator"])
@pytest.mark.parametrize("name", OF_THE_OWNER)
async def test_only_the_owner_may(stage: Stage, name: str, actor: Actor) -> None:
    await call(stage, "ownership.set_limit", OWNER)
    before = await contents(stage)
    assert await problem(stage, name, actor) == OwnerOnly()
    assert await contents(stage) == before


@pytest.mark.parametrize("name", OF_MODERATORS)
async def test_a_moderator_of_another_guild_changes_nothing_here(stage: Stage, name: str) -> None:
    generation = await everything_set(stage)
    query = "SELECT * FROM {} WHERE guild_id = 7001 ORDER BY 1, 2"
    tables = ("guilds", "limits", "blocks", "word_rules", "generation_channels", "allowed_models", "schedules", "audit")
    before = [await stage.rows(query.format(table)) for table in (*tables, "generations", "ledger")]
    with suppress(Rejection):  # there is nothing of that kind in their own guild
        assert str(GUILD) not in repr(await call(stage, name, ELSEWHERE, generation.id))
    assert [await stage.rows(query.format(table)) for table in (*tables, "generations", "ledger")] == before


async def test_a_moderator_reads_nothing_of_another_guild(stage: Stage) -> None:
    await everything_set(stage)
    await desk(stage).moderation.block(MODERATOR, MEMBER, None)
    moderation = desk(stage).moderation
    assert await moderation.show_limits(ELSEWHERE) == [DEFAULT]
    assert await moderation.settings(ELSEWHERE) == GuildSettings(guild_id=OTHER_GUILD)
    found = [await moderation.blocked(ELSEWHERE), await moderation.channels(ELSEWHERE), await moderation.log(ELSEWHERE)]
    assert found == [[], [], []]
    assert (await moderation.rules(ELSEWHERE), await moderation.models(ELSEWHERE)) == ((), [])
    assert await moderation.schedule(ELSEWHERE) is None
    assert await moderation.refusals(ELSEWHERE) == []


async def test_managers_and_those_with_the_moderator_role_are_moderators(stage: Stage) -> None:
    rights = Rights(stage.store.guilds)
    assert not (await rights.actor(MEMBER, GUILD, {6_001}, manages=False)).is_moderator
    await desk(stage).moderation.change_settings(MODERATOR, moderator_role_id=6_001)
    assert (await rights.actor(MEMBER, GUILD, {6_001}, manages=False)).is_moderator
    assert not (await rights.actor(MEMBER, GUILD, {6_002}, manages=False)).is_moderator
    assert not (await rights.actor(MEMBER, OTHER_GUILD, {6_001}, manages=False)).is_moderator
    assert (await rights.actor(MEMBER, GUILD, (), manages=True)).is_moderator
    assert not (await rights.actor(MEMBER, None, (), manages=True)).is_moderator


async def test_the_limits_here_are_shown_with_those_of_the_configuration_that_still_hold(stage: Stage) -> None:
    moderation = desk(stage).moderation
    own = Limit(scope=Scope.MEMBER, measure=Measure.GENERATIONS, amount=3, window=Window.DAY)
    await desk(stage).ownership.set_limit(OWNER, BOT_LIMIT)
    assert await moderation.set_limit(MODERATOR, GUILD_LIMIT) is None
    assert await moderation.show_limits(MODERATOR) == [GUILD_LIMIT, DEFAULT]
    await moderation.set_limit(MODERATOR, own)
    assert set(await moderation.show_limits(MODERATOR)) == {GUILD_LIMIT, own}
    assert await moderation.clear_limit(MODERATOR, GUILD_LIMIT) == 10


@pytest.mark.parametrize(
    ("limit", "fault"),
    [
        (Limit(scope=Scope.GUILD, measure=Measure.SECONDS, amount=-1, window=Window.DAY), LimitFault.NEGATIVE),
        (Limit(scope=Scope.GUILD, measure=Measure.MICROS, amount=LARGEST + 1, window=Window.DAY), LimitFault.TOO_LARGE),
        (Limit(scope=Scope.GUILD, measure=Measure.GENERATIONS, amount=1), LimitFault.NEEDS_WINDOW),
        (
            Limit(scope=Scope.GUILD, measure=Measure.CONCURRENT, amount=1, window=Window.DAY),
            LimitFault.TAKES_NO_WINDOW,
        ),
        (BOT_LIMIT, LimitFault.WRONG_SCOPE),
        (Limit(scope=Scope.ROLE, measure=Measure.CONCURRENT, amount=1), LimitFault.WRONG_SCOPE),
        (Limit(scope=Scope.GUILD, measure=Measure.CONCURRENT, amount=1, scope_id=5), LimitFault.WRONG_SCOPE),
    ],
    ids=lambda value: value.value if isinstance(value, LimitFault) else "",
)
async def test_a_limit_that_makes_no_sense_is_turned_down(stage: Stage, limit: Limit, fault: LimitFault) -> None:
    with pytest.raises(Rejection) as rejected:
        await desk(stage).moderation.set_limit(MODERATOR, limit)
    assert rejected.value.problem == LimitUnfit(fault)
    assert await stage.store.guilds.limits(GUILD) == []


async def test_a_block_has_its_end_and_its_reason(stage: Stage) -> None:
    moderation = desk(stage).moderation
    block = await moderation.block(MODERATOR, MEMBER, HOUR, "  spam  ")
    assert (block.until, block.why) == (START + HOUR, "spam")
    assert await moderation.blocked(MODERATOR) == [block]
    stage.clock.advance(HOUR)
    assert await moderation.blocked(MODERATOR) == []
    endless = await moderation.block(MODERATOR, MEMBER, None, "x" * 9_999)
    assert endless.until is None
    assert len(endless.why or "") == deeds.WHY_MOST
    assert await moderation.unblock(MODERATOR, MEMBER) == endless


async def test_moderators_may_block_one_another_but_not_themselves(stage: Stage) -> None:
    moderation = desk(stage).moderation
    with pytest.raises(Rejection) as rejected:
        await moderation.block(MODERATOR, MODERATOR.user_id, HOUR)
    assert rejected.value.problem == NotOneself()
    assert (await moderation.block(MODERATOR, 5_009, HOUR)).user_id == 5_009


@pytest.mark.parametrize("length", [timedelta(0), -HOUR, LONGEST_BLOCK + HOUR, timedelta.max])
async def test_a_block_needs_a_length_that_is_one(stage: Stage, length: timedelta) -> None:
    with pytest.raises(Rejection) as rejected:
        await desk(stage).moderation.block(MODERATOR, MEMBER, length)
    assert rejected.value.problem == SpanUnfit(LONGEST_BLOCK)


async def test_a_word_rule_is_checked_trimmed_and_added_once(stage: Stage) -> None:
    moderation = desk(stage).moderation
    rule = await moderation.add_rule(MODERATOR, RuleKind.WORD, " cabbage ")
    assert rule is not None
    assert rule.text == "cabbage"
    assert await moderation.add_rule(MODERATOR, RuleKind.WORD, "cabbage") is None
    with pytest.raises(Rejection) as rejected:
        await moderation.add_rule(MODERATOR, RuleKind.WORD, "  ")
    assert rejected.value.problem == BadRule(RuleFault.EMPTY)
    assert await moderation.rules(MODERATOR) == (rule,)
    assert await moderation.remove_rule(MODERATOR, rule.id) == rule


async def test_a_list_takes_no_more_than_can_be_held_against_every_request(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "MOST_LISTED", 2)
    for number in range(2):
        await desk(stage).moderation.allow_channel(MODERATOR, number)
    assert await problem(stage, "moderation.allow_channel", MODERATOR) == ListFull(2)


async def test_a_guild_has_fewer_patterns_than_words(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeds, "MOST_PATTERNS", 1)
    moderation = desk(stage).moderation
    assert await moderation.add_rule(MODERATOR, RuleKind.PATTERN, "c.t")
    with pytest.raises(Rejection) as rejected:
        await moderation.add_rule(MODERATOR, RuleKind.PATTERN, "d.g")
    assert rejected.value.problem == ListFull(1)
    assert await moderation.add_rule(MODERATOR, RuleKind.WORD, "dog")


@pytest.mark.parametrize(
    "name", [name for name in CALLS if name.split(".")[1].startswith(("remove_", "clear_", "unb"))]
)
async def test_what_isn_t_there_can_t_be_taken_away(stage: Stage, name: str) -> None:
    actor = OWNER if name in OF_THE_OWNER else MODERATOR
    assert await problem(stage, name, actor) == NotListed()


async def test_everyone_s_models_are_those_of_the_guild_s_own_role(stage: Stage) -> None:
    moderation = desk(stage).moderation
    assert await moderation.allow_model(MODERATOR, "veo3.1-fast")
    assert await moderation.allow_model(MODERATOR, "veo3.1", role_id=6_001)
    assert await moderation.models(MODERATOR) == [
        AllowedModel(role_id=6_001, model="veo3.1"),
        AllowedModel(role_id=GUILD, model="veo3.1-fast"),
    ]
    await moderation.remove_model(MODERATOR, "veo3.1", role_id=6_001)
    await moderation.remove_model(MODERATOR, "veo3.1-fast")
    assert await moderation.models(MODERATOR) == []


async def test_an_unknown_model_is_put_on_no_list_and_is_no_default(stage: Stage) -> None:
    moderation = desk(stage).moderation
    for attempt in (
        moderation.allow_model(MODERATOR, "veo3.1-fats"),
        moderation.change_settings(MODERATOR, default_model="veo3.1-fats"),
    ):
        with pytest.raises(Rejection) as rejected:
            await attempt
        assert isinstance(rejected.value.problem, UnknownModel)
        assert "veo3.1-fast" in rejected.value.problem.near


async def test_a_model_that_is_gone_from_the_catalog_can_still_be_taken_off_the_list(stage: Stage) -> None:
    gone = AllowedModel(role_id=GUILD, model="bygone")
    deed = Deed(at=START, action=Action.ALLOW_MODEL, guild_id=GUILD, actor_id=MODERATOR.user_id)
    await stage.store.guilds.allow_model(gone, deed)
    await desk(stage).moderation.remove_model(MODERATOR, "bygone")


async def test_settings_are_changed_by_their_names_and_go_back_to_the_configuration_s(stage: Stage) -> None:
    moderation = desk(stage).moderation
    changed = await moderation.change_settings(
        MODERATOR, "we live there", time_zone="Europe/Berlin", default_model="veo3.1", moderator_role_id=6_001
    )
    assert changed == GuildSettings(
        guild_id=GUILD, time_zone="Europe/Berlin", default_model="veo3.1", moderator_role_id=6_001
    )
    assert (await moderation.change_settings(MODERATOR, time_zone=None)).time_zone is None
    assert {line.why for line in await moderation.log(MODERATOR)} == {"we live there", None}


@pytest.mark.parametrize(
    "name", ["Berlin", "", "../etc/passwd", "Europe", "/etc/localtime", "x\0y", "Europe/" + "x" * 999]
)
async def test_a_time_zone_has_to_be_one(stage: Stage, name: str) -> None:
    with pytest.raises(Rejection) as rejected:
        await desk(stage).moderation.change_settings(MODERATOR, time_zone=name)
    assert rejected.value.problem == TimeZoneUnknown(name)


async def test_reports_are_not_sent_every_hour(stage: Stage) -> None:
    with pytest.raises(Rejection) as rejected:
        await desk(stage).moderation.set_schedule(MODERATOR, 8_003, Window.HOUR)
    assert rejected.value.problem == ScheduleUnfit()
    schedule = await desk(stage).moderation.set_schedule(MODERATOR, 8_003, Window.DAY)
    assert await desk(stage).moderation.schedule(MODERATOR) == schedule


async def test_a_pause_holds_from_its_first_instant_until_resumed(stage: Stage) -> None:
    moderation = desk(stage).moderation
    assert (await moderation.pause(MODERATOR, "maintenance")).paused_at == START
    stage.clock.advance(HOUR)
    assert (await moderation.pause(MODERATOR)).paused_at == START
    assert (await moderation.resume(MODERATOR)).paused_at is None
    assert [line.action for line in await moderation.log(MODERATOR)] == ["resume", "pause"]


async def test_the_log_says_who_did_what_and_is_filtered(stage: Stage) -> None:
    moderation = desk(stage).moderation
    await moderation.block(MODERATOR, MEMBER, None, "spam")
    await moderation.pause(MODERATOR)
    (line,) = await moderation.log(MODERATOR, LogFilter(action=Action.BLOCK))
    assert (line.actor_id, line.member_id, line.before, line.after, line.why) == (
        MODERATOR.user_id,
        MEMBER,
        None,
        "without end: spam",
        "spam",
    )
