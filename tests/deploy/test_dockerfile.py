"""The image has what runs and nothing else. ``tests/deploy/clean_root.py`` runs its steps, and the product in it."""

from __future__ import annotations

import re
import tomllib

from tests.deploy.clean_root import DOCKERFILE, ROOT, read_instructions
from tests.deploy.deployments import image

STAGES = " ".join(f"{name} {text}\n" for name, text in read_instructions()).split("FROM ")[1:]


def test_it_has_two_stages_and_the_last_has_no_installer() -> None:
    """Compilers, pip and the source stay in the first stage."""
    build, last = STAGES
    assert "pip install --no-cache-dir --require-hashes" in build
    assert "pip uninstall" in build
    assert "pip" not in last
    assert re.findall(r"COPY (\S+)", last) == ["--from=build"]


def test_the_last_stage_has_what_runs() -> None:
    """git for the mirrors, ssh for its addresses, certificates for Gate; the user is a number that is not root."""
    _, last = STAGES
    assert {"git", "openssh-client", "ca-certificates", "python3"} <= set(last.split())
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", image()["USER"])
    assert image()["ENTRYPOINT"] == ["dora"]


def test_it_names_no_host_and_no_secret() -> None:
    """Nobody's registry, proxy or token is in the image."""
    text = DOCKERFILE.read_text()
    assert not re.search(r"https?://|index-url|trusted-host|token|password|secret", text.replace("secrets", ""), re.I)
    assert "ARG" not in dict(read_instructions())


def test_it_copies_what_the_wheel_needs() -> None:
    """The packages and files of pyproject.toml, each of which the list of ignored files lets through."""
    copies = [text.split() for name, text in read_instructions() if name == "COPY" and "--from" not in text]
    copied = {word for words in copies for word in words[:-1]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages | {"pyproject.toml", project["project"]["readme"], "LICENSE", "deploy/requirements.txt"} == copied
    ignored = (DOCKERFILE.with_name("Dockerfile.dockerignore")).read_text().split()
    assert {word[1:] for word in ignored if word.startswith("!")} == copied
