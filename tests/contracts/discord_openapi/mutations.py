"""Bad requests: each a good one with a single change, and a piece of the complaint that it must cause."""

import copy
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.contracts.discord_openapi import good_requests as good
from tests.contracts.discord_openapi.good_requests import GoodRequest

GONE: Final = object()
VIDEO_OPTIONS: Final = (0, "options", 0, "options")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change to a good request, and a piece of the complaint that it must cause."""

    fact: str
    request: GoodRequest
    place: tuple[str | int, ...]
    value: Any
    complaint: str


def option(name: str, **members: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "An option", "required": False, **members}


def text(label: str) -> dict[str, Any]:
    return {"type": 18, "label": label, "component": {"type": 4, "style": 1, "custom_id": label}}


def row(*custom_ids: str) -> dict[str, Any]:
    return {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": c} for c in custom_ids]}


COMMAND_MUTATIONS: Final = (
    Mutation("a_name_in_capitals", good.SYNC, (0, "name"), "Video", "lower case"),
    Mutation("a_name_with_a_space", good.SYNC, (0, "name"), "my video", "not allowed"),
    Mutation("a_name_that_is_too_long", good.SYNC, (0, "name"), "v" * 33, "too long"),
    Mutation("an_option_name_in_capitals", good.SYNC, (*VIDEO_OPTIONS, 1, "name"), "Prompt", "lower case"),
    Mutation("an_option_name_with_a_dot", good.SYNC, (*VIDEO_OPTIONS, 1, "name"), "pro.mpt", "not allowed"),
    Mutation("a_translated_name_in_capitals", good.SYNC, (1, "name_localizations", "de"), "Menge", "lower case"),
    Mutation("a_language_that_discord_lacks", good.SYNC, (1, "name_localizations", "xx"), "x", "unknown language"),
    Mutation("a_bare_language_code", good.SYNC, (1, "description_localizations", "zh"), "x", "unknown language"),
    Mutation("a_missing_description", good.SYNC, (0, "description"), GONE, "description is missing"),
    Mutation("an_empty_description", good.SYNC, (0, "description"), "", "description is missing"),
    Mutation("a_description_that_is_too_long", good.SYNC, (0, "description"), "d" * 101, "too long"),
    Mutation("an_option_without_description", good.SYNC, (*VIDEO_OPTIONS, 1, "description"), GONE, "required"),
    Mutation("a_context_menu_with_description", good.SYNC, (2, "description"), "Shows", "has no description"),
    Mutation(
        "a_required_option_after_an_optional",
        good.SYNC,
        (*VIDEO_OPTIONS, 6, "required"),
        value=True,
        complaint="stands after",
    ),
    Mutation("two_options_of_one_name", good.SYNC, (*VIDEO_OPTIONS, 2, "name"), "prompt", "are named 'prompt'"),
    Mutation("two_commands_of_one_name", good.SYNC, (1, "name"), "video", "are named 'video'"),
    Mutation(
        "a_hundred_and_one_commands",
        good.SYNC,
        (),
        [{"name": f"c{number}", "description": "A command"} for number in range(101)],
        "at most 100",
    ),
    Mutation(
        "a_hundred_and_one_guild_commands",
        good.GUILD_SYNC,
        (),
        [{"name": f"c{number}", "description": "A command"} for number in range(101)],
        "at most 100",
    ),
    Mutation(
        "twenty_six_options", good.SYNC, VIDEO_OPTIONS, [option(f"o{number}") for number in range(26)], "too long"
    ),
    Mutation(
        "twenty_six_choices",
        good.SYNC,
        (*VIDEO_OPTIONS, 5, "choices"),
        [{"name": str(number), "value": str(number)} for number in range(26)],
        "too long",
    ),
    Mutation(
        "a_choice_of_another_type",
        good.SYNC,
        (*VIDEO_OPTIONS, 5, "choices", 0, "value"),
        7,
        "not of type 'string'",
    ),
    Mutation(
        "a_text_choice_for_an_integer",
        good.SYNC,
        (*VIDEO_OPTIONS, 3, "choices"),
        [{"name": "five", "value": "5"}],
        "not of type 'integer'",
    ),
    Mutation(
        "a_choice_value_of_101_characters",
        good.SYNC,
        (*VIDEO_OPTIONS, 5, "choices", 0, "value"),
        "v" * 101,
        "more than 100",
    ),
    Mutation(
        "autocomplete_beside_choices",
        good.SYNC,
        (*VIDEO_OPTIONS, 5, "autocomplete"),
        value=True,
        complaint="beside choices",
    ),
    Mutation("an_option_beside_subcommands", good.SYNC, (0, "options", 1), option("loose"), "beside other options"),
    Mutation("an_unknown_option_type", good.SYNC, (*VIDEO_OPTIONS, 1, "type"), 12, "one of"),
    Mutation("a_misspelt_key_of_a_command", good.SYNC, (0, "nswf"), value=True, complaint="'nswf' was unexpected"),
    Mutation("a_misspelt_key_of_an_option", good.SYNC, (*VIDEO_OPTIONS, 1, "maxlength"), 5, "was unexpected"),
    Mutation(
        "a_command_of_over_8000_characters",
        good.SYNC,
        VIDEO_OPTIONS,
        [option(f"o{n}", choices=[{"name": f"{m:090}", "value": f"{m}"} for m in range(25)]) for n in range(4)],
        "at most 8000",
    ),
    Mutation(
        "translations_that_make_a_command_too_long",
        good.SYNC,
        VIDEO_OPTIONS,
        [
            option(f"o{n}", choices=[{"name": "a", "value": "a", "name_localizations": {"de": "a" * 100}}] * 25)
            for n in range(4)
        ],
        "at most 8000",
    ),
    Mutation("a_changed_name_in_capitals", good.CHANGED_COMMAND, ("name",), "Usage", "lower case"),
    Mutation("a_new_command_without_description", good.NEW_COMMAND, ("description",), None, "description is missing"),
)

MESSAGE_MUTATIONS: Final = (
    Mutation("content_of_2001_characters", good.DELIVERY, ("content",), "x" * 2001, "at most 2000"),
    Mutation("edited_content_of_2001_characters", good.CARD_EDIT, ("content",), "x" * 2001, "at most 2000"),
    Mutation("followup_content_of_2001_characters", good.FOLLOWUP, ("content",), "x" * 2001, "too long"),
    Mutation("an_embed_title_of_257_characters", good.CARD_EDIT, ("embeds", 0, "title"), "x" * 257, "too long"),
    Mutation(
        "embeds_of_6001_characters_together",
        good.CARD_ANSWER,
        ("data", "embeds"),
        [{"description": "x" * 3000}, {"description": "x" * 3000, "footer": {"text": "x"}}],
        "at most 6000",
    ),
    Mutation("eleven_embeds", good.CARD_EDIT, ("embeds",), [good.CARD] * 11, "too long"),
    Mutation(
        "a_field_without_value", good.CARD_EDIT, ("embeds", 0, "fields", 0, "value"), GONE, "'value' is a required"
    ),
    Mutation("a_nonce_of_26_characters", good.DELIVERY, ("nonce",), "n" * 26, "too long"),
    Mutation("a_misspelt_key_of_a_message", good.DELIVERY, ("enforced_nonce",), value=True, complaint="was unexpected"),
    Mutation("a_misspelt_key_of_an_embed", good.CARD_EDIT, ("embeds", 0, "colour"), 1, "'colour' was unexpected"),
    Mutation("a_misspelt_key_of_mentions", good.DELIVERY, ("allowed_mentions", "user"), [11], "was unexpected"),
    Mutation("a_kind_of_mention_that_is_unknown", good.DELIVERY, ("allowed_mentions", "parse"), ["here"], "one of"),
    Mutation(
        "mentions_both_parsed_and_listed", good.DELIVERY, ("allowed_mentions", "parse"), ["users"], "both parses users"
    ),
    Mutation("an_attachment_without_id", good.DELIVERY, ("attachments", 0, "id"), GONE, "'id' is a required"),
    Mutation("a_negative_attachment_index", good.DELIVERY, ("attachments", 0, "id"), -1, "minimum"),
    Mutation("eleven_attachments", good.DELIVERY, ("attachments",), [{"id": n} for n in range(11)], "too long"),
    Mutation(
        "a_link_button_with_custom_id",
        good.DELIVERY,
        ("components", 0, "components", 1, "custom_id"),
        "link",
        "has a custom_id",
    ),
    Mutation("a_link_button_without_url", good.DELIVERY, ("components", 0, "components", 1, "url"), GONE, "its url"),
    Mutation(
        "a_button_without_custom_id",
        good.DELIVERY,
        ("components", 0, "components", 0, "custom_id"),
        GONE,
        "its custom_id",
    ),
    Mutation(
        "a_custom_id_of_101_characters",
        good.DELIVERY,
        ("components", 0, "components", 0, "custom_id"),
        "c" * 101,
        "too long",
    ),
    Mutation(
        "two_components_of_one_custom_id",
        good.CARD_ANSWER,
        ("data", "components", 1, "components", 0, "custom_id"),
        "showreel:cancel:42",
        "share the custom_id",
    ),
    Mutation("six_buttons_in_a_row", good.DELIVERY, ("components",), [row(*"abcdef")], "too long"),
    Mutation("six_rows", good.DELIVERY, ("components",), [row(custom_id) for custom_id in "abcdef"], "at most 5"),
    Mutation(
        "a_select_beside_a_button",
        good.DELIVERY,
        ("components", 1, "components", 1),
        good.CANCEL_BUTTON | {"custom_id": "other"},
        "shares its action row",
    ),
    Mutation("a_button_outside_a_row", good.DELIVERY, ("components",), [good.CANCEL_BUTTON], "one of"),
    Mutation("a_text_display_without_flag", good.LAYOUT, ("flags",), 0, "needs the flag"),
    Mutation("content_beside_components_v2", good.LAYOUT, ("content",), "Hello", "content stands beside"),
    Mutation(
        "forty_one_components_v2",
        good.LAYOUT,
        ("components",),
        [{"type": 17, "components": [{"type": 10, "content": "x"}] * 40}],
        "at most 40",
    ),
    Mutation("a_new_message_without_substance", good.FOLLOWUP, ("content",), " \n", "is empty"),
    Mutation("an_answer_without_data", good.CARD_ANSWER, ("data",), GONE, "is empty"),
    Mutation("an_unknown_kind_of_answer", good.CARD_ANSWER, ("type",), 3, "one of"),
    Mutation(
        "twenty_six_suggestions",
        good.SUGGESTIONS,
        ("data", "choices"),
        [{"name": str(n), "value": str(n)} for n in range(26)],
        "too long",
    ),
    Mutation(
        "suggestions_of_two_types",
        good.SUGGESTIONS,
        ("data", "choices"),
        [{"name": "a", "value": "a"}, {"name": "b", "value": 2}],
        "not of type",
    ),
    Mutation(
        "a_suggestion_of_101_characters", good.SUGGESTIONS, ("data", "choices", 0, "value"), "v" * 101, "more than 100"
    ),
    Mutation("six_modal_rows", good.MODAL, ("data", "components"), [text(n) for n in "abcdef"], "at most 5"),
    Mutation("a_modal_title_of_46_characters", good.MODAL, ("data", "title"), "t" * 46, "too long"),
    Mutation(
        "two_modal_rows_of_one_custom_id", good.MODAL, ("data", "components"), [text("a"), text("a")], "share the"
    ),
)

OTHER_MUTATIONS: Final = (
    Mutation("a_thread_name_of_101_characters", good.THREAD_ON_CARD, ("name",), "n" * 101, "too long"),
    Mutation("a_thread_without_name", good.THREAD_ON_CARD, ("name",), GONE, "'name' is a required"),
    Mutation("an_archive_time_of_an_odd_length", good.THREAD_ON_CARD, ("auto_archive_duration",), 90, "not one of"),
    Mutation("a_thread_of_an_unknown_type", good.THREAD_ALONE, ("type",), 5, "one of"),
    Mutation("a_recipient_that_is_no_id", good.DM_CHANNEL, ("recipient_id",), "fox", "does not match"),
    Mutation("a_misspelt_key_of_a_thread", good.ARCHIVED_THREAD, ("archive",), value=True, complaint="was unexpected"),
)

MUTATIONS: Final = (*COMMAND_MUTATIONS, *MESSAGE_MUTATIONS, *OTHER_MUTATIONS)


def mutated(mutation: Mutation) -> GoodRequest:
    """Return the request with one member changed, added or gone."""
    holder: Any = {"body": copy.deepcopy(mutation.request.body)}
    changed = holder
    *way, last = ("body", *mutation.place)
    for step in way:
        holder = holder[step]
    if mutation.value is GONE:
        del holder[last]
    elif isinstance(holder, list) and last == len(holder):
        holder.append(mutation.value)
    else:
        holder[last] = mutation.value
    return replace(mutation.request, body=changed["body"])
