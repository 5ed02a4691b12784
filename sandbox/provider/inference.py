"""The routes that create, poll and cancel."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.provider import answers, errors
from sandbox.provider.answers import Era
from sandbox.provider.conduct import Conduct
from sandbox.provider.errors import Answer, Cut, Refusal, refuse
from sandbox.provider.journal import Journal, Submission
from sandbox.provider.offer import DEFAULT_MODEL
from sandbox.provider.orders import read_order
from sandbox.provider.script import Moment, Outcome, Script
from sandbox.provider.studio import Studio, Tell
from sandbox.provider.tasks import Status, Task

PATIENCE = 60.0
"""Seconds that an answer is withheld at most."""


class Inference:
    """Answers the calls that need a key."""

    def __init__(self, conduct: Conduct, journal: Journal, script: Script, studio: Studio, tell: Tell) -> None:
        self._conduct = conduct
        self._journal = journal
        self._script = script
        self._studio = studio
        self._tell = tell

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.post("/v1/videos/generations", self._create),
            web.get("/v1/videos/generations/{id}", self._poll),
            web.get("/v1/tasks/{id}", self._poll_canonical),
            web.delete("/v1/tasks/{id}", self._cancel),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        submission = self._journal.submission(request)
        try:
            response = await self._created(request, submission)
            submission.status = response.status
        except Refusal as refusal:
            submission.status = refusal.answer.status
            raise
        finally:
            facts = {name: submission.body.get(name) for name in ("model", "operation", "prompt")}
            self._tell("submission", {"task_id": submission.task_id, "status": submission.status} | facts)
        return response

    async def _created(self, request: web.Request, submission: Submission) -> web.Response:
        self._conduct.demand_key(request)
        submission.body = await _body_of(request)
        outcome = self._script.next_outcome(str(submission.body.get("prompt", "")))
        if not outcome.accepts:
            return await self._turned_away(outcome, request, submission.body)
        order = read_order(submission.body, self._studio.is_finished)
        era = self._conduct.era
        task = self._studio.accept(order, submission.body, outcome, era, self._conduct.pace)
        submission.task_id = task.id
        if outcome is Outcome.CUT:
            raise Cut
        if era is Era.CREATE_COMPLETED:
            await self._studio.wait(task)
        answer = answers.created(task, era, self._conduct.origin, self._conduct.foreign_origin)
        headers = answers.headers(task, era) if outcome.moment is Moment.TASK else {}
        return web.json_response(answer, headers=headers)

    async def _turned_away(self, outcome: Outcome, request: web.Request, body: dict[str, Any]) -> web.Response:
        if outcome is Outcome.TIMEOUT:
            await self._hold(request)
        answer = _REFUSALS.get(outcome)
        if answer is None:
            raise Cut
        return answer(str(body.get("model", DEFAULT_MODEL))).response()

    async def _hold(self, request: web.Request) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while (  # noqa: ASYNC110 - a client's leaving shows only in the transport
            loop.time() < until and request.transport is not None and not self._conduct.closing.is_set()
        ):
            await asyncio.sleep(0.02)

    async def _poll_canonical(self, request: web.Request) -> web.Response:
        self._demand_task_routes()
        return await self._poll(request)

    async def _poll(self, request: web.Request) -> web.Response:
        task_id = request.match_info["id"]
        self._journal.poll(task_id)
        task = self._found(request, task_id)
        if task.outcome is Outcome.LOST:
            refuse(errors.unknown_task())
        task.polls += 1
        if task.outcome is Outcome.POLL_FLAKY and task.polls <= len(_FLAWS):
            flaw = _FLAWS[task.polls - 1]
            if flaw is None:
                raise Cut
            return flaw().response()
        return self._state_of(task)

    async def _cancel(self, request: web.Request) -> web.Response:
        self._demand_task_routes()
        task = self._found(request, request.match_info["id"])
        if not task.order.model.is_cancellable:
            refuse(errors.unsupported_cancel())
        if task.status is not Status.PENDING:
            refuse(errors.uncancellable())
        self._studio.cancel(task)
        return self._state_of(task)

    def _state_of(self, task: Task) -> web.Response:
        era = self._conduct.era
        answer = answers.polled(task, era, self._conduct.origin, asyncio.get_running_loop().time())
        return web.json_response(answer, headers=answers.headers(task, era))

    def _demand_task_routes(self) -> None:
        """In the oldest documents there is no /v1/tasks: tasks are polled under the path that creates them."""
        if self._conduct.era is Era.LEGACY:
            refuse(errors.unknown_route())

    def _found(self, request: web.Request, task_id: str) -> Task:
        task = self._studio.tasks.get(task_id)
        if task is not None and task.outcome is Outcome.FOREIGN_POLL_URL and self._conduct.is_foreign(request):
            if "Authorization" in request.headers:
                self._journal.leak(task_id, request.host)
            return task
        self._conduct.demand_key(request)
        if task is None:
            refuse(errors.unknown_task())
        return task


_REFUSALS: dict[Outcome, Callable[[str], Answer]] = {
    Outcome.BUSY: lambda _: errors.busy(),
    Outcome.BUSY_DATE: lambda _: errors.busy(as_date=True),
    Outcome.REFUSED: lambda model: errors.invalid([("prompt", "Refused by this provider")], model=model),
    Outcome.GARBAGE: lambda _: errors.garbage(),
    Outcome.GATEWAY: lambda _: errors.gateway(),
    Outcome.UNAVAILABLE: errors.unavailable,
    Outcome.SERVER_ERROR: lambda _: errors.server_error(),
    Outcome.BROKE: errors.broke,
    Outcome.FORBIDDEN_MODEL: errors.forbidden_model,
    Outcome.ERROR_OBJECT: lambda _: errors.error_object(),
}
"""The answers that make no task, by the model's name; outcomes without one close the connection."""

_FLAWS: tuple[Callable[[], Answer] | None, ...] = (errors.server_error, errors.garbage, errors.busy, None)
"""What the first polls of a flaky task get; None closes the connection."""


async def _body_of(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        refuse(errors.envelope(400, "The Content-Type must be application/json", "invalid_request_error"))
    try:
        body = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge:
        refuse(errors.too_large())
    except ValueError:
        refuse(errors.envelope(400, "The body is not valid JSON", "invalid_request_error"))
    if not isinstance(body, dict):
        refuse(errors.envelope(400, "The body must be a JSON object", "invalid_request_error"))
    return body
