"""What an order does when the gateway answers, or when it does not: pure, one order at a time.

Owns the meaning of each answer and of each deadline. An answer to a request that is not under way
is late or doubled: it changes nothing, unless it is a report, which is always a fact.
"""

from typing import NamedTuple

from msgspec.structs import replace

from actors.order_router.absence import after_look, look_wait_ms
from actors.order_router.backoff import look_up_pause_ms, retry_pause_ms
from actors.order_router.facts import merge, with_status
from actors.order_router.order import (
    Errand,
    Request,
    RoutedOrder,
    VenueStream,
    is_live,
    is_under_way,
    priority_of,
)
from actors.order_router.requests import (
    ask_for_money,
    end,
    go_on,
    pause,
    send,
    settle,
    want_cancel,
    withdraw,
)
from actors.order_router.states import Input, is_back_from_the_dead, is_ignored
from actors.order_router.timing import (
    BETWEEN_LOOKS_MS,
    RequestTiming,
    after_move,
    has_deadline,
    shown_time,
)
from config.settings import RouterSettings
from messages.base import Timestamp
from messages.market import RequestTerms
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    SubmitFailed,
    WholeLook,
)
from messages.orders import OrderFacts, OrderStatus, Priority, RejectReason, Side

_LATE_AT_ONCE = 3
"""Copies that are sent again at once, in a row, after the one before was too late."""


