"""What a server streams, read. Pure."""

from typing import Final, NamedTuple

from pydantic import BaseModel, JsonValue, ValidationError

from jobhive.kinds.inference.backend import ErrorCode, GenerationError

DONE: Final = "[DONE]"  # the data of the last event


class Chunk(NamedTuple):
    """One event of a completion."""

    text: str
    finish_reason: str | None  # with the last text
    tokens_in: int | None  # of the prompt; None: not told here
    tokens_out: int | None  # so far; None: not told here
    error: JsonValue  # None unless the generation failed


class _Choice(BaseModel):
    text: str | None = None
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int = 0


class _Timings(BaseModel):
    prompt_n: int
    cache_n: int = 0
    predicted_n: int


class _Event(BaseModel):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    timings: _Timings | None = None
    error: JsonValue = None


def chunk_in(data: str, server: str) -> Chunk:
    """The chunk that an event's data holds. Raises GenerationError for what is none."""
    try:
        event = _Event.model_validate_json(data)
    except ValidationError:
        message = f"{server} sent {len(data)} characters that are no chunk of a completion; is it OpenAI-compatible?"
        raise GenerationError(ErrorCode.GENERATION_ERROR, message) from None
    choice = event.choices[0] if event.choices else _Choice()
    return Chunk(choice.text or "", choice.finish_reason, *_counts(event), event.error)


def _counts(event: _Event) -> tuple[int | None, int | None]:
    if event.usage is not None:
        return event.usage.prompt_tokens, event.usage.completion_tokens
    if event.timings is not None:
        return event.timings.prompt_n + event.timings.cache_n, event.timings.predicted_n
    return None, None
