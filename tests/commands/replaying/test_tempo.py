"""When a recording's points are played, and when no more of them are."""

from commands.replaying.feed import FeedItem
from commands.replaying.tempo import AS_FAST_AS_IT_CAN, Tempo
from commands.tempo import Deadline
from exchange.candles import PricePoint
from messages.base import Symbol, Timestamp

ITEMS = [
    FeedItem(Symbol("BTC/USDT"), PricePoint(Timestamp(at), 1.0, is_gap=True))
    for at in (0, 50_000, 100_000)
]


def test_a_recording_without_a_tempo_is_played_as_it_is() -> None:
    assert list(AS_FAST_AS_IT_CAN.kept(ITEMS)) == ITEMS
    assert not AS_FAST_AS_IT_CAN.is_over


def test_a_recording_is_cut_when_the_time_is_up() -> None:
    tempo = Tempo(Deadline(0.05), 0.001)  # the second point would be due in 50,000 s
    assert list(tempo.kept(ITEMS)) == ITEMS[:1]
    assert tempo.is_over
