"""How a bug is put into the real code for as long as a ``with`` lasts. Owns no bug."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

Inject = Callable[[ExitStack], None]


class Mutant(NamedTuple):
    """One bug."""

    name: str
    inject: Inject
    equivalent: str = ""
    """Why no schedule can tell it from the real code; empty: one can, and it must be killed."""
    test: str = ""
    """The test that kills it where no schedule is known to, as module:function."""


@contextmanager
def _replaced(owner: Any, name: Any, value: object) -> Iterator[None]:  # noqa: ANN401 - whatever is patched
    is_cell = isinstance(owner, dict)
    before = owner[name] if is_cell else getattr(owner, name)
    put: Callable[[Any, object], None] = (
        owner.__setitem__ if is_cell else lambda n, v: setattr(owner, n, v)
    )
    put(name, value)
    try:
        yield
    finally:
        put(name, before)


def instead(owner: Any, name: Any, value: object) -> Inject:  # noqa: ANN401 - whatever is patched
    """Replace an attribute of a module or class, or a cell of a table."""
    return lambda stack: stack.enter_context(_replaced(owner, name, value))


def around(owner: Any, name: str, change: Callable[..., Any]) -> Inject:  # noqa: ANN401 - whatever is patched
    """Replace a function by one that is given the real one first."""
    real = getattr(owner, name)
    return instead(owner, name, lambda *args, **named: change(real, *args, **named))


def both(*injects: Inject) -> Inject:
    """Put in several at once: they are one bug."""

    def inject(stack: ExitStack) -> None:
        for one in injects:
            one(stack)

    return inject


def nothing(*_: Any, **__: Any) -> Any:  # noqa: ANN401 - for whatever is patched
    """Do nothing, in the place of something."""
    return None
