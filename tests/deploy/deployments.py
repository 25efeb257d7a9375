"""The files of deploy/, parsed."""

from __future__ import annotations

import configparser
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.clean_root import read_instructions

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS, MANIFESTS = DEPLOY / "systemd", DEPLOY / "kubernetes"


def read_unit(path: Path) -> configparser.ConfigParser:
    """Return a unit of systemd."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path)
    return unit


@cache
def manifests() -> dict[str, dict[str, Any]]:
    """Return the manifests that kustomization.yaml names, by their kind."""
    names = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]
    found = [each for name in names for each in yaml.safe_load_all((MANIFESTS / name).read_text())]
    return {each["kind"]: each for each in found}


@cache
def pods() -> dict[str, dict[str, Any]]:
    """Return the templates of pods, by component."""
    templates = [
        manifests()["Deployment"]["spec"]["template"],
        manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"],
    ]
    return {template["metadata"]["labels"]["app.kubernetes.io/component"]: template for template in templates}


def containers() -> dict[str, dict[str, Any]]:
    """Return the only container of each pod, by component."""
    return {name: pod["spec"]["containers"][0] for name, pod in pods().items()}


def image() -> dict[str, Any]:
    """Return the instructions of the last stage of the image that stand alone; lists are parsed."""
    instructions = dict(read_instructions())
    return {name: json.loads(text) if text.startswith("[") else text for name, text in instructions.items()}
