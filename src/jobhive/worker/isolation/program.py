"""The program of a process that runs a worker's jobs, one at a time: `python -m` this module, with a descriptor.

It obeys its line alone: signals that reach a whole group, as from a terminal, mean the worker, which decides. When the
line closes in mid-job, the worker is gone; then this process ends at once, with all that it has started.
"""

import atexit
import faulthandler
import os
import signal
import sys
import threading
from contextlib import suppress
from io import TextIOWrapper
from queue import SimpleQueue
from typing import cast

import psutil
from pydantic import BaseModel, JsonValue, TypeAdapter

from jobhive.client.context import SyncContext
from jobhive.client.handler import Handler
from jobhive.client.steering import CancelNoticed
from jobhive.core.errors import FieldError, InvalidInput
from jobhive.core.job import RunningJob
from jobhive.core.outcome import Cancelled, Failed, JobError, Outcome
from jobhive.streams.feed import PROGRESS
from jobhive.worker.executor import completed, judged
from jobhive.worker.isolation.finding import NotIsolatable, handler_at
from jobhive.worker.isolation.tree import GRACE_SECONDS, adopt_orphans, kill_descendants
from jobhive.worker.isolation.wire import (
    ORDERS,
    Answer,
    Assignment,
    Begun,
    Emit,
    Hello,
    Narrate,
    Order,
    Refusal,
    Report,
    Stop,
    ended,
    packed,
)

_JOB = TypeAdapter(RunningJob[BaseModel, BaseModel])


class Stopped(BaseException):
    """Raised in the middle of the function once the worker wants its end; `finally` blocks still run."""


