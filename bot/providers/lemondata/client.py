"""One account at the unified video API (provider contract): create, poll, cancel, and what is on offer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.catalog import Model, Price
from bot.domain.generation import Reason
from bot.providers.base import Phase, Submission, TaskRef, TaskStatus
from bot.providers.errors import Refused, Unsure
from bot.providers.lemondata import offers, refusals, translate
from bot.providers.lemondata.address import Base
from bot.providers.lemondata.scrub import scrub
from bot.providers.lemondata.transport import FAILURES, exchange, open_client, sorted_failure
from bot.providers.lemondata.wire import Answer, Envelope, TaskAnswer, read_json

LARGEST_ANSWER = 1 << 20
"""Bytes read of an answer about a task."""

LARGEST_LIST = 16 << 20
"""Bytes read of a list of models or prices."""

KEY_CHECK_TASK = "showreel-key-check"
"""A task that nobody has: asking for it proves the key, as the public lists don't (section 2)."""


class LemonDataProvider:
    """The API behind one base URL with one key; satisfies `bot.providers.base.Provider`.

    `timeout` is in seconds, from a made connection to the whole answer; getting a connection has ten of its own.
    `connections` bounds those kept for questions, and on their own those for submissions. One instance serves one
    event loop. Raises ValueError for an address or a key that can't be right.
    """

    def __init__(self, name: str, base_url: str, api_key: str, *, timeout: float = 30.0, connections: int = 32) -> None:
        key = api_key.strip()
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("the provider's key holds characters that no key has")
        self._name = name
        self._key = key
        self._base = Base.of(base_url)
        self._client = open_client(key, timeout=timeout, connections=connections)

    def __repr__(self) -> str:
        return f"LemonDataProvider({self._name!r}, {self._base.origin!r})"

    @property
    def name(self) -> str:
        """The configured name."""
        return self._name

    @property
    def result_origin(self) -> str:
        """The API's own origin, always with its port, such as "https://api.tokenlab.sh:443"."""
        return self._base.origin

    async def submit(self, submission: Submission) -> TaskStatus:
        """Hand a request over, on a connection of its own and never twice."""
        body = translate.body_of(submission)
        answer = await self._call("POST", self._base.call("/videos/generations"), body)
        read = read_json(answer.body)
        if not answer.is_success or read is None:
            raise refusals.of_submission(answer, _now(), self._key)
        said = TaskAnswer.model_validate(read)
        status = translate.status_of(said, answer.headers, self._key)
        if status.phase is Phase.FAILED and said.error.is_stated and not said.names_task:
            raise refusals.of_submission(answer, _now(), self._key)
        if status.task is None:
            raise Unsure(scrub(f"{answer.status} that names no task", self._key), status=answer.status)
        return self._owned(status)

    async def poll(self, task: TaskRef) -> TaskStatus:
        """Ask how a task is doing; where its address is not known, once more at the one of the API's first era."""
        _check(task)
        try:
            return await self._ask("GET", self._base.task(task))
        except (Refused, Unsure) as error:
            if not refusals.is_unknown(error):
                raise
            first = error
        try:
            return await self._ask("GET", self._base.compatible(task.task_id))
        except (Refused, Unsure) as second:
            if isinstance(first, Refused) and (isinstance(second, Refused) or refusals.is_unknown(second)):
                raise first from None
            raise

    async def cancel(self, task: TaskRef) -> TaskStatus:
        """Ask to stop a task; only queued tasks of a few models can be (section 5), the others are Refused."""
        _check(task)
        return await self._ask("DELETE", self._base.canonical(task.task_id))

    async def models(self) -> Sequence[Model]:
        """The video models on offer to this key; an answer without any is Unsure, as it would close everything."""
        models = offers.models_in(await self._list("/models?category=video"))
        if not models:
            raise Unsure("a list of models without a video model")
        return models

    async def prices(self) -> dict[str, Price]:
        """Published prices by model id."""
        return offers.prices_in(await self._list("/pricing"))

    async def check_key(self) -> None:
        """Ask for a task that nobody has: the API's own 404 is the answer to a working key."""
        answer = await self._call("GET", self._base.canonical(KEY_CHECK_TASK))
        body = read_json(answer.body)
        fault = Envelope.read(body).error
        if 300 <= answer.status < 400:
            raise Refused(f"{answer.status}: it is at another address", reason=Reason.UNAVAILABLE, status=answer.status)
        if answer.status == 404 and body is None:
            raise Unsure("404 without the API's own answer: is base_url right?", status=404)
        is_known_key = answer.status == 404 or fault.words & refusals.ABOUT_THE_TASK
        if not is_known_key and (body is None or not answer.is_success):
            raise refusals.of_question(answer, _now(), self._key)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, method: str, address: str) -> TaskStatus:
        """One call about a task."""
        answer = await self._call(method, address)
        body = read_json(answer.body)
        said = TaskAnswer.model_validate(body or {})
        is_error = said.status is None and said.error.words & refusals.NOT_ABOUT_THE_TASK
        if not answer.is_success or is_error or not said.says_something:
            raise refusals.of_question(answer, _now(), self._key)
        return self._owned(translate.status_of(said, answer.headers, self._key))

    async def _list(self, path: str) -> Mapping[str, Any]:
        answer = await self._call("GET", self._base.call(path), most=LARGEST_LIST)
        body = read_json(answer.body)
        if not answer.is_success or body is None or not isinstance(body.get("data"), list):
            raise refusals.of_question(answer, _now(), self._key)
        return body

    async def _call(
        self, method: str, address: str, body: Mapping[str, Any] | None = None, most: int = LARGEST_ANSWER
    ) -> Answer:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = self._client.build_request(method, address, content=content, headers=headers)
        try:
            return await exchange(self._client, request, most)
        except FAILURES as error:
            failure = sorted_failure(error, self._key)
        # Raised out here, because the caught one holds our headers and would hang on it as its context.
        raise failure

    def _owned(self, status: TaskStatus) -> TaskStatus:
        """The same without a poll_url that leads to another host."""
        task = status.task
        if task is None or task.poll_url is None or self._base.within(task.poll_url):
            return status
        return replace(status, task=TaskRef(task_id=task.task_id))


def _check(task: TaskRef) -> None:
    if not translate.is_usable_id(task.task_id):
        raise Refused("no task can have this id", reason=Reason.TASK_LOST, code=refusals.UNKNOWN_TASK)


def _now() -> datetime:
    return datetime.now(UTC)
