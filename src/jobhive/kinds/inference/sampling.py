"""Says a request in the engine's words. Pure.

The engine validates little, ignores names it does not know and has defaults of its own, so every parameter that
shapes the text is sent, each time. Field names: llama.cpp, tools/server/README.md, `POST /completion`.
"""

from typing import Final, TypedDict

from jobhive.kinds.inference.request import GenerateParams

RANDOM_SEED: Final = 0xFFFF_FFFF  # the engine takes this one for "draw a seed"
_LARGEST_INT: Final = 2**31 - 1  # the engine cuts larger numbers to 32 bits

_SAMPLERS: Final = ("penalties", "top_k", "top_p", "min_p", "temperature")  # applied in this order


class EngineRequest(TypedDict):
    """Body of one completion."""

    prompt: str
    max_tokens: int
    temperature: float
    top_p: float
    min_p: float
    top_k: int
    repeat_penalty: float
    repeat_last_n: int
    seed: int
    samplers: list[str]
    dynatemp_range: float
    top_n_sigma: float
    typical_p: float
    xtc_probability: float
    presence_penalty: float
    frequency_penalty: float
    dry_multiplier: float
    mirostat: int
    adaptive_target: float
    min_keep: int
    n_keep: int
    ignore_eos: bool
    logit_bias: list[list[float]]
    stop: list[str]
    cache_prompt: bool
    stream: bool
    verbose: bool
    return_progress: bool
    sse_ping_interval: int


def engine_request(params: GenerateParams, context_tokens: int) -> EngineRequest:
    """The request for an engine whose requests have `context_tokens` each."""
    return {
        "prompt": params.prompt,
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "min_p": params.min_p,
        "top_k": _top_k(params),
        "repeat_penalty": params.repetition_penalty or 1.0,  # the engine refuses 0, which we define as off
        "repeat_last_n": min(params.repeat_last_n, context_tokens),  # it sets aside memory for as many
        "seed": engine_seed(params.seed),
        "samplers": list(_SAMPLERS),
        # samplers that requests cannot ask for: off
        "dynatemp_range": 0.0,
        "top_n_sigma": -1.0,
        "typical_p": 1.0,
        "xtc_probability": 0.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "dry_multiplier": 0.0,
        "mirostat": 0,
        "adaptive_target": -1.0,
        "min_keep": 0,
        "n_keep": 0,
        "ignore_eos": False,
        "logit_bias": [],
        "stop": [],  # ours to find
        "cache_prompt": False,  # a prompt that is half in the cache is rounded in another way: other text, same seed
        "stream": True,
        "verbose": True,  # only the native shape tells a stop sequence from the end of the text
        "return_progress": True,  # a request is heard of, and can be cancelled, between batches of its prompt
        "sse_ping_interval": -1,  # a ping is no JSON and would end the stream
    }


def _top_k(params: GenerateParams) -> int:
    """At temperature 0 the likeliest token is taken: so the engine need not weigh all the others each time."""
    return 1 if params.temperature == 0 else min(params.top_k, _LARGEST_INT)


def engine_seed(seed: int) -> int:
    """The 32-bit seed for an unsigned 64-bit one: the remainder of the division by 2³² − 1.

    Every seed below 2³² − 1 stays what it is, all 64 bits count, and `RANDOM_SEED` never comes out.
    """
    return seed % RANDOM_SEED
