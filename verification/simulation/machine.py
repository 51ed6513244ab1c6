"""A position's life as a hypothesis state machine: rules in the words of the domain.

Each rule says what happens next, or how the next request or event will fare; ``drive`` takes raw
choices. All of it goes through the world's own list of choices, so that a failure is a schedule.
"""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from verification.simulation.choices import Kind, Scripted
from verification.simulation.faults import CancelFate, DiskFate, EventFate, LookUpFate, SubmitFate
from verification.simulation.journals import JOURNALS
from verification.simulation.plans import PLANS, VENUES, WALLETS
from verification.simulation.runs import Outcome, Trace, rule_of, without_logs
from verification.simulation.stimuli import ACTS
from verification.simulation.world import DELIVERY_CHOICES, STEP_CHOICES, World

_ACT = {name: place + DELIVERY_CHOICES for place, (name, _, _) in enumerate(ACTS)}
_SETTLE_STEPS = 40


def _acts(*words: str) -> st.SearchStrategy[int]:
    """Return the numbers of the acts that begin so."""
    return st.sampled_from([n for name, n in _ACT.items() if name.startswith(words)])


class Races(RuleBasedStateMachine):
    """One world; a rule that breaks raises out of the step in which it breaks."""

    failed: ClassVar[dict[str, Outcome]] = {}
    """The last failure of each rule: hypothesis plays the simplest one last."""

    def __init__(self) -> None:
        super().__init__()
        self.choices = Scripted()
        self.world: World | None = None

    @initialize(
        plan=st.integers(0, len(PLANS) - 1),
        venue=st.integers(0, len(VENUES) - 1),
        wallet=st.integers(0, len(WALLETS) - 1),
        protected=st.integers(0, 1),
        journal=st.integers(0, len(set(JOURNALS)) - 1),
    )
    def begin(self, plan: int, venue: int, wallet: int, protected: int, journal: int) -> None:
        self.choices.give(Kind.SETUP, plan, venue, wallet, protected, journal)
        self.world = World(self.choices)
        self.trace = Trace(self.world)
        self._guarded(self.world.begin)

    @rule(number=_acts("the price is"))
    def price_moves(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("close"))
    def close_by_hand(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("halt", "reduce only", "resume"))
    def narrow_or_resume_trading(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("switch", "nearer", "a farther", "add to"))
    def change_protection(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("open another", "a candle closes"))
    def open_another(self, number: int) -> None:
        self._happen(number)

    @rule()
    def poison(self) -> None:
        self._happen(_ACT["the next handling raises"])

    @rule(number=_acts("the process", "killed"))
    def kill_and_recover(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("the disk"))
    def disk_full_or_not(self, number: int) -> None:
        self._happen(number)

    @rule(fate=st.sampled_from(DiskFate))
    def next_commit(self, fate: DiskFate) -> None:
        self.choices.give(Kind.DISK, fate)

    @rule(number=_acts("the loss", "an actor failed"))
    def trouble_holds_trading(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("the line", "quotes"))
    def disconnect_or_mend(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("the oldest thing", "the newest thing"))
    def something_late_arrives(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("half of", "all but", "a little"))
    def partial_fill(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("the venue's balances"))
    def balances_fall_behind(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("the venue cancels", "the venue lets", "the venue refuses"))
    def the_venue_ends_an_order(self, number: int) -> None:
        self._happen(number)

    @rule(number=_acts("100 ms", "1 s", "5 s", "16 s", "61 s"))
    def the_clock_steps(self, number: int) -> None:
        self._happen(number)

    @rule(fate=st.sampled_from(SubmitFate))
    def next_submit(self, fate: SubmitFate) -> None:
        """Late, lost, rate limited, 30005: whatever can become of it."""
        self.choices.give(Kind.REQUEST, fate)

    @rule(fate=st.sampled_from(CancelFate))
    def next_cancel(self, fate: CancelFate) -> None:
        """Late, lost, refused, filled before or after: whatever can become of it."""
        self.choices.give(Kind.REQUEST, fate)

    @rule(fate=st.sampled_from(LookUpFate))
    def next_look_up(self, fate: LookUpFate) -> None:
        self.choices.give(Kind.REQUEST, fate)

    @rule(fates=st.lists(st.sampled_from(EventFate), min_size=1, max_size=3))
    def next_events_late_twice_or_lost(self, fates: list[EventFate]) -> None:
        """What is late comes out of order with what is not."""
        self.choices.give(Kind.EVENT, *fates)

    @rule(choices=st.lists(st.integers(0, STEP_CHOICES - 1), min_size=1, max_size=12))
    def drive(self, choices: list[int]) -> None:
        """Take raw choices of what happens next."""
        for choice in choices:
            self._happen(choice)

    @rule(steps=st.integers(1, _SETTLE_STEPS))
    def go_on(self, steps: int) -> None:
        """Let the plain thing happen."""
        for _ in range(steps):
            self._happen(0)

    def teardown(self) -> None:
        world = self.world
        if world is None:
            return
        try:
            if not self.has_failed:
                self._guarded(world.tail)
        finally:
            world.close()

    has_failed = False

    def _happen(self, number: int) -> None:
        assert self.world is not None
        self.choices.give(Kind.STEP, number)
        self._guarded(self.world.step)

    def _guarded(self, action: object) -> None:
        """Act; note what breaks as a schedule."""
        assert callable(action)
        assert self.world is not None
        try:
            with without_logs():
                action()
        except Exception as error:
            taken = tuple(self.choices.taken)
            outcome = Outcome(taken, self.trace.head(), self.world.deliveries, str(error))
            self.has_failed = True
            Races.failed[rule_of(str(error))] = outcome
            raise
