"""The key in use: what it may do, when it expires, and another one put in its place while it runs.

Owns the look that comes once a day, the alarms before a key's end, and the proof that a new key is
of the same account before anything is signed with it. On the loop only.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from exchange.keys import KeysError
from exchange.live.alarms import ConnectionAlarms
from exchange.live.client import make_client
from exchange.live.connect_errors import at_utc
from exchange.live.connection import Connection
from exchange.live.order import LiveOrder
from exchange.live.parsing import uid_of
from exchange.profiles.key_rights import RIGHTS_CALLS, KeyRights, rights_of
from messages.base import DAY_MS
from messages.observers import AlarmKind
from messages.orders import Priority

WARN_DAYS = (14, 3, 1)
"""Before a key expires."""


class SwitchError(Exception):
    """A key can't be put in place of the one in use; the text says why."""


async def read_rights(connection: Connection) -> KeyRights:
    """Return what the exchange says of the key in use; what it does not say is None.

    Where the account itself can't withdraw, no key of it can.
    """
    call = RIGHTS_CALLS.get(connection.profile.id)
    rights = KeyRights()
    if call is not None:
        try:
            answer = await connection.call(call.method, urgency=Priority.QUERY)
            key = connection.client.apiKey or ""
            rights = rights_of(call, answer, key, connection.refused)
        except Exception as error:  # noqa: BLE001 - not told is an answer too
            connection.note(f"what the key may do is not told: {connection.text_of(error)}")
    if rights.can_withdraw is None and connection.opened.can_withdraw is False:
        return replace(rights, can_withdraw=False)
    return rights


def too_much(rights: KeyRights) -> str | None:
    """Return what a key may do that a bot's key must not; None: nothing that is told."""
    can = [
        word
        for word, is_so in (("withdraw", rights.can_withdraw), ("transfer", rights.can_transfer))
        if is_so
    ]
    return " and ".join(can) or None


def told(rights: KeyRights) -> list[str]:
    """Return what is known of a key, as people read it."""
    can = too_much(rights)
    lines = []
    if can is not None:
        lines.append(f"this key may {can}: take that right from it")
    elif rights.can_withdraw is None:
        lines.append("the exchange does not say whether this key may withdraw: look there")
    else:
        lines.append("no right to withdraw")
    if rights.is_bound is None:
        lines.append("the exchange does not say from which addresses this key is taken")
    elif rights.is_bound:
        listed = ", ".join(rights.addresses) or "its list at the exchange"
        lines.append(f"taken only from {listed}")
    else:
        lines.append("taken from any address: bind it to this machine's")
    expires = rights.expires_at
    lines.append("no end is told" if expires is None else f"expires at {at_utc(expires)}")
    return lines


