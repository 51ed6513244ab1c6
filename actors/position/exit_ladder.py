"""The exit ladder: how a position sells, until nothing but dust is held. Never abandoned."""

from decimal import Decimal

import msgspec

from actors.position.deadlines import pause_after
from actors.position.draft import Turn
from actors.position.exit_form import (
    NAMED_RULES,
    current_rung,
    exit_price,
    exit_quantity,
    exit_rung,
    last_price,
)
from actors.position.orders import Want, rung_price
from actors.position.own_orders import doubtful_orders, lost_orders
from actors.position.position import Life
from actors.position.progress import Closing
from messages.addresses import PORTFOLIO
from messages.base import Timestamp
from messages.market import Quote
from messages.money import ZERO
from messages.observers import AlarmKind
from messages.orders import (
    OrderFacts,
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    Side,
    TimeInForce,
)
from messages.plan import Rung
from messages.portfolio import RequestBalance

DUST_FACTOR = 2
"""A venue that says "too small" is believed under so many times the market's minimum notional."""

SELF_TRADES_AT_ONCE = 3
"""Exits that self-trade prevention ended, in a row, before one is sent again after a pause."""

FORMS_AT_ONCE = 6
"""Refused forms of an exit before the next one is sent after a pause."""

OFFSET_STEP = Decimal("0.001")
"""By how much, at least, an IOC at the ladder's end reaches further the first time it is repeated;
doubles each time, up to ``OFFSET_MOST``."""
OFFSET_MOST = Decimal("0.5")
LOOKS_APART_MS = 5_000
"""Between two looks at the balance that agree, while an exit is lost: longer than an answer is on
its way."""
_DOUBLINGS_MOST = 10
_NOT_SHOWN = "the venue does not show the coins"


def wanted_exit(life: Life, now: Timestamp) -> Want | None:
    """Return the ladder's next order; None: something else must come first."""
    closing = life.position.closing
    if closing is None or closing.waits_for_quote or closing.waits_for_balance:
        return None
    if closing.retry_at is not None and now < closing.retry_at:
        return None
    is_unseen = bool(life.position.contested) and closing.sellable is None
    if is_unseen or life.position.stranded is not None or is_only_dust(life):
        return None
    rung, price = exit_rung(life, closing), None
    if rung is None:
        return None
    if rung.type is OrderType.LIMIT:
        if closing.quote is None:
            return None
        rung = _reaching_further(rung, closing, life)
        price = rung_price(rung, Side.SELL, closing.quote, life.charter.rules)
        price = None if price is None else exit_price(life, price, closing.quote)
    quantity = exit_quantity(life, closing, rung.type, price or ZERO)
    quantity = quantity or exit_quantity(life, closing, rung.type)
    return Want(
        side=Side.SELL,
        purpose=Purpose.CLOSE,
        type=rung.type,
        quantity=quantity,
        price=price,
        time_in_force=rung.time_in_force,
        wait_ms=rung.wait_ms,
    )


def _reaching_further(rung: Rung, closing: Closing, life: Life) -> Rung:
    """Return the rung with its offset grown by the refusals, where it is an IOC at the end.

    It is repeated without end: where an exchange has no market orders, it must become one.
    """
    is_last = closing.rung >= len(life.charter.plan.exit_ladder) - 1
    if not is_last or rung.time_in_force is not TimeInForce.IOC or not closing.refusals:
        return rung
    first = max(rung.offset_ratio, OFFSET_STEP)
    grown = rung.offset_ratio + first * (2 ** min(closing.refusals, _DOUBLINGS_MOST) - 1)
    return msgspec.structs.replace(rung, offset_ratio=min(grown, OFFSET_MOST))


def is_only_dust(life: Life) -> bool:
    """Whether nothing is held that the venue would take."""
    closing, price = life.position.closing, last_price(life)
    if price is None or life.is_dust(price):
        return True
    return closing is not None and ZERO < life.sellable <= closing.dust_up_to


