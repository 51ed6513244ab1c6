"""``open``, ``protect`` and ``switch``: what an operator may do with positions.

Owns how a command becomes a message, and what a person is shown before it is sent. Each goes
through the operator's actor, which writes it down with its reason. Nothing here overwrites state.
"""

from collections.abc import Iterable
from decimal import Decimal

from actors.operator.core import schema
from actors.position.position import Life
from inspection.arguments import Typed, amount, id_of, nearest, ratio
from inspection.close import CLOSE
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.market import complete_symbols, row_of, symbol_of
from inspection.operator_action import RATIOS, plan_with, reason_of, send_message
from inspection.position import complete_ids, seen
from inspection.view import View, number
from messages.addresses import POSITIONS, position_address
from messages.base import quote_currency
from messages.position import ChangeProtection, SwitchProtection
from messages.positions import OpenPosition
from terminal.words import percent


def open_(context: Context, words: list[str]) -> View:
    """Open a position now, at the last quote, with the session's plan and what differs from it."""
    typed = Typed(OPEN.usage, words)
    reason = reason_of(context)
    symbol = symbol_of(context.source, typed.word("SYMBOL"))
    budget = amount(typed.word("BUDGET"))
    typed.end()
    row = row_of(context.source, symbol)
    if row is None or row.quote is None or not row.fresh:
        raise InspectError(f"{symbol} has no fresh quote: nothing is bought blindly")
    plan = plan_with(context, symbol, typed.values)
    message = OpenPosition(
        symbol=symbol,
        budget=budget,
        plan=plan,
        quote=row.quote,
        atr=row.atr,
        decision=f"by hand: {reason}",
    )
    cost = f"{number(budget)} {quote_currency(symbol)}"
    what = f"buys {symbol} for up to {cost}, now at {number(row.quote.ask)}"
    protection = f"take profit {percent(plan.take_profit_ratio)}, stop loss "
    return send_message(
        context, POSITIONS, message, what, f"{protection}{percent(plan.stop_loss_ratio)}"
    )


def protect(context: Context, words: list[str]) -> View:
    """Change a position's take profit or stop loss."""
    typed = Typed(PROTECT.usage, words)
    reason = reason_of(context)
    position_id = id_of(typed.word("POSITION"))
    typed.end()
    wrong = [name for name in typed.values if name not in RATIOS]
    if wrong or not typed.values:
        what = (
            f"there is no {wrong[0]}{nearest(wrong[0], RATIOS) or '.'}"
            if wrong
            else "say what to change."
        )
        raise typed.wrong(f"{what} It becomes {schema(ChangeProtection)}")
    given = {name: ratio(text) for name, text in typed.values.items()}
    for name, value in given.items():
        if not 0 < value < 1:
            raise typed.wrong(f"{name}={value}: above 0 and below 100 % is wanted")
    one = seen(context.source, position_id)
    message = ChangeProtection(
        take_profit_ratio=given.get("take_profit"),
        stop_loss_ratio=given.get("stop_loss"),
        reason=reason,
    )
    plan = one.life.charter.plan
    before = f"take profit {percent(plan.take_profit_ratio)}, stop loss "
    said = ", ".join(f"{name.replace('_', ' ')} {percent(value)}" for name, value in given.items())
    return send_message(
        context,
        position_address(position_id),
        message,
        f"{position_id}: {said}",
        f"until now {before}{percent(plan.stop_loss_ratio)}; {_return(one.last, one.life)}",
    )


def switch(context: Context, words: list[str]) -> View:
    """Put a switching position's stop loss, or its take profit, into the exit slot."""
    typed = Typed(SWITCH.usage, words)
    reason = reason_of(context)
    position_id = id_of(typed.word("POSITION"))
    to = typed.word("take_profit or stop_loss")
    typed.end()
    if to not in RATIOS:
        raise typed.wrong(f"{to} is not known{nearest(to, RATIOS)}")
    one = seen(context.source, position_id)
    mode = one.life.charter.plan.protection_mode.value
    message = SwitchProtection(to_stop_loss=to == "stop_loss", reason=reason)
    note = "" if mode == "switching" else f"its mode is {mode}: it will refuse"
    what = f"{position_id}: the {to.replace('_', ' ')} takes the exit slot"
    return send_message(context, position_address(position_id), message, what, note)


def _return(last: float | None, life: Life) -> str:
    """Say the return so far: a stop above it sells at once."""
    average: Decimal | None = life.average_entry
    if last is None or average is None:
        return "the return so far is not known"
    return f"the return so far is {percent(last / float(average) - 1, signed=True)}"


def _protections(context: Context, words: list[str]) -> Iterable[str]:
    return [f"{name}=" for name in RATIOS] if words else complete_ids(context, words)


def _switches(context: Context, words: list[str]) -> Iterable[str]:
    return RATIOS if len(words) == 1 else complete_ids(context, words)


OPEN = Command(
    name="open",
    usage="open SYMBOL BUDGET [take_profit=3%] [stop_loss=2%] [FIELD=VALUE …]",
    help="Open a position now, with the session's plan and what differs from it.",
    examples=("open BTC/USDT 200 take_profit=3% stop_loss=2%",),
    run=open_,
    complete=complete_symbols,
    operates=True,
)
PROTECT = Command(
    name="protect",
    usage="protect POSITION [take_profit=3%] [stop_loss=2%]",
    help="Change a position's take profit or stop loss.",
    examples=("protect p3 take_profit=3% stop_loss=2%", "protect p3 stop_loss=0.5%"),
    run=protect,
    complete=_protections,
    operates=True,
)
SWITCH = Command(
    name="switch",
    usage="switch POSITION take_profit|stop_loss",
    help="Put a switching position's take profit or stop loss into the exit slot.",
    examples=("switch p3 stop_loss",),
    run=switch,
    complete=_switches,
    operates=True,
)
COMMANDS = (OPEN, CLOSE, PROTECT, SWITCH)
