"""The exit ladder: how a position sells, until nothing but dust is held. Never abandoned."""

from decimal import Decimal

from actors.position.placing import Want, rung_price
from actors.position.position import Closing, Life, lost_orders
from actors.position.turn import Turn
from messages.addresses import GATEWAY, MARKET_DATA
from messages.base import Milliseconds, Timestamp
from messages.gateway import RequestBalance
from messages.market import Quote
from messages.market_data import RequestQuote
from messages.money import floor_to_step, from_float
from messages.observers import AlarmKind
from messages.orders import OrderFacts, OrderStatus, OrderType, Purpose, RejectReason, Side
from messages.plan import Rung

DUST_FACTOR = 2
"""A venue that says "too small" is believed under so many times the market's minimum notional."""


def wanted_exit(life: Life, now: Timestamp) -> Want | None:
    """Return the ladder's next order; None: something else must come first."""
    closing = life.position.closing
    if closing is None or closing.waits_for_quote or closing.waits_for_balance:
        return None
    if closing.retry_at is not None and now < closing.retry_at:
        return None
    quantity = life.sellable
    if closing.sellable is not None:
        quantity = min(quantity, floor_to_step(closing.sellable, life.charter.rules.step_size))
    rung = current_rung(life, closing)
    rules = life.charter.rules
    price = None
    if rung.type is OrderType.LIMIT:
        if closing.quote is None:
            return None
        price = rung_price(rung, Side.SELL, closing.quote, rules.tick_size)
    if quantity < max(rules.min_quantity, rules.step_size):
        return None
    return Want(
        side=Side.SELL,
        purpose=Purpose.CLOSE,
        type=rung.type,
        quantity=quantity,
        price=price,
        time_in_force=rung.time_in_force,
        wait_ms=rung.wait_ms,
    )


def current_rung(life: Life, closing: Closing) -> Rung:
    """Return the rung that the exit is on."""
    ladder = life.charter.plan.exit_ladder
    return ladder[min(closing.rung, len(ladder) - 1)]


def prepare(turn: Turn) -> None:
    """Ask for what the next order depends on: a quote, or a look at the venue's balance."""
    closing = turn.position.closing
    if closing is None or closing.waits_for_quote or closing.waits_for_balance:
        return
    if not turn.life.sellable or (closing.retry_at is not None and turn.now < closing.retry_at):
        return  # the pause after a refusal comes first, and then a fresh quote
    if lost_orders(turn.position) and closing.sellable is None:
        _look(turn)
    if closing.quote is not None:
        return
    if current_rung(turn.life, closing).type is not OrderType.LIMIT:
        return
    message = RequestQuote(position_id=turn.charter.position_id, symbol=turn.charter.symbol)
    turn.send(MARKET_DATA, message)
    turn.update_closing(waits_for_quote=True, retry_at=_in(turn, turn.charter.plan.exit_retry_ms))


def on_exit_quote(turn: Turn, quote: Quote | None) -> None:
    """Go on with the quote; without one, to the ladder's end, which needs none."""
    closing = turn.position.closing
    if closing is None or not closing.waits_for_quote:
        return
    turn.update_closing(waits_for_quote=False, quote=quote, retry_at=None)
    if quote is None:
        turn.update_closing(rung=len(turn.charter.plan.exit_ladder) - 1, tries=0)


def on_balance(turn: Turn, free: Decimal | None) -> None:
    """Sell at most what the venue would let us; what is missing is told, and tried again."""
    closing = turn.position.closing
    if closing is None or not closing.waits_for_balance:
        return
    # While an exit is lost, one look is no proof: its coins may be locked, or about to be sold.
    is_settled = not lost_orders(turn.position) or closing.sellable == free
    turn.update_closing(waits_for_balance=not is_settled, sellable=free)
    if free is not None and free < turn.life.sellable:
        base = turn.charter.rules.base
        text = f"{turn.life.held} {base} are held, but the venue would sell only {free}"
        turn.alarm(AlarmKind.SHORTAGE, text)


