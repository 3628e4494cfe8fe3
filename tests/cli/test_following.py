"""`jobhive run` and `jobhive stream`: a job watched live, left, and taken up again."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from jobhive.cli.screen.viewer import remark
from jobhive.cli.server.follow import Told
from tests.cli.conftest import Hive, pipe


def test_run_puts_the_result_on_stdout_and_the_rest_on_stderr(hive: Hive) -> None:  # UC2
    done = hive("run", "add", "-a", "a=1", "-a", "b=2")
    assert (done.code, done.out) == (0, "3\n")
    assert "is complete" in done.err


def test_run_prints_what_a_job_yields_and_tells_progress_and_log_beside_it(hive: Hive) -> None:
    done = hive("run", "count", "--params", '{"n": 3}')
    assert (done.code, done.out) == (0, "1\n2\n3\n")
    assert "progress 100 % counting: 3 of 3" in done.err
    assert "log       at " in done.err
    assert "\x1b" not in done.err


def test_tokens_appear_as_they_are_generated(hive: Hive, tmp_path: Path) -> None:
    gate = pipe(tmp_path)
    with hive.terminal("run", "talk", "-a", "text=one two three", "-a", f"gate={gate}") as terminal:
        terminal.until("one ")
        gate.write_text("open")
        assert terminal.end() == 0
    assert "one two three \r\n" in terminal.shown
    assert hive("run", "talk", "-a", "text=one two three").out == "one two three \n"


def test_in_a_pipe_the_tokens_of_an_attempt_stay_one_text(hive: Hive) -> None:  # UC2
    done = hive("run", "mumble")
    assert (done.code, done.out) == (0, "one two \none two \n")
    assert done.err.count("between") == 4


def test_a_terminal_shows_a_bar_and_obeys_nothing_that_a_job_says(hive: Hive) -> None:
    with hive.terminal("run", "count", "-a", "n=3") as terminal:
        assert terminal.end() == 0
    assert "━" in terminal.shown
    assert "3 of 3" in terminal.shown
    assert "\x1b[2J" not in terminal.shown
    with hive.terminal("run", "talk", "-a", "text=clear \x1b[2J \x9b2J \u202e") as terminal:
        assert terminal.end() == 0
    assert not {"\x1b[2J", "\x9b", "\u202e"} & {terminal.shown[i : i + n] for n in (1, 4) for i in range(999)}
    assert r"\u001b[2J \u009b2J \u202e" in terminal.shown
    assert hive("run", "talk", "-a", "text=\x1b[2J").out == "\x1b[2J \n"  # a file gets what was said


def test_a_failed_job_is_exit_code_10(hive: Hive) -> None:  # UC3
    done = hive("run", "boom")
    assert (done.code, done.out) == (10, "")
    assert "failed: JOB_ERROR: it went" in done.err


def test_a_retry_is_told(hive: Hive) -> None:
    done = hive("run", "flaky", "-a", "failures=2")
    assert (done.code, done.out) == (0, "attempt 3\n")
    assert "attempt   2 follows (retry after ConnectionError: not yet); what came before is void" in done.err


def test_a_rescue_is_told_in_one_sentence() -> None:
    error: dict[str, JsonValue] = {"type": "WorkerLost", "message": "its worker w was killed by SIGKILL"}
    values: dict[str, JsonValue] = {"n": 2, "reason": "rescue: its worker was killed by SIGKILL", "error": error}
    told = Told(7, "attempt", values, "{}")
    assert remark(told) == "attempt   2 follows (its worker w was killed by SIGKILL); what came before is void"


def test_run_with_json_prints_the_ended_job_and_nothing_else(hive: Hive) -> None:
    done = hive("run", "count", "-a", "n=2", "--json")
    assert done.code == 0
    assert json.loads(done.out)["state"] == "complete"
    failed = hive("run", "boom", "--json")
    assert failed.code == 10
    assert json.loads(failed.out)["error"]["type"] == "ValueError"


@pytest.mark.parametrize("arguments", [["nokind"], ["add", "-a", "a"], ["add", "--params", "[]"], ["add"], []])
def test_a_job_that_cannot_be_is_a_usage_error(hive: Hive, arguments: list[str]) -> None:  # UC3
    done = hive("run", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")


def test_stream_tells_every_event_once_in_lines_or_frames(hive: Hive) -> None:
    job_id = hive.ended("talk", "-a", "text=one two")
    lines = [json.loads(line) for line in hive("stream", job_id, "--json").out.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    assert [line["type"] for line in lines] == ["started", "token", "token", "end"]
    frames = hive("stream", job_id, "--raw").out.split("\n\n")
    assert [frame.partition("\n")[0] for frame in frames] == ["id: 1", "id: 2", "id: 3", "id: 4", "data: [DONE]", ""]
    assert json.loads(frames[1].partition("data: ")[2])["t"] == "one "


def test_stream_resumes_after_any_event(hive: Hive) -> None:  # D9
    job_id = hive.ended("talk", "-a", "text=one two")
    whole = hive("stream", job_id, "--json").out.splitlines(keepends=True)
    for after in (0, 2, 4):
        rest = hive("stream", job_id, "--json", "--after", str(after))
        assert (rest.code, rest.out) == (0, "".join(whole[after:]))


def test_the_exit_code_is_the_jobs_also_where_nothing_is_left_to_read(hive: Hive) -> None:
    job_id = hive.ended("boom")
    assert hive("stream", job_id).code == 10
    assert hive("stream", job_id, "--json").code == 10
    assert hive("stream", job_id, "--after", "9").code == 10


def test_ctrl_c_detaches_and_says_how_to_resume(hive: Hive) -> None:  # UC4
    with hive.terminal("run", "hang") as terminal:
        terminal.until("hanging")
        terminal.press("\x03")
        assert terminal.end() == 130
    command = terminal.until(r"jobhive stream job-\w+ --after \d+")
    _, _, job_id, *after = command.split()
    assert json.loads(hive("job", "show", job_id, "--json").out)["state"] == "running"
    with hive.terminal("stream", job_id, *after) as resumed:
        assert hive("job", "cancel", job_id).code == 0
        assert resumed.end() == 10
    assert "hanging" not in resumed.shown
    assert "cancelled" in resumed.shown


def test_an_unknown_job_is_not_found(hive: Hive) -> None:
    assert hive("stream", "nonsense").code == 3
    assert hive("stream", "nonsense", "--raw", "--json").code == 2
