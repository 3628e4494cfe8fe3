"""The real program in processes of its own: in a pipe, on a terminal, in the background."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

_PROGRAM = (sys.executable, "-m", "jobhive")
_TAKE_TERMINAL = """
import os, signal, sys
os.login_tty(0)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests may ignore it; a shell does not
os.execv(sys.executable, [sys.executable, "-m", "jobhive", *sys.argv[1:]])
"""
_ON_TERMINAL = (sys.executable, "-c", _TAKE_TERMINAL)
_LONGEST_WAIT_SECONDS = 60


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    out: str
    err: str


def environment(changes: Mapping[str, str] | None) -> dict[str, str]:
    """Ours, without what would steer the program, and with the changes."""
    steering = ("JOBHIVE_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    return kept | {"TERM": "xterm", "COLUMNS": "160"} | dict(changes or {})


def jobhive(
    *arguments: str, cwd: Path | None = None, stdin: str = "", changes: Mapping[str, str] | None = None
) -> Done:
    """Runs a command line with pipes and waits for its end."""
    done = subprocess.run(
        [*_PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(changes),
        timeout=_LONGEST_WAIT_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class Terminal:
    """The program on a terminal of its own, which is also where its signals come from."""

    def __init__(self, *arguments: str, cwd: Path | None = None, changes: Mapping[str, str] | None = None) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen([*_ON_TERMINAL, *arguments], stdin=theirs, cwd=cwd, env=environment(changes))
        os.close(theirs)
        self.shown = ""  # all that came so far, cursor codes included

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def until(self, pattern: str) -> str:
        """Reads until the pattern has been shown; returns the match."""
        while not (found := re.search(pattern, self.shown)):
            assert self._read(), f"ended without {pattern!r}:\n{self.shown}"
        return found[0]

    def press(self, keys: str) -> None:
        """Types; Ctrl-C is `\\x03`."""
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Reads to the end; returns the exit code."""
        while self._read():
            pass
        return self._process.wait(_LONGEST_WAIT_SECONDS)

    def _read(self) -> bool:
        try:
            part = os.read(self._ours, 65536)
        except OSError:  # Linux's way to say that the program has let go of its terminal
            return False
        self.shown += part.decode(errors="replace")
        return bool(part)


class Background:
    """A program that stays, with its log in a pipe. Killed with the block, if it is still there."""

    def __init__(self, *arguments: str, cwd: Path | None = None, changes: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*_PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=environment(changes),
        )
        self.log = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def until(self, text: str) -> str:
        """Reads the log until a line holds the text; returns the line."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line
            if text in line:
                return line
        raise AssertionError(f"ended without {text!r}:\n{self.log}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and waits for the end; returns the exit code."""
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=_LONGEST_WAIT_SECONDS)
        self.log += rest
        return self.process.returncode
