"""How the tests ask an engine."""

from contextlib import aclosing
from typing import TypedDict, Unpack

from jobhive.kinds.inference.backend import Backend, Token
from jobhive.kinds.inference.request import GenerateParams, GenerateResult

PROMPT = "The capital of France is"
GREEDY = " Paris.\n\nThe United States has a population of approximately"  # what the shipped model makes of it


class Wishes(TypedDict, total=False):
    """Fields of GenerateParams."""

    max_tokens: int
    temperature: float
    top_p: float
    min_p: float
    top_k: int
    repetition_penalty: float
    seed: int
    stop: list[str]
    repeat_last_n: int
    model: str


async def items_of(engine: Backend, prompt: str = PROMPT, **wishes: Unpack[Wishes]) -> list[Token | GenerateResult]:
    """Everything a generation yields."""
    async with aclosing(engine.generate(GenerateParams(prompt=prompt, **wishes))) as items:
        return [item async for item in items]


async def answer(engine: Backend, prompt: str = PROMPT, **wishes: Unpack[Wishes]) -> GenerateResult:
    """What comes of a generation."""
    last = (await items_of(engine, prompt, **wishes))[-1]
    assert isinstance(last, GenerateResult)
    return last
