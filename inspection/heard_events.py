"""What is said of what a position heard: prices that crossed its levels, wishes, answers.

Pure: a message and the position before it, as sentences with their exact numbers.
"""

from collections.abc import Iterator

from actors.journal.port import Record
from actors.position.position import Life
from actors.position.price_levels import stop
from actors.runtime.system import OUTSIDE
from inspection.outcome import cause_words
from inspection.view import exact_time, number
from messages.addresses import OPERATOR, STRATEGY
from messages.base import Address, Timestamp
from messages.market import Quote
from messages.market_data import Level
from messages.plan import TriggerSource
from messages.position import (
    AddToPosition,
    BalanceAnswered,
    ChangeProtection,
    ClosePosition,
    LevelName,
    LookedBack,
    OwnershipChanged,
    Resync,
    StopEntering,
    SwitchProtection,
    TriggerFired,
)
from messages.prices import extremes, price_of
from terminal.words import date_and_time, duration, percent

PLAIN, NEWS, GOOD, BAD, ALARM = "", "bold", "green", "yellow", "bold red"
"""How loud a sentence is: a style of the terminal's."""
Told = tuple[str, str]
"""A sentence, and how loud it is."""

_SENDERS = {
    STRATEGY: "the strategy",
    OPERATOR: "a person at the inspector",
    OUTSIDE: "somebody outside the tree",
}


def sender_words(sender: Address) -> str:
    """Return an address as people say it."""
    return _SENDERS.get(sender, f"the {sender.replace('_', ' ')}")


def fired(message: TriggerFired, before: Life) -> Iterator[Told]:
    """Say which quote crossed which levels."""
    source = before.charter.plan.trigger_source
    if message.generation != before.position.protection.generation:
        yield "market data told of levels that were replaced already: nothing to do", PLAIN
        return
    levels = {level.name: level for level in before.position.protection.levels}
    for name in message.levels:
        level = levels.get(name)
        if level is not None:
            yield _crossing(level, message.quote, source, before), NEWS


def _crossing(level: Level, quote: Quote, source: TriggerSource, life: Life) -> str:
    """Say which price crossed which level."""
    low, high = extremes(quote, source)
    reached, seen = price_of(quote, source), high if level.is_above else low
    name, moved = _level_words(level.name, life), "rose" if level.is_above else "fell"
    side = "at or above" if level.is_above else "at or under"
    between = "" if seen == reached else f" in between (it is {number(reached)} now)"
    text = f"the {source.value} {moved} to {number(seen)}{between}, {side} the {name} at "
    average = life.average_entry
    away = "" if average is None else f", {percent(level.price / float(average) - 1, signed=True)}"
    at = f"quote of {exact_time(quote.at)}"
    return f"{text}{number(level.price)}{away} from the entry ({at}, {bid_ask(quote)})"


def _level_words(name: LevelName, life: Life) -> str:
    stop_now = stop(life)
    if name is LevelName.STOP_LOSS and stop_now is not None:
        return cause_words(stop_now[1])
    return {
        LevelName.SWITCH_TO_STOP_LOSS: "price where the stop takes the slot",
        LevelName.SWITCH_TO_TAKE_PROFIT: "price where the take profit takes the slot",
        LevelName.RATCHET: "price where the stop moves up",
    }.get(name, name.value.replace("_", " "))


def watched(armed: tuple[Level, ...], life: Life) -> str:
    """Say which prices market data watches."""
    source = life.charter.plan.trigger_source.value
    told = ", ".join(
        f"{_level_words(level.name, life)} {'≥' if level.is_above else '≤'} {number(level.price)}"
        for level in armed
    )
    return f"market data watches the {source} for it: {told}"


def freshness(*, fresh: bool) -> Told:
    """Say what the age of quotes means."""
    if fresh:
        return "quotes are fresh again", PLAIN
    return "quotes went stale: a trigger covers nothing from here on", BAD


def reachability(*, reachable: bool) -> Told:
    """Say what the way to the venue means."""
    if reachable:
        return "the venue can be reached again", PLAIN
    return "the venue can't be reached: no order gets there from here on", BAD


def asked_or_answered(record: Record, before: Life) -> Iterator[Told]:
    """Say what somebody wanted of it, or answered."""
    message, who = record.message, sender_words(record.sender)
    base = before.charter.rules.base
    match message:
        case ClosePosition():
            again = " again, in a hurry" if before.position.closing is not None else ""
            why = f"{cause_words(message.cause)}: {message.reason}"
            yield f"{who} told it to close{again} ({why})", NEWS
        case ChangeProtection():
            changed = [
                f"{name} {percent(ratio)}"
                for name, ratio in (
                    ("take profit", message.take_profit_ratio),
                    ("stop loss", message.stop_loss_ratio),
                )
                if ratio is not None
            ]
            yield f"{who} changed its protection: {', '.join(changed)} ({message.reason})", NEWS
        case SwitchProtection():
            what = "stop loss" if message.to_stop_loss else "take profit"
            yield f"{who} put its {what} into the slot ({message.reason})", NEWS
        case StopEntering():
            yield "it was told to buy no more", BAD
        case OwnershipChanged(is_contested=False):
            yield f"{who} called it this process's alone ({message.reason})", NEWS
        case AddToPosition():
            yield f"{who} wanted to add to it: refused", BAD
        case Resync():
            yield _resync(message, record.now), BAD
        case LookedBack():
            yield (
                "the router looked up every order it may have had out: all are accounted for",
                GOOD,
            )
        case BalanceAnswered(free=free):
            shown = "gave no answer" if free is None else f"would let it sell {number(free)} {base}"
            yield f"the venue {shown}", PLAIN
        case _:
            pass


def _resync(message: Resync, now: Timestamp) -> str:
    if message.down_since is None:
        text = f"it had raised on {message.skipped} ({message.error})"
        return f"{text}: it asked for everything again that it may have missed"
    down = duration(now - message.down_since)
    since = date_and_time(message.down_since)
    return f"the process was down from {since} on, for {down} of its time: it asked for everything"


def bid_ask(quote: Quote) -> str:
    """Return a quote's best prices."""
    return f"bid {number(quote.bid)}, ask {number(quote.ask)}"
