"""The open /setup: a moderator before it, and what is stored."""

from typing import Any

import pytest

from bot.chat.setup_controls import Control, Page, control_id
from bot.domain.guild import GuildSettings
from bot.domain.limits import Limit
from bot.work.actors import Actor
from bot.work.moderation import Moderation
from sandbox.discord import Permission, Result
from sandbox.discord.members import Member
from sandbox.discord.messages import Message
from tests.chat.stage import PER_DAY, Stage, now
from tests.chat.town import Town


class Desk:
    """A moderator before the open setup, and what is stored."""

    def __init__(self, stage: Stage, town: Town, mia: Member, message: Message) -> None:
        self.stage = stage
        self.town = town
        self.mia = mia
        self.message = message
        self.moderation = Moderation(
            store=stage.store.guilds, catalog=lambda: stage.feed.catalog, defaults=(PER_DAY,), clock=now
        )
        self.actor = Actor(user_id=mia.id, guild_id=town.guild.id, is_moderator=True)

    @property
    def text(self) -> str:
        """All that the view says."""
        (embed,) = self.message.embeds
        fields = [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
        return "\n".join([embed["title"], embed["description"], *fields])

    def control(self, custom_id: str) -> dict[str, Any]:
        """A control as it is shown."""
        return next(one for one in self.message.all_components() if one.get("custom_id") == custom_id)

    async def turn(self, page: Page) -> None:
        await self.mia.press(self.message, control_id(Control.GO), values=[page.value])

    async def choose(self, control: Control, *values: Any) -> Result:
        return await self.mia.press(self.message, control_id(control), values=list(values))

    async def write(self, control: Control, **fields: str) -> Result:
        opened = await self.mia.press(self.message, control_id(control))
        return await self.mia.submit(opened, {name.replace("_", "-"): text for name, text in fields.items()})

    async def settings(self) -> GuildSettings:
        return await self.moderation.settings(self.actor)

    async def limits(self) -> list[Limit]:
        return [limit for limit in await self.moderation.show_limits(self.actor) if not limit.is_default]


@pytest.fixture
async def desk(connected: Stage, town: Town) -> Desk:
    role = town.guild.add_role("managers", Permission.MANAGE_GUILD)
    mia = town.guild.add_member("mia", roles=[role])
    result = await mia.run("setup", channel=town.channel)
    assert result.ephemeral
    assert result.message is not None
    return Desk(connected, town, mia, result.message)
