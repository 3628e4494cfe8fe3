"""`generate`: continues a prompt with a language model, token by token."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace

from pydantic import JsonValue

from jobhive.client.context import Context
from jobhive.client.decorators import handler_of
from jobhive.client.handler import Handler
from jobhive.kinds.inference.backend import Backend, ErrorCode, GenerationError, Interrupted
from jobhive.kinds.inference.request import GenerateParams, GenerateResult

KIND = "generate"
QUEUE = "ai"


def generate_with(backend: Backend) -> Handler:
    """The kind, served by this backend. Only what interrupted it is worth another attempt."""

    async def generate(ctx: Context, params: GenerateParams) -> GenerateResult:
        async with aclosing(backend.generate(params)) as pieces:
            async for piece in pieces:
                if isinstance(piece, GenerateResult):
                    await ctx.emit("metrics", **_metrics(piece))
                    return piece
                await ctx.emit("token", t=piece.text, i=piece.index)
        raise GenerationError(ErrorCode.GENERATION_ERROR, "the engine ended the stream without a result")

    def facts() -> Mapping[str, str]:
        return {} if backend.model is None else {"model": backend.model}

    handler = handler_of(generate, {"name": KIND, "queue": QUEUE, "on_crash": "retry", "retry_on": (Interrupted,)})
    return replace(handler, ending=_ending, facts=facts, open=backend.identify, close=backend.stop)


def _ending(result: GenerateResult) -> Mapping[str, object]:
    """What `end` says; the text was told token by token."""
    return result.model_dump(
        mode="json", include={"tokens_out", "decode_time_ms", "stop_reason", "stop_sequence_matched"}, exclude_none=True
    )


def _metrics(result: GenerateResult) -> dict[str, JsonValue]:
    seconds = result.decode_time_ms / 1000
    rate = round((result.tokens_out - 1) / seconds, 1) if seconds > 0 and result.tokens_out > 1 else None
    return {
        "tokens_in": result.tokens_in,
        "tokens_out": result.tokens_out,
        "time_to_first_token_ms": result.time_to_first_token_ms,
        "tokens_per_second": rate,
    }
