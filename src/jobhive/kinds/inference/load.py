"""Loads the model in the child process."""

import secrets
from contextlib import chdir
from tempfile import TemporaryDirectory
from typing import Final

from jobhive.kinds.inference.llama import Llama, Params, Xllamacpp, library
from jobhive.kinds.inference.wire import EngineOptions

_ERRORS_ONLY: Final = 1  # verbosity: llama.cpp, common/log.h


def load(options: EngineOptions) -> Llama:
    """Loads the model; holds the interpreter lock meanwhile. Raises RuntimeError, ImportError, OSError.

    The attention cache is Q8_0 where the model allows it. With the default, F16, attention on the processor is computed
    in one way for one token, in another for several, and so on, each with its own rounding: what runs beside a request
    would change its text, the same seed or not. With Q8_0 there is one way; it takes half the memory.
    """
    xllamacpp = library()
    with TemporaryDirectory() as folder, chdir(folder):  # where it listens; nobody finds it afterwards
        try:
            return xllamacpp.Server(_params(xllamacpp, options, xllamacpp.ggml_type.GGML_TYPE_Q8_0))
        except RuntimeError:  # such as heads whose size is no multiple of 32
            return xllamacpp.Server(_params(xllamacpp, options, xllamacpp.ggml_type.GGML_TYPE_F16))


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
    """The engine always opens an HTTP server, which nobody needs: no network, and nobody learns the key."""
    params.hostnames = ["engine.sock"]  # a Unix socket in the current folder
    params.api_keys = [secrets.token_urlsafe(32)]
    params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = params.ui = False
    params.n_threads_http = 1
