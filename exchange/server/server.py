"""The server: TLS on loopback, HTTP and WebSockets, and requests that go wrong on demand.

Owns the transport. What is answered is the dialect's business; which fault comes when is the
plan's. It acts on a request in one go, without waiting: what the engine did is never half done.
"""

import asyncio
import socket as sockets
import struct
from contextlib import suppress

import msgspec
from aiohttp import WSMsgType, web

from exchange.server.certificate import Certificate, make_certificate
from exchange.server.dialect import Dialect
from exchange.server.hub import Hub, OpenSocket
from exchange.server.ledger import Ledger
from exchange.server.venue import Happened
from exchange.server.wire import (
    LOOPBACK,
    Answer,
    Call,
    Reach,
    RefusedError,
    Request,
    as_json,
    refusal,
)
from exchange.server.wire_faults import WireFault, WireFaultKind, WireFaults

_RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset, and nothing that is still to be sent."""
_TLS_GOODBYE_SECONDS = 0.5
"""For a client's answer to the end of TLS; one that is gone or hangs sends none."""
_FIRST_TURNS = 5
"""A connection that was only just accepted takes some turns of the loop until it can be closed."""
_UNANSWERED = frozenset({WireFaultKind.RESET, WireFaultKind.CLOSED})
_NOTHING = Answer()
_HTML = "text/html"
_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head></html>"
_FAULTY_ANSWERS = {
    WireFaultKind.BAD_GATEWAY: Answer(status=502, body=_BAD_GATEWAY, content_type=_HTML),
    WireFaultKind.UNAVAILABLE: Answer(status=503, body=b"Service Unavailable", content_type=_HTML),
}


class Heard:
    """One request that came: what for, and its text without the signature."""

    def __init__(self, call: Call, request: Request) -> None:
        """Keep what tests look for."""
        self.call = call
        self.method = request.method
        self.path = request.path
        self.text = request.text.partition("signature=")[0]


