"""A message that queues again does not undo what was said after it."""

from itertools import count

from actors.again import Again
from messages.base import Message
from messages.guardian import Halt, Resume

reasons = map(str, count())


def halt() -> Message:
    return Halt(reason=next(reasons))


def resume() -> Message:
    return Resume(reason=next(reasons))


def test_messages_that_were_not_skipped_are_taken_in() -> None:
    again = Again()
    assert not any(again.is_outdated(message) for message in (halt(), resume(), halt()))


def test_a_skipped_one_is_taken_in_if_nothing_was_said_since() -> None:
    again, message = Again(), halt()
    again.queue(message)
    assert not again.is_outdated(message)


def test_a_skipped_one_is_dropped_once_a_newer_one_was_heard() -> None:
    again, skipped = Again(), resume()
    again.queue(skipped)
    assert not again.is_outdated(halt())
    assert again.is_outdated(skipped)


def test_of_two_skipped_ones_the_later_one_counts() -> None:
    again, first, second = Again(), halt(), resume()
    again.queue(first)
    again.queue(second)
    assert again.is_outdated(first)
    assert not again.is_outdated(second)


def test_one_that_raised_after_it_was_let_through_keeps_its_place() -> None:
    again, raising, newer = Again(), resume(), halt()
    assert not again.is_outdated(raising)
    again.queue(raising)
    assert not again.is_outdated(newer)
    assert again.is_outdated(raising)
