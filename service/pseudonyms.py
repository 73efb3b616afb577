"""What stands for people in tables that outlive their addresses: keyed hashes that nobody can turn back.

Without the installation's secret they cannot even be guessed, and the same person has another one on each site.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Final

from classifier.domain import Identity

#: Of an address we keep the part that one household or office shares.
_PREFIX: Final = {4: 24, 6: 48}
#: Addresses that say nothing about who is behind them: the blog's own machine or network.
_OWN: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                    "::1/128", "fc00::/7", "fe80::/10")
)  # fmt: skip
_LENGTH: Final = 40
#: Mail providers that ignore dots before the @.
_DOTLESS: Final = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms under one secret."""

    secret: bytes

    def author(self, site_id: str, author_id: str | None, email: str | None, *, verified: bool) -> str | None:
        """Of the strongest identity given: the blog's own id, else the email address; ``None`` without either.

        An address that was verified and the same address as anybody typed it are two authors.
        """
        if author_id:
            return self._hash(Identity.SIGNED, site_id, author_id)
        address = _plain_address(email or "")
        if not address:
            return None
        return self._hash(Identity.VERIFIED if verified else Identity.TYPED, site_id, address)

    def network(self, site_id: str, ip: str | None) -> str | None:
        """Of the network an address is in (IPv4 /24, IPv6 /48); ``None`` for the blog's own network."""
        try:
            address = ipaddress.ip_address(ip or "")
        except ValueError:
            return None
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if any(address in network for network in _OWN if network.version == address.version):
            return None
        network = ipaddress.ip_network((address, _PREFIX[address.version]), strict=False)
        return self._hash("network", site_id, str(network))

    def _hash(self, kind: str, site_id: str, value: str) -> str:
        message = f"{kind}:{site_id}:{value}".encode("utf-8", "replace")
        return f"{kind[0]}{hmac.new(self.secret, message, hashlib.sha256).hexdigest()[: _LENGTH - 1]}"


def identity_of(pseudonym: str) -> Identity:
    """How strong the identity behind an author's pseudonym is."""
    return _IDENTITIES[pseudonym[0]]


_IDENTITIES: Final = {identity.value[0]: identity for identity in Identity}


def _plain_address(email: str) -> str:
    """One spelling of an address: lower case, without what follows a plus sign."""
    local, at, domain = email.strip().casefold().rpartition("@")
    if not at or not local or not domain:
        return ""
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local = local.replace(".", "")
    return f"{local}@{domain}"
