"""What every inference backend offers: the one on this machine, and those behind HTTP."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jobhive.core.errors import JobhiveError
from jobhive.kinds.inference.request import GenerateParams, GenerateResult


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text as it is generated; never empty."""

    text: str
    index: int  # 0, 1, 2 …: counts the pieces of one generation


class Backend(Protocol):
    """Serves generations with one model, any number at once. Belongs to the event loop that first uses it."""

    @property
    def model(self) -> str | None:
        """Name of the model; None until it is known."""
        ...

    async def identify(self) -> None:
        """Learns the model's name where it has to be asked for; takes seconds at most. Raises nothing."""
        ...

    async def start(self) -> None:
        """Makes it ready; otherwise the first generation does. Raises ModelUnavailable, Interrupted."""
        ...

    def generate(self, params: GenerateParams) -> AsyncGenerator[Token | GenerateResult, None]:
        """Yields each token as it comes, then exactly one result.

        Closing it, or cancelling the task that waits for it, cancels the generation, waiting or running; it returns
        at once. Raises GenerationError, Interrupted, ModelUnavailable; Retry where it is known when to come back.
        """
        ...

    async def stop(self) -> None:
        """Ends it for sure. Generations under way raise Interrupted, and new ones do until `start`."""
        ...


class ErrorCode(StrEnum):
    """Why a generation failed; stable, programs may branch on it."""

    INVALID_REQUEST = "INVALID_REQUEST"
    CONTEXT_EXCEEDED = "CONTEXT_EXCEEDED"
    GENERATION_ERROR = "GENERATION_ERROR"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"


class GenerationError(JobhiveError):
    """The backend refused or failed this request; the next one is not affected."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Interrupted(JobhiveError):
    """Whoever generated is gone; nothing is wrong with the request as far as is known: try it again."""

    code = ErrorCode.GENERATION_ERROR


class EngineCrashed(Interrupted):
    """The process that generated is gone."""


class ModelUnavailable(JobhiveError):
    """There is no usable model; trying again does not help until somebody does what the message says."""

    code = "MODEL_UNAVAILABLE"


def refuse_other_model(wanted: str | None, served: str) -> None:
    """Raises GenerationError for a request that wants another model than the one that is served."""
    if wanted not in (None, served):
        message = f"the model {wanted!r} is not served here; leave it out, or ask for {served!r}"
        raise GenerationError(ErrorCode.INVALID_REQUEST, message)
