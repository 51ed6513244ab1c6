"""What may come from outside between two deliveries, by number: the order is part of schedules.

New acts go to the end, so that kept schedules keep their meaning.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from messages.addresses import GATEWAY, GUARDIAN, MARKET_DATA, POSITIONS, STRATEGY, position_address
from messages.base import DAY_MS, Message, Milliseconds, Timestamp, end_of_day
from messages.gateway import FetchMarketRules
from messages.guardian import DailyLossReached, EnterReducing, Escalated, Halt, Resume
from messages.market import Candle, MarketPhase
from messages.market_data import CandleReceived
from messages.order_router import LookPart
from messages.orders import OrderStatus
from messages.position import (
    AddToPosition,
    ChangeProtection,
    CloseCause,
    ClosePosition,
    SwitchProtection,
)
from messages.positions import CloseAllPositions, EndSession
from verification.simulation.plans import SYMBOL, USDT

if TYPE_CHECKING:
    from verification.simulation.world import World

Act = Callable[["World"], None]

_WHY = "a whim"


def _move(price: float, world: "World", quantity: float | None = None) -> None:
    world.venue.disturbed_at = world.now
    world.move(price, quantity)


def _jump(ms: int, world: "World") -> None:
    world.jump(ms)
    world.venue.disturbed_at = world.now


def _to_newest(message: Message, world: "World") -> None:
    living = world.living()
    if living:
        world.tell(position_address(living[-1].position_id), message)


def _to_oldest(message: Message, world: "World") -> None:
    living = world.living()
    if living:
        world.tell(position_address(living[0].position_id), message)


def _guardian(message: Message, world: "World") -> None:
    world.tell(GUARDIAN, message)


def _day_ends(world: "World") -> None:
    """Go to 00:00 UTC, once; a run lasts minutes, and does not see the next."""
    if world.now < DAY_MS:
        _jump(DAY_MS - world.now, world)


def _lose(world: "World") -> None:
    loss = DailyLossReached(
        currency=USDT, loss=Decimal(100), limit=Decimal(100), ends_at=end_of_day(world.now)
    )
    world.tell(GUARDIAN, loss)


def _stream(world: "World", *, up: bool) -> None:
    if not world.is_dead:
        world.venue.set_stream(world.now, up=up)


def _quotes(world: "World", *, told: bool) -> None:
    world.venue.tells_quotes = told
    world.venue.disturbed_at = world.now


def _kill_and_recover(world: "World") -> None:
    world.kill()
    if world.is_dead:
        world.start_again()


def _boot(world: "World") -> None:
    world.kill()
    if world.is_dead:
        world.memory.lose()


def _disk(world: "World", *, full: bool) -> None:
    if world.crashes is not None:
        world.crashes.disk.is_full = full


def _fill_part(world: "World") -> None:
    world.venue.fill_part_of_newest(world.now)


def _fill_all_but_dust(world: "World") -> None:
    world.venue.fill_all_but_dust_of_newest(world.now)


def _fall_behind(world: "World") -> None:
    world.venue.fall_behind(world.now)


def _end_newest(status: OrderStatus, world: "World") -> None:
    world.venue.end_newest(status, world.now)


def _let_in(place: int, world: "World") -> None:
    world.venue.way.let_in(place, world.now)


def _candle(world: "World") -> None:
    price = world.price
    candle = Candle(
        start=Timestamp(world.now - 60_000),
        interval_ms=Milliseconds(60_000),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=100.0,
    )
    world.tell(MARKET_DATA, CandleReceived(symbol=SYMBOL, candle=candle))


def _close_all(world: "World") -> None:
    world.tell(POSITIONS, CloseAllPositions(cause=CloseCause.BY_HAND, reason=_WHY))


def _demand(name: str, world: "World") -> None:
    world.venue.demand(name, world.now)


def _phase(phase: MarketPhase, world: "World") -> None:
    world.venue.set_phase(phase, world.now)


def _lie(world: "World") -> None:
    world.venue.lies = True


def _be_slow(world: "World") -> None:
    world.venue.is_slow = True


def _keep_rules(world: "World") -> None:
    world.venue.keeps_rules = True


def _cache(part: LookPart, world: "World") -> None:
    """Answer a part of whole looks from a cache from now on."""
    world.venue.cached.add(part)
    world.venue.disturbed_at = world.now


def _read_anew(world: "World") -> None:
    """Answer all parts of whole looks as it is, and each cancel by its engine."""
    world.venue.cached.clear()
    world.venue.denies_cancels = False
    world.venue.disturbed_at = world.now


def _deny_cancels(world: "World") -> None:
    world.venue.denies_cancels = True
    world.venue.disturbed_at = world.now


def _lose_events(world: "World") -> None:
    world.venue.lose_events()


def _bring_coins(world: "World") -> None:
    """Let another hand bring coins, where there are strangers' coins already."""
    if world.foreign:
        world.foreign += _BROUGHT
        world.venue.bring_coins(_BROUGHT, world.now)


def _move_clock(ms: int, world: "World") -> None:
    world.venue.move_clock(ms, world.now)


def _look_at_others(world: "World") -> None:
    world.clear_conflicts()


def _read(world: "World") -> None:
    world.tell(GATEWAY, FetchMarketRules(symbol=SYMBOL))


_CLOSE = ClosePosition(cause=CloseCause.BY_HAND, reason=_WHY)
_NEARER = ChangeProtection(
    stop_loss_ratio=Decimal("0.005"), take_profit_ratio=Decimal("0.01"), reason=_WHY
)
_FARTHER = ChangeProtection(stop_loss_ratio=Decimal("0.03"), reason=_WHY)
_FAILED = Escalated(actor=STRATEGY, error=_WHY)
_BROUGHT = Decimal(5)
_THIN = 1.0
"""Base at each of the book's five prices: less than an entry wants."""

