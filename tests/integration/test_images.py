"""The files that images, compose and Kubernetes are made from."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.dockerfile import Stage, read_dockerfile
from support.image_root import Builder, Image

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KUBERNETES = ROOT / "deploy" / "kubernetes"
MANIFESTS = sorted(path for path in KUBERNETES.glob("*.yaml") if path.stem != "kustomization")
DOCKERFILES = ["Dockerfile", "Dockerfile.worker"]
_DIGEST = {"PYTHON_DIGEST": f"sha256:{'1' * 64}"}
_READY_WITHIN_S = 60.0
_SHARED = re.compile(r"# shared stages begin\n(.+)# shared stages end", re.DOTALL)


def _checked(*words: str | Path) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _stages(name: str) -> dict[str, Stage]:
    return read_dockerfile(ROOT / name, _DIGEST)


def _final(name: str) -> Stage:
    stages = _stages(name)
    return stages[next(reversed(stages))]


def _documents() -> Iterator[dict[str, Any]]:
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text())


def _deployments() -> list[dict[str, Any]]:
    return [document for document in _documents() if document["kind"] == "Deployment"]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint_finds_nothing_to_say(name: str) -> None:
    """The linter of Dockerfiles has no remark, not even a small one."""
    assert _checked(BIN / "hadolint", name) == ""


def test_both_images_are_made_from_the_same_stages() -> None:
    """What the API and the worker share is written twice, word for word the same."""
    api, worker = (_SHARED.findall((ROOT / name).read_text()) for name in DOCKERFILES)

    assert len(api) == 1
    assert api == worker


@pytest.mark.parametrize("name", DOCKERFILES)
def test_nothing_comes_from_an_image_that_is_not_pinned(name: str) -> None:
    """Each stage starts from another one, or from the base image by its digest."""
    stages = _stages(name)

    strangers = [stage.base for stage in stages.values() if stage.base not in stages]

    assert strangers == [f"python:3.13-slim-bookworm@{_DIGEST['PYTHON_DIGEST']}"]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_no_instruction_needs_a_shell(name: str) -> None:
    """Steps, probe and entry point name programs, so that the image works without a shell."""
    text = (ROOT / name).read_text()

    told = re.findall(r"^\s*(?:RUN|CMD|ENTRYPOINT) +(.)", text, re.MULTILINE)

    assert set(told) == {"["}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_images_run_as_nobody_special_and_say_how_they_are(name: str) -> None:
    """The last stage has a user above the system's, a signal to stop by, labels and a probe."""
    stages = _stages(name)
    final, runtime = stages[next(reversed(stages))], stages["runtime"]

    assert runtime.last("USER") == ("10001:10001",)
    assert runtime.last("STOPSIGNAL") == ("SIGTERM",)
    assert final.last("HEALTHCHECK")[1] == "health"
    assert "org.opencontainers.image.licenses=Apache-2.0" in final.last("LABEL")


def test_only_what_the_stages_copy_reaches_the_builder() -> None:
    """A new file at the top, such as an `.env`, is left out unless somebody lets it in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source.split("/")[0] if source.startswith("requirements") else source
        for stage in _stages("Dockerfile").values()
        for step in stage.steps
        if step.word == "COPY" and "from" not in step.options
        for source in step.words[:-1]
    }

    assert "*" in lines
    assert let_in == copied


def test_compose_file_follows_the_specification() -> None:
    """The schema of the Compose Specification has no complaint."""
    _checked(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_follow_the_api_of_kubernetes(path: Path) -> None:
    """The API's own schemas, read strictly, have no complaint."""
    _checked(BIN / "kubernetes-validate", "--strict", path)


def test_every_manifest_is_among_the_resources() -> None:
    """`kubectl apply -k` applies all of them."""
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())

    assert sorted(kustomization["resources"]) == [path.name for path in MANIFESTS]


@pytest.mark.parametrize("deployment", _deployments(), ids=lambda found: found["metadata"]["name"])
def test_pods_ask_for_no_privilege(deployment: dict[str, Any]) -> None:
    """Pods keep the restricted standard, write nowhere but their home, and have their bounds."""
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)


@pytest.mark.parametrize(
    ("name", "service"), [("Dockerfile", "api"), ("Dockerfile.worker", "worker")]
)
def test_ports_and_words_are_the_same_everywhere(name: str, service: str) -> None:
    """Image and pod start the same command, on the port that their probes ask."""
    command, (port,) = _final(name).last("CMD"), _final(name).last("EXPOSE")
    (pod,) = (
        found["spec"]["template"]["spec"]
        for found in _deployments()
        if found["metadata"]["name"] == f"sanderling-{service}"
    )
    (container,) = pod["containers"]

    assert tuple(container["args"]) == command
    assert command[-2:] == ("--port", port)
    assert [item["containerPort"] for item in container["ports"]] == [int(port)]
    assert _final(name).last("HEALTHCHECK")[-1].endswith(f":{port}")


@pytest.fixture(scope="module", params=DOCKERFILES)
def image(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Image]:
    """Build every stage in folders, with chroot; only root can."""
    if os.geteuid() != 0:
        pytest.skip("only root can confine build steps to a folder")
    folder = tmp_path_factory.mktemp("image")
    return request.param, Builder(ROOT / request.param, ROOT, folder).build()


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_every_wall_is_proven_in_the_image(image: tuple[str, Image]) -> None:
    """As the image's user, on a read-only root and without a capability, the sandbox holds."""
    _, built = image
    words = built.words(["/opt/sanderling/bin/sanderling", "doctor", "--json"])

    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    report = json.loads(done.stdout)

    assert done.returncode == 0, done.stdout
    required = [layer for layer in report["layers"] if layer["required"]]
    assert {layer["state"] for layer in required} == {"proven"}
    assert len(required) >= 6


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_guests_cannot_import_what_the_service_has(image: tuple[str, Image]) -> None:
    """The interpreter of guests has no package of the service, and nothing that installs one."""
    _, built = image
    for module in ("starlette", "pip", "sqlalchemy"):
        words = built.words(["/usr/local/bin/python3", "-c", f"import {module}"])

        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

        assert f"No module named '{module}'" in done.stderr


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_entry_point_serves_and_stops_in_order(
    image: tuple[str, Image], tmp_path: Path
) -> None:
    """The image's own command gets ready, its own probe agrees, and SIGTERM ends it with 0."""
    name, built = image
    final = _final(name)
    entry = [*final.last("ENTRYPOINT"), *final.last("CMD")]
    entry[-1] = "0"
    words = built.words([*entry, "--json"], APP_SECRET="s" * 40)
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["listening"]
        probe = built.words([*final.last("HEALTHCHECK")[:-1], url])
        deadline = time.monotonic() + _READY_WITHIN_S
        while subprocess.run(probe, check=False, timeout=60).returncode != 0:
            assert time.monotonic() < deadline
    finally:
        process.terminate()
        status = process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
    assert status == 0
