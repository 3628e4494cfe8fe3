"""Which model a server serves, and in whose words it is asked. Pure."""

from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError

from jobhive.kinds.inference.backend import ModelUnavailable
from jobhive.kinds.inference.remote.dialect import Dialect

_MOST_NAMED: Final = 20
_DIALECTS: Final = {"llamacpp": Dialect.LLAMA_CPP, "vllm": Dialect.VLLM}  # by who owns the model, as the server says


class Served(NamedTuple):
    """A server's model."""

    model: str
    dialect: Dialect


class _Model(BaseModel):
    id: str
    aliases: list[str] = []
    owned_by: str = ""


class _Models(BaseModel):
    data: list[_Model] | None = None  # null: there is none (Ollama)


def served_in(answer: bytes, server: str, wanted: str | None, dialect: Dialect | None) -> Served:
    """The model that was named, else the only one, from an answer to `GET /v1/models`. Raises ModelUnavailable."""
    try:
        models = _Models.model_validate_json(answer).data or []
    except ValidationError:
        message = f"{server} does not tell its models at /v1/models; is it an OpenAI-compatible server?"
        raise ModelUnavailable(message) from None
    found = [model for model in models if wanted in (None, model.id, *model.aliases)]
    if len(found) != 1:
        raise ModelUnavailable(f"{server} {_offered(models, wanted)}")
    return Served(wanted or found[0].id, dialect or _DIALECTS.get(found[0].owned_by, Dialect.OPENAI))


def _offered(models: list[_Model], wanted: str | None) -> str:
    names = ", ".join(model.id for model in models[:_MOST_NAMED])
    if not models:
        return "serves no model; load one there"
    if wanted is None:
        return f"serves several models; choose one with --model: {names}"
    return f"does not serve {wanted!r}; choose one with --model: {names}"
