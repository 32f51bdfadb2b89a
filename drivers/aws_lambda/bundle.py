"""Packs what a function on Lambda is made of: always the same bytes for the same contents."""

import hashlib
import importlib.util
import io
import json
import zipfile
from base64 import b64encode
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import drivers.guest
from drivers.aws_lambda.settings import NAME
from drivers.errors import DriverError
from drivers.flavours import flavour_for
from drivers.guest.flavour import LIBRARY
from drivers.limits import Limits
from drivers.port import Artifact

HANDLER = "runner.handler"

_RUNNER = b'''"""The handler that AWS Lambda is told of."""

from drivers.guest.remote import handler, load

load()
'''
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_UNIX = 3
_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Bundle:
    """A zip file, and its SHA-256 in the form in which AWS tells it."""

    content: bytes
    sha256: str


def about_function(source: str, limits: Limits) -> dict[str, object]:
    """Return what the runner is told about a function, without its source."""
    return {"flavour": flavour_for(source), "limits": asdict(limits)}


def function_bundle(artifact: Artifact) -> Bundle:
    """Return the zip of one version: our guest and the function."""
    about = about_function(artifact.source, artifact.limits)
    # The folder of zones is most of the size, and nothing but this module reads it.
    content = _packed(has_zones=_needs_zones(artifact.source))
    own = {
        "function.json": json.dumps(about, sort_keys=True).encode(),
        "function.py": artifact.source.encode("utf-8", "surrogatepass"),
    }
    return _bundle(_added(content, own))


def runner_bundle() -> Bundle:
    """Return the zip of the runner, which gets its function with every request."""
    return _bundle(_packed(has_zones=True))


@cache
def base_digest() -> str:
    """Return the SHA-256 of everything that all functions share."""
    return hashlib.sha256(_packed(has_zones=True)).hexdigest()


def _needs_zones(source: str) -> bool:
    return flavour_for(source) == LIBRARY and "zoneinfo" in source


def _bundle(content: bytes) -> Bundle:
    return Bundle(content, b64encode(hashlib.sha256(content).digest()).decode())


def _added(content: bytes, files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in sorted(files):
            _write(archive, name, files[name])
    return buffer.getvalue()


@cache
def _packed(*, has_zones: bool) -> bytes:
    files = {"runner.py": _RUNNER, "drivers/__init__.py": b""}
    files |= _files_below(Path(drivers.guest.__file__ or "").parent, "drivers/guest", "*.py")
    files |= _files_below(_folder_of("RestrictedPython"), "compiler/RestrictedPython", "*.py")
    if has_zones:
        files |= _files_below(_folder_of("tzdata") / "zoneinfo", "zones", "*")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            _write(archive, name, files[name])
    return buffer.getvalue()


def _files_below(folder: Path, prefix: str, pattern: str) -> dict[str, bytes]:
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise DriverError(driver=NAME, reason=f"{package} is not installed")
    return Path(spec.origin).parent


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    about = zipfile.ZipInfo(name, _EPOCH)
    about.external_attr = _READABLE
    about.create_system = _UNIX
    archive.writestr(about, content, zipfile.ZIP_DEFLATED, _LEVEL)
