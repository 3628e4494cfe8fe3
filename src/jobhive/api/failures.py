"""What nobody expected: told to the log with an identity, and to the client by that identity alone."""

import traceback
from uuid import uuid4

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobhive.api.problems import ProblemResponse, problem
from jobhive.narration import narrate


def report_failure(error: BaseException, target: str) -> str:
    """Logs the exception with its traceback and returns the identity that the client may know."""
    failure_id = str(uuid4())
    narrate(
        "api",
        "failed",
        target,
        f"{type(error).__name__}: {error}",
        level="error",
        failure_id=failure_id,
        exception="".join(traceback.format_exception(error)),
    )
    return failure_id


class Failures:
    """ASGI middleware: an exception that has no answer of its own becomes a 500 without a word of its inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def sending(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:
            failure_id = report_failure(error, f"{scope.get('method', '')} {scope.get('path', '')}")
            if has_started:
                raise
            await _answer(failure_id)(scope, receive, send)


def _answer(failure_id: str) -> ProblemResponse:
    told = problem(500, "INTERNAL_ERROR", f"the server failed; its log tells more under {failure_id}")
    told["instance"] = f"urn:uuid:{failure_id}"
    return ProblemResponse(told)
