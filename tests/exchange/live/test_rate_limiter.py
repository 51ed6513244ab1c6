"""The throttle: who goes first, what is reserved, what a venue's pause does."""

import asyncio

import pytest

from exchange.live.errors import PausedError, RetryableError
from exchange.live.rate_limiter import ENDPOINT, PATIENCE_MS, PLACES, URGENCY, Throttle
from exchange.live.rate_limits import Demand
from exchange.profiles.rate_rules import Scope
from messages.base import Milliseconds
from messages.orders import Priority
from tests.exchange.live.virtual import run

MS_PER_TOKEN = 50.0
PAUSE_OF_3_S = Demand(scope=Scope.ADDRESS, wait_ms=3_000)


def a_throttle() -> Throttle:
    loop = asyncio.get_running_loop()
    return Throttle(MS_PER_TOKEN, lambda: loop.time() * 1000, loop.call_later)


class Queue:
    """Requests of several urgencies, and when each was let out (ms)."""

    def __init__(self) -> None:
        self.throttle = a_throttle()
        self.out: list[tuple[str, float]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def add(self, name: str, urgency: Priority, cost: float = 1.0) -> None:
        self.tasks.append(asyncio.ensure_future(self._pass(name, urgency, cost)))

    async def _pass(self, name: str, urgency: Priority, cost: float) -> None:
        URGENCY.set(urgency)
        await self.throttle.pass_(cost)
        self.out.append((name, asyncio.get_running_loop().time() * 1000))

    async def names(self) -> list[str]:
        await asyncio.gather(*self.tasks)
        return [name for name, _ in self.out]

    def at(self, name: str) -> float:
        return next(at for one, at in self.out if one == name)


def test_exits_go_before_protection_before_entries_before_queries() -> None:
    async def play() -> list[str]:
        queue = Queue()
        queue.add("first", Priority.ENTRY, cost=40)  # uses up what may go at once
        await asyncio.sleep(0)
        for urgency in reversed(Priority):
            queue.add(urgency.name, urgency, cost=60)
        return await queue.names()

    assert run(play()) == ["first", "EXIT", "PROTECTION", "ENTRY", "QUERY"]


def test_of_equal_urgency_an_order_goes_before_look_ups() -> None:
    async def play() -> list[str]:
        queue = Queue()
        queue.add("first", Priority.ENTRY, cost=40)
        await asyncio.sleep(0)
        for number in range(3):
            queue.add(f"look-up {number}", Priority.PROTECTION, cost=60)
        PLACES.set(True)
        queue.add("stop", Priority.PROTECTION, cost=60)
        PLACES.set(False)
        return await queue.names()

    assert run(play()) == ["first", "stop", "look-up 0", "look-up 1", "look-up 2"]


def test_equals_go_in_the_order_in_which_they_came() -> None:
    async def play() -> list[str]:
        queue = Queue()
        for number in range(20):
            queue.add(str(number), Priority.ENTRY)
        return await queue.names()

    assert run(play()) == [str(number) for number in range(20)]


def test_an_exit_behind_two_hundred_polls_leaves_at_once_out_of_the_reserve() -> None:
    async def play() -> float:
        queue = Queue()
        for number in range(200):
            queue.add(f"poll{number}", Priority.QUERY, cost=4)
        await asyncio.sleep(1)
        asked_at = asyncio.get_running_loop().time() * 1000
        queue.add("exit", Priority.EXIT, cost=4)
        await queue.tasks[-1]
        for task in queue.tasks:
            task.cancel()
        return queue.at("exit") - asked_at

    assert run(play()) == 0


def test_a_deep_debt_of_others_does_not_hold_an_exit() -> None:
    async def play() -> tuple[float, float]:
        queue = Queue()
        queue.add("heavy", Priority.ENTRY, cost=400)
        await asyncio.sleep(0)
        queue.add("exit", Priority.EXIT)
        queue.add("entry", Priority.ENTRY)
        await queue.names()
        return queue.at("exit"), queue.at("entry")

    exit_at, entry_at = run(play())
    assert exit_at == 0
    assert entry_at > 10_000


def test_protection_does_not_wait_for_a_look_at_fills_and_leaves_exits_their_part() -> None:
    """As on MEXC, where a look at fills counts as ten orders."""

    async def play() -> Queue:
        queue = Queue()
        for number in range(2):
            queue.add(f"look{number}", Priority.ENTRY, cost=10)
        await asyncio.sleep(0)
        for number in range(4):
            queue.add(f"protection{number}", Priority.PROTECTION)
        await asyncio.sleep(0)
        queue.add("look of protection", Priority.PROTECTION, cost=10)
        for number in range(3):
            queue.add(f"exit{number}", Priority.EXIT)
        await queue.names()
        return queue

    queue = run(play())
    assert [queue.at(f"protection{number}") for number in range(2)] == [0, 0]
    assert queue.at("protection2") > 0
    assert [queue.at(f"exit{number}") for number in range(3)] == [0, 0, 0]
    assert queue.at("look of protection") > queue.at("protection3") > 100


def test_queries_use_half_of_the_rate_and_leave_the_rest() -> None:
    async def play() -> tuple[float, float]:
        queue = Queue()
        for number in range(100):
            queue.add(f"poll{number}", Priority.QUERY)
        await asyncio.sleep(3)
        asked_at = asyncio.get_running_loop().time() * 1000
        queue.add("entry", Priority.ENTRY)
        await queue.names()
        return queue.at("entry") - asked_at, queue.at("poll99")

    waited, last = run(play())
    assert waited == 0
    assert last >= 90 * MS_PER_TOKEN * 2


def test_in_the_long_run_no_more_leaves_than_the_venue_allows() -> None:
    async def play() -> float:
        queue = Queue()
        for number in range(400):
            queue.add(str(number), Priority.EXIT if number % 2 else Priority.ENTRY)
        await queue.names()
        return max(at for _, at in queue.out)

    assert run(play()) >= 390 * MS_PER_TOKEN - 1_000


def test_a_pause_that_the_venue_demands_holds_exits_too() -> None:
    async def play() -> float:
        queue = Queue()
        queue.throttle.refused(PAUSE_OF_3_S)
        queue.add("exit", Priority.EXIT)
        await queue.names()
        return queue.at("exit")

    assert run(play()) == pytest.approx(3_000)


def test_who_does_not_wait_any_more_takes_no_tokens() -> None:
    async def play() -> list[str]:
        queue = Queue()
        queue.throttle.refused(PAUSE_OF_3_S)
        for number in range(50):
            queue.add(f"gone{number}", Priority.EXIT, cost=100)
        await asyncio.sleep(0.5)
        for task in queue.tasks:
            task.cancel()
        queue.tasks.clear()
        await asyncio.sleep(0)
        assert queue.throttle.waiting == 0
        queue.add("later", Priority.ENTRY)
        return await queue.names()

    assert run(play()) == ["later"]


def test_a_submit_that_waits_too_long_is_surely_not_sent() -> None:
    async def play() -> None:
        throttle = a_throttle()
        await throttle.pass_(1_000)
        PATIENCE_MS.set(5_000)
        await throttle.pass_(1)

    with pytest.raises(RetryableError, match="not sent: 5000 ms in the queue"):
        run(play())


DAY_MS = 86_400_000


async def ask(throttle: Throttle, priority: Priority, endpoint: str, *, places: bool) -> float:
    """Make a request in a task of its own; return when it went out (ms), or raise."""

    async def make() -> float:
        URGENCY.set(priority)
        ENDPOINT.set(endpoint)
        PLACES.set(places)
        await throttle.pass_(1)
        return asyncio.get_running_loop().time() * 1000

    return await asyncio.create_task(make())


async def refuse(throttle: Throttle, demand: Demand, endpoint: str = "GET account") -> None:
    async def hear() -> None:
        ENDPOINT.set(endpoint)
        throttle.refused(demand)

    await asyncio.create_task(hear())


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        (Scope.ENDPOINT, {"poll"}),
        (Scope.ORDERS, {"entry", "exit"}),
        (Scope.ADDRESS, {"poll", "entry", "exit", "cancel", "look"}),
    ],
)
def test_a_pause_holds_what_its_limit_counts_and_nothing_else(scope: Scope, held: set[str]) -> None:
    requests = {
        "poll": (Priority.QUERY, "GET account", False),
        "look": (Priority.ENTRY, "GET order", False),
        "entry": (Priority.ENTRY, "POST order", True),
        "exit": (Priority.EXIT, "POST order", True),
        "cancel": (Priority.EXIT, "DELETE order", False),
    }

    async def play() -> dict[str, Milliseconds | None]:
        throttle = a_throttle()
        await refuse(throttle, Demand(scope=scope, wait_ms=60_000))
        waits = {}
        for name, (priority, endpoint, places) in requests.items():
            try:
                await ask(throttle, priority, endpoint, places=places)
            except PausedError as error:
                waits[name] = error.retry_after_ms
        return waits

    assert run(play()) == dict.fromkeys(held, pytest.approx(60_000, abs=2_000))


