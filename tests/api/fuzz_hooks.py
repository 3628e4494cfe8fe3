"""What schemathesis has to know of this server and cannot read in its document."""

import os
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.openapi.checks import UseAfterFree

from tests.api.fuzzed import KINDS


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Which kinds there are, and their params: the document does not tell them to strangers."""
    body = raw_schema["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["anyOf"] = [
        {"properties": {"kind": {"const": name}, "params": params.model_json_schema()}}
        for name, params in KINDS.items()
    ]


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """The fuzzer does not saw off its own branch: it may revoke every token but the one that it shows."""
    if case.path_parameters.get("token_id") == os.environ["FUZZER_TOKEN_ID"]:
        case.path_parameters["token_id"] = "tok-not-mine"


@schemathesis.hook
def filter_failure(context: HookContext, failure: object, case: Case[Any], response: schemathesis.Response) -> bool:
    """A full queue is a right answer, and the fuzzer may limit queues.

    A job that was deleted may be there: it is cancelled, unless its purge was asked for.
    """
    is_full = response.status_code == 503 and response.json().get("code") == "QUEUE_FULL"
    is_cancelled = isinstance(failure, UseAfterFree) and "job_id" in case.path_parameters
    return not (is_full or is_cancelled)
