"""docs/exchanges.md tells of every exchange what its profile does."""

from collections.abc import Iterator

from exchange.profiles.order_ids import Packing
from exchange.profiles.profile import CancelBy, Profile
from exchange.profiles.registry import PROFILES
from tests.sources import ROOT

PAGE = ROOT / "docs" / "exchanges.md"


def rows() -> Iterator[str]:
    """Yield the page's table, a line an exchange."""
    for profile in PROFILES.values():
        life = profile.request_life_ms
        cells = (
            f"`{profile.id}`",
            protection(profile),
            id_form(profile),
            "by id" if not profile.lists else "in lists",
            "exchange's id" if profile.cancel_by is CancelBy.EXCHANGE_ID else "our id",
            profile.fee_currency.value,
            "refused" if not profile.market_buy else "yes",
            "not said" if life is None else f"{life / 1000:g} s",
            "yes" if profile.sandbox else "–",
        )
        yield f"| {' | '.join(cells)} |"


def protection(profile: Profile) -> str:
    can = profile.capabilities
    words = ("stop", can.native_stop), ("stop-limit", can.native_stop_limit), ("OCO", can.oco)
    return ", ".join(word for word, is_native in words if is_native) or "synthetic"


def id_form(profile: Profile) -> str:
    form = profile.ids
    match form.packing:
        case Packing.HEX:
            return "128 bits in hex"
        case Packing.UUID_IF_LONG:
            return f"≤ {form.max_length}, else 32 hex digits"
        case Packing.NONE:
            return (
                f"`{form.prefix}` and ≤ {form.max_length}"
                if form.prefix
                else f"≤ {form.max_length}"
            )


def test_the_page_has_the_profiles_own_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [row for row in rows() if row not in page] == []


def test_the_page_says_why_a_native_stop_is_not_used() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    reasons = [p.why_not_native for p in PROFILES.values() if p.why_not_native]
    assert [reason for reason in reasons if reason not in page] == []


def deadline_rows() -> Iterator[str]:
    """Yield the page's table of deadlines, a line an exchange."""
    for profile in PROFILES.values():
        deadline = profile.deadline
        if deadline is not None:
            windows = (deadline.window_ms, deadline.exit_window_ms, deadline.window_max_ms)
            seconds = " | ".join(f"{window / 1000:g} s" for window in windows)
            yield f"| `{profile.id}` | `{deadline.name}` | {seconds} | {deadline.bounds} |"


def test_the_page_names_every_deadline() -> None:
    page = PAGE.read_text().splitlines()
    assert [row for row in deadline_rows() if row not in page] == []
