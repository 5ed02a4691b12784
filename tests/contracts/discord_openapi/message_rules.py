"""What Discord's documentation asks of messages, modals and their components beyond its OpenAPI description.

Sources: the pages "Message" (resources/message), "Component Reference" (components/reference) and "Receiving and
Responding" (interactions/receiving-and-responding). The bodies have passed the schema before they come here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

LONGEST_CONTENT: Final = 2000
LONGEST_EMBEDS: Final = 6000
MOST_COMPONENTS: Final = 40
MOST_ROWS: Final = 5
COMPONENTS_V2: Final = 1 << 15

_ACTION_ROW: Final = 1
_BUTTON: Final = 2
_LINK: Final = 5
_PREMIUM: Final = 6
_SUBSTANCE: Final = (
    "content",
    "embeds",
    "sticker_ids",
    "components",
    "attachments",
    "poll",
    "message_reference",
    "shared_client_theme",
)

Body = Mapping[str, Any]
Rule = Callable[[Body], Iterator[str]]


def new_message_violations(message: Body) -> Iterator[str]:
    """Yield what is wrong with a message that is sent for the first time."""
    for rule in (*_MESSAGE_RULES, _empty_message, _loose_components):
        yield from rule(message)


def edit_violations(message: Body) -> Iterator[str]:
    """Yield what is wrong with the changes to a message."""
    for rule in _MESSAGE_RULES:
        yield from rule(message)


def modal_violations(modal: Body) -> Iterator[str]:
    """Yield what is wrong with a modal."""
    for rule in (_too_many_modal_rows, _repeated_custom_ids):
        yield from rule(modal)


def _too_long_content(message: Body) -> Iterator[str]:
    """A message's content has up to 2,000 characters; the schema says 4,000, which is for members with Nitro."""
    length = len(message.get("content") or "")
    if length > LONGEST_CONTENT:
        yield f"the content has {length} characters, at most {LONGEST_CONTENT} are allowed"


def _too_long_embeds(message: Body) -> Iterator[str]:
    """All embeds of a message have at most 6,000 characters together, outer white space of each text not counted.

    Titles, descriptions, names and values of fields, footers and names of authors count.
    """
    length = sum(len(text.strip()) for embed in message.get("embeds") or () for text in _embed_texts(embed))
    if length > LONGEST_EMBEDS:
        yield f"the embeds have {length} characters together, at most {LONGEST_EMBEDS} are allowed"


def _ambiguous_mentions(message: Body) -> Iterator[str]:
    """A kind of mention in allowed_mentions.parse excludes the list of ids of that kind, unless the list is empty."""
    allowed = message.get("allowed_mentions") or {}
    for kind in ("users", "roles"):
        if kind in (allowed.get("parse") or ()) and allowed.get(kind):
            yield f"allowed_mentions both parses {kind} and lists some"


def _repeated_custom_ids(message: Body) -> Iterator[str]:
    """Components of one message must not share a custom_id."""
    for custom_id, count in Counter(c["custom_id"] for c in _components(message) if c.get("custom_id")).items():
        if count > 1:
            yield f"{count} components share the custom_id {custom_id!r}"


def _misfit_buttons(message: Body) -> Iterator[str]:
    """A button's style decides what it must and must not have.

    A link has a url and no custom_id; a premium button a sku_id alone; the others a custom_id, no url and no sku_id.
    """
    for button in _components(message):
        if button["type"] != _BUTTON:
            continue
        needed, barred = {
            _LINK: ("url", {"custom_id", "sku_id"}),
            _PREMIUM: ("sku_id", {"custom_id", "label", "url", "emoji"}),
        }.get(button["style"], ("custom_id", {"url", "sku_id"}))
        if not button.get(needed):
            yield f"a button of style {button['style']} lacks its {needed}"
        for member in sorted(member for member in barred if button.get(member)):
            yield f"a button of style {button['style']} has a {member}"


def _crowded_rows(message: Body) -> Iterator[str]:
    """An action row holds up to five buttons or a single select."""
    for row in _components(message):
        if row["type"] != _ACTION_ROW or len(row["components"]) == 1:
            continue
        if any(component["type"] != _BUTTON for component in row["components"]):
            yield "a select shares its action row"


def _unusable_beside_components_v2(message: Body) -> Iterator[str]:
    """With the flag for components v2, content, embeds, poll and stickers are barred; 40 components are the limit."""
    if not (message.get("flags") or 0) & COMPONENTS_V2:
        return
    for member in ("content", "embeds", "poll", "sticker_ids"):
        if message.get(member):
            yield f"{member} stands beside the flag for components v2"
    count = sum(1 for _ in _components(message))
    if count > MOST_COMPONENTS:
        yield f"{count} components, at most {MOST_COMPONENTS} are allowed"


def _empty_message(message: Body) -> Iterator[str]:
    """A new message needs at least one of content, embeds, stickers, components, files or a poll."""
    substance = {member: message.get(member) for member in _SUBSTANCE}
    substance["content"] = (message.get("content") or "").strip()
    if not any(substance.values()):
        yield "the message is empty"


def _loose_components(message: Body) -> Iterator[str]:
    """Without the flag for components v2, the outermost components are at most five action rows."""
    components = message.get("components") or ()
    if (message.get("flags") or 0) & COMPONENTS_V2:
        return
    if any(component["type"] != _ACTION_ROW for component in components):
        yield "a component outside an action row needs the flag for components v2"
    if len(components) > MOST_ROWS:
        yield f"{len(components)} action rows, at most {MOST_ROWS} are allowed"


def _too_many_modal_rows(modal: Body) -> Iterator[str]:
    """A modal has between one and five components; the schema says 40."""
    if len(modal["components"]) > MOST_ROWS:
        yield f"the modal has {len(modal['components'])} rows, at most {MOST_ROWS} are allowed"


_MESSAGE_RULES: Final[Sequence[Rule]] = (
    _too_long_content,
    _too_long_embeds,
    _ambiguous_mentions,
    _repeated_custom_ids,
    _misfit_buttons,
    _crowded_rows,
    _unusable_beside_components_v2,
)


def _components(holder: Body) -> Iterator[Body]:
    """Yield every component, however deep, in a message, a modal or another component."""
    children = [*(holder.get("components") or ()), holder.get("component"), holder.get("accessory")]
    for child in children:
        if child is not None:
            yield child
            yield from _components(child)


def _embed_texts(embed: Body) -> Iterator[str]:
    yield embed.get("title") or ""
    yield embed.get("description") or ""
    yield (embed.get("footer") or {}).get("text") or ""
    yield (embed.get("author") or {}).get("name") or ""
    for field in embed.get("fields") or ():
        yield field["name"]
        yield field["value"]
