"""Named points at the edges of the program, at which a test makes it die, fail or stand still.

A point that is not armed costs one look at an empty dict. `JOBHIVE_FAILPOINTS` arms points of a process when it starts:
`writer.before_commit=kill:2,wake.bound=error` kills it the second time it is about to commit, and fails the first bind;
`*=pass` means every point. With `JOBHIVE_FAILPOINTS_FOLDER` a point leaves a file of its name there when it acts, and
acts only if there is none yet: once, however many processes reach it. In tests, see `jobhive.testing.faults.armed`.
"""

import errno
import itertools
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

ARMED, FOLDER = "JOBHIVE_FAILPOINTS", "JOBHIVE_FAILPOINTS_FOLDER"  # environment
EVERY = "*"

Failpoint = Literal[
    "act.absolve",
    "act.add_token",
    "act.append",
    "act.audit",
    "act.beat",
    "act.cancel",
    "act.claim",
    "act.complete",
    "act.configure",
    "act.expire",
    "act.insert",
    "act.leave",
    "act.leave_worker",
    "act.note_attempt",
    "act.prune",
    "act.purge",
    "act.renew",
    "act.reopen",
    "act.rescue",
    "act.retire",
    "act.revoke_token",
    "act.seal",
    "act.stage",
    "act.take_from",
    "act.tell",
    "act.tend_suspects",
    "act.touch_token",
    "backup.before_name",
    "backup.before_sync",
    "cancels.heard",
    "claimer.claimed",
    "executor.handled",
    "finisher.before_write",
    "finisher.written",
    "heartbeat.before_beat",
    "heartbeat.before_leave",
    "lease.before_renew",
    "lease.renewed",
    "liveness.before_bury",
    "liveness.before_lock",
    "liveness.before_look",
    "liveness.before_name",
    "liveness.before_release",
    "liveness.named",
    "migrate.before_begin",
    "migrate.before_commit",
    "migrate.begun",
    "migrate.committed",
    "reader.before_begin",
    "reader.before_end",
    "rescuer.found_dead",
    "server.before_listen",
    "server.listening",
    "sse.before_frame",
    "stager.before_stage",
    "store.before_check",
    "store.migrated",
    "store.opened",
    "stream.appended",
    "stream.before_append",
    "stream.before_read",
    "supervisor.before_give_back",
    "supervisor.before_start",
    "supervisor.gave_back",
    "supervisor.saw_end",
    "supervisor.started",
    "supervisor.stopping",
    "wake.before_bind",
    "wake.before_forget",
    "wake.before_goodbye",
    "wake.before_send",
    "wake.before_unbind",
    "wake.bound",
    "wake.heard",
    "worker.before_hold",
    "worker.before_let_go",
    "worker.held",
    "worker.stopping",
    "writer.acted",
    "writer.before_answer",
    "writer.before_begin",
    "writer.before_close",
    "writer.before_commit",
    "writer.before_publish",
    "writer.before_rollback",
    "writer.begun",
    "writer.committed",
]
FAILPOINTS: tuple[Failpoint, ...] = get_args(Failpoint)
_BY_NAME: Mapping[str, Failpoint] = {name: name for name in FAILPOINTS}

Action = Callable[[str], object]  # told the point's name, on the thread that reached it


class _Armed(NamedTuple):
    act: Action
    at: int  # the time at which it acts, counted from 1
    times: "itertools.count[int]"  # safe from any thread: its `next` is one step


_armed: dict[str, _Armed] = {}


def failpoint(name: Failpoint) -> None:
    """The program has come to this point."""
    if _armed:
        _reach(name)


def arm(name: Failpoint, act: Action, at: int = 1) -> None:
    """The `at`-th time from now on that this process comes to the point, `act` is called there."""
    _armed[name] = _Armed(act, at, itertools.count(1))


def disarm(name: Failpoint) -> None:
    """Nothing happens there any more."""
    _armed.pop(name, None)


def arm_from(environment: Mapping[str, str]) -> None:
    """Arms what the variables say. Raises ValueError for what is no point or no action."""
    folder = environment.get(FOLDER)
    for part in filter(None, environment.get(ARMED, "").split(",")):
        name, _, told = part.strip().partition("=")
        action, _, at = told.partition(":")
        if action not in _ACTIONS:
            raise ValueError(
                f"{ARMED} says {part!r}; an action is one of {', '.join(_ACTIONS)}, such as kill or kill:2"
            )
        act = _ACTIONS[action] if folder is None else _once(_ACTIONS[action], Path(folder))
        for point in _named(name):
            arm(point, act, int(at or 1))


def _named(name: str) -> Sequence[Failpoint]:
    if name == EVERY:
        return FAILPOINTS
    if name not in _BY_NAME:
        raise ValueError(f"{ARMED} names {name!r}; there are {', '.join(FAILPOINTS)}, and {EVERY} for all")
    return [_BY_NAME[name]]


def _reach(name: str) -> None:
    armed = _armed.get(name)
    if armed is not None and next(armed.times) == armed.at:
        armed.act(name)


def _once(act: Action, folder: Path) -> Action:
    def act_once(name: str) -> None:
        try:
            (folder / name).touch(exist_ok=False)
        except FileExistsError:
            return
        act(name)

    return act_once


def _kill(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail(name: str) -> None:
    raise OSError(errno.EIO, f"failpoint {name}")


def _pause(_: str) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _pass(_: str) -> None:
    """It is only noted in the folder."""


_ACTIONS: Mapping[str, Action] = {"kill": _kill, "error": _fail, "pause": _pause, "pass": _pass}

arm_from(os.environ)
