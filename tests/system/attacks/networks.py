"""Attacks on the way to the exchange: pauses, bans, redirects and answers that are none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from tests.system.attacks.arena import FALLEN, Arena, Victim
from tests.system.attacks.attack import Figures, attack
from tests.system.wire.ids import ours_of
from tests.system.wire.scenes import SCENES, SYMBOL

SOLD = "sold after s"
ASKED = (
    Call.SUBMIT,
    Call.CANCEL,
    Call.LOOK_UP,
    Call.OPEN_ORDERS,
    Call.TRADES,
    Call.BALANCES,
    Call.MARKETS,
    Call.QUOTES,
    Call.CANDLES,
    Call.TIME,
    Call.OTHER,
)
QUESTIONS = (Call.LOOK_UP, Call.OPEN_ORDERS, Call.TRADES, Call.BALANCES, Call.QUOTES)
OFTEN = ("--set", "portfolio.compare_balances_seconds=0.3", "--set", "reconciler.look_seconds=1")
"""So that each question is asked while the attack lasts."""
TEXTS = {
    "list": "[]",
    "page": "<html><body>Please log in to the hotel's network</body></html>",
    "nothing": "",
    "cut": '{"a": [',
}
BAN_SECONDS = 4
BINANCE_SYNTHETIC = SCENES[0]._replace(name="synthetic", plan=("plan.protection_mode=synthetic",))


def asked(arena: Arena, *calls: Call) -> int:
    """Return how many requests of these kinds came so far."""
    picture = arena.server.read()
    return sum(picture.calls(call) for call in calls)


def wait_for_log(program: Victim, *words: str) -> str:
    """Return the line of the log that has all the words, once it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for line in program.log().splitlines():
            if all(word in line for word in words):
                return line
        time.sleep(0.05)
    raise AssertionError(f"the log never said {words}:\n{program.log()[-3000:]}")


@attack("a poll of balances is told to wait for a day")
def day_long_pause_of_a_poll(arena: Arena) -> Figures:
    program = arena.start(*OFTEN)
    arena.wait_until_protected()
    fault = WireFault(
        on=Call.BALANCES,
        kind=WireFaultKind.TOO_MANY_REQUESTS,
        retry_after_seconds=86_400,
        times=FOR_EVER,
    )
    arena.server.plan(fault)
    wait_for_log(program, "wants a pause until", "one call")
    polls = asked(arena, Call.BALANCES)
    sold = arena.fall()
    assert asked(arena, Call.BALANCES) == polls, "the poll did not keep its pause"
    program.stop()
    return {SOLD: sold}


@attack("the address is told to wait for a day, and an exit probes", in_tests=False)
def day_long_pause_of_the_address(arena: Arena) -> Figures:
    with other_venue(arena) as binance:
        program = binance.start(*OFTEN)
        binance.wait_until_protected()
        fault = WireFault(
            on=Call.BALANCES, kind=WireFaultKind.TOO_MANY_REQUESTS, retry_after_seconds=86_400
        )
        binance.server.plan(fault)
        wait_for_log(program, "wants a pause until", "all requests from this address", "rest")
        sold = binance.fall()
        program.stop()
    return {SOLD: sold}


@attack("an exit of unknown outcome, and each question is told to wait for a day")
def day_long_pause_over_a_doubt(arena: Arena) -> Figures:
    return doubted(arena)


@attack("the same at Binance, where each pause is the address's", in_tests=False)
def day_long_pause_over_a_doubt_at_binance(arena: Arena) -> Figures:
    with other_venue(arena) as binance:
        return doubted(binance)


def doubted(arena: Arena) -> Figures:
    """Look-ups and balances, for which the next exit waits, probe as an exit does."""
    program = arena.start(*OFTEN, "--set", "live.exit_probe_seconds=1")
    arena.wait_until_protected()
    questions = (Call.LOOK_UP, Call.OPEN_ORDERS, Call.TRADES, Call.BALANCES, Call.CANCEL)
    arena.server.plan(
        WireFault(on=Call.SUBMIT, kind=WireFaultKind.UNKNOWN_OUTCOME),
        *(
            WireFault(on=one, kind=WireFaultKind.TOO_MANY_REQUESTS, retry_after_seconds=86_400)
            for one in questions
        ),
    )
    sold = arena.fall(100)
    program.stop()
    return {SOLD: sold}


@attack("a ban whose end stands in the text only")
def ban(arena: Arena) -> Figures:
    return banned(arena)


@attack("the same at Binance", in_tests=False)
def ban_at_binance(arena: Arena) -> Figures:
    with other_venue(arena) as binance:
        return banned(binance)


