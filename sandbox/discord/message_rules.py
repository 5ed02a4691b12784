"""What Discord accepts in a message: lengths, counts and the shape of components."""

from __future__ import annotations

from typing import Any

from sandbox.discord import mentions
from sandbox.discord.component_rules import BUTTON, MENUS, ROW, check_button, check_menu
from sandbox.discord.errors import FormErrors, Json
from sandbox.discord.messages import MessageFlag, walk_components

LONGEST_CONTENT = 2000
_MOST_EMBEDS = 10
_LARGEST_EMBEDS = 6000
_MOST_FIELDS = 25
_MOST_ROWS = 5
_MOST_COMPONENTS = 40
_MOST_ATTACHMENTS = 10
_LONGEST_NONCE = 25


def check_body(body: Json, errors: FormErrors) -> None:
    """Note everything that Discord would refuse in the body of a message."""
    if body.get("content") is not None:
        errors.check_length("content", body["content"], 0, LONGEST_CONTENT)
    _check_embeds(body.get("embeds") or [], errors)
    mentions.check(body.get("allowed_mentions"), errors)
    if isinstance(body.get("nonce"), str) and len(body["nonce"]) > _LONGEST_NONCE:
        errors.add("nonce", "NONCE_TYPE_TOO_LONG", f"Must be {_LONGEST_NONCE} or fewer in length.")
    errors.check_count("attachments", body.get("attachments") or [], _MOST_ATTACHMENTS)
    components = body.get("components") or []
    _check_custom_ids(components, errors)
    if MessageFlag.COMPONENTS_V2 in MessageFlag(body.get("flags") or 0):
        _check_v2(body, components, errors)
    else:
        _check_rows(components, errors)


def _check_embeds(embeds: list[Any], errors: FormErrors) -> None:
    errors.check_count("embeds", embeds, _MOST_EMBEDS)
    total = 0
    for index, embed in enumerate(embeds):
        total += _check_embed(embed, f"embeds.{index}", errors)
    if total > _LARGEST_EMBEDS:
        code, message = "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {_LARGEST_EMBEDS}"
        errors.add("embeds", code, message)


def _check_embed(embed: Json, path: str, errors: FormErrors) -> int:
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    texts = {
        "title": (embed.get("title"), 256),
        "description": (embed.get("description"), 4096),
        "footer.text": (footer.get("text"), 2048),
        "author.name": (author.get("name"), 256),
    }
    fields = embed.get("fields") or []
    errors.check_count(f"{path}.fields", fields, _MOST_FIELDS)
    for where, (text, longest) in texts.items():
        if text is not None:
            errors.check_length(f"{path}.{where}", text, 0, longest)
    for number, field in enumerate(fields):
        errors.check_length(f"{path}.fields.{number}.name", field.get("name", ""), 1, 256)
        errors.check_length(f"{path}.fields.{number}.value", field.get("value", ""), 1, 1024)
    total = sum(len(text or "") for text, _ in texts.values())
    return total + sum(len(str(field.get("name", ""))) + len(str(field.get("value", ""))) for field in fields)


def _check_custom_ids(components: list[Json], errors: FormErrors) -> None:
    seen: set[str] = set()
    for component in walk_components(components):
        custom_id = component.get("custom_id")
        if custom_id is None:
            continue
        errors.check_length("components.custom_id", custom_id, 1, 100)
        if custom_id in seen:
            code, message = "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            errors.add("components.custom_id", code, message)
        seen.add(custom_id)


def _check_rows(rows: list[Json], errors: FormErrors) -> None:
    errors.check_count("components", rows, _MOST_ROWS)
    for index, row in enumerate(rows):
        path = f"components.{index}"
        if row.get("type") != ROW:
            errors.add(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1}.")
            continue
        inner = row.get("components") or []
        most = _MOST_ROWS if all(component.get("type") == BUTTON for component in inner) else 1
        if not inner or len(inner) > most:
            message = f"Must be between 1 and {most} in length."
            errors.add(f"{path}.components", "BASE_TYPE_BAD_LENGTH", message)
        for number, component in enumerate(inner):
            if component.get("type") == BUTTON:
                check_button(component, f"{path}.components.{number}", errors)
            elif component.get("type") in MENUS:
                check_menu(component, f"{path}.components.{number}", errors)


def _check_v2(body: Json, components: list[Json], errors: FormErrors) -> None:
    for field in ("content", "embeds"):
        if body.get(field):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            errors.add(field, code, f"The '{field}' field cannot be used with components v2")
    if sum(1 for _ in walk_components(components)) > _MOST_COMPONENTS:
        message = f"Must be {_MOST_COMPONENTS} or fewer in length."
        errors.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
