"""Jobs in processes of their own: real processes, real signals."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

import psutil
import pytest
import uvloop

from jobhive import CancelledJob, Event, FailedJob, JobCancelled, JobFailed, JobHandle, Jobhive, State
from jobhive.testing import wait_for_state
from tests.worker import isolated_jobs as jobs

SECONDS = 60.0  # how long a test waits for a fact before it fails

Death = Literal["kill", "segfault", "exit"]


class Call:
    """A job's line to the test."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer

    async def word(self) -> str:
        async with asyncio.timeout(SECONDS):
            return (await self._reader.readline()).decode().strip()

    def go_on(self) -> None:
        self._writer.write(b"\n")

    async def is_gone(self) -> bool:
        """Returns once no process holds the other end."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionError):
                while await self._reader.read(100):
                    pass
            return True

    def close(self) -> None:
        self._writer.close()


class Calls:
    """Where jobs call."""

    def __init__(self) -> None:
        self.port = 0
        self._waiting: asyncio.Queue[Call] = asyncio.Queue()
        self._taken: list[Call] = []

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Calls"]:
        async with await asyncio.start_server(self._greet, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for call in self._taken:
                call.close()

    async def take(self) -> Call:
        async with asyncio.timeout(SECONDS):
            return await self._waiting.get()

    def all_are_taken(self) -> bool:
        return self._waiting.empty()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = Call(int(await reader.readline()), reader, writer)
        self._taken.append(call)
        await self._waiting.put(call)


def open_app(folder: Path) -> Jobhive:
    app = Jobhive(str(folder / "jobhive.db"))
    for handler in jobs.app.kinds:
        app.kinds.add(handler)
    return app


def left_behind() -> list[psutil.Process]:
    """Processes below this one, but for the model engines that tests of inference keep for the whole session."""
    return [child for child in psutil.Process().children(recursive=True) if not _is_engine(child)]


def _is_engine(process: psutil.Process) -> bool:
    try:
        return "jobhive.kinds.inference.child" in process.cmdline()
    except psutil.Error:  # it is gone, or a zombie that nobody waited for
        return False


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Jobhive]:
    """An application on a database of its own. Whatever a test does, no process is left behind."""
    async with open_app(tmp_path) as app:
        yield app
    assert left_behind() == []  # P17


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with Calls().served() as calls:
        yield calls


async def result(app: Jobhive, kind: str, **params: object) -> object:
    return await (await app.enqueue(kind, params)).result(SECONDS)


async def failed(app: Jobhive, kind: str, **params: object) -> FailedJob:
    with pytest.raises(JobFailed) as caught:
        await result(app, kind, **params)
    job = await app.get(caught.value.job.id)
    assert isinstance(job, FailedJob)
    return job


async def cancelled(handle: JobHandle[object]) -> CancelledJob:
    with pytest.raises(JobCancelled) as caught:
        await handle.result(SECONDS)
    return caught.value.job


async def events(handle: JobHandle[object]) -> list[Event]:
    async with asyncio.timeout(SECONDS):
        return [event async for event in handle.stream()]


# ---- what goes in and comes out --------------------------------------------------------------------------------


async def test_what_the_function_returns_is_the_result(app: Jobhive) -> None:
    async with app.worker():
        assert await result(app, "add", a=1, b=2) == 3


async def test_params_and_result_are_typed(app: Jobhive) -> None:  # S4
    async with app.worker():
        page = await result(app, "shouted", title="a", lines=["b", "c"])
    assert page == jobs.Page(title="A", lines=["B", "C"])


async def test_a_result_of_many_megabytes_arrives_whole(app: Jobhive) -> None:
    async with app.worker():
        assert await result(app, "repeat", text='"\n\u2713', times=2_000_000) == '"\n\u2713' * 2_000_000


def test_it_runs_on_uvloop_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_app(tmp_path) as app, app.worker():
            await result(app, "die_once", how="kill")
            await failed(app, "die_talking")
            assert await result(app, "add", a=1, b=2) == 3
            assert (await failed(app, "overrun")).error.code == "TIMEOUT"

    uvloop.run(run())


async def test_events_are_streamed_in_the_order_in_which_they_are_told(app: Jobhive) -> None:
    async with app.worker():
        told = await events(await app.enqueue("tell", {"count": 3}))
    assert [event.type for event in told] == ["started", "log", "progress", "narration", *["number"] * 3, "end"]
    assert told[1].data == {"line": "begins"}
    assert told[2].data == {"done": 1, "of": 2}
    assert (told[3].data["actor"], told[3].data["action"]) == ("tell", "counts")
    assert [event.data["value"] for event in told[4:7]] == [0, 1, 2]


async def test_who_tells_faster_than_the_disk_writes_loses_nothing(app: Jobhive) -> None:
    async with app.worker():
        told = await events(await app.enqueue("tell", {"count": 500, "filling": "x" * 5_000}))
    assert [event.data["value"] for event in told if event.type == "number"] == list(range(500))


async def test_threads_of_a_job_may_tell_at_once(app: Jobhive) -> None:
    async with app.worker():
        told = await events(await app.enqueue("tell_at_once", {"threads": 4, "each": 25}))
    numbers = [event.data for event in told if event.type == "number"]
    for name in range(4):
        assert [number["value"] for number in numbers if number["of"] == name] == list(range(25))


async def test_what_cannot_be_told_is_refused_in_the_function(app: Jobhive) -> None:
    async with app.worker():
        refused = await result(app, "tell_wrong")
    assert refused == ["seq: reserved", "data: json", "progress.percentage: less_than_equal"]


# ---- failures, judged where the exception is known ---------------------------------------------------------------


async def test_an_exception_arrives_with_the_line_that_raised_it(app: Jobhive) -> None:
    async with app.worker():
        job = await failed(app, "fail", message="no luck")
    assert (job.error.type, job.error.message, job.error.code) == ("Flaky", "no luck", "FLAKY")
    assert "raise Flaky(message)  # the line that a traceback shows" in job.error.traceback


async def test_a_reason_that_json_cannot_hold_arrives_written_out(app: Jobhive) -> None:
    async with app.worker():
        job = await cancelled(await app.enqueue("cancel_for_a_file", {}))
    assert job.reason == r"no caf\udce9"


async def test_only_what_retry_on_names_is_tried_again(app: Jobhive) -> None:
    async with app.worker():
        job = await failed(app, "fail_otherwise")
    assert [attempt.error and attempt.error.type for attempt in job.attempts] == ["Sour", "ValueError"]


async def test_sys_exit_fails_the_job_and_nothing_else(app: Jobhive) -> None:
    async with app.worker():
        before = await result(app, "pid")
        assert (await failed(app, "leave")).error.type == "SystemExit"
        assert await result(app, "pid") == before


@pytest.mark.parametrize(("how", "failures"), [("retry", 1), ("snooze", 0)])
async def test_retry_and_snooze_run_it_again(app: Jobhive, how: str, failures: int) -> None:
    async with app.worker():
        assert await result(app, "steer", how=how) == failures


async def test_cancel_and_discard_end_it(app: Jobhive) -> None:
    async with app.worker():
        assert (await cancelled(await app.enqueue("steer", {"how": "cancel"}))).reason == "enough"
        job = await failed(app, "steer", how="discard")
    assert (job.error.code, job.error.message, job.attempt) == ("DISCARDED", "no", 1)


@pytest.mark.parametrize("kind", ["mistype", "not_json"])
async def test_a_wrong_result_is_refused(app: Jobhive, kind: str) -> None:  # S4
    async with app.worker():
        job = await failed(app, kind)
    assert (job.error.code, job.attempt) == ("INVALID_RESULT", 1)


# ---- a process that dies -------------------------------------------------------------------------------------------


DEATHS: Sequence[tuple[Death, str]] = [
    ("kill", "was killed by SIGKILL"),
    ("segfault", "was killed by SIGSEGV"),
    ("exit", "ended with exit code 3"),
]


@pytest.mark.parametrize(("how", "words"), DEATHS)
async def test_a_job_whose_process_dies_is_tried_again_in_a_new_one(
    app: Jobhive, how: Death, words: str
) -> None:  # P10
    async with app.worker():
        before = await result(app, "pid")
        handle = await app.enqueue("die_once", {"how": how})
        after = await handle.result(SECONDS)
    assert after != before
    [attempt] = (await handle.job()).attempts
    assert attempt.error is not None
    assert (attempt.error.code, words in attempt.error.message) == ("CRASHED", True)


@pytest.mark.parametrize(("how", "words"), DEATHS)
async def test_it_runs_but_once_where_on_crash_says_so(  # P10
    app: Jobhive, calls: Calls, how: Death, words: str
) -> None:
    async with app.worker():
        await result(app, "pid")
        job = await failed(app, "die_for_good", port=calls.port, how=how)
        await calls.take()
        assert calls.all_are_taken()
    assert (job.error.code, job.attempt) == ("CRASHED", 1)
    assert words in job.error.message


async def test_what_a_dead_process_had_started_ends_with_it(app: Jobhive, calls: Calls) -> None:  # P17
    async with app.worker():
        handle = await app.enqueue("die_with_children", {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "ready"
        call.go_on()
        assert await call.is_gone()
        with pytest.raises(JobFailed):
            await handle.result(SECONDS)


async def test_it_may_die_while_it_tells(app: Jobhive) -> None:
    async with app.worker():
        assert (await failed(app, "die_talking")).error.code == "CRASHED"


async def test_a_copy_that_holds_the_line_hides_no_death(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        handle = await app.enqueue("die_with_a_copy", {"port": calls.port})
        call = await calls.take()
        copy = int(await call.word())
        try:
            call.go_on()
            with pytest.raises(JobFailed):
                await handle.result(SECONDS)
        finally:
            os.kill(copy, signal.SIGKILL)


async def test_an_idle_process_that_died_costs_no_job_anything(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        await result(app, "keep_line", port=calls.port)
        idle = await calls.take()
        os.kill(idle.pid, signal.SIGKILL)
        assert await idle.is_gone()
        assert await result(app, "pid_unless_crashed") != idle.pid


async def test_nor_does_one_that_dies_before_the_job_begins(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        await result(app, "keep_line", port=calls.port)
        idle = await calls.take()
        os.kill(idle.pid, signal.SIGSTOP)
        handle = await app.enqueue("pid_unless_crashed", {})
        await wait_for_state(app.store, handle.id, State.RUNNING)
        os.kill(idle.pid, signal.SIGKILL)
        assert await handle.result(SECONDS) != idle.pid
    assert (await handle.job()).attempts == ()


# ---- stopping ------------------------------------------------------------------------------------------------------


async def test_cancel_ends_a_busy_loop(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("spin_with", {"port": calls.port, "program": "nothing"})
        call = await calls.take()
        await handle.cancel()
        assert (await cancelled(handle)).reason == "cancelled by its caller"
        assert await call.is_gone()


async def test_cancel_ends_the_whole_tree(app: Jobhive, calls: Calls) -> None:  # P17
    async with app.worker():
        handle = await app.enqueue("spin_with", {"port": calls.port, "program": "stubborn"})
        call = await calls.take()
        assert await call.word() == "hidden"
        await handle.cancel()
        await cancelled(handle)
        assert await call.is_gone()


async def test_programs_that_end_when_asked_are_left_the_time_for_it(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("spin_with", {"port": calls.port, "program": "orderly"})
        call = await calls.take()
        assert await call.word() == "ready"
        await handle.cancel()
        assert await call.word() == "asked"
        call.go_on()
        assert await call.word() == "in order"
        await cancelled(handle)


async def test_finally_blocks_run_and_may_tell(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("tidy", {"port": calls.port})
        await calls.take()
        await handle.cancel()
        told = await events(handle)
    assert [event.data["line"] for event in told if event.type == "log"] == ["swept, cancelled: True"]


async def test_a_function_that_does_not_want_to_end_is_ended(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("cling", {"port": calls.port})
        await calls.take()
        await handle.cancel()
        again = await calls.take()
        await cancelled(handle)
        assert await again.is_gone()


async def test_holding_the_interpreters_lock_does_not_save_it(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        handle = await app.enqueue("backtrack", {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "ready"
        call.go_on()
        await handle.cancel()
        assert await call.word() == "asked"
        call.go_on()
        assert await call.word() == "in order"
        await cancelled(handle)
        assert await call.is_gone()


async def test_a_timeout_ends_the_process(app: Jobhive) -> None:
    async with app.worker():
        before = await result(app, "pid")
        job = await failed(app, "overrun")
        assert job.error.code == "TIMEOUT"
        assert left_behind() == []
        assert await result(app, "pid") != before


async def test_a_worker_that_stops_gives_the_job_back(app: Jobhive, calls: Calls) -> None:  # P16
    async with app.worker(grace=0):
        handle = await app.enqueue("wait", {"port": calls.port})
        first = await calls.take()
    assert await first.is_gone()
    async with app.worker():
        second = await calls.take()
        second.go_on()
        assert await handle.result(SECONDS) == second.pid
    assert [(attempt.outcome, attempt.error) for attempt in (await handle.job()).attempts] == [("released", None)]


async def test_an_attempt_that_lost_its_job_is_ended(app: Jobhive, calls: Calls) -> None:  # P4
    async with app.worker() as worker:
        handle = await app.enqueue("lose", {"port": calls.port})
        call = await calls.take()
        await app.store.jobs.rescue_from(worker.id)
        call.go_on()
        assert await call.is_gone()
        assert await handle.result(SECONDS) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_obeys_the_worker_and_no_signal(app: Jobhive, calls: Calls, number: signal.Signals) -> None:
    async with app.worker():
        handle = await app.enqueue("wait", {"port": calls.port})
        call = await calls.take()
        os.kill(call.pid, number)
        call.go_on()
        assert await handle.result(SECONDS) == call.pid


# ---- a worker that dies --------------------------------------------------------------------------------------------


@asynccontextmanager
async def worker_process(*how: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker of its own, started as a program; a worker for the same database is killed in the end."""
    process = await asyncio.create_subprocess_exec(sys.executable, *how, str(folder / "jobhive.db"))
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


