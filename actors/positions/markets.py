"""What becomes of what a venue says of a market: believed at once, or after two equal reads. Pure.

Rules under which fewer orders are taken count after two equal reads, and so does that a market is
gone: a venue that answers half once must not make coins unsellable.
"""

from decimal import Decimal

from msgspec.structs import replace

from actors.positions.roster import Doubt, ListedMarket, Living, Retired, Roster
from exchange.rules import are_stricter
from messages.addresses import GATEWAY, OBSERVERS, position_address
from messages.base import PositionId, Symbol
from messages.envelope import NOTHING, Send, Step
from messages.gateway import FetchMarketRules
from messages.market import MarketPhase, MarketRules
from messages.money import plain
from messages.observers import Alarm, AlarmKind
from messages.position import MarketReported
from messages.positions import MarketGoneReported, MarketRulesReported, RequestMarket


def step(roster: Roster, message: MarketRulesReported | MarketGoneReported | RequestMarket) -> Step:
    """Return what a message about a market changes and sends."""
    match message:
        case MarketRulesReported():
            return _reported(roster, message)
        case MarketGoneReported():
            return _gone(roster, message)
        case RequestMarket():
            return _requested(roster, message)


def _reported(roster: Roster, message: MarketRulesReported) -> Step:
    """Take in a read of a market."""
    rules, symbol = message.rules, message.rules.symbol
    read = ListedMarket(rules=rules, capabilities=message.capabilities, phase=message.phase)
    known = roster.markets.get(symbol)
    if message.is_kept:
        return _kept(known, replace(read, is_kept=not message.is_recent))
    if known is None:
        return Step((read,))
    if known == read:
        return NOTHING
    doubt = Doubt(rules=rules)
    if not are_stricter(rules, known.rules) or known.doubt == doubt:
        return _accept(roster, known, read)
    # All but the rules is believed at once.
    kept = replace(read, rules=known.rules, is_kept=known.is_kept)
    changed = _accept(roster, replace(known, doubt=None), kept)
    return Step((replace(kept, doubt=doubt),), (*changed.outbox, _read_again(symbol)))


def _kept(known: ListedMarket | None, read: ListedMarket) -> Step:
    """Take in a market of the last run. What is on record was told by that run, or a later one."""
    after = replace(known or read, is_kept=read.is_kept)
    return NOTHING if after == known else Step((after,))


def _gone(roster: Roster, message: MarketGoneReported) -> Step:
    """Take in that the venue lists no such market."""
    symbol = message.symbol
    known = roster.markets.get(symbol)
    if known is None or known.phase is MarketPhase.GONE:
        return NOTHING
    doubt = Doubt(rules=None)
    if known.doubt == doubt:
        lost = replace(known, phase=MarketPhase.GONE, text=message.text, doubt=None)
        return _accept(roster, known, lost)
    return Step((replace(known, doubt=doubt),), (_read_again(symbol),))


def _requested(roster: Roster, message: RequestMarket) -> Step:
    """Tell one position what its market demands, as it is known."""
    market = roster.markets.get(message.symbol)
    told = () if market is None else (_tell(message.position_id, market),)
    again = (_read_again(message.symbol),) if message.reads_again else ()
    return Step(outbox=(*told, *again))


def news_for(market: ListedMarket, position_id: PositionId) -> tuple[Send, ...]:
    """Return what a position that begins must hear of its market beside the rules."""
    return () if market.phase is MarketPhase.OPEN else (_tell(position_id, market),)


def _accept(roster: Roster, known: ListedMarket, read: ListedMarket) -> Step:
    """Believe it, and tell the open positions there; a person hears of rules that changed."""
    if replace(known, doubt=None, is_kept=read.is_kept) == read:
        return Step((read,))
    symbol = read.rules.symbol
    living = [one for one in roster.living.values() if one.symbol == symbol]
    told = [_tell(one.position_id, read) for one in living]
    if read.rules == known.rules:
        return Step((read,), tuple(told))
    alarm = Alarm(
        kind=AlarmKind.MARKET_RULES, text=_changes(known.rules, read.rules), symbol=symbol
    )
    kept = _with_rules_at_opening(roster, living, known.rules)
    return Step((read, *kept), (*told, Send(OBSERVERS, alarm)))


def _with_rules_at_opening(
    roster: Roster, living: list[Living], rules: MarketRules
) -> list[Living | Retired]:
    """Return the positions of a market with the rules from before their first change.

    Ended positions too: a late fill of one of their orders is judged by these rules.
    """
    symbol = rules.symbol
    ended = [one for one in roster.retired.values() if one.was.symbol == symbol]
    return [
        *(replace(one, begun_with=rules) for one in living if one.begun_with is None),
        *(
            replace(one, was=replace(one.was, begun_with=rules))
            for one in ended
            if one.was.begun_with is None
        ),
    ]


def _tell(position_id: PositionId, market: ListedMarket) -> Send:
    message = MarketReported(
        rules=market.rules,
        capabilities=market.capabilities,
        phase=market.phase,
        text=market.text or _PHASES[market.phase],
    )
    return Send(position_address(position_id), message)


def _read_again(symbol: Symbol) -> Send:
    return Send(GATEWAY, FetchMarketRules(symbol=symbol))


def _changes(before: MarketRules, after: MarketRules) -> str:
    """Say which rules changed, with both figures."""
    names = (name for name in after.__struct_fields__ if name != "symbol")
    changed = (
        f"{name} {_text(getattr(before, name))} is now {_text(getattr(after, name))}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    )
    return f"{after.symbol}: the exchange changed its rules: {', '.join(changed)}"


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


_PHASES = {
    MarketPhase.OPEN: "",
    MarketPhase.HALTED: "the exchange lists it as not trading",
    MarketPhase.GONE: "the exchange lists no such market",
}
