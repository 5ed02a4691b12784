"""Inputs of a generation.

Fetched once after acceptance, checked by content, kept on the card, addressed for the provider.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.domain.errors import BadFile, FileFault, InputsGone, Rejection
from bot.domain.generation import Generation
from bot.domain.request import Input
from bot.media.fetch import MediaFiles
from bot.media.files import MediaRefusedError
from bot.work.protocols import Delivery, DeliveryDelayedError

log = structlog.get_logger(__name__)

LIFE_LEFT = timedelta(minutes=5)
"""How much longer an address has to be good, so that a new request can be made with it."""


class InputDesk:
    """Takes inputs in and hands their addresses out."""

    def __init__(self, media: MediaFiles, delivery: Delivery, *, inline: bool) -> None:
        self._media = media
        self._delivery = delivery
        self._inline = inline

    async def check_and_keep(self, generation: Generation) -> tuple[int, ...]:
        """Fetch every input, check its content and re-post it on the card; the attachment ids there, none if not kept.

        Raises Rejection(BadFile) for content that can't be used, MediaDelayedError or DeliveryDelayedError where later
        helps.
        """
        paths = await self._fetch(generation, None)
        return await self._delivery.keep_inputs(generation, paths)

    async def addresses(self, generation: Generation) -> tuple[str, ...]:
        """What the provider gets for each input: a fresh signed URL, or by configuration a data URL.

        Raises Rejection(BadFile) for a file that is too large to go inline, MediaDelayedError where later helps.
        """
        inputs = generation.request.inputs
        if not inputs:
            return ()
        try:
            kept = await self._kept(generation)
        except DeliveryDelayedError as error:
            log.warning("inputs_not_read", generation=generation.id, error=str(error))
            kept = None
        if not self._inline:
            return kept or tuple(item.url for item in inputs)
        paths = self._media.inputs_of(generation.id)
        if len(paths) != len(inputs):
            paths = await self._fetch(generation, kept)
        return tuple([await self._data_url(path, item) for path, item in zip(paths, inputs, strict=True)])

    async def renewed(self, generation: Generation, now: datetime) -> tuple[Input, ...]:
        """The inputs for a new request: at the addresses of the old card, else at their own while these are good.

        Raises Rejection(InputsGone) where they are no more, DeliveryDelayedError where the card may be read later.
        """
        inputs = generation.request.inputs
        if not inputs:
            return ()
        kept = await self._kept(generation)
        if kept is not None:
            return tuple(replace(item, url=url) for item, url in zip(inputs, kept, strict=True))
        if any(item.url_ends_at and item.url_ends_at < now + LIFE_LEFT for item in inputs):
            raise Rejection(InputsGone())
        return inputs

    def discard(self, generation_id: str) -> None:
        """Forget the files of a generation."""
        self._media.discard(generation_id)

    async def _kept(self, generation: Generation) -> tuple[str, ...] | None:
        """Fresh URLs of all inputs in their order, None where one is gone or was never kept."""
        urls = await self._delivery.input_urls(generation)
        return urls if urls and len(urls) == len(generation.request.inputs) else None

    async def _data_url(self, path: Path, item: Input) -> str:
        try:
            return await self._media.data_url(path)
        except MediaRefusedError as error:
            raise Rejection(BadFile(item.filename, item.role.kind, FileFault.TOO_LARGE, str(item.size))) from error

    async def _fetch(self, generation: Generation, urls: tuple[str, ...] | None) -> list[Path]:
        return [
            await self._media.fetch_input(item, generation.id, index, url=urls[index] if urls else None)
            for index, item in enumerate(generation.request.inputs)
        ]