AS_MODULE = ["-m", "tests.worker.isolated_jobs"]
AS_SCRIPT = [str(Path(jobs.__file__))]


@pytest.mark.parametrize("program", ["nothing", "stubborn"])
async def test_sigkill_of_a_worker_leaves_no_process(
    app: Jobhive, calls: Calls, tmp_path: Path, program: str
) -> None:  # P17
    async with worker_process(*AS_MODULE, folder=tmp_path) as worker:
        await app.enqueue("spin_with", {"port": calls.port, "program": program})
        call = await calls.take()
        if program == "stubborn":
            assert await call.word() == "hidden"
        worker.kill()
        assert await call.is_gone()


async def test_nor_does_it_leave_an_idle_one(app: Jobhive, calls: Calls, tmp_path: Path) -> None:  # P17
    async with worker_process(*AS_MODULE, folder=tmp_path) as worker:
        await result(app, "leave_behind", port=calls.port)
        call = await calls.take()
        assert await call.word() == "hidden"
        worker.kill()
        assert await call.is_gone()


async def test_what_a_job_left_behind_ends_with_its_worker(app: Jobhive, calls: Calls) -> None:  # P17
    async with app.worker():
        await result(app, "leave_behind", port=calls.port)
        call = await calls.take()
        assert await call.word() == "hidden"
    assert await call.is_gone()


