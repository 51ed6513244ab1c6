"""What a position does when its market changes: its rules, or whether it trades at all.

Owns the state STRANDED: when it is entered and left, what a person hears of it, and what is asked
for meanwhile.
"""

from typing import assert_never

from msgspec.structs import replace

from actors.position import entry_ladder, exit_ladder
from actors.position.draft import Turn
from actors.position.exit_form import exit_rung, last_price, takes_an_order
from actors.position.position import Life
from actors.position.progress import Stranded, StrandedCause
from actors.position.states import AT_REST, Input
from exchange.price_grid import nearest_price
from exchange.rules import is_tradable
from messages.addresses import POSITIONS
from messages.base import Timestamp
from messages.market import MarketPhase, MarketRules, Quote
from messages.money import ONE, ZERO, divide_down, money_text, plain
from messages.observers import AlarmKind
from messages.position import MarketReported
from messages.positions import RequestMarket


def ask_for_market(turn: Turn, *, reads_again: bool) -> None:
    """Ask what the market demands now."""
    position_id, symbol = turn.charter.position_id, turn.charter.symbol
    message = RequestMarket(position_id=position_id, symbol=symbol, reads_again=reads_again)
    turn.send(POSITIONS, message)


def on_reported(turn: Turn, message: MarketReported) -> None:
    """Take in what the market demands, and whether it trades."""
    if message.phase is not turn.position.phase:
        text = "" if message.phase is MarketPhase.OPEN else message.text
        turn.update(phase=message.phase, market_text=text)
        if message.phase is not MarketPhase.OPEN:
            entry_ladder.stop_entering(turn)
    if message.capabilities != turn.charter.capabilities:
        turn.charter = replace(turn.charter, capabilities=message.capabilities)
    if message.rules != turn.charter.rules:
        _change_rules(turn, message.rules)


def _change_rules(turn: Turn, rules: MarketRules) -> None:
    """Go on under other rules: what the old ones refused may be taken, so nothing is paused."""
    charter = turn.charter
    begun_with = charter.begun_with or charter.rules
    turn.charter = replace(charter, rules=rules, begun_with=begun_with)
    turn.update(refused=(), exit_rounds=0, sold_before=turn.position.booked.all_sold)
    turn.update_protection(refusals=0, retry_at=None)
    if turn.position.closing is not None:
        turn.update_closing(
            refusals=0, is_stuck=False, tries=0, too_small=ZERO, dust_up_to=ZERO, quote=None
        )
        exit_ladder.end_pause(turn)


def judge_sellable(turn: Turn) -> None:
    """Tell the table whether what is held can be sold; tell a person when it can't any more."""
    if turn.position.state in AT_REST:
        return
    cause, stranded = _cause(turn.life), turn.position.stranded
    if cause is None:
        if stranded is not None:
            _free(turn)
        return
    if stranded is None:
        ask_at = Timestamp(turn.now + turn.charter.plan.stuck_retry_ms)
        turn.update(stranded=Stranded(cause=cause, since=turn.now, ask_at=ask_at))
        turn.advance(Input.STRANDED)
    elif stranded.cause is not cause:
        turn.update(stranded=replace(stranded, cause=cause))
    if stranded is None or stranded.cause is not cause:
        tell_stranded(turn, cause)


def tell_stranded(turn: Turn, cause: StrandedCause) -> None:
    """Tell a person what is held and can't be sold, what it is worth, and why."""
    turn.alarm(AlarmKind.UNSELLABLE, _text(turn.life, cause))


def _free(turn: Turn) -> None:
    turn.update(stranded=None)
    turn.advance(Input.FREED)
    if turn.position.closing is not None:
        turn.advance(Input.EXIT_BEGUN)
        exit_ladder.on_deadline(turn)  # one may have passed meanwhile


def on_quote(turn: Turn, quote: Quote | None) -> None:
    """Take in the price: it may have risen enough, or fallen too far."""
    stranded, exit_ = turn.position.stranded, turn.position.closing
    if quote is None or (stranded is None and exit_ is None):
        return
    turn.update(bid=nearest_price(quote.bid, turn.charter.rules))
    if stranded is not None and exit_ is not None:
        turn.update_closing(quote=quote)


def on_deadline(turn: Turn) -> None:
    """Ask again for rules and price; begin another round of what was refused."""
    stranded = turn.position.stranded
    if stranded is None or turn.now < stranded.ask_at:
        return
    ask_at = Timestamp(turn.now + turn.charter.plan.stuck_retry_ms)
    turn.update(stranded=replace(stranded, ask_at=ask_at))
    ask_for_market(turn, reads_again=True)
    turn.ask_for_quote()
    if stranded.cause is StrandedCause.REFUSED:
        turn.update(exit_rounds=turn.position.exit_rounds + 1)


