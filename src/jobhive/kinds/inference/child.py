"""The program that holds the model: `python -m jobhive.kinds.inference.child OPTIONS`.

A process of its own, so that native code that crashes, runs out of memory or holds the interpreter lock takes nothing
else with it. Started by `EngineProcess`; obeys its standard input and ends when that closes.
"""

import fcntl
import os
import signal
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from jobhive.kinds.inference.completion import Completions, Replies
from jobhive.kinds.inference.llama import Llama
from jobhive.kinds.inference.load import load
from jobhive.kinds.inference.wire import Cancel, EngineOptions, Generate, LoadFailed, Ready, options_in, order_in

_STDIN, _STDOUT, _STDERR = 0, 1, 2


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    replies = Replies(_taken_stdout())
    llama = _loaded(options_in(sys.argv[1]), replies)
    _obey(sys.stdin.buffer, Completions(llama, replies))
    os._exit(0)  # at once: nobody waits for what is being generated


def _taken_stdout() -> int:
    """The descriptor for replies; what native code prints goes to standard error from now on."""
    taken = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    return taken


def _loaded(options: EngineOptions, replies: Replies) -> Llama:
    try:
        with _ended_with_the_parent():
            llama = load(options)
    except ImportError as error:
        replies.send(LoadFailed(f"{error}; install it with `pip install 'jobhive[llm]'`"))
        sys.exit(1)
    except (RuntimeError, MemoryError, OSError) as error:
        replies.send(LoadFailed(str(error)))
        sys.exit(1)
    replies.send(Ready())
    return llama


@contextmanager
def _ended_with_the_parent() -> Generator[None]:
    """Loading holds the interpreter lock, so nobody reads standard input: the kernel watches it.

    SIGIO, which it sends when the pipe closes, ends a process that does not handle it.
    """
    fcntl.fcntl(_STDIN, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(_STDIN, fcntl.F_GETFL)
    fcntl.fcntl(_STDIN, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        yield
    finally:
        fcntl.fcntl(_STDIN, fcntl.F_SETFL, flags)


def _obey(orders: Iterable[bytes], completions: Completions) -> None:
    """Returns when the parent is gone or wants this process to end."""
    for line in orders:
        match order_in(line):
            case Generate() as order:
                completions.begin(order)
            case Cancel(request_id):
                completions.cancel(request_id)


if __name__ == "__main__":
    main()
