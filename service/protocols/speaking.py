"""What the protocols share: how one is registered beside the native API, and a request's raw body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.errors import Problem
from service.limits import Bucket
from service.store.accounts import Site


@dataclass(frozen=True)
class Protocol:
    """Another service's protocol: which paths it speaks on, and how it says that something is wrong."""

    name: str
    owns: Callable[[str], bool]
    register: Callable[[Flask], None]
    fault: Callable[[Problem], Response]


def read_body(limit: int) -> bytes:
    """The request's body, whatever it says it is.

    Raises:
        Problem: too large.
    """
    request.max_content_length = limit
    try:
        return request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise Problem("request.too_large", f"The body may have at most {limit:,} bytes.") from None


def spend(bucket: Bucket, site: Site) -> None:
    """Charge the site for a request.

    Raises:
        Problem: ``rate.limited``.
    """
    allowance = bucket.spend(site.id)
    if not allowance.allowed:
        raise Problem("rate.limited", "Slow down; Retry-After says when to try again.", headers=allowance.headers())
