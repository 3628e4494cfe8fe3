"""`jobhive job cancel|retry|rm`: on jobs by their ids, or on all that match."""

from typing import Annotated

import typer

from jobhive.cli.commands.options import DryRun, KindFilter, QueueFilter, Server, SomeJobIds, StateFilter, Yes

All = Annotated[bool, typer.Option("--all-matching", help="All jobs that match the filters, as they are now.")]


def cancel(
    job_ids: SomeJobIds = None,
    state: StateFilter = None,
    kind: KindFilter = None,
    queue: QueueFilter = None,
    all_matching: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    server: Server = None,
) -> None:
    """Cancel jobs: at once where they wait, as soon as their handler has stopped where they run.

    \b
    Example: jobhive job cancel job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    Example: jobhive job cancel --kind generate --state pending --all-matching
    """
    from jobhive.cli.commands.bulk import CANCEL, Choice, steer

    choice = Choice(job_ids or [], state, kind, queue, all_matching)
    steer(CANCEL, choice, server, is_agreed=yes, is_dry=dry_run)


def retry(
    job_ids: SomeJobIds = None,
    state: StateFilter = None,
    kind: KindFilter = None,
    queue: QueueFilter = None,
    all_matching: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    server: Server = None,
) -> None:
    """Run failed or cancelled jobs again, with their failures forgotten. Filters without --state mean failed ones.

    \b
    Example: jobhive job retry job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    Example: jobhive job retry --kind generate --all-matching --dry-run
    """
    from jobhive.cli.commands.bulk import RETRY, Choice, steer

    choice = Choice(job_ids or [], state, kind, queue, all_matching)
    steer(RETRY, choice, server, is_agreed=yes, is_dry=dry_run)


def rm(
    job_ids: SomeJobIds = None,
    state: StateFilter = None,
    kind: KindFilter = None,
    queue: QueueFilter = None,
    all_matching: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    server: Server = None,
) -> None:
    """Delete ended jobs for good, with their events and results.

    \b
    Example: jobhive job rm -y job-0192f3c0a1b27c3d8e4f5a6b7c8d9e0f
    Example: jobhive job rm --state complete --all-matching --dry-run
    """
    from jobhive.cli.commands.bulk import DELETE, Choice, steer

    choice = Choice(job_ids or [], state, kind, queue, all_matching)
    steer(DELETE, choice, server, is_agreed=yes, is_dry=dry_run)
