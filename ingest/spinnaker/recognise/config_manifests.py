"""Manifests without pods that a stage applies, patches or deletes: configuration beside the workloads."""

from __future__ import annotations

from dora.storage.rows.base import Micros
from dora.storage.rows.executions import ConfigManifest
from ingest.spinnaker.model.coerce import as_micros
from ingest.spinnaker.model.kinds import ManifestReference
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.recognise.run import Step

_ACTIONS = {"patchManifest": "patch", "deleteManifest": "delete"}


def make_config_manifest(step: Step, manifest: Manifest) -> ConfigManifest:
    """Return the row of one manifest that a stage applies or patches."""
    reference = ManifestReference(manifest.kind, manifest.name or "-", is_config=True, namespace=manifest.namespace)
    return _row(step, reference, step.traffic.applied, manifest)


def make_referenced_config(step: Step, reference: ManifestReference) -> ConfigManifest:
    """Return the row of a manifest of which a stage tells no more than the name."""
    return _row(step, reference, step.traffic.applied)


def _row(
    step: Step, reference: ManifestReference, applied_at: Micros, manifest: Manifest | None = None
) -> ConfigManifest:
    stage, kind = step.stage, reference.kind or "unknown"
    return ConfigManifest(
        id=f"{stage.id}/{kind}/{reference.workload}",
        execution_id=step.run.execution.id,
        application=step.application(manifest),
        action=_ACTIONS.get(str(stage.type), "deploy"),
        account=step.account,
        location=step.namespace(reference.namespace),
        kind=kind,
        name=reference.workload,
        fingerprint=manifest.fingerprint() if manifest else None,
        status=stage.status,
        started_at=as_micros(stage.start_time),
        applied_at=applied_at,
        finished_at=as_micros(stage.end_time),
        reason=step.reason,
    )
