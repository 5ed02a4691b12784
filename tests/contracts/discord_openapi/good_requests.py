"""Requests as discord.py 2.7.1 sends them, written down from its http.py, webhook/async_.py and interactions.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRequest:
    """A request that Discord takes; the attributes are those of a recorded one."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


PROMPT: Final = {
    "type": 3,
    "name": "prompt",
    "description": "What the video shows",
    "required": True,
    "min_length": 1,
    "max_length": 2000,
}
MODEL: Final = {
    "type": 3,
    "name": "model",
    "description": "Which model makes it",
    "required": False,
    "autocomplete": True,
}
DURATION: Final = {
    "type": 4,
    "name": "duration",
    "description": "Length in seconds",
    "required": False,
    "min_value": 1,
    "max_value": 60,
}
CFG_SCALE: Final = {
    "type": 10,
    "name": "cfg_scale",
    "description": "How closely the prompt is followed",
    "required": False,
    "min_value": 0.0,
    "max_value": 1.0,
}
ROLE: Final = {
    "type": 3,
    "name": "role",
    "description": "What the references are",
    "required": False,
    "choices": [{"name": "asset", "value": "asset"}, {"name": "style", "value": "style"}],
}
VIDEO_COMMAND: Final = {
    "name": "video",
    "description": "Make a video",
    "type": 1,
    "options": [
        {
            "name": "image",
            "description": "Make a video from an image",
            "type": 1,
            "options": [
                {"type": 11, "name": "image", "description": "The first frame", "required": True},
                PROMPT,
                MODEL,
                DURATION,
                CFG_SCALE,
                ROLE,
                {"type": 5, "name": "sound", "description": "With sound", "required": False},
            ],
        },
    ],
    "nsfw": False,
    "dm_permission": True,
    "default_member_permissions": None,
    "contexts": None,
    "integration_types": None,
}
USAGE_COMMAND: Final = {
    "name": "usage",
    "name_localizations": {"de": "verbrauch", "zh-TW": "用量", "ko": "사용량", "hi": "उपयोग", "th": "การใช้งาน"},
    "description": "What was used and what is left",
    "description_localizations": {"de": "Was verbraucht wurde und was bleibt"},
    "type": 1,
    "options": [
        {"type": 6, "name": "member", "description": "Whose", "required": False},
        {"type": 7, "name": "channel", "description": "Where", "required": False, "channel_types": [0, 5]},
    ],
    "nsfw": False,
    "dm_permission": False,
    "default_member_permissions": 32,
    "contexts": [0],
    "integration_types": [0],
}
CONTEXT_MENU: Final = {
    "name": "Show Generation",
    "type": 3,
    "dm_permission": True,
    "contexts": None,
    "integration_types": None,
    "default_member_permissions": None,
    "nsfw": False,
}
CANCEL_BUTTON: Final = {
    "type": 2,
    "style": 4,
    "disabled": False,
    "label": "Cancel",
    "custom_id": "showreel:cancel:42",
    "emoji": {"id": None, "name": "✋"},
}
LINK_BUTTON: Final = {"type": 2, "style": 5, "disabled": False, "label": "Open", "url": "https://example.org/42"}
MODEL_SELECT: Final = {
    "type": 3,
    "custom_id": "showreel:model:42",
    "min_values": 1,
    "max_values": 1,
    "disabled": False,
    "required": True,
    "options": [{"label": "Veo", "value": "veo3.1-fast", "default": False}],
}
CARD_COMPONENTS: Final = [
    {"type": 1, "components": [CANCEL_BUTTON, LINK_BUTTON]},
    {"type": 1, "components": [MODEL_SELECT]},
]
CARD: Final = {
    "footer": {"text": "Generation 42"},
    "fields": [{"inline": True, "name": "Model", "value": "veo3.1-fast"}],
    "flags": 0,
    "color": 5793266,
    "timestamp": "2026-01-01T00:00:00+00:00",
    "type": "rich",
    "description": "A fox in the snow",
    "title": "Your video is being made",
}
NOBODY: Final[Mapping[str, Any]] = {"parse": []}

