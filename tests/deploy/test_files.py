"""The parts of `deploy/` fit together."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from jobhive.cli.exits import Exit
from jobhive.settings import Settings, variable
from tests.deploy.files import DEPLOY, REPOSITORY, compose, image, kubernetes, programs, resource, unit

_UNITS = ["jobhive.service", "jobhive-worker@.service"]


def test_the_image_is_made_of_files_that_the_build_is_given() -> None:
    lines = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    given = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert set(image().copied) == given
    assert all((REPOSITORY / name).exists() for name in given)


def test_the_image_is_installed_by_the_uv_that_the_lock_names() -> None:
    told = re.search(r"sed -n '/(.*?)/,/(.*?)/p' requirements.lock", (DEPLOY / "Containerfile").read_text())
    assert told is not None
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    first = next(place for place, line in enumerate(lines) if re.search(told[1], line))
    last = next(place for place in range(first + 1, len(lines)) if re.search(told[2], lines[place]))
    assert lines[first].startswith("uv==")
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[first + 1 : last + 1])
    assert not lines[last + 1].strip().startswith("--hash")


def test_the_image_has_extras_that_there_are() -> None:
    told = re.search(r"^ARG EXTRAS=(.+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert told is not None
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert set(told[1].split(",")) <= project["optional-dependencies"].keys()


def test_the_image_is_nobody_special_and_runs_the_program() -> None:
    assert image().entrypoint == ["jobhive"]
    assert image().user == "10001:10001"
    for deployment in (each for each in kubernetes() if each["kind"] == "Deployment"):
        security = deployment["spec"]["template"]["spec"]["securityContext"]
        assert f"{security['runAsUser']}:{security['runAsGroup']}" == image().user
        assert (security["runAsNonRoot"], security["fsGroup"]) == (True, security["runAsGroup"])


def test_containers_write_to_their_data_folder_and_nowhere_else() -> None:
    data = image().environment["JOBHIVE_DATA"]
    for deployment in (each for each in kubernetes() if each["kind"] == "Deployment"):
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {each["mountPath"] for each in container["volumeMounts"]} == {data, "/tmp"}
    for name in ("server", "worker"):
        service = compose()["services"][name]
        mounts = [*service.get("volumes", []), *service["tmpfs"]]
        assert service["read_only"]
        assert any(data in mount.split(":") for mount in mounts)


def test_compose_keeps_the_database_and_changes_nothing_that_makes_it_durable() -> None:
    postgres = compose()["services"]["postgres"]
    major = int(postgres["image"].partition(":")[2])
    assert 14 <= major <= 18
    assert [volume.partition(":")[0] in compose()["volumes"] for volume in postgres["volumes"]] == [True]
    assert postgres["command"] == ["postgres", "-c", "max_connections=300"]


def test_no_secret_is_written_down() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert re.findall(r"PASSWORD: (\S+)", text) == ["${POSTGRES_PASSWORD:?put"] * 2
    assert not [each for each in kubernetes() if each["kind"] == "Secret"]
    assert not re.search(r"://[^/@\s]+:[^/@\s]+@", text)


def test_a_server_that_others_reach_has_its_port_published() -> None:
    port = image().port
    [published] = compose()["services"]["server"]["ports"]
    assert published == f"127.0.0.1:{port}:{port}"
    [container] = resource("Deployment", "jobhive-server")["spec"]["template"]["spec"]["containers"]
    [service_port] = resource("Service", "jobhive-server")["spec"]["ports"]
    assert container["ports"] == [{"name": service_port["targetPort"], "containerPort": port}]


def test_no_variable_of_a_service_is_taken_for_a_setting() -> None:
    settings = {variable(name) for name in Settings.model_fields}
    for service in (each for each in kubernetes() if each["kind"] == "Service"):
        prefix = service["metadata"]["name"].upper().replace("-", "_")
        assert not {name for name in settings if fnmatch(name, f"{prefix}_*")}


def test_workers_of_a_cluster_are_chosen_by_the_label_that_they_have() -> None:
    for name in ("jobhive-server", "jobhive-worker"):
        spec = resource("Deployment", name)["spec"]
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    budget = resource("PodDisruptionBudget", "jobhive-worker")["spec"]
    worker = resource("Deployment", "jobhive-worker")["spec"]
    assert budget["selector"] == worker["selector"]
    server = resource("Deployment", "jobhive-server")["spec"]
    assert resource("Service", "jobhive-server")["spec"]["selector"] == server["selector"]["matchLabels"]
    assert resource("ScaledObject", "jobhive-worker")["spec"]["scaleTargetRef"] == {"name": "jobhive-worker"}


def test_every_file_of_the_cluster_is_applied() -> None:
    for path in (DEPLOY / "kubernetes").rglob("kustomization.yaml"):
        named = yaml.safe_load(path.read_text())["resources"]
        assert all((path.parent / name).exists() for name in named)
        assert {each.name for each in path.parent.glob("*.yaml")} <= {*named, path.name}


@pytest.mark.parametrize("name", _UNITS)
def test_a_unit_tells_its_main_process_alone_to_stop(name: str) -> None:
    said = unit(name)
    assert said["KillMode"] == ["mixed"]
    assert said["Restart"] == ["on-failure"]
    assert said["RestartPreventExitStatus"] == [str(Exit.USAGE.value)]
    assert said["SuccessExitStatus"] == [str(Exit.INTERRUPTED.value)]


@pytest.mark.parametrize("name", _UNITS)
def test_a_unit_may_write_to_its_data_folder_only(name: str) -> None:
    said = unit(name)
    [program] = [each for each in programs() if each.where == f"systemd: {name}"]
    assert (said["ProtectSystem"], said["NoNewPrivileges"], said["User"]) == (["strict"], ["yes"], ["jobhive"])
    assert Path("/var/lib", said["StateDirectory"][0]) == Path(program.environment["JOBHIVE_DATA"])