ACTS: tuple[tuple[str, Act, int], ...] = (
    ("the price is 97.9: under the stop", partial(_move, 97.9), 4),
    ("the price is 98.5: the stop takes the slot", partial(_move, 98.5), 6),
    ("the price is 100.6: the target takes it back", partial(_move, 100.6), 6),
    ("the price is 103.2: over the target", partial(_move, 103.2), 3),
    ("the price is 101.5", partial(_move, 101.5), 4),
    ("the price is 99.5", partial(_move, 99.5), 4),
    ("the price is 95", partial(_move, 95.0), 1),
    ("a little trades at 97.9", partial(_move, 97.9, quantity=_THIN), 3),
    ("a little trades at 100", partial(_move, 100.0, quantity=_THIN), 4),
    ("a little trades at 103", partial(_move, 103.0, quantity=_THIN), 3),
    ("a little trades at 99.5", partial(_move, 99.5, quantity=_THIN), 4),
    ("100 ms pass", partial(_jump, 100), 2),
    ("1 s passes", partial(_jump, 1_000), 4),
    ("5 s pass", partial(_jump, 5_000), 3),
    ("16 s pass: answers are overdue", partial(_jump, 16_000), 2),
    ("61 s pass", partial(_jump, 61_000), 1),
    ("the oldest thing on its way arrives", partial(_let_in, 0), 6),
    ("the newest thing on its way arrives", partial(_let_in, -1), 4),
    ("the line is cut", partial(_stream, up=False), 2),
    ("the line is mended", partial(_stream, up=True), 4),
    ("quotes stop", partial(_quotes, told=False), 1),
    ("quotes come again", partial(_quotes, told=True), 2),
    ("close by hand", partial(_to_oldest, _CLOSE), 2),
    ("close the newest by hand", partial(_to_newest, _CLOSE), 1),
    ("close all", _close_all, 1),
    ("nearer stop and target", partial(_to_oldest, _NEARER), 2),
    ("a farther stop", partial(_to_oldest, _FARTHER), 2),
    (
        "switch to the stop",
        partial(_to_oldest, SwitchProtection(to_stop_loss=True, reason=_WHY)),
        3,
    ),
    (
        "switch to the target",
        partial(_to_oldest, SwitchProtection(to_stop_loss=False, reason=_WHY)),
        3,
    ),
    ("open another", lambda world: world.open(), 2),
    ("a candle closes: the strategy may enter", _candle, 1),
    ("halt", partial(_guardian, Halt(reason=_WHY)), 1),
    ("reduce only", partial(_guardian, EnterReducing(reason=_WHY)), 1),
    ("resume", partial(_guardian, Resume(reason=_WHY)), 2),
    ("the next handling raises", lambda world: world.poison(), 2),
    ("half of the newest working order fills", _fill_part, 5),
    ("the venue cancels the newest", partial(_end_newest, OrderStatus.CANCELED), 2),
    ("the venue lets the newest expire", partial(_end_newest, OrderStatus.EXPIRED), 1),
    ("the venue refuses the newest after its ack", partial(_end_newest, OrderStatus.REJECTED), 1),
    ("add to the position", partial(_to_oldest, AddToPosition(budget=Decimal(100))), 1),
    ("the process is killed", lambda world: world.kill(), 3),
    ("killed, and started again at once", _kill_and_recover, 3),
    ("the disk is full", partial(_disk, full=True), 2),
    ("the disk has room again", partial(_disk, full=False), 2),
    ("the loss of the day reaches its limit", _lose, 1),
    ("an actor failed too often", partial(_guardian, _FAILED), 1),
    ("all but a little of the newest working order fills", _fill_all_but_dust, 2),
    ("the venue's balances fall behind", _fall_behind, 2),
    ("the price is 102.5: near the target", partial(_move, 102.5), 4),
    ("the session announces its end", lambda world: world.tell(POSITIONS, EndSession()), 1),
    ("the day ends: it is 00:00 UTC", _day_ends, 2),
    ("the step grows", partial(_demand, "coarse"), 2),
    ("the least notional grows over all that is held", partial(_demand, "dear"), 2),
    ("one order may be so large only", partial(_demand, "split"), 2),
    ("the rules are the first ones again", partial(_demand, "first"), 3),
    ("the market halts", partial(_phase, MarketPhase.HALTED), 1),
    ("the market is gone", partial(_phase, MarketPhase.GONE), 1),
    ("the market opens", partial(_phase, MarketPhase.OPEN), 4),
    ("the next read of the rules lies", _lie, 2),
    ("the rules are read", _read, 4),
    ("another hand brings coins", _bring_coins, 1),
    ("the machine is started again", _boot, 2),
    ("the next read of the rules is answered late", _be_slow, 2),
    ("a look sees the open orders of a while ago", partial(_cache, LookPart.OPEN_ORDERS), 1),
    ("a look sees the fills of a while ago", partial(_cache, LookPart.FILLS), 1),
    ("a look sees the balance of a while ago", partial(_cache, LookPart.BALANCE), 1),
    ("a look's cancel finds nothing, whatever works", _deny_cancels, 1),
    ("a look sees all as it is", _read_anew, 2),
    ("the account's stream has a gap", _lose_events, 1),
    ("the venue's clock moves ahead by 20 s", partial(_move_clock, 20_000), 2),
    ("the venue's clock moves back by 4 s", partial(_move_clock, -4_000), 1),
    ("starts go on by the rules of the last run", _keep_rules, 2),
    ("the largest order is smaller than the smallest", partial(_demand, "shut"), 1),
    ("a person looks at others' orders that have our ids", _look_at_others, 3),
)
"""What it is called, what it does, and how often explorers take it."""
