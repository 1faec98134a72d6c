"""What the containers may and may not do, and what they say when a setting is missing."""

import json
import time
from pathlib import Path

import pytest

from tests.containers.compose_stack import SERVICES, ComposeError, ComposeStack, prepare, run

STOP_SECONDS = 12.0
HARD_PASSWORD = "p;w\\x\\;y z"


@pytest.mark.usefixtures("engine")
def test_a_missing_password_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "empty.env").touch()

    with pytest.raises(ComposeError, match=r"ASTERISK_ARI_PASSWORD.*deploy/new-env\.sh"):
        run(["docker", "compose", "--env-file", str(tmp_path / "empty.env"), "config", "--quiet"])


@pytest.mark.usefixtures("engine")
def test_secrets_can_come_from_files(tmp_path: Path) -> None:
    project = prepare(tmp_path)
    with project.env_file.open("a") as settings:
        settings.write(f"ASTERISK_ARI_PASSWORD=in-file\nASTERISK_ARI_PASSWORD_FILE={tmp_path / 'ari'}\n")

    config = json.loads(project.compose("config", "--format", "json"))

    for service in ("asterisk", "ari-gateway"):
        assert config["services"][service]["environment"]["ASTERISK_ARI_PASSWORD_FILE"] == "/run/secrets/ari-password"
    assert config["secrets"]["ari-password"]["file"] == str(tmp_path / "ari")


@pytest.mark.parametrize(
    ("password", "complaint"), [("", "is not set"), ("change-me-please", "is a placeholder"), ("short", "is shorter")]
)
def test_asterisk_refuses_to_start_without_a_password(stack: ComposeStack, password: str, complaint: str) -> None:
    image = stack.containers("asterisk")[0]["Config"]["Image"]

    with pytest.raises(ComposeError, match=rf"asterisk: setting ASTERISK_ARI_PASSWORD: {complaint}.*new-env\.sh"):
        run(["docker", "run", "--rm", "--env", f"ASTERISK_ARI_PASSWORD={password}", image])


@pytest.mark.parametrize("service", [*SERVICES, "asterisk"])
def test_a_container_is_ready_and_confined(stack: ComposeStack, service: str) -> None:
    for container in stack.containers(service):
        host = container["HostConfig"]
        assert container["State"]["Health"]["Status"] == "healthy"
        assert container["State"]["Health"]["Log"][-1]["Output"].strip() == "ready"
        assert container["Config"]["User"] not in {"", "root", "0"}
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]


def test_only_sip_and_audio_are_published_and_only_on_loopback(stack: ComposeStack) -> None:
    for service in (*SERVICES, "redis"):
        assert all(not bound for bound in stack.containers(service)[0]["NetworkSettings"]["Ports"].values())

    ports = stack.containers("asterisk")[0]["NetworkSettings"]["Ports"]
    published = {port: bound for port, bound in ports.items() if bound}
    assert all(port.endswith("/udp") for port in published)
    assert {one["HostIp"] for bound in published.values() for one in bound} == {"127.0.0.1"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_service_is_the_first_process_of_its_container(stack: ComposeStack, service: str) -> None:
    command = stack.compose("exec", "-T", service, "cat", "/proc/1/cmdline").split("\0")

    assert command[1:3] == ["-m", service.replace("-", "_")]


def test_the_trunk_registers_with_the_account_of_the_environment(stack: ComposeStack) -> None:
    image = stack.containers("asterisk")[0]["Config"]["Image"]
    settings = {
        "ASTERISK_ARI_PASSWORD": "0123456789abcdef",
        "NOVOFON_HOST": "127.0.0.9",
        "NOVOFON_LOGIN": "100200",
        "NOVOFON_PASSWORD": HARD_PASSWORD,
        "NOVOFON_NUMBER": "74951234567",
    }
    name = f"{stack.project}-trunk"
    environment = [f"--env={one}={value}" for one, value in settings.items()]
    run(["docker", "run", "--rm", "--detach", "--name", name, *environment, image])
    try:
        deadline = time.monotonic() + 30
        while "fully booted" not in _cli(name, "core waitfullybooted"):
            assert time.monotonic() < deadline
        registration = _cli(name, "pjsip show registration novofon")
        password = _cli(name, "pjsip show auth novofon")
    finally:
        run(["docker", "stop", name])

    assert "sip:100200@127.0.0.9" in registration
    assert "74951234567" in registration
    assert HARD_PASSWORD in password


def _cli(container: str, command: str) -> str:
    try:
        return run(["docker", "exec", container, "asterisk", "-rx", command])
    except ComposeError as error:
        return str(error)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_stops_cleanly_and_comes_back(stack: ComposeStack, service: str) -> None:
    began = time.monotonic()
    stack.compose("stop", service)
    took = time.monotonic() - began

    assert {container["State"]["ExitCode"] for container in stack.containers(service)} == {0}
    assert took < STOP_SECONDS
    stack.up("--no-recreate")
