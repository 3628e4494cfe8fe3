"""The database itself refuses what the table of legal moves does not hold, whoever writes and however."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol

import apsw
import psycopg
import pytest

from jobhive.core.states import LEGAL_MOVES, OPEN, State
from jobhive.store.port import Store
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import cancel, complete, fail, insert_one, start_one
from tests import postgres

PAIRS = list(itertools.product(State, State))
FIRST_STATES = OPEN - {State.RUNNING}


async def _one_job_in_each_state(store: Store) -> dict[State, str]:
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
        State.WAITING: waiting.job_id,  # still running; `rows` moves it
    }


class Database(NamedTuple):
    """One job in each state, the store closed."""

    place: str  # path or URL
    ids: dict[State, str]


class Rows(Protocol):
    """The job table through a connection of the test's own, in a transaction that is not kept."""

    @property
    def refusal(self) -> type[Exception]: ...

    def move(self, before: State, after: str) -> None: ...

    def move_all(self, after: str) -> None: ...

    def copy_as(self, state: str) -> None: ...

    def states(self) -> dict[str, int]: ...


class SqliteRows:
    """`Rows` of a file."""

    refusal = apsw.ConstraintError

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


class PostgresRows:
    """`Rows` of a schema. Each write has a savepoint: a refusal would end the transaction."""

    refusal = psycopg.errors.CheckViolation

    def __init__(self, connection: psycopg.Connection, ids: dict[State, str]) -> None:
        self._connection = connection
        self._ids = ids

    def move(self, before: State, after: str) -> None:
        """Writes the state straight into the row of the job in state `before`."""
        with self._connection.transaction():
            self._connection.execute("UPDATE jobhive_job SET state = %s WHERE id = %s", (after, self._ids[before]))

    def move_all(self, after: str) -> None:
        """Writes the state into every row at once."""
        with self._connection.transaction():
            self._connection.execute("UPDATE jobhive_job SET state = %s", (after,))

    def copy_as(self, state: str) -> None:
        """Adds another job, in this state from the start."""
        with self._connection.transaction():
            self._connection.execute(
                """
                INSERT INTO jobhive_job
                    (id, state, kind, queue, priority, owner, max_retries, on_crash, created_at, params)
                SELECT 'job-copy', %s, kind, queue, priority, owner, max_retries, on_crash, created_at, params
                FROM jobhive_job LIMIT 1
                """,
                (state,),
            )

    def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        rows = self._connection.execute("SELECT state, count(*) FROM jobhive_job GROUP BY state")
        return {str(state): int(count) for state, count in rows}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with ExitStack() as stack, asyncio.Runner() as runner:
        if request.param == "sqlite":
            place = str(tmp_path_factory.mktemp("guard") / "jobhive.db")
            store: Store = SqliteStore(Path(place))
        else:
            place = stack.enter_context(postgres.fresh_schema())
            store = postgres.store(place)
        yield Database(place, runner.run(_one_job_in_each_state(store)))


@pytest.fixture
def rows(database: Database) -> Iterator[Rows]:
    with ExitStack() as stack:
        if database.place.startswith("postgres"):
            connection = stack.enter_context(postgres.connected(database.place))
            stack.callback(connection.rollback)
            connection.execute("SELECT")  # begins the transaction; those within it are savepoints
            rows: Rows = PostgresRows(connection, database.ids)
        else:
            file = apsw.Connection(database.place)
            stack.callback(file.close)
            file.execute("BEGIN")
            rows = SqliteRows(file, database.ids)
        rows.move(State.WAITING, "waiting")  # nothing in the engine waits yet, but the table has the state
        yield rows


ONE_EACH = dict.fromkeys(map(str, State), 1)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_row_moves_only_as_the_table_says(rows: Rows, before: State, after: State) -> None:  # H10, P1
    if (before, after) in LEGAL_MOVES:
        rows.move(before, after)
        assert rows.states().get(after, 0) == 1 + (before != after)
    else:
        with pytest.raises(rows.refusal, match="illegal transition"):
            rows.move(before, after)
        assert rows.states() == ONE_EACH


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("nonsense", ["", "done", "PENDING", "running "])
def test_a_row_never_moves_to_a_state_that_is_none(rows: Rows, before: State, nonsense: str) -> None:  # H10
    with pytest.raises(rows.refusal):
        rows.move(before, nonsense)
    assert rows.states() == ONE_EACH


@pytest.mark.parametrize("state", [*State, "", "done"])
def test_a_row_begins_open_and_idle(rows: Rows, state: str) -> None:  # H10, P1
    if state in FIRST_STATES:
        rows.copy_as(state)
        assert rows.states() == ONE_EACH | {state: 2}
    else:
        with pytest.raises(rows.refusal):
            rows.copy_as(state)
        assert rows.states() == ONE_EACH


def test_a_refused_row_takes_its_whole_statement_along(rows: Rows) -> None:  # H10
    with pytest.raises(rows.refusal):
        rows.move_all("pending")
    assert rows.states() == ONE_EACH
