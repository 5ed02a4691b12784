"""The checker itself: what discord.py sends passes, and what Discord would refuse is caught."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.discord_openapi import good_requests as good
from tests.contracts.discord_openapi.check import BASE_PATH, rest_violations, violations
from tests.contracts.discord_openapi.cut import EXCERPT, OPERATIONS, cut
from tests.contracts.discord_openapi.good_requests import GoodRequest
from tests.contracts.discord_openapi.mutations import MUTATIONS, Mutation, mutated, option


def found_in(request: GoodRequest) -> list[str]:
    return violations(request.method, request.path, request.body, request.query)


@pytest.mark.parametrize("request_", [*good.WITH_BODY, *good.WITHOUT_BODY], ids=lambda r: f"{r.method}_{r.path}")
def test_what_discord_py_sends_passes(request_: GoodRequest) -> None:
    assert found_in(request_) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.fact)
def test_is_caught(mutation: Mutation) -> None:
    found = found_in(mutated(mutation))
    assert any(mutation.complaint in violation for violation in found), found


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.fact)
def test_one_mistake_makes_few_complaints(mutation: Mutation) -> None:
    assert len(found_in(mutated(mutation))) <= 2


def test_a_complaint_says_where() -> None:
    body = {"content": "x", "embeds": [{"title": "x", "fields": [{"name": "x", "value": "y" * 1025}]}]}
    assert [v.partition(":")[0] for v in violations("POST", "/channels/1/messages", body)] == [
        "$.embeds[0].fields[0].value"
    ]


def test_a_complaint_about_a_command_names_it_as_a_member_would() -> None:
    command = {"name": "video", "description": "x", "options": [option("Loud")]}
    (complaint,) = violations("POST", "/applications/7/commands", command)
    assert complaint.startswith("/video Loud: ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/channels/10/messages/12/crosspost"),
        ("DELETE", "/channels/10"),
        ("GET", "/channels/general/messages"),
        ("POST", "/api/v10/channels/10/messages"),
        ("POST", "/channels/10/messages/"),
    ],
)
def test_an_unknown_operation_is_a_violation(method: str, path: str) -> None:
    assert violations(method, path, {"content": "x"}) == [
        "the bot's excerpt of the specification has no such operation"
    ]


@pytest.mark.parametrize(
    ("query", "is_good"),
    [
        ({"limit": "100"}, True),
        ({"limit": "101"}, False),
        ({"limit": "many"}, False),
        ({"after": "fox"}, False),
        ({"since": "12"}, False),
    ],
)
def test_query_parameters_are_checked(query: dict[str, str], *, is_good: bool) -> None:
    assert (violations("GET", "/channels/10/messages", None, query) == []) is is_good


def test_a_missing_body_is_a_violation() -> None:
    assert violations("POST", "/channels/10/messages", None) == ["$: this operation needs a body"]


def test_a_body_where_none_belongs_is_a_violation() -> None:
    assert violations("GET", "/users/@me", {"a": 1}) == ["$: this operation takes no body"]


def test_method_and_path_stand_before_the_violations_of_recorded_requests() -> None:
    recorded = replace(good.DM_CHANNEL, path=f"{BASE_PATH}{good.DM_CHANNEL.path}", body={"recipient": 11})
    (violation,) = rest_violations([good.DELIVERY, recorded])
    assert violation.startswith("POST /api/v10/users/@me/channels: $: ")
    assert "'recipient' was unexpected" in violation


def test_refused_requests_are_passed_over_only_on_demand() -> None:
    refused = replace(good.DM_CHANNEL, body={"recipient": 11}, status=400)
    assert len(rest_violations([refused])) == 1
    assert rest_violations([refused], skip_refused=True) == []


def test_the_excerpt_has_exactly_the_operations_of_the_cutter() -> None:
    excerpt = json.loads(EXCERPT.read_text(encoding="utf-8"))
    assert cut(excerpt) == excerpt
    assert excerpt["paths"].keys() == OPERATIONS.keys()


def test_every_reference_of_the_excerpt_leads_somewhere() -> None:
    excerpt = json.loads(EXCERPT.read_text(encoding="utf-8"))
    schemas = excerpt["components"]["schemas"]
    assert {reference.rpartition("/")[2] for reference in references(excerpt)} <= schemas.keys()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            yield from references(member)


def test_cutting_drops_prose_but_keeps_a_property_called_description() -> None:
    excerpt = json.loads(EXCERPT.read_text(encoding="utf-8"))
    schemas = excerpt["components"]["schemas"]
    schemas["RichEmbed"]["description"] = "Prose"
    schemas["RichEmbed"]["properties"]["description"]["description"] = "Prose"
    schemas["Unneeded"] = {"type": "string"}
    recut = cut(excerpt)["components"]["schemas"]
    assert "description" not in recut["RichEmbed"]
    assert recut["RichEmbed"]["properties"]["description"] == {"type": ["string", "null"], "maxLength": 4096}
    assert "Unneeded" not in recut


def test_the_excerpt_stays_small() -> None:
    assert EXCERPT.stat().st_size < 250_000
