"""Later answers to an interaction, through its token."""

from __future__ import annotations

from sandbox.discord import message_payloads, posting
from sandbox.discord.errors import refusal
from sandbox.discord.interactions import Interaction
from sandbox.discord.messages import Message
from sandbox.discord.routes.interactions import origin_of
from sandbox.discord.wire import NO_CONTENT, Call, Endpoint, Reply

_BASE = "/webhooks/{webhook_id}/{webhook_token}"


def follow_up(call: Call) -> Reply:
    """Add a message; while the first answer still says "thinking", it becomes that one instead."""
    interaction = _interaction(call)
    original = interaction.message
    if original is not None and original.loading:
        return _edited(call, interaction, original)
    body = {**call.json(), "nonce": None}
    draft = posting.read_draft(body, call.parts, message_payloads.upload_limit(interaction))
    origin = origin_of(interaction)
    message = posting.post(call.world, interaction.place, call.world.bot, draft, origin=origin)
    interaction.followups.append(message)
    return Reply(message_payloads.of_message(call.world, message))


def get_message(call: Call) -> Reply:
    """Answer with the first answer or a later one."""
    return Reply(message_payloads.of_message(call.world, _message(call, _interaction(call))))


def edit_message(call: Call) -> Reply:
    """Edit the first answer or a later one."""
    interaction = _interaction(call)
    return _edited(call, interaction, _message(call, interaction))


def delete_message(call: Call) -> Reply:
    """Delete the first answer or a later one."""
    message = _message(call, _interaction(call))
    message.delete()
    return NO_CONTENT


def _interaction(call: Call) -> Interaction:
    interaction = call.world.interactions.by_token(call.path["webhook_token"])
    if call.id("webhook_id") != call.world.application_id:
        raise refusal(10015)
    return interaction


def _message(call: Call, interaction: Interaction) -> Message:
    candidates = [message for message in (interaction.message, *interaction.followups) if message is not None]
    if "message_id" in call.path:
        wanted = call.id("message_id")
        candidates = [message for message in candidates if message.id == wanted]
    if not candidates or candidates[0].deleted:
        raise refusal(10008)
    return candidates[0]


def _edited(call: Call, interaction: Interaction, message: Message) -> Reply:
    posting.edit(call.world, message, call.json(), call.parts, message_payloads.upload_limit(interaction))
    return Reply(message_payloads.of_message(call.world, message))


ENDPOINTS = (
    Endpoint("POST", _BASE, follow_up, needs_token=False),
    *(
        Endpoint(method, _BASE + tail, handler, needs_token=False)
        for tail in ("/messages/@original", "/messages/{message_id}")
        for method, handler in (("GET", get_message), ("PATCH", edit_message), ("DELETE", delete_message))
    ),
)
