"""Model versions on disk: arrays, a manifest and a checksum; nothing is unpickled.

A version is a folder with ``terms.npy`` and ``idf.npy`` (mapped into memory, so that processes share their pages),
``heads.npz`` (small), ``manifest.json`` and ``report.json``.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from classifier.domain import HEADS
from classifier.scoring import FEATURE_VERSION, Scorer, Weights

FORMAT: Final = 1
DEFAULT_MODEL: Final = Path(__file__).parent / "models" / "default"

_MAPPED: Final = ("terms", "idf")
_SMALL: Final = ("term_scale", "dense", "intercept", "slope", "offset")
_FILES: Final = ("terms.npy", "idf.npy", "heads.npz")


class ModelError(Exception):
    """A model version cannot be used; the message says what to do."""


class ModelMissingError(ModelError):
    """There is no model where one was expected."""


class ModelFormatError(ModelError):
    """The model was written by another version of Sluice."""


class ModelDamagedError(ModelError):
    """The files do not match the manifest."""


def load_default() -> Scorer:
    """The model that ships with the package."""
    return load(DEFAULT_MODEL)


def load(path: Path) -> Scorer:
    """Load and check one model version; raises a ``ModelError``."""
    manifest = read_manifest(path)
    if manifest.get("format") != FORMAT or manifest.get("features") != FEATURE_VERSION:
        message = (
            f"The model in {path} has format {manifest.get('format')} and features {manifest.get('features')}; this "
            f"Sluice reads format {FORMAT} and features {FEATURE_VERSION}. Train it again with `sluice train`."
        )
        raise ModelFormatError(message)
    if list(manifest.get("heads", {})) != list(HEADS):
        message = f"The model in {path} has other heads than this Sluice; train it again with `sluice train`."
        raise ModelFormatError(message)
    check_sums(path, manifest, _FILES)
    try:
        arrays = {name: np.asarray(np.load(path / f"{name}.npy", "r", allow_pickle=False)) for name in _MAPPED}
        with np.load(path / "heads.npz", allow_pickle=False) as small:
            arrays |= {name: small[name] for name in _SMALL}
    except (OSError, ValueError, KeyError) as error:
        message = f"The arrays of the model in {path} are damaged; restore the folder or train again."
        raise ModelDamagedError(message) from error
    return Scorer(str(manifest["version"]), Weights(**arrays))


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a model version; raises a ``ModelError``."""
    file = path / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        advice = "reinstall Sluice" if path == DEFAULT_MODEL else "give the folder that `sluice train` wrote"
        message = f"There is no model in {path}; {advice}."
        raise ModelMissingError(message) from error
    except ValueError as error:
        message = f"{file} is not JSON; restore the folder or train again."
        raise ModelDamagedError(message) from error
    if not isinstance(manifest, dict):
        message = f"{file} is not a manifest; restore the folder or train again."
        raise ModelDamagedError(message)
    return manifest


def read_report(path: Path) -> dict[str, Any]:
    """What a version's training measured, if anything; raises ``ModelDamagedError``.

    What JSON has no number for becomes null, since databases refuse it.
    """
    try:
        text = (path / "report.json").read_text(encoding="utf-8")
        report = json.loads(text, parse_constant=lambda _: None)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        message = f"{path / 'report.json'} is not JSON; restore the folder or train again."
        raise ModelDamagedError(message) from error
    return report if isinstance(report, dict) else {}


def save(
    path: Path,
    weights: Weights,
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    pages: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write a model version and give back its version string; ``path`` appears whole or not at all.

    The version is named by the content of the arrays, so the same training gives the same name.
    """

    def write(folder: Path) -> None:
        for name in _MAPPED:
            np.save(folder / f"{name}.npy", getattr(weights, name), allow_pickle=False)
        np.savez(folder / "heads.npz", allow_pickle=False, **{name: getattr(weights, name) for name in _SMALL})

    whole = {"format": FORMAT, "features": FEATURE_VERSION, **manifest}
    return write_version(path, write, whole, report, files=_FILES, pages=pages)


def write_version(
    path: Path,
    write: Callable[[Path], None],
    manifest: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    files: Sequence[str],
    pages: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write a version's folder whole or not at all; its version string.

    ``write`` puts ``files`` into the folder, and their content names the version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saving-") as folder:
        target = Path(folder) / "model"
        target.mkdir(mode=0o755)
        write(target)
        sums = {name: _sha256(target / name) for name in files}
        digest = hashlib.sha256("".join(sums.values()).encode()).hexdigest()
        version = f"{manifest.get('name', 'model')}-{digest[:10]}"
        for name, value in (
            ("manifest.json", {"version": version, **manifest, "sha256": sums}),
            ("report.json", report),
        ):
            (target / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for name, text in pages.items():
            (target / name).write_text(text, encoding="utf-8")
        _replace(target, path)
    return version


def _replace(new: Path, path: Path) -> None:
    if path.exists():
        retired = new.parent / "retired"
        path.rename(retired)
    new.rename(path)


def check_sums(path: Path, manifest: Mapping[str, Any], needed: Collection[str] = ()) -> None:
    """Hold every file that the manifest names against its checksum, those that are needed among them.

    Raises:
        ModelDamagedError.
    """
    sums = manifest.get("sha256")
    known: Mapping[str, Any] = sums if isinstance(sums, dict) else {}
    for name in sorted({*known, *needed}):
        try:
            found = _sha256(path / Path(name).name)
        except OSError as error:
            message = f"{path / name} cannot be read; restore the folder or train again."
            raise ModelDamagedError(message) from error
        if known.get(name) != found:
            message = f"{path / name} does not match its checksum; restore the folder or train again."
            raise ModelDamagedError(message)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
