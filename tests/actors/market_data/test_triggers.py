"""The trigger index against a model that looks at every registration on every quote."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market_data.triggers import Fired, TriggerIndex
from messages.base import PositionId, Symbol, Timestamp
from messages.market import Quote
from messages.market_data import ArmTriggers, Level, NextLevel
from messages.plan import TriggerSource
from messages.position import LevelName
from messages.prices import extremes, price_of

SYMBOL = Symbol("BTC/USDT")
STOP = LevelName.STOP_LOSS
TARGET = LevelName.TAKE_PROFIT


def quote(bid: float, ask: float, last: float, low: float | None = None) -> Quote:
    return Quote(symbol=SYMBOL, at=Timestamp(0), bid=bid, ask=ask, last=last, low=low)


def at(price: float) -> Quote:
    return quote(price, price, price)


def move(start: float, end: float, *, is_walked: bool = False) -> NextLevel:
    return NextLevel(symbol=SYMBOL, start=start, end=end, is_walked=is_walked)


def arm(
    position: str,
    generation: int,
    *levels: tuple[LevelName, float, bool] | tuple[LevelName, float, bool, bool],
    source: TriggerSource = TriggerSource.BID,
) -> ArmTriggers:
    return ArmTriggers(
        position_id=PositionId(position),
        symbol=SYMBOL,
        generation=generation,
        source=source,
        levels=tuple(Level(*level) for level in levels),
    )


@dataclass
class NaiveIndex:
    """What the index must do, said plainly."""

    known: dict[PositionId, ArmTriggers] = field(default_factory=dict)
    live: set[PositionId] = field(default_factory=set)

    def arm(self, message: ArmTriggers) -> bool:
        old = self.known.get(message.position_id)
        if old is not None and message.generation < old.generation:
            return False
        self.known[message.position_id] = message
        self.live.add(message.position_id)
        return True

    def disarm(self, position_id: PositionId, generation: int) -> bool:
        old = self.known.get(position_id)
        if old is not None and generation < old.generation:
            return False
        self.known.pop(position_id, None)
        self.live.discard(position_id)
        return True

    def touch(self, quote: Quote) -> set[Fired]:
        fired = set()
        for position_id in list(self.live):
            message = self.known[position_id]
            low, high = extremes(quote, message.source)
            names = {
                level.name
                for level in message.levels
                if (level.price <= high if level.is_above else level.price >= low)
            }
            if names:
                in_order = tuple(name for name in LevelName if name in names)
                fired.add(Fired(position_id, message.generation, in_order))
                self.live.discard(position_id)
        return fired

    def next_level(self, move: NextLevel, scales: dict[TriggerSource, float]) -> object:
        start, end = move.start, move.end
        is_up = end > start
        met = set()
        for position_id in self.live:
            message = self.known[position_id]
            levels = [level for level in message.levels if level.is_above is is_up]
            if move.is_walked:
                levels = [level for level in levels if not (level.follows and is_up)]
            if levels:
                # A registration is gone once its nearest level fired: only that one counts.
                price = (min if is_up else max)(level.price for level in levels)
                price /= scales[message.source]
                if start < price <= end or start > price >= end:
                    met.add(price)
        return (min if is_up else max)(met, default=None)


# Powers of two apart, so that model and index reckon exactly the same floats.
prices = st.integers(200, 280).map(lambda n: n / 2)
level_names = st.sampled_from(LevelName)
levels = st.lists(
    st.tuples(level_names, prices, st.booleans(), st.booleans()),
    max_size=4,
    unique_by=lambda level: level[0],
)
arms = st.builds(
    lambda position, generation, source, chosen: arm(
        f"p{position}", generation, *chosen, source=source
    ),
    st.integers(1, 6),
    st.integers(1, 4),
    st.sampled_from(TriggerSource),
    levels,
)
disarms = st.tuples(st.integers(1, 6).map(lambda n: PositionId(f"p{n}")), st.integers(1, 4))
quotes = st.builds(
    lambda last, spread, low: quote(last - spread, last + spread / 2, last, min(low, last)),
    prices,
    st.sampled_from([0.0, 0.5, 2.0]),
    prices,
) | st.builds(at, prices)


@settings(deadline=None, max_examples=300)
@given(st.lists(arms | disarms | quotes, max_size=60))
def test_the_index_fires_what_a_look_at_every_registration_fires(
    events: list[ArmTriggers | tuple[PositionId, int] | Quote],
) -> None:
    index, model = TriggerIndex(), NaiveIndex()
    for event in events:
        match event:
            case ArmTriggers():
                assert index.arm(event) is model.arm(event)
            case Quote():
                fired = index.touch(event)
                assert set(fired) == model.touch(event)
                assert len(fired) == len({each.position_id for each in fired})
            case (position_id, generation):
                assert index.disarm(position_id, generation) is model.disarm(
                    position_id, generation
                )
        assert len(index) == len(model.live)
        for source in TriggerSource:
            assert_the_quiet_band_is_quiet(index, model, source)


def assert_the_quiet_band_is_quiet(
    index: TriggerIndex, model: NaiveIndex, source: TriggerSource
) -> None:
    for position_id in model.live:
        message = model.known[position_id]
        for level in message.levels if message.source is source else ():
            if level.is_above:
                assert index.quiet_above <= level.price
            else:
                assert index.quiet_below >= level.price


@settings(deadline=None, max_examples=300)
@given(st.lists(arms, max_size=15), prices, prices, st.sampled_from([1.0, 0.5]), st.booleans())
def test_the_next_level_is_the_first_that_a_move_meets(
    registrations: list[ArmTriggers],
    start: float,
    end: float,
    scale: float,
    is_walked: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    index, model = TriggerIndex(), NaiveIndex()
    for message in registrations:
        index.arm(message)
        model.arm(message)
    # Bid is ``scale`` of last, mid in between: all exact.
    seen = quote(256 * scale, 256, 256)
    scales = {source: price_of(seen, source) / 256 for source in TriggerSource}
    asked = move(start, end, is_walked=is_walked)
    assert index.next_level(asked, seen) == model.next_level(asked, scales)


@settings(deadline=None, max_examples=200)
@given(
    st.floats(1, 1e5),
    st.floats(1e-6, 0.05),
    st.floats(0.8, 1.2),
    st.sampled_from(TriggerSource),
)
def test_a_feed_that_stops_where_it_is_told_touches_the_level_there(
    last: float, spread_ratio: float, distance: float, source: TriggerSource
) -> None:
    def spread_around(price: float) -> Quote:
        half_spread = price * spread_ratio / 2
        return quote(price - half_spread, price + half_spread, price)

    start = spread_around(last)
    level = price_of(start, source) * distance
    is_above = distance > 1
    index = TriggerIndex()
    index.arm(arm("p1", 1, (STOP, level, is_above), source=source))
    if index.touch(start):
        return
    stops_at = index.next_level(move(last, last * (2 if is_above else 0.5)), start)
    assert stops_at is not None
    assert [fired.position_id for fired in index.touch(spread_around(stops_at))] == ["p1"]


def test_all_levels_that_one_quote_touches_are_told_at_once_the_stop_first() -> None:
    index = TriggerIndex()
    index.arm(arm("p1", 3, (LevelName.RATCHET, 110.0, True), (STOP, 90.0, False)))
    wild = Quote(
        symbol=SYMBOL, at=Timestamp(0), bid=100.0, ask=100.0, last=100.0, low=90.0, high=110.0
    )
    assert index.touch(wild) == [Fired(PositionId("p1"), 3, (STOP, LevelName.RATCHET))]
    assert index.touch(wild) == []


def test_what_lies_below_the_market_fires_before_what_lies_above_and_the_nearest_first() -> None:
    index = TriggerIndex()
    index.arm(arm("p1", 1, (TARGET, 105.0, True)))
    index.arm(arm("p2", 1, (STOP, 90.0, False)))
    index.arm(arm("p3", 1, (STOP, 95.0, False)))
    index.arm(arm("p4", 1, (STOP, 95.0, False)))
    wild = Quote(
        symbol=SYMBOL, at=Timestamp(0), bid=100.0, ask=100.0, last=100.0, low=80.0, high=120.0
    )
    assert [fired.position_id for fired in index.touch(wild)] == ["p3", "p4", "p2", "p1"]


def test_the_extremes_of_the_bid_count_where_they_are_known() -> None:
    index = TriggerIndex()
    index.arm(arm("p1", 1, (STOP, 95.0, False)))
    dipped = Quote(
        symbol=SYMBOL,
        at=Timestamp(0),
        bid=99.0,
        ask=101.0,
        last=100.0,
        low=90.0,
        high=100.0,
        low_bid=96.0,
        high_bid=99.0,
    )
    assert index.touch(dipped) == []
    assert len(index.touch(quote(94.0, 101.0, 100.0))) == 1


def test_extremes_do_not_count_when_they_are_older_than_the_registration() -> None:
    index = TriggerIndex()
    index.arm(arm("p1", 1, (STOP, 95.0, False)))
    assert index.touch(quote(100.0, 100.0, 100.0, low=90.0), conflated=False) == []


def test_a_level_behind_one_that_was_touched_by_an_unused_quote_is_still_found() -> None:
    index = TriggerIndex()
    index.arm(arm("p1", 1, (STOP, 95.0, False)))
    index.arm(arm("p2", 1, (STOP, 90.0, False)))
    assert index.next_level(move(94.0, 80.0), at(100.0)) == 90.0


def test_a_walk_passes_a_level_that_follows_the_price_and_stops_behind_it() -> None:
    index = TriggerIndex()
    index.arm(arm("p1", 1, (LevelName.RATCHET, 101.0, True, True), (TARGET, 105.0, True)))
    assert index.next_level(move(100.0, 110.0), at(100.0)) == 101.0
    assert index.next_level(move(100.0, 110.0, is_walked=True), at(100.0)) == 105.0
    assert index.touch(at(105.0)) == [Fired(PositionId("p1"), 1, (TARGET, LevelName.RATCHET))]


def test_dead_entries_never_outnumber_the_living_by_much() -> None:
    index = TriggerIndex()
    for generation in range(1, 200):
        for position in range(100):
            stop = 50.0 + (generation * 7 + position) % 40
            index.arm(arm(f"p{position}", generation, (STOP, stop, False), (TARGET, 120.0, True)))
        assert index.size <= 2 * (2 * 100 + 1)
    assert len(index) == 100
    for position in range(100):
        index.disarm(PositionId(f"p{position}"), 199)
    assert index.size <= 2 * 65
