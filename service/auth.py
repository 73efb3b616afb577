"""Who is asking: API keys of sites, and the real address behind trusted proxies."""

from __future__ import annotations

import hmac
import ipaddress
import threading
import time
from collections.abc import Sequence
from typing import Final

from flask import Request

from service.errors import Problem
from service.limits import Failures
from service.scopes import Scope
from service.store.accounts import KEY_LENGTH, Key, Site, digest_key, key_with_digest, was_revoked
from service.store.engine import Store

#: A key that was found is believed for so long; so a revoked one stops within a second.
BELIEVED_SECONDS: Final = 0.5
CACHE_SIZE: Final = 10_000


class SiteKeys:
    """Finds the site an API key belongs to."""

    def __init__(self, store: Store, secret: bytes, failures: Failures, proxies: Sequence[str]) -> None:
        self._store = store
        self._secret = secret
        self._failures = failures
        self._proxies = tuple(ipaddress.ip_network(network, strict=False) for network in proxies)
        self._known: dict[str, tuple[Key, float]] = {}
        self._lock = threading.Lock()

    def authenticate(self, request: Request, needs: Scope) -> Site:
        """The site whose key the Authorization header carries, if that key may do what the request ``needs``.

        Raises:
            Problem: ``auth.invalid`` (401), ``auth.scope`` (403), or ``auth.throttled`` (429) after too many failures
                from one address.
        """
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        site = self.site_of(key.strip(), needs) if scheme.lower() == "bearer" else None
        if site is not None:
            return site
        self.note_failure(request)
        raise Problem(
            "auth.invalid",
            "Send a live API key as `Authorization: Bearer KEY`.",
            headers={"WWW-Authenticate": 'Bearer realm="sluice"'},
        )

    def note_failure(self, request: Request) -> None:
        """Count a request without a live key.

        Raises:
            Problem: ``auth.throttled`` (429), when its address had too many of them.
        """
        if self._failures.count(self.address_digest(request, "address")):
            raise Problem(
                "auth.throttled",
                "Too many failed authentications; try again in a minute.",
                headers={"Retry-After": "60"},
            )

    def site_of(self, key: str, needs: Scope) -> Site | None:
        """The site of a live key; nothing when there is no such key.

        Raises:
            Problem: ``auth.scope``, when the key is live and may not do what is needed.
        """
        found = self._key(key)
        if found is None:
            return None
        if needs not in found.scopes:
            raise Problem("auth.scope", f"This needs a key with the scope {needs.value}.")
        return found.site

    def _key(self, key: str) -> Key | None:
        """A live key; unknown ones are looked up each time, so that a new one works at once."""
        if len(key) != KEY_LENGTH or not key.isascii() or not key.isalnum():
            return None
        digest = digest_key(self._secret, key)
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and known[1] > now:
            return known[0]
        with self._store.read() as connection:
            found = key_with_digest(connection, digest)
        with self._lock:
            if found is None:
                self._known.pop(digest, None)
            else:
                if len(self._known) >= CACHE_SIZE:
                    self._known.clear()
                self._known[digest] = (found, now + BELIEVED_SECONDS)
        return found

    def is_from_proxy(self, request: Request) -> bool:
        """Whether a reverse proxy that we trust sent this request, so that its X-Forwarded headers count."""
        return _is_in(request.remote_addr or "", self._proxies)

    def address_digest(self, request: Request, purpose: str) -> str:
        """What stands for the client's address where failures are counted."""
        address = client_address(request, self._proxies)
        return hmac.digest(self._secret, f"{purpose}:{address}".encode(), "sha256").hex()[:32]

    def was_revoked(self, key: str) -> bool:
        """Whether a key that finds no site did so once."""
        with self._store.read() as connection:
            return was_revoked(connection, digest_key(self._secret, key))

    def forget(self, site: Site) -> None:
        """Look this site up anew at its next request, since something about it changed."""
        with self._lock:
            self._known = {digest: known for digest, known in self._known.items() if known[0].site.id != site.id}

    def is_local(self, request: Request) -> bool:
        """Whether the request comes from this machine itself, not through a proxy on it that we do not know."""
        address = client_address(request, self._proxies)
        if "X-Forwarded-For" in request.headers and address == (request.remote_addr or ""):
            return False
        try:
            return ipaddress.ip_address(address).is_loopback
        except ValueError:
            return False


def client_address(request: Request, proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> str:
    """The address of the client: the last one that no trusted proxy added."""
    address = request.remote_addr or ""
    if not proxies:
        return address
    hops = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    while hops and _is_in(address, proxies):
        address = hops.pop()
    return address


def _is_in(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
