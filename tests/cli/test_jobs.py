"""`jobhive job`: what is printed where, and with which exit code."""

import json

import pytest

from tests.cli.conftest import Hive

NO_JOB = "job-00000000000000000000000000000000"


def test_new_prints_the_id_alone(hive: Hive) -> None:  # UC2
    done = hive("job", "new", "add", "-a", "a=1", "-a", "b=2")
    assert (done.code, done.err) == (0, "")
    job_id = done.out.strip()
    assert hive("job", "result", job_id, "--timeout", "30") == (0, "3\n", "")


def test_new_with_a_key_gives_the_same_job_again_and_refuses_another(hive: Hive) -> None:  # UC3
    first, second = (hive("job", "new", "add", "--params", '{"a": 1, "b": 2}', "--key", "k") for _ in range(2))
    assert first.out == second.out
    other = hive("job", "new", "add", "-a", "a=5", "-a", "b=5", "--key", "k")
    assert (other.code, other.out) == (5, "")
    assert "'k'" in other.err


def test_wrong_params_are_all_told_and_are_a_usage_error(hive: Hive) -> None:
    done = hive("job", "new", "add", "-a", "a=secret", "-a", "c=1")
    assert (done.code, done.out) == (2, "")
    assert all(field in done.err for field in ("params.a", "params.b", "params.c"))
    assert "secret" not in done.err


def test_an_unknown_kind_is_a_usage_error_that_names_the_known_ones(hive: Hive) -> None:
    done = hive("job", "new", "ad")
    assert done.code == 2
    assert "'ad'" in done.err
    assert "add" in done.err


def test_ls_in_a_pipe_is_plain_lines_and_on_a_terminal_a_table(hive: Hive) -> None:  # UC1 UC2
    job_id = hive.ended("boom")
    plain = hive("job", "ls", "--state", "failed", "--kind", "boom", "--limit", "1")
    assert plain.out.split("\t")[:5] == [job_id, "boom", "default", "failed", "1"]
    assert "\x1b" not in plain.out
    with hive.terminal("job", "ls", "--state", "failed") as terminal:
        assert terminal.end() == 0
    assert "KIND" in terminal.shown
    assert "\x1b[31mfailed" in terminal.shown
    with hive.terminal("job", "ls", "--state", "failed", NO_COLOR="1") as terminal:
        assert terminal.end() == 0
    assert "\x1b[31m" not in terminal.shown
    assert "\x1b[" in hive("job", "ls", FORCE_COLOR="1").out


def test_ls_quietly_gives_ids_for_other_commands(hive: Hive) -> None:  # UC1
    newest = hive.ended("add", "-a", "a=1", "-a", "b=1")
    assert hive("job", "ls", "-q", "--limit", "1").out == f"{newest}\n"
    assert "--limit 10" in hive("job", "ls", "-q", "--limit", "1").err


def test_ls_pages_through_more_than_one_answer_of_the_server(hive: Hive) -> None:
    ids = [hive("job", "new", "add", "-a", "a=1", "-a", f"b={n}", "--queue", "idle").out.strip() for n in range(3)]
    assert hive("job", "list", "--queue", "idle", "-q").out.split() == ids[::-1]


def test_json_is_what_the_server_says(hive: Hive) -> None:  # UC1
    job_id = hive.ended("flaky", "-a", "failures=1")
    [listed] = json.loads(hive("job", "ls", "--json", "--kind", "flaky", "--limit", "1").out)
    shown = json.loads(hive("job", "show", job_id, "--json").out)
    assert (shown["id"], shown["state"], shown["result"]) == (job_id, "complete", "attempt 2")
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["failed"]
    assert listed == {name: value for name, value in shown.items() if name != "attempts"}


def test_show_tells_fields_and_attempts(hive: Hive) -> None:
    job_id = hive.ended("boom")
    plain = hive("job", "show", job_id)
    assert f"id\t{job_id}\n" in plain.out
    assert "ValueError: it went" in plain.out
    with hive.terminal("job", "show", job_id) as terminal:
        assert terminal.end() == 0
    assert "OUTCOME" in terminal.shown
    assert "\x1b[2J" not in terminal.shown  # what a job says is no command to the terminal
    assert r"\u001b[2J" in terminal.shown


