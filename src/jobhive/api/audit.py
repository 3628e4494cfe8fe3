"""The audit log over HTTP, for admins."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import JsonValue
from pydantic_core import from_json
from typing_extensions import TypedDict

from jobhive.api.access import Admin
from jobhive.api.problems import documented
from jobhive.api.services import Wired
from jobhive.core.audit import AuditEntry
from jobhive.core.clock import from_ms

routes = APIRouter(tags=["audit"])


class EntryView(TypedDict):
    """An entry: who did what to what, and when."""

    number: int
    at: datetime
    actor: str
    act: str
    target: str
    detail: JsonValue
    hash: str | None  # null until upkeep has sealed it, within about a second


class EntryPage(TypedDict):
    """Part of the log, oldest first."""

    entries: list[EntryView]


@routes.get("/v1/audit", responses=documented(s422="a number or the limit is not valid"))
async def ls(
    _: Admin,
    services: Wired,
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Entries behind this number.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EntryPage:
    """The newest entries; with `after`, those that follow. Whether they are as written says `jobhive audit verify`.

    curl -H "Authorization: Bearer $JOBHIVE_TOKEN" 'http://127.0.0.1:8700/v1/audit?after=17'
    """
    log = services.store.audit
    entries = await log.newest(limit) if after is None else await log.read(after, limit)
    return {"entries": [entry_view(entry) for entry in entries]}


def entry_view(entry: AuditEntry) -> EntryView:
    """The entry as admins see it."""
    return {
        "number": entry.number,
        "at": from_ms(entry.at_ms),
        "actor": entry.actor,
        "act": entry.act,
        "target": entry.target,
        "detail": _value(entry.detail),
        "hash": entry.hash,
    }


def _value(text: str) -> JsonValue:
    value: JsonValue = from_json(text)
    return value
