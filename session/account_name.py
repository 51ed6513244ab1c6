"""Which account it is, wherever its files are: what client order ids are made of at a start."""

import secrets

import msgspec

from messages.ids import RANDOM_BITS, account_of, epoch_of, seeded_epoch


class AccountName(msgspec.Struct, frozen=True, kw_only=True):
    """Which account it is, wherever its files are."""

    exchange: str = "embedded"
    uid: str = ""
    """The account's own id at the exchange; empty: it tells none."""
    tag: str = ""
    seed: int | None = None
    """Of paper trading, whose epochs follow from it; None: they are drawn at random."""

    @property
    def account(self) -> str:
        """In client order ids."""
        return account_of(self.exchange, self.uid, self.tag)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Those of which a journal may be: it may have begun when the exchange told no id."""
        return self.account, account_of(self.exchange, "", self.tag)

    def epoch(self, starts: int, seed: int | None) -> str:
        """Return the epoch of a process; ``seed`` is the journal's, None: it begins now."""
        if self.seed is None:
            return epoch_of(secrets.randbits(RANDOM_BITS))
        return seeded_epoch(self.seed if seed is None else seed, starts)
