"""The types of what we use of xllamacpp, which ships none."""

import importlib
from collections.abc import Callable
from typing import Protocol, cast


class Llama(Protocol):
    """A loaded model."""

    def handle_completions(self, body: bytes, callback: Callable[[bytes], bool]) -> object:
        """Blocks until the completion is over; `callback` gets each chunk as JSON and ends it by returning True.

        An exception of the callback is swallowed and ends the completion. Raises RuntimeError when `body` is no JSON.
        """
        ...


class _Model(Protocol):
    path: str


class _Threads(Protocol):
    n_threads: int


class Params(Protocol):
    """How a model is loaded and served. Meanings: llama.cpp, tools/server/README.md."""

    model: _Model
    cpuparams: _Threads
    cpuparams_batch: _Threads
    n_gpu_layers: int
    n_parallel: int
    n_ctx: int
    n_batch: int
    n_ubatch: int
    cache_type_k: object
    cache_type_v: object
    cache_prompt: bool
    cache_idle_slots: bool
    cache_ram_mib: int
    n_ctx_checkpoints: int
    slot_prompt_similarity: float
    fit_params: bool
    verbosity: int
    hostnames: list[str]
    api_keys: list[str]
    endpoint_slots: bool
    endpoint_props: bool
    endpoint_metrics: bool
    ui: bool
    n_threads_http: int


class _CacheTypes(Protocol):
    GGML_TYPE_Q8_0: object
    GGML_TYPE_F16: object


class Xllamacpp(Protocol):
    """The module. `Server` loads the model, holding the interpreter lock, and raises RuntimeError when it cannot."""

    CommonParams: Callable[[], Params]
    Server: Callable[[Params], Llama]
    ggml_type: _CacheTypes


def library() -> Xllamacpp:
    """Raises ImportError."""
    return cast(Xllamacpp, importlib.import_module("xllamacpp"))
