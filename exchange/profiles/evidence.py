"""What ``probe`` measured at one exchange on one day, and what of it a profile may lean on.

Owns the figures and the judgement. Where they are kept is ``session.evidence_file``'s.
"""

from enum import StrEnum

import msgspec

from exchange.profiles.profile import Profile

FORM = 1
"""Of the file; another one is not read."""


class IdReuse(StrEnum):
    """What became of a second order under a client order id that an order has or had."""

    TAKEN = "taken"
    REFUSED = "refused"
    RETURNED_FIRST = "returned_first"
    """Answered with the first order; no second one exists."""
    NOT_KNOWN = "not_known"


class Said(StrEnum):
    """How an exchange answers a request about an order that it never had."""

    REFUSED = "refused"
    """It says that there is no such order, or that it can't be canceled."""
    ACCEPTED = "accepted"
    NOT_KNOWN = "not_known"


class Lag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long after a submit left an answer first showed it, in ms; None: it never did.

    At most so long: each look takes a request, and the first can't be earlier than the answer.
    """

    answered_ms: int | None = None
    """The submit's own answer."""
    by_id_ms: int | None = None
    in_list_ms: int | None = None
    """In the list of open orders; a fill is not looked for there."""
    in_balance_ms: int | None = None


class StopFate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a native stop that was to trigger."""

    is_triggered: bool
    """False: the market did not come to it in time; the rest is not known."""
    is_found_by_client_id: bool = False
    keeps_exchange_id: bool = False
    fills_whole: bool = False
    """Whether all of it was sold, by the order that its client id finds."""
    after_ms: int | None = None
    """From the submit to the first look that showed it filled."""

    @property
    def keeps_both_ids(self) -> bool:
        """Whether the triggered stop is still the same order."""
        return self.is_triggered and self.is_found_by_client_id and self.keeps_exchange_id


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was seen. It holds no key, no account's id and no balance."""

    form: int = FORM
    exchange: str
    symbol: str
    mode: str
    """``sandbox`` or ``live``."""
    at: str
    """ISO 8601, UTC."""
    holdfast: str
    ccxt: str
    order_lag: Lag = Lag()
    """Of a limit buy that rests."""
    fill_lag: Lag = Lag()
    """Of a buy that fills at once: by id, and in the balance."""
    reuse_of_open: IdReuse = IdReuse.NOT_KNOWN
    reuse_of_canceled: IdReuse = IdReuse.NOT_KNOWN
    reuse_of_filled: IdReuse = IdReuse.NOT_KNOWN
    cancel_of_unknown: Said = Said.NOT_KNOWN
    cancel_of_canceled: Said = Said.NOT_KNOWN
    look_up_of_unknown: Said = Said.NOT_KNOWN
    limit_sell_locks_coins: bool | None = None
    """None: not seen."""
    stop_locks_coins: bool | None = None
    """Of a stop that waits for its trigger; None: not seen, or no native stop is used here."""
    stop: StopFate | None = None
    """None: no native stop was placed."""

    @property
    def proves_stop(self) -> bool:
        """Whether a native stop may be leaned on: triggered, it is the same order and sells all."""
        return self.stop is not None and self.stop.keeps_both_ids and self.stop.fills_whole

    @property
    def source(self) -> str:
        """Where and when it was seen, for people."""
        place = " on the test exchange" if self.mode == "sandbox" else ""
        return f"probe of {self.at[:10]} with {self.symbol}{place}"


def with_evidence(profile: Profile, seen: Evidence | None) -> Profile:
    """Return a profile with what a probe of its exchange proved beside what it says itself."""
    if seen is None or seen.exchange != profile.id:
        return profile
    changes: dict[str, object] = {}
    if seen.proves_stop and not profile.stop_evidence:
        changes["stop_evidence"] = f"{seen.source}: a triggered stop kept its ids and sold all"
    if seen.stop_locks_coins is not None:
        changes["stop_locks_coins"] = seen.stop_locks_coins
        changes["stop_locks_source"] = seen.source
    return msgspec.structs.replace(profile, **changes)
