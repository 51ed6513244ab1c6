"""A throwaway certificate authority: made for one server, forgotten with it."""

import ssl
from collections.abc import Iterable

import msgspec


class Certificate(msgspec.Struct, frozen=True):
    """What the server shows and what a client trusts."""

    server_side: ssl.SSLContext
    authority_pem: str
    """Of who signed it; a client trusts only that."""


def make_certificate(hosts: Iterable[str]) -> Certificate:
    """Return a certificate for ``hosts``, signed by an authority that signs nothing else.

    Raises ``ModuleNotFoundError`` where the extra ``server`` is not installed.
    """
    import trustme  # noqa: PLC0415 - optional: only a server needs it

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*sorted(hosts)).configure_cert(context)
    return Certificate(context, authority.cert_pem.bytes().decode())