def test_what_a_short_pause_holds_does_not_hold_what_comes_behind_it() -> None:
    async def play() -> tuple[float, float]:
        throttle = a_throttle()
        await refuse(throttle, Demand(scope=Scope.ENDPOINT, wait_ms=3_000), "POST order")
        held = asyncio.create_task(ask(throttle, Priority.EXIT, "POST order", places=True))
        await asyncio.sleep(0)
        passed = await ask(throttle, Priority.QUERY, "GET time", places=False)
        return passed, await held

    assert run(play()) == pytest.approx((0, 3_000))


def test_nothing_goes_out_during_a_ban_however_long_it_is() -> None:
    async def play() -> None:
        throttle = a_throttle()
        await refuse(throttle, Demand(scope=Scope.ADDRESS, wait_ms=2 * DAY_MS, is_ban=True))
        await refuse(throttle, Demand(scope=Scope.ADDRESS, wait_ms=1_000, is_ban=True))
        await refuse(throttle, Demand(scope=Scope.ADDRESS, wait_ms=1_000))
        for _ in range(47):
            await asyncio.sleep(3_600)
            with pytest.raises(PausedError):
                await ask(throttle, Priority.EXIT, "POST order", places=True)
        await asyncio.sleep(3_601)
        await ask(throttle, Priority.QUERY, "GET account", places=False)

    run(play())


