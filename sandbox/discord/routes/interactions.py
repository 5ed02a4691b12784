"""The first answer to an interaction."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.discord import message_payloads, posting
from sandbox.discord.command_rules import check_choice_value
from sandbox.discord.component_rules import check_form_component
from sandbox.discord.errors import FormErrors, Json, invalid
from sandbox.discord.interactions import AnswerKind, Interaction, InteractionKind
from sandbox.discord.messages import Message, MessageFlag, MessageKind, Origin
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply

_MOST_CHOICES = 25
_MOST_MODAL_COMPONENTS = 5

_POSSIBLE = {
    InteractionKind.COMMAND: {AnswerKind.MESSAGE, AnswerKind.DEFERRED_MESSAGE, AnswerKind.MODAL},
    InteractionKind.AUTOCOMPLETE: {AnswerKind.CHOICES},
    InteractionKind.COMPONENT: set(AnswerKind) - {AnswerKind.CHOICES},
    InteractionKind.MODAL: set(AnswerKind) - {AnswerKind.CHOICES, AnswerKind.MODAL},
}


def answer(call: Call) -> Reply:
    """Take the first answer; a late one is 10062, a second one 40060."""
    interaction = call.world.interactions.to_answer(call.id("interaction_id"), call.path["interaction_token"])
    body = call.json()
    kind = _kind(body, interaction)
    _TAKE[kind](call, interaction, body.get("data") or {})
    call.world.interactions.acknowledge(interaction, kind)
    call.world.pulse.beat()
    call.world.narrate("interaction_answered", command=interaction.command, answer=kind.name.lower())
    if call.query.get("with_response", "0").lower() not in {"1", "true"}:
        return NO_CONTENT
    return Reply(_callback_response(call, interaction, kind))


def origin_of(interaction: Interaction) -> Origin:
    """Return what a message says about the interaction that it answers."""
    return Origin(interaction.id, int(interaction.kind), interaction.command, interaction.user.id)


def _kind(body: Json, interaction: Interaction) -> AnswerKind:
    try:
        kind = AnswerKind(body.get("type", 0))
    except ValueError:
        raise invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5, 6, 7, 8, 9}.") from None
    possible = _POSSIBLE[interaction.kind]
    if interaction.source is None:
        possible = possible - {AnswerKind.DEFERRED_UPDATE, AnswerKind.UPDATE}
    if kind not in possible:
        message = "This answer is not possible for this kind of interaction."
        raise invalid("type", "INTERACTION_APPLICATION_COMMAND_INVALID_RESPONSE", message)
    return kind


def _take_message(call: Call, interaction: Interaction, data: Json) -> None:
    draft = posting.read_draft({**data, "nonce": None}, call.parts, message_payloads.upload_limit(interaction))
    interaction.message = _write(call, interaction, draft)


def _take_deferral(call: Call, interaction: Interaction, data: Json) -> None:
    private = MessageFlag(data.get("flags") or 0) & MessageFlag.EPHEMERAL
    interaction.message = _write(call, interaction, posting.Draft(flags=private | MessageFlag.LOADING))


def _take_deferred_update(_call: Call, interaction: Interaction, _data: Json) -> None:
    interaction.message = interaction.source


def _take_update(call: Call, interaction: Interaction, data: Json) -> None:
    interaction.message = interaction.source
    if interaction.source is not None:
        limit = message_payloads.upload_limit(interaction)
        posting.edit(call.world, interaction.source, data, call.parts, limit)


def _take_choices(_call: Call, interaction: Interaction, data: Json) -> None:
    choices: list[Json] = data.get("choices") or []
    focused = _focused(interaction.data["options"])
    errors = FormErrors()
    errors.check_count("data.choices", choices, _MOST_CHOICES)
    for index, choice in enumerate(choices):
        errors.check_length(f"data.choices.{index}.name", choice.get("name", ""), 1, 100)
        check_choice_value(choice.get("value"), focused["type"], f"data.choices.{index}.value", errors)
    errors.raise_if_any()
    interaction.choices = [{"name": choice["name"], "value": choice["value"]} for choice in choices]


def _take_modal(_call: Call, interaction: Interaction, data: Json) -> None:
    errors = FormErrors()
    errors.check_length("data.custom_id", data.get("custom_id", ""), 1, 100)
    errors.check_length("data.title", data.get("title", ""), 1, 45)
    components = data.get("components") or []
    if not 1 <= len(components) <= _MOST_MODAL_COMPONENTS:
        message = f"Must be between 1 and {_MOST_MODAL_COMPONENTS} in length."
        errors.add("data.components", "BASE_TYPE_BAD_LENGTH", message)
    for index, component in enumerate(components):
        check_form_component(component, f"data.components.{index}", errors)
    errors.raise_if_any()
    interaction.modal = data


_TAKE: dict[AnswerKind, Callable[[Call, Interaction, Json], None]] = {
    AnswerKind.MESSAGE: _take_message,
    AnswerKind.DEFERRED_MESSAGE: _take_deferral,
    AnswerKind.DEFERRED_UPDATE: _take_deferred_update,
    AnswerKind.UPDATE: _take_update,
    AnswerKind.CHOICES: _take_choices,
    AnswerKind.MODAL: _take_modal,
}


def _write(call: Call, interaction: Interaction, draft: posting.Draft) -> Message:
    is_command = interaction.kind is InteractionKind.COMMAND
    return posting.post(
        call.world,
        interaction.place,
        call.world.bot,
        draft,
        kind=MessageKind.CHAT_INPUT_COMMAND if is_command else MessageKind.DEFAULT,
        origin=origin_of(interaction),
    )


def _focused(options: list[Json]) -> Json:
    for option in options:
        if option.get("focused"):
            return option
        if "options" in option:
            return _focused(option["options"])
    raise LookupError("an autocomplete interaction has a focused option")


def _callback_response(call: Call, interaction: Interaction, kind: AnswerKind) -> Json:
    described: Json = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "channel_id": str(interaction.place.id),
    }
    if interaction.place.guild is not None:
        described["guild_id"] = str(interaction.place.guild.id)
    message = interaction.message
    if message is None:
        return {"interaction": described}
    described["response_message_id"] = str(message.id)
    described["response_message_loading"] = message.loading
    described["response_message_ephemeral"] = message.ephemeral
    if kind not in {AnswerKind.MESSAGE, AnswerKind.UPDATE}:
        return {"interaction": described}
    resource = {"type": int(kind), "message": message_payloads.of_message(call.world, message)}
    return {"interaction": described, "resource": resource}


ENDPOINTS = (
    Endpoint("POST", "/interactions/{interaction_id}/{interaction_token}/callback", answer, needs_token=False),
)