def prepare(turn: Turn) -> None:
    """Ask for what the next order depends on: a quote, or a look at the venue's balance."""
    closing = turn.position.closing
    if closing is None or closing.waits_for_quote or closing.waits_for_balance:
        return
    if is_only_dust(turn.life) or (closing.retry_at is not None and turn.now < closing.retry_at):
        return  # the pause after a refusal comes first, and then a fresh quote
    in_doubt = doubtful_orders(turn.position) or turn.position.contested
    if in_doubt and closing.sellable is None:
        turn.update_closing(retry_at=_in(turn, turn.charter.plan.exit_retry_ms))
        _look(turn)
    elif _is_short(turn) and exit_rung(turn.life, closing) is None:
        _look_again(turn)  # what the venue shows is too little for an order
    elif closing.quote is None and _takes_a_limit(turn.life):
        turn.ask_for_quote()
        retry_at = _in(turn, turn.charter.plan.exit_retry_ms)
        turn.update_closing(waits_for_quote=True, retry_at=retry_at)


def _takes_a_limit(life: Life) -> bool:
    """Whether the next order of the exit has a limit price, for which a quote is needed."""
    closing = life.position.closing
    rung = None if closing is None else exit_rung(life, closing)
    return rung is not None and rung.type is OrderType.LIMIT


def on_exit_quote(turn: Turn, quote: Quote | None) -> None:
    """Go on with the quote; without one, to the ladder's end, which needs none."""
    closing, ladder = turn.position.closing, turn.charter.plan.exit_ladder
    if closing is None or not closing.waits_for_quote:
        return
    turn.update_closing(waits_for_quote=False, quote=quote, lacks_quote=quote is None)
    end_pause(turn)
    if quote is not None:
        return
    turn.update_closing(rung=len(ladder) - 1, tries=0)
    if _takes_a_limit(turn.life):
        _back_off(turn, "no fresh quote to set a limit price by")


def on_balance(turn: Turn, free: Decimal | None) -> None:
    """Sell at most what the venue would let us; what is missing is told, and tried again."""
    closing = turn.position.closing
    if closing is None or not closing.waits_for_balance or free is None:
        return  # without an answer the deadline looks again
    is_proof = _is_proof(turn, closing, free)
    turn.update_closing(waits_for_balance=not is_proof, sellable=free, lacks_coins=False)
    is_shown_before = free in {closing.sellable, closing.seen}
    after = turn.position.closing
    if after is not None and turn.position.contested and is_proof:
        _go_on_contested(turn, after)
    if free < turn.life.sellable and not is_shown_before:
        base = turn.charter.rules.base
        text = f"{turn.life.held} {base} are held, but the venue would sell only {free}"
        turn.alarm(AlarmKind.SHORTAGE, text)


def _is_proof(turn: Turn, closing: Closing, free: Decimal) -> bool:
    """Return whether a look says what may be sold.

    While an exit is lost, one look does not: its coins may be locked, or about to be sold. Nor do
    two at once, where what was asked about it may still be on its way: after the machine stood
    still, the first answer comes later than the moment at which the exit counts as lost.
    """
    if not lost_orders(turn.position):
        return True
    is_same = closing.sellable == free
    if not doubtful_orders(turn.position):
        return is_same
    since = closing.shown_since if is_same else None
    since = turn.now if since is None else since
    again_at = Timestamp(since + LOOKS_APART_MS)
    if turn.now < again_at:
        retry_at = max(closing.retry_at or again_at, again_at)
        turn.update_closing(shown_since=since, retry_at=retry_at)
    return turn.now >= again_at


def _go_on_contested(turn: Turn, closing: Closing) -> None:
    """Sell at once what a look showed, as it is old soon; where that is nothing, pause."""
    if exit_rung(turn.life, closing) is None:
        _back_off(turn, _NOT_SHOWN)
    else:
        end_pause(turn)


