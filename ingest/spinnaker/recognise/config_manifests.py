"""Manifests without pods that a stage applies, patches or deletes: configuration beside the workloads."""

from __future__ import annotations

from dora.storage.rows.base import Micros
from dora.storage.rows.executions import ConfigManifest
from ingest.spinnaker.model.coerce import as_micros
from ingest.spinnaker.model.kinds import NamedManifest
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.recognise.run import Step

_ACTIONS = {"patchManifest": "patch", "deleteManifest": "delete"}


def config_manifest(step: Step, manifest: Manifest) -> ConfigManifest:
    """Return the row of one manifest that a stage applies or patches."""
    named = NamedManifest(manifest.kind, manifest.name or "-", is_config=True, namespace=manifest.namespace)
    return _row(step, named, step.traffic.applied, manifest)


def named_config(step: Step, named: NamedManifest) -> ConfigManifest:
    """Return the row of a manifest of which a stage tells no more than the name."""
    return _row(step, named, step.traffic.applied)


def _row(step: Step, named: NamedManifest, applied_at: Micros, manifest: Manifest | None = None) -> ConfigManifest:
    stage, kind = step.stage, named.kind or "unknown"
    return ConfigManifest(
        id=f"{stage.id}/{kind}/{named.workload}",
        execution_id=step.run.execution.id,
        application=step.application(manifest),
        action=_ACTIONS.get(str(stage.type), "deploy"),
        account=step.account,
        location=step.namespace(named.namespace),
        kind=kind,
        name=named.workload,
        fingerprint=manifest.fingerprint() if manifest else None,
        status=stage.status,
        started_at=as_micros(stage.start_time),
        applied_at=applied_at,
        finished_at=as_micros(stage.end_time),
        reason=step.reason,
    )
