"""`jobhive doctor`: whether everything is there that Jobhive needs here."""

import typer

from jobhive.cli.commands.options import Data, Host, OnlyJson, Port, Url
from jobhive.cli.exits import Exit


def doctor(host: Host = None, port: Port = None, url: Url = None, data: Data = None, json: OnlyJson = False) -> None:
    """Check this machine: Python, SQLite, the data folder, the store, the port, the model. Exit code 1 on a FAIL.

    \b
    Example: jobhive doctor --data /var/lib/jobhive
    """
    from jobhive.cli.commands.checkup import examine, say_findings
    from jobhive.settings import load_settings

    findings = examine(load_settings(host=host, port=port, url=url, data=data))
    say_findings(findings, is_json=json)
    if any(finding.has_failed for finding in findings):
        raise typer.Exit(Exit.FAILED)