def banned(arena: Arena) -> Figures:
    program = arena.start(*OFTEN)
    resting = [one for one in arena.wait_until_protected().orders if not one.is_terminal]
    until = plan_ban(arena)
    line = wait_for_log(program, "bans this address until", "nothing is sent until then")
    assert ours_of(resting[0].client_order_id) in line, line
    during = asked(arena, *ASKED)
    arena.server.move(SYMBOL, FALLEN)
    while time.time() < until - 0.5:
        assert asked(arena, *ASKED) == during, "a request left during the ban"
        time.sleep(0.1)
    arena.server.plan()
    arena.wait_until_sold()
    program.stop()
    return {"sold after the ban, s": time.time() - until, "requests during it": 0}


@attack("killed in a ban and started again", in_tests=False)
def killed_in_a_ban(arena: Arena) -> Figures:
    program = arena.start(*OFTEN)
    arena.wait_until_protected()
    plan_refusal(arena, "IP banned: try again in 15 seconds")
    wait_for_log(program, "bans this address until")
    begun = time.monotonic()
    program.kill()
    during = asked(arena, *ASKED)
    again = arena.start(*OFTEN)
    arena.server.move(SYMBOL, FALLEN)
    while time.monotonic() < begun + 14:
        assert asked(arena, *ASKED) == during, "a request left during the ban"
        time.sleep(0.1)
    arena.server.plan()
    arena.wait_until_sold()
    again.stop()
    return {"sold after the ban, s": time.monotonic() - begun - 15}


@attack("a start during a ban", in_tests=False)
def start_during_a_ban(arena: Arena) -> Figures:
    plan_refusal(arena, f"IP banned: try again in {BAN_SECONDS} seconds")
    program = arena.start()
    arena.wait_for(lambda picture: bool(picture.requests))
    begun = time.monotonic()
    while time.monotonic() < begun + BAN_SECONDS - 0.5:
        assert len(arena.server.read().requests) == 1, "a request left during the ban"
        time.sleep(0.1)
    arena.server.plan()
    arena.wait_until_protected()
    sold = arena.fall()
    program.stop()
    return {SOLD: sold}


@attack("the exit is answered with a redirect", cases=("307",))
def redirect(arena: Arena, status: str) -> Figures:
    return redirected(arena, status)


@attack("the other redirects", cases=("301", "302", "303", "308"), in_tests=False)
def other_redirect(arena: Arena, status: str) -> Figures:
    return redirected(arena, status)


def redirected(arena: Arena, status: str) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    arena.server.plan(
        WireFault(
            on=Call.SUBMIT,
            kind=WireFaultKind.ANSWERED,
            status=int(status),
            headers={"Location": "https://evil.example/api/v3/order"},
            times=2,
        )
    )
    sold = arena.fall()
    program.stop()
    said = (arena.folder / "output-0.txt").read_text()
    assert f"answers with a redirect ({status}) to evil.example: not followed" in said, said
    return {SOLD: sold}


@attack("questions are answered with an empty object")
def wrong_shape(arena: Arena) -> Figures:
    return misanswered(arena, "{}")


@attack("questions get another answer that is none", cases=(*TEXTS,), in_tests=False)
def other_wrong_shape(arena: Arena, name: str) -> Figures:
    return misanswered(arena, TEXTS[name])


def misanswered(arena: Arena, text: str) -> Figures:
    program = arena.start(*OFTEN)
    arena.wait_until_protected()
    kind = WireFaultKind.ANSWERED
    # An empty list is the right shape of these, and true but for what rests there.
    calls = (Call.BALANCES, Call.LOOK_UP, Call.QUOTES) if text == "[]" else QUESTIONS
    arena.server.plan(
        *(WireFault(on=one, kind=kind, status=200, text=text, times=FOR_EVER) for one in calls)
    )
    wait_for_log(program, "answer to fetch_balance skipped")
    sold = arena.fall()
    program.stop()
    return {SOLD: sold}


@contextmanager
def other_venue(arena: Arena) -> Iterator[Arena]:
    """Take place at Binance, whose rate limit is the address's, with a stop in the process."""
    with Arena(arena.folder / "binance", BINANCE_SYNTHETIC) as other:
        yield other


def plan_ban(arena: Arena) -> float:
    """Ban the address for some seconds, told by words only; return until when (s since 1970)."""
    until = time.time() + BAN_SECONDS
    plan_refusal(arena, f"Way too much weight used; IP banned until {int(until * 1000)}.")
    return until


def plan_refusal(arena: Arena, text: str) -> None:
    """Answer everything with 418 from now on."""
    kind = WireFaultKind.REFUSED
    arena.server.plan(
        *(
            WireFault(on=one, kind=kind, status=418, code=-1003, text=text, times=FOR_EVER)
            for one in ASKED
        )
    )
