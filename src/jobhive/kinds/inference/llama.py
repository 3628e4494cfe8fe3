"""The typed edge of xllamacpp, which ships no types: loads a model and runs completions."""

import importlib
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol, cast

from jobhive.kinds.inference.wire import EngineOptions

ERRORS_ONLY = 1  # verbosity: llama.cpp, common/log.h


class Llama(Protocol):
    """A loaded model."""

    def handle_completions(self, body: bytes, callback: Callable[[bytes], bool]) -> object:
        """Blocks until the completion is over; `callback` gets each chunk as JSON and ends it by returning True.

        An exception of the callback is swallowed and ends the completion. Raises RuntimeError when `body` is no JSON.
        """
        ...


class Loaded(NamedTuple):
    """A model, and the type of its attention cache."""

    llama: Llama
    cache_type: str


def load(options: EngineOptions) -> Loaded:
    """Loads the model; holds the interpreter lock meanwhile. Raises RuntimeError, ImportError.

    The attention cache is Q8_0 where the model allows it. With the default, F16, the processor's attention takes another path,
    with another rounding, for one token than for several, for many, and for a single request: the same seed then gives
    other text when other requests run beside it. Q8_0 has one path, half the size, and is no slower.
    """
    xllamacpp = cast("_Xllamacpp", importlib.import_module("xllamacpp"))
    types = xllamacpp.ggml_type
    try:
        loaded = Loaded(xllamacpp.Server(_params(xllamacpp, options, types.GGML_TYPE_Q8_0)), "q8_0")
    except RuntimeError:  # such as heads whose size is no multiple of 32
        loaded = Loaded(xllamacpp.Server(_params(xllamacpp, options, types.GGML_TYPE_F16)), "f16")
    _stop_listening()
    return loaded


def _params(xllamacpp: "_Xllamacpp", options: EngineOptions, cache_type: object) -> "_Params":
    params = xllamacpp.CommonParams()
    params.model.path = options.model_path
    params.n_gpu_layers = options.gpu_layers
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.n_parallel = options.n_parallel
    params.n_ctx = options.context_tokens * options.n_parallel  # divided among the slots
    params.n_batch = params.n_ubatch = options.prompt_batch_tokens
    params.fit_params = False
    params.cache_type_k = params.cache_type_v = cache_type
    params.verbosity = ERRORS_ONLY
    _forget_prompts(params)
    _close_doors(params)
    return params


def _forget_prompts(params: "_Params") -> None:
    """No request is computed from what an earlier one left behind."""
    params.cache_prompt = params.cache_idle_slots = False
    params.cache_ram_mib = params.n_ctx_checkpoints = 0
    params.slot_prompt_similarity = 0.0


def _close_doors(params: "_Params") -> None:
    """While it loads, the engine listens on loopback: nobody learns the key."""
    params.api_keys = [secrets.token_urlsafe(32)]
    params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = params.ui = False
    params.n_threads_http = 1


def _stop_listening() -> None:
    """The engine is asked through its library only, so its HTTP listener has no use; there is no switch for it."""
    for descriptor in os.listdir("/dev/fd"):
        with suppress(OSError), socket.socket(fileno=os.dup(int(descriptor))) as opened:
            if opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                opened.shutdown(socket.SHUT_RDWR)


class _Model(Protocol):
    path: str


class _Threads(Protocol):
    n_threads: int


class _Params(Protocol):
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
    api_keys: list[str]
    endpoint_slots: bool
    endpoint_props: bool
    endpoint_metrics: bool
    ui: bool
    n_threads_http: int


class _CacheTypes(Protocol):
    GGML_TYPE_Q8_0: object
    GGML_TYPE_F16: object


class _Xllamacpp(Protocol):
    CommonParams: Callable[[], _Params]
    Server: Callable[[_Params], Llama]
    ggml_type: _CacheTypes
