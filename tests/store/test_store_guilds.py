"""What moderators set: each change with its line in the audit, each guild for itself."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.change import AuditRecord
from bot.domain.errors import GenerationUnknown, Rejection
from bot.domain.generation import Reason, State
from bot.domain.guild import BOT, AllowedModel, Block, GuildSettings, Schedule
from bot.domain.limits import Limit, Measure, Scope, Window
from bot.domain.moderating import Action, Deed, LogFilter, LogLine, Mirror, Refusal
from bot.domain.word_rules import RuleKind, WordRule
from bot.store import audit
from bot.store.database import Database
from bot.store.store import Store
from tests.store.samples import GUILD, MEMBER, NOW, accepted, claimed, ended, origin

MODERATOR = 5_001
OTHER = 7_002
HOUR = timedelta(hours=1)
DAY_LIMIT = Limit(scope=Scope.GUILD, measure=Measure.GENERATIONS, amount=10, window=Window.DAY)


def deed(action: Action, guild: int = GUILD, why: str | None = None) -> Deed:
    return Deed(at=NOW, action=action, guild_id=guild, actor_id=MODERATOR, why=why)


async def lines(store: Store, guild: int = GUILD) -> list[LogLine]:
    """All lines of a guild, oldest first."""
    return (await store.guilds.log(guild, LogFilter(), 100))[::-1]


async def changes(store: Store, guild: int = GUILD) -> list[tuple[str, str | None, str | None]]:
    return [(line.action, line.before, line.after) for line in await lines(store, guild)]


async def test_a_guild_begins_with_the_settings_of_the_configuration(store: Store) -> None:
    assert await store.guilds.settings(GUILD) == GuildSettings(guild_id=GUILD)


async def test_settings_are_changed_with_a_line_for_each_that_differs(store: Store) -> None:
    wish = {"time_zone": "Europe/Berlin", "log_channel_id": 8_009}
    await store.guilds.change_settings(wish, deed(Action.CHANGE_SETTINGS))
    after = await store.guilds.change_settings({"time_zone": "UTC", "log_channel_id": 8_009}, deed(Action.PAUSE))
    assert after == GuildSettings(guild_id=GUILD, time_zone="UTC", log_channel_id=8_009)
    assert await store.guilds.settings(GUILD) == after
    assert await changes(store) == [
        ("change_settings", None, "time_zone: Europe/Berlin"),
        ("change_settings", None, "log_channel_id: 8009"),
        ("pause", "time_zone: Europe/Berlin", "time_zone: UTC"),
    ]
    assert await store.guilds.settings(OTHER) == GuildSettings(guild_id=OTHER)


async def test_what_changes_nothing_writes_no_line(store: Store) -> None:
    await store.guilds.change_settings({"time_zone": None}, deed(Action.CHANGE_SETTINGS))
    await store.guilds.set_limit(DAY_LIMIT, deed(Action.SET_LIMIT))
    assert await store.guilds.set_limit(DAY_LIMIT, deed(Action.SET_LIMIT)) == 10
    assert await store.guilds.unblock(MEMBER, deed(Action.UNBLOCK)) is None
    assert await store.guilds.remove_rule(99, deed(Action.REMOVE_RULE)) is None
    assert not await store.guilds.remove_channel(1, deed(Action.REMOVE_CHANNEL))
    assert not await store.guilds.remove_model(AllowedModel(role_id=1, model="m"), deed(Action.REMOVE_MODEL))
    assert (
        await store.guilds.clear_limit(
            Limit(scope=Scope.MEMBER, measure=Measure.COOLDOWN, amount=0), deed(Action.CLEAR_LIMIT)
        )
        is None
    )
    assert await store.guilds.clear_schedule(deed(Action.CLEAR_SCHEDULE)) is None
    assert [line.action for line in await lines(store)] == ["set_limit"]


async def test_limits_are_set_and_cleared_with_the_amount_before(store: Store) -> None:
    more = Limit(scope=Scope.GUILD, measure=Measure.GENERATIONS, amount=20, window=Window.DAY)
    mine = Limit(scope=Scope.MEMBER, measure=Measure.CONCURRENT, amount=3, scope_id=MEMBER)
    assert await store.guilds.set_limit(DAY_LIMIT, deed(Action.SET_LIMIT)) is None
    assert await store.guilds.set_limit(more, deed(Action.SET_LIMIT)) == 10
    assert await store.guilds.set_limit(mine, deed(Action.SET_LIMIT)) is None
    assert set(await store.guilds.limits(GUILD)) == {more, mine}
    assert await store.guilds.clear_limit(DAY_LIMIT, deed(Action.CLEAR_LIMIT)) == 20
    assert await store.guilds.limits(GUILD) == [mine]
    assert await store.guilds.limits(OTHER) == []
    assert await changes(store) == [
        ("set_limit", None, "guild generations/day: 10"),
        ("set_limit", "guild generations/day: 10", "guild generations/day: 20"),
        ("set_limit", None, "member concurrent: 3"),
        ("clear_limit", "guild generations/day: 20", None),
    ]
    assert [line.member_id for line in await lines(store)] == [None, None, MEMBER, None]


async def test_a_role_s_limit_is_a_line_about_the_role(store: Store) -> None:
    limit = Limit(scope=Scope.ROLE, measure=Measure.COOLDOWN, amount=30, scope_id=6_001)
    await store.guilds.set_limit(limit, deed(Action.SET_LIMIT))
    (line,) = await lines(store)
    assert line.subject == "role:6001"
    assert line.member_id is None


async def test_a_block_holds_until_its_end_and_is_known_to_the_rules(store: Store) -> None:
    block = Block(user_id=MEMBER, blocked_at=NOW, until=NOW + HOUR, why="spam")
    assert await store.guilds.block(block, deed(Action.BLOCK, why="spam")) is None
    assert (await store.guilds.rules(GUILD, MEMBER, NOW)).block == block
    assert await store.guilds.blocked(GUILD, NOW) == [block]
    assert (await store.guilds.rules(GUILD, MEMBER, NOW + HOUR)).block is None
    assert await store.guilds.blocked(GUILD, NOW + HOUR) == []
    assert (await store.guilds.rules(OTHER, MEMBER, NOW)).block is None
    assert (await store.guilds.rules(GUILD, MODERATOR, NOW)).block is None


async def test_a_later_block_takes_the_place_of_the_former(store: Store) -> None:
    first = Block(user_id=MEMBER, blocked_at=NOW, until=NOW + HOUR)
    second = Block(user_id=MEMBER, blocked_at=NOW, why="again \0")
    await store.guilds.block(first, deed(Action.BLOCK))
    assert await store.guilds.block(second, deed(Action.BLOCK)) == first
    (held,) = await store.guilds.blocked(GUILD, NOW)
    assert (held.until, held.why) == (None, "again ")
    assert await store.guilds.unblock(MEMBER, deed(Action.UNBLOCK)) == held
    assert await store.guilds.blocked(GUILD, NOW) == []
    assert await changes(store) == [
        ("block", None, "until 2026-03-04T13:00:00+00:00"),
        ("block", "until 2026-03-04T13:00:00+00:00", "without end: again "),
        ("unblock", "without end: again ", None),
    ]
    assert {line.member_id for line in await lines(store)} == {MEMBER}


async def test_a_block_that_is_over_can_t_be_ended_any_more(store: Store) -> None:
    await store.guilds.block(Block(user_id=MEMBER, blocked_at=NOW, until=NOW), deed(Action.BLOCK))
    assert await store.guilds.unblock(MEMBER, deed(Action.UNBLOCK)) is None


async def test_word_rules_of_the_guild_count_and_others_don_t(store: Store) -> None:
    own = await store.guilds.add_rule(RuleKind.WORD, "cabbage", deed(Action.ADD_RULE))
    others = await store.guilds.add_rule(RuleKind.WORD, "cabbage", deed(Action.ADD_RULE, OTHER))
    assert own
    assert others
    assert await store.guilds.add_rule(RuleKind.WORD, "cabbage", deed(Action.ADD_RULE)) is None
    assert await store.guilds.word_rules(GUILD) == (WordRule(own.id, RuleKind.WORD, "cabbage"),)
    assert (await store.guilds.rules(GUILD, MEMBER, NOW)).word_rules == (own,)
    assert (await store.guilds.rules(None, MEMBER, NOW)).word_rules == ()
    assert await store.guilds.remove_rule(others.id, deed(Action.REMOVE_RULE)) is None
    assert await store.guilds.word_rules(OTHER) == (others,)
    assert await store.guilds.remove_rule(own.id, deed(Action.REMOVE_RULE)) == own
    assert await changes(store) == [("add_rule", None, "word: cabbage"), ("remove_rule", "word: cabbage", None)]


async def test_channels_and_models_are_lists_of_their_guild(store: Store) -> None:
    everyone, role = AllowedModel(role_id=GUILD, model="a"), AllowedModel(role_id=6_001, model="b")
    assert await store.guilds.allow_channel(8_002, deed(Action.ALLOW_CHANNEL))
    assert not await store.guilds.allow_channel(8_002, deed(Action.ALLOW_CHANNEL))
    assert await store.guilds.allow_model(role, deed(Action.ALLOW_MODEL))
    assert await store.guilds.allow_model(everyone, deed(Action.ALLOW_MODEL))
    assert not await store.guilds.allow_model(everyone, deed(Action.ALLOW_MODEL))
    rules = await store.guilds.rules(GUILD, MEMBER, NOW)
    assert (rules.channels, rules.models) == (frozenset({8_002}), frozenset({everyone, role}))
    assert rules.models_of({6_001}) == frozenset({"a", "b"})
    assert (await store.guilds.channels(GUILD), await store.guilds.models(GUILD)) == ([8_002], [role, everyone])
    assert not await store.guilds.remove_channel(8_002, deed(Action.REMOVE_CHANNEL, OTHER))
    assert not await store.guilds.remove_model(role, deed(Action.REMOVE_MODEL, OTHER))
    assert await store.guilds.remove_channel(8_002, deed(Action.REMOVE_CHANNEL))
    assert await store.guilds.remove_model(role, deed(Action.REMOVE_MODEL))
    assert [(line.action, line.subject, line.before, line.after) for line in await lines(store)] == [
        ("allow_channel", "channel:8002", None, "allowed"),
        ("allow_model", "role:6001", None, "b"),
        ("allow_model", f"role:{GUILD}", None, "a"),
        ("remove_channel", "channel:8002", "allowed", None),
        ("remove_model", "role:6001", "b", None),
    ]


async def test_a_schedule_is_set_changed_and_cleared(store: Store) -> None:
    weekly = Schedule(guild_id=GUILD, channel_id=8_003, every=Window.WEEK, set_at=NOW)
    daily = Schedule(guild_id=GUILD, channel_id=8_003, every=Window.DAY, set_at=NOW + HOUR)
    assert await store.guilds.set_schedule(weekly, deed(Action.SET_SCHEDULE)) is None
    assert await store.guilds.set_schedule(daily, deed(Action.SET_SCHEDULE)) == weekly
    assert await store.guilds.schedule(GUILD) == daily
    assert await store.guilds.all_schedules() == [daily]
    assert await store.guilds.clear_schedule(deed(Action.CLEAR_SCHEDULE, OTHER)) is None
    assert await store.guilds.clear_schedule(deed(Action.CLEAR_SCHEDULE)) == daily
    assert await store.guilds.all_schedules() == []
    assert (await changes(store))[1] == ("set_schedule", "every week to channel 8003", "every day to channel 8003")


async def test_a_pause_of_the_bot_counts_everywhere_and_that_of_a_guild_there(store: Store) -> None:
    await store.guilds.change_settings({"paused_at": NOW}, deed(Action.PAUSE, BOT))
    await store.guilds.change_settings({"paused_at": NOW + HOUR}, deed(Action.PAUSE))
    found = await store.guilds.rules(GUILD, MEMBER, NOW)
    assert (found.bot_paused_at, found.settings.paused_at) == (NOW, NOW + HOUR)
    other, direct = await store.guilds.rules(OTHER, MEMBER, NOW), await store.guilds.rules(None, MEMBER, NOW)
    assert (other.bot_paused_at, other.settings.paused_at) == (NOW, None)
    assert (direct.bot_paused_at, direct.settings.paused_at) == (NOW, None)


async def test_a_wish_to_cancel_is_noted_with_its_line_once(store: Store) -> None:
    running = await claimed(store)
    found = await store.guilds.cancel(running.id, deed(Action.CANCEL, why="too loud"))
    assert (found.state, found.cancel_requested) == (State.RUNNING, Reason.BY_MODERATOR)
    await store.guilds.cancel(running.id, deed(Action.CANCEL))
    (line,) = await lines(store)
    assert (line.generation_id, line.before, line.after) == (running.id, "running", "cancel requested")
    assert line.why == "too loud"
    assert line.member_id == running.origin.requester_id
    with pytest.raises(Rejection) as rejected:
        await store.guilds.cancel("nothing", deed(Action.CANCEL))
    assert rejected.value.problem == GenerationUnknown("nothing")


async def test_a_moderator_s_wish_is_noted_after_the_requester_s_own_which_stays(store: Store) -> None:
    running = await claimed(store)
    await store.generations.request_cancel(running.id, Reason.BY_REQUESTER, NOW)
    found = await store.guilds.cancel(running.id, deed(Action.CANCEL, why="too loud"))
    assert found.cancel_requested is Reason.BY_REQUESTER
    (line,) = await lines(store)
    assert (line.before, line.after) == ("cancel requested by its requester", "cancel requested")
    assert (line.generation_id, line.why) == (running.id, "too loud")


async def test_of_what_has_ended_no_wish_to_cancel_is_noted(store: Store) -> None:
    running = await claimed(store)
    await store.generations.save(await ended(store, running, State.FAILED))
    assert (await store.guilds.cancel(running.id, deed(Action.CANCEL))).state is State.FAILED
    assert await lines(store) == []


async def test_the_log_is_filtered_and_goes_on_where_it_ended(store: Store) -> None:
    await store.guilds.block(Block(user_id=MEMBER, blocked_at=NOW), deed(Action.BLOCK))
    later = Deed(at=NOW + HOUR, action=Action.PAUSE, guild_id=GUILD, actor_id=5_002)
    await store.guilds.change_settings({"paused_at": NOW}, later)
    await store.guilds.change_settings({"paused_at": NOW}, deed(Action.PAUSE, OTHER))

    async def actions(**wanted: object) -> list[str]:
        found = await store.guilds.log(GUILD, LogFilter(**wanted), 10)  # type: ignore[arg-type]
        return [line.action for line in found]

    assert await actions() == ["pause", "block"]
    assert await actions(actor_id=5_002) == ["pause"]
    assert await actions(actor_id=1) == []
    assert await actions(action="block") == ["block"]
    assert await actions(member_id=MEMBER) == ["block"]
    assert await actions(member_id=5_002) == []
    assert await actions(since=NOW + HOUR) == ["pause"]
    (latest,) = await store.guilds.log(GUILD, LogFilter(), 1)
    assert await actions(before_id=latest.id) == ["block"]


async def test_a_line_names_its_actor_and_the_bot_has_no_name(store: Store, database: Database) -> None:
    await store.guilds.change_settings({"paused_at": NOW}, deed(Action.PAUSE))
    record = AuditRecord(at=NOW, action="release_unconfirmed", guild_id=GUILD)
    await database.write(lambda connection: audit.add(connection, [record]))
    first, second = await lines(store)
    assert first.actor_id == MODERATOR
    assert first.actor_key == await store.generations.member_key(MODERATOR)
    assert (second.actor_id, second.actor_key) == (None, None)


async def test_the_mirror_begins_with_what_comes_after_its_channel_was_set(store: Store) -> None:
    await store.guilds.change_settings({"paused_at": NOW}, deed(Action.PAUSE))
    assert await store.guilds.mirrors() == []
    await store.guilds.change_settings({"log_channel_id": 8_009}, deed(Action.CHANGE_SETTINGS))
    (mirror,) = await store.guilds.mirrors()
    first, second = await lines(store)
    assert mirror == Mirror(guild_id=GUILD, channel_id=8_009, last_id=first.id, newest_id=second.id)
    assert await store.guilds.records_after(GUILD, mirror.last_id) == [second]
    await store.guilds.set_mirrored(GUILD, second.id)
    await store.guilds.set_mirrored(GUILD, first.id)
    assert [mirror.last_id for mirror in await store.guilds.mirrors()] == [second.id]
    await store.guilds.change_settings({"log_channel_id": 8_010}, deed(Action.CHANGE_SETTINGS))
    assert [mirror.last_id for mirror in await store.guilds.mirrors()] == [second.id]


async def test_a_refused_prompt_is_recorded_without_being_charged(store: Store) -> None:
    refusal = Refusal(at=NOW, guild_id=GUILD, channel_id=8_001, user_id=MEMBER, rule="cabbage", prompt="a \0cabbage")
    await store.guilds.refuse(refusal)
    await store.guilds.refuse(refusal)
    newest, oldest = await store.guilds.refusals(GUILD, 10)
    assert newest.id > oldest.id
    assert (newest.user_id, newest.rule, newest.prompt, newest.at) == (MEMBER, "cabbage", "a cabbage", NOW)
    assert len(await store.guilds.refusals(GUILD, 1)) == 1
    assert await store.guilds.refusals(OTHER, 10) == []
    used = await store.generations.counts()
    assert not any(used.values())


async def test_prompts_of_a_new_member_that_are_refused_at_once_are_all_recorded(store: Store) -> None:
    refusal = Refusal(at=NOW, guild_id=GUILD, channel_id=8_001, user_id=MEMBER, rule="cabbage", prompt="a cabbage")
    await asyncio.gather(*(store.guilds.refuse(refusal) for _ in range(16)))
    refused = await store.guilds.refusals(GUILD, 20)
    assert [one.user_id for one in refused] == [MEMBER] * 16
    assert len({one.member_key for one in refused}) == 1


async def test_of_two_changes_at_once_the_second_one_knows_the_first(store: Store) -> None:
    zones = [f"Etc/GMT+{number}" for number in range(1, 9)]
    await asyncio.gather(
        *(store.guilds.change_settings({"time_zone": zone}, deed(Action.CHANGE_SETTINGS)) for zone in zones)
    )
    found = await changes(store)
    assert [before for _action, before, _after in found] == [None, *(after for _action, _before, after in found[:-1])]


async def test_accepting_goes_on_beside_what_moderators_do(store: Store) -> None:
    await store.guilds.block(Block(user_id=MEMBER, blocked_at=NOW), deed(Action.BLOCK))
    generation = await accepted(store, of=origin(guild=GUILD + 1))
    assert generation.member_key == await store.generations.member_key(MEMBER)
