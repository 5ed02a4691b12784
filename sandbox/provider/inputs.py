"""The inputs of a task: fetched over HTTP or decoded from data URLs, and checked by their content."""

import asyncio
import base64
import binascii
import io
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import aiohttp
import av
from PIL import Image

from sandbox.provider.fields import AUDIO_FIELDS, IMAGE_FIELDS, VIDEO_FIELDS

LARGEST = 200 * 2**20
"""Bytes; the largest size that the documents name for any input (a clip of the material library)."""


class Kind(StrEnum):
    """What an input is."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class InputError(Exception):
    """An input could not be had, or is not what its field is for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.error = {"code": "invalid_request_error", "message": f"{name}: {reason}", "param": name}


def sources(wanted: Mapping[str, Any]) -> Iterator[tuple[str, Kind, str]]:
    """Walk the URLs of a request: field, kind, URL."""
    for kind, names in ((Kind.IMAGE, IMAGE_FIELDS), (Kind.VIDEO, VIDEO_FIELDS), (Kind.AUDIO, AUDIO_FIELDS)):
        for name in names:
            for url in _urls(wanted.get(name)):
                yield name, kind, url


async def read_input(session: aiohttp.ClientSession, name: str, kind: Kind, url: str) -> bytes:
    """Get the bytes of one input and make sure of their kind, or raise InputError."""
    content = _decoded(name, url) if url.startswith("data:") else await _fetched(session, name, url)
    if not await asyncio.to_thread(_is_kind, kind, content):
        raise InputError(name, f"the content is not a readable {kind} file")
    return content


def _urls(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [
                url for entry in value for url in (entry["element_input_urls"] if isinstance(entry, dict) else [entry])
            ]
        case _:
            return []


def _decoded(name: str, url: str) -> bytes:
    try:
        return base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise InputError(name, "the data URL is not valid base64") from error


async def _fetched(session: aiohttp.ClientSession, name: str, url: str) -> bytes:
    try:
        async with session.get(url) as response:
            if response.status != 200:
                raise InputError(name, f"could not be fetched (HTTP {response.status})")
            content = bytearray()
            async for piece in response.content.iter_chunked(2**16):
                content += piece
                if len(content) > LARGEST:
                    raise InputError(name, "is too large")
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise InputError(name, "could not be fetched") from error


def _is_kind(kind: Kind, content: bytes) -> bool:
    try:
        return _is_image(content) if kind is Kind.IMAGE else _is_stream(kind, content)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False


def _is_image(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
    return True


def _is_stream(kind: Kind, content: bytes) -> bool:
    with av.open(io.BytesIO(content), "r") as container:
        still = container.format.name.endswith("_pipe") or container.format.name == "image2"
        moving = any(stream.codec_context.name not in {"png", "mjpeg"} for stream in container.streams.video)
        if kind is Kind.VIDEO:
            return moving and not still
        return bool(container.streams.audio) and not moving
