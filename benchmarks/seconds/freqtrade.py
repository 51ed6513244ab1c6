"""freqtrade in live mode at the exchange server, in the environment where its user installed it.

Its strategy is written into the folder of the rounds, as freqtrade imports it there.
"""

import json
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from benchmarks.seconds.holdfast_gate import GATE
from benchmarks.seconds.programs import Place, Program, budget_of
from benchmarks.seconds.round import LOOP_SECONDS

_DATABASE = "freqtrade.sqlite"
_PATHS = {
    "public": "/api/v3",
    "private": "/api/v3",
    "v1": "/api/v1",
    "sapi": "/sapi/v1",
    "sapiV2": "/sapi/v2",
    "sapiV3": "/sapi/v3",
    "sapiV4": "/sapi/v4",
    "fapiPublic": "/fapi/v1",
    "dapiPublic": "/dapi/v1",
    "eapiPublic": "/eapi/v1",
}
_STRATEGY = '''"""Enters while the gate is there, and no pair is locked after an exit."""
import os

from freqtrade.strategy import IStrategy


class Gate(IStrategy):
    timeframe = "1m"
    can_short = False
    stoploss = -0.01
    minimal_roi = {"0": 0.01}
    startup_candle_count = 5
    process_only_new_candles = False

    def lock_pair(self, *args, **kwargs):
        pass

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = int(os.path.exists(os.environ["SECONDS_GATE"]))
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe

    def confirm_trade_entry(self, *args, **kwargs):
        return os.path.exists(os.environ["SECONDS_GATE"])
'''


class Freqtrade(Program):
    """``freqtrade trade``; ``mode`` is ``on_exchange`` or ``off_exchange``: where its stop is."""

    name = "freqtrade"

    def __init__(self, place: Place, mode: str, python: str) -> None:
        """Write its config and its strategy."""
        super().__init__(place, mode)
        self._python = python
        for name in ("", "strategies", "logs", "data"):
            (place.folder / "user_data" / name).mkdir(exist_ok=True)
        (place.folder / "user_data" / "strategies" / "gate.py").write_text(_STRATEGY)
        (place.folder / "config.json").write_text(json.dumps(self.config, indent=1))

    @property
    def config(self) -> dict[str, Any]:
        """The whole of its config but the keys' values."""
        place, reach = self.place, self.place.reach
        base = f"https://127.0.0.1:{reach.port}"
        on_exchange = self.mode == "on_exchange"
        ccxt = {
            "urls": {"api": {name: base + path for name, path in _PATHS.items()}},
            "verify": False,
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
            },
        }
        return {
            "max_open_trades": len(place.symbols),
            "stake_currency": "USDT",
            "stake_amount": budget_of(place),
            "dry_run": False,
            "timeframe": "1m",
            "trading_mode": "spot",
            "cancel_open_orders_on_exit": False,
            "unfilledtimeout": {"entry": 2, "exit": 2, "unit": "minutes"},
            "entry_pricing": {"price_side": "other", "use_order_book": False},
            "exit_pricing": {"price_side": "other", "use_order_book": False},
            "order_types": {
                "entry": "market",
                "exit": "market",
                "emergency_exit": "market",
                # At Binance spot only a stop-limit can rest.
                "stoploss": "limit" if on_exchange else "market",
                "stoploss_on_exchange": on_exchange,
            },
            "exchange": {
                "name": "binance",
                "key": reach.api_key,
                "secret": reach.secret,
                "ccxt_config": ccxt,
                "ccxt_async_config": {},
                "pair_whitelist": list(place.symbols),
                "enable_ws": False,  # the server streams no candles
            },
            "pairlists": [{"method": "StaticPairList"}],
            "internals": {"process_throttle_secs": int(LOOP_SECONDS)},
            "bot_name": "peer",
            "initial_state": "running",
            "db_url": f"sqlite:///{place.folder / _DATABASE}",
            "strategy": "Gate",
            "user_data_dir": str(place.folder / "user_data"),
        }

    @property
    def believes_to_hold(self) -> bool:
        """Whether its database has an open trade."""
        with closing(sqlite3.connect(self.place.folder / _DATABASE)) as database:
            (count,) = database.execute("SELECT count(*) FROM trades WHERE is_open").fetchone()
        return bool(count)

    @property
    def command(self) -> list[str]:
        """What is typed to start it."""
        folder = self.place.folder
        return [
            *(self._python, "-m", "freqtrade", "trade", "-c", str(folder / "config.json")),
            *("--strategy-path", str(folder / "user_data" / "strategies")),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        """The gate, and one thread for its numbers: they are few."""
        gate = str(self.place.gate)
        return {GATE: gate, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def version_of(python: str) -> str | None:
    """Return the versions of freqtrade and ccxt behind a Python; None: it has no freqtrade."""
    ask = "import freqtrade, ccxt; print(freqtrade.__version__, 'with ccxt', ccxt.__version__)"
    try:
        asked = subprocess.run(  # noqa: S603 - the Python that a person named
            [python, "-c", ask], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
