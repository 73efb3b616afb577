"""`make demo`: Sluice and the blog beside each other, both stopped by one Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from werkzeug.serving import make_server

from blog.app import BlogSettings, create_app

SLUICE: Final = Path(sys.executable).with_name("sluice")
SITE: Final = "harbour-post"
HOST: Final = "127.0.0.1"


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def main() -> int:
    """Start both, the first time with a new site, key and webhook; returns the exit status."""
    options = _options()
    environment = {
        **os.environ,
        # Only Sluice's operator can allow a webhook to go to this machine itself.
        "SLUICE_WEBHOOK_ALLOWED_NETWORKS": HOST,
        "SLUICE_WEBHOOK_PORTS": str(options.port),
    }
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder: Path = options.data_dir
    command = [str(SLUICE), "up", "--no-demo", "--data-dir", str(folder), "--port", str(options.sluice_port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as service:
        try:
            sluice_url = _ready(service)
            settings = _settings(folder, sluice_url, f"http://{HOST}:{options.port}", environment)
            with make_server(HOST, options.port, create_app(settings), threaded=True) as server:
                print(f"The blog is at {settings.base_url}/ (Ctrl-C stops it and Sluice).", flush=True)
                server.serve_forever()
        except KeyboardInterrupt:
            return 0
        except (DemoError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            service.terminate()
    return 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("data/demo-blog"), help="Where both keep their data.")
    parser.add_argument("--port", type=int, default=8080, help="Port of the blog.")
    parser.add_argument("--sluice-port", type=int, default=8000, help="Port of Sluice.")
    return parser.parse_args()


def _ready(service: subprocess.Popen[str]) -> str:
    """Where the started service answers; what it prints is printed on.

    Raises:
        DemoError: it ended instead, after saying why itself.
    """
    output = service.stdout
    if output is None:
        raise DemoError("Sluice has no output.")
    for line in output:
        print(line, end="", flush=True)
        if line.startswith("Sluice is ready at "):
            threading.Thread(target=_print_on, args=(output,), daemon=True).start()
            return line.split()[4]
    raise DemoError('Sluice did not start. Is its port taken? Name another: make demo ARGS="--sluice-port 9000"')


def _print_on(output: Any) -> None:
    for line in output:
        print(line, end="", flush=True)


def _settings(folder: Path, sluice_url: str, base_url: str, environment: Mapping[str, str]) -> BlogSettings:
    """The blog's settings, from its file; what is missing is made by the commands that an owner would type."""
    file = folder / "blog.json"
    kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def sluice(*arguments: str) -> Any:
        line = [str(SLUICE), *arguments, "--json", "--data-dir", str(folder)]
        done = subprocess.run(line, env=dict(environment), capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise DemoError(done.stderr.strip())
        return json.loads(done.stdout)

    if "sluice_key" not in kept:
        kept["sluice_key"] = sluice("site", "add", SITE, "--url", base_url)["key"]
        kept["form_secret"] = secrets.token_hex(32)
    if kept.get("webhook_for") != base_url:
        if "webhook_id" in kept:
            sluice("webhook", "remove", kept["webhook_id"], "--yes")
        made = sluice("webhook", "add", SITE, f"{base_url}/sluice-hook")
        kept |= {"webhook_id": made["webhook"]["id"], "webhook_secret": made["secret"], "webhook_for": base_url}
    file.touch(mode=0o600)
    file.write_text(json.dumps(kept), encoding="utf-8")
    return BlogSettings(
        base_url=base_url,
        sluice_url=sluice_url,
        sluice_key=kept["sluice_key"],
        webhook_secret=kept["webhook_secret"],
        form_secret=kept["form_secret"],
        database=folder / "blog.db",
    )


if __name__ == "__main__":
    sys.exit(main())
