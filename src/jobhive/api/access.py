"""What each route asks of its caller, declared by the type of a parameter: enforced, and told in OpenAPI.

Parameters are solved in their order: the caller comes first, so that nobody's body is read before it is known who sent
it. A route without a declaration keeps the API from being made.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from functools import partial
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from jobhive.api.guard import Call, Guard
from jobhive.api.query import refuse_repeated
from jobhive.api.services import Services
from jobhive.api.sse import Until
from jobhive.core.access import LOCAL, Caller, Scope
from jobhive.core.errors import UnknownJob

_LONGEST_TARGET = 200


class Needs:
    """A dependency: the caller, who holds at least one of the scopes. No scopes: everybody is let in, unasked."""

    def __init__(self, *any_of: Scope) -> None:
        self.any_of = any_of

    async def __call__(self, request: Request) -> Caller:
        """Raises NotAuthenticated, NotAllowed, TooOften, InvalidInput."""
        if not self.any_of:
            return LOCAL
        target = f"{request.method} {request.url.path}"[:_LONGEST_TARGET]
        origin = request.client.host if request.client else ""
        call = Call(request.headers.get("authorization"), target, origin)
        caller = await guard_of(request).admit(call, self.any_of)
        refuse_repeated(request)  # only now: strangers hear nothing but who they are not
        return caller


_READING = Needs(Scope.READ, Scope.OPERATE)
_WATCHING = Needs(Scope.READ, Scope.WORK, Scope.OPERATE)

Reader = Annotated[Caller, Depends(_READING)]
Watcher = Annotated[Caller, Depends(_WATCHING)]  # of queues and workers; sees no job
Submitting = Annotated[Caller, Depends(Needs(Scope.SUBMIT))]
Steering = Annotated[Caller, Depends(Needs(Scope.SUBMIT, Scope.OPERATE))]  # one's own jobs, or all
Retiring = Annotated[Caller, Depends(Needs(Scope.WORK, Scope.OPERATE))]
Operator = Annotated[Caller, Depends(Needs(Scope.OPERATE))]
Admin = Annotated[Caller, Depends(Needs(Scope.ADMIN))]
OPEN = Depends(Needs())


def guard_of(request: Request) -> Guard:
    """The guard of the API that the request came to."""
    guard: Guard = request.app.state.guard
    return guard


async def check_owner(services: Services, caller: Caller, job_id: str) -> None:
    """Raises UnknownJob where the job does not exist for this caller. A job's owner never changes."""
    if caller.sees_all:
        return
    records = await services.store.jobs.get([job_id])
    if not (records and caller.sees(records[0].owner)):
        raise UnknownJob(job_id)


def _place(asked: Needs) -> Callable[..., AsyncGenerator[Until]]:
    async def open_place(caller: Annotated[Caller, Depends(asked)], request: Request) -> AsyncGenerator[Until]:
        guard = guard_of(request)
        with guard.stream(caller):
            yield partial(guard.until_lost, caller)

    return open_place


# One of the places for open streams, until the response has ended; what it is returns once that must.
StreamPlace = Annotated[Until, Depends(_place(_READING))]
WatchPlace = Annotated[Until, Depends(_place(_WATCHING))]


def declared(router: APIRouter) -> Iterator[tuple[APIRoute, Needs]]:
    """Each route with what it asks. Raises TypeError for one that does not say."""
    for route in cast("list[APIRoute]", router.routes):
        needs = set(_needs(route.dependant))
        if len(needs) != 1:
            raise TypeError(f"{route.name} {route.path} must declare one caller (jobhive.api.access), not {len(needs)}")
        yield route, needs.pop()


def _needs(dependant: Dependant) -> Iterator[Needs]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Needs):
            yield dependency.call
        yield from _needs(dependency)
