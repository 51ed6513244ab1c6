"""docs/exchanges.md tells of every exchange what its profile does."""

from collections.abc import Iterator

from exchange.profiles.order_ids import Packing
from exchange.profiles.profile import CancelBy, Profile
from exchange.profiles.registry import PROFILES
from exchange.profiles.request_terms import locks
from messages.base import DAY_MS
from messages.orders import OrderType
from verification.sources import ROOT

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
        if deadline is None:
            yield f"| `{profile.id}` | none | – | – | – | – | – | – | {profile.no_deadline} |"
            continue
        cells = (
            f"`{profile.id}`",
            f"`{deadline.name}`",
            deadline.form.value,
            f"{seconds(deadline.least_ms)} to {seconds(deadline.most_ms)}",
            seconds(deadline.window_ms),
            seconds(deadline.exit_window_ms),
            seconds(deadline.window_max_ms),
            deadline.checked.value,
            deadline.bounds,
        )
        yield f"| {' | '.join(cells)} |"


def seconds(ms: int | None) -> str:
    return "?" if ms is None else f"{ms / 1000:g} s"


def kept(ms: int | None) -> str:
    if ms is None:
        return "not said"
    return f"{ms / DAY_MS:g} d" if ms >= DAY_MS else f"{ms / 3_600_000:g} h"


def read_rows() -> Iterator[str]:
    """Yield the page's table of reads and locks, a line an exchange."""
    words = {True: "yes", False: "no", None: "not known"}
    for profile in PROFILES.values():
        reads = profile.reads
        cells = (
            f"`{profile.id}`",
            *(one.value for one in (reads.look_up, reads.open_orders, reads.fills, reads.balance)),
            "not known" if reads.lag_ms is None else seconds(reads.lag_ms),
            kept(reads.ended_kept_ms),
            kept(reads.unfilled_kept_ms),
            words[locks(profile, OrderType.LIMIT)],
            words[locks(profile, OrderType.STOP)],
        )
        yield f"| {' | '.join(cells)} |"


def test_the_page_names_every_deadline() -> None:
    page = PAGE.read_text().splitlines()
    assert [row for row in deadline_rows() if row not in page] == []


def test_the_page_says_what_reads_show_and_which_orders_lock_their_coins() -> None:
    page = PAGE.read_text().splitlines()
    assert [row for row in read_rows() if row not in page] == []


def test_the_page_names_the_source_of_every_promise() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    sources = [
        source
        for profile in PROFILES.values()
        for source in (
            profile.reads.source,
            profile.reads.lag_source,
            profile.locking_source,
            profile.stop_locks_source,
            "" if profile.deadline is None else profile.deadline.source,
        )
    ]
    assert [one for one in sources if one and one not in page] == []