# ---- processes and their jobs --------------------------------------------------------------------------------------


async def test_a_process_is_used_for_one_job_after_the_other(app: Jobhive) -> None:
    async with app.worker():
        assert len({await result(app, "pid") for _ in range(5)}) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere daemons are adopted by the system")
async def test_daemons_that_ended_do_not_pile_up(app: Jobhive, calls: Calls) -> None:  # P10
    async with app.worker():
        await result(app, "leave_behind", port=calls.port)
        call = await calls.take()
        assert await call.word() == "hidden"
        children = await result(app, "children")
        assert isinstance(children, dict)
        [daemon] = [pid for pid, status in children.items() if status != psutil.STATUS_ZOMBIE]
        os.kill(daemon, signal.SIGKILL)
        assert await call.is_gone()
        await result(app, "pid")
        assert await result(app, "children") == {}


async def test_two_jobs_at_once_run_in_two_processes(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handles = [await app.enqueue("wait", {"port": calls.port}) for _ in range(2)]
        both = [await calls.take(), await calls.take()]
        for call in both:
            call.go_on()
        pids = {await handle.result(SECONDS) for handle in handles}
    assert pids == {call.pid for call in both}
    assert len(pids) == 2


async def test_a_thread_that_outlives_its_job_cannot_tell_in_the_next_ones_name(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        await result(app, "talk_on", port=calls.port)
        thread = await calls.take()
        handle = await app.enqueue("wait", {"port": calls.port})
        next_job = await calls.take()
        thread.go_on()
        assert (await thread.word(), thread.pid) == ("refused", next_job.pid)
        next_job.go_on()
        assert [event.type for event in await events(handle)] == ["started", "end"]


async def test_what_a_job_prints_goes_to_the_log(
    app: Jobhive, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    async with app.worker():
        assert await result(app, "chat") == ""
    captured = capfd.readouterr()
    assert {"to stdout", "to stderr", '{"say": "ended"}', "from a program"} <= set(captured.err.splitlines())
    assert captured.out == ""


async def test_forked_copies_are_ordinary_processes(app: Jobhive, calls: Calls) -> None:
    async with app.worker():
        handle = await app.enqueue("fork", {"port": calls.port})
        call = await calls.take()
        assert await call.word() == "asleep"
        call.go_on()
        assert await handle.result(SECONDS) == [7, -signal.SIGTERM]


async def test_its_programs_do_not_take_themselves_for_the_worker(
    app: Jobhive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.worker():
        monkeypatch.setenv("JOBHIVE_POST", "{}")
        monkeypatch.setenv("JOBHIVE_LOG_LEVEL", "info")
        assert await result(app, "environment") == ["JOBHIVE_LOG_LEVEL"]


# ---- where the function is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [AS_MODULE, AS_SCRIPT], ids=["module", "script"])
async def test_functions_of_the_program_itself_are_found(app: Jobhive, tmp_path: Path, how: list[str]) -> None:
    async with worker_process(*how, folder=tmp_path):
        assert await result(app, "shouted", title="a") == jobs.Page(title="A")


async def test_a_nested_function_is_refused_with_what_to_do(app: Jobhive) -> None:
    @app.job(isolation="process")
    def nested() -> None: ...

    async with app.worker():
        job = await failed(app, "nested")
    assert (job.error.code, job.attempt) == ("NOT_ISOLATABLE", 1)
    assert "top level of a module" in job.error.message


async def test_a_function_that_another_name_hides_is_refused(app: Jobhive) -> None:
    app.job(isolation="process", name="plain")(jobs.die)
    app.job(isolation="process", name="other")(jobs.add.handler.function)
    async with app.worker():
        plain, other = await failed(app, "plain", how="exit"), await failed(app, "other", a=1, b=2)
    assert "has a function named 'die'; write @app.job" in plain.error.message
    assert "the name 'add' belongs to kind 'add'" in other.error.message
    assert (plain.error.code, plain.attempt) == ("NOT_ISOLATABLE", 1)


SCRIPT = """
import asyncio
import sys

from jobhive import Jobhive, JobFailed

app = Jobhive(sys.argv[1])


@app.job(isolation="process")
def answer() -> int:
    assert vars(sys.modules[answer.__module__])["answer"] is answer
    return 42


async def main() -> None:
    async with app, app.worker():
        try:
            print(await (await answer.enqueue()).result(60))
        except JobFailed as failure:
            print(failure.job.error.code, failure.job.attempt, failure.job.error.message)


"""


async def printed(*program: str) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, *program, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return output.decode()


async def test_a_script_that_guards_its_start_works(tmp_path: Path) -> None:
    script = tmp_path / "guarded.py"
    script.write_text(SCRIPT + 'if __name__ == "__main__":\n    asyncio.run(main())\n')
    assert await printed(str(script), str(tmp_path / "jobhive.db")) == "42\n"


async def test_a_script_that_does_not_is_told_to_and_starts_nothing(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(SCRIPT + "asyncio.run(main())\n")
    output = await printed(str(script), str(tmp_path / "jobhive.db"))
    assert output.startswith("NOT_ISOLATABLE 1 ")
    assert 'under `if __name__ == "__main__":`' in output


async def test_an_interactive_session_is_told_to_use_a_file(tmp_path: Path) -> None:
    output = await printed("-c", SCRIPT + "asyncio.run(main())\n", str(tmp_path / "jobhive.db"))
    assert output.startswith("NOT_ISOLATABLE 1 functions of an interactive session")
