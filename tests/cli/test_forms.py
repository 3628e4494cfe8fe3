"""The forms of an answer: `--json[=fields]`, `--format`, `-q`; and what the JSON of each noun holds."""

import json
from typing import get_type_hints

import pytest
from pydantic import BaseModel, JsonValue

from jobhive.api.job_view import JobView as ServedJob
from jobhive.api.queues import QueueView as ServedQueue
from jobhive.api.workers import WorkerView as ServedWorker
from jobhive.cli.exits import CommandError, Exit
from jobhive.cli.screen.form import form_of
from jobhive.cli.screen.template import read_template
from jobhive.cli.server.views import JobView, QueueView, WorkerView
from tests.cli.conftest import Hive

KNOWN = ("id", "state", "error")


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{id}", "job-1"),
        ("{id} is {state}", "job-1 is failed"),
        (r"{id}\t{error.type}\n", "job-1\tValueError\n"),
        ("{{{id}}}", "{job-1}"),
        ("{error}", '{"type": "ValueError"}'),
        ("{error.message}{error.type.deeper}{state.x}", ""),
        ("no fields", "no fields"),
        ("", ""),
    ],
)
def test_a_template_names_fields_and_nothing_else(template: str, line: str) -> None:  # UC1
    answer: dict[str, JsonValue] = {"id": "job-1", "state": "failed", "error": {"type": "ValueError"}}
    assert read_template(template, KNOWN).fill(answer) == line


@pytest.mark.parametrize(
    "template", ["{", "}", "{}", "{0}", "{nope}", "{id!r}", "{id:>10}", "{id.__class__!s}", "{id[0]}", "{ id }"]
)
def test_what_is_no_template_is_a_usage_error(template: str) -> None:
    with pytest.raises(CommandError) as error:
        read_template(template, KNOWN)
    assert error.value.code is Exit.USAGE


def test_a_template_reaches_no_attribute_of_python() -> None:
    assert read_template("{id.__class__}", KNOWN).fill({"id": "job-1"}) == ""


def test_the_forms_exclude_each_other() -> None:
    for quiet, template in ((True, None), (False, "{id}"), (True, "{id}")):
        with pytest.raises(CommandError, match="exclude each other"):
            form_of(KNOWN, fields="id", quiet=quiet, template=template)


@pytest.mark.parametrize(
    ("view", "served"), [(JobView, ServedJob), (QueueView, ServedQueue), (WorkerView, ServedWorker)]
)
def test_the_fields_of_a_noun_are_those_that_the_server_tells(view: type[BaseModel], served: type) -> None:  # UC1
    assert set(view.model_fields) == set(get_type_hints(served))


def test_the_json_of_each_noun_is_stable(hive: Hive) -> None:  # UC1
    job_id = hive.ended("boom")
    hive("queue", "limit", "default", "--running", "100")
    assert _keys(hive("job", "show", job_id, "--json").out) == [
        *("id", "kind", "queue", "state", "params", "priority", "owner", "attempt", "failures", "crashes"),
        *("max_retries", "created_at", "started_at", "finished_at", "worker", "error", "attempts", "sse_url"),
    ]
    assert _keys(hive("queue", "ls", "--json").out) == [
        *("name", "depth", "pending", "scheduled", "waiting", "running", "oldest_pending_seconds"),
        *("running_limit", "depth_limit", "is_paused"),
    ]
    assert _keys(hive("worker", "active", "ls", "--json").out) == [
        *("id", "name", "node", "pid", "state", "queues", "kinds", "slots", "running", "completed", "errors"),
        *("started_at", "seen_at", "is_retiring"),
    ]
    assert _keys(hive("status", "--json").out) == ["server", "health", "jobs", "queues", "workers"]


def test_fields_are_picked_and_a_wrong_one_is_told_with_the_right_ones(hive: Hive) -> None:
    job_id = hive.ended("boom")
    picked = hive("job", "show", job_id, "--json=id,error.type,result")
    assert json.loads(picked.out) == {"id": job_id, "error.type": "ValueError", "result": None}
    assert hive("job", "show", job_id, "--fields", "id").out == f'{{"id": "{job_id}"}}\n'
    assert hive("job", "ls", "--json=id", "--limit", "1").out == f'[{{"id": "{job_id}"}}]\n'
    assert (
        hive("job", "ls", "--format", "{kind}: {error.message}", "--limit", "1").out == "boom: it went \x1b[2J boom\n"
    )
    assert hive("job", "show", job_id, "-q").out == f"{job_id}\n"
    wrong = hive("job", "ls", "--json=id,nope")
    assert (wrong.code, wrong.out) == (2, "")
    assert "'nope'" in wrong.err
    assert "created_at" in wrong.err


def _keys(text: str) -> list[str]:
    told = json.loads(text)
    return list(told[0] if isinstance(told, list) else told)
