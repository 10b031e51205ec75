"""A temporary folder of this process's own, for uploads and visitors' networks.

Gradio's is /tmp/gradio, which may be another user's. Ours goes at the end, and a later start clears what a killed
process left: the system takes the lock from a process, however it ends.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

from digits.errors import DigitsError

PREFIX, LOCK = "digits-app-", "in-use"
_own: Path | None = None
_locked: FileLock | None = None  # at its end the lock would go, too
A_DAY = 86_400  # seconds; a folder without a lock is one whose process ended as it was made
MEMORY = "/dev/shm"  # in containers whose disk is read-only


def make_own_folder() -> None:
    """Make the folder: from now on all that is temporary in this process goes there. Call it before Gradio is imported,
    which makes one of its own otherwise. A line says so where it is not where it was wanted. Raises DigitsError where
    nothing can be written to.
    """
    global _own
    root = find_root()
    clear_abandoned(root)
    _own = folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    atexit.register(remove_own_folder)
    _lock(folder)
    tempfile.tempdir = str(folder)
    wanted = os.environ.get("GRADIO_TEMP_DIR")
    if wanted and not _writable(Path(wanted)):
        print(f"{wanted} cannot be written to, so uploads are in {folder}.")
        del os.environ["GRADIO_TEMP_DIR"]


def remove_own_folder() -> None:
    """At the end, with all that is in it."""
    if _own is not None:
        shutil.rmtree(_own, ignore_errors=True)


def find_root() -> Path:
    """Where temporary files go on this system: the first of the usual folders that takes a file, or memory."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        if not _writable(Path(MEMORY)):
            raise DigitsError(
                "There is no folder for temporary files that can be written to; set TMPDIR to one."
            ) from None
    print(f"No folder for temporary files can be written to, so they are kept in memory ({MEMORY}).")
    return Path(MEMORY)


def clear_abandoned(root: Path) -> None:
    """Delete this user's folders whose process is gone."""
    for folder in root.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another start was faster, or it is another user's
            if not folder.is_symlink() and _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _lock(folder: Path) -> None:
    """As long as this process lives."""
    global _locked
    with contextlib.suppress(OSError, NotImplementedError):  # some network disks know no locks
        _locked = _lock_of(folder)
        _locked.acquire()
        if os.name != "nt":
            import fcntl

            # Never closed: systemd leaves a locked folder out as it clears /tmp.
            fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder / LOCK, timeout=0, thread_local=False, fallback_to_soft=False)


def _abandoned(folder: Path) -> bool:
    if os.name != "nt" and folder.stat().st_uid != os.getuid():
        return False
    if not (folder / LOCK).exists():
        return time.time() - folder.stat().st_mtime > A_DAY
    try:
        with _lock_of(folder):
            return True
    except (Timeout, NotImplementedError):
        return False
