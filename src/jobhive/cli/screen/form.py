"""The forms in which every reading verb answers: a page for people, JSON, a line by a template, or the ids alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.output import say, say_json
from jobhive.cli.screen.template import Template, as_cell, check_paths, read_template, value_at

Answer = Mapping[str, JsonValue]


class Form(NamedTuple):
    """What was asked for. At most one of JSON, template and ids; none of them is a page."""

    identity: str  # the field that `--quiet` prints
    is_json: bool
    paths: tuple[str, ...]  # of the JSON; none = all that the answer has
    template: Template | None
    is_quiet: bool

    def say_all(self, answers: Sequence[Answer], page: Callable[[], None]) -> None:
        """A listing; `page` prints it for people."""
        if self.is_json:
            say_json([self._picked(answer) for answer in answers])
        elif self._is_lines:
            for answer in answers:
                say(self._line(answer))
        else:
            page()

    def say_one(self, answer: Answer, page: Callable[[], None]) -> None:
        """One thing; `page` prints it for people."""
        if self.is_json:
            say_json(self._picked(answer))
        elif self._is_lines:
            say(self._line(answer))
        else:
            page()

    @property
    def _is_lines(self) -> bool:
        return self.is_quiet or self.template is not None

    def _line(self, answer: Answer) -> str:
        return as_cell(answer.get(self.identity)) if self.template is None else self.template.fill(answer)

    def _picked(self, answer: Answer) -> Answer:
        return {path: value_at(answer, path) for path in self.paths} if self.paths else answer


def form_of(
    known: Collection[str],
    *,
    identity: str = "id",
    json: bool = False,
    fields: str | None = None,
    template: str | None = None,
    quiet: bool = False,
) -> Form:
    """The form that the options name, for answers with the known fields. Raises CommandError."""
    is_json = json or fields is not None
    if is_json + (template is not None) + quiet > 1:
        raise CommandError("--json, --format and --quiet exclude each other", Exit.USAGE)
    paths = tuple(name.strip() for name in (fields or "").split(",") if name.strip())
    check_paths(paths, known)
    read = None if template is None else read_template(template, known)
    return Form(identity, is_json, paths, read, quiet)
