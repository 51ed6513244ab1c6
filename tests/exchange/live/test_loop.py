"""The loop thread: in from anywhere, out without leaving anything behind."""

import asyncio
import decimal
import socket
import threading

import pytest

from exchange.live.fields import exactly
from exchange.live.loop import LoopThread
from messages.money import MONEY_CONTEXT


def test_work_is_done_on_the_thread_and_its_result_or_error_comes_back() -> None:
    thread = LoopThread("t", pytest.fail)

    async def where() -> str:
        return threading.current_thread().name

    async def fail() -> None:
        raise KeyError("x")

    assert thread.run(where()) == "t"
    with pytest.raises(KeyError):
        thread.run(fail())
    assert thread.stop()


def test_a_stop_cancels_what_runs_does_the_last_thing_and_ends_the_thread() -> None:
    thread = LoopThread("t", pytest.fail)
    began = threading.Event()
    told: list[str] = []

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            told.append("canceled")

    async def last() -> None:
        told.append("last")

    thread.call(thread.spawn, work())
    assert began.wait(5)
    assert thread.stop(last)
    assert told == ["canceled", "last"]
    assert not thread.is_alive()
    assert thread.stop()
    assert not thread.call(told.clear)


def test_a_stop_waits_for_what_closed_connections_still_have_to_say() -> None:
    thread = LoopThread("t", pytest.fail)
    ours, theirs = socket.socketpair()

    async def connect() -> asyncio.Transport:
        transport, _ = await thread.loop.create_connection(asyncio.Protocol, sock=ours)
        return transport

    transport = thread.run(connect())
    heard: list[int] = []

    def hear() -> None:
        while chunk := theirs.recv(1 << 20):
            heard.append(len(chunk))

    async def close() -> None:
        transport.write(bytes(1 << 24))
        transport.close()

    listener = threading.Thread(target=hear)
    listener.start()
    assert thread.stop(close)
    assert ours.fileno() == -1
    listener.join(5)
    assert sum(heard) == 1 << 24
    theirs.close()


def test_what_nobody_awaits_is_told() -> None:
    told: list[str] = []
    thread = LoopThread("t", told.append)

    async def fail() -> None:
        raise ZeroDivisionError("a defect")

    thread.call(thread.spawn, fail())
    assert thread.stop()
    assert [text for text in told if "a defect" in text]


def test_ccxt_may_round_there_and_money_is_exact_all_the_same() -> None:
    thread = LoopThread("t", pytest.fail)

    @exactly
    def divide() -> decimal.Decimal:
        return decimal.Decimal(1) / decimal.Decimal(3)

    async def both() -> str:
        decimal.getcontext().rounding = decimal.ROUND_HALF_UP  # as ccxt does
        assert decimal.Decimal(1) / decimal.Decimal(3) > 0
        with pytest.raises(decimal.Inexact):
            divide()
        return MONEY_CONTEXT.rounding

    assert thread.run(both()) == decimal.ROUND_HALF_EVEN
    assert thread.stop()
