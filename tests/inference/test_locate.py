"""Finding the model file."""

import os
from pathlib import Path

import pytest

from jobhive.kinds.inference import locate
from jobhive.kinds.inference.backend import ModelUnavailable
from jobhive.kinds.inference.locate import locate_model, model_name


def test_the_shipped_model_is_found() -> None:  # H3
    path = locate_model()
    assert path.read_bytes()[:4] == b"GGUF"
    assert model_name(path) == "SmolLM2-135M-Instruct.Q4_1"


def test_a_named_file_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # I11
    (tmp_path / "mine.gguf").write_bytes(b"GGUF and more")
    monkeypatch.chdir(tmp_path)
    assert locate_model("mine.gguf") == tmp_path / "mine.gguf"


def test_without_any_model_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:  # I11
    monkeypatch.setattr(locate, "SHIPPED_IN", "no_such_package")
    with pytest.raises(ModelUnavailable, match="no model is installed: name a GGUF file with --model PATH"):
        locate_model()


def test_a_missing_file_is_named(tmp_path: Path) -> None:  # I11
    with pytest.raises(ModelUnavailable, match=r"none\.gguf cannot be read: No such file"):
        locate_model(tmp_path / "none.gguf")


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 a zip file"])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:  # I11
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"model\.gguf is not a GGUF model: it begins with"):
        locate_model(path)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:  # I11
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ModelUnavailable, match="is not a file"):
            locate_model(path)
