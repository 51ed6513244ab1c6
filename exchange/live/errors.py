"""What an error of ccxt means, by what to do about it: one table each for submits and the rest.

Rule 1: a submit failed for sure only where the venue refused it by name, or nobody was reached.
Everything else may have placed the order: a bare ``ExchangeError`` too (a truncated answer).
Rule 2: errors are known by the names of their classes: nothing here imports ccxt. Pure.

    LiveError
      RetryableError        it surely was not done: do it again
        PausedError         it was not sent: the venue wants a pause
        TooLateError        it was not signed: the moment recorded for it was over
      RejectedError         the venue said no, and why
      UnknownOutcomeError   it may have been done: look
        UnansweredError     no answer came in time
        WrongShapeError     the answer can't be read: no answer
      NotFoundError         the venue knows no such order, it says
"""

import re

from exchange.profiles.profile import ErrorRule, Profile
from exchange.profiles.verdicts import verdict
from messages.base import Milliseconds
from messages.order_router import FailureKind
from messages.orders import RejectReason


class LiveError(Exception):
    """A request failed; its text is clean of secrets."""


class RetryableError(LiveError):
    """It surely was not done."""

    def __init__(
        self,
        text: str,
        retry_after_ms: Milliseconds | None = None,
        *,
        is_clock: bool = False,
        is_late: bool = False,
    ) -> None:
        """Say how long the venue wants us to wait, and whether time is to blame.

        ``is_clock``: a clock may have moved. ``is_late``: so it may, or a deadline had passed.
        """
        super().__init__(text)
        self.retry_after_ms = retry_after_ms
        self.is_clock = is_clock
        self.is_late = is_late or is_clock


class PausedError(RetryableError):
    """It was not sent: the venue wants a pause."""


class TooLateError(RetryableError):
    """It was not signed: the largest timestamp that was recorded for it had passed."""

    def __init__(self, text: str) -> None:
        """Say by how much."""
        super().__init__(text, is_clock=True)


class RejectedError(LiveError):
    """The venue said no."""

    def __init__(self, text: str, reason: RejectReason = RejectReason.OTHER) -> None:
        """Say why."""
        super().__init__(text)
        self.reason = reason


class UnknownOutcomeError(LiveError):
    """It may have been done."""


class UnansweredError(UnknownOutcomeError):
    """No answer came in time."""


class WrongShapeError(UnknownOutcomeError):
    """The answer has another shape than the call's: it counts as no answer."""


class NotFoundError(LiveError):
    """The venue knows no such order, it says: one such answer is no proof."""


_NOT_SENT = ("RateLimitExceeded", "DDoSProtection", "InvalidNonce", "ExchangeClosedByUser")
"""Refused before the matching engine, or by ccxt before it sent."""

_NOT_FOUND = re.compile(
    r":\s*\"?-20(13|26)\b"
    r"|order (list )?(does |is )?not (exist|found)|order_not_exist|unknown order",
    re.IGNORECASE,
)
"""Of venues whose "does not exist" ccxt takes for another error: MEXC's orders, Binance's pairs and
what it archived 90 days after an end without a fill (-2026), Kraken's, KuCoin's, Coinbase's."""

_NEVER_CONNECTED = (
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "PlainTextRefusedError",
    "gaierror",
)

_TLS_REFUSALS = ("ClientSSLError", "SSLError", "CertificateError", "ServerFingerprintMismatch")

_REJECTED = (
    "InsufficientFunds",
    "InvalidOrder",
    "BadRequest",
    "AuthenticationError",
    "OperationRejected",
    "NotSupported",
    "ArgumentsRequired",
)
"""Proper subclasses of ``ExchangeError`` with which a venue, or ccxt before sending, says no."""

_REASON_OF_CLASS = {
    "InsufficientFunds": RejectReason.INSUFFICIENT_FUNDS,
    "DuplicateOrderId": RejectReason.DUPLICATE_ID,
    "BadSymbol": RejectReason.UNKNOWN_SYMBOL,
    "MarketClosed": RejectReason.MARKET_HALTED,
    "NotSupported": RejectReason.NOT_SUPPORTED,
    "AuthenticationError": RejectReason.AUTHENTICATION,
}

