"""A strategy's own code, called: nothing that it does or raises comes out but as ``Advised``."""

import time
from collections.abc import Callable

from actors.strategy.answer import StrategyError, checked
from actors.strategy.failure import failure_of
from actors.strategy.port import Strategy
from messages.strategy import Advised, Consult


class Advisor:
    """A strategy that is made when first asked, so that its constructor may fail or hang too."""

    def __init__(self, make: Callable[[], Strategy]) -> None:
        """Make nothing yet."""
        self._make = make
        self._strategy: Strategy | None = None

    def advise(self, consult: Consult) -> Advised:
        """Ask the strategy; return its answer or how it failed."""
        begin = time.monotonic()
        enter, error, details = None, None, ""
        try:
            if self._strategy is None:
                self._strategy = self._make()
            enter = checked(self._strategy.on_market(consult.view))
        except KeyboardInterrupt:
            raise  # the process's, not the strategy's
        except StrategyError as failure:
            error, details = str(failure), failure.details
        except BaseException as failure:  # noqa: BLE001 - a user's code may raise anything
            text, details = failure_of(failure)
            error = f"raised {text}"
        took_ms = (time.monotonic() - begin) * 1000
        return Advised(
            number=consult.number, enter=enter, error=error, details=details, took_ms=took_ms
        )
