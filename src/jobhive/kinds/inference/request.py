"""What a generation is asked for, and what comes of it."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from jobhive.core.validation import WHOLE

MAX_TOKENS_VARIABLE: Final = "JOBHIVE_MAX_TOKENS_LIMIT"


def max_tokens_limit(environment: Mapping[str, str]) -> int:
    """The most tokens one request may ask for: `JOBHIVE_MAX_TOKENS_LIMIT`, 2048 when absent. Raises ValueError."""
    given = environment.get(MAX_TOKENS_VARIABLE, "2048")
    if not given.isascii() or not given.isdigit() or int(given) < 1:
        raise ValueError(f"{MAX_TOKENS_VARIABLE} is {given!r}; set it to a whole number of at least 1, or unset it")
    return int(given)


MAX_TOKENS_LIMIT: Final = max_tokens_limit(os.environ)  # read once; a change takes a restart
DEFAULT_MAX_TOKENS: Final = min(256, MAX_TOKENS_LIMIT)

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
UpToTwo = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
StopText = Annotated[str, Field(min_length=1, max_length=100)]


class GenerateParams(BaseModel):
    """Params of the kind `generate`. Errors list every field that is wrong and never echo a value."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    prompt: str = Field(min_length=1, max_length=32_768, description="raw text; it is continued as it stands")
    max_tokens: Annotated[int, Field(ge=1, le=MAX_TOKENS_LIMIT, description="most tokens to make"), WHOLE] = (
        DEFAULT_MAX_TOKENS
    )
    temperature: UpToTwo = Field(default=1.0, description="0 always takes the likeliest token")
    top_p: Share = Field(default=1.0, description="keep the likeliest tokens that reach this probability; 1 keeps all")
    min_p: Share = Field(default=0.0, description="drop tokens less likely than this share of the likeliest; 0 = off")
    top_k: Annotated[int, Field(ge=0, description="keep this many of the likeliest tokens; 0 = off"), WHOLE] = 0
    repetition_penalty: UpToTwo = Field(default=1.0, description="above 1 discourages repetition; 1 and 0 = off")
    seed: Annotated[int, Field(ge=0, le=2**64 - 1, description="same seed, same params, same text"), WHOLE] = 42
    stop: list[StopText] = Field(default=[], max_length=4, description="generation ends before any of these texts")
    repeat_last_n: Annotated[int, Field(ge=0, description="tokens that the penalty looks back on; 0 = off"), WHOLE] = (
        128
    )
    model: str | None = Field(default=None, min_length=1, max_length=200, description="name of the model wanted")


class StopReason(StrEnum):
    """Why a generation ended."""

    MAX_TOKENS = "MAX_TOKENS"  # as many tokens as asked for, or as the context had room for
    EOS = "EOS"  # the model said that it is done
    STOP_SEQUENCE = "STOP_SEQUENCE"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"


class GenerateResult(BaseModel):
    """Result of the kind `generate`, and the last item of every finished generation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(description="the generated text, without the prompt and without the stop sequence")
    tokens_out: int = Field(ge=0, description="tokens generated, those that show no text (end of text) included")
    tokens_in: int | None = Field(ge=0, description="tokens of the prompt; none: the server did not tell")
    decode_time_ms: float = Field(ge=0, description="milliseconds from the first token to the last")
    time_to_first_token_ms: float | None = Field(ge=0, description="from the call, waiting included; none: no token")
    stop_reason: StopReason
    stop_sequence_matched: str | None = Field(default=None, description="which one, for STOP_SEQUENCE")
    model: str = Field(description="name of the model that answered")
