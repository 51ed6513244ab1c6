"""pykka's private hooks: what makes one of its actors run on a lane.

Owns inbox, ref, start and stop, and what comes in through pykka's own ways: asks, stops, proxies.
The hooks are private, so pykka's version is pinned and a contract test holds them. How an actor
handles a message is ``actor``'s.
"""

import weakref
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pykka
from pykka._envelope import Envelope as PykkaEnvelope  # its own door, and not public
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from actors.runtime import registry
from actors.runtime.mailbox import Delivery, Mailbox
from messages.base import Address, Message
from messages.envelope import Envelope

if TYPE_CHECKING:
    from actors.runtime.system import System

registry.install()

_PYKKAS_OWN = (_ActorStop, ProxyCall, ProxyGetAttr, ProxySetAttr)


class Stopped:
    """What pykka keeps a ``threading.Event`` for, in a tenth of the memory: nobody waits on it."""

    __slots__ = ("_is_set",)

    def __init__(self) -> None:
        """Begin unset."""
        self._is_set = False

    def is_set(self) -> bool:
        """Tell whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it for good."""
        self._is_set = True


class LaneActor(pykka.Actor):
    """A pykka actor at an address, run by a lane."""

    actor_inbox: Mailbox

    def __init__(self, system: "System", address: Address) -> None:
        """Take a place at ``address``. Runs on the thread that spawns it."""
        # In the stead of pykka's own, which makes a uuid, a ref and a threading.Event to throw
        # away; the contract test holds that the same attributes are set.
        self.system = system
        self.address = address
        self.actor_urn = address
        self.actor_inbox = self._create_actor_inbox()
        self._lane = self.actor_inbox.lane
        self._take_ref()

    def process(self, delivery: Delivery) -> None:
        """Handle one delivery; whatever goes wrong in it stays in it."""
        raise NotImplementedError

    def answer_ask(self, envelope: Envelope) -> object:
        """Handle a message and return the answer. Raises what the handling raised."""
        raise NotImplementedError

    def process_foreign(self, delivery: PykkaEnvelope[Any]) -> None:
        """Handle what came through a pykka ref."""
        try:
            reply = self._handle_foreign(delivery.message)
        except BaseException as error:  # noqa: BLE001 - the asker's, also SystemExit
            if delivery.reply_to is not None:
                delivery.reply_to.set_exception((type(error), error, error.__traceback__))
        else:
            if delivery.reply_to is not None:
                delivery.reply_to.set(reply)

    def _handle_foreign(self, message: object) -> object:
        if isinstance(message, _PYKKAS_OWN):
            return self._handle_pykkas_own(message)
        if isinstance(message, Envelope):
            return self.answer_ask(message)
        return self.answer_ask(self.system.envelope(cast("Message", message)))

    def _handle_pykkas_own(self, message: object) -> object:
        try:
            return self._handle_receive(message)
        except BaseException as error:
            self.system.report(self.address, type(message).__name__, error)
            raise

    def begin(self) -> None:
        """Run ``on_start``, before the first message; stop where it raises. Called on the lane."""
        try:
            self.on_start()
        except BaseException as error:  # noqa: BLE001 - also SystemExit: it ends this actor only
            self.system.report(self.address, "on_start", error)
            self._stop()

    # pykka's hooks.

    def _create_actor_inbox(self) -> Mailbox:  # type: ignore[override]  # static in pykka, called on the instance
        return self.system.place(self.address)

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return pykka.ThreadingFuture()

    def _start_actor_loop(self) -> None:
        self.system.open(self)

    def _actor_loop(self) -> NoReturn:
        raise NotImplementedError("a lane runs this actor; it has no loop")

    def _stop(self) -> None:
        try:
            super()._stop()
        finally:
            self.system.close(self)

    def _take_ref(self) -> None:
        """Make the ref, or take over that of the actor that was here before a restart."""
        ref = self.actor_inbox.ref
        if ref is None:
            self.actor_stopped = Stopped()  # type: ignore[assignment]  # all that pykka uses of it
            ref = self.actor_inbox.ref = pykka.ActorRef(self)
        else:
            self.actor_stopped = ref.actor_stopped
            ref._actor_weakref = weakref.ref(self)  # noqa: SLF001 - what proxies look through
        self._actor_ref = ref
