"""Where the embedded Redis listens: one deterministic answer for every process of an installation."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

# A unix socket address holds 107 bytes; Redis silently cuts a longer path off and listens somewhere else.
LONGEST_SOCKET_PATH: Final = 100


class UnsafeFolderError(Exception):
    """A folder that must be ours alone belongs to somebody else; the message says which and what to do."""


def socket_path(data_dir: Path) -> Path:
    """Where clients of the installation in ``data_dir`` find its embedded Redis; at most 100 bytes.

    That is ``run/redis.sock`` in the data folder. Where this is too long for a socket, the running service leaves a
    symbolic link of that name pointing to the real place, so that a command started from another environment (cron,
    sudo) finds the same socket; without a link the answer is ``short_socket_path``.

    Raises:
        UnsafeFolderError: see ``short_socket_path``.
    """
    direct = direct_socket_path(data_dir)
    if fits(direct):
        return direct
    try:
        return direct.readlink()
    except OSError:
        return short_socket_path(data_dir)


def direct_socket_path(data_dir: Path) -> Path:
    """The socket, or the link to it, inside the data folder."""
    return data_dir.resolve() / "run" / "redis.sock"


def short_socket_path(data_dir: Path) -> Path:
    """The place for the socket of a data folder with a long name: under the runtime folder, else the temporary one.

    Raises:
        UnsafeFolderError: somebody else made that folder first.
    """
    user = os.geteuid()
    name = f"sluice-{user}-{hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]}"
    temporary = Path(tempfile.gettempdir())
    bases = [Path(os.environ.get("XDG_RUNTIME_DIR") or temporary), temporary, Path("/tmp")]  # noqa: S108 - checked below
    path = next(base / name / "redis.sock" for base in bases if _usable(base, name))
    if path.parent.exists() and path.parent.lstat().st_uid != user:
        raise UnsafeFolderError(
            f"{path.parent} belongs to another user; remove it, or choose a data folder with a shorter name."
        )
    return path


def fits(path: Path) -> bool:
    """Whether a unix socket can have this path."""
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def _usable(base: Path, name: str) -> bool:
    return base.is_absolute() and os.access(base, os.W_OK | os.X_OK) and fits(base / name / "redis.sock")
