"""Loads the model in the child process."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from jobhive.kinds.inference.llama import Llama, Params, Xllamacpp, library
from jobhive.kinds.inference.wire import EngineOptions

_ERRORS_ONLY: Final = 1  # verbosity: llama.cpp, common/log.h


class Loaded(NamedTuple):
    """A model, and the type of its attention cache."""

    llama: Llama
    cache_type: str


def load(options: EngineOptions) -> Loaded:
    """Loads the model; holds the interpreter lock meanwhile. Raises RuntimeError, ImportError.

    The attention cache is Q8_0 where the model allows it. With the default, F16, attention on the processor is computed
    in one way for one token, in another for several, and so on, each with its own rounding: what runs beside a request
    would change its text, the same seed or not. With Q8_0 there is one way; it takes half the memory.
    """
    xllamacpp = library()
    types = xllamacpp.ggml_type
    try:
        loaded = Loaded(xllamacpp.Server(_params(xllamacpp, options, types.GGML_TYPE_Q8_0)), "q8_0")
    except RuntimeError:  # such as heads whose size is no multiple of 32
        loaded = Loaded(xllamacpp.Server(_params(xllamacpp, options, types.GGML_TYPE_F16)), "f16")
    _stop_listening()
    return loaded


def _params(xllamacpp: Xllamacpp, options: EngineOptions, cache_type: object) -> Params:
    params = xllamacpp.CommonParams()
    params.model.path = options.model_path
    params.n_gpu_layers = options.gpu_layers
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.n_parallel = options.n_parallel
    params.n_ctx = options.context_tokens * options.n_parallel  # divided among the slots
    params.n_batch = params.n_ubatch = options.prompt_batch_tokens
    params.fit_params = False
    params.cache_type_k = params.cache_type_v = cache_type
    params.verbosity = _ERRORS_ONLY
    _forget_prompts(params)
    _close_doors(params)
    return params


def _forget_prompts(params: Params) -> None:
    """No request is computed from what an earlier one left behind."""
    params.cache_prompt = params.cache_idle_slots = False
    params.cache_ram_mib = params.n_ctx_checkpoints = 0
    params.slot_prompt_similarity = 0.0


def _close_doors(params: Params) -> None:
    """While it loads, the engine listens on loopback: nobody learns the key."""
    params.api_keys = [secrets.token_urlsafe(32)]
    params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = params.ui = False
    params.n_threads_http = 1


def _stop_listening() -> None:
    """The engine is asked through its library only, so its HTTP listener has no use; there is no switch for it."""
    for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as opened:
            if opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                opened.shutdown(socket.SHUT_RDWR)
