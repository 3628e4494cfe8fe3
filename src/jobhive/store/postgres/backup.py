"""A copy of the schema as of one moment, made by PostgreSQL's own program while others read and write."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from jobhive.core.errors import StoreError, StoreRefused
from jobhive.store.files import new_file, usable
from jobhive.store.postgres.address import Address

_LARGEST_TABLE = "jobhive_job"
_PROGRAM, _CHECKER = "pg_dump", "pg_restore"
_FOR_PROGRAMS = re.compile(r"host|port|user|passfile|ssl[a-z_]+|target_session_attrs")  # they refuse anything else


def write_backup(address: Address, schema: str, target: Path) -> None:
    """An archive for `pg_restore`. Raises StoreRefused where the program is missing or refuses, with no file left."""
    pattern = '"{}"'.format(schema.replace('"', '""'))  # else capitals would be folded and dots divide
    command = [_PROGRAM, "--format=custom", f"--schema={pattern}", f"--dbname={_url(address)}"]
    for program in (_PROGRAM, _CHECKER):
        if shutil.which(program) is None:
            told = shlex.join([*command, f"--file={target}"])
            advice = "install PostgreSQL's client programs, or run where they are"
            raise StoreRefused(f"{program} is not to be found here; {advice}: {told}")
    with new_file(target) as part:
        with usable(target):
            part.touch(mode=0o600, exist_ok=False)
        _run([*command, f"--file={part}"], address)
        if f" {_LARGEST_TABLE} " not in _run([_CHECKER, "--list", str(part)], address):
            raise StoreError(f"{_PROGRAM} made a copy of {address.url} without {_LARGEST_TABLE}; is the schema ours?")


def _run(command: Sequence[str], address: Address) -> str:
    """What the program prints."""
    password = _password(address)
    secrets = {} if password is None else {"PGPASSWORD": password}
    done = subprocess.run(command, env=os.environ | secrets, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StoreError(f"{command[0]} made no copy of {address.url}: {done.stderr.strip()}")
    return done.stdout


def _url(address: Address) -> str:
    """The address without secrets, as PostgreSQL's programs take it."""
    parts = urlsplit(address.url)
    options = {name: value for name, value in parse_qsl(parts.query) if _FOR_PROGRAMS.fullmatch(name)}
    return parts._replace(query=urlencode(options, safe="/,")).geturl()


def _password(address: Address) -> str | None:
    parts = urlsplit(address.dsn)
    written = dict(parse_qsl(parts.query)).get("password")
    return written or (None if parts.password is None else unquote(parts.password))
