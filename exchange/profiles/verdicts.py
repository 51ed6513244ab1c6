"""What an exchange's error says about a submit, where its own code is clearer than ccxt's class.

ccxt files some refusals under errors that mean "unknown", and some unknown outcomes under refusals;
a profile's rules come first. What no rule names is judged by the class, in the gateway.
"""

import re

from exchange.profiles.profile import ErrorRule, Profile


def verdict(profile: Profile, message: str) -> ErrorRule | None:
    """Return the first rule that fits the text of an error; None: judge it by its class."""
    lowered = message.lower()
    return next((rule for rule in profile.errors if _fits(rule, message, lowered)), None)


def _fits(rule: ErrorRule, message: str, lowered: str) -> bool:
    if rule.text and rule.text.lower() not in lowered:
        return False
    return not rule.code or bool(re.search(rf':\s*"?{re.escape(rule.code)}(?!\w)', message))


def is_unknown_order(profile: Profile, message: str) -> bool:
    """Return whether the text of an error is the engine's answer that no such order is open."""
    rule = profile.unknown_order
    return rule is not None and _fits(rule, message, message.lower())
