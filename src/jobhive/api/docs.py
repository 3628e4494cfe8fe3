"""`/docs`: the routes as one page of plain HTML. It loads nothing and runs nothing."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from jobhive.api.access import OPEN

routes = APIRouter(dependencies=[OPEN], include_in_schema=False)

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "h2{font:bold 1.1rem ui-monospace,monospace;margin:2rem 0 0}pre{white-space:pre-wrap;margin:.5rem 0}"
    ":root{color-scheme:light dark}"
)
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"


@routes.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page."""
    document: dict[str, Any] = request.app.openapi()
    return HTMLResponse("\n".join(_page(document)), headers={"Content-Security-Policy": _POLICY})


def _page(document: dict[str, Any]) -> Iterator[str]:
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    yield f"<h1>{title}</h1><p>{escape(document['info']['description'])}</p>"
    yield '<p>The same for programs, with every field: <a href="/openapi.json">/openapi.json</a></p>'
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"<h2>{escape(method.upper())} {escape(path)}</h2>"
            yield f"<pre>{escape(operation.get('description', ''))}</pre>"
            yield f"<p>{', '.join(map(_answer, operation['responses'].items()))}</p>"


def _answer(answer: tuple[str, dict[str, Any]]) -> str:
    status, told = answer
    return f"{escape(status)} {escape(told['description'])}"
