"""What a fill that nobody has heard of would explain of the venue's balances.

A fill moves two currencies against each other: a buy brings base for quote that is reserved, a sale
quote for base. Only an order that may be live can have filled unheard, and no more than its rest.
What is short without its counterpart, or by more, is short.
"""

from collections.abc import Mapping
from decimal import Decimal

from actors.portfolio.store import Books
from messages.base import Currency, base_currency, quote_currency
from messages.money import ZERO


def explained(books: Books, differences: Mapping[Currency, Decimal]) -> frozenset[Currency]:
    """Return the currencies whose difference such a fill explains.

    ``differences``: venue less books less what is not ours; negative is a shortage.
    """
    found: set[Currency] = set()
    for row in books.may_fill.rows:
        base, quote = base_currency(row.symbol), quote_currency(row.symbol)
        coins, cash = differences.get(base, ZERO), differences.get(quote, ZERO)
        is_bought = ZERO < coins <= row.to_buy and ZERO < -cash <= books.account(quote).reserved
        is_sold = ZERO < -coins <= row.to_sell and cash > ZERO
        if is_bought or is_sold:
            found |= {base, quote}
    if found:  # a venue may take its fee in a third currency
        traded = {quote_currency(s) for s in books.rows} | {base_currency(s) for s in books.rows}
        found |= {c for c, off in differences.items() if off < ZERO and c not in traded}
    return frozenset(found)
