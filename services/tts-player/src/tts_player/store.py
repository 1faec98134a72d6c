"""The sounds folder: what Asterisk reads, written so that it never meets half a sound.

A file's modification time is the last time it was made or handed out for playing; removal goes by it, so what plays
is safe across restarts and from other replicas. Nothing is flushed to the disk before the rename: that would cost a
caller milliseconds to guard against a power cut, after which an empty file is not taken for a sound.
"""

import errno
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tts_player.names import FOLDER, SUFFIX, SoundName
from tts_player.retention import Kept, RetentionPolicy, removable
from tts_player.voice import BYTES_PER_MS

PART = ".part"
SHORTEST_BYTES = 20 * BYTES_PER_MS
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Writer = Callable[[int, memoryview], int]


class StoreError(Exception):
    """A sound could not be kept."""


class StoreFull(StoreError):
    """There is no room for a sound."""


class StoreUnusable(StoreError):
    """The sounds folder is missing or not writable."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that Asterisk can play."""

    name: SoundName
    size_bytes: int

    @property
    def audio_ms(self) -> float:
        """How long it lasts."""
        return self.size_bytes / BYTES_PER_MS


class SoundStore:
    """Sounds by name below ``root``. Every method is short file work; writes belong in a thread."""

    def __init__(self, root: Path, *, write: Writer = os.write) -> None:
        self._root = root
        self._write = write
        self._pinned: set[SoundName] = set()
        # Between a look at a sound's age and its removal nobody may be handed it.
        self._removing = threading.Lock()

    @property
    def root(self) -> Path:
        """Asterisk's sounds folder."""
        return self._root

    def open(self) -> None:
        """Make the product's own folder and prove that it can be written.

        :raises StoreUnusable: with the cure.
        """
        if not self._root.is_dir():
            raise StoreUnusable(
                f"the sounds folder {self._root} does not exist; mount Asterisk's sounds folder there "
                "or set TRUNKLINE_SOUNDS_DIR to it"
            )
        probe = self._root / FOLDER / f"probe-{secrets.token_hex(4)}{PART}"
        try:
            _make_folder(probe.parent)
            probe.touch()
            probe.unlink()
        except OSError as error:
            if error.errno in FULL:
                return
            raise StoreUnusable(
                f"the sounds folder {self._root} (TRUNKLINE_SOUNDS_DIR) cannot be written ({error.strerror}); "
                f"give user id {os.geteuid()} the right to write there"
            ) from error

    def path(self, name: SoundName) -> Path:
        """Where the sound lies or would lie."""
        return self._root / (name.relative + SUFFIX)

    def find(self, name: SoundName) -> Sound | None:
        """The sound, protected from removal from now on; None when there is none."""
        path = self.path(name)
        with self._removing:
            try:
                size_bytes = path.stat().st_size
                if size_bytes < SHORTEST_BYTES or size_bytes % 2:
                    return None
                os.utime(path)
            except FileNotFoundError:
                return None
        return Sound(name, size_bytes)

    def keep(self, name: SoundName, pcm: bytes) -> Sound:
        """Write a sound aside and put it in its place.

        :raises StoreFull: no room; nothing of it is left behind.
        :raises StoreError: the audio is no sound, or the folder fails.
        """
        if len(pcm) < SHORTEST_BYTES or len(pcm) % 2:
            raise StoreError(f"{len(pcm)} bytes are no sound: an even number of at least {SHORTEST_BYTES} is")
        path = self.path(name)
        part = path.with_name(f"{name.digest}.{secrets.token_hex(4)}{PART}")
        try:
            _make_folder(path.parent)
            self._write_all(part, pcm)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise _store_error(self._root, error) from error
        return Sound(name, len(pcm))

    def pin(self, name: SoundName) -> None:
        """Never remove this one."""
        self._pinned.add(name)

    def sweep_parts(self, older_than: float) -> int:
        """Remove what writers left unfinished before ``older_than`` (unix seconds); how many."""
        count = 0
        for path in (self._root / FOLDER).rglob(f"*{PART}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    count += 1
        return count

    def remove_old(self, policy: RetentionPolicy, now: float) -> tuple[int, int]:
        """Remove what the policy lets go; how many files and bytes."""
        count = size_bytes = 0
        for kept in removable(self._listing(), policy, now, self._pinned):
            if self._remove_unused(kept):
                count, size_bytes = count + 1, size_bytes + kept.size_bytes
        return count, size_bytes

    def _remove_unused(self, kept: Kept) -> bool:
        path = self.path(kept.name)
        with self._removing:
            try:
                if path.stat().st_mtime != kept.used_at:
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def _listing(self) -> Iterator[Kept]:
        for path in (self._root / FOLDER).glob(f"??/*{SUFFIX}"):
            with suppress(FileNotFoundError, ValueError):
                status = path.stat()
                yield Kept(SoundName(path.name.removesuffix(SUFFIX)), status.st_size, status.st_mtime)

    def _write_all(self, part: Path, pcm: bytes) -> None:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            # Asterisk runs as another user, whatever this process's umask is.
            os.fchmod(descriptor, 0o644)
            left = memoryview(pcm)
            while left:
                left = left[self._write(descriptor, left) :]
        finally:
            os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make a folder of the product, and its parent, so that every user can read it."""
    if folder.is_dir():
        return
    if folder.name != FOLDER:
        _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o755)


def _store_error(root: Path, error: OSError) -> StoreError:
    if error.errno in FULL:
        return StoreFull(f"no room in the sounds folder {root} ({error.strerror}); free some space there")
    return StoreError(f"the sounds folder {root} fails: {error.strerror}")
