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
    said = (halt(), resume(), halt())
    assert not any(again.is_outdated(message, is_again=False) for message in said)


def test_a_skipped_one_is_taken_in_if_nothing_was_said_since() -> None:
    again, message = Again(), halt()
    again.queue(message)
    assert not again.is_outdated(message, is_again=True)


def test_a_skipped_one_is_dropped_once_a_newer_one_was_heard() -> None:
    again, skipped = Again(), resume()
    again.queue(skipped)
    assert not again.is_outdated(halt(), is_again=False)
    assert again.is_outdated(skipped, is_again=True)


def test_of_two_skipped_ones_the_later_one_counts() -> None:
    again, first, second = Again(), halt(), resume()
    again.queue(first)
    again.queue(second)
    assert again.is_outdated(first, is_again=True)
    assert not again.is_outdated(second, is_again=True)


def test_one_that_raised_after_it_was_let_through_keeps_its_place() -> None:
    again, raising, newer = Again(), resume(), halt()
    assert not again.is_outdated(raising, is_again=False)
    again.queue(raising)
    assert not again.is_outdated(newer, is_again=False)
    assert again.is_outdated(raising, is_again=True)


def test_the_same_thing_said_twice_is_two_messages() -> None:
    again, same = Again(), halt()
    again.queue(same)
    assert not again.is_outdated(same, is_again=False)
    assert not again.is_outdated(resume(), is_again=False)
    assert again.is_outdated(same, is_again=True)
