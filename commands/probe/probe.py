"""``probe``: place, cancel and trigger small orders, and keep what they showed as evidence.

Owns the question before it, the signals that end it, and that nothing of it is left at the end.
"""

import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from importlib import metadata
from pathlib import Path

import msgspec

from actors.journal.lease import is_held
from commands.probe.desk import Desk, EndAskedError
from commands.probe.ledger import Book, Ledger
from commands.probe.measures import Probe, measure, order_quantity
from commands.probe.sweep import dust, sweep
from commands.probe.words import lines_of
from config.packages import version
from config.settings import Settings
from exchange.live.connection import Connection
from exchange.port import UnknownSymbolError
from exchange.profiles.evidence import Evidence
from messages.base import Symbol
from messages.ids import RANDOM_BITS, Identity, account_of, epoch_of
from messages.money import amount_in, ceil_to_step, plain
from session.connection import Files, Say, Way, connect, keys_of, profile_named
from session.evidence_file import evidence_path, keep_evidence
from session.key_check import check_key
from session.process_secrets import hide_secrets
from session.trading_modes import Mode, Venue, ask_consent
from terminal.errors import RunFailedError, UsageError

MOST = Decimal(20)
"""Quote currency that a probe with real money may have in orders at a time."""
_TAG = "probe / Holdfast"
"""Of the probe's client order ids: no ``account.tag`` can be this, so no session takes its orders
for its own."""
_CENT = Decimal("0.01")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed."""

    venue: Venue
    symbol: Symbol
    state: Path
    stop_seconds: float


def probe(request: Request, settings: Settings, way: Way, say: Say) -> None:
    """Probe an exchange and write what it showed.

    Raises:
        UsageError: what was typed can't be used, nobody agreed, or a session of the account runs.
        ConnectFailedError: the exchange can't be reached, or refuses the key.
        RunFailedError: a step failed, or something of the probe is left at the exchange.
        KeyboardInterrupt: it was asked to end; nothing of it is left.

    """
    venue = request.venue
    profile = profile_named(venue.exchange_id)
    is_sandbox = venue.mode is Mode.SANDBOX
    _check_alone(request)
    keys = keys_of(profile, way, venue.keys_file)
    hide_secrets(profile, is_attachable=settings.live.attachable)
    files = Files(keys=venue.keys_file, state=request.state)
    connection = connect(profile, keys, way, say, settings.live, is_sandbox=is_sandbox, files=files)
    try:
        check_key(connection, venue, settings, say)
        _clear_old(request, connection, say)
        _probe_market(request, connection, say)
    finally:
        connection.close()


def _probe_market(request: Request, connection: Connection, say: Say) -> None:
    try:
        listing = connection.listing(request.symbol)
    except UnknownSymbolError as error:
        raise UsageError(str(error)) from None
    if not listing.facts.is_active:
        raise UsageError(f"{request.symbol} is not traded now: halted or delisted")
    identity, asked = _identity(connection), threading.Event()
    book = Book(symbol=request.symbol, account=identity.account)
    desk = Desk(connection, request.symbol, identity, Ledger(_ledger_path(request), book), asked)
    total, _ = desk.balances()  # not as the connection was opened: an old probe was cleared since
    desk.ledger.begin(amount_in(total, desk.rules.base))
    quantity = order_quantity(desk)
    cost = ceil_to_step(quantity * desk.ask(), _CENT)
    _ask(request, cost, quantity, desk, say)
    steps = Probe(
        desk=desk,
        quantity=quantity,
        say=say,
        may_reuse_open=_is_within(request, 2 * cost),
        stop_seconds=request.stop_seconds,
    )
    with _asked_to_end(asked, say):
        evidence = _measured(steps, _begun(request), say)
    path = evidence_path(
        request.state, connection.profile.id, is_sandbox=request.venue.mode is Mode.SANDBOX
    )
    keep_evidence(path, evidence)
    for line in lines_of(evidence):
        say(f"  {line}")
    say(f"  evidence in {path}; the next starts with this --state-dir read it")


def _measured(steps: Probe, seen: Evidence, say: Say) -> Evidence:
    """Take the steps, and clear what they leave however they end."""
    problem, evidence = "", None
    try:
        evidence = measure(steps, seen)
    except EndAskedError:
        say("  asked to end: its orders are canceled and what it bought is sold first")
    except RunFailedError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - ccxt's too; what was placed is cleared all the same
        problem = steps.desk.connection.text_of(error)
    left = sweep(steps.desk)
    if left:
        _tell_left(left)
    rest = dust(steps.desk)
    if rest:
        say(f"  {plain(rest)} {steps.desk.rules.base} are too little to be sold: they stay")
    if problem:
        raise RunFailedError(f"{problem}; nothing of the probe is left at the exchange")
    if evidence is None:
        raise KeyboardInterrupt
    return evidence


def _clear_old(request: Request, connection: Connection, say: Say) -> None:
    """Clear what an earlier probe left that was killed."""
    path = _ledger_path(request)
    if not path.exists():
        return
    try:
        book = msgspec.json.decode(path.read_bytes(), type=Book)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{path}, which names the orders of a probe that was killed, can't be read ({error}): "
            "look at the exchange for its orders, then remove the file"
        ) from None
    identity = _identity(connection)
    if book.account != identity.account:
        raise UsageError(f"{path}: a probe with another account was killed: clear that one first")
    say(f"  an earlier probe was killed: its orders on {book.symbol} are cleared first")
    asked = threading.Event()
    with _asked_to_end(asked, say):
        left = sweep(Desk(connection, book.symbol, identity, Ledger(path, book), asked))
    if left:
        _tell_left(left)
    if asked.is_set():
        raise KeyboardInterrupt


def _tell_left(left: str) -> None:
    raise RunFailedError(
        f"NOT CLEARED: {left}. Look at the exchange, or run probe again: it clears this first"
    )


def _check_alone(request: Request) -> None:
    """Refuse while a session trades the account: both look at one balance."""
    kind = f"{request.venue.mode.value}-{request.venue.exchange_id}"
    for folder in sorted(request.state.glob(f"{kind}-*")):
        if folder.is_dir() and is_held(folder):
            raise UsageError(f"{folder.name}: a session runs with this account; stop it first")


def _ask(request: Request, cost: Decimal, quantity: Decimal, desk: Desk, say: Say) -> None:
    rules = desk.rules
    if not _is_within(request, cost):
        raise UsageError(
            f"{request.symbol}: its smallest orders are {plain(cost)} {rules.quote}, more than the "
            f"{plain(MOST)} that a probe may spend: choose another market, or --mode sandbox"
        )
    what = "test money" if request.venue.mode is Mode.SANDBOX else "REAL MONEY"
    say(
        f"probe of {desk.connection.profile.name} with {what}: some orders of {plain(quantity)} "
        f"{rules.base}, about {plain(cost)} {rules.quote} each. One is bought and sold again: it "
        "costs two fees and the spread."
    )
    ask_consent(request.venue, say)


def _is_within(request: Request, cost: Decimal) -> bool:
    return request.venue.mode is Mode.SANDBOX or cost <= MOST


def _ledger_path(request: Request) -> Path:
    path = evidence_path(
        request.state,
        request.venue.exchange_id,
        is_sandbox=request.venue.mode is Mode.SANDBOX,
    )
    return path.with_name(f"{path.stem}-orders.json")


def _identity(connection: Connection) -> Identity:
    account = account_of(connection.profile.id, connection.opened.uid, _TAG)
    return Identity(account=account, epochs=(epoch_of(secrets.randbits(RANDOM_BITS)),))


def _begun(request: Request) -> Evidence:
    return Evidence(
        exchange=request.venue.exchange_id,
        symbol=request.symbol,
        mode=request.venue.mode.value,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        holdfast=version(),
        ccxt=metadata.version("ccxt"),
    )


@contextmanager
def _asked_to_end(asked: threading.Event, say: Say) -> Iterator[None]:
    """Take signals as a wish to end, obeyed between two answers; restore what was before."""

    def heard(_number: int, _frame: object) -> None:
        if asked.is_set():
            say("  still clearing: the end comes when nothing of the probe is left")
        asked.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, heard) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
