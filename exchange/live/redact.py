"""What must not leave: keys, signatures, listen keys, signed URLs.

Owns the words that are cut out of every text (exceptions, logs, events), and the door through which
ccxt's own log goes. Pure but for that door.
"""

import logging
import re
from collections.abc import Iterable

from messages.border import one_line

REDACTED = "<redacted>"

_SHORTEST_SECRET = 4
"""Less than this would blot out words."""

_LONGEST_TEXT = 20_000
"""Characters that are searched for secrets; of what is left a line is told."""

_QUERY = re.compile(r"(\b(?:https?|wss?)://[^\s?\"'<>]+)\?[^\s\"'<>]*")
_FIELDS = re.compile(
    r"(?i)(\b[\w-]*(?:signature|api[-_]?key|apikey|access[-_]?key|secret|passphrase|password|"
    r"listen[-_]?key|token|authorization|access-sign)\b[\"']?\s*[=:]\s*[\"']?)"
    r"(?:bearer\s+)?[^\s\"'&,;})\]]+"
)


class Redactor:
    """Cuts secrets out of texts: those it was told, and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know ``secrets`` from now on."""
        self._secrets = [one for one in secrets if len(one) >= _SHORTEST_SECRET]

    def also(self, secrets: Iterable[str]) -> None:
        """Know ``secrets`` besides."""
        self._secrets += [one for one in secrets if len(one) >= _SHORTEST_SECRET]

    def __call__(self, text: object) -> str:
        """Return ``text`` as it may be told: without secrets, on one line that can be printed."""
        clean = str(text)[:_LONGEST_TEXT]
        for secret in self._secrets:
            clean = clean.replace(secret, REDACTED)
        clean = _QUERY.sub(rf"\1?{REDACTED}", clean)
        return one_line(_FIELDS.sub(rf"\1{REDACTED}", clean))

    def __repr__(self) -> str:
        """Tell nothing of what it knows."""
        return f"{type(self).__name__}({len(self._secrets)} secrets)"


class _Quiet(logging.Filter):
    """Lets through what ccxt warns of, cleaned; its DEBUG holds every signed request."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redact(record.getMessage()), ()
        record.exc_info, record.exc_text = None, None
        return record.levelno >= logging.WARNING


def quiet_ccxt(redact: Redactor) -> None:
    """Let ccxt's own loggers tell no secret, at whatever level logging is set."""
    for name in ("ccxt.base.exchange", "ccxt.async_support.base.exchange"):
        logging.getLogger(name).addFilter(_Quiet(redact))
