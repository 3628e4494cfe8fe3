"""`jobhive config`, `docs`, `version`, `completion`."""

import json
from pathlib import Path

import pytest

from jobhive.cli.screen.topics import TOPICS
from jobhive.settings import Settings, without_password
from tests.cli.conftest import Hive
from tests.cli.program import jobhive
from tests.cli.test_jobs import NO_JOB


def test_config_tells_every_setting_and_where_it_comes_from(tmp_path: Path) -> None:  # UC7
    (tmp_path / "jobhive.toml").write_text("port = 9000\nlease = 5\n")
    changes = {"JOBHIVE_PORT": "9001", "JOBHIVE_URL": "postgresql://me:secret@db/x"}
    done = jobhive("config", "--origins", cwd=tmp_path, changes=changes)
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[0] for line in lines] == list(Settings.model_fields)
    assert ["port", "9001", "JOBHIVE_PORT"] in lines
    assert ["lease", "5.0", "jobhive.toml"] in lines
    assert ["host", "127.0.0.1", "default"] in lines
    assert ["url", "postgresql://me:***@db/x", "JOBHIVE_URL"] in lines
    told = json.loads(jobhive("config", "--json", cwd=tmp_path, changes=changes).out)
    assert list(told[0]) == ["name", "value", "origin", "meaning", "variable"]
    assert "secret" not in json.dumps(told)
    assert all(setting["meaning"] for setting in told)
    assert jobhive("config", changes={"JOBHIVE_PORT": "x"}).code == 2


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://u:p@host/x", "https://u:***@host/x"),
        ("postgresql://u:p/@:w@host", "postgresql://u:***@host"),
        ("postgresql://host/x?user=u&password=p&a=b", "postgresql://host/x?user=u&password=***&a=b"),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("sqlite:///.jobhive/jobhive.db", "sqlite:///.jobhive/jobhive.db"),
    ],
)
def test_a_password_in_an_address_is_not_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_docs_list_their_topics_and_tell_each() -> None:
    assert [line.split("\t")[0] for line in jobhive("docs").out.splitlines()] == list(TOPICS)
    for topic in TOPICS:
        done = jobhive("docs", topic)
        assert (done.code, done.err) == (0, "")
        assert done.out
    unknown = jobhive("docs", "exitcodes")
    assert (unknown.code, unknown.out) == (3, "")
    assert "did you mean exit-codes?" in unknown.err


def test_docs_tell_every_variable_and_every_setting() -> None:  # UC7
    variables = jobhive("docs", "environment").out
    assert "JOBHIVE_JOB_LS_LIMIT\tjobhive job ls --limit\n" in variables
    assert all(f"{name}\tJOBHIVE_{name.upper()}\t" in jobhive("docs", "settings").out for name in ("data", "lease"))


def test_the_version_is_told_by_command_and_by_flag() -> None:
    assert jobhive("version").out == jobhive("--version").out
    assert jobhive("version").out.startswith("jobhive 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str) -> None:  # UC10
    done = jobhive("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert f"_JOBHIVE_COMPLETE=complete_{shell}" in done.out


def test_shells_complete_commands_ids_kinds_and_queues(hive: Hive) -> None:  # UC10
    job_id = hive.ended("boom")
    hive("queue", "limit", "mail", "--depth", "5")
    assert set(completed(hive, "jobhive queue p")) == {"pause", "purge"}
    assert job_id in completed(hive, "jobhive job show job-")
    assert completed(hive, f"jobhive job show {job_id[:-1]}") == [job_id]
    assert "boom" in completed(hive, "jobhive run b")
    assert "mail" in completed(hive, "jobhive queue pause m")
    assert completed(hive, "jobhive docs exit") == ["exit-codes"]
    assert completed(hive, "jobhive job show job-", JOBHIVE_SERVER="http://127.0.0.1:1") == []


def completed(hive: Hive, typed: str, **changes: str) -> list[str]:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_JOBHIVE_COMPLETE": "complete_bash"}
    done = hive(**words, **changes)
    assert (done.code, done.err) == (0, "")
    return done.out.split()


def test_an_id_or_kind_that_is_nearly_right_is_told_with_the_right_one(hive: Hive) -> None:  # UC10
    job_id = hive.ended("boom")
    for typed in (job_id[:-3], job_id[-10:], f"{job_id[:-1]}{'0' if job_id[-1] != '0' else '1'}"):
        done = hive("job", "show", typed)
        assert done.code == 3
        assert f"did you mean {job_id}" in done.err
    assert "did you mean" not in hive("job", "show", NO_JOB).err
    assert "did you mean 'boom'?" in hive("run", "bom").err
    assert f"did you mean {job_id}" in hive("stream", job_id[:-3]).err


def test_top_looks_once_again_and_again_and_ends_with_a_key(hive: Hive) -> None:
    look = json.loads(hive("top", "--once", "--json").out)
    assert list(look) == ["at", "server", "jobs", "completed_per_s", "errors_per_s", "queues", "workers", "running"]
    plain = hive("top", "--once")
    assert plain.code == 0
    assert "WORKER" in plain.out
    assert "\x1b" not in plain.out
    with hive.terminal("top", "--interval", "0.1") as terminal:
        for _ in range(2):
            terminal.until("slots busy")
            terminal.shown = ""
        terminal.press("q")
        assert terminal.end() == 0
    with hive.terminal("top") as terminal:
        terminal.until("slots busy")
        terminal.press("\x03")
        assert terminal.end() == 130
