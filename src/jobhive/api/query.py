"""Query parameters: each at most once, since who sends one twice would learn nothing of the one that is ignored."""

from collections import Counter

from starlette.requests import Request

from jobhive.core.errors import FieldError, InvalidInput


def refuse_repeated(request: Request) -> None:
    """Raises InvalidInput with every parameter that is there more than once."""
    counts = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        FieldError(name, "repeated", f"send it once, not {count} times") for name, count in counts.items() if count > 1
    ]
    if errors:
        raise InvalidInput("the request is not valid", errors)
