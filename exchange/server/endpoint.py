"""The control endpoint: plain HTTP on loopback, for who has the token; for other processes.

Owns its two paths: ``POST /control`` takes a command, ``GET /venue`` tells the books, with
``?after=VERSION`` once something happened since.
"""

import hmac

import msgspec
from aiohttp import web

from exchange.server.control import Control, obey, picture_after
from exchange.server.server import ExchangeServer
from exchange.server.wire import LOOPBACK


class ControlEndpoint:
    """Takes commands for one server."""

    def __init__(self, server: ExchangeServer, token: str) -> None:
        """Listen not yet."""
        self._server = server
        self._token = token
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen on any free port."""
        app = web.Application()
        app.router.add_post("/control", self._control)
        app.router.add_get("/venue", self._venue)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _control(self, request: web.Request) -> web.Response:
        self._check(request)
        try:
            command = msgspec.json.decode(await request.read(), type=Control)
            obey(self._server, command)
        except (ValueError, LookupError) as error:
            return web.Response(status=400, text=str(error))
        return web.Response()

    async def _venue(self, request: web.Request) -> web.Response:
        self._check(request)
        after = request.query.get("after")
        try:
            picture = await picture_after(self._server, None if after is None else int(after))
        except TimeoutError as error:
            return web.Response(status=408, text=str(error))
        return web.Response(body=msgspec.json.encode(picture), content_type="application/json")

    def _check(self, request: web.Request) -> None:
        shown = request.headers.get("Authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {self._token}".encode()):
            raise web.HTTPForbidden(text="the control endpoint wants the token it printed")
