"""``python -m exchange.server SETUP.json``: a server as a process of its own.

Prints one line when it listens: how it is reached, as JSON (``connect.Reach``). Ends on SIGTERM or
Ctrl-C.
"""

import asyncio
import secrets
import signal
import sys
from pathlib import Path

import msgspec

from config.packages import missing_package
from exchange.server.dialects import make_dialect
from exchange.server.endpoint import ControlEndpoint
from exchange.server.ledger import Ledger
from exchange.server.remote import Setup
from exchange.server.server import ExchangeServer, reach_of

USAGE = "usage: python -m exchange.server SETUP.json"
_BAD_USAGE = 2


def main(arguments: list[str]) -> int:
    """Serve until told to end; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write(USAGE + "\n")
        return _BAD_USAGE
    try:
        setup = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Setup)
        server = ExchangeServer(make_dialect(setup.dialect, setup.markets, setup.balances))
        if setup.ledger is not None:
            server.ledger = Ledger(Path(setup.ledger), lambda: server.dialect.venue.now)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{missing_package(error) or error}\n")
        return _BAD_USAGE
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return _BAD_USAGE
    asyncio.run(_serve(server))
    return 0


async def _serve(server: ExchangeServer) -> None:
    token = secrets.token_hex(16)
    control = ControlEndpoint(server, token)
    await server.start()
    await control.start()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    reach = msgspec.structs.replace(
        reach_of(server), control_port=control.port, control_token=token
    )
    sys.stdout.write(msgspec.json.encode(reach).decode() + "\n")
    sys.stdout.flush()
    await ended.wait()
    await control.close()
    await server.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