def on_exit_order_ended(turn: Turn, facts: OrderFacts) -> None:
    """Take the ladder's next step after an order of it is over."""
    closing = turn.position.closing
    if closing is None or not turn.life.sellable:
        return
    if facts.status is OrderStatus.REJECTED and facts.reason is RejectReason.BELOW_MINIMUM:
        _on_too_small(turn)
    if facts.status is OrderStatus.REJECTED:
        _back_off(turn, facts)
        return
    if facts.filled:
        turn.update_closing(refusals=0, is_stuck=False, retry_at=None)
    _next_try(turn, facts)


def hurry(turn: Turn) -> None:
    """Go to the ladder's end now: it was asked for twice."""
    last = len(turn.charter.plan.exit_ladder) - 1
    turn.update_closing(rung=last, tries=0, retry_at=None, waits_for_quote=False)


def on_deadline(turn: Turn) -> None:
    """Ask again for an answer that did not come."""
    closing = turn.position.closing
    if closing is None or closing.retry_at is None or turn.now < closing.retry_at:
        return
    turn.update_closing(retry_at=None)
    if closing.waits_for_quote:
        on_exit_quote(turn, None)
    rules = turn.charter.rules
    is_short = closing.sellable is not None and closing.sellable < max(
        rules.min_quantity, rules.step_size
    )
    if closing.waits_for_balance or is_short:
        _look(turn)


def _next_try(turn: Turn, facts: OrderFacts) -> None:
    closing, ladder = turn.position.closing, turn.charter.plan.exit_ladder
    if closing is None:
        return
    turn.update_closing(quote=None)
    if closing.tries < ladder[closing.rung].attempts:
        return
    if closing.rung < len(ladder) - 1:
        turn.update_closing(rung=closing.rung + 1, tries=0)
        return
    turn.update_closing(tries=0)
    if not facts.filled:
        _back_off(turn, facts)  # nobody buys: the book is empty


def _back_off(turn: Turn, facts: OrderFacts) -> None:
    closing, plan = turn.position.closing, turn.charter.plan
    if closing is None:
        return
    refusals = closing.refusals + 1
    pause = min(plan.exit_retry_ms * 2 ** min(refusals - 1, 20), plan.stuck_retry_ms)
    if refusals >= plan.exit_attempts:
        pause = plan.stuck_retry_ms
        if not closing.is_stuck:
            text = f"{refusals} exits in a row were refused, last: {facts.reason} {facts.text}"
            turn.alarm(AlarmKind.EXIT_STUCK, text.rstrip())
        turn.update_closing(is_stuck=True)
    turn.update_closing(refusals=refusals, retry_at=_in(turn, pause), quote=None)
    if facts.reason is RejectReason.INSUFFICIENT_FUNDS:
        # Not "no liquidity": the coins are locked by another order, or a fee took some. Look.
        _look(turn, pause=Milliseconds(pause))


def _look(turn: Turn, pause: Milliseconds | None = None) -> None:
    pause = turn.charter.plan.exit_retry_ms if pause is None else pause
    message = RequestBalance(position_id=turn.charter.position_id, currency=turn.charter.rules.base)
    turn.send(GATEWAY, message)
    turn.update_closing(waits_for_balance=True, retry_at=_in(turn, pause))


def _on_too_small(turn: Turn) -> None:
    rules, average = turn.charter.rules, turn.life.average_entry
    if average is not None:
        notional = turn.life.sellable * average
        turn.update_closing(is_dust=notional < rules.min_notional * DUST_FACTOR)


def _in(turn: Turn, pause: int) -> Timestamp:
    return Timestamp(turn.now + pause)


def last_price(life: Life) -> Decimal | None:
    """Return the best price known for what is left: the exit's quote, or the average entry."""
    closing = life.position.closing
    if closing is not None and closing.quote is not None:
        return from_float(closing.quote.bid, life.charter.rules.tick_size)
    return life.average_entry
