"""What a client may say of a job it wants, and all that is wrong with it in one answer."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import to_json

from jobhive.api.body import Body, JsonObject
from jobhive.client.options import Options
from jobhive.client.registry import Kinds
from jobhive.core.errors import FieldError, InvalidInput, UnknownKind
from jobhive.core.kind import QUEUE_NAME
from jobhive.core.validation import WHOLE, WITHOUT_NUL, field_errors

_A_HUNDRED_YEARS_SECONDS = 100 * 366 * 86_400
_BEFORE_CALENDARS_END = datetime(9000, 1, 1, tzinfo=UTC)  # Python's ends with 9999, in every time zone

_DELAY_AND_RUN_AT: JsonObject = {
    "properties": {"delay": {"type": "number"}, "run_at": {"type": "string"}},
    "required": ["delay", "run_at"],
}


class JobRequest(BaseModel):
    """A job to run."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, json_schema_extra={"not": _DELAY_AND_RUN_AT})

    kind: str = Field(description="What to do; one of the kinds that this server knows.")
    params: dict[str, JsonValue] = Field(description="The kind's params, checked at once.")
    queue: str | None = Field(
        default=None, pattern=f"^{QUEUE_NAME.pattern}$", description="Instead of the kind's own queue."
    )
    priority: Annotated[int, Field(ge=-32_768, le=32_767, description="Higher runs first."), WHOLE] = 0
    delay: float | None = Field(default=None, ge=0, le=_A_HUNDRED_YEARS_SECONDS, description="Seconds until it is due.")
    run_at: AwareDatetime | None = Field(
        default=None, lt=_BEFORE_CALENDARS_END, description="When it is due; not together with `delay`."
    )
    key: str | None = Field(
        default=None,
        min_length=1,
        max_length=512,
        pattern=WITHOUT_NUL,
        description="Idempotency key: the same key gives the same job.",
    )
    max_retries: Annotated[int, Field(ge=0, le=1000), WHOLE] | None = Field(
        default=None, description="Instead of the kind's own."
    )

    def options(self) -> Options:
        """All but kind and params. Raises InvalidInput."""
        return Options(
            queue=self.queue,
            priority=self.priority,
            delay=self.delay,
            run_at=self.run_at,
            key=self.key,
            max_retries=self.max_retries,
        )


def read_request(body: Body, kinds: Kinds) -> tuple[JobRequest, Options]:
    """What the body asks for. Raises InvalidInput, then with what is wrong in the params as well."""
    try:
        request = JobRequest.model_validate_json(body.text)
        return request, request.options()
    except ValidationError as error:
        errors = field_errors(error)
    except InvalidInput as error:
        errors = [*error.errors]
    kind, params = body.fields.get("kind"), body.fields.get("params")
    if isinstance(kind, str) and isinstance(params, dict):
        errors += params_errors(kind, params, kinds)
    raise InvalidInput("the job is not valid", errors)


def params_errors(kind: str, params: JsonObject, kinds: Kinds) -> list[FieldError]:
    """What is wrong with the params, in a request that is refused anyway."""
    try:
        kinds[kind].kind.read_params(to_json(params))
    except UnknownKind as error:
        return [FieldError("kind", "unknown_kind", str(error))]
    except InvalidInput as error:
        return [*error.errors]
    return []
