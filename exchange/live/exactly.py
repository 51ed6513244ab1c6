"""Exact money on a thread where ccxt rounds: the door between the two decimal contexts. Pure."""

from collections.abc import Callable
from decimal import localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from messages.money import MONEY_CONTEXT

P = ParamSpec("P")
T = TypeVar("T")


def exactly(function: Callable[P, T]) -> Callable[P, T]:
    """Return ``function`` as it computes under the money context, whatever the thread's is.

    ccxt changes the context that it finds, so the loop thread's own can't be the exact one.
    """

    @wraps(function)
    def compute(*args: P.args, **kwargs: P.kwargs) -> T:
        with localcontext(MONEY_CONTEXT):
            return function(*args, **kwargs)

    return compute
