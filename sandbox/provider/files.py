"""The route that serves results, as a plain file host would: no key, no ranges."""

from aiohttp import web

from sandbox.provider.conduct import Conduct
from sandbox.provider.errors import HTML
from sandbox.provider.script import Outcome
from sandbox.provider.studio import Studio

_PIECE = 2**18


class Files:
    """Serves the MP4 files of finished tasks."""

    def __init__(self, conduct: Conduct, studio: Studio) -> None:
        self._conduct = conduct
        self._studio = studio

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [web.get(r"/files/{id}/{number:\d+}.mp4", self._file)]

    async def _file(self, request: web.Request) -> web.StreamResponse:
        task = self._studio.tasks.get(request.match_info["id"])
        number = int(request.match_info["number"])
        if task is None or number >= len(task.clips):
            return web.Response(
                status=404, text="<Error><Code>NoSuchKey</Code></Error>", content_type="application/xml"
            )
        if task.outcome is Outcome.NOT_VIDEO:
            return web.Response(text=HTML, content_type="text/html")
        content = task.clips[number].content
        if task.outcome is Outcome.HUGE:
            return await self._huge(request, content)
        return web.Response(body=content, content_type="video/mp4")

    async def _huge(self, request: web.Request, content: bytes) -> web.StreamResponse:
        """Send a real file and then zeros, until the size is reached, the client leaves or the provider stops."""
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        if self._conduct.huge_announced:
            response.content_length = max(self._conduct.huge_bytes, len(content))
        try:
            await response.prepare(request)
            await response.write(content)
            left = self._conduct.huge_bytes - len(content)
            while left > 0 and not self._conduct.closing.is_set():
                await response.write(bytes(min(left, _PIECE)))
                left -= _PIECE
        except ConnectionError:
            return response
        return response
