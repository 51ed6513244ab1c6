"""Which messages a position hears, and what each of them is to its table."""

from actors.position.states import Input
from messages.base import Message
from messages.envelope import Wake
from messages.position import (
    AddToPosition,
    BalanceAnswered,
    Begin,
    BudgetDenied,
    BudgetGranted,
    ChangeProtection,
    ClosePosition,
    ListsCompared,
    LookedBack,
    MarketFreshness,
    MarketReported,
    OrdersReleased,
    OrderUpdated,
    OwnershipChanged,
    QuoteAnswered,
    ResendBooking,
    Resync,
    SessionEnding,
    StopEntering,
    SwitchProtection,
    TriggerFired,
    TriggersArmed,
    VenueReachability,
)

PositionMessage = (
    Begin
    | BudgetGranted
    | BudgetDenied
    | ClosePosition
    | StopEntering
    | ChangeProtection
    | SwitchProtection
    | AddToPosition
    | SessionEnding
    | ResendBooking
    | Resync
    | Wake
    | OrderUpdated
    | OrdersReleased
    | LookedBack
    | ListsCompared
    | OwnershipChanged
    | BalanceAnswered
    | VenueReachability
    | MarketReported
    | TriggersArmed
    | TriggerFired
    | MarketFreshness
    | QuoteAnswered
)

INPUTS: dict[type[Message], Input] = {
    Begin: Input.BEGUN,
    BudgetGranted: Input.BUDGET_GRANTED,
    BudgetDenied: Input.BUDGET_DENIED,
    ClosePosition: Input.CLOSE_ASKED,
    StopEntering: Input.STOP_ENTERING_ASKED,
    ChangeProtection: Input.PROTECTION_CHANGED,
    SwitchProtection: Input.SWITCH_ASKED,
    AddToPosition: Input.ADD_ASKED,
    SessionEnding: Input.SESSION_ENDING,
    ResendBooking: Input.BOOKING_ASKED,
    Resync: Input.RESYNC_ASKED,
    Wake: Input.DEADLINE_PASSED,
    OrderUpdated: Input.ORDER_UPDATED,
    LookedBack: Input.LOOKED_BACK,
    ListsCompared: Input.LISTS_COMPARED,
    OwnershipChanged: Input.OWNERSHIP_CHANGED,
    OrdersReleased: Input.ORDERS_RELEASED,
    BalanceAnswered: Input.BALANCE_TOLD,
    MarketReported: Input.MARKET_REPORTED,
    VenueReachability: Input.VENUE_REACHABILITY,
    TriggersArmed: Input.TRIGGERS_ARMED,
    TriggerFired: Input.TRIGGER_FIRED,
    MarketFreshness: Input.MARKET_FRESHNESS,
    QuoteAnswered: Input.QUOTE_TOLD,
}
