"""What is done to a program in a round of each situation: the same to every program.

The market's script and the faults on the wire; what is read from the ledger is in ``figures``.
"""

from benchmarks.seconds.round import LOST_BY, WON_BY, Round
from exchange.server.control import Release
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind

BUY, SELL = "side=BUY", "side=SELL"
SILENT_SECONDS = 60.0
WARM_SECONDS = 60.0
WINDOW_SECONDS = 60.0


def fault(
    kind: WireFaultKind, call: Call = Call.SUBMIT, text: str = SELL, *, acted: bool = False
) -> WireFault:
    """Return a fault of one request; ``acted``: the venue executed it before."""
    return WireFault(on=call, kind=kind, containing=text, acted=acted)


def lost(call: Call, text: str = "") -> WireFault:
    """Return the loss of every event of a kind."""
    return WireFault(on=call, kind=WireFaultKind.LOST, containing=text, times=FOR_EVER)


def started_flat(one: Round) -> None:
    """Nothing is held, and the strategy wants to enter when the program starts again."""
    one.rig.move(1.0)
    one.kill()
    one.rig.open_gate()
    one.start()
    one.enter()
    one.settle()
    one.leave()


def killed_while_holding(one: Round) -> None:
    """Nothing is under way; the price falls through the stop while the process is dead."""
    one.enter()
    one.settle()
    one.kill()
    one.cross(LOST_BY)
    one.start()
    one.wait_until_flat()


def killed_with_protection(one: Round) -> None:
    """The order that protects is sent, unanswered, and never executed."""
    since = one.rig.place_now()
    one.plan(fault(WireFaultKind.STALL))
    one.enter()
    one.wait_for_request(Call.SUBMIT, since, SELL)
    _start_again_and_cover(one)


def killed_with_entry(one: Round) -> None:
    """The entry is executed and unanswered; its protection was never signed."""
    event = '"S":"BUY"'
    one.plan(fault(WireFaultKind.STALL, text=BUY, acted=True), lost(Call.ORDER_EVENT, event))
    one.enter()
    _start_again_and_cover(one)


def killed_after_cancel(one: Round) -> None:
    """The cancel of what rests is executed and unanswered; nothing is sent in its place yet."""
    one.enter()
    one.settle()
    since = one.rig.place_now()
    unheard = lost(Call.ORDER_EVENT, '"S":"SELL"')  # else the sell is sent within milliseconds
    one.plan(fault(WireFaultKind.STALL, Call.CANCEL, "", acted=True), unheard)
    one.cross(WON_BY)
    one.wait_for_request(Call.CANCEL, since)
    _start_again_and_sell(one)


def killed_with_sell(one: Round) -> None:
    """What rested is canceled; the order that sells is sent, unanswered, and never executed."""
    one.enter()
    one.settle()
    since = one.rig.place_now()
    one.plan(fault(WireFaultKind.STALL))
    one.cross(WON_BY)
    one.wait_for_request(Call.SUBMIT, since, SELL)
    _start_again_and_sell(one)


def exit_timed_out(one: Round) -> None:
    """The order that sells at the stop is not answered and never executed."""
    one.enter()
    one.settle()
    one.plan(fault(WireFaultKind.STALL))
    one.cross(LOST_BY)
    one.wait_until_flat()


def protection_timed_out(one: Round) -> None:
    """The order that protects is not answered and never executed."""
    one.plan(fault(WireFaultKind.STALL))
    one.enter()
    one.wait_until_covered()
    one.rig.pause(2)
    one.leave()


def protection_answered_502(one: Round) -> None:
    """The order that protects is executed and answered with 502."""
    one.plan(fault(WireFaultKind.BAD_GATEWAY, acted=True))
    one.enter()
    one.wait_until_covered()
    one.rig.pause(4)
    one.wait_until_covered()
    one.leave()


def stop_while_unanswered(one: Round) -> None:
    """The target is executed, shown by the stream and unanswered when the stop is crossed."""
    one.plan(fault(WireFaultKind.STALL, acted=True))
    one.enter()
    one.settle(0.5, 0)
    one.cross(LOST_BY)
    one.wait_until_flat()


def fill_event_lost(one: Round) -> None:
    """What rests fills, and no event says so; the gate is open again."""
    one.enter()
    one.settle(1, 30)
    one.plan(lost(Call.ORDER_EVENT, '"S":"SELL"'))
    since = one.rig.place_now()
    one.rig.open_gate()
    one.cross(LOST_BY if one.rig.program.mode == "on_exchange" else WON_BY)
    one.wait_until_flat()
    one.wait_for_request(Call.SUBMIT, since, BUY)
    one.rig.close_gate()
    one.plan()
    one.settle(1, 0)
    one.rig.cross(LOST_BY * LOST_BY)
    one.wait_until_flat()


def quotes_lost(one: Round) -> None:
    """The stream of quotes is silent for 60 s; after 10 s the stop is crossed."""
    one.enter()
    one.settle()
    one.plan(lost(Call.QUOTE_EVENT))
    one.rig.pause(10)
    one.cross(LOST_BY)
    one.rig.wait(lambda: one.rig.books.is_flat, SILENT_SECONDS - 10)
    one.plan()
    one.wait_until_flat()


def quotes_lost_at_once(one: Round) -> None:
    """The stop is crossed as soon as the stream of quotes is silent."""
    one.enter()
    one.settle()
    one.plan(lost(Call.QUOTE_EVENT))
    one.cross(LOST_BY)
    one.wait_until_flat()


def quotes_lost_and_unanswered(one: Round) -> None:
    """As before, and no question about prices is answered either: none can know."""
    stalled = (
        WireFault(on=call, kind=WireFaultKind.STALL, times=FOR_EVER)
        for call in (Call.QUOTES, Call.CANDLES)
    )
    one.enter()
    one.settle()
    one.plan(lost(Call.QUOTE_EVENT), *stalled)
    one.rig.pause(10)
    one.cross(LOST_BY)
    one.rig.pause(SILENT_SECONDS - 10)
    one.plan()
    one.rig.server.send(Release())
    one.wait_until_flat()


def steady_and_flat(one: Round) -> None:
    """Nothing is held and the strategy wants nothing."""
    if one.is_first:
        one.rig.pause(WARM_SECONDS)
    _watch(one)


def steady_and_holding(one: Round) -> None:
    """Positions are open and nothing happens to them."""
    if one.is_first:
        one.enter()
        one.settle(WARM_SECONDS, 0)
    _watch(one)


def _start_again_and_cover(one: Round) -> None:
    one.kill()
    one.start()
    one.wait_until_covered()
    one.rig.pause(2)
    one.leave()


def _start_again_and_sell(one: Round) -> None:
    one.rig.close_gate()
    one.kill()
    one.start()
    one.wait_until_flat()


def _watch(one: Round) -> None:
    one.begun_at = one.rig.place_now()
    one.rig.pause(WINDOW_SECONDS)
