"""What a position hears of its market, and what it sends to sell: words for several tests."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.states import State
from messages.market import Capabilities, MarketPhase, MarketRules
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderType, Purpose, RejectReason
from messages.plan import Plan
from messages.position import (
    MarketReported,
    QuoteAnswered,
)
from tests.actors.position.scenes import (
    BARE,
    BY_HAND,
    refuse,
)
from tests.actors.position.stage import ALL_ABLE, RULES, Stage, quote

STEP = replace(RULES, step_size=Decimal("0.1"), min_quantity=Decimal("0.1"))
DEAR = replace(RULES, min_notional=Decimal(2_000))


def change(
    stage: Stage,
    rules: MarketRules = RULES,
    phase: MarketPhase = MarketPhase.OPEN,
    capabilities: Capabilities = ALL_ABLE,
) -> Stage:
    stage.hear(
        MarketReported(rules=rules, capabilities=capabilities, phase=phase, text="so it says")
    )
    return stage


def alarms(stage: Stage, kind: AlarmKind = AlarmKind.UNSELLABLE) -> list[str]:
    return [alarm.text for alarm in stage.all_sent(Alarm) if alarm.kind is kind]


def closing_under(rules: MarketRules, plan: Plan = BARE) -> Stage:
    """Bought at 100; then the rules change, and it is told to close."""
    stage = change(Stage(plan).protected(), rules)
    stage.hear(BY_HAND)
    return stage


def exits(stage: Stage) -> list[tuple[OrderType, Decimal, Decimal | None]]:
    """What was sent to sell, without what rests."""
    return [
        (request.type, request.quantity, request.price)
        for request in stage.placed
        if request.purpose is Purpose.CLOSE
    ]


def refuse_all(
    stage: Stage, reason: RejectReason, attempts: int, until: State = State.CLOSED
) -> None:
    """Refuse every exit; the price stays, and is told whenever it is asked for."""
    for attempt in range(1, attempts):
        for _ in range(20):
            if len(exits(stage)) >= attempt or stage.state() is until:
                break
            stage.hear(QuoteAnswered(quote=quote(100.0)))
            if len(exits(stage)) < attempt:
                stage.wait(10_000)
        if stage.state() is until:
            return
        if len(exits(stage)) >= attempt:
            refuse(stage, f"h0e1p1x{attempt}", reason)
