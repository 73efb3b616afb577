"""One SQLite file under several connections and processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from service.store.engine import Store
from service.store.facts import read_fact, write_fact

#: Another process writes a fact and closes its connection; the last one to do so deletes the write-ahead log.
_WRITE = """
import sys
from service.store.engine import Store
from service.store.facts import write_fact
store = Store(sys.argv[1], pool_size=1)
store.write(lambda connection: write_fact(connection, sys.argv[2], "written"))
store.close()
"""


def test_another_store_of_the_process_does_not_loosen_the_first_ones_hold(migrated_sqlite: Path, tmp_path: Path):
    """Who opens the file a second time must not make other processes believe that nobody has it open."""
    path = tmp_path / "sluice.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{path}"
    first = Store(url, pool_size=1)
    first.write(lambda connection: write_fact(connection, "first", "written"))
    second = Store(url, pool_size=1)

    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", _WRITE, url, name], check=True, timeout=60)

        with first.read() as connection:
            assert read_fact(connection, name) == "written"
    first.close()
    second.close()
