"""Which Python files changed, for `--reload`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

_LOOK_EVERY_SECONDS = 0.5
_SKIPPED = frozenset({".venv", "venv", "node_modules", "__pycache__", ".git", ".jobhive"})


async def changed_files(folder: Path) -> AsyncIterator[set[Path]]:
    """The files below the folder that appeared, changed or went, each time there are any."""
    before = await asyncio.to_thread(_stamps, folder)
    while True:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        now = await asyncio.to_thread(_stamps, folder)
        changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        before = now
        if changed:
            yield changed


def _stamps(folder: Path) -> Mapping[Path, int]:
    stamps: dict[Path, int] = {}
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry.name not in _SKIPPED:
            stamps |= _stamps(entry)
        elif entry.suffix == ".py" and entry.is_file():
            stamps[entry] = entry.stat().st_mtime_ns
    return stamps
