"""What moderators set: whom a block, a channel list and a model list concern."""

from datetime import UTC, datetime, timedelta

from bot.domain.guild import AllowedModel, Block, GuildRules, GuildSettings

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GUILD = GuildSettings(guild_id=5)


def test_a_block_without_an_end_is_never_over() -> None:
    assert not Block(user_id=1, blocked_at=NOW).is_over(NOW + timedelta(days=9999))
    assert Block(user_id=1, blocked_at=NOW, until=NOW).is_over(NOW)


def test_without_a_list_of_channels_everywhere_is_fine() -> None:
    assert GuildRules(settings=GUILD).are_here({3})


def test_a_channel_below_a_listed_category_is_fine() -> None:
    rules = GuildRules(settings=GUILD, channels=frozenset({30}))
    assert rules.are_here({3, 30})
    assert not rules.are_here({4})


def test_without_a_list_all_models_may_be_used() -> None:
    assert GuildRules(settings=GUILD).models_of({1}) is None


def test_with_a_list_a_member_may_use_what_everyone_and_their_roles_may() -> None:
    models = frozenset({AllowedModel(role_id=5, model="a"), AllowedModel(role_id=1, model="b")})
    rules = GuildRules(settings=GUILD, models=models)
    assert rules.models_of({1, 2}) == frozenset({"a", "b"})
    assert rules.models_of({2}) == frozenset({"a"})


def test_a_list_for_other_roles_alone_leaves_a_member_none() -> None:
    rules = GuildRules(settings=GUILD, models=frozenset({AllowedModel(role_id=1, model="b")}))
    assert rules.models_of({2}) == frozenset()
