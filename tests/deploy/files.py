"""What `deploy/` says, as the tests need it."""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
GUIDE = REPOSITORY / "docs" / "deploying.md"

_OPTIONAL = re.compile(r"\$\{\w+:-([^}]*)\}")
_NEEDED = re.compile(r"\$\{\w+:\?[^}]*\}")
_UNITS = {"s": 1, "m": 60}


class Deployed(NamedTuple):
    """One program as one of the files starts it."""

    where: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    stop_seconds: float  # between the order to stop and SIGKILL


class Image(NamedTuple):
    """What the Containerfile says of the image itself, and which files it takes from the checkout."""

    environment: Mapping[str, str]
    user: str
    port: int
    healthcheck: Sequence[str]
    entrypoint: Sequence[str]
    copied: Sequence[str]


def image() -> Image:
    """The last stage; the copied files are those of the first."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    said = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    last = {word: rest for word, rest in said if word != "COPY"}
    copies = [rest.split()[:-1] for word, rest in said if word == "COPY" and not rest.startswith("--from")]
    return Image(
        dict(part.split("=", 1) for part in shlex.split(last["ENV"])),
        last["USER"],
        int(last["EXPOSE"]),
        json.loads(last["HEALTHCHECK"].partition("CMD ")[2]),
        json.loads(last["ENTRYPOINT"]),
        [name for names in copies for name in names],
    )


def compose() -> dict[str, Any]:
    """The compose file, with the values that stand where nobody chose others."""
    text = (DEPLOY / "compose.yaml").read_text()
    parsed: dict[str, Any] = yaml.safe_load(_NEEDED.sub("secret", _OPTIONAL.sub(r"\1", text)))
    return parsed


def kubernetes() -> Iterator[dict[str, Any]]:
    """Every document of the Kubernetes example."""
    for path in sorted((DEPLOY / "kubernetes").rglob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def resource(kind: str, name: str) -> dict[str, Any]:
    """The one of that name."""
    [found] = [each for each in kubernetes() if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def unit(name: str) -> Mapping[str, Sequence[str]]:
    """The lines of a systemd unit by their key, for an instance `mail`."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for line in (DEPLOY / "systemd" / name).read_text().replace("%i", "mail").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            said[key].append(value)
    return said


def programs() -> list[Deployed]:
    """All that are started, anywhere."""
    return [*_of_compose(), *_of_kubernetes(), *_of_systemd()]


def seconds(text: str) -> float:
    """`90s`, `5m`, or a number."""
    return float(text.rstrip("sm")) * _UNITS.get(text[-1], 1)


def _of_compose() -> Iterator[Deployed]:
    for name, service in compose()["services"].items():
        if service["image"] == "jobhive":
            told = {key: str(value) for key, value in service["environment"].items()}
            stop_seconds = seconds(service["stop_grace_period"])
            yield Deployed(f"compose: {name}", service["command"], {**image().environment, **told}, stop_seconds)


def _of_kubernetes() -> Iterator[Deployed]:
    [shared] = [each["configMapGenerator"] for each in kubernetes() if "configMapGenerator" in each]
    common = dict(literal.split("=", 1) for literal in shared[0]["literals"])
    for deployment in (each for each in kubernetes() if each["kind"] == "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        told = {each["name"]: each.get("value", "postgresql://me:secret@db/jobs") for each in container["env"]}
        environment = {**image().environment, **common, **told}
        stop_seconds = pod["terminationGracePeriodSeconds"]
        yield Deployed(f"kubernetes: {container['name']}", container["args"], environment, stop_seconds)


def _of_systemd() -> Iterator[Deployed]:
    for path in sorted((DEPLOY / "systemd").iterdir()):
        said = unit(path.name)
        words = shlex.split(said["ExecStart"][0])
        told = dict(each.split("=", 1) for each in said["Environment"])
        yield Deployed(f"systemd: {path.name}", words[1:], told, seconds(said["TimeoutStopSec"][0]))
