"""Why an exchange could not be connected to, and what to do about it. Pure."""

from datetime import UTC, datetime
from enum import StrEnum

from exchange.live.errors import is_key_refused, is_tls_refusal
from exchange.profiles.profile import Profile


class ConnectProblem(StrEnum):
    """Why a venue could not be opened."""

    NO_NETWORK = "no_network"
    WRONG_KEY = "wrong_key"
    NO_PERMISSION = "no_permission"
    MAINTENANCE = "maintenance"
    TLS = "tls"
    """The connection is not encrypted as it should be, or another host answers."""
    BANNED = "banned"
    """The exchange bans this address for a while."""
    PAUSED = "paused"
    """The exchange wants a pause."""
    OTHER = "other"


class ConnectError(Exception):
    """The venue could not be opened; the text says why and what to do, and holds no secret."""

    def __init__(self, problem: ConnectProblem, text: str, wait_ms: float = 0) -> None:
        """Say what is wrong, and for how long nothing may be sent."""
        super().__init__(text)
        self.problem = problem
        self.wait_ms = wait_ms


ADVICE = {
    ConnectProblem.NO_NETWORK: "it can't be reached; is there a network?",
    ConnectProblem.WRONG_KEY: "it does not take this key; check key, secret and allowed addresses",
    ConnectProblem.NO_PERMISSION: "this key may not trade; allow spot trading for it",
    ConnectProblem.MAINTENANCE: "it is in maintenance; try again later",
    ConnectProblem.TLS: (
        "TLS is refused: its certificate is not valid for it, or something between here and there "
        "answers in its place; look at the network and at this machine's date"
    ),
    ConnectProblem.BANNED: "it bans this address until {until}; nothing more is sent until then",
    ConnectProblem.PAUSED: "it wants a pause until {until}; nothing more is sent until then",
    ConnectProblem.OTHER: "it answers with an error",
}

_PROBLEM_OF_CLASS = {
    "PermissionDenied": ConnectProblem.NO_PERMISSION,
    "AuthenticationError": ConnectProblem.WRONG_KEY,
    "OnMaintenance": ConnectProblem.MAINTENANCE,
    "NetworkError": ConnectProblem.NO_NETWORK,
}
_IN_MAINTENANCE = ("maintenance", " 503 ", "service unavailable")


def problem_of(error: BaseException, profile: Profile) -> ConnectProblem:
    """Return what an error of ccxt's means for a connection that is being opened."""
    if is_tls_refusal(error):
        return ConnectProblem.TLS
    text = str(error)
    names = {kind.__name__ for kind in type(error).__mro__}
    if any(word in text.lower() for word in _IN_MAINTENANCE):
        return ConnectProblem.MAINTENANCE
    if is_key_refused(profile, text) and "PermissionDenied" not in names:
        return ConnectProblem.WRONG_KEY
    found = (problem for name, problem in _PROBLEM_OF_CLASS.items() if name in names)
    return next(found, ConnectProblem.OTHER)


def at_utc(wall_ms: float) -> str:
    """Return a moment as people read it."""
    at = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
