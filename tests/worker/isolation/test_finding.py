"""How a process finds the function that it is to run."""

import asyncio
import sys
from pathlib import Path

import pytest

from jobhive import Jobhive
from tests.worker import dying_jobs
from tests.worker import isolated_jobs as jobs
from tests.worker.isolation.asking import (
    AS_MODULE,
    AS_SCRIPT,
    failed,
    result,
    worker_process,
)


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
    app.job(isolation="process", name="plain")(dying_jobs.die)
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
