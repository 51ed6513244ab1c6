"""Each protection mode on real markets, by the configs that ship in config/modes."""

from collections import Counter
from pathlib import Path

import pytest

from actors.journal.port import Record
from config.loading import load
from config.settings import CandlePath
from messages.order_router import PlaceOrder
from messages.orders import Purpose
from messages.plan import ProtectionMode, Rung
from messages.position import CloseCause
from replay.playback import Played
from tests.system.watched import Watched, told_profit, venue_profit
from verification.sources import ROOT

MODES = ROOT / "config" / "modes"
BTC_USDT = "BTC-USDT-1m-2022-01.csv.gz"
BTC_QUOTED = "*-BTC-5m-2018-01.csv.gz"


class Tally:
    """What was used over a set of replays."""

    def __init__(self) -> None:
        self.exits: Counter[CloseCause] = Counter()
        self.rungs: Counter[tuple[Purpose, str, str]] = Counter()
        self.switches = 0

    def on_record(self, record: Record) -> None:
        for send in record.outbox:
            if isinstance(send.message, PlaceOrder):
                request = send.message.request
                if request.purpose in {Purpose.ENTRY, Purpose.CLOSE}:
                    kind = (request.purpose, request.type.value, request.time_in_force.value)
                    self.rungs[kind] += 1

    def add(self, played: Played) -> None:
        self.exits.update(trade.cause for trade in played.report.trades)
        self.switches += sum(trade.switches for trade in played.report.trades)


def used(purpose: Purpose, rung: Rung) -> tuple[Purpose, str, str]:
    return purpose, rung.type.value, rung.time_in_force.value


def test_every_mode_in_which_something_rests_has_a_config() -> None:
    shipped = {path.stem for path in MODES.glob("*.toml")}
    others = {ProtectionMode.AUTO, ProtectionMode.TRIGGERS}  # one of these; nothing rests
    assert shipped == {mode.value for mode in ProtectionMode if mode not in others}
    for path in MODES.glob("*.toml"):
        assert load(path, []).plan.protection_mode.value == path.stem


@pytest.mark.parametrize("mode", ["synthetic", "switching", "stop_rests", "oco"])
def test_a_mode_holds_its_ledgers_and_uses_all_it_has(recordings: Path, mode: str) -> None:
    tally, config = Tally(), MODES / f"{mode}.toml"
    runs: tuple[tuple[str, CandlePath, list[str]], ...] = (
        (BTC_USDT, CandlePath.LOW_FIRST, []),
        (BTC_QUOTED, CandlePath.HIGH_FIRST, ["drop.budget=0.01"]),
    )
    for pattern, path, overrides in runs:
        settings = load(config, overrides)
        watched = Watched(tuple(sorted(recordings.glob(pattern))), settings, checks_all=False)
        watched.records.append(tally.on_record)
        played = watched.play(path)
        tally.add(played)
        assert played.summary.skipped_messages == 0
        assert played.summary.open_positions == 0
        assert played.summary.alarms == {}
        assert watched.venue is not None
        for currency, capital in settings.capital.items():
            told = told_profit(played.report.trades, currency)
            assert venue_profit(watched.venue, currency, capital) == told
    for cause in ("take_profit", "stop_loss", "trailing_stop", "time_limit"):
        assert tally.exits[CloseCause(cause)] >= 10, tally.exits
    plan = load(config, []).plan
    for rung in plan.entry_ladder:
        assert tally.rungs[used(Purpose.ENTRY, rung)] > 0, tally.rungs
    for rung in plan.exit_ladder:
        assert tally.rungs[used(Purpose.CLOSE, rung)] > 0, tally.rungs
    if mode == "switching":
        assert tally.switches >= 100
