"""O9: every step says actor, action, target and a short sentence, with the job id; for people or for programs."""

import json
import logging
import os
import pty
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.narration import narrate, printable

SCRIPT = """
import logging, structlog
from jobhive.narration import configure_logging, narrate
configure_logging({form!r}, {level!r})
narrate("rescuer", "rescued", "job-1", "no sign of its worker for 31 s", job_id="job-1", queue="mail", at="noon")
narrate("rescuer", "left", "worker-7", "it is\\nalive \\x1b[2J", job_id="job-2", level="warning")
narrate("claimer", "claimed", "job-3", "a slot was free", level="debug")
logging.getLogger("uvicorn.error").warning("took %s s", 3)
logging.getLogger("uvicorn.error").info("what nobody asked for")
structlog.get_logger("mine").error("handler's own", level=3)
try:
    {{}}["missing"]
except KeyError:
    logging.getLogger("mine").exception("broken")
"""


def run(form: str, level: str = "info", **environment: str) -> list[str]:
    script = SCRIPT.format(form=form, level=level)
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=plain | environment
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_programs_read_one_json_object_a_line() -> None:  # O9
    lines = [json.loads(line) for line in run("json")]
    assert lines[0] | {"at": ""} == {
        "at": "",
        "level": "info",
        "actor": "rescuer",
        "action": "rescued",
        "target": "job-1",
        "sentence": "no sign of its worker for 31 s",
        "job_id": "job-1",
        "queue": "mail",
        "at_": "noon",
    }
    assert [line["actor"] for line in lines] == ["rescuer", "rescuer", "uvicorn.error", "mine", "mine"]
    assert all(line["at"].endswith("+00:00") for line in lines)


def test_uvicorn_and_structlog_and_exceptions_go_through_the_same_log() -> None:  # D8
    *_, uvicorn, handler, broken = [json.loads(line) for line in run("json")]
    assert (uvicorn["level"], uvicorn["sentence"]) == ("warning", "took 3 s")
    assert (handler["level"], handler["sentence"], handler["level_"]) == ("error", "handler's own", 3)
    assert broken["sentence"] == "broken"
    assert "KeyError: 'missing'" in broken["exception"]


def test_people_read_one_line_each_with_nothing_that_a_terminal_would_obey() -> None:  # O9
    first, second, *rest = run("human")
    assert first.split(maxsplit=1)[1] == (
        "rescuer    rescued job-1: no sign of its worker for 31 s queue=mail at_=noon"
    )
    assert second.split(maxsplit=1)[1] == r"rescuer    warning left worker-7: it is\nalive \u001b[2J job=job-2"
    assert rest[0].split(maxsplit=1)[1] == "uvicorn.error warning took 3 s"
    assert rest[-1] == "KeyError: 'missing'"


def test_colour_is_for_terminals_and_who_asks_for_it() -> None:  # UC2
    assert "\x1b[" not in "".join(run("human"))
    assert "\x1b[" in "".join(run("human", FORCE_COLOR="1"))
    assert "\x1b[" not in "".join(run("human", FORCE_COLOR="1", NO_COLOR="1"))


def test_auto_is_json_in_a_pipe_and_human_on_a_terminal() -> None:
    assert json.loads(run("auto")[0])["actor"] == "rescuer"
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", SCRIPT.format(form="auto", level="error")], stderr=theirs) as process:
        os.close(theirs)
        told = _read_all(ours)
    assert process.returncode == 0
    assert "handler's own" in told
    assert not told.startswith("{")


def _read_all(descriptor: int) -> str:
    told = b""
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(4096):
                told += part
        except OSError:  # Linux's way to say that the other end is closed
            pass
    return told.decode()


@pytest.mark.parametrize(("level", "count"), [("debug", 7), ("info", 5), ("warning", 4), ("error", 2)])
def test_levels(level: str, count: int) -> None:
    assert len(run("json", level)) == count


class Recorded(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def test_an_embedding_program_decides_about_narration_by_itself() -> None:
    handler, logger = Recorded(), logging.getLogger("jobhive")
    logger.addHandler(handler)
    try:
        narrate("worker", "died", "worker-1", "it was killed", level="warning", signal=9)
    finally:
        logger.removeHandler(handler)
    [record] = handler.records
    assert record.getMessage() == "worker died worker-1: it was killed"
    assert vars(record)["narration"]["facts"] == {"signal": 9}


@given(st.text())
def test_printable_text_has_nothing_that_a_terminal_would_obey_and_can_be_written(text: str) -> None:
    shown = printable(text)
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in shown)
    assert not any(0x7F <= ord(sign) < 0xA0 or sign in "\u202e\u2066" for sign in shown)
    shown.encode()


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_printable_json_says_the_same(value: object) -> None:
    assert json.loads(printable(json.dumps(value, ensure_ascii=False))) == value


def test_importing_narration_is_cheap() -> None:
    script = "import sys, jobhive.narration; print(sorted({'rich', 'structlog'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
