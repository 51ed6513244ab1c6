"""The thread on which everything of ccxt lives: one asyncio loop.

Owns its start, the way in from other threads and its end without leaked tasks. Knows no exchange.
"""

import asyncio
import contextvars
import decimal
import selectors
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class LibraryStoppedError(Exception):
    """A library canceled our task, or asked for the end of the process, of its own accord."""


_CCXT_CONTEXT = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""Python's own: ccxt rounds and compares with floats, and changes the context it finds."""

_END_SECONDS = 5.0
_GOODBYE_SECONDS = 1.0
_GOODBYE_TURNS = 50
"""For connections that were closed and whose end takes the loop some more turns."""


class LoopThread:
    """An asyncio loop in a thread of its own."""

    def __init__(self, name: str, on_error: Callable[[str], None]) -> None:
        """Start the thread; ``on_error`` hears, on it, of what nobody awaited."""
        self._on_error = on_error
        self._selector = selectors.DefaultSelector()
        self.loop = asyncio.SelectorEventLoop(self._selector)
        self.loop.set_exception_handler(self._on_loop_error)
        # A call from another thread would bring that thread's context along: exact decimals.
        self._context = contextvars.Context()
        self._context.run(decimal.setcontext, _CCXT_CONTEXT.copy())
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def call(self, function: Callable[..., object], *args: object) -> bool:
        """Call ``function`` on the loop, soon. From any thread; False: the loop has ended."""
        try:
            self._enter(self.loop.call_soon_threadsafe, function, *args)
        except RuntimeError:  # it was closed meanwhile
            return False
        return True

    def run(self, work: Coroutine[Any, Any, T], timeout_seconds: float | None = None) -> T:
        """Do ``work`` on the loop and wait for its result. From any other thread.

        Raises what ``work`` raises, and ``TimeoutError``.
        """
        future = self._enter(asyncio.run_coroutine_threadsafe, work, self.loop)
        return future.result(timeout_seconds)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do ``work`` beside everything else. On the loop only."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def stop(self, last: Callable[[], Awaitable[None]] | None = None) -> bool:
        """Cancel what was spawned, do ``last`` and end the thread; False: it did not end in time.

        From any other thread; again, it does nothing.
        """
        if self._is_open:
            self._is_open = False
            self._enter(asyncio.run_coroutine_threadsafe, self._end(last), self.loop)
        self._thread.join(_END_SECONDS)
        return not self._thread.is_alive()

    def _enter(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` in the loop's context, not in the caller's."""
        return self._context.copy().run(function, *args, **kwargs)

    def _run(self) -> None:
        decimal.setcontext(_CCXT_CONTEXT.copy())
        asyncio.set_event_loop(self.loop)
        try:
            while True:
                try:
                    self.loop.run_forever()
                except (SystemExit, KeyboardInterrupt) as error:  # a library's, in a callback
                    self._on_error(f"a library asked for the end: {type(error).__name__}")
                else:
                    break
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    async def _end(self, last: Callable[[], Awaitable[None]] | None) -> None:
        try:
            await _cancel(self._tasks)
            if last is not None:
                await last()
            await _cancel(asyncio.all_tasks() - {asyncio.current_task()})
            await connections_closed(self._selector, _GOODBYE_SECONDS)
        except Exception as error:  # noqa: BLE001 - the thread must end all the same
            self._on_error(f"closing: {error}")
        finally:
            self.loop.stop()

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_error(f"{task.get_coro()!r} raised {type(error).__name__}: {error}")

    def _on_loop_error(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._on_error(f"{context.get('message')}: {type(error).__name__}: {error}")


async def as_error(work: Awaitable[T]) -> T:
    """Await ``work``; turn a cancellation that is not the running task's own into an error.

    Raises ``LibraryStoppedError``, also where a library calls ``sys.exit``.
    """
    try:
        return await work
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise LibraryStoppedError(f"{type(error).__name__}: {error}") from error


async def connections_closed(selector: selectors.BaseSelector, seconds: float) -> None:
    """Wait until the running loop has let go of its closed connections, at most about ``seconds``.

    A loop that ends at once leaves their sockets open. Raises ``TimeoutError``.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    turns = 0
    while len(selector.get_map()) > 1:  # the loop's own wake-up stays
        if turns >= _GOODBYE_TURNS and loop.time() >= until:  # a busy machine gets its turns late
            raise TimeoutError(f"{len(selector.get_map()) - 1} connections did not end")
        turns += 1
        await asyncio.sleep(0.001)


async def _cancel(tasks: "set[asyncio.Task[Any]] | set[asyncio.Task[Any] | None]") -> None:
    waiting = [task for task in tasks if task is not None]
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting, timeout=_END_SECONDS / 2)
