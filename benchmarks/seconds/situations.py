"""The situations in which seconds cost money, and the figures that are read in each."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.seconds import figures, scripts
from benchmarks.seconds.round import Round


class Figure(NamedTuple):
    """One row of the table."""

    title: str
    goal: float | None
    of: Callable[[Round], float | None]
    """In seconds, or as the title says; None: it never came to that."""
    beyond_window: bool = False
    """Whether the goal is beyond the receive window of the request that failed."""


class Situation(NamedTuple):
    """What is done to a program in a round, and what is read from it."""

    key: str
    play: Callable[[Round], None]
    figures: tuple[Figure, ...]
    holdfast: str
    """Holdfast's protection mode."""
    freqtrade: str | None
    """Where freqtrade's stop is; None: it takes no part."""
    without_freqtrade: str = ""
    """Why it takes none."""
    symbols: int = 1
    positions: int = 1
    has_own_coins: bool = False
    """Whether the account also holds a coin of its owner's: a second sell would sell it."""
    round_seconds: float = 25.0
    """About how long a round takes."""
    is_steady: bool = False
    """Whether a round is a window of one life, which does not end flat."""


def _weight(
    key: str, play: Callable[[Round], None], title: str, goal: float, symbols: int = 1
) -> Situation:
    return Situation(
        key,
        play,
        (Figure(f"API weight a minute, {title}", goal, figures.weight_a_minute),),
        "synthetic",
        "off_exchange",
        symbols=symbols,
        round_seconds=65,
        is_steady=True,
    )


