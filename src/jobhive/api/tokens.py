"""Access tokens over HTTP, for admins."""

from datetime import datetime
from typing import NotRequired

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from jobhive.api.access import Admin, guard_of
from jobhive.api.body import Body, JsonBody, body_problems, documented_body
from jobhive.api.problems import documented
from jobhive.api.services import Wired
from jobhive.core.access import Scope
from jobhive.core.clock import from_ms
from jobhive.core.rate import PATTERN, Rate
from jobhive.core.token import NewToken, TokenRecord, mint
from jobhive.core.validation import WITHOUT_NUL, invalid

routes = APIRouter(tags=["tokens"])

_A_HUNDRED_YEARS_SECONDS = 100 * 366 * 86_400


class TokenRequest(BaseModel):
    """A token to make."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str = Field(
        min_length=1,
        max_length=100,
        pattern=WITHOUT_NUL,
        description="For people, such as the program that will use it.",
    )
    scopes: tuple[Scope, ...] = Field(min_length=1, description="What it is good for; `admin` is all of it.")
    owner: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        pattern=WITHOUT_NUL,
        description="Whose jobs it creates and sees; its name otherwise.",
    )
    expires_in: float | None = Field(
        default=None, gt=0, le=_A_HUNDRED_YEARS_SECONDS, description="Seconds until it holds no longer."
    )
    rate: str | None = Field(
        default=None,
        description="At most so many calls: `N/s`, `N/min` or `N/h`.",
        json_schema_extra={"pattern": f"^{PATTERN}$"},  # told only: `Rate` itself refuses in better words
    )


class TokenView(TypedDict):
    """A token, without its text."""

    id: str
    name: str
    owner: str
    scopes: list[Scope]
    created_at: datetime
    rate: NotRequired[str]
    expires_at: NotRequired[datetime]
    revoked_at: NotRequired[datetime]
    used_at: NotRequired[datetime]


class NewTokenView(TypedDict):
    """A new token; its text is told this once."""

    token: str
    id: str


class TokenList(TypedDict):
    """All tokens, oldest first, also those that hold no longer."""

    tokens: list[TokenView]


@routes.get("/v1/tokens")
async def ls(_: Admin, services: Wired) -> TokenList:
    """All tokens.

    curl -H "Authorization: Bearer $JOBHIVE_TOKEN" http://127.0.0.1:8700/v1/tokens
    """
    return {"tokens": [token_view(token) for token in await services.store.tokens.list()]}


@routes.post(
    "/v1/tokens",
    status_code=201,
    openapi_extra=documented_body(TokenRequest, {"name": "shop", "scopes": ["submit", "read"]}),
    responses=body_problems(),
)
async def new(caller: Admin, body: JsonBody, services: Wired, request: Request) -> NewTokenView:
    """Makes a token. From the first one on, every call needs one.

    curl -H "Authorization: Bearer $JOBHIVE_TOKEN" --json '{"name": "shop", "scopes": ["submit"]}' \\
        http://127.0.0.1:8700/v1/tokens
    """
    wanted = read_request(body)
    minted = mint()
    lifetime_ms = None if wanted.expires_in is None else round(wanted.expires_in * 1000)
    token = NewToken(
        minted.token_id,
        minted.digest,
        wanted.name,
        wanted.owner or wanted.name,
        wanted.scopes,
        wanted.rate,
        lifetime_ms,
    )
    await services.store.tokens.add(token, by=caller.name)
    guard_of(request).keyring.forget()
    return {"token": minted.text, "id": minted.token_id}


@routes.delete("/v1/tokens/{token_id}", responses=documented(s404="there is no such token"))
async def revoke(token_id: str, caller: Admin, services: Wired, request: Request) -> TokenView:
    """Ends a token for good, also for what it has open. A revoked token stays so.

    curl -X DELETE -H "Authorization: Bearer $JOBHIVE_TOKEN" http://127.0.0.1:8700/v1/tokens/tok-…
    """
    token = await services.store.tokens.revoke(token_id, by=caller.name)
    guard_of(request).keyring.forget()
    return token_view(token)


def read_request(body: Body) -> TokenRequest:
    """What the body asks for. Raises InvalidInput."""
    try:
        wanted = TokenRequest.model_validate_json(body.text)
    except ValidationError as error:
        raise invalid("the token is not valid", error) from None
    if wanted.rate is not None:
        Rate.parse(wanted.rate)
    return wanted


def token_view(token: TokenRecord) -> TokenView:
    """The token as admins see it."""
    view: TokenView = {
        "id": token.token_id,
        "name": token.name,
        "owner": token.owner,
        "scopes": list(token.scopes),
        "created_at": from_ms(token.created_at_ms),
    }
    if token.rate is not None:
        view["rate"] = token.rate
    if token.expires_at_ms is not None:
        view["expires_at"] = from_ms(token.expires_at_ms)
    if token.revoked_at_ms is not None:
        view["revoked_at"] = from_ms(token.revoked_at_ms)
    if token.used_at_ms is not None:
        view["used_at"] = from_ms(token.used_at_ms)
    return view