class ExchangeServer:
    """One venue behind one dialect, on one port of the loopback."""

    def __init__(self, dialect: Dialect) -> None:
        """Listen not yet."""
        self.dialect = dialect
        self.hub = Hub()
        self.faults = WireFaults()
        self.is_in_maintenance = False
        self.requests: list[Heard] = []
        self.ledger: Ledger | None = None
        """Where everything is noted; None: nowhere."""
        self.version = 0
        """Grows with each request, each change of the sockets and each change at the venue."""
        self.port = 0
        self.certificate: Certificate = make_certificate(dialect.hosts)
        self._changed = asyncio.Event()
        self._release = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        dialect.venue.heard = self._heard

    async def start(self, port: int = 0) -> None:
        """Listen on ``port``; 0: any free one."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await runner.setup()
        self._listener = await asyncio.get_running_loop().create_server(
            runner.server,  # type: ignore[arg-type]  # None only before the set-up
            LOOPBACK,
            port,
            ssl=self.certificate.server_side,
            ssl_shutdown_timeout=_TLS_GOODBYE_SECONDS,
        )
        self._runner = runner
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Let go of every connection and stop listening."""
        self.release()
        self.hub.drop_all()
        if self._listener is not None:
            await _stop_listening(self._listener)
        if self._runner is not None:
            await self._runner.cleanup()
        if self.ledger is not None:
            self.ledger.close()

    @property
    def faults_to_come(self) -> tuple[WireFault, ...]:
        """What was planned and has not happened yet, to a request or to an event."""
        of_requests, of_events = self.faults.to_come, self.hub.faults.to_come
        return tuple(fault for fault in of_requests if fault in of_events)

    def plan(self, faults: tuple[WireFault, ...]) -> None:
        """Let this go wrong from now on, counted anew; what stalls goes on stalling."""
        self.faults = WireFaults(faults)
        self.hub.faults = WireFaults(faults)

    def release(self) -> None:
        """Let what stalls be answered."""
        self._release.set()
        self._release = asyncio.Event()

    async def changed_since(self, version: int) -> None:
        """Wait until something happened after ``version``."""
        while self.version <= version:
            await self._changed.wait()

    def _notice(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def _heard(self, happened: Happened) -> None:
        if self.ledger is not None:
            self.ledger.happened(happened)
        self.hub.publish(self.dialect.events(happened))
        self._notice()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.is_in_maintenance:
            return web.Response(status=503, text="<html>System maintenance</html>")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_socket(request)
        asked = Request(
            method=request.method,
            path=request.path,
            query=request.url.raw_query_string,
            body=await request.text(),
            headers=request.headers,
        )
        call = self.dialect.call_of(asked)
        fault = self.faults.next(call, asked.text)
        self.requests.append(Heard(call, asked))
        number = 0 if self.ledger is None else self.ledger.asked(call, asked, fault)
        answer = self.dialect.answer(asked) if fault is None or fault.acted else None
        self._notice()
        if fault is not None:
            response = await self._misbehave(request, asked, fault, answer)
        else:
            response = _response(answer or _NOTHING)
        if self.ledger is not None and (fault is None or fault.kind not in _UNANSWERED):
            body = response.body if isinstance(response, web.Response) else b""
            said = body if isinstance(body, bytes) else b""
            self.ledger.answered(number, call, response.status, said)
        return response

    async def _misbehave(
        self, request: web.Request, asked: Request, fault: WireFault, answer: Answer | None
    ) -> web.StreamResponse:
        match fault.kind:
            case WireFaultKind.STALL:
                await self._release.wait()
                return _response(answer or self.dialect.answer(asked))
            case WireFaultKind.RESET:
                _reset(request)
                return web.Response()
            case WireFaultKind.CLOSED:
                if request.transport is not None:
                    request.transport.close()
                return web.Response()
            case WireFaultKind.TRUNCATED:
                return await _truncate(request, answer or as_json({"symbol": "BTCUSDT"}))
            case _:
                return _response(_faulty_answer(fault, self.dialect))

    async def _serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        # Without autoping: a half-open connection answers no ping either.
        connection = web.WebSocketResponse(autoping=False)
        await connection.prepare(request)
        opened = OpenSocket(request.path, dict(request.query))
        self.hub.sockets.append(opened)
        self.dialect.opened(opened)
        self._notice()
        side_tasks = [
            asyncio.create_task(opened.write(connection)),
            asyncio.create_task(_reset_when_dropped(opened, request)),
        ]
        try:
            async for message in connection:
                if opened.is_half_open:
                    continue
                if message.type is WSMsgType.PING:
                    await connection.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._said(opened, message.data)
        except ConnectionError:
            pass  # the client is gone
        finally:
            self.hub.sockets.remove(opened)
            for task in side_tasks:
                task.cancel()
            await asyncio.gather(*side_tasks, return_exceptions=True)
            self._notice()
        return connection

    def _said(self, socket: OpenSocket, text: str) -> None:
        fault = self.faults.next(Call.SUBSCRIBE, text)
        if fault is None:
            self.dialect.said(socket, text)
        elif fault.kind is WireFaultKind.HALF_OPEN:
            socket.is_half_open = True
        elif fault.kind is WireFaultKind.DROPPED:
            socket.drop()
        self._notice()


async def _stop_listening(listener: asyncio.Server) -> None:
    """Accept no more connections, then close: asyncio leaks one whose server closed meanwhile."""
    loop = asyncio.get_running_loop()
    for one in listener.sockets:
        loop.remove_reader(one.fileno())
    for _ in range(_FIRST_TURNS):
        await asyncio.sleep(0)
    listener.close()


def reach_of(server: ExchangeServer) -> Reach:
    """Return how clients get to a server that listens."""
    account = server.dialect.venue.account
    return Reach(
        hosts=tuple(sorted(server.dialect.hosts)),
        port=server.port,
        authority_pem=server.certificate.authority_pem,
        api_key=account.api_key,
        secret=account.secret,
    )


async def _reset_when_dropped(socket: OpenSocket, request: web.Request) -> None:
    await socket.dropped()
    _reset(request)


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    with suppress(OSError):  # it may be closed already
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, _RESET_AT_ONCE)
    transport.abort()


async def _truncate(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status)
    response.content_type = answer.content_type
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _faulty_answer(fault: WireFault, dialect: Dialect) -> Answer:
    match fault.kind:
        case WireFaultKind.TOO_MANY_REQUESTS:
            answer = refusal(dialect.too_many_requests)
        case WireFaultKind.UNKNOWN_OUTCOME:
            answer = refusal(dialect.unknown_outcome)
        case WireFaultKind.ANSWERED:
            return Answer(
                status=fault.status,
                body=fault.text.encode(),
                content_type=fault.content_type,
                headers=fault.headers,
            )
        case WireFaultKind.REFUSED:
            answer = refusal(RefusedError(fault.code, fault.text, fault.status))
        case kind:
            answer = _FAULTY_ANSWERS[kind]
    if fault.retry_after_seconds is None:
        return answer
    headers = {"Retry-After": str(fault.retry_after_seconds)}
    return msgspec.structs.replace(answer, headers=headers)


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type,
        headers=answer.headers,
    )
