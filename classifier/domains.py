"""Registrable domains: who answers for a link, whatever stands before it (``shop.example.co.uk`` -> ``example.co.uk``).

Hosts under which anybody may open a site (``blogspot.com``) count as suffixes, so that one tenant's spam is not held
against the next one. The public suffix list is the one that came with the library; nothing is fetched.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from classifier.dense import host_of
from classifier.domain import Context
from classifier.text import Document

#: More links than this say nothing more.
MOST_DOMAINS: Final = 20


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=8_192)
def domain_of(address: str) -> str | None:
    """The registrable domain of an address, or its IP address; ``None`` when it has neither."""
    return _domain_of_host(host_of(address.strip()[:2_000]).strip("[]."))


@lru_cache(maxsize=8_192)
def _domain_of_host(host: str) -> str | None:
    if host[-1:].isdigit() or ":" in host:  # nothing else can be an IP address
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass
    domain = _suffixes().privatesuffix(host) if host.isprintable() and len(host) <= 253 else None
    return domain.lower() if domain else None


def domains_of(context: Context, document: Document) -> tuple[str, ...]:
    """The domains that a comment or its author's name links to, in order, those of the site itself left out."""
    addresses = [link.target for link in document.links[: 2 * MOST_DOMAINS]]
    if context.author.url:
        addresses.append(context.author.url)
    if not addresses:
        return ()
    own = domain_of(context.article.url)
    return tuple(_distinct(domain for domain in map(domain_of, addresses) if domain and domain != own))


def _distinct(domains: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(domains))[:MOST_DOMAINS]