def test_in_an_implausible_pause_one_exit_probes_and_the_pauses_between_probes_double() -> None:
    async def play() -> list[float]:
        throttle = a_throttle()
        await refuse(throttle, Demand(scope=Scope.ADDRESS, wait_ms=DAY_MS))
        out = []
        for _ in range(2_000):
            with pytest.raises(PausedError):
                await ask(throttle, Priority.PROTECTION, "POST order", places=True)
            try:
                out.append(await ask(throttle, Priority.EXIT, "POST order", places=True) / 1000)
            except PausedError:
                await asyncio.sleep(1)
        return out

    assert run(play()) == pytest.approx([120, 360, 840, 1_800], abs=2)


def test_a_probe_that_is_answered_ends_the_pause_for_all() -> None:
    async def play() -> float:
        throttle = a_throttle()
        await refuse(throttle, Demand(scope=Scope.ADDRESS, wait_ms=DAY_MS))
        await asyncio.sleep(121)

        async def probe() -> None:
            URGENCY.set(Priority.EXIT)
            ENDPOINT.set("POST order")
            await throttle.pass_(1)
            throttle.answered()

        await asyncio.create_task(probe())
        return await ask(throttle, Priority.QUERY, "GET account", places=False)

    assert run(play()) == pytest.approx(121_000)