def reported(
    order: RoutedOrder, told: OrderFacts, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Take in what the venue says of the order: an ack, an event or the answer to a look-up."""
    facts = merge(order.facts, told)
    if order.facts.is_terminal and facts is order.facts:
        return _rested(order, settings, now)
    is_answer = told.status is not OrderStatus.UNKNOWN
    after = replace(
        order,
        facts=facts,
        errand=None if _answers(order.errand) else order.errand,
        is_seen=order.is_seen or is_answer,
        not_found=0,
        not_found_since=None,
        not_found_at=None,
        look=None,
        forget_at=None,
    )
    if facts.is_terminal:
        ended = end(after, settings, now)
        # What asks for its money goes on to ask more and more slowly.
        return replace(ended, tries=order.tries) if order.facts.is_terminal else ended
    if order.facts.status is OrderStatus.SUBMITTED and facts.status is OrderStatus.UNKNOWN:
        return settle(after, settings, now)
    if is_live(after) and not is_live(order) and order.request.wait_ms is not None:
        after = replace(after, wait_ends_at=Timestamp(now + order.request.wait_ms))
    if is_back_from_the_dead(order.facts.status, facts.status):
        return want_cancel(after, Priority.EXIT, settings, now)
    return go_on(after, settings, now)


def _rested(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Return an order that is over as before, without the look-up that said so."""
    return order if order.errand is None else ask_for_money(order, settings, now)


def _answers(errand: Errand | None) -> bool:
    """Return whether a report makes ``errand`` needless: all but a cancel, which wants an end."""
    return errand is not None and errand.request is not Request.CANCEL


class Known(NamedTuple):
    """What is known of the venue when it answers a look-up."""

    venue: VenueStream
    timing: RequestTiming
    venue_time: Timestamp | None
    """The venue's own time, of an answer that was there before the look-up was sent."""
    look: WholeLook | None = None


def submit_failed(
    order: RoutedOrder, failure: SubmitFailed, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Take in that a submit got no ack. The gateway says so once for each submit, or never."""
    if failure.signed_at is not None and order.sign_by is not None:
        order = replace(order, signed_at=failure.signed_at)
    if failure.kind is FailureKind.RETRYABLE:
        again = _too_late if failure.was_late else _not_sent
        return again(order, failure, settings, now)
    is_refused = failure.kind is FailureKind.REJECTED
    # Where another order has the id, no refusal says that none of ours came before.
    if is_refused and failure.reason is not RejectReason.DUPLICATE_ID and not order.conflict:
        facts = with_status(order.facts, Input.SUBMIT_REJECTED, failure.reason, failure.text)
        if facts is order.facts:
            return order
        return end(replace(order, facts=facts), settings, now)
    facts = with_status(order.facts, Input.SUBMIT_UNKNOWN)
    if facts is order.facts:
        return order
    unknown = replace(order, facts=facts, tries=0)
    if is_refused:
        # The id is in use: an earlier submit arrived after all. It lives, so only look.
        return send(unknown, Request.LOOK_UP, settings, now)
    return settle(unknown, settings, now)


def _too_late(
    order: RoutedOrder, failure: SubmitFailed, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Send it again at once, with a later deadline: this copy surely never reaches the engine.

    Later ones after a pause. What sells is never given up for it.
    """
    if order.facts.status is OrderStatus.UNKNOWN and not order.is_seen:
        # It was the only copy without an answer.
        facts = with_status(order.facts, Input.NOT_AT_VENUE, RejectReason.NEVER_PLACED)
        return end(replace(order, facts=facts), settings, now)
    facts = with_status(order.facts, Input.SUBMIT_RETRYABLE, failure.reason, failure.text)
    if facts is order.facts:
        return order
    # One that was not signed, or was by a clock that had moved, says nothing of the window.
    is_slow = failure.signed_at is not None and order.clock_moved_at is None
    late = order.late + is_slow
    back = replace(order, facts=facts, late=late)
    if order.cancel is not None:
        return withdraw(back, settings, now)
    if order.tries <= _LATE_AT_ONCE:
        return send(back, Request.SUBMIT, settings, now)
    if order.request.side is Side.SELL:
        return pause(back, Request.SUBMIT, retry_pause_ms(back, settings), now)
    return _not_sent(replace(order, late=late), failure, settings, now)


def _not_sent(
    order: RoutedOrder, failure: SubmitFailed, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Send it again after a pause: it surely did not arrive."""
    facts = with_status(order.facts, Input.SUBMIT_RETRYABLE, failure.reason, failure.text)
    if facts is order.facts:
        return order
    back = replace(order, facts=facts)
    if order.cancel is not None:
        return withdraw(back, settings, now)
    if order.tries >= settings.retry_attempts:
        given_up = with_status(facts, Input.GAVE_UP, failure.reason, failure.text)
        return end(replace(back, facts=given_up), settings, now)
    pause_ms = retry_pause_ms(order, settings, failure.retry_after_ms)
    return pause(back, Request.SUBMIT, pause_ms, now)


def held(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Begin anew to wait for the answer: nothing of the order has left yet.

    Told often, it is written down only now and then.
    """
    errand = order.errand
    overdue_at = Timestamp(now + settings.answer_timeout_ms)
    if errand is None or not errand.is_sent:
        return order
    if overdue_at - errand.at < settings.answer_timeout_ms // 2:
        return order
    return replace(order, errand=replace(errand, at=overdue_at))


def cancel_failed(
    order: RoutedOrder, failure: CancelFailed, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Look what became of the order, never assume; a cancel that surely did not go is repeated."""
    if not is_under_way(order, Request.CANCEL):
        return order
    if failure.kind is FailureKind.RETRYABLE and order.cancel is not None:
        pause_ms = retry_pause_ms(order, settings, failure.retry_after_ms)
        return pause(order, Request.CANCEL, pause_ms, now)
    if failure.retry_after_ms is not None:
        return pause(order, Request.LOOK_UP, failure.retry_after_ms, now)
    return send(order, Request.LOOK_UP, settings, now)


def not_found(
    order: RoutedOrder, known: Known, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Count an answer that proves nothing alone; conclude from enough of them."""
    venue = known.venue
    if not is_under_way(order, Request.LOOK_UP):
        return order
    if order.facts.is_terminal:
        return _rested(
            order, settings, now
        )  # the venue listed more of it: it is asked again if it still does
    if is_ignored(order.facts.status, Input.NOT_FOUND):
        return order
    terms = known.timing.terms
    if terms is not None and terms.settle_ms is not None and has_deadline(order):
        return _not_found_by_time(order, known, terms, settings, now)
    counted = _count_not_found(order, venue, now)
    # Of an id that another order has, "not found" proves nothing.
    if order.conflict or not _is_proved(counted, settings, now):
        return pause(counted, Request.LOOK_UP, look_up_pause_ms(counted, settings), now)
    return _not_at_venue(order, counted, settings, now)


def _not_found_by_time(
    order: RoutedOrder,
    known: Known,
    terms: RequestTerms,
    settings: RouterSettings,
    now: Timestamp,
) -> RoutedOrder:
    """Conclude from two looks that were sent after the venue had shown that it takes it no more."""
    at = shown_time(known.venue_time, _asked_at(order, settings, now), known.timing)
    counted = _count_not_found(order, known.venue, now)
    if not known.venue.up or counted.not_found == 1:
        counted = replace(counted, not_found_at=None)  # the stream was down since
    if order.is_probe and order.signed_at is None and at is not None:
        # Its process is dead since: nothing is signed after this moment.
        counted = replace(counted, signed_at=at)
    is_proven = False
    if at is not None and known.venue.up and not order.conflict:
        counted, is_proven = after_look(counted, at, known.look, terms)
    if is_proven:
        return _not_at_venue(order, counted, settings, now)
    if counted.look_up_next:  # the stream was down when it was asked: once more, at once
        return send(counted, Request.LOOK_UP, settings, now)
    return _until_next_look(counted, known.timing, settings, now)


def _until_next_look(
    order: RoutedOrder, timing: RequestTiming, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Wait until a look can count.

    An order that comes is found by its event; a look in between finds one whose event is lost.
    """
    longest = look_up_pause_ms(order, settings)
    wanted = look_wait_ms(order, timing, now)
    wait_ms = longest if wanted is None else wanted or BETWEEN_LOOKS_MS
    return pause(order, Request.LOOK_UP, min(wait_ms, max(longest, BETWEEN_LOOKS_MS)), now)


def clock_moved(
    order: RoutedOrder, timing: RequestTiming, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Take in that the venue's clock moved against ours: the next look waits by the new time."""
    moved = after_move(order, timing, now)
    errand = moved.errand
    if errand is None or errand.is_sent or errand.request is not Request.LOOK_UP:
        return moved
    if not has_deadline(moved) or timing.terms is None or timing.terms.settle_ms is None:
        return moved
    return _until_next_look(moved, timing, settings, now)


def _not_at_venue(
    order: RoutedOrder, counted: RoutedOrder, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    facts = with_status(order.facts, Input.NOT_AT_VENUE, RejectReason.NEVER_PLACED)
    if facts.is_terminal:
        return end(replace(counted, facts=facts), settings, now)
    lost = replace(counted, facts=facts, not_found=0, not_found_since=None)
    return pause(lost, Request.LOOK_UP, look_up_pause_ms(lost, settings), now)


def _count_not_found(order: RoutedOrder, venue: VenueStream, now: Timestamp) -> RoutedOrder:
    """Count on one healthy stretch of the stream only: a venue in trouble finds nothing."""
    if not venue.up:
        return order
    since = order.not_found_since
    if since is None or since < venue.since:
        return replace(order, not_found=1, not_found_since=now)
    return replace(order, not_found=order.not_found + 1)


def _is_proved(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> bool:
    """Return whether the not-founds say enough.

    The last one counts from when it was asked for: an answer that was long on its way says how it
    was, and the order may have come since. An order that the venue has shown before and that is
    lost since may have filled. It stays unknown, and its position is told so, for as long as
    terminal orders are remembered.
    """
    if order.not_found_since is None or order.not_found < settings.unknown_not_found_needed:
        return False
    is_lost = order.is_seen and order.facts.status is OrderStatus.UNKNOWN
    needed_ms = settings.terminal_ttl_ms if is_lost else settings.unknown_settle_ms
    return _asked_at(order, settings, now) - order.not_found_since >= needed_ms


def _asked_at(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> int:
    """Return when the request under way was sent."""
    return now if order.errand is None else order.errand.at - settings.answer_timeout_ms


def look_up_failed(
    order: RoutedOrder, failure: LookUpFailed, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Look again after a pause."""
    if not is_under_way(order, Request.LOOK_UP):
        return order
    pause_ms = retry_pause_ms(order, settings, failure.retry_after_ms)
    return pause(order, Request.LOOK_UP, pause_ms, now)


def reconnected(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Look the order up: the stream was down, and events may be lost."""
    is_over = order.facts.is_terminal and order.facts.is_complete
    if is_over or order.facts.status is OrderStatus.NEW:
        return order
    if is_under_way(order):
        # What is under way was asked while the stream was down: look once more after it.
        return replace(order, look_up_next=True)
    return send(order, Request.LOOK_UP, settings, now)


def restarted(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Look the order up at once: what the dead process asked for it is answered by nobody."""
    if order.facts.is_terminal:
        return send(order, Request.LOOK_UP, settings, now) if is_under_way(order) else order
    if order.facts.status is OrderStatus.NEW:
        return order
    facts = with_status(order.facts, Input.SUBMIT_UNKNOWN)
    return send(replace(order, facts=facts, tries=0), Request.LOOK_UP, settings, now)


def doubted(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Look the order up: the venue lists more of it than we know. One that is over, too."""
    if not order.facts.is_terminal:
        return order if order.is_probe else reconnected(order, settings, now)
    return order if is_under_way(order) else send(order, Request.LOOK_UP, settings, now)


def woken(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Do what the order's deadlines ask for; one that has not come yet asks for nothing."""
    if order.wait_ends_at is not None and now >= order.wait_ends_at:
        waited = replace(order, wait_ends_at=None)
        order = want_cancel(waited, priority_of(order), settings, now)
    errand = order.errand
    if errand is None or now < errand.at:
        return order
    if errand.is_sent:
        return _overdue(order, errand, settings, now)
    return send(order, errand.request, settings, now)


def _overdue(
    order: RoutedOrder, errand: Errand, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Go on without the answer to a request: it is lost."""
    match errand.request:
        case Request.SUBMIT:
            facts = with_status(order.facts, Input.SUBMIT_UNKNOWN)
            return settle(replace(order, facts=facts), settings, now)
        case Request.CANCEL:
            return send(order, Request.LOOK_UP, settings, now)
        case Request.LOOK_UP:
            return pause(order, Request.LOOK_UP, retry_pause_ms(order, settings), now)
