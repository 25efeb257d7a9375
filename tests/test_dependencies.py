"""What is installed is what was pinned: every dependency by version and by the hashes of its files."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILES = ("constraints.txt", "constraints-bench.txt")
IMAGE = "deploy/requirements.txt"
EXTRAS = ("google", "login", "report", "test")
ENTRY = re.compile(
    r"(?P<name>[a-z0-9.-]+)==(?P<version>[\w.!+]+)(?: ; [^\\\n]+?)?"
    r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)


def read_pins(*files: str) -> dict[str, str]:
    """The version of each package."""
    text = "".join((ROOT / name).read_text() for name in files)
    return {entry["name"]: entry["version"] for entry in ENTRY.finditer(text)}


@pytest.mark.parametrize("name", [*FILES, IMAGE])
def test_s14_every_package_has_a_version_and_hashes(name: str) -> None:
    """Nothing else is in the file: no address of a registry, no option of pip, no path of a machine."""
    text = (ROOT / name).read_text()
    assert len(read_pins(name)) >= 8
    assert ENTRY.sub("", text) == ""
    assert read_pins(FILES[0]).keys().isdisjoint(read_pins(FILES[1]))


def test_s14_the_image_has_the_pinned_versions() -> None:
    """What the image installs is what is tested, without the tools of the tests."""
    image, tested = read_pins(IMAGE), read_pins(FILES[0])
    assert image.items() <= tested.items()
    needed = {name for name, _ in walk("delivery-metrics", ("google", "login", "report"))} - {"delivery-metrics"}
    assert needed | {"hatchling"} <= image.keys()
    assert "pytest" not in image


def walk(name: str, extras: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name and version of every package that this one needs here, with those that they need."""
    pending, seen = [(name, extras)], set()
    while pending:
        package = pending.pop()
        if package in seen:
            continue
        seen.add(package)
        distribution = metadata.distribution(package[0])
        yield canonicalize_name(package[0]), distribution.version
        for text in distribution.requires or ():
            requirement = Requirement(text)
            environments = [{"extra": extra} for extra in ("", *package[1])]
            if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
                pending.append((canonicalize_name(requirement.name), tuple(sorted(requirement.extras))))


def test_s14_every_installed_dependency_is_pinned() -> None:
    """Whatever is imported at run time or by a test has the pinned version; nothing comes along unpinned."""
    pins = read_pins(FILES[0])
    installed = {name: version for name, version in walk("delivery-metrics", EXTRAS) if name != "delivery-metrics"}
    assert len(installed) > 80
    assert {name: version for name, version in installed.items() if pins.get(name) != version} == {}


def test_s14_the_set_up_requires_hashes() -> None:
    """Of ``make setup``, which CI runs too, and of the benchmarks."""
    installs = re.findall(r"^\t\$\(PIP\) (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    tools = ("pip-audit", "kubernetes-validate")  # of one command each
    locked = [line for line in installs if not line.startswith(("--require-hashes --no-deps -r", *tools))]
    assert locked == ["--no-deps --no-build-isolation -e ."]
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_s14_a_package_of_another_content_is_not_installed(tmp_path: Path) -> None:
    """pip refuses a wheel that is not the one whose hash was pinned."""
    with zipfile.ZipFile(tmp_path / "pinned-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pinned.py", "raise SystemExit('another content')")
        wheel.writestr("pinned-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: pinned\nVersion: 1\n")
        wheel.writestr("pinned-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("pinned-1.dist-info/RECORD", "")
    (tmp_path / "constraints.txt").write_text(f"pinned==1 --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-index", "--no-cache-dir"]
    options = ["--find-links", tmp_path, "--target", tmp_path / "target", "-r", tmp_path / "constraints.txt"]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "DO NOT MATCH THE HASHES" in result.stderr
    assert not (tmp_path / "target").exists()
