"""Canary results, canary configurations, pipeline configurations and templates as they were published, file by file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.core.pipeline import pull
from ingest.core.source import Request, Unreadable
from ingest.payloads.archive import Document
from ingest.spinnaker import SOURCE
from ingest.spinnaker.client.saved_payloads import read_saved_payloads
from tests.conftest import fresh, landed

SHARED = Path(__file__).resolve().parents[5] / "shared" / "spinnaker"
FOLDERS = ("kayenta-results", "canary-configs", "pipeline-configs", "templates")
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the real payloads are not beside the project"),
]

CONFIG = "a canary configuration"
UNSAVED = "a pipeline that was never saved"
PLAN = "a plan that a pipeline template was rendered to"
ERRORS = "the errors of a pipeline template"
TEMPLATE = "a pipeline template"
YAML = "YAML: a template or its configuration"

# File → how many documents of which kind land, or what the file is if nothing lands.
RECOGNISED: dict[str, tuple[int, str]] = {
    "kayenta-results/canary_result.fail_score33.json": (1, "canary"),
    "kayenta-results/canary_result.terminal_exception.json": (1, "canary"),
    "kayenta-results/kayenta_pipeline_run_1.json": (1, "execution"),
    "kayenta-results/metric_set_pair_list.json": (6, "the time series of a canary metric"),
    "canary-configs/doc_012_atlas.json": (1, CONFIG),
    "canary-configs/doc_058_stackdriver.json": (1, CONFIG),
    "canary-configs/doc_093_prometheus.json": (1, CONFIG),
    "canary-configs/doc_131_prometheus.json": (1, CONFIG),
    "canary-configs/doc_171_datadog.json": (1, CONFIG),
    "canary-configs/doc_206_signalfx.json": (1, CONFIG),
    "canary-configs/doc_274_graphite.json": (1, CONFIG),
    "canary-configs/doc_309_wavefront.json": (1, CONFIG),
    "canary-configs/it_graphite_integration-test-cpu.json": (1, CONFIG),
    "canary-configs/it_prometheus_integration-test-cpu.json": (1, CONFIG),
    "canary-configs/it_prometheus_muted-metric.json": (1, CONFIG),
    "canary-configs/judge_test-config.json": (1, CONFIG),
    "canary-configs/scratch_atlas_canary_config.json": (1, CONFIG),
    "canary-configs/scratch_atlas_pipeline.json": (1, UNSAVED),
    "canary-configs/scratch_newrelic_adhoc_canary.json": (1, "a request for a canary analysis"),
    "canary-configs/scratch_newrelic_canary_config.json": (1, CONFIG),
    "canary-configs/scratch_prometheus_canary_config.json": (1, CONFIG),
    "canary-configs/scratch_stackdriver_canary_config.json": (1, CONFIG),
    "canary-configs/scratch_stackdriver_pipeline.json": (1, UNSAVED),
    "pipeline-configs/appengine.list.json": (4, "pipeline"),
    "pipeline-configs/cloudfoundry.list.json": (1, "pipeline"),
    "pipeline-configs/google_with_kayentaCanary.list.json": (9, "pipeline"),
    "pipeline-configs/k8s.list.json": (2, "pipeline"),
    "pipeline-configs/simple_wait.list.json": (1, "pipeline"),
    "templates/mpt-v1/convertedPipelineTemplate.yml": (1, YAML),
    "templates/mpt-v1/convertedPipelineTemplateSource.json": (1, UNSAVED),
    "templates/mpt-v1/integration__v1schema__conditionalStage-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__conditionalStage-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__conditionalStage-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__dependsOn-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__dependsOn-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__dependsOn-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__example-child.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__example-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__example-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__example-root.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__example-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__exampleCombined-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__exampleCombined-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__exampleCombined-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__expectedArtifactsInheritance-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__expectedArtifactsInheritance-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__expectedArtifactsInheritance-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__inheritance-child.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__inheritance-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__inheritance-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__inheritance-root.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__invalidStageFormats-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__invalidStageFormats-expected.json": (1, ERRORS),
    "templates/mpt-v1/integration__v1schema__invalidStageFormats-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__loops-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__loops-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__loops-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__modularStageConfig-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__modularStageConfig-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__modularStageConfig-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__modules-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__modules-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__modules-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__nestedConditionalStage-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__nestedConditionalStage-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__nestedConditionalStage-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__parameterInheritance-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__parameterInheritance-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__parameterInheritance-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__partials-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__partials-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__partials-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__partialsAndModules-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__partialsAndModules-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__partialsAndModules-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__protect-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__protect-expected.json": (1, ERRORS),
    "templates/mpt-v1/integration__v1schema__protect-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__simple-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__simple-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__simple-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__stageInjection-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__stageInjection-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__stageInjection-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__stageReplacement-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__stageReplacement-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__stageReplacement-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__triggerInheritance-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__triggerInheritance-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__triggerInheritance-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__unsupportedVersion-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__unsupportedVersion-expected.json": (1, ERRORS),
    "templates/mpt-v1/integration__v1schema__unsupportedVersion-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__variableParameters-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__variableParameters-expected.json": (1, PLAN),
    "templates/mpt-v1/integration__v1schema__variableParameters-template.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__variableWrongType-config.yml": (1, YAML),
    "templates/mpt-v1/integration__v1schema__variableWrongType-expected.json": (1, ERRORS),
    "templates/mpt-v1/integration__v1schema__variableWrongType-template.yml": (1, YAML),
    "templates/mpt-v1/templates__conditional-partials.yml": (1, YAML),
    "templates/mpt-v1/templates__conditional-stages-001.yml": (1, YAML),
    "templates/mpt-v1/templates__conditional-stages-with-children-001.yml": (1, YAML),
    "templates/mpt-v1/templates__dynamic-stages-001.yml": (1, YAML),
    "templates/mpt-v1/templates__invalid-template-001.yml": (1, YAML),
    "templates/mpt-v1/templates__jinja-001.yml": (1, YAML),
    "templates/mpt-v1/templates__jinja-002.yml": (1, YAML),
    "templates/mpt-v1/templates__simple-001.yml": (1, YAML),
    "templates/mpt-v2/pipeline_using_template.json": (1, UNSAVED),
    "templates/mpt-v2/plan_result.json": (1, PLAN),
    "templates/mpt-v2/template_get.json": (1, TEMPLATE),
    "templates/mpt-v2/template_list.json": (2, TEMPLATE),
    "templates/mpt-v2/template_with_tag.json": (1, TEMPLATE),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_each_file_is_what_a_person_takes_it_for(name: str) -> None:
    """So many documents of that kind, or that reason why it lands nothing."""
    items = [item for item in read_saved_payloads([SHARED / name]) if isinstance(item, Document | Unreadable)]
    count, what = RECOGNISED[name]
    assert len(items) == count
    for item in items:
        if isinstance(item, Unreadable):
            assert f"{what}, not an execution" in item.reason
        else:
            assert isinstance(item, Document)
            assert item.kind == what


def test_none_is_forgotten() -> None:
    """The table above names every file of these folders."""
    files = {str(file.relative_to(SHARED)) for folder in FOLDERS for file in (SHARED / folder).rglob("*.*")}
    assert files == set(RECOGNISED)


def rows(data: Path, folder: str, sql: str) -> list[tuple[Any, ...]]:
    """Query what a folder lands."""
    pull(SOURCE.from_settings({}, data), fresh(data), Request(load=(SHARED / folder,)))
    return landed(data, sql)


def test_the_published_judgments(tmp_path: Path) -> None:
    """One failed with 33 on four metrics in two groups, below 40; one could not query Prometheus."""
    query = (
        "SELECT execution_id, config, score, classification, pass_threshold, marginal_threshold, groups,"
        " no_data_groups, status, reason, epoch_ms(finished_at - started_at) FROM canary_judgment"
        " ORDER BY score NULLS LAST"
    )
    fail = "9cf4ec2e-29fb-4968-ae60-9182b575b30a", "MySampleStackdriverCanaryConfig", 33.0, "fail", 60.0, 40.0, 2, 0
    error = "88086da2-3e5a-4a9e-ada7-089ab70a9578", None, None, None, None, None, 0, 0
    why = "Either a resource type or a custom filter is required."
    assert rows(tmp_path, "kayenta-results", query) == [(*fail, "succeeded", None, 9192), (*error, "failed", why, 318)]


def test_the_published_metrics(tmp_path: Path) -> None:
    """Four metrics of Stackdriver, with the means of both sides."""
    query = (
        "SELECT metric, groups, provider, classification, critical, muted, ratio, round(baseline_mean, 4),"
        " baseline_count, round(experiment_mean, 4), experiment_count FROM canary_metric ORDER BY metric"
    )
    rest = (False, False, None, 1.0045, 60, 1.0045, 60)
    assert rows(tmp_path, "kayenta-results", query) == [
        ("cpu1", ["system"], "stackdriver", "low", *rest),
        ("cpu2", ["system"], "stackdriver", "pass", *rest),
        ("cpu3", ["application"], "stackdriver", "high", *rest),
        ("cpu4", ["application"], "stackdriver", "high", *rest),
    ]


def test_the_services_own_pipeline_is_no_canary_of_ours(tmp_path: Path) -> None:
    """Kayenta runs pipelines inside itself; one lands as an execution without canaries or rollouts."""
    query = "SELECT (SELECT count(*) FROM execution), (SELECT count(*) FROM canary), (SELECT count(*) FROM rollout)"
    assert rows(tmp_path, "kayenta-results", query) == [(1, 0, 0)]


def test_the_published_pipelines(tmp_path: Path) -> None:
    """None names a template; one has a canary, one an approval, each the time of its last change."""
    query = (
        "SELECT count(*), count(template_kind), count(*) FILTER (has_canary), count(*) FILTER (has_approval),"
        " count(updated_at), (SELECT count(*) FROM pipeline_revision) FROM pipeline"
    )
    assert rows(tmp_path, "pipeline-configs", query) == [(17, 0, 1, 1, 17, 17)]