def on_exit_order_ended(turn: Turn, facts: OrderFacts) -> None:
    """Take the ladder's next step after an order of it is over."""
    if turn.position.closing is None or is_only_dust(turn.life):
        return
    if facts.filled:
        _on_sold(turn)
    is_refused = facts.status is OrderStatus.REJECTED
    if facts.reason is RejectReason.SELF_TRADE:
        _on_self_trade(turn)
    elif is_refused and facts.reason is not RejectReason.NO_LIQUIDITY:
        _on_refused(turn, facts)
    elif facts.status is OrderStatus.FILLED:
        turn.update_closing(tries=0, quote=None)  # a part of a split exit: the rest follows
    elif facts.reason is RejectReason.PRICE_RANGE and not facts.filled:
        _back_off(turn, "the venue's price range lets nothing trade")
    elif not _next_try(turn) and not facts.filled:
        _back_off(turn, "nobody buys at the ladder's end")
    _forget_look(turn)


def hurry(turn: Turn) -> None:
    """Go to the ladder's end now: it was asked for twice. Only a look at the balance is awaited."""
    closing = turn.position.closing
    if closing is None:
        return
    last = len(turn.charter.plan.exit_ladder) - 1
    turn.update_closing(rung=last, tries=0, waits_for_quote=False, stop_order_until=None)
    end_pause(turn)


def on_deadline(turn: Turn) -> None:
    """Ask again for an answer that did not come."""
    closing = turn.position.closing
    if closing is None or closing.retry_at is None or turn.now < closing.retry_at:
        return
    turn.update_closing(retry_at=None)
    if not closing.waits_for_balance:
        _forget_look(turn)
    if closing.too_small:  # the rules were read again, and say the same
        turn.update_closing(too_small=ZERO, dust_up_to=closing.too_small)
    on_exit_quote(turn, None)
    if closing.waits_for_balance:
        _look_again(turn)


def _on_sold(turn: Turn) -> None:
    """Begin anew after a fill; what the venue had shown before it is sold, so look again."""
    closing = turn.position.closing
    turn.update_closing(refusals=0, is_stuck=False, self_trades=0)
    end_pause(turn)
    if closing is not None and closing.sellable is not None and not turn.position.contested:
        retry_at = _in(turn, turn.charter.plan.exit_retry_ms)
        turn.update_closing(sellable=None, retry_at=retry_at)
        _look(turn)


def _on_self_trade(turn: Turn) -> None:
    """Sell again at once: the order met one of the same account, which is no refusal.

    Where the venue ends the taker only, the other order stays: then after a pause.
    """
    closing = turn.position.closing
    if closing is None:
        return
    count = closing.self_trades + 1
    turn.update_closing(self_trades=count, tries=max(closing.tries - 1, 0), quote=None)
    if count > SELF_TRADES_AT_ONCE:
        pause = pause_after(count - SELF_TRADES_AT_ONCE, turn.charter.plan)
        turn.update_closing(retry_at=_in(turn, pause))


def _on_refused(turn: Turn, facts: OrderFacts) -> None:
    if facts.reason in NAMED_RULES and facts.reason is not RejectReason.BELOW_MINIMUM:
        _on_rule(turn, facts)
        return
    _back_off(turn, f"{facts.reason or 'no reason given'} {facts.text}".rstrip())
    _go_on_if_never_placed(turn, facts)
    match facts.reason:
        case RejectReason.INSUFFICIENT_FUNDS:
            # Not "no liquidity": the coins are locked by another order, or a fee took some. Look.
            turn.update_closing(lacks_coins=True)
            _look(turn)
        case _ if _is_short(turn):
            _look(turn)  # what was shown is old: more may be ours to sell by now
        case RejectReason.BELOW_MINIMUM:
            _on_too_small(turn)
        case _:
            _next_try(turn)


def _go_on_if_never_placed(turn: Turn, facts: OrderFacts) -> None:
    """Sell again at once: the venue refused nothing, and the proof took longer than a pause."""
    closing = turn.position.closing
    is_stuck = closing is not None and closing.is_stuck
    if facts.reason is RejectReason.NEVER_PLACED and not is_stuck:
        end_pause(turn)


