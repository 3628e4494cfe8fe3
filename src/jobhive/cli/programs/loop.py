"""Running the programs that stay: their event loop, their log, and how they are asked to stop."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager

import typer

from jobhive.cli.exits import Exit
from jobhive.narration import configure_logging, narrate
from jobhive.settings import Settings
from jobhive.worker.child import HURRY, obeying

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """What the signals said. The first asks for a stop in good order, the second says that it takes too long."""

    def __init__(self, hurry: Callable[[], object]) -> None:
        self.asked = asyncio.Event()  # set by the first signal
        self.hurry = hurry  # what the second one does; the program puts something milder here where it can

    def hear(self, name: str) -> None:
        """A signal came."""
        if self.asked.is_set():
            self.hasten(f"{name} again")
        else:
            narrate("jobhive", "heard", name, "stopping in good order; the same again hurries it")
            self.asked.set()

    def hasten(self, why: str) -> None:
        """Somebody has waited long enough."""
        narrate("jobhive", "heard", why, "leaving what is under way", level="warning")
        self.asked.set()
        self.hurry()


Program = Callable[[Stop], Coroutine[None, None, None]]


def run_program(settings: Settings, program: Program) -> None:
    """Runs it with one log on stderr, until it ends. Raises typer.Exit(130) where a second signal cut it off."""
    configure_logging(settings.log_format, settings.log_level)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_attended(program))


async def _attended(program: Program) -> None:
    is_cut_off = asyncio.Event()
    stop = Stop(is_cut_off.set)
    with stop_signals(stop), obeying(lambda: stop.hear("its supervisor is gone")):
        running = asyncio.create_task(program(stop))
        cutting = asyncio.create_task(is_cut_off.wait())
        await asyncio.wait({running, cutting}, return_when=asyncio.FIRST_COMPLETED)
        cutting.cancel()
        if not running.done():
            running.cancel()
            await asyncio.wait({running})
            raise typer.Exit(Exit.INTERRUPTED)
        await running


@contextmanager
def stop_signals(stop: Stop) -> Generator[None]:
    """Hears SIGTERM, SIGINT and a supervisor's hurry for the length of the block.

    Must be entered on the main thread's running loop.
    """
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.hear, number.name)
    loop.add_signal_handler(HURRY, stop.hasten, "its supervisor's hurry")
    try:
        yield
    finally:
        for number in (*_SIGNALS, HURRY):
            loop.remove_signal_handler(number)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
