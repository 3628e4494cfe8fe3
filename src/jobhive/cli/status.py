"""`jobhive status`: how the server, its queues and its workers are."""

from jobhive.cli.options import Json, Server


def status(json: Json = False, server: Server = None) -> None:
    """Show the server's health, its jobs by state, its queues and its active workers.

    \b
    Example: jobhive status --json
    """
    from jobhive.cli.http import connect
    from jobhive.cli.status_page import ask_status, say_status

    with connect(server) as api:
        answer = ask_status(api)
    say_status(answer, is_json=json)
