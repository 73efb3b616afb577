"""Lists of domains, e-mail addresses, names, IP ranges and ids: allowed, blocked, or looked at before publishing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from classifier.dense import host_of
from classifier.domain import Author, Span
from classifier.text import Document, Link, read, words_of

_LONGEST_NAME: Final = 400


class ListKind(StrEnum):
    """What an entry of a list is about."""

    DOMAIN = "domain"
    EMAIL = "email"
    NAME = "name"
    IP = "ip"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that speaks about this comment, and where in its text when it does."""

    kind: ListKind
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Entries in the form in which they are looked up; made by ``make_listing``."""

    domains: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    #: (IP version, prefix length) -> networks, as numbers shifted by what the prefix leaves open.
    networks: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.domains or self.emails or self.names or self.ids or self.networks)

    def find(self, author: Author, document: Document) -> Iterator[Found]:
        """Whatever is listed about the author, their addresses, and the links of the text."""
        if self.ids and author.id in self.ids:
            yield Found(ListKind.ID)
        if self.emails and email_key(author.email or "") in self.emails:
            yield Found(ListKind.EMAIL)
        if self.names and author.name and name_key(author.name) in self.names:
            yield Found(ListKind.NAME)
        if self.networks and author.ip and self.has_ip(author.ip):
            yield Found(ListKind.IP)
        if self.domains:
            yield from self._domains_of(author, document)

    def _domains_of(self, author: Author, document: Document) -> Iterator[Found]:
        spans = tuple(link.span for link in document.links if self.has_link(link))
        elsewhere = ((author.email or "").rpartition("@")[2], host_of(author.url or ""))
        if spans or any(self.has_host(host) for host in elsewhere if host):
            yield Found(ListKind.DOMAIN, spans[:20])

    def has_link(self, link: Link) -> bool:
        """Whether a link leads to a listed domain or below one."""
        return self.has_host(host_of(link.target))

    def has_host(self, host: str) -> bool:
        """Whether a host is a listed domain or below one."""
        labels = host_key(host).split(".")
        return any(".".join(labels[start:]) in self.domains for start in range(len(labels)))

    def has_ip(self, written: str) -> bool:
        """Whether an address is in a listed range; one that cannot be read is in none."""
        try:
            address = ip_address(written)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        if mapped is not None:
            address = mapped
        number, bits = int(address), address.max_prefixlen
        return any(
            version == address.version and number >> (bits - length) in networks
            for (version, length), networks in self.networks.items()
        )


def make_listing(
    *,
    domains: Iterable[str] = (),
    emails: Iterable[str] = (),
    names: Iterable[str] = (),
    ips: Iterable[str] = (),
    ids: Iterable[str] = (),
) -> Listing:
    """A listing from entries as people write them; a wrong IP range raises ``ValueError``."""
    networks: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for written in ips:
        network = ip_network(written.strip(), strict=False)
        shifted = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        networks[network.version, network.prefixlen].add(shifted)
    return Listing(
        domains=frozenset(host_key(host_of(domain.strip())) for domain in domains),
        emails=frozenset(map(email_key, emails)),
        names=frozenset(map(name_key, names)),
        ids=frozenset(ids),
        networks={key: frozenset(found) for key, found in networks.items()},
    )


def host_key(host: str) -> str:
    """A host name in the form in which lists are searched: lower case, in ASCII (punycode) where that is possible."""
    host = host.lower().strip(".").removeprefix("www.")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def email_key(email: str) -> str:
    """An e-mail address without case and surrounding space."""
    return email.strip().casefold()


def name_key(name: str) -> str:
    """A name as a reader sees it: without case, disguises and punctuation; of signs only, as it is."""
    shortened = name[:_LONGEST_NAME]
    return " ".join(words_of(read(shortened).text)) or shortened.strip()
