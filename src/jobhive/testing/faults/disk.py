"""A disk that loses power and that fails, as a virtual file system of SQLite.

```python
disk = Disk(seed=7)
store = SqliteStore(tmp_path / "jobhive.db", vfs=disk.name)
await store.open()
...
disk.cut(tmp_path / "after")  # what would be there had the power gone at this moment; the store here goes on
disk.fail(Fault.FULL, at=3)  # the third act from now on finds no room
```

Everything goes through to the real file at once, so that all connections of all processes see it; beside it the disk
remembers what was not synced yet. Shared memory and locks are the real file system's.
"""

import itertools
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, cast

import apsw
from typing_extensions import Buffer, override

from jobhive.testing.faults.image import Change, Image, Loss, Truncate, Write

_EXISTS = apsw.SQLITE_ACCESS_EXISTS

_numbers = itertools.count(1)


class Act(StrEnum):
    """What a disk is asked to do."""

    WRITE = "write"
    SYNC = "sync"
    TRUNCATE = "truncate"
    DELETE = "delete"


class Fault(StrEnum):
    """How it fails to."""

    FULL = "no room"
    IO_ERROR = "I/O error"


class Touch(NamedTuple):
    """One act on one file, about to be performed."""

    number: int  # counted from 1 since the disk was made
    act: Act
    path: str


class Disk(apsw.VFS):
    """One disk; give its `name` to a store. Keep a reference for as long as the store is open."""

    def __init__(self, seed: int = 0) -> None:
        self.name = f"jobhive-disk-{next(_numbers)}"
        self.touches = 0  # acts so far
        self.faults = 0  # acts that failed so far
        self.watch: Callable[[Touch], object] | None = None  # told of each act before it happens, on its thread
        self._chance = Random(seed)
        self._images: dict[str, Image] = {}  # by path; guarded by the lock
        self._lock = threading.RLock()  # held for the length of each act, and of a cut
        self._fault = Fault.IO_ERROR
        self._first_to_fail = 0  # number of a touch
        self._to_fail = 0  # how many acts are still to fail
        super().__init__(self.name, "")

    def cut(self, into: Path, loss: Loss | None = None) -> Loss:
        """Writes into the folder what a power cut would leave of every file; any kind of loss where none is told."""
        with self._lock:
            loss = loss or self._chance.choice(list(Loss))
            left = {path: image.after_power_cut(loss, self._chance) for path, image in self._images.items()}
        into.mkdir(parents=True, exist_ok=True)
        for path, content in left.items():
            if content is not None:
                (into / Path(path).name).write_bytes(content)
        return loss

    def fail(self, fault: Fault, at: int = 1, times: int = 1) -> None:
        """The `at`-th act from now on fails, and those after it up to `times` in all. Removing needs no room."""
        with self._lock:
            self._fault = fault
            self._first_to_fail, self._to_fail = self.touches + at, times

    def mend(self) -> None:
        """From now on no act fails."""
        self._to_fail = 0

    @override
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        """Opens a file; what is there already is taken for synced."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None:
            return apsw.VFSFile("", name, flags)  # a temporary file: nobody wants it back
        with self._lock:
            is_new = not self.xAccess(path, _EXISTS)
            file = _File(self, path, name, flags)
            if is_new or path not in self._images:
                self._images[path] = Image(None if is_new else file.xRead(file.xFileSize(), 0))
            return file

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Removes a file. Where the folder is not synced, a power cut may bring it back."""
        with self._lock:
            self._touch(Act.DELETE, filename)
            super().xDelete(filename, syncdir)
            if syncdir:
                self._images.pop(filename, None)
            elif filename in self._images:
                self._images[filename].is_deleted = True

    def perform(self, act: Act, path: str, change: Change, go_through: Callable[[Change], None]) -> None:
        """A change of a file, not synced. A write that fails has written half."""
        with self._lock:
            try:
                self._touch(act, path)
            except apsw.Error:
                if isinstance(change, Write):
                    self._change(path, change.first_half(), go_through)
                raise
            self._change(path, change, go_through)

    def sync(self, path: str, go_through: Callable[[], None]) -> None:
        """All changes of the file are on the disk once this returns; after a fault each may be there or not."""
        with self._lock:
            self._touch(Act.SYNC, path)
            go_through()
            self._images[path].sync()

    def _change(self, path: str, change: Change, go_through: Callable[[Change], None]) -> None:
        go_through(change)
        self._images[path].changes.append(change)

    def _touch(self, act: Act, path: str) -> None:
        """Counts the act. Raises apsw.Error where it is to fail."""
        self.touches += 1
        if self.watch is not None:
            self.watch(Touch(self.touches, act, path))
        needs_no_room = self._fault is Fault.FULL and act is Act.DELETE
        if self.touches >= self._first_to_fail and self._to_fail > 0 and not needs_no_room:
            self._to_fail -= 1
            self.faults += 1
            raise _error(self._fault, act, path)


def _error(fault: Fault, act: Act, path: str) -> apsw.Error:
    sentence = f"{fault}, as the test wants: {act} of {path}"
    return apsw.FullError(sentence) if fault is Fault.FULL else apsw.IOError(sentence)


class _File(apsw.VFSFile):
    """A file of the real file system, whose changes the disk hears of."""

    def __init__(self, disk: Disk, path: str, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        self._path = path
        super().__init__("", name, flags)

    @override
    def xWrite(self, data: Buffer, offset: int) -> None:
        """Writes."""
        self._disk.perform(Act.WRITE, self._path, Write(offset, bytes(data)), self._go_through)

    @override
    def xTruncate(self, newsize: int) -> None:
        """Cuts off, or lengthens."""
        self._disk.perform(Act.TRUNCATE, self._path, Truncate(newsize), self._go_through)

    @override
    def xSync(self, flags: int) -> None:
        """Syncs."""
        self._disk.sync(self._path, lambda: super(_File, self).xSync(flags))

    def _go_through(self, change: Change) -> None:
        match change:
            case Write(offset, data):
                cast(Any, super()).xWrite(data, offset)  # its stub names a type that Python 3.11 lacks
            case Truncate(size):
                super().xTruncate(size)
