"""What the table on seconds is computed from, and one round of it at a server."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.seconds import __main__ as command
from benchmarks.seconds import books
from benchmarks.seconds.situations import SITUATIONS, Figure
from benchmarks.seconds.table import Result, is_met, spread, table
from exchange.server.ledger import Answered, Asked, Entry, Filled, OrderStood
from exchange.server.wire import Call
from messages.base import Currency, Symbol, Timestamp
from messages.money import Money
from messages.orders import OrderStatus, OrderType, Side, StopStatus
from verification.sources import ROOT

BTC = Symbol("BTC/USDT")
ONE = Decimal(1)


def bought(at: int, quantity: str = "1", name: str = "buy", fee: str = "0") -> list[Entry]:
    quantity_ = Decimal(quantity)
    filled = OrderStatus.FILLED
    return [
        stood(at, name, Side.BUY, filled, quantity_, quantity_),
        fill(at, name, Side.BUY, quantity_, Money(Currency("BTC"), Decimal(fee))),
    ]


def sold(at: int, quantity: str = "1", name: str = "sell") -> list[Entry]:
    quantity_ = Decimal(quantity)
    return [
        stood(at, name, Side.SELL, OrderStatus.FILLED, quantity_, quantity_),
        fill(at, name, Side.SELL, quantity_, Money(Currency("USDT"), ONE)),
    ]


def stop(at: int, status: OrderStatus = OrderStatus.OPEN, name: str = "stop") -> list[Entry]:
    return [stood(at, name, Side.SELL, status, ONE, Decimal(0), StopStatus.WORKING)]


def stood(
    at: int,
    name: str,
    side: Side,
    status: OrderStatus,
    quantity: Decimal,
    filled: Decimal,
    stop_status: StopStatus = StopStatus.NONE,
) -> OrderStood:
    return OrderStood(
        at=Timestamp(at),
        client_order_id=name,
        exchange_order_id="7",
        symbol=BTC,
        side=side,
        type=OrderType.MARKET,
        status=status,
        stop=stop_status,
        quantity=quantity,
        filled=filled,
    )


def fill(at: int, name: str, side: Side, quantity: Decimal, fee: Money) -> Filled:
    return Filled(
        at=Timestamp(at),
        client_order_id=name,
        symbol=BTC,
        side=side,
        quantity=quantity,
        price=ONE,
        fee=fee,
    )


def asked(at: int, path: str, text: str = "", method: str = "GET") -> Asked:
    return Asked(
        at=Timestamp(at), number=at, call=Call.LOOK_UP, method=method, path=path, text=text
    )


def answered(at: int) -> Answered:
    return Answered(at=Timestamp(at), number=at, call=Call.LOOK_UP, status=200)


def test_coins_are_naked_while_no_stop_covers_all_of_them() -> None:
    entries = [
        *bought(1_000),
        *stop(1_400),
        *stop(2_000, OrderStatus.CANCELED),
        *stop(2_500, name="stop2"),
        *sold(9_000),
    ]
    assert books.naked_seconds(entries) == pytest.approx(0.9)
    covered = books.first_when(entries, lambda now: now.is_covered)
    assert covered == 1_400
    assert books.naked_seconds(entries, covered) == pytest.approx(0.5)


def test_lines_of_one_instant_are_taken_together() -> None:
    entries = [*bought(1_000), *stop(1_000), *sold(2_000, "0.4"), *bought(2_000, "0.4", "again")]
    assert books.naked_seconds(entries) == 0
    assert books.first_when(entries, lambda now: now.held.get(BTC) == Decimal("0.6")) is None


def test_a_fee_in_the_coin_is_not_held_and_dust_is_flat() -> None:
    entries = [*bought(1_000, fee="0.001"), *sold(2_000, "0.999")]
    assert books.first_when(entries, lambda now: now.is_flat, 1_500) == 2_000
    assert not books.oversold(entries)
    assert books.first_when([], lambda now: now.is_sold) is None
    assert books.oversold([*entries, *sold(3_000, "0.1", "more")])


def test_a_buy_while_coins_are_held_counts_as_doubled() -> None:
    assert books.doubled([*bought(1_000), *sold(2_000), *bought(3_000, name="next")]) == 0
    assert books.doubled([*bought(1_000), *bought(3_000, name="next")]) == 1


def test_the_first_answer_is_the_first_after_the_kill() -> None:
    late = Answered(at=Timestamp(1_100), number=990, call=Call.LOOK_UP, status=200)
    entries: list[Entry] = [
        asked(990, "/api/v3/time"),
        late,  # the dead process's own
        asked(1_200, "/api/v3/time"),
        Answered(at=Timestamp(1_250), number=1_200, call=Call.LOOK_UP, status=200),
    ]
    assert books.first_answer(entries, 1_000) == 1_250
    assert books.first_request(entries, Call.LOOK_UP, 1_000) == 1_200
    assert books.first_request(entries, Call.SUBMIT, 1_000) is None
    assert books.seconds_between(1_000, 1_250) == pytest.approx(0.25)
    assert books.seconds_between(None, 1_250) is None


@pytest.mark.parametrize(
    ("path", "text", "weight"),
    [
        ("/api/v3/order", "symbol=BTCUSDT&orderId=70", 4),
        ("/api/v3/openOrders", "symbol=BTCUSDT", 6),
        ("/api/v3/openOrders", "timestamp=1", 80),
        ("/api/v3/myTrades", "symbol=BTCUSDT", 20),
        ("/api/v3/myTrades", "symbol=BTCUSDT&orderId=70", 5),
        ("/api/v3/time", "", 1),
    ],
)
def test_a_request_weighs_as_binance_says(path: str, text: str, weight: int) -> None:
    assert books.weight([asked(1, path, text), answered(2)]) == weight


def test_an_order_is_named_by_its_own_id_or_the_venues() -> None:
    (order,) = stop(1)
    assert isinstance(order, OrderStood)
    assert books.names(asked(1, "/api/v3/order", "origClientOrderId=stop"), order)
    assert books.names(asked(1, "/api/v3/order", "orderId=70&symbol=BTCUSDT"), order)
    assert not books.names(asked(1, "/api/v3/order", "orderId=170&symbol=BTCUSDT"), order)


def results(*figures: float | None, program: str = "Holdfast") -> list[Result]:
    return [
        Result(
            program=program,
            situation="exit_timed_out",
            number=number,
            figures=(one, one),
            window_seconds=3.0,
            load=1.0,
        )
        for number, one in enumerate(figures)
    ]


def test_a_figure_is_shown_by_its_median_and_its_worst() -> None:
    assert spread(0, results(1.0, 5.0, 2.0)) == "2.00 / 5.00"
    assert spread(0, results(1.0, None, 2.0)) == "1.50 / never in 1 of 3"
    assert spread(0, results(None)) == "never in 1 of 1"
    assert spread(0, []) == "–"


@pytest.mark.parametrize(
    ("figures", "beyond_window", "met"),
    [
        ((1.0, 3.0), False, True),
        ((1.0, 3.1), False, False),
        ((1.0, 5.9), True, True),
        ((1.0, 6.1), True, False),
        ((1.0, None), True, False),
    ],
)
def test_a_goal_is_met_by_every_round_or_missed(
    figures: Iterable[float | None], *, beyond_window: bool, met: bool
) -> None:
    goal = Figure("a figure", 3.0, lambda _: None, beyond_window)
    assert is_met(goal, 0, results(*figures)) is met


def test_the_table_has_a_row_for_each_figure_of_each_situation() -> None:
    (situation,) = (one for one in SITUATIONS if one.key == "exit_timed_out")
    played = {
        ("Holdfast", "exit_timed_out"): results(7.0, 9.0),
        ("freqtrade", "exit_timed_out"): results(13.0, program="freqtrade"),
    }
    lines = table([situation], ("Holdfast", "freqtrade"), played, "Holdfast").splitlines()
    assert len(lines) == 2 + len(situation.figures)
    assert "| 8.00 / 9.00 | 13.00 / 13.00 | ≤ 3 + window | **missed** |" in lines[2]


def test_every_situation_is_named_once_and_says_why_a_program_takes_no_part() -> None:
    keys = [one.key for one in SITUATIONS]
    assert len(set(keys)) == len(keys)
    assert set(command.QUICK) <= set(keys)
    for one in SITUATIONS:
        assert (one.freqtrade is None) is bool(one.without_freqtrade), one.key


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--only", "no_such"], "no situation no_such"),
        (["--program", "hummingbot"], "invalid choice"),
        (["--freqtrade", "/no/such/python"], "is no Python that has freqtrade"),
        (["--freqtrade", "."], "is no Python that has freqtrade"),
        (["--folder", __file__], "File exists"),
        (["--folder", str(ROOT)], "is not empty"),
        (["--rounds", "0"], "count from 1"),
    ],
)
def test_a_wrong_option_is_explained(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert text in capsys.readouterr().err


def test_one_round_is_played_at_a_server_and_read_from_its_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rounds"
    arguments = ["--quick", "--only", "protection_answered_502", "--folder", str(folder)]
    played = command.main(arguments)
    (result,) = played["Holdfast-protection_answered_502"]
    assert result.troubles == ()
    assert result.figures[0] is not None
    printed = capsys.readouterr().out
    assert "freqtrade skipped" in printed
    assert "protection answered 502" in printed