def tell_rest(turn: Turn) -> None:
    """Tell a person of a rest that only the rules since the opening have made dust."""
    charter, life = turn.charter, turn.life
    price, then = last_price(life), charter.begun_with
    if then is None or price is None or not is_tradable(life.held, price, then):
        return
    rules = charter.rules
    text = (
        f"{plain(life.held)} {rules.base}, worth about "
        f"{money_text(life.held * price, rules.quote)}, "
        f"stay in the account: less than a step of {plain(rules.step_size)} can't be sold"
    )
    turn.alarm(AlarmKind.UNSELLABLE, text)


def try_again(turn: Turn) -> None:
    """Begin another round of what the venue refused: a person wants it tried now."""
    if turn.position.refused:
        turn.update(exit_rounds=turn.position.exit_rounds + 1)


def is_stuck_with_market(life: Life) -> bool:
    """Whether its market takes no order."""
    return life.position.phase is not MarketPhase.OPEN


def _cause(life: Life) -> StrandedCause | None:
    position = life.position
    if is_stuck_with_market(life):
        if not _has_something(life):
            return None
        gone = position.phase is MarketPhase.GONE
        return StrandedCause.MARKET_GONE if gone else StrandedCause.MARKET_HALTED
    if life.charter.begun_with is None and not position.refused:
        return None  # by the rules that it bought under, what can't be sold is dust
    if not position.entry.is_over or exit_ladder.is_only_dust(life):
        return None
    if _is_too_little(life):
        return StrandedCause.RULES
    return StrandedCause.REFUSED if _is_refused(life) else None


def _is_refused(life: Life) -> bool:
    """Whether a rule refused every form of the exit; coins that the venue lacks are looked for."""
    exit_ = life.position.closing
    if exit_ is None or not life.position.refused:
        return False
    is_short = exit_.sellable is not None and exit_.sellable < life.sellable
    return not is_short and exit_rung(life, exit_) is None


def _is_too_little(life: Life) -> bool:
    """Whether the rules take no order for it at the last price; freed with a margin above that."""
    price, stranded = last_price(life), life.position.stranded
    margin = ONE
    if stranded is not None and stranded.cause is StrandedCause.RULES:
        margin += life.charter.plan.minimum_margin_ratio  # not freed and stranded at each tick
    if price is None:
        return False
    low = divide_down(price, margin)
    return not life.is_sellable(low) or not takes_an_order(life, low)


def _has_something(life: Life) -> bool:
    """Whether coins are held, or may come of an order: one without a record, too."""
    if life.position.is_looking_back:
        return True
    return life.held > ZERO or any(not o.facts.is_terminal for o in life.position.orders)


def _text(life: Life, cause: StrandedCause) -> str:
    charter, price = life.charter, last_price(life)
    base, quote = charter.rules.base, charter.rules.quote
    if life.held <= ZERO:
        return f"what became of its orders can't be asked for: {_why(life, cause)}"
    worth = "" if price is None else f", worth about {money_text(life.held * price, quote)}"
    return f"{plain(life.held)} {base}{worth}, can't be sold: {_why(life, cause)}"


def _why(life: Life, cause: StrandedCause) -> str:
    charter, position = life.charter, life.position
    name, rules = charter.position_id, charter.rules
    match cause:
        case StrandedCause.MARKET_GONE:
            return (
                f"{charter.symbol} is not listed any more ({position.market_text}). Sell or "
                "convert the coins at the exchange by hand; then "
                f"`close {name} without-core` ends it here"
            )
        case StrandedCause.MARKET_HALTED:
            return (
                f"{charter.symbol} takes no orders now ({position.market_text}). Its orders at the "
                "exchange stay; nothing else protects it until the market opens"
            )
        case StrandedCause.RULES:
            least = f"{plain(life.least_quantity)} {rules.base}"
            return (
                f"the market's rules are others now: an order has at least {least} and "
                f"{plain(rules.min_notional)} {rules.quote}{_most_text(rules)}. It is sold when "
                "price or rules allow "
                f"it; `close {name} without-core` gives it up as dust"
            )
        case StrandedCause.REFUSED:
            return (
                "the exchange refused every form of the sale by a rule, the last as "
                f"{position.refused[-1].reason}. It is tried again; `close {name}` tries at once"
            )
        case _:
            assert_never(cause)


def _most_text(rules: MarketRules) -> str:
    """Say what an order has at most, where the market says it."""
    limits = (
        (rules.max_quantity, f" {rules.base}"),
        (rules.max_market_quantity, f" {rules.base} at the market"),
        (rules.max_notional, f" {rules.quote}"),
    )
    most = [f"{plain(limit)}{unit}" for limit, unit in limits if limit is not None]
    return f", and at most {' and '.join(most)}" if most else ""
