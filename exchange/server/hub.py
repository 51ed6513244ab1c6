"""The open sockets, and what each hears: streams with their faults.

Owns which frames go to which socket in which order. What is told is the dialect's business.
"""

import asyncio
from collections.abc import Iterable, Mapping

from aiohttp import web

from exchange.server.wire import Call, StreamEvent
from exchange.server.wire_faults import WireFault, WireFaultKind, WireFaults


class OpenSocket:
    """One WebSocket: what it subscribed to, and the frames on their way to it."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        """Begin with no subscription."""
        self.path = path
        self.query = query
        self.topics: set[str] = set()
        self.is_half_open = False
        self._frames: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._drop: asyncio.Event = asyncio.Event()

    def push(self, content: str | bytes) -> None:
        """Send a frame, in order; a half-open socket sends none."""
        if not self.is_half_open:
            self._frames.put_nowait(content)

    def drop(self) -> None:
        """Reset the connection."""
        self._drop.set()

    async def dropped(self) -> None:
        """Wait until it is to be reset."""
        await self._drop.wait()

    async def write(self, to: web.WebSocketResponse) -> None:
        """Send frames until canceled."""
        while True:
            content = await self._frames.get()
            try:
                if isinstance(content, str):
                    await to.send_str(content)
                else:
                    await to.send_bytes(content)
            except ConnectionError:
                return  # the client is gone


class Hub:
    """All open sockets."""

    def __init__(self) -> None:
        """Begin with none."""
        self.sockets: list[OpenSocket] = []
        self.faults = WireFaults()
        self._held: dict[Call, StreamEvent] = {}
        """What comes after the next event of its kind."""

    def publish(self, events: Iterable[StreamEvent]) -> None:
        """Tell each event to who subscribed to it, or do to it what the plan says."""
        for event in events:
            listeners = [socket for socket in self.sockets if event.topic in socket.topics]
            if not listeners:
                continue  # what nobody hears can't go wrong
            fault = self.faults.next(event.call, event.content)
            if fault is None:
                self._tell(event)
                self._tell_held(event.call)
            else:
                self._disturb(event, fault, listeners)

    def drop_all(self) -> None:
        """Reset every socket."""
        for socket in self.sockets:
            socket.drop()

    def _disturb(self, event: StreamEvent, fault: WireFault, listeners: list[OpenSocket]) -> None:
        match fault.kind:
            case WireFaultKind.DUPLICATED:
                self._tell(event)
                self._tell(event)
            case WireFaultKind.REORDERED:
                self._tell_held(event.call)
                self._held[event.call] = event
                return
            case WireFaultKind.DROPPED:
                for socket in listeners:
                    socket.drop()
            case WireFaultKind.HALF_OPEN:
                for socket in listeners:
                    socket.is_half_open = True
            case _:  # lost
                pass
        self._tell_held(event.call)

    def _tell_held(self, call: Call) -> None:
        held = self._held.pop(call, None)
        if held is not None:
            self._tell(held)

    def _tell(self, event: StreamEvent) -> None:
        for socket in self.sockets:
            if event.topic in socket.topics:
                socket.push(event.content)