def test_a_result_is_raw_text_or_json(hive: Hive) -> None:
    job_id = hive.ended("flaky", "-a", "failures=0")
    assert hive("job", "result", job_id).out == "attempt 1\n"
    assert hive("job", "result", job_id, "--json").out == '"attempt 1"\n'


def test_without_a_result_the_exit_code_tells_why(hive: Hive) -> None:  # UC3
    failed = hive("job", "result", hive.ended("boom"))
    assert (failed.code, failed.out) == (10, "")
    assert "ValueError: it went" in failed.err
    job_id = hive("job", "new", "add", "-a", "a=1", "-a", "b=1", "--delay", "3600").out.strip()
    assert hive("job", "result", job_id).code == 6
    assert hive("job", "result", job_id, "--timeout", "0.2").code == 6
    assert hive("job", "cancel", job_id) == (0, "", f"{job_id} is cancelled\n")
    assert hive("job", "result", job_id).code == 10


def test_a_running_job_is_cancelled_and_retried(hive: Hive) -> None:
    job_id = hive("job", "new", "hang").out.strip()
    with hive.terminal("stream", job_id) as terminal:
        terminal.until("hanging")
        assert hive("job", "cancel", job_id).code == 0
        assert terminal.end() == 10
    assert hive("job", "cancel", job_id).code == 0
    again = hive("job", "retry", job_id)
    assert (again.code, again.err) == (0, f"{job_id} is pending again\n")
    assert hive("job", "retry", job_id).code == 5
    assert hive("job", "cancel", job_id).code == 0


def test_several_ids_each_get_their_act_whatever_becomes_of_the_others(hive: Hive) -> None:
    first, second = hive.ended("boom"), hive.ended("boom")
    done = hive("job", "rm", "-y", first, NO_JOB, second)
    assert done.code == 3
    assert f"{first} is deleted" in done.err
    assert NO_JOB in done.err
    assert f"{second} is deleted" in done.err


def test_rm_asks_and_refuses_where_nobody_can_be_asked(hive: Hive) -> None:  # UC6
    job_id = hive.ended("boom")
    alone = hive(
        "job",
        "rm",
        job_id,
    )
    assert (alone.code, alone.out) == (2, "")
    assert "--yes" in alone.err
    for keys, code in (("n\n", 1), ("\n", 1), ("\x04", 1), ("\x03", 130)):
        with hive.terminal("job", "rm", job_id) as terminal:
            terminal.until(r"\[y/N\] ")
            terminal.press(keys)
            assert terminal.end() == code
    assert hive("job", "show", job_id).code == 0
    with hive.terminal("job", "delete", job_id) as terminal:
        terminal.until(r"\[y/N\] ")
        terminal.press("y\n")
        assert terminal.end() == 0
    assert hive("job", "show", job_id).code == 3


def test_rm_leaves_what_has_not_ended(hive: Hive) -> None:
    job_id = hive("job", "new", "add", "-a", "a=1", "-a", "b=1", "--delay", "3600").out.strip()
    assert hive("job", "rm", "-y", job_id).code == 5
    assert hive("job", "cancel", job_id).code == 0
    assert hive("job", "rm", "-y", job_id).code == 0


@pytest.mark.parametrize(
    ("act", "job_id"),
    [
        ("show", NO_JOB),
        ("result", "nonsense"),
        ("show", ".."),
        ("show", "a/b?c#d"),
        ("show", " "),
        ("cancel", "ä"),
        ("retry", NO_JOB),
        ("rm", ".."),
    ],
)
def test_an_unknown_id_is_not_found(hive: Hive, act: str, job_id: str) -> None:  # UC3
    done = hive("job", act, *(["-y"] if act == "rm" else []), job_id)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: ")


def test_status_shows_queues_and_workers(hive: Hive) -> None:
    hive.ended("add", "-a", "a=1", "-a", "b=1")
    answer = json.loads(hive("status", "--json").out)
    assert answer["jobs"]["complete"] >= 1
    [worker] = answer["workers"]
    plain = hive("status")
    assert plain.code == 0
    assert f"server\t{hive.url}" in plain.out
    assert worker["id"] in plain.out
    with hive.terminal("status") as terminal:
        assert terminal.end() == 0
    assert "WORKER" in terminal.shown
