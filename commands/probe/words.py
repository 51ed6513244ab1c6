"""What a probe saw, in words."""

from collections.abc import Iterator

from exchange.profiles.evidence import Evidence


def lines_of(seen: Evidence) -> Iterator[str]:
    """Yield what was seen, a line each, for people."""
    order, fill = seen.order_lag, seen.fill_lag
    yield (
        f"an order: answered after {_ms(order.answered_ms)}, found by id after "
        f"{_ms(order.by_id_ms)}, listed after {_ms(order.in_list_ms)}, in the balance after "
        f"{_ms(order.in_balance_ms)}"
    )
    yield (
        f"a fill: answered after {_ms(fill.answered_ms)}, found by id after {_ms(fill.by_id_ms)}, "
        f"in the balance after {_ms(fill.in_balance_ms)}"
    )
    yield (
        f"a client order id again: while open {_word(seen.reuse_of_open)}, once canceled "
        f"{_word(seen.reuse_of_canceled)}, once filled {_word(seen.reuse_of_filled)}"
    )
    yield (
        f"of an order it never had: a cancel is {_word(seen.cancel_of_unknown)}, a look-up is "
        f"{_word(seen.look_up_of_unknown)}; a second cancel is {_word(seen.cancel_of_canceled)}"
    )
    yield (
        f"coins are locked: by a limit sell {_yes(seen.limit_sell_locks_coins)}, by a stop that "
        f"waits {_yes(seen.stop_locks_coins)}"
    )
    yield f"a native stop: {_stop(seen)}"


def _stop(seen: Evidence) -> str:
    stop = seen.stop
    if stop is None:
        return "none is used here"
    if not stop.is_triggered:
        return "it did not trigger; nothing is proven"
    return (
        f"triggered, same client id {_yes(stop.is_found_by_client_id)}, same exchange id "
        f"{_yes(stop.keeps_exchange_id)}, sold all {_yes(stop.fills_whole)}: "
        f"{'proven' if seen.proves_stop else 'NOT proven'}"
    )


def _ms(value: int | None) -> str:
    return "more than 10 s" if value is None else f"{value} ms"


def _word(value: str) -> str:
    return value.replace("_", " ")


def _yes(value: bool | None) -> str:  # noqa: FBT001 - what is shown
    return "not known" if value is None else "yes" if value else "no"
