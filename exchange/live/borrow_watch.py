"""Whether the account may borrow coins, as its exchange says now: asked at a start and again.

Where it may, a second sale of the same coins is not refused. On the loop only.
"""

from exchange.live.connection import Connection
from exchange.profiles.borrow_modes import BORROW_CALLS, may_borrow
from messages.orders import Priority


async def read_borrow_mode(connection: Connection) -> bool:
    """Ask whether the account may borrow, and keep it; without an answer it may."""
    call = BORROW_CALLS.get(connection.profile.id)
    if call is None or not connection.has_keys:
        return connection.may_borrow
    try:
        answer = await connection.call(call.method, urgency=Priority.QUERY)
        found = may_borrow(call, answer)
    except Exception as error:  # noqa: BLE001 - not told is an answer too
        connection.note(f"whether the account may borrow is not told: {connection.text_of(error)}")
        found = True
    if found is not connection.may_borrow:
        connection.may_borrow = found
        connection.note(f"{connection.profile.name}: this account {borrow_words(may=found)}")
        connection.clock.tell_terms()
    return found


def borrow_words(*, may: bool) -> str:
    """Return what follows from the borrow mode, after "this account"."""
    if may:
        return "may borrow coins: an exit of unknown outcome takes the proof before the next one"
    return "can't borrow coins: beside an exit of unknown outcome another may be sent at once"
