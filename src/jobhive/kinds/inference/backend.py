"""What every inference backend offers: the one on this machine, and those behind HTTP."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jobhive.kinds.inference.request import GenerateParams, GenerateResult


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text as it is generated; never empty."""

    text: str
    index: int  # 0, 1, 2 …: counts the pieces of one generation


class Backend(Protocol):
    """Serves generations with one model. Belongs to the event loop that first uses it."""

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    @property
    def n_parallel(self) -> int:
        """How many generations run at once; further ones wait their turn, in order."""
        ...

    async def start(self) -> None:
        """Makes it ready; otherwise the first generation does. Raises ModelUnavailable, EngineCrashed."""
        ...

    def generate(self, params: GenerateParams) -> AsyncGenerator[Token | GenerateResult, None]:
        """Yields each token as it comes, then exactly one result.

        Closing it, or cancelling the task that waits for it, cancels the generation, waiting or running; it returns
        at once. Raises GenerationError, EngineCrashed, ModelUnavailable.
        """
        ...

    async def stop(self) -> None:
        """Ends it for sure. Generations under way raise EngineCrashed, and new ones do until `start`."""
        ...


class ErrorCode(StrEnum):
    """Why a generation failed; stable, programs may branch on it."""

    INVALID_REQUEST = "INVALID_REQUEST"
    CONTEXT_EXCEEDED = "CONTEXT_EXCEEDED"
    GENERATION_ERROR = "GENERATION_ERROR"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"


class GenerationError(Exception):
    """The backend refused or failed this request; the next one is not affected."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class EngineCrashed(Exception):
    """The process that generated is gone; nothing is wrong with the request as far as is known: try it again."""


class ModelUnavailable(Exception):
    """There is no usable model; trying again does not help until somebody does what the message says."""
