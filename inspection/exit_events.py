"""What is said of what a position wants: that it leaves, what is to rest, how refusals go on."""

from collections.abc import Iterator

from actors.position.position import Life
from inspection.heard_events import ALARM, BAD, GOOD, NEWS, PLAIN, Told
from inspection.outcome import cause_words
from messages.base import Message
from messages.position import CloseCause, SalvagePosition, SwitchProtection
from terminal.words import duration


def salvaging(message: Message) -> Iterator[Told]:
    """Say that its core is not asked any more."""
    if isinstance(message, SalvagePosition):
        yield f"an operator had it closed without its core: {message.reason}", ALARM


def wanted(before: Life | None, life: Life, message: Message) -> Iterator[Told]:
    """Say what it wants now and did not want before."""
    was, now = None if before is None else before.position, life.position
    closing = now.closing
    if closing is not None and (was is None or was.closing is None):
        if closing.cause is CloseCause.TIME_LIMIT and now.entered_at is not None:
            held = closing.since - now.entered_at
            limit = life.charter.plan.time_limit_ms or 0
            yield f"it was held for {held:,} ms, and its time limit is {limit:,} ms", NEWS
        yield f"so it wanted out: {cause_words(closing.cause)} ({closing.reason})", NEWS
        if closing.stop_order_until is not None:
            wait = duration(closing.stop_order_until - closing.since)
            yield f"its own stop at the venue may sell first: it gets {wait}", PLAIN
    if was is None:
        return
    if now.protection.is_left and not was.protection.is_left:
        yield "the session ends: a native stop is to rest at the venue", NEWS
    rests = now.protection.rests_stop
    switched = now.protection.switches != was.protection.switches
    if switched and not isinstance(message, SwitchProtection):
        yield f"so the {'stop' if rests else 'take profit'} is to have the exit slot", PLAIN
    if closing is not None and was.closing is not None and closing.refusals > was.closing.refusals:
        pause = "" if closing.retry_at is None else duration(closing.retry_at - now.measured_at)
        yield f"{closing.refusals} refused in a row: it tries again{_after(pause)}", BAD
    is_stuck = closing is not None and closing.is_stuck
    was_stuck = was.closing is not None and was.closing.is_stuck
    if is_stuck and not was_stuck:
        yield "from here on it counts as STUCK: it goes on trying, and a person is called", ALARM
    elif was_stuck and not is_stuck:
        yield "it is stuck no longer", GOOD


def _after(pause: str) -> str:
    return f" after {pause}" if pause else ""
