"""`jobhive completion`: what a shell needs to complete commands, options, ids, kinds and queues."""

import os
from typing import Annotated, Literal

import typer


def completion(
    context: typer.Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell.", show_default=False)],
) -> None:
    """Print the script that makes a shell complete what is typed; ids and names come from the running server.

    \b
    Example: eval "$(jobhive completion bash)"                 # in ~/.bashrc
    Example: eval "$(jobhive completion zsh)"                  # in ~/.zshrc, after compinit
    Example: jobhive completion fish > ~/.config/fish/completions/jobhive.fish
    """
    os.environ["_JOBHIVE_COMPLETE"] = f"source_{shell}"  # how the scripts themselves ask for everything else
    context.find_root().command.main([], prog_name="jobhive")
