"""Why an exchange ended an order by itself, from the field in which it says so. Pure.

ccxt keeps the status and drops the reason; it is in the exchange's own answer (``info``).
"""

from collections.abc import Mapping

from exchange.profiles.profile import Profile
from messages.orders import RejectReason


def end_reason(profile: Profile, info: object) -> RejectReason | None:
    """Return the reason that an order's ``info`` gives; None: it gives none that is known."""
    if not isinstance(info, Mapping):
        return None
    for rule in profile.ends:
        if any(info.get(field) == rule.value for field in rule.fields):
            return rule.reason
    return None
