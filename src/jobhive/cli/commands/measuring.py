"""One run of the bench at the terminal: where its store is, how far it is, what it found."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from jobhive.bench.figures import Figures, Quantiles
from jobhive.bench.plan import CALLERS, Plan
from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.loading import settle
from jobhive.cli.output import say_fields, say_json
from jobhive.cli.programs.loop import Stop
from jobhive.cli.screen.bar import Bar

Tell = Callable[[int, str], None]


async def measure_and_say(url: str | None, plan: Plan, stop: Stop, *, is_json: bool) -> None:
    """Progress on stderr, figures on stdout; nothing is left behind, however it ends.

    Raises typer.Exit after a signal, CommandError where jobs were lost.
    """
    with _place(url) as place, _progress() as tell:
        settle(url=place)
        figures = await _measured(plan, tell, stop)
    if is_json:
        say_json(asdict(figures))
    else:
        say_fields(_in_words(figures))
    if figures.lost:
        advice = "run it again with --url, look at what is left there, and report it"
        raise CommandError(f"{figures.lost} jobs did not complete, which must not be; {advice}")


@contextmanager
def _place(url: str | None) -> Generator[str]:
    if url is not None:
        yield url
        return
    with TemporaryDirectory(prefix="jobhive-bench-") as folder:
        yield str(Path(folder, "jobhive.db"))


@contextmanager
def _progress() -> Generator[Tell]:
    bar = Bar()
    try:
        yield lambda percentage, text: bar.show(percentage, text, "")
    finally:
        bar.hide()


async def _measured(plan: Plan, tell: Tell, stop: Stop) -> Figures:
    from jobhive.bench.run import measure  # its application is on the store that was settled just now

    measuring = asyncio.create_task(measure(plan, tell))
    asked = asyncio.create_task(stop.asked.wait())
    try:
        await asyncio.wait({measuring, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not measuring.done():
            raise typer.Exit(Exit.INTERRUPTED)
        return await measuring
    finally:
        asked.cancel()
        measuring.cancel()
        while not measuring.done():
            with suppress(asyncio.CancelledError):  # a second Ctrl-C must not leave processes and files behind
                await asyncio.wait({measuring})


def _in_words(figures: Figures) -> dict[str, str]:
    return {
        "store": f"{figures.store}, {figures.jobs:,} jobs",
        "enqueue, one after the other": _rate(figures.enqueue_one_per_s),
        f"enqueue, {CALLERS} callers at once": _rate(figures.enqueue_concurrent_per_s),
        "enqueue, in batches of 1,000": _rate(figures.enqueue_many_per_s),
        f"drain, {_counted(figures.drain_processes)}": _rate(figures.drain_per_s),
        "drain, jobs that wait 10 ms": _rate(figures.io_per_s),
        "idle, from enqueue to start": _span(figures.start_ms),
        "idle, from enqueue to result": _span(figures.result_ms),
        "events of one job": _rate(figures.events_per_s),
        "jobs lost": f"{figures.lost}",
        "jobs run twice": f"{figures.doubled}",
    }


def _counted(processes: int) -> str:
    return "1 worker process" if processes == 1 else f"{processes} worker processes"


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}/s"


def _span(span: Quantiles) -> str:
    return f"{span.p50:.1f} ms (p99 {span.p99:.1f} ms)"