class Line:
    """The way to the worker, made on the main thread. Other threads read and write: no signal cuts a message."""

    def __init__(self, descriptor: int) -> None:
        self.assignments: SimpleQueue[Assignment | None] = SimpleQueue()  # None: no more of them
        self.is_stopping = False  # set once the worker said so
        self.is_busy = False  # owned by the main thread: from an assignment to its outcome or its interruption
        self._descriptor = descriptor
        self._answers: SimpleQueue[Refusal | None] = SimpleQueue()
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()  # None: no more of them
        self._turn = threading.Lock()  # held from a question to its answer
        self._speaker: IsolatedContext | None = None  # of the job that runs; guarded by `_turn`
        self._main_thread = threading.get_ident()
        self._is_forked = False  # set in copies of this process, which no thread of ours reaches
        self._writer = threading.Thread(target=self._write, name="jobhive-out", daemon=True)

    def open(self) -> None:
        """Begins to listen; from now on this process obeys."""
        signal.signal(signal.SIGINT, _ignored)
        signal.signal(signal.SIGTERM, self._interrupt)
        os.register_at_fork(after_in_child=self._forked)
        self._writer.start()
        threading.Thread(target=self._read, name="jobhive-in", daemon=True).start()

    def close(self) -> None:
        """Returns once all that was said is on its way."""
        self._outgoing.put(None)
        self._writer.join()

    def say(self, report: Report) -> None:
        """Raises PydanticSerializationError or ValueError for data that is not JSON."""
        self._outgoing.put(packed(report))

    def give_floor(self, speaker: "IsolatedContext | None") -> None:
        """From now on only this context may ask; it returns once a question under way is answered."""
        with self._turn:
            self._speaker = speaker

    def ask(self, report: Report, speaker: "IsolatedContext | None") -> None:
        """Says it and returns once the worker took it. Raises InvalidInput if it was refused."""
        if self._is_forked:
            raise RuntimeError("a job's context does not reach into forked processes; tell events from the job itself")
        with self._turn:
            if speaker is not self._speaker:
                raise RuntimeError("the job of this context has ended; end its threads before its function returns")
            self.say(report)
            refusal = None if self.is_stopping else self._answers.get()
        if refusal is not None:
            raise InvalidInput(refusal.what, refusal.errors)

    def _read(self) -> None:
        try:
            with open(self._descriptor, "rb", closefd=False) as incoming:
                for line in incoming:
                    self._obey(ORDERS.validate_json(line))
        finally:  # the worker is gone
            self.assignments.put(None)
            if not self.is_busy:
                threading.Event().wait(GRACE_SECONDS)  # the main thread ends by itself
            end_tree(0)

    def _write(self) -> None:
        with suppress(OSError), open(self._descriptor, "wb", closefd=False) as out:  # the reader sees to a closed line
            while (line := self._outgoing.get()) is not None:
                out.write(line)
                out.flush()

    def _obey(self, order: Order) -> None:
        match order:
            case Hello():
                sys.path, sys.argv = order.path, order.argv
            case Assignment():
                self.assignments.put(order)
            case Answer():
                self._answers.put(order.refusal)
            case Stop():
                self._stop()

    def _stop(self) -> None:
        self.is_stopping = True
        self._answers.put(None)  # for whoever waits for one
        self.assignments.put(None)
        signal.pthread_kill(self._main_thread, signal.SIGTERM)

    def _interrupt(self, *_: object) -> None:
        if self.is_stopping and self.is_busy:
            self.is_busy = False
            raise Stopped

    def _forked(self) -> None:
        """In the copy: it dies of signals as any process does, and does not hold the line."""
        self._is_forked = True
        os.close(self._descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        atexit.unregister(end_tree)


class IsolatedContext(SyncContext):
    """The same context; what it is told goes over the line."""

    def __init__(self, job: RunningJob[BaseModel, BaseModel], line: Line) -> None:
        self._job = job
        self._line = line

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._job.id

    @property
    def attempt(self) -> int:
        """1 for the first attempt, counted over all starts."""
        return self._job.attempt

    @property
    def job(self) -> RunningJob[BaseModel, BaseModel]:
        """The job as it was claimed; earlier attempts are not loaded."""
        return self._job

    def emit(self, type_: str, /, **data: JsonValue) -> None:
        """As `Context.emit`."""
        try:
            self._line.ask(Emit(type=type_, data=dict(data)), self)
        except ValueError as error:
            raise InvalidInput("the event cannot be told", [FieldError("data", "json", str(error))]) from error

    def progress(self, stage: str | BaseModel, percentage: float | None = None, message: str | None = None) -> None:
        """As `Context.progress`."""
        if isinstance(stage, BaseModel):
            self.emit(PROGRESS, **stage.model_dump(mode="json", by_alias=True))
        else:
            self.emit(PROGRESS, stage=stage, percentage=percentage, message=message)

    def narrate(self, action: str, target: str, sentence: str) -> None:
        """As `Context.narrate`."""
        self._line.ask(Narrate(action=action, target=target, sentence=sentence), self)

    def cancelled(self) -> bool:
        """Whether the handler is to stop. It is interrupted as well, so only its other threads need to look."""
        return self._line.is_stopping

    def check_cancelled(self) -> None:
        """Raises `Cancel` if the handler is to stop."""
        if self.cancelled():
            raise CancelNoticed


def main() -> None:
    """Runs jobs until the worker wants no more."""
    faulthandler.enable()  # a segmentation fault says where it was
    cast(TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
    adopt_orphans()
    line = Line(int(sys.argv[1]))
    line.open()
    atexit.register(end_tree, GRACE_SECONDS)
    while (assignment := line.assignments.get()) is not None:
        line.say(ended(_interruptible(assignment, line)))
        _bury_orphans()
    line.close()


def end_tree(grace: float) -> None:
    """Ends all that this process has started, by force after `grace` seconds, and then itself."""
    this = psutil.Process()
    if grace:
        started = this.children(recursive=True)
        for each in started:
            with suppress(psutil.Error):
                each.terminate()
        psutil.wait_procs(started, timeout=grace)
    kill_descendants(this)
    os.killpg(os.getpid(), signal.SIGKILL)


def _interruptible(assignment: Assignment, line: Line) -> Outcome:
    try:
        line.is_busy = True
        if line.is_stopping:
            raise Stopped
        return _outcome(assignment, line)
    except Stopped:
        return Cancelled("its worker asked it to stop")
    finally:
        line.is_busy = False


def _outcome(assignment: Assignment, line: Line) -> Outcome:
    try:
        handler = handler_at(assignment.address)
    except Stopped:
        raise
    except BaseException as error:  # whatever a module does while it is loaded
        return Failed(JobError.of(error), is_retryable=not isinstance(error, NotIsolatable))
    try:
        params = handler.kind.read_params(assignment.params)
    except InvalidInput as error:
        return Failed(JobError.of(error, "INVALID_PARAMS"), is_retryable=False)
    try:
        return completed(handler, _called(handler, params, assignment, line))
    except Stopped:
        raise
    except BaseException as error:  # a handler's SystemExit must not end the process
        return judged(handler, error)


def _called(handler: Handler, params: BaseModel, assignment: Assignment, line: Line) -> object:
    arguments = handler.arguments(params)
    line.ask(Begun(), None)  # known before a function that may kill this process is called
    if not handler.wants_context:
        return handler.function(**arguments)
    context = IsolatedContext(_JOB.validate_python({**assignment.job, "params": params}), line)
    line.give_floor(context)
    try:
        return handler.function(context, **arguments)
    finally:
        line.give_floor(None)


def _bury_orphans() -> None:
    """Daemons that jobs start (as git does) would otherwise stay in the process table once they have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _ignored(*_: object) -> None:
    """Unlike SIG_IGN it is not inherited by the programs that a job starts."""


if __name__ == "__main__":
    main()
