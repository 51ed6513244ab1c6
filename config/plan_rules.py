"""What must fit together in a plan, and with what the venue can do. Pure."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from config.rules import Contradiction
from messages.market import Capabilities
from messages.money import ONE, ZERO
from messages.orders import OrderType, TimeInForce
from messages.plan import OnStop, Plan, ProtectionMode, Rung, Switching

_NATIVE_STOP_MODES = (ProtectionMode.SWITCHING, ProtectionMode.STOP_RESTS, ProtectionMode.OCO)
_BOTH_NEEDED_MODES = (ProtectionMode.SWITCHING, ProtectionMode.OCO)

STOP_WAIT_MOST_MS = 600_000
"""How long the rungs that a stop passes may wait together, before the last one sells."""


def plan_contradictions(plan: Plan, venue: Capabilities) -> Iterator[Contradiction]:
    """Yield every contradiction of ``plan`` in itself, and with the ``venue`` it is to trade on."""
    yield from _mode(plan)
    yield from _venue(plan, venue)
    yield from _on_stop(plan, venue)
    if plan.protection_mode is ProtectionMode.SWITCHING and plan.switching is not None:
        yield from _switching(plan, plan.switching)
    yield from _targets(plan)
    yield from _ladder("plan.entry_ladder", plan.entry_ladder, venue)
    yield from _ladder("plan.exit_ladder", plan.exit_ladder, venue)
    if plan.exit_ladder:
        yield from _ladder_end(plan, venue)
    if plan.exit_ladder and plan.stop_rung >= len(plan.exit_ladder):
        text = f"must be below {len(plan.exit_ladder)}: it counts the exit ladder's rungs from 0"
        yield Contradiction(("plan.stop_rung", "plan.exit_ladder"), text)
    if plan.trailing is not None and plan.trailing.step_ratio >= plan.trailing.distance_ratio:
        text = f"must be below plan.trailing.distance_ratio, {plan.trailing.distance_ratio}"
        keys = ("plan.trailing.step_ratio", "plan.trailing.distance_ratio")
        yield Contradiction(keys, text)
    if plan.exit_retry_ms > plan.stuck_retry_ms:
        text = f"must be at most plan.stuck_retry_seconds, {plan.stuck_retry_ms / 1_000:g}"
        yield Contradiction(("plan.exit_retry_seconds", "plan.stuck_retry_seconds"), text)


def _mode(plan: Plan) -> Iterator[Contradiction]:
    mode = plan.protection_mode
    if mode in _NATIVE_STOP_MODES and plan.stop_loss_ratio is None and plan.stop_loss_atr is None:
        text = f'is missing: protection_mode "{mode.value}" needs a stop, such as 0.02'
        yield Contradiction(("plan.stop_loss_ratio", "plan.protection_mode"), text)
    has_target = plan.take_profit_ratio is not None or plan.take_profit_atr is not None
    if mode in _BOTH_NEEDED_MODES and not has_target:
        text = f'is missing: protection_mode "{mode.value}" needs a target, such as 0.03'
        yield Contradiction(("plan.take_profit_ratio", "plan.protection_mode"), text)
    if mode is ProtectionMode.SWITCHING and plan.switching is None:
        text = 'is missing: protection_mode "switching" needs this table'
        yield Contradiction(("plan.switching", "plan.protection_mode"), text)


def _venue(plan: Plan, venue: Capabilities) -> Iterator[Contradiction]:
    mode = plan.protection_mode
    if mode is ProtectionMode.OCO and not venue.oco:
        text = '"oco" needs a venue that has it: paper.capabilities.oco is false'
        yield Contradiction(("plan.protection_mode", "paper.capabilities.oco"), text)
    if mode in (ProtectionMode.SWITCHING, ProtectionMode.STOP_RESTS):
        is_limit = plan.stop_limit_offset_ratio is not None
        name = "native_stop_limit" if is_limit else "native_stop"
        if not (venue.native_stop_limit if is_limit else venue.native_stop):
            text = f'"{mode.value}" needs native stops: paper.capabilities.{name} is false'
            keys = ("plan.protection_mode", f"paper.capabilities.{name}")
            yield Contradiction(keys, text)


def _on_stop(plan: Plan, venue: Capabilities) -> Iterator[Contradiction]:
    if plan.on_stop is OnStop.NATIVE_STOP and not venue.has_native_stop:
        text = '"native_stop" needs native stops: paper.capabilities.native_stop is false'
        yield Contradiction(("plan.on_stop", "paper.capabilities.native_stop"), text)


def _switching(plan: Plan, switching: Switching) -> Iterator[Contradiction]:
    to_stop, to_target = switching.to_stop_loss_ratio, switching.to_take_profit_ratio
    name, other = "plan.switching.to_stop_loss_ratio", "plan.switching.to_take_profit_ratio"
    if to_stop >= to_target:
        yield Contradiction(
            (name, other), f"{to_stop} must be below to_take_profit_ratio {to_target}"
        )
    if plan.stop_loss_ratio is not None and to_stop <= -plan.stop_loss_ratio:
        text = f"{to_stop} must be above the stop, at a return of {-plan.stop_loss_ratio}"
        yield Contradiction((name, "plan.stop_loss_ratio"), text)
    if plan.take_profit_ratio is not None and to_target >= plan.take_profit_ratio:
        text = f"{to_target} must be below take_profit_ratio {plan.take_profit_ratio}"
        yield Contradiction((other, "plan.take_profit_ratio"), text)


def _targets(plan: Plan) -> Iterator[Contradiction]:
    ratios = [part.take_profit_ratio for part in plan.scale_out]
    if not _ascends(ratios):
        yield Contradiction(("plan.scale_out",), "the parts' take_profit_ratio must ascend")
    total = sum((part.part_ratio for part in plan.scale_out), ZERO)
    if total > ONE:
        yield Contradiction(("plan.scale_out",), f"the parts add up to {total}: at most 1")
    last = plan.take_profit_ratio
    if ratios and last is not None and total < ONE and max(ratios) >= last:
        text = f"must be above every part of plan.scale_out: the rest goes at it, not {last}"
        yield Contradiction(("plan.take_profit_ratio", "plan.scale_out"), text)
    if not _ascends([Decimal(target.after_ms) for target in plan.take_profit_by_age]):
        yield Contradiction(("plan.take_profit_by_age",), "after_seconds must ascend")
    start = plan.break_even_at_ratio
    if start is not None and last is not None and start >= last:
        text = f"{start} must be below take_profit_ratio {last}: it would never come to it"
        yield Contradiction(("plan.break_even_at_ratio", "plan.take_profit_ratio"), text)


def _ascends(numbers: Sequence[Decimal]) -> bool:
    return all(before < after for before, after in pairwise(numbers))


def _ladder(key: str, ladder: tuple[Rung, ...], venue: Capabilities) -> Iterator[Contradiction]:
    if not ladder:
        yield Contradiction((key,), 'is empty: give one rung at least, [{ type = "market" }]')
    for index, rung in enumerate(ladder):
        place = f"{key}[{index}]"
        if rung.type not in (OrderType.MARKET, OrderType.LIMIT):
            yield Contradiction((key,), f"{place}.type must be market or limit")
        is_resting = rung.type is OrderType.LIMIT and rung.time_in_force is TimeInForce.GTC
        if rung.wait_ms is not None and not is_resting:
            text = f"{place}.wait_seconds is for a limit of gtc; other orders are done at once"
            yield Contradiction((key,), text)
        if is_resting and rung.wait_ms is None and index < len(ladder) - 1:
            text = f"{place} needs wait_seconds: the next rung would never be reached"
            yield Contradiction((key,), text)
        if rung.type is OrderType.MARKET and rung.offset_ratio:
            yield Contradiction((key,), f"{place}.offset_ratio is for limit orders")
        if rung.type is OrderType.MARKET and not venue.market:
            yield Contradiction((key,), f"{place}: the exchange has no market orders")


def _ladder_end(plan: Plan, venue: Capabilities) -> Iterator[Contradiction]:
    """A stop must sell whatever the price does: at the ladder's end, and soon."""
    key, ladder = "plan.exit_ladder", plan.exit_ladder
    last, place = ladder[-1], f"{key}[{len(ladder) - 1}]"
    if venue.market and last.type is OrderType.LIMIT:
        text = f'{place} is the last rung and must be {{ type = "market" }}: a limit order may stay'
        yield Contradiction((key,), f"{text} unfilled, and the position would not be sold")
    elif last.type is OrderType.LIMIT and not _repeats_to_the_end(last):
        text = f"{place} is the last rung and must be a limit of ioc with offset_ratio at least 0"
        yield Contradiction((key,), f"{text}: the exchange has no market orders")
    waits = sum(rung.attempts * (rung.wait_ms or 0) for rung in ladder[plan.stop_rung :])
    if waits > STOP_WAIT_MOST_MS:
        text = f"waits {waits / 1_000:g} s from the rung that a stop begins with to the last one"
        text = f"{text}: at most {STOP_WAIT_MOST_MS / 1_000:g}"
        yield Contradiction((key, "plan.stop_rung"), text)


def _repeats_to_the_end(rung: Rung) -> bool:
    return rung.time_in_force is TimeInForce.IOC and rung.offset_ratio >= 0
