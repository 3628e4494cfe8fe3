"""The terminal with an inference server: a real llama.cpp server, and the programs as users start them."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Background, jobhive
from tests.inference.remote.llama_server import KEY, llama_server


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """Its address."""
    with llama_server() as address:
        yield address


def test_up_asks_the_server_and_run_shows_what_it_says(tmp_path: Path, llama: str) -> None:  # H3, I1
    changes = {"JOBHIVE_DATA": str(tmp_path), "JOBHIVE_INFERENCE_KEY": KEY, "JOBHIVE_LOG_LEVEL": "debug"}
    with Background("up", "--inference-url", llama, "--port", "0", cwd=tmp_path, changes=changes) as up:
        server = {"JOBHIVE_SERVER": json.loads(up.until('"listens"'))["target"]}
        prompt = ("-a", "prompt=The capital of France is", "-a", "max_tokens=2", "-a", "temperature=0")
        done = jobhive("run", "generate", *prompt, changes=server)
        jobs = json.loads(jobhive("job", "ls", "--json", changes=server).out)
        assert up.stop() == 0
    assert done.code == 0, done.err
    assert "Paris." in done.out
    assert jobs[0]["result"]["model"].endswith("SmolLM2-135M-Instruct.Q4_1.gguf")
    assert "jobhive.kinds.inference.child" not in up.log
    assert KEY not in up.log + done.out + done.err


def test_doctor_asks_the_server(tmp_path: Path, llama: str) -> None:  # UC9
    def doctor(url: str, key: str, **more: str) -> tuple[int, str]:
        changes = {"JOBHIVE_INFERENCE_URL": url, "JOBHIVE_INFERENCE_KEY": key, **more}
        done = jobhive("doctor", "--port", "0", "--json", cwd=tmp_path, changes=changes)
        [told] = [each for each in json.loads(done.out) if each["name"] == "model"]
        assert key not in done.out + done.err
        return done.code, told["sentence"]

    code, sentence = doctor(llama, KEY)
    assert (code, "dialect llama.cpp" in sentence, "SmolLM2-135M" in sentence) == (0, True, True)
    assert "401" in doctor(llama, "a-key-that-fits-no-lock")[1]
    assert "does not serve 'gpt-9'" in doctor(llama, KEY, JOBHIVE_MODEL="gpt-9")[1]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    code, sentence = doctor(nobody, KEY)
    assert (code, "no inference server answers" in sentence) == (1, True)


def test_an_address_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    for url in ("ftp://me:secret@x", "http://", "http://me:secret@:x"):
        done = jobhive("worker", "--inference-url", url, cwd=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert "inference" in done.err
        assert "secret" not in done.err
