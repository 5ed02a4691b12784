"""What Discord's documentation asks of application commands beyond its OpenAPI description.

Source of all rules, unless one says otherwise: the page "Application Commands" (interactions/application-commands).
The bodies have passed the schema before they come here, so lengths, types and counts of single members are settled.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.contracts.discord_openapi.specification import known_locales

COMMAND_KINDS: Final = {1: "slash", 2: "user", 3: "message", 4: "entry point"}
MOST_COMMANDS: Final = {1: 100, 2: 15, 3: 15, 4: 1}
LONGEST_COMMAND: Final = 8000
LONGEST_CHOICE_VALUE: Final = 100

_CHAT_INPUT: Final = 1
_SUBCOMMANDS: Final = {1, 2}
_CONTEXT_MENUS: Final = {2, 3}
_NAME_MARKS: Final = "-_'"
_EXTRA_SCRIPTS: Final = ("DEVANAGARI ", "THAI ")

# A command, or an option of one: both have a name, a description and options.
Node = Mapping[str, Any]


def commands_violations(commands: Sequence[Node]) -> Iterator[str]:
    """Yield what is wrong with a whole set of commands, as a bulk overwrite sends it."""
    yield from _too_many_commands(commands)
    yield from _repeated_commands(commands)
    for command in commands:
        yield from command_violations(command)


def command_violations(command: Node) -> Iterator[str]:
    """Yield what is wrong with one command, each with the place as a member would type it."""
    if _type_of(command) in _CONTEXT_MENUS:
        yield from _context_menu_with_description(command)
    if _type_of(command) == _CHAT_INPUT:
        yield from _too_long_command(command)
        for place, node in _nodes(command, "/"):
            for rule in _NODE_RULES:
                yield from (f"{place}: {problem}" for problem in rule(node))


def suggestions_violations(suggestions: Node) -> Iterator[str]:
    """Yield what is wrong with the choices that answer an autocomplete."""
    answered = {"choices": [choice for choice in suggestions.get("choices") or () if choice is not None]}
    for rule in (_unknown_locales, _too_long_choice_values):
        yield from rule(answered)


def _too_many_commands(commands: Iterable[Node]) -> Iterator[str]:
    """An app may have 100 slash, 15 user and 15 message commands globally, as many per guild (schema: 130 in all)."""
    for kind, count in Counter(_type_of(command) for command in commands).items():
        if count > MOST_COMMANDS[kind]:
            yield f"{count} {COMMAND_KINDS[kind]} commands, at most {MOST_COMMANDS[kind]} are allowed"


def _repeated_commands(commands: Iterable[Node]) -> Iterator[str]:
    """Command names are unique per app, per type and within each scope."""
    for (kind, name), count in Counter((_type_of(command), command["name"]) for command in commands).items():
        if count > 1:
            yield f"{count} {COMMAND_KINDS[kind]} commands are named {name!r}"


def _context_menu_with_description(command: Node) -> Iterator[str]:
    """The description of user and message commands is an empty string."""
    if command.get("description"):
        yield f"{command['name']}: a {COMMAND_KINDS[_type_of(command)]} command has no description"


def _too_long_command(command: Node) -> Iterator[str]:
    """Names, descriptions and values of a command, its options and choices have at most 8,000 characters.

    Of a localised text the longest counts. Source: page "API Reference", error APPLICATION_COMMAND_TOO_LARGE.
    """
    length = sum(map(_node_length, (node for _, node in _nodes(command, "/"))))
    if length > LONGEST_COMMAND:
        yield f"/{command['name']}: {length} characters, at most {LONGEST_COMMAND} are allowed"


def _malformed_names(node: Node) -> Iterator[str]:
    r"""A name of a slash command or option must match a pattern and be in lower case where its letters have one.

    The pattern is ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$, with the Unicode flag, for localised names too.
    """
    for name in _texts(node, "name"):
        if any(not _may_stand_in_a_name(character) for character in name):
            yield f"the name {name!r} has a character that is not allowed"
        if name != name.lower():
            yield f"the name {name!r} is not in lower case"


def _missing_description(node: Node) -> Iterator[str]:
    """Slash commands need a description of 1-100 characters; the schema asks for one in options only."""
    if not (node.get("description") or "").strip():
        yield "the description is missing"


def _required_after_optional(node: Node) -> Iterator[str]:
    """Required options must be listed before optional ones."""
    optional = None
    for option in _options(node):
        if not option.get("required"):
            optional = optional or option["name"]
        elif optional is not None:
            yield f"the required option {option['name']!r} stands after the optional {optional!r}"


def _repeated_options(node: Node) -> Iterator[str]:
    """An option's name must be unique within its array of options."""
    for name, count in Counter(option["name"] for option in _options(node)).items():
        if count > 1:
            yield f"{count} options are named {name!r}"


def _mixed_options(node: Node) -> Iterator[str]:
    """A command with subcommands cannot be used itself, so it has no options beside them (section on subcommands)."""
    if len({option["type"] in _SUBCOMMANDS for option in _options(node)}) > 1:
        yield "subcommands stand beside other options"


def _unknown_locales(node: Node) -> Iterator[str]:
    """The keys of localisations are the languages of the page "API Reference", section "Locales"."""
    for holder in (node, *_choices(node)):
        for member in ("name_localizations", "description_localizations"):
            for language in sorted(set(holder.get(member) or ()) - known_locales()):
                yield f"{member} has the unknown language {language!r}"


def _autocomplete_with_choices(node: Node) -> Iterator[str]:
    """The autocomplete member may not be true where choices are present."""
    if node.get("autocomplete") and _choices(node):
        yield "autocomplete stands beside choices"


def _too_long_choice_values(node: Node) -> Iterator[str]:
    """A choice's value has up to 100 characters if it is a string; the schema says 6,000."""
    for choice in _choices(node):
        if len(str(choice["value"])) > LONGEST_CHOICE_VALUE:
            yield f"the value of the choice {choice['name']!r} has more than {LONGEST_CHOICE_VALUE} characters"


_NODE_RULES: Final[Sequence[Callable[[Node], Iterator[str]]]] = (
    _malformed_names,
    _missing_description,
    _required_after_optional,
    _repeated_options,
    _mixed_options,
    _unknown_locales,
    _autocomplete_with_choices,
    _too_long_choice_values,
)


def _type_of(command: Node) -> int:
    return command.get("type") or _CHAT_INPUT


def _options(node: Node) -> Sequence[Node]:
    return node.get("options") or ()


def _choices(node: Node) -> Sequence[Node]:
    return node.get("choices") or ()


def _nodes(node: Node, before: str) -> Iterator[tuple[str, Node]]:
    place = f"{before}{node['name']}"
    yield place, node
    for option in _options(node):
        yield from _nodes(option, f"{place} ")


def _texts(node: Node, member: str) -> list[str]:
    localised = (node.get(f"{member}_localizations") or {}).values()
    return [node.get(member) or "", *localised]


def _node_length(node: Node) -> int:
    own = sum(max(map(len, _texts(node, member))) for member in ("name", "description"))
    return own + sum(max(map(len, _texts(choice, "name"))) + len(str(choice["value"])) for choice in _choices(node))


def _may_stand_in_a_name(character: str) -> bool:
    return (
        character in _NAME_MARKS
        or unicodedata.category(character)[0] in "LN"
        or unicodedata.name(character, "").startswith(_EXTRA_SCRIPTS)
    )
