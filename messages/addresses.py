"""The names of the actors that there is one of; and how the many are named."""

from messages.base import Address, PositionId

POSITIONS = Address("positions")
PORTFOLIO = Address("portfolio")
ORDER_ROUTER = Address("order_router")
GATEWAY = Address("gateway")
MARKET_DATA = Address("market_data")
STRATEGY = Address("strategy")
STRATEGY_RUNNER = Address("strategy_runner")
"""The thread that the strategy's own code runs on."""
GUARDIAN = Address("guardian")
RECONCILER = Address("reconciler")
JOURNAL = Address("journal")
OBSERVERS = Address("observers")
SUPERVISOR = Address("supervisor")
WATCHDOG = Address("watchdog")
INSPECTOR = Address("inspector")
"""The thread that answers who looks."""
OPERATOR = Address("operator")
"""What a person at the inspector wants done."""
CUSTODY = Address("custody")
"""The thread that has the journal look at its files."""
CLOCK = Address("clock")

_POSITION = "position/"


def position_address(position_id: PositionId) -> Address:
    """Return where a position is reached."""
    return Address(_POSITION + position_id)
