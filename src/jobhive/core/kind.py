"""What a job of one name is: its types and its policy. How it runs is the client's and the worker's affair."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError
from typing_extensions import TypeVar

from jobhive.core.errors import FieldError, InvalidInput
from jobhive.core.outcome import OnCrash
from jobhive.core.retry import RetryPolicy
from jobhive.core.states import State
from jobhive.core.validation import invalid

KIND_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
QUEUE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")


class Progress(BaseModel):
    """How far a job is, where its kind has no progress type of its own."""

    model_config = ConfigDict(frozen=True)

    stage: str
    percentage: float | None = Field(default=None, ge=0, le=100)
    message: str | None = None


Keep = Mapping[State, timedelta | None]  # how long ended jobs are kept, by state; None = until somebody purges them

P = TypeVar("P", bound=BaseModel, default=BaseModel)
G = TypeVar("G", bound=BaseModel, default=BaseModel)
R = TypeVar("R", default=object)


@dataclass(frozen=True, slots=True)
class Kind(Generic[P, G, R]):
    """A named sort of job. Made once, when the application is put together, and never changed."""

    name: str
    params: type[P]
    result: TypeAdapter[R]
    progress: type[G]
    queue: str = "default"
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: timedelta | None = None  # bounds one attempt
    stall_timeout: timedelta | None = None  # bounds the time in which an attempt tells nothing
    on_crash: OnCrash = OnCrash.RETRY
    retain: Keep = field(
        default_factory=dict[State, timedelta | None]
    )  # final states that it says nothing of follow the application
    # Of `params`; skips the model's own wrappers.
    _params: TypeAdapter[P] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_params", TypeAdapter(self.params))
        check_name("kind", self.name, KIND_NAME)
        check_name("queue", self.queue, QUEUE_NAME)
        for timeout in (self.timeout, self.stall_timeout):
            if timeout is not None and timeout <= timedelta(0):
                raise ValueError(f"kind {self.name!r}: a timeout is longer than zero seconds, not {timeout}")

    def read_params(self, params: str | bytes) -> P:
        """Validates JSON text. Raises InvalidInput with every error and no input."""
        try:
            checked: P = self._params.validator.validate_json(params)
        except ValidationError as error:
            raise self._refused(error) from None
        return checked

    def check_params(self, params: object) -> P:
        """Validates Python values, such as keyword arguments. Raises InvalidInput with every error and no input."""
        try:
            checked: P = self._params.validator.validate_python(params)
        except ValidationError as error:
            raise self._refused(error) from None
        return checked

    def dump_params(self, params: BaseModel) -> str:
        """Validated params as JSON text that reads back. Raises InvalidInput for values that JSON cannot hold."""
        try:
            text = self._params.serializer.to_json(params).decode()
        except (PydanticSerializationError, ValueError) as error:
            unfit = FieldError("params", "json", f"JSON cannot hold these values: {error}")
            raise InvalidInput(f"params of kind {self.name!r} are not valid", [unfit]) from None
        if "null" in text:  # perhaps a NaN that became one
            self.read_params(text)
        return text

    def read_result(self, result: str) -> R:
        """Validates JSON text. Raises InvalidInput where it does not fit the kind."""
        try:
            return self.result.validate_json(result)
        except ValidationError as error:
            raise invalid(f"the stored result does not fit kind {self.name!r}", error, prefix="result") from None

    def read_progress(self, progress: str) -> G:
        """Validates JSON text. Raises InvalidInput where it does not fit the kind."""
        try:
            return self.progress.model_validate_json(progress)
        except ValidationError as error:
            raise invalid(f"the stored progress does not fit kind {self.name!r}", error, prefix="progress") from None

    def _refused(self, error: ValidationError) -> InvalidInput:
        return invalid(f"params of kind {self.name!r} are not valid", error, prefix="params")


def check_name(what: str, name: str, pattern: re.Pattern[str]) -> None:
    """Raises ValueError unless the name has the pattern's form."""
    if not pattern.fullmatch(name):
        raise ValueError(f"{what} names match {pattern.pattern}; {name[:120]!r} does not")
