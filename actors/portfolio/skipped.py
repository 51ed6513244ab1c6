"""What the portfolio says after a message that it could not take: refused, or asked for again.

Owns the way on after a skipped message. Nothing changed by it.
"""

from msgspec.structs import replace

from messages.addresses import GATEWAY, GUARDIAN, ORDER_ROUTER, PORTFOLIO, position_address
from messages.base import Message
from messages.envelope import Send
from messages.gateway import FetchBalances
from messages.guardian import ResendTradingState
from messages.order_router import ResendConflicts
from messages.portfolio import (
    AllotCapital,
    BalancesReported,
    BookPosition,
    ClearConflict,
    OfferUnmatched,
    RequestBalance,
    ReserveBudget,
    SetLimits,
    SymbolConflict,
    TradingStateChanged,
    UnmatchedFill,
)
from messages.position import BalanceAnswered, BudgetDenied, DenialReason, ResendBooking


def after_skip(message: Message, error: str) -> tuple[Send, ...]:  # noqa: PLR0911 - one a message
    """Return what to send when ``message`` raised and was skipped."""
    match message:
        case ReserveBudget() | RequestBalance():
            return (Send(position_address(message.position_id), _refusal(message, error)),)
        case BookPosition(closed=False):
            return (Send(position_address(message.position_id), ResendBooking()),)
        case (
            BookPosition()
            | UnmatchedFill()
            | OfferUnmatched()
            | SetLimits()
            | AllotCapital()
            | ClearConflict()
        ):
            # The source may be gone by now; the message says all there is, so it is tried again.
            return (Send(PORTFOLIO, _again(message)),)
        case SymbolConflict():
            # Not tried again from here: it could undo what the router said since.
            again = ResendConflicts(symbol=message.symbol, client_order_id=message.client_order_id)
            return (Send(ORDER_ROUTER, again),)
        case TradingStateChanged():
            return (Send(GUARDIAN, ResendTradingState()),)
        case BalancesReported():
            return (Send(GATEWAY, FetchBalances()),)
        case _:
            return ()


def _again(message: Message) -> Message:
    """Return what is tried again: a late fill no longer waits, the offer may have passed by."""
    return replace(message, waits_for=()) if isinstance(message, UnmatchedFill) else message


def _refusal(message: ReserveBudget | RequestBalance, error: str) -> Message:
    if isinstance(message, RequestBalance):
        return BalanceAnswered(currency=message.currency, free=None)
    text = f"the request was skipped: {error}"
    return BudgetDenied(reason=DenialReason.FAILED, text=text)
