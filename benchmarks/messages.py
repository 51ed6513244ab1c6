"""Messages a second and bytes an actor, against pykka's own ThreadingActor.

Run it from the checkout: ``python -m benchmarks.messages``. A ring of actors passes tokens on; the
figures are medians of several runs in one sitting. Ours has all of its parts switched on but the
journal's hand: the actors of the ring are edges, as a quote's way is; one row shows recorded ones.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pykka

from actors.journal.memory import MemoryJournal
from actors.runtime.actor import Actor, CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from benchmarks.measure import machine, medians, resident_bytes, show
from messages.base import Address, Message, Timestamp
from messages.envelope import Send, Step

RUNS = 5
PATIENCE_SECONDS = 600.0
SMALL, LARGE = 2_000, 100_000
HOPS = 200_000
"""Over all tokens of a ring in one run."""
TELLS = 200_000
TOKENS = 100
GOAL_PER_SECOND = 600_000
GOAL_BYTES = 2_500


class Token(Message, frozen=True, kw_only=True):
    """What goes round."""

    left: int


class Node(Actor):
    """Passes a token on, one less."""

    def __init__(self, system: System, address: Address, follower: Address) -> None:
        """Know who is next."""
        super().__init__(system, address)
        self.follower = follower

    def handle(self, message: Message) -> None:
        """Pass it on."""
        if isinstance(message, Token) and message.left:
            self.send(self.follower, Token(left=message.left - 1))


class Passed(msgspec.Struct, frozen=True, tag=True):
    """How many tokens came by."""

    count: int


class RecordedNode(CoreActor):
    """Passes a token on, as a step that is recorded."""

    def __init__(self, system: System, address: Address, follower: Address) -> None:
        """Know who is next."""
        super().__init__(system, address)
        self.follower = follower
        self.passed = Passed(0)

    def step(self, message: Message, now: Timestamp) -> Step:  # noqa: ARG002 - the base's
        """Count it, and pass it on."""
        left = message.left if isinstance(message, Token) else 0
        outbox = (Send(self.follower, Token(left=left - 1)),) if left else ()
        return Step((Passed(self.passed.count + 1),), outbox)

    def apply(self, change: msgspec.Struct) -> None:
        """Take the count."""
        if isinstance(change, Passed):
            self.passed = change


class Sink(Actor):
    """Takes, and does nothing."""

    def handle(self, message: Message) -> None:
        """Do nothing."""


class RawNode(pykka.ThreadingActor):
    """As ``Node``, on a thread of its own."""

    def __init__(self, done: threading.Semaphore) -> None:
        """Know nobody yet."""
        super().__init__()
        self.follower: pykka.ActorRef[Any] | None = None
        self.done = done

    def on_receive(self, message: Token) -> None:
        """Pass it on."""
        if message.left and self.follower is not None:
            self.follower.tell(Token(left=message.left - 1))
        else:
            self.done.release()


def ring(make: Callable[[], Dispatcher], node: Callable[..., Actor], size: int) -> float:
    """Return messages a second round a ring of ours."""
    system = System(make(), VirtualClock(), MemoryJournal(keep=False))
    addresses = [Address(f"node/{number}") for number in range(size)]
    for number, address in enumerate(addresses):
        system.spawn(node, address, addresses[(number + 1) % size])
    begun = time.perf_counter()
    for number in range(TOKENS):
        system.tell(addresses[number * size // TOKENS], Token(left=HOPS // TOKENS - 1))
    if not system.dispatcher.wait_idle(PATIENCE_SECONDS):
        raise TimeoutError("the ring did not come to rest")
    taken = time.perf_counter() - begun
    system.shutdown(PATIENCE_SECONDS)
    return HOPS / taken


def raw_ring(size: int) -> float:
    """Return messages a second round a ring of pykka's threads."""
    done = threading.Semaphore(0)
    refs = [RawNode.start(done) for _ in range(size)]
    for number, ref in enumerate(refs):
        ref.proxy().follower = refs[(number + 1) % size]
    begun = time.perf_counter()
    for number in range(TOKENS):
        refs[number * size // TOKENS].tell(Token(left=HOPS // TOKENS - 1))
    for _ in range(TOKENS):
        done.acquire()
    taken = time.perf_counter() - begun
    pykka.ActorRegistry.stop_all()
    return HOPS / taken


def tell_and_handle(make: Callable[[], Dispatcher]) -> float:
    """Return messages a second told from outside to one actor, until the last is handled."""
    system = System(make(), VirtualClock(), MemoryJournal(keep=False))
    to = Address("sink")
    system.spawn(Sink, to)
    token = Token(left=0)
    begun = time.perf_counter()
    for _ in range(TELLS):
        system.tell(to, token)
    if not system.dispatcher.wait_idle(PATIENCE_SECONDS):
        raise TimeoutError("the sink did not come to rest")
    taken = time.perf_counter() - begun
    system.shutdown(PATIENCE_SECONDS)
    return TELLS / taken


def bytes_per_actor(size: int) -> float:
    """Return the memory of one idle actor of ours, its address and place included."""
    system = System(ProductionDispatcher(), VirtualClock(), MemoryJournal(keep=False))
    before = resident_bytes()
    for number in range(size):
        system.spawn(Node, Address(f"node/{number}"), Address("node/0"))
    grown = resident_bytes() - before
    system.shutdown(PATIENCE_SECONDS)
    return grown / size


def raw_bytes_per_actor(size: int) -> float:
    """Return the memory of one idle actor of pykka's, its thread included."""
    done = threading.Semaphore(0)
    before = resident_bytes()
    for _ in range(size):
        RawNode.start(done)
    grown = resident_bytes() - before
    pykka.ActorRegistry.stop_all()
    return grown / size


def main() -> int:
    """Measure, print, and say which goals are missed."""
    # Memory first: a process that has grown already gives its free memory to the next actors.
    (our_bytes,) = medians(1, lambda: bytes_per_actor(LARGE))
    (raw_bytes,) = medians(1, lambda: raw_bytes_per_actor(SMALL))
    raw, small, large, recorded, simulated, told = medians(
        RUNS,
        lambda: raw_ring(SMALL),
        lambda: ring(ProductionDispatcher, Node, SMALL),
        lambda: ring(ProductionDispatcher, Node, LARGE),
        lambda: ring(ProductionDispatcher, RecordedNode, SMALL),
        lambda: ring(SimulatedDispatcher, Node, SMALL),
        lambda: tell_and_handle(ProductionDispatcher),
    )
    rates = {
        f"pykka ThreadingActor, ring of {SMALL:,}": raw,
        f"dispatched, ring of {SMALL:,}": small,
        f"dispatched, ring of {LARGE:,}": large,
        f"dispatched and recorded, ring of {SMALL:,}": recorded,
        f"simulated dispatcher, ring of {SMALL:,}": simulated,
        "dispatched, told from another thread": told,
    }
    show(
        f"Messages/s, median of {RUNS} runs in one sitting; {machine()}",
        ("what", "messages/s", "µs each", "× pykka"),
        [(what, f"{r:,.0f}", f"{1e6 / r:.2f}", f"{r / raw:.1f}") for what, r in rates.items()],
    )
    show(
        "Bytes an actor, idle",
        ("what", "bytes", "of pykka's"),
        [
            (f"pykka ThreadingActor, {SMALL:,} of them", f"{raw_bytes:,.0f}", "1"),
            (f"dispatched, {LARGE:,}", f"{our_bytes:,.0f}", f"{our_bytes / raw_bytes:.3f}"),
        ],
    )
    print(
        f"Switched on: {TOKENS} tokens under way; envelopes with id, cause and sender; dead"
        " letters; skip reports; counts; a switch interval of 0.5 ms. Recorded: a journal in memory"
        " that encodes and chains each record and keeps none. Off: watchdog, observers, garbage"
        " collection tuning."
    )
    is_fast = large >= GOAL_PER_SECOND
    _judge(f"a ring of {LARGE:,}, messages/s", large, GOAL_PER_SECOND, is_met=is_fast)
    _judge("an idle actor, bytes", our_bytes, GOAL_BYTES, is_met=our_bytes <= GOAL_BYTES)
    return 0


def _judge(what: str, measured: float, goal: float, *, is_met: bool) -> None:
    print(f"Goal {'met' if is_met else 'missed'}: {what}: {measured:,.0f}, goal {goal:,.0f}")


if __name__ == "__main__":
    sys.exit(main())
