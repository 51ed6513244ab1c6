"""When a recording's moments are played, and when no more of them are."""

import signal

import pytest

from messages.base import Timestamp
from replay.pacing import AS_FAST_AS_IT_CAN, Tempo
from session.signals import Stopping
from session.time_scaling import Deadline

MOMENTS = [Timestamp(at) for at in (0, 50_000, 100_000)]


def test_a_recording_without_a_tempo_never_waits() -> None:
    goes_on = AS_FAST_AS_IT_CAN.begin()
    assert all(goes_on(at) for at in MOMENTS)
    assert AS_FAST_AS_IT_CAN.ended_by is None


def test_a_recording_is_cut_when_the_time_is_up() -> None:
    tempo = Tempo(Deadline(0.05), 0.001)  # the second moment would be due in 50,000 s
    goes_on = tempo.begin()
    assert [goes_on(at) for at in MOMENTS[:2]] == [True, False]
    assert tempo.ended_by == "--duration 0.05 was over"


@pytest.mark.parametrize("speed", [None, 0.001])
def test_ctrl_c_ends_a_recording_whatever_its_tempo(speed: float | None) -> None:
    with Stopping() as stopping:
        tempo = Tempo(Deadline(None), speed, stopping)
        goes_on = tempo.begin()
        assert goes_on(MOMENTS[0])
        signal.raise_signal(signal.SIGINT)
        assert not goes_on(MOMENTS[1])
        assert tempo.ended_by == "Ctrl-C"