_REASON_OF_TEXT: tuple[tuple[str, RejectReason], ...] = (
    (r"duplicate|already exist|clientoid.*exist|order id.*exist", RejectReason.DUPLICATE_ID),
    (r"insufficient|oversold|balance not enough", RejectReason.INSUFFICIENT_FUNDS),
    (r"trigger immediately|would trigger", RejectReason.WOULD_TRIGGER_AT_ONCE),
    (r"immediately match|post.?only", RejectReason.WOULD_TAKE),
    (r"max_num_algo|too many (algo|stop|conditional)", RejectReason.TOO_MANY_STOPS),
    (
        r"percent_price|price (is )?(too (high|low)|out of range)|reference.?price",
        RejectReason.PRICE_OUT_OF_RANGE,
    ),
    (r"self.?trade|stp_|prevented.?match", RejectReason.SELF_TRADE),
    (
        r"market is closed|trading (is )?disabled|halt|suspend|cancel.?only",
        RejectReason.MARKET_HALTED,
    ),
    (r"invalid symbol|symbol.*not (exist|found|support)", RejectReason.UNKNOWN_SYMBOL),
    (
        r"market_lot_size|maximum transaction|(than|exceeds?) (the )?max|max[a-z]* [a-z]*notional",
        RejectReason.ABOVE_MAXIMUM,
    ),
    (
        r"notional|minimum transaction|less than min|minimum (order )?(amount|volume|size)",
        RejectReason.BELOW_MINIMUM,
    ),
    (r"lot.?size|price_filter|precision|tick size|scale", RejectReason.PRECISION),
)
"""Tried in order on what the venue said, in lower case; from venues' own documents of errors."""


def of_submit(error: BaseException, text: str, profile: Profile) -> LiveError:
    """Return what the failure of a submit means; ``text`` is the error's, clean."""
    if isinstance(error, LiveError):
        return error
    names = _names(error)
    rule = verdict(profile, text)
    if rule is not None:
        return _by_rule(rule, names, text)
    if _surely_not_sent(error, names):
        return RetryableError(text, is_clock="InvalidNonce" in names)
    if names & set(_REJECTED):
        return RejectedError(text, reason_of(names, text))
    return UnknownOutcomeError(text)


def of_cancel(error: BaseException, text: str, profile: Profile) -> LiveError:
    """Return what the failure of a cancel means: repeated, it does no harm."""
    if isinstance(error, LiveError):
        return error
    names = _names(error)
    if is_key_refused(profile, text):
        return RejectedError(text, RejectReason.AUTHENTICATION)
    if _may_be_repeated(names):
        return RetryableError(text, is_clock="InvalidNonce" in names)
    if names & set(_REJECTED):
        return RejectedError(text)
    return UnknownOutcomeError(text)


def of_read(error: BaseException, text: str, profile: Profile) -> LiveError:
    """Return what the failure of a question means."""
    if isinstance(error, LiveError):
        return error
    names = _names(error)
    if is_key_refused(profile, text):
        return RejectedError(text, RejectReason.AUTHENTICATION)
    if "OrderNotFound" in names or _NOT_FOUND.search(text):
        return NotFoundError(text)
    if _may_be_repeated(names):
        return RetryableError(text, is_clock="InvalidNonce" in names)
    if names & set(_REJECTED):
        return RejectedError(text, reason_of(names, text))
    return UnknownOutcomeError(text)


def is_key_refused(profile: Profile, text: str) -> bool:
    """Return whether the venue does not take the key, by its own code.

    ccxt has other names for it: Binance's -2015 is DDoSProtection once a call of the key worked,
    MEXC's 10072 is BadRequest.
    """
    rule = verdict(profile, text)
    return rule is not None and rule.reason is RejectReason.AUTHENTICATION


def is_tls_refusal(error: BaseException) -> bool:
    """Return whether TLS is what failed: an untrusted, expired or foreign certificate, or none."""
    seen: BaseException | None = error
    while seen is not None:
        if _names(seen) & set(_TLS_REFUSALS):
            return True
        seen = seen.__cause__
    return False


def reason_of(names: frozenset[str], text: str) -> RejectReason:
    """Return why: by what the venue says, else by the error's class."""
    lower = text.lower()
    for pattern, reason in _REASON_OF_TEXT:
        if re.search(pattern, lower):
            return reason
    for name, reason in _REASON_OF_CLASS.items():
        if name in names:
            return reason
    return RejectReason.OTHER


def _by_rule(rule: ErrorRule, names: frozenset[str], text: str) -> LiveError:
    match rule.kind:
        case FailureKind.RETRYABLE:
            return RetryableError(text, is_clock="InvalidNonce" in names, is_late=rule.is_late)
        case FailureKind.REJECTED:
            return RejectedError(text, rule.reason)
        case FailureKind.UNKNOWN:
            return UnknownOutcomeError(text)


def _surely_not_sent(error: BaseException, names: frozenset[str]) -> bool:
    if names & set(_NOT_SENT):
        return True
    return error.__cause__ is not None and bool(_names(error.__cause__) & set(_NEVER_CONNECTED))


def _may_be_repeated(names: frozenset[str]) -> bool:
    return "OperationFailed" in names or "ExchangeClosedByUser" in names


def _names(error: BaseException) -> frozenset[str]:
    return frozenset(kind.__name__ for kind in type(error).__mro__)
