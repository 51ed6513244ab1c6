"""Proofs of equivalence: they find a difference where there is one. The whole: ``--prove``."""

from contextlib import ExitStack

from verification.mutants.every import MUTANTS
from verification.mutants.injecting import Mutant
from verification.mutants.proofs import prove


def _named(name: str) -> Mutant:
    return next(mutant for mutant in MUTANTS if mutant.name == name)


def test_a_mutant_that_differs_is_told_with_the_message_that_shows_it() -> None:
    difference = prove(_named("a cancel overtakes its submit"), limit=100).difference
    assert difference is not None
    assert difference.startswith("CancelOrder")


def test_whether_released_orders_are_canceled_makes_no_difference() -> None:
    proof = prove(_named("released orders are not canceled"), limit=600)
    assert proof.difference is None
    assert proof.released_alive


def test_it_makes_one_where_nothing_else_cancels_what_is_back_from_the_dead() -> None:
    with ExitStack() as stack:
        _named("an order that is back from the dead is left alone").inject(stack)
        difference = prove(_named("released orders are not canceled"), limit=600).difference
    assert difference is not None
    assert difference.startswith("ReleaseOrders")