SYNC: Final = GoodRequest(
    method="PUT", path="/applications/7/commands", body=[VIDEO_COMMAND, USAGE_COMMAND, CONTEXT_MENU]
)
GUILD_SYNC: Final = GoodRequest(method="PUT", path="/applications/7/guilds/8/commands", body=[VIDEO_COMMAND])
NEW_COMMAND: Final = GoodRequest(method="POST", path="/applications/7/commands", body=USAGE_COMMAND)
CHANGED_COMMAND: Final = GoodRequest(
    method="PATCH", path="/applications/7/commands/9", body={"name": "usage", "description": "What is left"}
)
CARD_ANSWER: Final = GoodRequest(
    method="POST",
    path="/interactions/5/aW50ZXJhY3Rpb24/callback",
    body={
        "type": 4,
        "data": {
            "tts": False,
            "embeds": [CARD],
            "components": CARD_COMPONENTS,
            "flags": 64,
            "allowed_mentions": NOBODY,
        },
    },
    query={"with_response": "1"},
)
DEFERRED_ANSWER: Final = GoodRequest(
    method="POST",
    path="/interactions/5/aW50ZXJhY3Rpb24/callback",
    body={"type": 5, "data": {"flags": 64}},
    query={"with_response": "1"},
)
CHANGED_ANSWER: Final = GoodRequest(
    method="POST",
    path="/interactions/5/aW50ZXJhY3Rpb24/callback",
    body={"type": 7, "data": {"tts": False, "content": None, "components": []}},
    query={"with_response": "1"},
)
SUGGESTIONS: Final = GoodRequest(
    method="POST",
    path="/interactions/5/aW50ZXJhY3Rpb24/callback",
    body={"type": 8, "data": {"choices": [{"name": "Veo 3.1 fast", "value": "veo3.1-fast"}]}},
    query={"with_response": "1"},
)
MODAL: Final = GoodRequest(
    method="POST",
    path="/interactions/5/aW50ZXJhY3Rpb24/callback",
    body={
        "type": 9,
        "data": {
            "custom_id": "showreel:again:42",
            "title": "Again, with changes",
            "components": [
                {
                    "type": 18,
                    "label": "Prompt",
                    "component": {
                        "type": 4,
                        "style": 2,
                        "label": None,
                        "custom_id": "prompt",
                        "required": True,
                        "value": "A fox in the snow",
                        "max_length": 2000,
                    },
                },
                {
                    "type": 18,
                    "label": "Image",
                    "component": {
                        "type": 19,
                        "custom_id": "image",
                        "min_values": None,
                        "max_values": None,
                        "required": True,
                    },
                },
            ],
        },
    },
    query={"with_response": "1"},
)
DELIVERY: Final = GoodRequest(
    method="POST",
    path="/channels/10/messages",
    body={
        "content": "<@11> your video is here",
        "components": CARD_COMPONENTS,
        "nonce": "showreel-42",
        "enforce_nonce": True,
        "tts": False,
        "flags": 4,
        "allowed_mentions": {"users": [11], "parse": []},
        "message_reference": {
            "type": 0,
            "message_id": 12,
            "channel_id": 10,
            "guild_id": 8,
            "fail_if_not_exists": False,
        },
        "attachments": [
            {"id": 0, "filename": "video.mp4", "description": "A fox in the snow"},
            {"id": 1, "filename": "poster.png"},
        ],
    },
)
LAYOUT: Final = GoodRequest(
    method="POST",
    path="/channels/10/messages",
    body={
        "components": [
            {
                "type": 17,
                "accent_color": None,
                "spoiler": False,
                "components": [
                    {"type": 10, "content": "# Done"},
                    {
                        "type": 9,
                        "components": [{"type": 10, "content": "A fox in the snow"}],
                        "accessory": {"type": 2, "style": 2, "disabled": False, "label": "Again", "custom_id": "again"},
                    },
                ],
            },
            {"type": 12, "items": [{"media": {"url": "attachment://poster.png"}, "spoiler": False}]},
        ],
        "tts": False,
        "flags": 32768,
        "attachments": [{"id": 0, "filename": "poster.png"}],
    },
)
CARD_EDIT: Final = GoodRequest(
    method="PATCH",
    path="/channels/10/messages/12",
    body={
        "content": None,
        "embeds": [CARD],
        "components": CARD_COMPONENTS,
        "tts": False,
        "allowed_mentions": NOBODY,
        "attachments": [
            {
                "filename": "input.png",
                "id": 13,
                "proxy_url": "https://media.example.org/input.png",
                "size": 3,
                "url": "https://cdn.example.org/input.png",
                "spoiler": False,
                "content_type": "image/png",
                "height": 512,
                "width": 512,
            },
        ],
    },
)
ORIGINAL_EDIT: Final = GoodRequest(
    method="PATCH",
    path="/webhooks/7/aW50ZXJhY3Rpb24/messages/@original",
    body={"embeds": [CARD], "components": CARD_COMPONENTS, "tts": False, "allowed_mentions": NOBODY},
    query={"with_components": "0"},
)
FOLLOWUP: Final = GoodRequest(
    method="POST",
    path="/webhooks/7/aW50ZXJhY3Rpb24",
    body={"content": "Something went wrong, reference 3f2a", "tts": False, "flags": 64, "allowed_mentions": NOBODY},
    query={"wait": "1", "with_components": "0"},
)
THREAD_ON_CARD: Final = GoodRequest(
    method="POST",
    path="/channels/10/messages/12/threads",
    body={"name": "A fox in the snow", "auto_archive_duration": 1440, "rate_limit_per_user": None},
)
THREAD_ALONE: Final = GoodRequest(
    method="POST",
    path="/channels/10/threads",
    body={
        "name": "A fox in the snow",
        "auto_archive_duration": 60,
        "type": 11,
        "invitable": True,
        "rate_limit_per_user": None,
    },
)
ARCHIVED_THREAD: Final = GoodRequest(method="PATCH", path="/channels/10", body={"archived": True, "locked": False})
DM_CHANNEL: Final = GoodRequest(method="POST", path="/users/@me/channels", body={"recipient_id": 11})

