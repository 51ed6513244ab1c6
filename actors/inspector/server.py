"""The inspector's thread: a socket, a few clients, one question after the other.

Owns who is connected and the turns of the loop. Whatever goes wrong with a client ends that client;
whatever goes wrong here ends the inspector: trading does not notice.
"""

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from loguru import logger

from actors.inspector.asking import Asking
from actors.inspector.frames import FrameError
from actors.inspector.peer import GoneError, Peer
from actors.inspector.place import SOCKET_NAME, listen, user_of
from actors.inspector.reading import Reading
from actors.inspector.sights import Sights, TimeSampling
from actors.inspector.suspension import Suspensions
from actors.inspector.taps import TapLine, Taps
from actors.journal.snapshot import Cut
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.system import System
from config.settings import InspectorSettings
from messages.inspection import (
    PROTOCOL,
    AskActor,
    Greet,
    Greeting,
    Operate,
    Refused,
    Request,
    SampleTime,
    Tap,
    Tapping,
    Untap,
)

TAP_PER_SECOND_MAX = 1_000
_SAMPLE_MS_MAX = 10_000

_REST_SECONDS = 0.2
_BUSY_SECONDS = 0.05
_SAMPLE_SECONDS = 0.002
_STOP_SECONDS = 5.0


class Inspector:
    """Answers clients on a thread of its own, between ``start`` and ``stop``."""

    def __init__(
        self,
        system: System,
        dispatcher: ProductionDispatcher,
        cut: Cut,
        greeting: Greeting,
        limits: InspectorSettings = InspectorSettings(),  # noqa: B008 - frozen
        *,
        user: Callable[[socket.socket], int] = user_of,
    ) -> None:
        """Prepare to show ``system``; ``cut`` is what its records tell, ``user`` who connects."""
        self._dispatcher = dispatcher
        self._clock = system.clock
        self._greeting = greeting
        self._limits = limits
        self._user = user
        self._sights = Sights(dispatcher)
        self._suspensions = Suspensions(system)
        self._taps = Taps(system)
        self._reading = Reading(system, cut, self._sights, self._suspensions)
        self._asking = Asking(system, self._suspensions, limits)
        self._samplings: list[tuple[Peer, int, TimeSampling]] = []
        self._peers: dict[socket.socket, Peer] = {}
        self._selector = selectors.DefaultSelector()
        self._alarm, self._ear = socket.socketpair()
        self._granted_at = 0.0
        self._is_ending = False
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="inspector", daemon=True)

    @property
    def socket_path(self) -> Path:
        """Where it listens."""
        return Path(self._greeting.folder) / SOCKET_NAME

    def start(self) -> None:
        """Listen. Where that can't be, say so and go on without: nothing here is worth a start."""
        try:
            self._listener = listen(self.socket_path.parent, self._limits.clients)
        except OSError as error:
            logger.warning("nobody can look into this session: {}", error)
            return
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ear, selectors.EVENT_READ)
        self._thread.start()

    def stop(self, seconds: float = _STOP_SECONDS) -> bool:
        """Let clients and suspended actors go, and end; return whether it has ended."""
        if self._listener is None:
            return True
        self._is_ending = True
        with suppress(OSError):  # it has ended by itself
            self._alarm.send(b"\0")
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._is_ending:
                self._turn()
        except Exception as error:  # noqa: BLE001 - trading goes on
            logger.opt(exception=error).error("the inspector failed and has ended: {}", error)
        finally:
            self._end()

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._pause()):
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._peers:
                self._serve(self._peers[key.fileobj])
        now = time.monotonic()
        self._sights.look(now)
        self._asking.look()
        for address in self._suspensions.release_due(now):
            logger.warning("{} goes on by itself: its suspension is over", address)
        self._sample(now)
        self._see_to_peers(now)

    def _pause(self) -> float:
        if self._samplings:
            return _SAMPLE_SECONDS
        is_busy = self._asking.is_waiting or any(peer.taps for peer in self._peers.values())
        return _BUSY_SECONDS if is_busy else _REST_SECONDS

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            user = self._user(connection)
        except OSError:
            return
        peer = self._peers[connection] = Peer(connection, time.monotonic())
        self._selector.register(connection, selectors.EVENT_READ)
        if user != os.geteuid():
            self._send_away(peer, "this session belongs to another user")
        elif len(self._peers) > (most := self._limits.clients):
            self._send_away(peer, f"{most} are connected already; end one of them")

    def _send_away(self, peer: Peer, why: str) -> None:
        peer.say(0, Refused(text=why))
        peer.is_closing = True

    def _serve(self, peer: Peer) -> None:
        try:
            if peer.wants_input:
                peer.receive(time.monotonic())
            while (request := peer.next_request()) is not None:
                self._take(peer, request)
        except GoneError:
            self._let_go(peer)
        except (FrameError, msgspec.DecodeError) as error:
            self._send_away(peer, f"that is no question: {error}")
        except Exception as error:  # noqa: BLE001 - of this client's question; the others go on
            logger.opt(exception=error).error("the inspector could not answer: {}", error)
            self._send_away(peer, f"a fault of the inspector's: {error}")

    def _take(self, peer: Peer, request: Request) -> None:
        number, question = request.number, request.question
        match question:
            case Greet():
                peer.say(number, self._greet(question))
            case AskActor():
                self._asking.ask(question, lambda answer: peer.say(number, answer))
            case Operate():
                self._asking.operate(question, lambda answer: peer.say(number, answer))
            case SampleTime():
                self._begin_sampling(peer, number, question)
            case Tap():
                self._tap(peer, number, question)
            case Untap():
                line = peer.taps.pop(question.number, None)
                if line is not None:
                    self._taps.remove(line)
                dropped = 0 if line is None else line.dropped
                peer.say(number, Tapping(is_open=False, dropped=dropped))
            case _:
                peer.say(number, self._reading.answer(question))

    def _greet(self, question: Greet) -> Greeting | Refused:
        if question.protocol != PROTOCOL:
            text = f"this session speaks protocol {PROTOCOL}, not {question.protocol}"
            return Refused(text=f"{text}: inspect it with the code that runs it")
        return msgspec.structs.replace(self._greeting, at=self._clock.now())

    def _tap(self, peer: Peer, number: int, question: Tap) -> None:
        if len(peer.taps) >= (most := self._limits.taps) or number in peer.taps:
            text = f"{most} taps at a time, each with a number of its own"
            peer.say(number, Refused(text=text))
            return
        per_second = min(max(1, question.per_second), TAP_PER_SECOND_MAX)
        line = TapLine(question.actor, question.message_type, per_second, self._clock.now)
        peer.taps[number] = line
        peer.say(number, Tapping(is_open=True))
        self._taps.add(line)

    def _begin_sampling(self, peer: Peer, number: int, question: SampleTime) -> None:
        if any(one[0] is peer for one in self._samplings):
            peer.say(number, Refused(text="one sample at a time"))
            return
        seconds = min(question.for_ms, _SAMPLE_MS_MAX) / 1000
        sampling = TimeSampling(self._dispatcher, time.monotonic() + seconds)
        self._samplings.append((peer, number, sampling))

    def _sample(self, now: float) -> None:
        for one in list(self._samplings):
            peer, number, sampling = one
            sampling.look()
            if now >= sampling.until:
                self._samplings.remove(one)
                peer.say(number, sampling.answer())

    def _see_to_peers(self, now: float) -> None:
        """Hand out what the taps saw, send what waits, let go of who stalls."""
        seconds, self._granted_at = now - self._granted_at, now
        for peer in list(self._peers.values()):
            for line in peer.taps.values():
                line.grant(seconds)
                self._taps.resume(line)
            peer.say_tapped()
            self._send(peer, now)
            if peer.has_input and peer.wants_input:
                self._serve(peer)  # it asked more than one thing at once
            self._await(peer)

    def _send(self, peer: Peer, now: float) -> None:
        try:
            if peer.has_output:
                peer.send(now)
        except GoneError:
            self._let_go(peer)
            return
        if peer.is_stalled(now):
            self._let_go(peer)

    def _await(self, peer: Peer) -> None:
        """Have the next turn come when the peer can be served."""
        if peer.connection in self._peers:
            events = selectors.EVENT_WRITE if peer.has_output else selectors.EVENT_READ
            self._selector.modify(peer.connection, events)

    def _let_go(self, peer: Peer) -> None:
        if self._peers.pop(peer.connection, None) is None:
            return
        for line in peer.taps.values():
            self._taps.remove(line)
        self._samplings = [one for one in self._samplings if one[0] is not peer]
        self._selector.unregister(peer.connection)
        peer.connection.close()

    def _end(self) -> None:
        self._suspensions.release_all()
        for peer in list(self._peers.values()):
            self._let_go(peer)
        self._selector.close()
        for one in (self._listener, self._alarm, self._ear):
            if one is not None:
                one.close()
        with suppress(OSError):
            self.socket_path.unlink(missing_ok=True)
