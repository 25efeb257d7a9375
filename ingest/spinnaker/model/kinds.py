"""Kinds of Kubernetes manifests, and manifests of which only kind and name are known, as in ``deployment shop``."""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.spinnaker.model.coerce import as_text

WORKLOADS = frozenset({"deployment", "replicaset", "statefulset", "daemonset"})
# What Clouddriver appends a version to: shop-v003.
VERSIONED_KINDS = frozenset({"replicaset", "configmap", "secret", "pod"})
_CONFIG = """
    apiservice authorizationpolicy certificate clusterrole clusterrolebinding configmap controllerrevision
    customresourcedefinition destinationrule endpoints endpointslice envoyfilter externalsecret gateway grpcroute
    horizontalpodautoscaler httproute ingress ingressclass issuer limitrange mutatingwebhookconfiguration namespace
    networkpolicy peerauthentication persistentvolume persistentvolumeclaim poddisruptionbudget podmonitor
    podsecuritypolicy priorityclass prometheusrule requestauthentication resourcequota role rolebinding scaledobject
    sealedsecret secret service serviceaccount serviceentry servicemonitor sidecar storageclass trafficsplit
    validatingwebhookconfiguration verticalpodautoscaler virtualservice
"""
CONFIG_KINDS = frozenset(_CONFIG.split())
_VERSIONED_NAME = re.compile(r"(.+)-v(\d{3,})")
# What Kubernetes (generateName), Clouddriver and build servers append to the name of each run of a job.
_GENERATED_NAME = re.compile(r"(.+?)(-[bcdfghjklmnpqrstvwxz2456789]{5}|-[0-9a-f]{12,16}|(-\d+)+)")
_KIND = re.compile(r"[A-Za-z]\w*([.][\w.-]+)?")


class ManifestReference(NamedTuple):
    """A manifest of which only the name is known; ``is_config`` if no pods can be in it."""

    kind: str | None
    name: str
    is_config: bool = False
    namespace: str | None = None

    @property
    def workload(self) -> str:
        """Its name without a version."""
        return unversioned(self.kind, self.name)

    @property
    def version(self) -> str | None:
        """Its name if that has a version."""
        return self.name if self.name != self.workload else None


def parse_reference(value: object, namespace: str | None = None) -> ManifestReference | None:
    """Read ``KIND NAME`` or ``KIND.GROUP NAME``, as Spinnaker writes it, or a name alone."""
    text = as_text(value)
    if text is None:
        return None
    words, _, name = text.rpartition(" ")
    kind, _, group = words.lower().partition(".") if _KIND.fullmatch(words) else ("", "", "")
    # A service of Knative runs pods.
    is_config = kind in CONFIG_KINDS and not group.endswith("knative.dev")
    return ManifestReference(kind or None, name, is_config, namespace)


def unversioned(kind: str | None, name: str) -> str:
    """Return a name without the version of a ReplicaSet or ConfigMap, or the generated suffix of a job."""
    if kind == "job":
        generated = _GENERATED_NAME.fullmatch(name)
        return generated[1] if generated else name
    versioned = _VERSIONED_NAME.fullmatch(name) if kind is None or kind in VERSIONED_KINDS else None
    return versioned[1] if versioned else name
