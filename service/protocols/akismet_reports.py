"""What Akismet's clients ask beside comments: how much was checked, with what success, and on whose account."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response

from service.checks import month_of
from service.protocols.akismet_answers import plain
from service.protocols.akismet_fields import Fields
from service.protocols.speaking import spend
from service.store import checks as store
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.web import Web, answer_document, now

#: What a moderator needs to look at one spam comment and delete it.
SECONDS_SAVED: Final = 12
DEFAULT_LIMIT: Final = 500
_MONTH: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_PERIOD: Final = re.compile(r"(\d{1,4})-(days|months)")
_CSV_HEAD: Final = "Site,Total API Calls,Spam,Ham,Missed Spam,False Positives,Is Revoked"
_COUNTED: Final = store.COUNTERS


def usage_limit(here: Web, site: Site, fields: Fields) -> Response:
    """How many calls this month; there is no limit on them."""
    spend(here.reads, site)
    counted = _counted(here, site, month_of(now()))
    usage = sum(row.spam + row.ham for row in counted)
    body: dict[str, Any] = {"limit": "none", "usage": usage, "percentage": "0.00", "throttled": False}
    if fields.says_yes("extended"):
        body |= {"notice_level": "NOTICE_NONE", "upgrade": False}
    return answer_document(body)


def key_sites(here: Web, site: Site, fields: Fields) -> Response:
    """The sites of a key with their counts in a month, as JSON or CSV; a key of ours belongs to one site."""
    spend(here.reads, site)
    asked = fields.get("month")
    month = asked if _MONTH.fullmatch(asked) else month_of(now())
    limit, offset = _number(fields.get("limit"), DEFAULT_LIMIT), _number(fields.get("offset"), 0)
    name = urlsplit(site.url).hostname or site.name
    rows = [row for row in _counted(here, site, month) if row.month == month]
    rows = [row for row in rows if fields.get("filter").lower() in name]
    shown = rows[offset : offset + limit]
    if fields.get("format").lower() == "csv":
        return plain(_csv(shown, name, f"{month} (limit:{limit}, offset: {offset}, total: {len(rows)})", fields))
    listed = [
        {
            "site": name,
            "api_calls": str(row.spam + row.ham),
            **{field: str(getattr(row, field)) for field in _COUNTED},
            "is_revoked": False,
        }
        for row in shown
    ]
    return answer_document({month: listed, "limit": limit, "offset": offset, "total": len(rows)})


def stats(here: Web, site: Site, fields: Fields) -> Response:
    """What came of the checks, in all and month by month."""
    spend(here.reads, site)
    rows = _counted(here, site, _first_month(fields.get("from"), now()))
    total = {field: sum(getattr(row, field) for row in rows) for field in _COUNTED}
    right, wrong = total["spam"] + total["ham"], total["missed_spam"] + total["false_positives"]
    body = {
        **total,
        "accuracy": f"{100 * right / (right + wrong):.2f}" if right else "0.00",
        "time_saved": SECONDS_SAVED * total["spam"],
        "breakdown": {
            row.month: {**{field: getattr(row, field) for field in _COUNTED}, "blogs": 1, "da": f"{row.month}-01"}
            for row in rows
        },
    }
    return answer_document(body)


def subscription(here: Web, site: Site, fields: Fields) -> Response:
    """What WordPress' settings page shows of an account; no address of anybody is in it."""
    del fields
    spend(here.reads, site)
    body = {
        "account_id": site.id,
        "account_name": site.name,
        "account_type": "sluice",
        "status": "active",
        "next_billing_date": False,
        "user_login": site.name,
        "user_email": "",
    }
    return answer_document(body)


def token(here: Web, site: Site, fields: Fields) -> Response:
    """Something opaque that names the account."""
    del fields
    spend(here.reads, site)
    return plain(hmac.digest(here.settings.secret, f"akismet-token:{site.id}".encode(), "sha256").hex()[:32])


def _counted(here: Web, site: Site, since: str) -> list[AnyRow]:
    with here.store.read() as connection:
        return store.counts_since(connection, site.id, since)


def _first_month(period: str, moment: datetime) -> str:
    """The month in which a period such as ``60-days`` or ``6-months`` begins; for others, all time."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        return ""
    number = int(found[1])
    if found[2] == "days":
        return month_of(moment - timedelta(days=number))
    months = max(12, moment.year * 12 + moment.month - 1 - max(0, number - 1))
    return f"{months // 12:04}-{months % 12 + 1:02}"


def _number(written: str, default: int) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else default


def _csv(rows: Sequence[AnyRow], name: str, span: str, fields: Fields) -> str:
    """The key stands in the first line, as its owner just sent it."""
    lines = [
        ",".join(
            (name, str(row.spam + row.ham), *(str(getattr(row, field)) for field in _COUNTED), "false"),
        )
        for row in rows
    ]
    return "\n".join((f"Active sites for {fields.get('api_key')} during {span}", _CSV_HEAD, *lines))
