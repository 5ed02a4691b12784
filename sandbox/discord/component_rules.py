"""What Discord accepts in buttons, select menus and forms."""

from __future__ import annotations

from sandbox.discord.errors import FormErrors, Json

ROW, BUTTON, TEXT_INPUT, LABEL, TEXT = 1, 2, 4, 18, 10
STRING_MENU = 3
MENUS = frozenset({STRING_MENU, 5, 6, 7, 8})
_LINK, _PREMIUM = 5, 6
_MOST_CHOICES = 25
_LONGEST_CHOICE = 100


def check_button(button: Json, path: str, errors: FormErrors) -> None:
    """Note what is wrong with a button."""
    style = button.get("style")
    if style not in range(1, 7):
        errors.add(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6).")
        return
    if button.get("label") is not None:
        errors.check_length(f"{path}.label", button["label"], 0, 80)
    elif style != _PREMIUM and not button.get("emoji"):
        errors.add(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button needs a label or an emoji")
    needed, foreign = ("url", "custom_id") if style == _LINK else ("custom_id", "url")
    if style != _PREMIUM and not button.get(needed):
        errors.required(f"{path}.{needed}")
    if button.get(foreign):
        errors.add(f"{path}.{foreign}", "BUTTON_COMPONENT_INVALID_FIELD", f"No {foreign} for this style")


def check_menu(menu: Json, path: str, errors: FormErrors) -> None:
    """Note what is wrong with a select menu."""
    if not menu.get("custom_id"):
        errors.required(f"{path}.custom_id")
    if menu.get("placeholder") is not None:
        errors.check_length(f"{path}.placeholder", menu["placeholder"], 0, 150)
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if not 0 <= least <= _MOST_CHOICES:
        errors.add(f"{path}.min_values", "NUMBER_TYPE_MAX", f"Must be between 0 and {_MOST_CHOICES}.")
    if not max(1, least) <= most <= _MOST_CHOICES:
        message = f"Must be between {max(1, least)} and {_MOST_CHOICES}."
        errors.add(f"{path}.max_values", "NUMBER_TYPE_MAX", message)
    if menu["type"] == STRING_MENU:
        _check_choices(menu, most, path, errors)
        return
    defaults = menu.get("default_values") or []
    if defaults and not least <= len(defaults) <= most:
        message = f"Must be between {least} and {most} in length."
        errors.add(f"{path}.default_values", "SELECT_COMPONENT_INVALID_DEFAULT_VALUES", message)


def check_form_component(component: Json, path: str, errors: FormErrors) -> None:
    """Note what is wrong with a component at the top of a form: a label, a text, or a row with a field."""
    match component.get("type"):
        case 18:
            errors.check_length(f"{path}.label", component.get("label", ""), 1, 45)
            if component.get("description") is not None:
                errors.check_length(f"{path}.description", component["description"], 0, 100)
            _check_field(component.get("component") or {}, f"{path}.component", errors)
        case 1:
            for number, inner in enumerate(component.get("components") or []):
                _check_field(inner, f"{path}.components.{number}", errors)
        case 10:
            errors.check_length(f"{path}.content", component.get("content", ""), 1, 4000)
        case _:
            errors.add(f"{path}.type", "BASE_TYPE_CHOICES", f"Value must be one of {{{ROW}, {TEXT}, {LABEL}}}.")


def _check_field(field: Json, path: str, errors: FormErrors) -> None:
    if field.get("type") in MENUS:
        check_menu(field, path, errors)
        return
    if field.get("type") != TEXT_INPUT:
        return
    errors.check_length(f"{path}.custom_id", field.get("custom_id", ""), 1, 100)
    if field.get("placeholder") is not None:
        errors.check_length(f"{path}.placeholder", field["placeholder"], 0, 100)
    if field.get("value") is not None:
        errors.check_length(f"{path}.value", field["value"], 0, field.get("max_length") or 4000)


def _check_choices(menu: Json, most: int, path: str, errors: FormErrors) -> None:
    choices = menu.get("options") or []
    if not 1 <= len(choices) <= _MOST_CHOICES:
        errors.add(f"{path}.options", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_MOST_CHOICES} in length.")
    for number, choice in enumerate(choices):
        errors.check_length(f"{path}.options.{number}.label", choice.get("label", ""), 1, _LONGEST_CHOICE)
        errors.check_length(f"{path}.options.{number}.value", choice.get("value", ""), 1, _LONGEST_CHOICE)
    if len({choice.get("value") for choice in choices}) != len(choices):
        message = "The specified option value is already used"
        errors.add(f"{path}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
    if sum(bool(choice.get("default")) for choice in choices) > most:
        message = f"Must be {most} or fewer in length."
        errors.add(f"{path}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", message)