SOLD_FROM_KILL = Figure("… the same from the kill", None, figures.until_sold_from_kill)
COVERED_FROM_KILL = Figure("… the same from the kill", None, figures.until_covered_from_kill)
SITUATIONS = (
    Situation(
        "started_flat",
        scripts.started_flat,
        (
            Figure(
                "after a start: first answer → anything is placed, nothing held",
                0.7,
                figures.until_placed,
            ),
        ),
        "stop_rests",
        "on_exchange",
    ),
    Situation(
        "killed_while_holding",
        scripts.killed_while_holding,
        (
            Figure(
                "after a start: first answer → anything is placed, one position",
                0.7,
                figures.until_placed,
            ),
            Figure(
                "price crosses while the process is dead: first answer → sold",
                1.5,
                figures.until_sold,
            ),
            SOLD_FROM_KILL,
        ),
        "synthetic",
        "off_exchange",
    ),
    Situation(
        "killed_while_holding_ten",
        scripts.killed_while_holding,
        (
            Figure(
                "after a start: first answer → anything is placed, ten positions of one symbol",
                1.5,
                figures.until_placed,
            ),
            Figure("… first answer → all ten are sold", None, figures.until_sold),
        ),
        "synthetic",
        None,
        "it holds one trade a pair",
        positions=10,
    ),
    Situation(
        "killed_while_holding_ten_symbols",
        scripts.killed_while_holding,
        (
            Figure(
                "after a start: first answer → anything is placed, ten symbols",
                1.5,
                figures.until_placed,
            ),
            Figure("… first answer → all ten are sold", None, figures.until_sold),
        ),
        "synthetic",
        "off_exchange",
        symbols=10,
    ),
    Situation(
        "killed_with_protection",
        scripts.killed_with_protection,
        (
            Figure(
                "SIGKILL, protection sent, not executed: first answer → protected",
                1.5,
                figures.until_covered,
            ),
            COVERED_FROM_KILL,
        ),
        "stop_rests",
        "on_exchange",
    ),
    Situation(
        "killed_with_protection_oco",
        scripts.killed_with_protection,
        (
            Figure(
                "SIGKILL, OCO order sent, not executed: first answer → protected",
                1.5,
                figures.until_covered,
            ),
            COVERED_FROM_KILL,
        ),
        "oco",
        None,
        "it places no OCO orders",
    ),
    Situation(
        "killed_with_entry",
        scripts.killed_with_entry,
        (
            Figure(
                "SIGKILL, entry executed, unanswered: first answer → protected",
                1.5,
                figures.until_covered,
            ),
            COVERED_FROM_KILL,
        ),
        "stop_rests",
        "on_exchange",
        round_seconds=50,
    ),
    Situation(
        "killed_after_cancel",
        scripts.killed_after_cancel,
        (
            Figure(
                "SIGKILL, cancel executed, no sell sent: first answer → sold",
                2.0,
                figures.until_sold,
            ),
            SOLD_FROM_KILL,
        ),
        "stop_rests",
        "on_exchange",
    ),
    Situation(
        "killed_with_sell",
        scripts.killed_with_sell,
        (
            Figure(
                "SIGKILL, sell sent, not executed: first answer → sold", 2.0, figures.until_sold
            ),
            SOLD_FROM_KILL,
        ),
        "stop_rests",
        "on_exchange",
    ),
    Situation(
        "killed_with_sell_own_coins",
        scripts.killed_with_sell,
        (
            Figure(
                "SIGKILL, sell sent, not executed, own coins beside: first answer → sold",
                None,
                figures.until_sold,
            ),
            SOLD_FROM_KILL,
        ),
        "stop_rests",
        "on_exchange",
        has_own_coins=True,
    ),
    Situation(
        "exit_timed_out",
        scripts.exit_timed_out,
        (
            Figure(
                "exit timed out, not executed: cross → flat",
                3.0,
                figures.cross_to_flat,
                beyond_window=True,
            ),
            Figure("… the receive window of that exit", 3.0, figures.window_seconds),
        ),
        "synthetic",
        "off_exchange",
    ),
    Situation(
        "exit_timed_out_own_coins",
        scripts.exit_timed_out,
        (
            Figure(
                "exit timed out, not executed, own coins beside: cross → flat",
                3.0,
                figures.cross_to_flat,
                beyond_window=True,
            ),
        ),
        "synthetic",
        "off_exchange",
        has_own_coins=True,
    ),
    Situation(
        "protection_timed_out",
        scripts.protection_timed_out,
        (
            Figure(
                "protection timed out, not executed: naked", 3.0, figures.naked, beyond_window=True
            ),
            Figure("… the receive window of that order", 3.0, figures.window_seconds),
        ),
        "stop_rests",
        "on_exchange",
    ),
    Situation(
        "protection_timed_out_own_coins",
        scripts.protection_timed_out,
        (
            Figure(
                "protection timed out, not executed, own coins beside: naked",
                3.0,
                figures.naked,
                beyond_window=True,
            ),
        ),
        "stop_rests",
        "on_exchange",
        has_own_coins=True,
    ),
    Situation(
        "protection_timed_out_oco",
        scripts.protection_timed_out,
        (
            Figure(
                "OCO order timed out, not executed: naked", 3.0, figures.naked, beyond_window=True
            ),
        ),
        "oco",
        None,
        "it places no OCO orders",
    ),
    Situation(
        "protection_answered_502",
        scripts.protection_answered_502,
        (
            Figure(
                "protection answered 502, executed: naked after it", 0.0, figures.naked_after_cover
            ),
        ),
        "stop_rests",
        "on_exchange",
    ),
    Situation(
        "protection_answered_502_oco",
        scripts.protection_answered_502,
        (
            Figure(
                "OCO order answered 502, executed: naked after it", 0.0, figures.naked_after_cover
            ),
        ),
        "oco",
        None,
        "it places no OCO orders",
    ),
    Situation(
        "stop_while_unanswered",
        scripts.stop_while_unanswered,
        (
            Figure(
                "submit unanswered, shown by the stream: stop crossed → cancel sent",
                0.1,
                figures.cross_to_cancel,
            ),
            Figure("… stop crossed → flat", None, figures.cross_to_flat),
        ),
        "synthetic",
        None,
        "it opens no account stream",
    ),
    Situation(
        "fill_event_lost",
        scripts.fill_event_lost,
        (
            Figure("event of a fill lost, synthetic: fill → known", 3.0, figures.fill_to_known),
            Figure("… fill → the next entry", None, figures.fill_to_entry),
        ),
        "synthetic",
        "on_exchange",
    ),
    Situation(
        "fill_event_lost_switching",
        scripts.fill_event_lost,
        (
            Figure("event of a fill lost, switching: fill → known", 3.0, figures.fill_to_known),
            Figure("… fill → the next entry", None, figures.fill_to_entry),
        ),
        "switching",
        None,
        "see fill_event_lost",
    ),
    Situation(
        "quotes_lost",
        scripts.quotes_lost,
        (
            Figure(
                "quotes silent for 60 s, REST answers: stop crossed → sold",
                3.0,
                figures.cross_to_flat,
            ),
        ),
        "synthetic",
        "off_exchange",
    ),
    Situation(
        "quotes_lost_at_once",
        scripts.quotes_lost_at_once,
        (
            Figure(
                "quotes silent from the cross on, REST answers: stop crossed → sold",
                3.0,
                figures.cross_to_flat,
            ),
        ),
        "synthetic",
        "off_exchange",
    ),
    Situation(
        "quotes_lost_and_unanswered",
        scripts.quotes_lost_and_unanswered,
        (
            Figure(
                "quotes silent for 60 s, REST silent too: stop crossed → sold",
                None,
                figures.cross_to_flat,
            ),
        ),
        "synthetic",
        "off_exchange",
        round_seconds=75,
    ),
    _weight("weight_flat", scripts.steady_and_flat, "flat", 8.0),
    _weight("weight_holding", scripts.steady_and_holding, "one symbol held", 25.0),
    _weight(
        "weight_holding_three", scripts.steady_and_holding, "three symbols held", 37.0, symbols=3
    ),
)
