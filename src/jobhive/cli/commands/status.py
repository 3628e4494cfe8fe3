"""`jobhive status`: how the server, its queues and its workers are."""

from jobhive.cli.commands.options import OnlyJson, Server


def status(json: OnlyJson = False, server: Server = None) -> None:
    """Show the server's health, its jobs by state, its queues and its active workers.

    \b
    Example: jobhive status --json
    """
    from jobhive.cli.screen.status_page import ask_status, say_status
    from jobhive.cli.server.http import connect

    with connect(server) as api:
        answer = ask_status(api)
    say_status(answer, is_json=json)
