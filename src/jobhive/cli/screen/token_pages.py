"""How tokens are shown."""

from collections.abc import Sequence

from jobhive.cli.output import note, say, say_json, say_table
from jobhive.cli.server.views import age
from jobhive.core.clock import from_ms
from jobhive.core.token import TokenRecord, Verdict, standing

_COLUMNS = ("ID", "NAME", "OWNER", "SCOPES", "RATE", "STATE", "EXPIRES", "LAST USED")


def say_tokens(listed: Sequence[TokenRecord], now_ms: int, *, is_json: bool, is_quiet: bool) -> None:
    """As a table, as JSON, or their ids only."""
    if is_quiet:
        for token in listed:
            say(token.token_id)
    elif is_json:
        say_json([_json(token, now_ms) for token in listed])
    else:
        say_table(_COLUMNS, [_row(token, now_ms) for token in listed])
    if not listed:
        note("there are no tokens; this server asks nobody, and stays on loopback")


def _row(token: TokenRecord, now_ms: int) -> Sequence[str]:
    return (
        token.token_id,
        token.name,
        token.owner,
        ",".join(token.scopes),
        token.rate or "-",
        standing(token, now_ms),
        _age(token.expires_at_ms),
        _age(token.used_at_ms),
    )


def _age(instant_ms: int | None) -> str:
    return "never" if instant_ms is None else age(from_ms(instant_ms))


def _json(token: TokenRecord, now_ms: int) -> dict[str, object]:
    return {
        "id": token.token_id,
        "name": token.name,
        "owner": token.owner,
        "scopes": list(token.scopes),
        "rate": token.rate,
        "is_valid": standing(token, now_ms) is Verdict.VALID,
        "created_at": _iso(token.created_at_ms),
        "expires_at": _iso(token.expires_at_ms),
        "revoked_at": _iso(token.revoked_at_ms),
        "used_at": _iso(token.used_at_ms),
    }


def _iso(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else from_ms(instant_ms).isoformat()