def _on_rule(turn: Turn, facts: OrderFacts) -> None:
    """Sell in another form: at once, and with pauses once several forms were refused."""
    turn.update_closing(quote=None)
    if facts.reason is RejectReason.PRICE_OUT_OF_RANGE:
        _next_try(turn)
    if len(turn.position.refused) > FORMS_AT_ONCE:
        _back_off(turn, f"{facts.reason} {facts.text}".rstrip())


def _is_short(turn: Turn) -> bool:
    """Return whether less is offered than is held, for what a look at the balance showed."""
    closing = turn.position.closing
    return (
        closing is not None
        and closing.sellable is not None
        and closing.sellable < turn.life.sellable
    )


def _next_try(turn: Turn) -> bool:
    """Move on along the ladder, with a fresh quote; return False at its end, which is repeated."""
    closing, ladder = turn.position.closing, turn.charter.plan.exit_ladder
    if closing is None:
        return False
    turn.update_closing(quote=None)
    if closing.tries < current_rung(turn.life, closing).attempts:
        return True
    is_last = closing.rung >= len(ladder) - 1
    turn.update_closing(rung=closing.rung if is_last else closing.rung + 1, tries=0)
    return not is_last


def _back_off(turn: Turn, why: str) -> None:
    """Pause, longer each time; an exit that is stuck is told of once, and never abandoned."""
    closing, plan = turn.position.closing, turn.charter.plan
    if closing is None:
        return
    refusals = closing.refusals + 1
    is_stuck = refusals >= plan.exit_attempts
    pause = pause_after(refusals, plan)
    if is_stuck:
        pause = plan.stuck_retry_ms
    if is_stuck and not closing.is_stuck:
        turn.alarm(AlarmKind.EXIT_STUCK, f"the exit failed {refusals} times in a row, last: {why}")
    retry_at = _in(turn, pause)
    turn.update_closing(refusals=refusals, is_stuck=is_stuck, retry_at=retry_at, quote=None)


def end_pause(turn: Turn) -> None:
    """Go on at once; what is awaited keeps its deadline."""
    closing = turn.position.closing
    if closing is not None and not (closing.waits_for_quote or closing.waits_for_balance):
        turn.update_closing(retry_at=None)


def _look(turn: Turn) -> None:
    """Ask what the venue would let us sell; a pause, short where none is set, is the deadline."""
    lost = sum((o.remaining for o in lost_orders(turn.position) if o.side is Side.SELL), ZERO)
    is_contested = bool(turn.position.contested)
    if is_contested:  # what rests may be another process's, and lock its coins
        lost += max(turn.life.held, ZERO)
    message = RequestBalance(
        position_id=turn.charter.position_id,
        currency=turn.charter.rules.base,
        may_be_locked=max(lost, ZERO),
        contested_on=turn.charter.symbol if is_contested else None,
    )
    turn.send(PORTFOLIO, message)
    turn.update_closing(waits_for_balance=True)
    closing = turn.position.closing
    if closing is not None and closing.retry_at is None:
        turn.update_closing(retry_at=_in(turn, turn.charter.plan.exit_retry_ms))


def _forget_look(turn: Turn) -> None:
    """Let the next order of a contested exit look anew: another process may have sold since."""
    closing = turn.position.closing
    if closing is not None and turn.position.contested:
        seen = closing.seen if closing.sellable is None else closing.sellable
        turn.update_closing(sellable=None, seen=seen, waits_for_balance=False)


def _look_again(turn: Turn) -> None:
    _back_off(turn, _NOT_SHOWN)
    _look(turn)


def _on_too_small(turn: Turn) -> None:
    # By the rules that it bought under: what only later ones refuse is not given up as dust.
    rules = turn.charter.begun_with or turn.charter.rules
    average = turn.life.average_entry
    sellable = turn.life.sellable
    if average is not None and sellable * average < rules.min_notional * DUST_FACTOR:
        turn.update_closing(too_small=sellable)
    else:
        _next_try(turn)
        turn.ask_for_quote()  # the price may have fallen under the least notional


def _in(turn: Turn, pause: int) -> Timestamp:
    return Timestamp(turn.now + pause)