class KeyWatch:
    """Looks after the key in use."""

    def __init__(
        self,
        connection: Connection,
        alarms: ConnectionAlarms,
        live_orders: Callable[[], Iterable[LiveOrder]],
    ) -> None:
        """Tell by ``alarms``; a new key must see one of ``live_orders``, where there are any."""
        self._connection = connection
        self._alarms = alarms
        self._live_orders = live_orders
        self._warned: set[int] = set()
        self._told: set[str] = set()
        self._is_other = asyncio.Event()
        """Set by a switch: the new key may end sooner."""

    async def run(self) -> None:
        """Look now and once a day, and when a warning is due.

        What was read before the session began is the first look.
        """
        connection = self._connection
        while True:
            self._is_other.clear()
            read, connection.rights = connection.rights, None
            rights = read or await read_rights(connection)
            now = self._connection.now()
            self._judge(rights, now)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_other.wait(), _next_look_ms(rights, now) / 1000)

    async def switch(self, slot: int) -> None:
        """Put the keys of a slot in place of those in use; a failure is told, nothing changes."""
        try:
            await self._switch(slot)
        except Exception as error:  # noqa: BLE001 - the key in use goes on
            text = self._connection.text_of(error)
            self._alarms.alarm(AlarmKind.KEY, f"key slot {slot} is not used: {text}")
        else:
            self._warned.clear()
            self._told.clear()
            self._alarms.alarm(AlarmKind.KEY, f"key slot {slot} is in use from now on")
            self._is_other.set()

    def _judge(self, rights: KeyRights, now: int) -> None:
        name = self._connection.profile.name
        can = too_much(rights)
        if can is not None:
            self._once(f"{name}: this key may {can}: take that right from it, or switch to another")
        self._connection.note(f"{name}: {'; '.join(told(rights))}")
        if rights.expires_at is None:
            return
        days_left = (rights.expires_at - now) / DAY_MS
        due = [days for days in WARN_DAYS if days_left <= days and days not in self._warned]
        if due:
            self._warned.update(due)
            until = at_utc(rights.expires_at)
            text = f"{name}: this key expires at {until}, in {max(days_left, 0):.1f} days"
            self._alarms.alarm(AlarmKind.KEY, f"{text}: put a new one into the other slot")

    def _once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._alarms.alarm(AlarmKind.KEY, text)

    async def _switch(self, slot: int) -> None:
        connection = self._connection
        try:
            values = connection.read_slot(slot)
        except KeysError as error:
            raise SwitchError(str(error)) from None
        connection.redact.also(values.values())
        trial = make_client(
            connection.profile, values, connection.settings, None, is_sandbox=connection.is_sandbox
        )
        trial.own_session, trial.session = False, connection.client.session
        connection.hook_in(trial)
        trial.set_markets(connection.client.markets, connection.client.currencies)
        trial.options["timeDifference"] = connection.client.options.get("timeDifference", 0)
        try:
            await self._prove_same_account(trial)
            call = RIGHTS_CALLS.get(connection.profile.id)
            if call is not None:
                answer = await getattr(trial, call.method)()
                self._check(rights_of(call, answer, trial.apiKey, connection.refused))
        finally:
            await trial.close()
        for key, value in values.items():
            setattr(connection.client, key, value)
        self._begin_streams_anew()

    def _check(self, rights: KeyRights) -> None:
        """Raise ``SwitchError`` for a key that may, or perhaps may, take money out."""
        can = too_much(rights)
        if can is not None:
            raise SwitchError(f"it may {can}")
        accepts = self._connection.settings.accept_unreported_rights
        if rights.can_withdraw is None and not accepts:
            text = (
                "the exchange does not say whether it may withdraw: look there, and accept that by"
            )
            raise SwitchError(f"{text} live.accept_unreported_rights = true")

    async def _prove_same_account(self, trial: Any) -> None:  # noqa: ANN401 - ccxt's
        """Raise ``SwitchError`` where the new key is of another account than the one in use."""
        balance = await trial.fetch_balance()
        ours, theirs = self._connection.opened.uid, uid_of(balance, self._connection.profile)
        if ours and theirs:
            if ours != theirs:
                raise SwitchError("it is of another account")
            return
        order = next((one for one in self._live_orders() if one.legs), None)
        if order is None:
            return
        shown = await trial.fetch_open_orders(order.symbol)
        ids = {str(one.get("id")) for one in shown}
        if not ids & {str(leg.exchange_order_id) for leg in order.legs}:
            raise SwitchError(f"its account does not show our order {order.client_order_id}")

    def _begin_streams_anew(self) -> None:
        client = self._connection.client
        client.options.pop("listenKey", None)
        for socket in list(client.clients.values()):
            socket.on_error(ConnectionError("the key was switched"))


def _next_look_ms(rights: KeyRights, now: int) -> int:
    if rights.expires_at is None:
        return DAY_MS
    ahead = [rights.expires_at - days * DAY_MS - now for days in WARN_DAYS]
    return min([DAY_MS, *(wait + 1 for wait in ahead if wait > 0)])
