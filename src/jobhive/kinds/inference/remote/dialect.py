"""Says a request in a server's words. Pure.

All servers take OpenAI's fields; what goes beyond them has other names everywhere, or none. Servers ignore what they
do not know, so a parameter that cannot be said is refused here. Stop texts are never sent: they are ours to find,
because servers do not tell which one it was, or whether it was one at all.
"""

from enum import StrEnum
from typing import Final

from jobhive.kinds.inference.backend import ErrorCode, GenerationError
from jobhive.kinds.inference.request import GenerateParams
from jobhive.kinds.inference.sampling import engine_request, engine_seed

_LONGEST_TEXT: Final = 2**18  # tokens; more than any prompt here and what follows it
_PING_SECONDS: Final = 15


class Dialect(StrEnum):
    """Whose words a server understands beyond OpenAI's."""

    LLAMA_CPP = "llama.cpp"
    VLLM = "vllm"
    OPENAI = "openai"  # none: Ollama and all others


_CANNOT_SAY: Final = {
    Dialect.LLAMA_CPP: (),
    Dialect.VLLM: ("repeat_last_n",),
    Dialect.OPENAI: ("top_k", "min_p", "repetition_penalty", "repeat_last_n"),
}


def completion_request(params: GenerateParams, model: str, dialect: Dialect) -> dict[str, object]:
    """Body of `POST /v1/completions`. Raises GenerationError for parameters that the server cannot be told."""
    _refuse_unsayable(params, dialect)
    match dialect:
        case Dialect.LLAMA_CPP:
            return {"model": model, **_llama_cpp(params)}
        case Dialect.VLLM:
            return {"model": model, **_openai(params), **_vllm(params)}
        case Dialect.OPENAI:
            return {"model": model, **_openai(params)}


def _refuse_unsayable(params: GenerateParams, dialect: Dialect) -> None:
    unsayable = [name for name in _CANNOT_SAY[dialect] if not _has_default(params, name)]
    if unsayable:
        what = f"the inference server (dialect {dialect}) cannot be told {', '.join(unsayable)}"
        raise GenerationError(ErrorCode.INVALID_REQUEST, f"{what}; leave it out, or use a server that can")


def _has_default(params: GenerateParams, name: str) -> bool:
    given: object = getattr(params, name)
    return given == GenerateParams.model_fields[name].default or (name == "repetition_penalty" and given == 0)


def _llama_cpp(params: GenerateParams) -> dict[str, object]:
    """As the engine on this machine is asked, so that the same seed gives the same text here and there."""
    return {
        **engine_request(params, _LONGEST_TEXT),
        "verbose": False,
        "timings_per_token": True,  # how many tokens there are, with every piece of text
        "sse_ping_interval": _PING_SECONDS,
    }


def _openai(params: GenerateParams) -> dict[str, object]:
    takes_likeliest = params.temperature == 0 or params.top_p == 0  # vLLM refuses a top_p of 0, Ollama takes it for 1
    return {
        "prompt": params.prompt,
        "max_tokens": params.max_tokens,
        "temperature": 0.0 if takes_likeliest else params.temperature,
        "top_p": 1.0 if takes_likeliest else params.top_p,
        "seed": engine_seed(params.seed),
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _vllm(params: GenerateParams) -> dict[str, object]:
    return {
        "top_k": params.top_k or -1,  # 0 is refused by some versions; -1 is off in all
        "min_p": params.min_p,
        "repetition_penalty": params.repetition_penalty or 1.0,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }
