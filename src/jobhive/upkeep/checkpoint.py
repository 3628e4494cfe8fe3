"""Where the audit log's key and newest checkpoint are: in a folder of this machine, apart from the log itself."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from jobhive.core.audit import GENESIS, Checkpoint, sign
from jobhive.core.errors import StoreRefused

_KEY_BYTES = 32


class Seals:
    """`audit/key` and `audit/checkpoint` in the store's folder. Who can write both can forge the log."""

    def __init__(self, beside: Path) -> None:
        self._folder = beside / "audit"
        self._key = self._folder / "key"
        self._checkpoint = self._folder / "checkpoint"

    def key(self) -> bytes:
        """The key; made where there is none."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # several processes may come at once: the first one's stays
            self._make_key()
        return self._key.read_bytes()

    def begun(self) -> Checkpoint:
        """The newest checkpoint; where there is none, the one before the first entry. Raises StoreRefused."""
        kept = self.checkpoint()
        if kept is None:
            kept = sign(0, GENESIS, self.key())
            self.keep(kept)
        return kept

    def has_key(self) -> bool:
        """Whether there is one."""
        return self._key.exists()

    def checkpoint(self) -> Checkpoint | None:
        """The newest one; None where none was made. Raises StoreRefused for one that is not ours."""
        try:
            number, hash_, signature = self._checkpoint.read_text(encoding="ascii").split()
            kept = Checkpoint(int(number), hash_, signature)
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise StoreRefused(f"{self._checkpoint} holds no checkpoint of the audit log") from error
        if not (self.has_key() and kept.is_genuine(self._key.read_bytes())):
            raise StoreRefused(f"{self._checkpoint} was not signed with the key {self._key}; one of them was changed")
        return kept

    def keep(self, newer: Checkpoint) -> None:
        """Replaces the checkpoint, unless another process has made a newer one."""
        kept = self.checkpoint()
        if kept is None or kept.number < newer.number:
            _write(self._checkpoint, f"{newer.number} {newer.hash} {newer.signature}\n".encode("ascii"))

    def _make_key(self) -> None:
        if self._key.exists():
            return
        draft = self._folder / f"key.{secrets.token_hex(8)}"
        _write(draft, secrets.token_bytes(_KEY_BYTES))
        try:
            os.link(draft, self._key)  # whole or not at all, and never over another
        finally:
            draft.unlink()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also after a power cut."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
