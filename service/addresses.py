"""Which internet addresses are somebody else's in public, and so may be connected to on a stranger's word."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Said in full and not left to ``is_private``, whose list differs between releases of Python.
_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and metadata services in it
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's metadata service, in the middle of public space
        "169.254.0.0/16",  # link-local, and most clouds' metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, Oracle's metadata service among them
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo and ORCHID among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 embeds an IPv4 address, and its relays are gone
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
#: DNS64 makes such addresses for hosts that have IPv4 only; what is behind is in the last four bytes.
_NAT64: Final = IPv6Network("64:ff9b::/96")


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks from their usual notation, a single address being one as well."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 address, as what it is; any other as it stands."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    """Whether an address can only be somebody's in public: not ours, not a network's own, not a special one.

    An address that embeds another one (mapped, NAT64) is what it embeds; 6to4 and Teredo are refused altogether.
    """
    address = plain(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(address.packed[-4:]))
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


def may_be_reached(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or in a network that the operator named on purpose."""
    return is_public(address) or is_in(address, allowed)


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks; a mapped one counts as what it maps."""
    return any(plain(address) in network for network in networks)
