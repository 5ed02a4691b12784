"""Answers to calls to Discord that are none of Discord's: a page, or half of one, though all seems to be well.

discord.py hands such a text on in place of the JSON, which trips it wherever a value is read from it first; an empty
one even passes for an empty list, such as that of the messages which stand in a place.
"""

import json
from types import SimpleNamespace

import aiohttp

GARBLED = (json.JSONDecodeError, UnicodeDecodeError)
"""What discord.py raises where an answer is called JSON and is none."""

NO_CONTENT = 204


async def require_json(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, answer: aiohttp.TraceRequestEndParams
) -> None:
    """Make a success that is no JSON a failed call, from within it; raises aiohttp.ContentTypeError.

    Nobody knows then whether Discord has done what was asked. Refusals are told apart where they are met, by status.
    """
    response = answer.response
    if not 200 <= response.status < 300 or response.status == NO_CONTENT:
        return
    found = response.headers.get("Content-Type")
    if found != "application/json":  # exactly so, as discord.py takes nothing else for JSON
        raise aiohttp.ContentTypeError(
            response.request_info, response.history, status=response.status, message=f"not JSON: {found}"
        )
