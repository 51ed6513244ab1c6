"""What the guardian receives."""

from decimal import Decimal

from messages.base import Address, Currency, Message, Timestamp


class Halt(Message, frozen=True, kw_only=True):
    """No new risk, and cancel working entries. From an operator."""

    reason: str


class EnterReducing(Message, frozen=True, kw_only=True):
    """No new risk; exits and protection go on. From an operator; it also softens their halt."""

    reason: str


class Resume(Message, frozen=True, kw_only=True):
    """Trade again. From an operator. A journal that still fails keeps the halt."""

    reason: str


class DailyLossReached(Message, frozen=True, kw_only=True):
    """The realised loss of this UTC day reached its limit. From the portfolio."""

    currency: Currency
    loss: Decimal
    """Positive."""
    limit: Decimal
    ends_at: Timestamp | None = None
    """00:00 UTC after that day: then the loss counts no more; None: of the day it is heard on."""


class Escalated(Message, frozen=True, kw_only=True):
    """Something failed too often. From the supervisor: an actor; the gateway: the connection."""

    actor: Address
    error: str


class JournalFailed(Message, frozen=True, kw_only=True):
    """Steps can't be persisted, or what the session stands on is gone. From the journal."""

    error: str
    text: str = ""
    """What happened and what to do, for people; empty: the disk fails with ``error``."""


class JournalHealed(Message, frozen=True, kw_only=True):
    """Steps are persisted again. From the journal, or the recovery that begins a new one."""


class RecoveryBegun(Message, frozen=True, kw_only=True):
    """A restart: orders are looked up and positions covered first. From the recovery."""

    positions: int
    """That live."""


class RecoveryDone(Message, frozen=True, kw_only=True):
    """Every position that lived at the restart is restored or over. From the positions actor."""


class FirstLookBegun(Message, frozen=True, kw_only=True):
    """The exchange's lists are compared with the journal first. From the start of a session."""


class FirstLookDone(Message, frozen=True, kw_only=True):
    """Every list that a start asks for was answered and compared. From the reconciler."""


class JournalBehind(Message, frozen=True, kw_only=True):
    """The venue has an order of our account that this journal lacks. From the reconciler."""

    reason: str


class JournalRestored(Message, frozen=True, kw_only=True):
    """The account goes on from a backup: its journal is behind its venue. From the recovery.

    A person compares the two, and resumes.
    """

    reason: str


class TwinRunning(Message, frozen=True, kw_only=True):
    """Another process trades our account. From the reconciler or the positions actor."""

    reason: str


class OwnershipSettled(Message, frozen=True, kw_only=True):
    """Every order of our account that the venue shows is this journal's. From the reconciler."""

    reason: str


class ResendTradingState(Message, frozen=True, kw_only=True):
    """Tell the portfolio the trading state again.

    From it, where it could not take it; from the recovery, where nobody lives.
    """
