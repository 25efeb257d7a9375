"""Applications, accounts and pipeline configurations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, fields_of, tables


@pytest.mark.parametrize(
    ("config", "template"),
    [
        ({"template": {"reference": "spinnaker://web"}}, ("v2", "web", None)),
        ({"template": {"reference": "spinnaker://web:stable"}}, ("v2", "web", "stable")),
        ({"template": {"source": "spinnaker://web@sha256:ab"}}, ("v2", "web", "sha256:ab")),
        ({"config": {"pipeline": {"template": {"source": "spinnaker://old"}}}}, ("v1", "old", None)),
        ({"template": {"reference": "https://x.example/t.yml"}}, ("v2", "https://x.example/t.yml", None)),
        ({"template": None}, (None, None, None)),
    ],
)
def test_templates(config: Any, template: tuple[Any, ...]) -> None:
    """Kind, id and version of the template that a pipeline is made from."""
    (pipeline,) = tables({"id": "c", "application": "shop", "name": "release", **config}, "pipeline")["pipeline"]
    assert fields_of(pipeline, "template_kind", "template", "template_version") == template
    assert pipeline.has_canary is (None if template[0] else False)


def test_the_fields_of_a_pipeline() -> None:
    """Canary, judgment and rollback by its stages' types; the time of its last change may be digits."""
    stages = [{"type": "kayentaCanary"}, {"type": "undoRolloutManifest"}, {}]
    body = {"id": "c", "application": "shop", "stages": stages, "updateTs": str(T), "disabled": True}
    (pipeline,) = tables(body, "pipeline")["pipeline"]
    assert fields_of(pipeline, "has_canary", "has_approval", "has_rollback") == (True, False, True)
    assert fields_of(pipeline, "updated_at", "disabled") == (T * 1000, True)


def test_applications_and_accounts() -> None:
    """Flat in a listing, nested in a reply for one."""
    attributes = {"name": "shop", "email": "a@example.org", "team": "web", "repoProjectKey": "acme", "repoSlug": "shop"}
    flat, nested = (tables(body, "application") for body in (attributes, {"name": "shop", "attributes": attributes}))
    assert flat == nested
    assert fields_of(flat["application"][0], "team", "owner", "repository") == ("web", "a@example.org", "acme/shop")
    (account,) = tables({"name": "p", "type": "kubernetes", "environment": "prod"}, "account")["account"]
    assert fields_of(account, "environment", "provider") == ("prod", "kubernetes")