WITHOUT_BODY: Final = (
    GoodRequest(method="GET", path="/users/@me"),
    GoodRequest(method="GET", path="/oauth2/applications/@me"),
    GoodRequest(method="GET", path="/gateway/bot"),
    GoodRequest(method="GET", path="/guilds/8", query={"with_counts": "0"}),
    GoodRequest(method="GET", path="/applications/7/commands"),
    GoodRequest(method="GET", path="/channels/10"),
    GoodRequest(method="GET", path="/channels/10/messages", query={"limit": "50", "after": "12"}),
    GoodRequest(method="GET", path="/channels/10/messages/12"),
    GoodRequest(method="DELETE", path="/channels/10/messages/12"),
    GoodRequest(method="GET", path="/webhooks/7/aW50ZXJhY3Rpb24/messages/@original"),
    GoodRequest(method="DELETE", path="/webhooks/7/aW50ZXJhY3Rpb24/messages/@original"),
)
WITH_BODY: Final = (
    SYNC,
    GUILD_SYNC,
    NEW_COMMAND,
    CHANGED_COMMAND,
    CARD_ANSWER,
    DEFERRED_ANSWER,
    CHANGED_ANSWER,
    SUGGESTIONS,
    MODAL,
    DELIVERY,
    LAYOUT,
    CARD_EDIT,
    ORIGINAL_EDIT,
    FOLLOWUP,
    THREAD_ON_CARD,
    THREAD_ALONE,
    ARCHIVED_THREAD,
    DM_CHANNEL,
)
