"""What passes between the program and a strategy's process, and what does not."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.answer import ERROR_MOST
from actors.strategy.wire import (
    FRAME_MOST,
    Answer,
    Frames,
    Question,
    Ready,
    Start,
    WireError,
    answer_of,
    frame,
)
from config.settings import Settings
from messages.strategy import Enter
from tests.actors.strategy.markets import view


def test_settings_and_markets_arrive_as_they_were_sent() -> None:
    start = Start(use="a:B", folders=("/x",), settings=Settings())
    question = Question(number=1, view=view(3, 0.1 + 0.2))
    bodies = Frames(10_000_000).feed(frame(start) + frame(question))
    assert msgspec.json.decode(bodies[0], type=Start) == start
    assert msgspec.json.decode(bodies[1], type=Question) == question


@pytest.mark.parametrize(
    "plan",
    [
        {"stop_loss_ratio": Decimal("0.020"), "time_limit_ms": 5, "trailing": None},
        {"exit_ladder": [{"type": "market"}], "slippage_ratio": 0.001},
    ],
)
def test_an_answer_keeps_its_exact_numbers(plan: dict[str, object]) -> None:
    answer = Answer(number=7, enter=Enter(reason="x", budget=Decimal("0.10"), plan=plan))
    (body,) = Frames().feed(frame(answer))
    said = answer_of(body)
    assert isinstance(said, Answer)
    assert said.enter is not None
    assert str(said.enter.budget) == "0.10"
    for name, value in plan.items():
        assert said.enter.plan[name] == (Decimal(str(value)) if isinstance(value, float) else value)
    assert answer_of(frame(Ready())[4:]) == Ready()


def test_frames_come_in_any_pieces() -> None:
    frames, data = Frames(), frame(Ready()) + frame(Answer(number=1))
    bodies = [body for byte in data for body in frames.feed(bytes([byte]))]
    assert [type(answer_of(body)) for body in bodies] == [Ready, Answer]


@pytest.mark.parametrize("length", [FRAME_MOST + 1, 2**32 - 1])
def test_a_frame_that_is_too_long_is_not_waited_for(length: int) -> None:
    with pytest.raises(WireError, match="more than 65,536 bytes"):
        Frames().feed(length.to_bytes(4, "big"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"type":"Start"}',
        b'{"type":"Answer"}',
        b'{"type":"Answer","number":"1"}',
        b'{"type":"Answer","number":1e999}',
        b'{"type":"Answer","number":1,"took_ms":NaN}',
        b'{"type":"Answer","number":1,"enter":[]}',
        b'{"type":"Answer","number":1,"enter":{}}',
        b'{"type":"Answer","number":1,"enter":{"reason":"x","budget":"much"}}',
    ],
)
def test_what_is_no_answer_is_an_error_of_the_wire(body: bytes) -> None:
    with pytest.raises(WireError, match="can't be read"):
        answer_of(body)


@pytest.mark.parametrize(
    ("enter", "complaint"),
    [
        (b'{"reason":""}', "Enter.reason is '': empty"),
        (b'{"reason":"x","budget":-1}', "Enter.budget is -1: not above 0"),
        (b'{"reason":"x","budget":"NaN"}', "Enter.budget is NaN: not a finite number"),
        (b'{"reason":"x","budget":1e400}', "Enter.budget is"),
        (b'{"reason":"x","plan":{"a":1e-300}}', "Enter.plan.a is 1E-300"),
        (b'{"reason":"\\u001b[2J"}', "can't be printed"),
    ],
)
def test_an_answer_is_checked_again_on_this_side(enter: bytes, complaint: str) -> None:
    said = answer_of(b'{"type":"Answer","number":1,"enter":' + enter + b"}")
    assert isinstance(said, Answer)
    assert said.enter is None
    assert complaint in (said.error or "")


def test_texts_of_the_users_are_bounded_and_can_be_shown() -> None:
    said = answer_of(frame(Ready(error="\x1b[2J" + "x" * 9_000, details="a\n\x1b[2J\nb"))[4:])
    assert said.error is not None
    assert len(said.error) <= ERROR_MOST
    assert said.error.isprintable()
    assert said.details == "a\n [2J\nb"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
ENTERS = st.dictionaries(st.sampled_from(Enter.__struct_fields__), VALUES)
ANSWERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["Answer", "Ready"]) | VALUES},
    optional={
        "number": st.integers() | VALUES,
        "enter": ENTERS | VALUES,
        "error": st.text() | VALUES,
        "details": st.text() | VALUES,
        "took_ms": st.floats() | VALUES,
    },
)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(framed)
    | ANSWERS.map(lambda said: framed(json.dumps(said).encode()))
)
def test_no_bytes_make_the_border_fail(data: bytes) -> None:
    try:
        for body in Frames().feed(data):
            said = answer_of(body)
            assert said.error is None or len(said.error) <= ERROR_MOST
    except WireError:
        pass
