"""Where calls go: always to the configured origin, whatever an answer says."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import quote

import httpx
import structlog

from bot.providers.base import TaskRef
from bot.providers.lemondata.translate import is_usable_id

_log = structlog.get_logger(__name__)
_PLAIN_PATH = re.compile(r"/[\w-][\w./-]*", re.ASCII)
"""What poll_urls usually are; reading them as addresses would cost as much as half of the poll."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Base:
    """The configured base address: scheme, host and port, and a path that ends before /v1."""

    origin: str
    path: str

    @classmethod
    def of(cls, base_url: str) -> Self:
        """Read a configured address, with or without /v1 and slashes at its end; ValueError where it is none."""
        try:
            url = httpx.URL(base_url.strip())
            origin = _origin(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"the provider's base_url is no address: {error}") from error
        if origin is None or url.userinfo or url.query or url.fragment:
            raise ValueError("the provider's base_url must be like https://host/v1, without user, query or fragment")
        path = url.raw_path.decode("ascii").rstrip("/")
        return cls(origin=origin, path=path.removesuffix("/v1").rstrip("/"))

    def call(self, path: str) -> str:
        """The address of one of the API's paths, such as "/models"."""
        return f"{self.origin}{self.path}/v1{path}"

    def task(self, task: TaskRef) -> str:
        """Where to ask for a task: its poll_url where that is on our origin, else the canonical path."""
        told = self.within(task.poll_url) if task.poll_url else None
        return told or self.canonical(task.task_id)

    def canonical(self, task_id: str) -> str:
        """The path for a task's id."""
        return self.call(f"/tasks/{_segment(task_id)}")

    def compatible(self, task_id: str) -> str:
        """The path for a task's id in the API's first era."""
        return self.call(f"/videos/generations/{_segment(task_id)}")

    def within(self, address: str) -> str | None:
        """An address that an answer gave, resolved against ours; None, with a log line, where it leads elsewhere.

        The result is put together from our own origin and only the path of theirs, so that no difference between two
        readers of addresses can send the key to another host.
        """
        if _PLAIN_PATH.fullmatch(address):
            return f"{self.origin}{address}"
        try:
            url = httpx.URL(f"{self.origin}/").join(address)
            if _origin(url) == self.origin and not url.userinfo and "\\" not in address:
                return f"{self.origin}/{url.raw_path.decode('ascii').removeprefix('/')}"
        except (httpx.InvalidURL, ValueError):
            pass
        _note_foreign(_host(address))
        return None


def _origin(url: httpx.URL) -> str | None:
    """Scheme, host and port, the port always written; None where one is missing or is not of HTTP."""
    if url.scheme not in _PORTS or not url.raw_host:
        return None
    host = url.raw_host.decode("ascii")
    host = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{host}:{url.port or _PORTS[url.scheme]}"


def _segment(task_id: str) -> str:
    """A task's id as one segment of a path; ValueError where it can be none."""
    if not is_usable_id(task_id):
        raise ValueError("a task id that can't stand in a path")
    return quote(task_id, safe="", errors="replace")


@lru_cache(maxsize=64)
def _note_foreign(host: str) -> None:
    """Log a foreign host once, not with every poll."""
    _log.warning("foreign_poll_url", host=host)


def _host(address: str) -> str:
    try:
        return httpx.URL(address).host[:100]
    except (httpx.InvalidURL, ValueError):
        return "unreadable"
