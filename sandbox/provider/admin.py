"""The routes under /sandbox/ with which a person or another process looks in and directs."""

import json
from typing import Any

from aiohttp import web

from sandbox.provider.answers import Era
from sandbox.provider.conduct import Conduct
from sandbox.provider.errors import invalid, refuse
from sandbox.provider.journal import Journal
from sandbox.provider.script import Outcome, Script
from sandbox.provider.studio import Studio

LONGEST_TEXT = 200
"""Characters shown of any text, so that data URLs do not fill the page."""


class Admin:
    """Answers without any key: it is meant for loopback."""

    def __init__(self, conduct: Conduct, journal: Journal, script: Script, studio: Studio) -> None:
        self._conduct = conduct
        self._journal = journal
        self._script = script
        self._studio = studio

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/sandbox/help", self._help),
            web.get("/sandbox/submissions", self._submissions),
            web.get("/sandbox/tasks", self._tasks),
            web.post("/sandbox/plan", self._plan),
            web.put("/sandbox/era", self._era),
            web.put("/sandbox/pace", self._pace),
        ]

    async def _help(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "outcomes": {outcome.value: outcome.sentence for outcome in Outcome},
                "ask": "Write [word] into a prompt, or POST /sandbox/plan.",
                "eras": [era.value for era in Era],
                "era": self._conduct.era.value,
                "pace": self._conduct.pace,
            }
        )

    async def _submissions(self, _request: web.Request) -> web.Response:
        data = [
            {
                "at": entry.at,
                "status": entry.status,
                "task_id": entry.task_id,
                "headers": {name: text for name, text in entry.headers.items() if name.lower() != "authorization"},
                "body": _shortened(entry.body),
            }
            for entry in self._journal.submissions
        ]
        return web.json_response({"data": data})

    async def _tasks(self, _request: web.Request) -> web.Response:
        data = [
            {
                "id": task.id,
                "status": task.status.value,
                "model": task.order.model.id,
                "operation": task.operation.value,
                "prompt": task.order.prompt,
                "outcome": task.outcome.value,
                "error": task.error,
                "polls": task.polls,
                "inputs": {name: [len(content) for content in contents] for name, contents in task.inputs.items()},
                "videos": [f"{self._conduct.origin}/files/{task.id}/{number}.mp4" for number in range(len(task.clips))],
            }
            for task in self._studio.tasks.values()
        ]
        return web.json_response({"data": data})

    async def _plan(self, request: web.Request) -> web.Response:
        body = await _object(request)
        times = body.get("times", 1)
        words = [outcome.value for outcome in Outcome]
        if body.get("outcome") not in words:
            refuse(invalid([("outcome", f"Must be one of {', '.join(words)}")]))
        if not isinstance(times, int) or not 0 < times <= 10_000:
            refuse(invalid([("times", "Must be from 1 to 10000")]))
        self._script.plan(Outcome(body["outcome"]), times)
        return web.json_response({"outcome": body["outcome"], "times": times})

    async def _era(self, request: web.Request) -> web.Response:
        body = await _object(request)
        words = [era.value for era in Era]
        if body.get("era") not in words:
            refuse(invalid([("era", f"Must be one of {', '.join(words)}")]))
        self._conduct.era = Era(body["era"])
        return web.json_response({"era": self._conduct.era.value})

    async def _pace(self, request: web.Request) -> web.Response:
        pace = (await _object(request)).get("pace")
        if not isinstance(pace, int | float) or isinstance(pace, bool) or not 0 <= pace <= 1000:
            refuse(invalid([("pace", "Must be a number from 0 to 1000")]))
        self._conduct.pace = float(pace)
        return web.json_response({"pace": self._conduct.pace})


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        refuse(invalid([("body", "Must be a JSON object")]))
    return body


def _shortened(value: Any) -> Any:
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"{value[:LONGEST_TEXT]}... ({len(value)} characters)"
        case list():
            return [_shortened(entry) for entry in value]
        case dict():
            return {name: _shortened(entry) for name, entry in value.items()}
        case _:
            return value
