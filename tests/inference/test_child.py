"""The program that holds the model ends when its parent does, and not before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from jobhive.kinds.inference.locate import locate_model
from jobhive.kinds.inference.wire import EngineOptions, Failed, Generate, Ready, packed, reply_in

PARENT = """
import asyncio
from jobhive.kinds.inference.engine import LocalEngine
from jobhive.kinds.inference.request import GenerateParams

async def main():
    engine = LocalEngine(n_parallel=1, context_tokens=512)
    async for _ in engine.generate(GenerateParams(prompt="Once upon a time", max_tokens=500)):
        print(engine.pid, flush=True)

asyncio.run(main())
"""


def test_a_killed_parent_takes_its_child_along() -> None:  # H3
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        child.wait(timeout=30)


def test_a_child_whose_parent_goes_while_it_loads_does_not_load_on(tmp_path: Path) -> None:  # H3
    model = tmp_path / "endless.gguf"
    os.mkfifo(model)
    with (
        started(model) as child,
        model.open("wb"),  # opens once the child is reading its model, and keeps it waiting for more
    ):
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(timeout=30) == -signal.SIGIO


def test_a_child_ends_when_its_parent_wants_and_not_when_the_terminal_does() -> None:  # D6
    with started(locate_model()) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert reply_in(child.stdout.readline()) == Ready()
        child.send_signal(signal.SIGINT)
        child.stdin.write(packed(Generate(1, "no JSON", [])))
        child.stdin.flush()
        assert isinstance(reply_in(child.stdout.readline()), Failed)
        child.stdin.close()
        assert child.wait(timeout=30) == 0


def started(model: Path) -> subprocess.Popen[bytes]:
    """The program as an engine starts it."""
    options = EngineOptions(str(model), 1, 512, 1, 0, 64)
    program = [sys.executable, "-P", "-m", "jobhive.kinds.inference.child", packed(options).decode()]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
