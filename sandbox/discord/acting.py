"""What a Discord client does for the person in front of it: send commands, ask for suggestions, press buttons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sandbox.discord import choosing, invocation, posting
from sandbox.discord.errors import InvalidCommand, Json
from sandbox.discord.interactions import ACKNOWLEDGE_WITHIN, Interaction, InteractionKind, Result
from sandbox.discord.messages import walk_components

if TYPE_CHECKING:
    from sandbox.discord.channels import Place
    from sandbox.discord.members import Entered, User
    from sandbox.discord.messages import Message
    from sandbox.discord.world import World

_BUTTON = 2


class Acting:
    """Acts for any user of the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self, user: User, entered: Entered, seconds: float) -> Result:
        """Send a slash command and wait for the first answer."""
        place = entered.place or self._world.direct_channel(user)
        called = invocation.find(self._world, user, entered.command, place)
        invocation.Filling(self._world, user, place, called).fill(entered.values)
        facts = {"user": user.name, "command": called.name, "channel": place.id, "options": dict(entered.values)}
        self._world.narrate("command_invoked", **facts)
        interaction = self._world.interactions.open(
            InteractionKind.COMMAND,
            user,
            place,
            called.data(),
            command=called.name,
            guild_command=0 in called.command["integration_types"],
        )
        return await self._answer(interaction, seconds)

    async def autocomplete(self, user: User, entered: Entered, focused: str, seconds: float) -> list[Json]:
        """Send what was typed so far and wait for the suggestions."""
        place = entered.place or self._world.direct_channel(user)
        called = invocation.find(self._world, user, entered.command, place)
        invocation.Filling(self._world, user, place, called).fill_while_typing(entered.values, focused)
        kind = InteractionKind.AUTOCOMPLETE
        interaction = self._world.interactions.open(kind, user, place, called.data(), command=called.name)
        result = await self._answer(interaction, seconds)
        if result.error:
            raise TimeoutError(f"/{called.name}: no suggestions for {focused}")
        return interaction.choices

    async def press(
        self, user: User, message: Message, custom_id: str, values: Sequence[Any] | None, seconds: float
    ) -> Result:
        """Press a button or choose in a select menu, and wait for the first answer."""
        component = _component(message.all_components(), custom_id)
        if component["type"] != _BUTTON and component["type"] not in choosing.SELECTS:
            raise InvalidCommand(f"{custom_id} can neither be pressed nor chosen from")
        if component.get("disabled") or message.deleted:
            raise InvalidCommand(f"{custom_id} cannot be pressed any more")
        data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component.get("id", 1)}
        if component["type"] in choosing.SELECTS:
            data |= choosing.chosen(self._world, user, message.place, component, values or [])
        self._world.narrate("button_pressed", user=user.name, custom_id=custom_id, message=message.id)
        kind = InteractionKind.COMPONENT
        interaction = self._world.interactions.open(kind, user, message.place, data, source=message)
        return await self._answer(interaction, seconds)

    async def submit(self, user: User, opened: Result, values: Mapping[str, Any], seconds: float) -> Result:
        """Fill in the form that an interaction opened, send it, and wait for the first answer."""
        if opened.modal is None:
            raise InvalidCommand("no form is open")
        before = opened.interaction
        components: list[Json] = opened.modal.get("components", [])
        for custom_id in values:
            _component(walk_components(components), custom_id)
        data = {
            "custom_id": opened.modal["custom_id"],
            "components": [choosing.filled(component, values) for component in components],
        }
        kind = InteractionKind.MODAL
        interaction = self._world.interactions.open(
            kind, user, before.place, data, command=before.command, source=before.source
        )
        return await self._answer(interaction, seconds)

    def send(self, user: User, place: Place, content: str) -> Message:
        """Write a plain message as a member does."""
        return posting.post(self._world, place, user, posting.Draft(content=content))

    async def _answer(self, interaction: Interaction, seconds: float) -> Result:
        clock = self._world.clock

        def is_over() -> bool:
            too_late = clock.now() - interaction.created_at > ACKNOWLEDGE_WITHIN
            return too_late or interaction.acknowledged_at is not None

        with suppress(TimeoutError):
            await self._world.pulse.wait_for(is_over, seconds)
        return Result(interaction)


def _component(components: Iterable[Json], custom_id: str) -> Json:
    found = next((one for one in components if one.get("custom_id") == custom_id), None)
    if found is None:
        raise InvalidCommand(f"there is nothing called {custom_id} to use")
    return found
