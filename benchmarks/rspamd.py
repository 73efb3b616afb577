"""Debian's rspamd as a peer: its normal worker alone, without network modules, Bayes, fuzzy hashes or Redis."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks import client, stack

PROGRAM = shutil.which("rspamd")

_OFF = (
    "antivirus",
    "arc",
    "asn",
    "aws_s3",
    "bimi",
    "clickhouse",
    "dcc",
    "dkim_signing",
    "dmarc",
    "elastic",
    "external_relay",
    "external_services",
    "fuzzy_check",
    "greylist",
    "history_redis",
    "http_headers",
    "ip_score",
    "metadata_exporter",
    "metric_exporter",
    "mx_check",
    "neural",
    "p0f",
    "phishing",
    "ratelimit",
    "rbl",
    "replies",
    "reputation",
    "rspamd_update",
    "spamtrap",
    "spf",
    "surbl",
    "url_redirector",
)

_CONFIG = """
lua = "$RULESDIR/rspamd.lua";
.include "$CONFDIR/metrics.conf"
.include "$CONFDIR/actions.conf"
.include "$CONFDIR/groups.conf"
.include "$CONFDIR/composites.conf"
.include "$CONFDIR/modules.conf"
modules {{ path = "${{PLUGINSDIR}}"; }}
options {{
  filters = "chartable,regexp";
  pidfile = "{folder}/rspamd.pid";
  control_socket = "{folder}/rspamd.sock mode=0600";
  tempdir = "{folder}";
  local_addrs = [];
  explicit_modules = [];
  disable_monitoring = true;
  url_tld = "${{SHAREDIR}}/effective_tld_names.dat";
  dns {{ nameserver = ["127.0.0.1:{dns}"]; timeout = 0.05s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "error"; }}
worker "normal" {{ bind_socket = "{host}:{port}"; count = 1; mime = true; }}
"""


def start(folder: Path) -> stack.Process:
    """rspamd, answering ``POST /checkv2``."""
    if PROGRAM is None:
        raise RuntimeError("install rspamd to compare with it: apt-get install rspamd")
    folder.mkdir(mode=0o777)
    address = stack.free_address()
    settings = _CONFIG.format(folder=folder, host=address[0], port=address[1], dns=stack.free_address()[1])
    (folder / "local.d").mkdir()
    for name in _OFF:
        (folder / "local.d" / f"{name}.conf").write_text("enabled = false;\n")
    (folder / "rspamd.conf").write_text(settings)
    command = [PROGRAM, "-f", "-i" if os.geteuid() == 0 else "-f", "-c", str(folder / "rspamd.conf")]
    for name in ("DBDIR", "RUNDIR", "LOGDIR", "LOCAL_CONFDIR"):
        command += ["--var", f"{name}={folder}"]
    return stack.Process(command, address, path="/ping", env=os.environ)


def check(address: client.Address, text: str, number: int) -> bytes:
    """A comment as the mail that rspamd wants it to be."""
    mail = (
        f"From: reader{number}@mail.example\r\nTo: comments@news.example\r\nSubject: A bridge reopens\r\n"
        f"Date: Sat, 01 Nov 2025 12:00:00 +0000\r\nMessage-ID: <{number}@mail.example>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    return client.request(address, "POST", "/checkv2", mail.encode(), {"Content-Type": "message/rfc822"})
