"""The connection's lasting tasks: however one ends, it starts again, and a person hears of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from exchange.live.loop import LibraryStoppedError, as_error
from exchange.live.task_guard import ESCALATED_AT, HEALTHY_SECONDS, TaskGuard
from tests.exchange.live.virtual import run


class Told:
    """What a guard reported."""

    def __init__(self) -> None:
        self.restarts: list[tuple[str, float]] = []
        self.escalated: list[str] = []

    def restarting(self, task: str, pause_seconds: float, text: str) -> None:
        assert task == "the polling"
        self.restarts.append((text, pause_seconds))

    def escalate(self, task: str, text: str) -> None:
        assert task == "the polling"
        self.escalated.append(text)


async def ended() -> None:
    """End silently."""


async def raised() -> None:
    raise KeyError("symbol")


async def canceled_by_a_library() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def exited() -> None:
    raise SystemExit(3)


def told_of(work: Callable[[], Awaitable[None]], seconds: float) -> Told:
    told = Told()

    async def play() -> None:
        guard = TaskGuard(asyncio.get_running_loop().create_task, told, str)
        task = guard.keep("the polling", work)
        await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(play())
    return told


@pytest.mark.parametrize("work", [ended, raised, canceled_by_a_library, exited])
def test_a_task_that_ends_in_any_way_starts_again_with_longer_pauses_and_is_escalated_once(
    work: Callable[[], Awaitable[None]],
) -> None:
    told = told_of(work, 200)
    assert [pause for _, pause in told.restarts] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30]
    assert len(told.escalated) == 1
    assert told.restarts[ESCALATED_AT - 1][0] == told.escalated[0]


def test_failures_long_ago_do_not_count() -> None:
    async def works_for_a_while() -> None:
        await asyncio.sleep(HEALTHY_SECONDS + 1)
        raise KeyError("symbol")

    told = told_of(works_for_a_while, 1_000)
    assert {pause for _, pause in told.restarts} == {0.5}
    assert not told.escalated


def test_a_task_that_is_canceled_by_its_owner_ends() -> None:
    async def waits() -> None:
        await asyncio.sleep(1_000)

    told = told_of(waits, 1)
    assert not told.restarts


def test_a_cancellation_from_within_is_an_error_and_ones_own_is_not() -> None:
    async def play() -> None:
        with pytest.raises(LibraryStoppedError, match="CancelledError"):
            await as_error(canceled_by_a_library())
        task = asyncio.get_running_loop().create_task(as_error(asyncio.sleep(10)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(play())
