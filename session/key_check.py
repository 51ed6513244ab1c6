"""May this key trade with real money? Not if it can take money out, or nobody knows whether it can.

Owns the refusal, and the acknowledgement where the exchange does not say what a key may do.
"""

from collections.abc import Callable

from config.settings import Settings
from exchange.live.connection import Connection
from exchange.live.key_watch import read_rights, told, too_much
from session.connection import EXIT_KEY_REFUSED, Say
from session.trading_modes import Mode, Venue
from terminal.errors import ConnectFailedError, UsageError
from terminal.person import is_anyone_there, read_line, typed_by

ACKNOWLEDGED = "cannot withdraw"
"""What a person types of a key whose rights the exchange does not tell."""
SETTING = "live.accept_unreported_rights"


def check_key(
    connection: Connection,
    venue: Venue,
    settings: Settings,
    say: Say,
    *,
    is_terminal: bool | None = None,
    read: Callable[[], str] = read_line,
) -> None:
    """Say what the key may do. In live mode only one that can't take money out is used.

    Raises:
        ConnectFailedError: the key may withdraw or transfer.
        UsageError: the exchange does not say, and no person has acknowledged that it can't.

    """
    if venue.mode is not Mode.LIVE:
        return
    name = connection.profile.name
    connection.rights = rights = connection.thread.run(read_rights(connection))
    can = too_much(rights)
    if can is not None:
        raise ConnectFailedError(
            f"{name}: this key may {can}: take that right from it at the exchange, "
            "or give a key that may only read and trade",
            EXIT_KEY_REFUSED,
        )
    for line in told(rights):
        say(f"  key       {line}")
    if rights.can_withdraw is not None or settings.live.accept_unreported_rights:
        return
    if venue.is_sure or not is_anyone_there(is_terminal=is_terminal):
        raise UsageError(
            f"{name} does not say whether this key may withdraw: look at the exchange; if it "
            f"can't, acknowledge that with --set {SETTING}=true"
        )
    say(f'Look at {name}: if this key can\'t withdraw, type "{ACKNOWLEDGED}" to go on:')
    if typed_by(read).lower() != ACKNOWLEDGED:
        raise UsageError("not acknowledged: nothing was traded")
