"""The database itself refuses what the table of legal moves does not hold, whoever writes and however."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from jobhive.core.states import LEGAL_MOVES, OPEN, State
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import cancel, complete, fail, insert_one, start_one

PAIRS = list(itertools.product(State, State))
FIRST_STATES = OPEN - {State.RUNNING}


async def _one_job_in_each_state(path: Path) -> dict[State, str]:
    store = SqliteStore(path)
    await store.open()
    done, failed, cancelled = [await start_one(store) for _ in range(3)]
    await store.jobs.finish([complete(done), fail(failed), cancel(cancelled)])
    waiting, running = await start_one(store), await start_one(store)
    pending, scheduled = await insert_one(store), await insert_one(store, delay_ms=10**9)
    await store.close()
    return {
        State.COMPLETE: done.job_id,
        State.FAILED: failed.job_id,
        State.CANCELLED: cancelled.job_id,
        State.RUNNING: running.job_id,
        State.PENDING: pending,
        State.SCHEDULED: scheduled,
        State.WAITING: waiting.job_id,  # still running; `database` moves it
    }


class Database(NamedTuple):
    """A file with one job in each state, its store closed."""

    path: Path
    ids: dict[State, str]


class Rows:
    """The job table through a connection of the test's own, in a transaction that is not kept."""

    def __init__(self, connection: apsw.Connection, ids: dict[State, str]) -> None:
        self._connection = connection
        self._ids = ids

    def move(self, before: State, after: str) -> None:
        """Writes the state straight into the row of the job in state `before`."""
        self._connection.execute("UPDATE job SET state = ? WHERE id = ?", (after, self._ids[before]))

    def move_all(self, after: str) -> None:
        """Writes the state into every row at once."""
        self._connection.execute("UPDATE job SET state = ?", (after,))

    def copy_as(self, state: str) -> None:
        """Adds another job, in this state from the start."""
        columns = "kind, queue, priority, owner, max_retries, on_crash, created_at, params"
        self._connection.execute(
            f"INSERT INTO job (id, state, {columns}) SELECT 'job-copy', ?, {columns} FROM job LIMIT 1", (state,)
        )

    def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        rows = self._connection.execute("SELECT state, count(*) FROM job GROUP BY state")
        return {str(state): int(str(count)) for state, count in rows}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = tmp_path_factory.mktemp("guard") / "jobhive.db"
    with asyncio.Runner() as runner:
        return Database(path, runner.run(_one_job_in_each_state(path)))


@pytest.fixture
def rows(database: Database) -> Iterator[Rows]:
    connection = apsw.Connection(str(database.path))
    rows = Rows(connection, database.ids)
    connection.execute("BEGIN")
    rows.move(State.WAITING, "waiting")  # nothing in the engine waits yet, but the table has the state
    yield rows
    connection.execute("ROLLBACK")
    connection.close()


ONE_EACH = dict.fromkeys(map(str, State), 1)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_row_moves_only_as_the_table_says(rows: Rows, before: State, after: State) -> None:  # H10, P1
    if (before, after) in LEGAL_MOVES:
        rows.move(before, after)
        assert rows.states().get(after, 0) == 1 + (before != after)
    else:
        with pytest.raises(apsw.ConstraintError, match="illegal transition"):
            rows.move(before, after)
        assert rows.states() == ONE_EACH


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("nonsense", ["", "done", "PENDING", "running "])
def test_a_row_never_moves_to_a_state_that_is_none(rows: Rows, before: State, nonsense: str) -> None:  # H10
    with pytest.raises(apsw.ConstraintError):
        rows.move(before, nonsense)
    assert rows.states() == ONE_EACH


@pytest.mark.parametrize("state", [*State, "", "done"])
def test_a_row_begins_open_and_idle(rows: Rows, state: str) -> None:  # H10, P1
    if state in FIRST_STATES:
        rows.copy_as(state)
        assert rows.states() == ONE_EACH | {state: 2}
    else:
        with pytest.raises(apsw.ConstraintError):
            rows.copy_as(state)
        assert rows.states() == ONE_EACH


def test_a_refused_row_takes_its_whole_statement_along(rows: Rows) -> None:  # H10
    with pytest.raises(apsw.ConstraintError):
        rows.move_all("pending")
    assert rows.states() == ONE_EACH
