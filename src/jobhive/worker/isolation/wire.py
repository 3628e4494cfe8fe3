"""What a worker and a process that runs its jobs say to each other: one JSON object a line."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field, JsonValue, TypeAdapter
from pydantic_core import to_json

from jobhive.core.errors import FieldError
from jobhive.core.outcome import Cancelled, Completed, Discarded, Failed, Outcome, RetryAsked, Snoozed
from jobhive.worker.isolation.finding import Address

# ---- the worker says -----------------------------------------------------------------------------------------


class Hello(BaseModel):
    """The first line: the worker's sys.path and sys.argv."""

    say: Literal["hello"] = "hello"
    path: list[str]
    argv: list[str]


class Assignment(BaseModel):
    """A job to run; the next one comes after its `Ended`."""

    say: Literal["run"] = "run"
    address: Address
    params: str  # JSON text, validated by the process
    job: dict[str, JsonValue]  # a RunningJob without its params


class Refusal(BaseModel):
    """An InvalidInput, taken apart."""

    what: str
    errors: list[FieldError]


class Answer(BaseModel):
    """The worker took what was told, or refused it. One for each but `Ended`."""

    say: Literal["answer"] = "answer"
    refusal: Refusal | None = None


class Stop(BaseModel):
    """End what you do, then yourself."""

    say: Literal["stop"] = "stop"


# ---- the process says ----------------------------------------------------------------------------------------


class Begun(BaseModel):
    """The function is about to be called: from now on the death of the process is a crash of the job."""

    say: Literal["begun"] = "begun"


class Emit(BaseModel):
    """The function told an event."""

    say: Literal["emit"] = "emit"
    type: str
    data: dict[str, object]  # what `to_json` can write


class Narrate(BaseModel):
    """The function told what it does, for the stream and the worker's log."""

    say: Literal["narrate"] = "narrate"
    action: str
    target: str
    sentence: str


class Ended(BaseModel):
    """The attempt's outcome."""

    say: Literal["ended"] = "ended"
    outcome: str  # name of its type
    fields: list[object]


Order: TypeAlias = Hello | Assignment | Answer | Stop
Report: TypeAlias = Begun | Emit | Narrate | Ended

ORDERS = TypeAdapter[Order](Annotated[Order, Field(discriminator="say")])
REPORTS = TypeAdapter[Report](Annotated[Report, Field(discriminator="say")])

_OUTCOMES: dict[str, TypeAdapter[Outcome]] = {
    each.__name__: TypeAdapter(each) for each in (Completed, Failed, RetryAsked, Snoozed, Cancelled, Discarded)
}


def packed(message: Order | Report) -> bytes:
    """The message as a line. Raises PydanticSerializationError or ValueError for data that is not JSON."""
    return to_json(message) + b"\n"


def ended(outcome: Outcome) -> Ended:
    """The outcome as a message."""
    return Ended(outcome=type(outcome).__name__, fields=list(outcome))


def outcome_of(message: Ended) -> Outcome:
    """The outcome that the message tells."""
    return _OUTCOMES[message.outcome].validate_python(message.fields)
