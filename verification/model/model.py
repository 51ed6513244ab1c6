"""A model small enough to be searched whole: the real pure cores, and a venue that may do anything.

The cores of the position, the order router and the portfolio are those of production. Modelled are
the channels between them (FIFO for each sender and receiver), market data (which fires what a price
touches) and the venue. What is bounded is in ``Bounds``; within it every order of events is taken.
The portfolio and market data answer at once: their mail is not delayed.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from actors.order_router.order import wake_at
from actors.position.states import State as Stage
from messages.addresses import GATEWAY, MARKET_DATA, ORDER_ROUTER, PORTFOLIO, position_address
from messages.base import Address, Message, PositionId, Timestamp
from messages.envelope import Wake
from messages.market import Quote
from messages.market_data import ArmTriggers, DisarmTriggers, RequestQuote
from messages.money import Money
from messages.plan import Plan
from messages.portfolio import AllotCapital, SymbolConflict
from messages.position import (
    Begin,
    CloseCause,
    ClosePosition,
    LevelName,
    QuoteAnswered,
    TriggerFired,
    TriggersArmed,
)
from messages.positions import OwnershipDoubted
from verification.model.cores import IDENTITY, Cores, Outbox
from verification.model.graph import OUTSIDE, TIME
from verification.model.venue import TIMING, arrived, asked, balances, of_its_own_accord
from verification.model.world import PRICES, START, UNIT, Bounds, Mail, Next, World, mailed
from verification.simulation import plans


class Model:
    """All that may happen, from the first state on."""

    def __init__(self, plan: Plan, bounds: Bounds) -> None:
        self.plan, self.bounds = plan, bounds
        self.cores = Cores(TIMING if bounds.deadlines else None)
        self.rules = replace(
            plans.rules(plans.VENUES[0][0]),
            tick_size=UNIT,
            step_size=UNIT,
            min_quantity=UNIT,
            min_notional=UNIT,
            maker_fee_ratio=Decimal(0),
            taker_fee_ratio=Decimal(0),
        )

    def first(self) -> World:
        """Return the world in which every position has just begun."""
        world = World(
            now=START,
            lives=(),
            faults=self.bounds.faults,
            moves=self.bounds.moves,
            closes=self.bounds.closes,
            lates=self.bounds.lates,
        )
        capital = AllotCapital(capital=(Money(plans.USDT, Decimal(10_000)),))
        world = self._portfolio(world, capital)
        for number in range(1, self.bounds.positions + 1):
            world = self._begin(world, PositionId(f"p{number}"))
        return world

    def following(self, world: World) -> Iterator[tuple[str, World, str]]:
        """Yield everything that may happen next, and which channel it comes by."""
        channels: set[tuple[Address, Address]] = set()
        for place, mail in enumerate(world.mail):
            if (mail.sender, mail.to) not in channels:
                channels.add((mail.sender, mail.to))
                rest = replace(world, mail=world.mail[:place] + world.mail[place + 1 :])
                channel = f"{mail.sender}>{mail.to}"
                yield from ((*one, channel) for one in self._delivered(rest, mail))
        for order in world.venue:
            yield from ((*one, OUTSIDE) for one in of_its_own_accord(world, order))
        for request in world.on_its_way:
            yield from ((*one, OUTSIDE) for one in arrived(world, request))
        yield from ((*one, OUTSIDE) for one in self._outside(world))
        yield from ((*one, TIME) for one in self._time(world))

    # The actors.

    def _begin(self, world: World, position_id: PositionId) -> World:
        begin = Begin(
            position_id=position_id,
            symbol=plans.SYMBOL,
            budget=Decimal(101 * self.bounds.units),
            plan=self.plan,
            rules=self.rules,
            capabilities=plans.capabilities(plans.VENUES[0][1]),
            quote=self._quote(world),
            order_prefix=IDENTITY.prefix_of(position_id),
            decision="a model",
        )
        life, outbox = self.cores.position(None, begin, world.now)
        world = replace(world, lives=(*world.lives, life))
        return self._sent(world, position_address(position_id), outbox)

    def _delivered(self, world: World, mail: Mail) -> Iterator[Next]:
        text = f"{mail.sender}->>{mail.to}: {_said(mail.message)}"
        if mail.to == GATEWAY:
            yield from asked(world, mail.message, text)
        elif mail.to == ORDER_ROUTER:
            yield text, self._router(world, mail.message)
        else:
            yield text, self._position(world, mail.to, mail.message)

    def _position(self, world: World, to: Address, message: Any) -> World:  # noqa: ANN401 - any of its union
        place, life = next(
            (p, life)
            for p, life in enumerate(world.lives)
            if position_address(life.position.position_id) == to
        )
        after, outbox = self.cores.position(life, message, world.now)
        lives = (*world.lives[:place], after, *world.lives[place + 1 :])
        return self._sent(replace(world, lives=lives), to, outbox)

    def _router(self, world: World, message: Message) -> World:
        orders, outbox = self.cores.router(world.orders, message, world.now)
        return self._sent(replace(world, orders=orders), ORDER_ROUTER, outbox)

    def _portfolio(self, world: World, message: Message) -> World:
        books, outbox = self.cores.portfolio(world.books, message, world.now)
        return self._sent(replace(world, books=books), PORTFOLIO, outbox)

    def _sent(self, world: World, sender: Address, outbox: Outbox) -> World:
        """Put the outbox under way; what is answered at once is."""
        for send in outbox:
            match send.to, send.message:
                case (_, OwnershipDoubted(reason=why)):
                    raise AssertionError(f"there is one process only, and it is in doubt: {why}")
                case (_, SymbolConflict(text=why)):
                    raise AssertionError(f"an order of its own is taken for another's: {why}")
                case (_, message) if send.to == PORTFOLIO:
                    world = self._portfolio(world, message)
                case (_, ArmTriggers() | DisarmTriggers() | RequestQuote() as message):
                    world = self._market_data(world, message)
                case (_, message) if send.to == GATEWAY and sender == PORTFOLIO:
                    world = self._portfolio(world, balances(world))
                case (to, message) if to in {ORDER_ROUTER, GATEWAY} or to.startswith("position/"):
                    mail = Mail(sender, to, message)
                    world = replace(world, mail=(*world.mail, mail))
                case _:
                    pass  # for people, the strategy and the roster
        return world

    def _market_data(
        self, world: World, message: ArmTriggers | DisarmTriggers | RequestQuote
    ) -> World:
        to = position_address(message.position_id)
        if isinstance(message, RequestQuote):
            return mailed(world, MARKET_DATA, to, QuoteAnswered(quote=self._quote(world)))
        others = tuple(a for a in world.armed if a.position_id != message.position_id)
        if isinstance(message, DisarmTriggers):
            return replace(world, armed=others)
        world = replace(world, armed=(*others, message) if message.levels else others)
        armed = TriggersArmed(generation=message.generation, fresh=True)
        return self._fired(mailed(world, MARKET_DATA, to, armed))

    def _fired(self, world: World) -> World:
        """Fire what the price touches."""
        for armed in world.armed:
            touched = {
                level.name
                for level in armed.levels
                if (world.price >= level.price if level.is_above else world.price <= level.price)
            }
            if touched:
                fired = TriggerFired(
                    generation=armed.generation,
                    levels=tuple(name for name in LevelName if name in touched),
                    quote=self._quote(world),
                )
                world = replace(world, armed=tuple(a for a in world.armed if a is not armed))
                world = mailed(world, MARKET_DATA, position_address(armed.position_id), fired)
        return world

    # The rest of the world.

    def _outside(self, world: World) -> Iterator[Next]:
        for price in PRICES:
            is_last_fall = price == PRICES[0]
            if price != world.price and (world.moves or is_last_fall):
                moves = world.moves - (not is_last_fall)
                moved = replace(world, price=price, moves=moves)
                yield f"Note over venue: the price is {price:g}", self._fired(moved)
        if world.closes:
            close = ClosePosition(cause=CloseCause.BY_HAND, reason="a model")
            for life in world.lives:
                if life.position.state not in {Stage.CLOSED, Stage.NEW}:
                    to = position_address(life.position.position_id)
                    asked = self._position(replace(world, closes=world.closes - 1), to, close)
                    yield f"outside->>{to}: ClosePosition", asked

    def _time(self, world: World) -> Iterator[Next]:
        """Yield the next deadline of each who has one: a wake comes when it is due, or later."""
        if world.mail and not world.lates:
            return
        due: list[tuple[Timestamp, str, Callable[[World], World]]] = []
        for life in world.lives:
            to = position_address(life.position.position_id)
            if life.position.wakes_at is not None:
                due.append(
                    (life.position.wakes_at, to, lambda w, to=to: self._position(w, to, Wake()))  # type: ignore[misc]
                )
        for order in world.orders[1:]:
            at = wake_at(order)  # type: ignore[arg-type]  # all but the first are orders
            name = order.request.client_order_id  # type: ignore[attr-defined]
            if at is not None and not order.facts.is_terminal:  # type: ignore[attr-defined]
                due.append((at, name, lambda w, n=name: self._router(w, Wake(key=n))))  # type: ignore[misc]
        if not due:
            return
        first = min(at for at, _, _ in due)
        for at, name, act in due:
            if at == first:
                lates = world.lates - bool(world.mail)
                now = max(world.now, at)
                on_its_way = tuple(one for one in world.on_its_way if one.until >= now)
                later = replace(world, now=now, lates=lates, on_its_way=on_its_way)
                yield f"Note over venue: {(at - world.now) / 1000:g} s later, {name}", act(later)

    def _quote(self, world: World) -> Quote:
        price = world.price
        return Quote(symbol=plans.SYMBOL, at=Timestamp(0), bid=price, ask=price, last=price)


def _said(message: Any) -> str:  # noqa: ANN401 - for people
    facts = getattr(message, "facts", None)
    request = getattr(message, "request", None)
    order_id = getattr(facts or request or message, "client_order_id", "")
    status = f" {facts.status} {facts.filled}" if facts else ""
    purpose = f" {request.purpose}" if request else ""
    more = getattr(message, "levels", ()) or (getattr(message, "kind", ""),)
    return f"{type(message).__name__} {order_id}{purpose}{status} {' '.join(more)}".rstrip()
