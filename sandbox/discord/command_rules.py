"""What Discord accepts as an application command.

The limits are those of "Application Commands" in Discord's developer documentation: the pattern of names, the lengths,
25 options and choices, required options first, and 8,000 characters in all.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from sandbox.discord.errors import FormErrors, Json

_SUBCOMMAND, _GROUP = 1, 2
_STRING, _INTEGER, _CHANNEL, _NUMBER = 3, 4, 7, 10
_OPTION_TYPES = frozenset(range(1, 12))
_MOST_OPTIONS = _MOST_CHOICES = 25
_LARGEST = 8000
_LOCALES = frozenset(
    (
        *("bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "hi", "hr", "hu", "id", "it"),
        *("ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW"),
    )
)


def check_command(body: object, path: str, errors: FormErrors) -> None:
    """Note everything that Discord would refuse in one command."""
    if not isinstance(body, dict):
        errors.add(path or "_command", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return
    kind = body.get("type") or 1
    if kind not in {1, 2, 3}:
        errors.add(_at(path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).")
        return
    _check_choice_list(body.get("contexts"), {0, 1, 2}, _at(path, "contexts"), errors)
    _check_choice_list(body.get("integration_types"), {0, 1}, _at(path, "integration_types"), errors)
    if kind != 1:
        errors.check_length(_at(path, "name"), body.get("name", ""), 1, 32)
        if body.get("description") or body.get("options"):
            code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION"
            errors.add(_at(path, "description"), code, "Context menu commands cannot have a description")
        return
    _check_texts(body, path, errors)
    _check_options(body.get("options") or [], path, errors, allowed=_OPTION_TYPES)
    if _characters(body) > _LARGEST:
        code, message = "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({_LARGEST})"
        errors.add(path or "_command", code, message)


def is_command_name(name: object) -> bool:
    """Tell whether this may be the name of a slash command or of an option."""
    if not isinstance(name, str) or not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(_may_stand_in_name(character) for character in name)


def _check_texts(body: Json, path: str, errors: FormErrors) -> None:
    _check_name(body.get("name"), _at(path, "name"), errors)
    errors.check_length(_at(path, "description"), body.get("description", ""), 1, 100)
    for field in ("name", "description"):
        for locale, text in (body.get(f"{field}_localizations") or {}).items():
            where = _at(path, f"{field}_localizations.{locale}")
            if locale not in _LOCALES:
                errors.add(where, "BASE_TYPE_CHOICES", "Unknown locale.")
            elif field == "name":
                _check_name(text, where, errors)
            else:
                errors.check_length(where, text, 1, 100)


def _check_name(name: object, path: str, errors: FormErrors) -> None:
    if name is None:
        errors.required(path)
    elif not is_command_name(name):
        errors.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(options: list[Any], path: str, errors: FormErrors, *, allowed: frozenset[int]) -> None:
    errors.check_count(_at(path, "options"), options, _MOST_OPTIONS)
    names: set[object] = set()
    optional_seen = False
    for index, option in enumerate(options):
        where = _at(path, f"options.{index}")
        if option.get("type") not in allowed:
            errors.add(f"{where}.type", "BASE_TYPE_CHOICES", f"Value must be one of {sorted(allowed)}.")
            continue
        _check_texts(option, where, errors)
        if option.get("name") in names:
            code, message = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists"
            errors.add(f"{where}.name", code, message)
        names.add(option.get("name"))
        if option.get("required") and optional_seen:
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            errors.add(where, code, "Required options must be placed before non-required options")
        optional_seen = optional_seen or not option.get("required")
        _check_one_option(option, where, errors)
    kinds = {option.get("type") in {_SUBCOMMAND, _GROUP} for option in options}
    if len(kinds) > 1:
        code, message = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and other options are mixed"
        errors.add(_at(path, "options"), code, message)


def _check_one_option(option: Json, path: str, errors: FormErrors) -> None:
    kind = option["type"]
    if kind == _GROUP:
        _check_options(option.get("options") or [], path, errors, allowed=frozenset({_SUBCOMMAND}))
        return
    if kind == _SUBCOMMAND:
        _check_options(option.get("options") or [], path, errors, allowed=_OPTION_TYPES - {_SUBCOMMAND, _GROUP})
        return
    choices = option.get("choices") or []
    _check_choices(choices, kind, path, errors)
    if option.get("autocomplete") and (choices or kind not in {_STRING, _INTEGER, _NUMBER}):
        code = "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID"
        errors.add(f"{path}.autocomplete", code, "Autocomplete is not possible with choices or for this type")
    _check_only_for(option, ("min_value", "max_value"), {_INTEGER, _NUMBER}, path, errors)
    _check_only_for(option, ("min_length", "max_length"), {_STRING}, path, errors)
    _check_only_for(option, ("channel_types",), {_CHANNEL}, path, errors)
    if kind == _STRING:
        for field, least in (("min_length", 0), ("max_length", 1)):
            if not least <= option.get(field, least) <= 6000:
                errors.add(f"{path}.{field}", "NUMBER_TYPE_MAX", "Value is out of range.")


def _check_choices(choices: list[Json], kind: int, path: str, errors: FormErrors) -> None:
    errors.check_count(f"{path}.choices", choices, _MOST_CHOICES)
    if choices and kind not in {_STRING, _INTEGER, _NUMBER}:
        errors.add(f"{path}.choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "No choices for this type")
        return
    names: set[object] = set()
    for index, choice in enumerate(choices):
        where = f"{path}.choices.{index}"
        errors.check_length(f"{where}.name", choice.get("name", ""), 1, 100)
        if choice.get("name") in names:
            code = "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS"
            errors.add(f"{where}.name", code, "Option choice name already exists")
        names.add(choice.get("name"))
        check_choice_value(choice.get("value"), kind, f"{where}.value", errors)


def check_choice_value(value: object, kind: int, path: str, errors: FormErrors) -> None:
    """Note a choice's value that does not fit the type of its option."""
    if kind == _STRING:
        errors.check_length(path, value, 1, 100)
    elif isinstance(value, bool) or not isinstance(value, int if kind == _INTEGER else (int, float)):
        errors.add(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not a number of this option's type.")


def _check_only_for(option: Json, fields: tuple[str, ...], kinds: set[int], path: str, errors: FormErrors) -> None:
    for field in fields:
        if option.get(field) is not None and option["type"] not in kinds:
            code = "APPLICATION_COMMAND_OPTIONS_FIELD_INVALID"
            errors.add(f"{path}.{field}", code, "This field is not possible for this type")


def _check_choice_list(values: object, allowed: set[int], path: str, errors: FormErrors) -> None:
    if values is None:
        return
    if not isinstance(values, list) or not values or any(value not in allowed for value in values):
        errors.add(path, "BASE_TYPE_CHOICES", f"Values must be among {sorted(allowed)}.")


def _characters(node: Json) -> int:
    texts = [_longest(node, "name"), _longest(node, "description")]
    if isinstance(node.get("value"), str):
        texts.append(len(node["value"]))
    nested = [*(node.get("options") or []), *(node.get("choices") or [])]
    return sum(texts) + sum(_characters(inner) for inner in nested)


def _longest(node: Json, field: str) -> int:
    localized = (node.get(f"{field}_localizations") or {}).values()
    return max(len(str(text)) for text in (node.get(field) or "", *localized))


def _may_stand_in_name(character: str) -> bool:
    if character in "-_'":
        return True
    if unicodedata.category(character)[0] in "LN":
        return True
    return "\u0900" <= character <= "\u097f" or "\u0e00" <= character <= "\u0e7f"


def _at(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field
