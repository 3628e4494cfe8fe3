"""Options that several commands share.

Where an option is a setting, its variable is read by `load_settings`, so that a complaint names the true origin.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from jobhive.cli.commands.completing import job_ids, kinds, queues

Server = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Address of the server.  [env var: JOBHIVE_SERVER; default: http://127.0.0.1:8700]",
        allow_from_autoenv=False,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The store: a path, sqlite:///… or postgresql://…  "
        "[env var: JOBHIVE_URL; default: jobhive.db in the data folder]",
        allow_from_autoenv=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of everything that is kept.  [env var: JOBHIVE_DATA; default: .jobhive]",
        allow_from_autoenv=False,
    ),
]
Host = Annotated[
    str | None,
    typer.Option(help="Address to listen at.  [env var: JOBHIVE_HOST; default: 127.0.0.1]", allow_from_autoenv=False),
]
Port = Annotated[
    int | None,
    typer.Option(
        help="Port to listen at, 0 for any free one.  [env var: JOBHIVE_PORT; default: 8700]", allow_from_autoenv=False
    ),
]
LogFormat = Annotated[
    Literal["auto", "human", "json"] | None,
    typer.Option(envvar="JOBHIVE_LOG_FORMAT", help="Form of the log on stderr; auto is human on a terminal."),
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"] | None,
    typer.Option(envvar="JOBHIVE_LOG_LEVEL", help="Least important lines of the log to show."),
]
App = Annotated[
    str | None,
    typer.Option(
        metavar="MODULE:NAME",
        help="Your Jobhive object, imported from the current folder; without it, the built-in kinds.",
        envvar="JOBHIVE_APP",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="GGUF file that kind `generate` runs; with --inference-url: the name of one of the server's models.",
        envvar="JOBHIVE_MODEL",
    ),
]
InferenceUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Server that generates instead: vLLM, llama.cpp, Ollama; $JOBHIVE_INFERENCE_KEY holds its key.  "
        "[env var: JOBHIVE_INFERENCE_URL]",
        allow_from_autoenv=False,
    ),
]
InferenceDialect = Annotated[
    Literal["auto", "llama.cpp", "vllm", "openai"] | None,
    typer.Option(
        help="Parameters that this server knows.  [env var: JOBHIVE_INFERENCE_DIALECT; default: auto, as it says]",
        allow_from_autoenv=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON; --json=id,state prints these fields only.")]
OnlyJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Fields = Annotated[
    str | None,
    typer.Option("--fields", metavar="NAMES", help="Fields of the JSON, with commas between them: --json=NAMES."),
]
Template = Annotated[
    str | None,
    typer.Option("--format", metavar="TEMPLATE", help="Print a line for each, such as '{id} is {state}'."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print how many jobs it would be, and do nothing.")]
StateFilter = Annotated[
    Literal["waiting", "scheduled", "pending", "running", "complete", "failed", "cancelled"] | None,
    typer.Option(help="Only jobs in this state."),
]
KindFilter = Annotated[str | None, typer.Option(help="Only jobs of this kind.", autocompletion=kinds)]
QueueFilter = Annotated[str | None, typer.Option(help="Only jobs in this queue.", autocompletion=queues)]
JobId = Annotated[
    str,
    typer.Argument(metavar="ID", help="Id of the job, such as job-0192….", show_default=False, autocompletion=job_ids),
]
JobIds = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Ids of jobs.", show_default=False, autocompletion=job_ids)
]
SomeJobIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Ids of jobs; or choose by filters.", autocompletion=job_ids),
]
Arguments = Annotated[
    list[str] | None,
    typer.Option("-a", metavar="NAME=VALUE", help="A param; JSON where it is JSON, otherwise text. Repeat it."),
]
Params = Annotated[str | None, typer.Option(metavar="JSON", help="All params as one JSON object.")]
KindName = Annotated[
    str,
    typer.Argument(metavar="KIND", help="Kind of the job, such as generate.", show_default=False, autocompletion=kinds),
]
Queue = Annotated[str | None, typer.Option(help="Queue, instead of the kind's own.", autocompletion=queues)]
Priority = Annotated[int | None, typer.Option(help="Higher runs first.")]
Delay = Annotated[float | None, typer.Option(metavar="SECONDS", help="Run it so much later.")]
Key = Annotated[str | None, typer.Option(help="Idempotency key: the same key again gives the same job.")]
