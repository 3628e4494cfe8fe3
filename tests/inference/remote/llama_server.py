"""A real llama.cpp server: `python -m tests.inference.remote.llama_server MODEL CONTEXT_TOKENS SLOTS KEY` prints its
address, serves, and ends with its standard input."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from jobhive.kinds.inference.llama import library
from jobhive.kinds.inference.locate import locate_model

KEY = "sesame-opens-this-door"


@contextmanager
def llama_server(context_tokens: int = 256, slots: int = 3) -> Iterator[str]:
    """Its address, with the shipped model, for the length of the block. It asks for KEY."""
    arguments = (str(locate_model()), str(context_tokens), str(slots), KEY)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.inference.remote.llama_server", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), "the server did not start"
        yield address


def serve(model: str, context_tokens: int, slots: int, key: str) -> None:
    """Loads the model and listens on a free loopback port until standard input closes."""
    xllamacpp = library()
    params: Any = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx, params.n_parallel = context_tokens * slots, slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_batch = params.n_ubatch = 64
    params.n_gpu_layers, params.fit_params, params.verbosity = 0, False, 1
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    params.hostnames, params.port, params.api_keys, params.ui = ["127.0.0.1"], 0, [key], False
    server = cast("Any", xllamacpp.Server(params))
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
