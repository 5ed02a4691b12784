"""A moderator in the scene, and what she is told."""

from typing import Any

import discord
from simcord.actors import MemberActor
from simcord.builders import RoleHandle
from simcord.results import InteractionResult

from bot.domain.moderating import LogFilter, LogLine
from tests.cogs.conftest import Scene
from tests.contracts.discord_openapi.check import violations


def moderator(scene: Scene, name: str = "mia") -> MemberActor:
    """Somebody who may manage the server."""
    role = scene.guild.create_role("managers", permissions=discord.Permissions(manage_guild=True))
    return scene.guild.add_member(scene.env.create_user(name), roles=[role])


def text_of(result: InteractionResult) -> str:
    """What a private answer says, in a sentence or in an embed, checked against Discord's bounds."""
    assert result.ephemeral
    message = result.followups[-1] if result.deferred and result.followups else result.response
    assert message is not None
    embeds = [embed.to_dict() for embed in message.embeds]
    assert violations("POST", "/channels/1/messages", {"content": message.content, "embeds": embeds}) == []
    told = [message.content]
    for embed in message.embeds:
        told += [embed.title or "", embed.description or "", *(field.value or "" for field in embed.fields)]
        told.append(embed.footer.text or "")
    return "\n".join(part for part in told if part)


async def said(scene: Scene, who: MemberActor, command: str, /, **options: Any) -> str:
    """What somebody is told privately who runs a command."""
    return text_of(await who.slash(scene.channel, command, **options))


async def suggested(
    scene: Scene, who: MemberActor, command: str, option: str, current: str = "", /, **filled: Any
) -> dict[str, Any]:
    """The values that are suggested while somebody types, by what is shown for them."""
    choices = await who.autocomplete(scene.channel, command, option, current, **filled)
    assert len(choices) <= 25
    assert all(len(choice["name"]) <= 100 for choice in choices)
    return {choice["name"]: choice["value"] for choice in choices}


async def let_use_mod(scene: Scene, role: RoleHandle) -> None:
    """Let those with a role use /mod, as under Server Settings > Integrations."""
    (command,) = [one for one in await scene.stage.bot.tree.fetch_commands() if one.name == "mod"]
    scene.guild.set_command_permissions(command, {role: True})


async def audit(scene: Scene) -> list[LogLine]:
    """The audit of the guild, newest first."""
    return await scene.stage.store.guilds.log(scene.guild.id, LogFilter(), 100)
