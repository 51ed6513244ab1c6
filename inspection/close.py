"""``close``: one position, those of a symbol, or all; and what a person is shown before.

Owns the sum of what a close affects. Each position is sent a command of its own, so each is written
down, and one that is refused keeps no other from being closed.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from actors.position.position import Life
from actors.position.states import State
from inspection.arguments import Typed, id_of, is_position, nearest
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.market import complete_symbols, symbol_of
from inspection.operator_action import reason_of, send_each, send_message
from inspection.position import complete_ids, last_price, seen
from inspection.view import View, number, some
from messages.addresses import POSITIONS, position_address
from messages.base import Currency, Symbol
from messages.market import MarketPhase
from messages.money import ZERO, Money, add_money, money_text
from messages.position import CloseCause, ClosePosition
from messages.positions import CloseWithoutCore
from terminal.words import count

_ALL = "all"
_WITHOUT_CORE = "without-core"


class Affected(msgspec.Struct, frozen=True):
    """What a close of several positions affects, summed."""

    positions: tuple[str, ...]
    coins: tuple[Money, ...]
    """What is held, per base currency."""
    value: tuple[Money, ...]
    """Of these coins at the last prices, per quote currency; of those with a price."""
    orders: int
    """That may work at the exchange: exits that rest, entries, and orders with no answer yet."""
    unpriced: tuple[str, ...]
    """Positions whose coins have no known price: ``value`` lacks them."""
    stranded: tuple[str, ...]
    """Positions whose market takes no orders now: they are sold when it opens."""
    gone: tuple[str, ...]
    """Positions whose market is gone: nothing sells them there."""
    closing: tuple[str, ...]
    """Positions that are on their way out already."""


def close(context: Context, words: list[str]) -> View:
    """Close one position, those of a symbol, or all; ``without-core``: one that always raises."""
    typed = Typed(CLOSE.usage, words)
    reason = reason_of(context)
    named = typed.word("POSITION, SYMBOL or all")
    how = typed.word_or("")
    typed.end()
    if how and how != _WITHOUT_CORE:
        raise typed.wrong(f"{how} is not known{nearest(how, [_WITHOUT_CORE])}")
    if how and not is_position(named):
        raise typed.wrong(f"{_WITHOUT_CORE} ends one position at a time, such as p3")
    if how:
        return _without_core(context, named, reason)
    lives, whose = _meant(context, named)
    if not lives:
        text = f"nothing to close: no position{whose} lives"
        return View(text, {"done": False, "text": text})
    sums = affected(lives, {symbol: last_price(context.source, symbol) for symbol in _of(lives)})
    message = ClosePosition(cause=CloseCause.BY_HAND, reason=reason)
    to = [position_address(life.position.position_id) for life in lives]
    if is_position(named):
        return send_message(context, to[0], message, *_preview(sums), affected=sums)
    what, note = _preview(sums)
    more = "the strategy may open others meanwhile: halt keeps it from that"
    return send_each(context, to, message, what, "; ".join(filter(None, (note, more))), sums)


def affected(lives: Iterable[Life], last: dict[Symbol, float | None]) -> Affected:
    """Return the sum of what a close of these positions affects, at the last prices."""
    coins: tuple[Money, ...] = ()
    value: tuple[Money, ...] = ()
    orders = 0
    named: dict[str, list[str]] = {name: [] for name in Affected.__struct_fields__}
    for life in lives:
        name, rules, price = (
            life.position.position_id,
            life.charter.rules,
            last[life.charter.symbol],
        )
        named["positions"].append(name)
        if life.held > ZERO:
            coins = add_money(coins, [Money(Currency(rules.base), life.held)])
            if price is None:
                named["unpriced"].append(name)
            else:
                worth = life.held * Decimal(repr(price))
                value = add_money(value, [Money(Currency(rules.quote), worth)])
        orders += sum(not order.facts.is_terminal for order in life.position.orders)
        if life.position.phase is MarketPhase.GONE:
            named["gone"].append(name)
        elif life.position.state is State.STRANDED:
            named["stranded"].append(name)
        if life.position.closing is not None:
            named["closing"].append(name)
    lists = ("positions", "unpriced", "stranded", "gone", "closing")
    return Affected(coins=coins, value=value, orders=orders, **{n: tuple(named[n]) for n in lists})


def _meant(context: Context, named: str) -> tuple[list[Life], str]:
    """Return the positions that are meant, and of which symbol. Raises ``InspectError``."""
    if is_position(named):
        return [seen(context.source, id_of(named)).life], ""
    kept = context.source.entities(actors=("position/*",), kinds=("Charter", "Position"))
    lives = [one for one in kept.lives() if one.position.state is not State.CLOSED]
    lives.sort(key=lambda life: (life.position.began_at, life.position.position_id))
    if named == _ALL:
        return lives, ""
    try:
        symbol = symbol_of(context.source, named)
    except InspectError as error:
        raise InspectError(f"{error}; or name a position such as p3, or all") from None
    return [one for one in lives if one.charter.symbol == symbol], f" of {symbol}"


def _of(lives: Iterable[Life]) -> set[Symbol]:
    return {life.charter.symbol for life in lives}


def _preview(sums: Affected) -> tuple[str, str]:
    """Return what will happen, and what a person should know before."""
    coins = ", ".join(f"{number(one.amount)} {one.currency}" for one in sums.coins)
    worth = " and ".join(f"{money_text(one.amount, one.currency)}" for one in sums.value)
    several = len(sums.positions) > 1
    which = f"{count(len(sums.positions), 'position')} ({some(sums.positions)})" if several else ""
    name = which or sums.positions[0]
    what = f"sells all of {name}: {coins or 'nothing is held'}"
    if worth:
        what += f", worth {worth} at the last price{'s' if several else ''}"
    if sums.orders:
        what += f"; cancels {count(sums.orders, 'order')} that may work at the exchange"
    notes = [
        ("no price is known, the value lacks them", sums.unpriced),
        ("the market takes no orders now, sold when it opens", sums.stranded),
        (f"the market is gone, nothing is sold: close POSITION {_WITHOUT_CORE}", sums.gone),
        ("on the way out already", sums.closing),
    ]
    return what, "; ".join(f"{some(names)}: {text}" for text, names in notes if names)


def _without_core(context: Context, named: str, reason: str) -> View:
    position_id = id_of(named)
    one = seen(context.source, position_id)
    held = f"{number(one.life.held)} {one.life.charter.rules.base}"
    salvage = CloseWithoutCore(position_id=position_id, reason=reason)
    what = f"sells all of {position_id}: {held}"
    warning = "its core is not asked any more: what works is canceled, the rest sold"
    if one.life.position.phase is MarketPhase.GONE:
        what = f"ends {position_id} and sells nothing: {held} stay in the account"
        warning = "its market is gone: what its orders there do later is told, not booked"
    return send_message(context, POSITIONS, salvage, what, warning)


def _complete(context: Context, words: list[str]) -> Iterable[str]:
    if not words:
        return (*complete_ids(context, words), *complete_symbols(context, words), _ALL)
    return [_WITHOUT_CORE] if len(words) == 1 and is_position(words[0]) else ()


CLOSE = Command(
    name="close",
    usage="close POSITION|SYMBOL|all [without-core]",
    help="Sell all of a position, or of several; without-core: one that raises on everything.",
    examples=("close p3", "close BTC/USDT", "close all", "close p3 without-core"),
    run=close,
    complete=_complete,
    operates=True,
)
