"""Files that are never half written, and the folder that keeps what can be made again."""

import functools
import hashlib
import os
import secrets
from pathlib import Path

from digits.errors import DigitsError


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, then rename: a reader never sees half a file."""
    write_together({path: content})


def write_together(contents: dict[Path, bytes]) -> None:
    """Like write_atomically; none of the files changes before all of them are on the disk."""
    suffix = f".{secrets.token_hex(4)}.tmp"
    temporaries = {path: path.with_name(f".{path.name}{suffix}") for path in contents}
    try:
        for path, content in contents.items():
            temporaries[path].write_bytes(content)
        for path, temporary in temporaries.items():
            os.replace(temporary, path)
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def cache_folder() -> Path:
    """Where unpacked and downloaded data sets are kept: $DIGITS_CACHE, or digits/ in the user's cache folder."""
    folder = os.environ.get("DIGITS_CACHE")
    path = Path(folder or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "digits"))
    if not folder and path.parts[0].startswith("~"):  # neither HOME nor a user's entry: it would be named so here
        raise DigitsError(
            "There is no home folder to keep a cache in; set DIGITS_CACHE to a folder that can be written."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigitsError(
            f"The cache folder {path} cannot be made ({error.strerror}); set DIGITS_CACHE to another."
        ) from None
    return path


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal; computed anew when the file has changed. Raises DigitsError for none."""
    try:
        state = path.stat()
    except OSError as error:
        raise DigitsError(f"{path.name} cannot be read ({error.strerror}); choose another file.") from None
    return _fingerprint(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=256)
def _fingerprint(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
