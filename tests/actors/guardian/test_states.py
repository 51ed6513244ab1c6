"""The guardian's tables are total, and every hold has a way out."""

from actors.guardian.states import EFFECTS, STRICTNESS, Cause, Hold, Input, Lift
from messages.portfolio import TradingState


def test_every_input_has_an_effect() -> None:
    assert set(EFFECTS) == set(Input)


def test_every_trading_state_has_its_strictness_and_no_two_share_one() -> None:
    assert set(STRICTNESS) == set(TradingState)
    assert len(set(STRICTNESS.values())) == len(TradingState)


def test_every_cause_that_can_hold_can_be_lifted() -> None:
    held = {effect.cause for effect in EFFECTS.values() if isinstance(effect, Hold)}
    lifts = [effect.causes for effect in EFFECTS.values() if isinstance(effect, Lift)]
    assert held == set(Cause) == frozenset().union(*lifts)


def test_no_hold_is_at_active() -> None:
    holds = [effect for effect in EFFECTS.values() if isinstance(effect, Hold)]
    assert all(hold.state is not TradingState.ACTIVE for hold in holds)
