"""Canary analyses, and what the canary service says about them."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import Flag, Int32, Micros, Number, Revision, Row, Text


class Canary(Row, frozen=True, kw_only=True):
    """One canary analysis of an execution."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution that ran it."]
    analysis: Annotated[Text, "Type of the analysis: realTime, realTimeAutomatic, retrospective, legacy."] = None
    config: Annotated[Text, "Name or id of the canary configuration."] = None
    score: Annotated[Number, "Score of the last interval that ended, 0 to 100; null if it has none."] = None
    pass_threshold: Annotated[Number, "Score from which it passes."] = None
    marginal_threshold: Annotated[Number, "Score up to which it fails at once."] = None
    intervals: Annotated[Int32 | None, "Number of intervals with a judgment."] = None
    status: Annotated[str, "Status of its stage."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None
    reason: Annotated[Text, "Reason given by the judge, or why there is no score."] = None


class CanaryInterval(Row, frozen=True, kw_only=True):
    """One interval of a canary analysis with its judgment."""

    revision: Revision = 0
    canary_id: Annotated[str, "Canary it belongs to."]
    execution_id: Annotated[str, "Execution that ran it."]
    judgment_id: Annotated[Text, "Id of the judgment at the canary service."] = None
    score: Annotated[Number, "Score, 0 to 100; null if there is none."] = None
    status: Annotated[str, "Its status."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None
    warnings: Annotated[Text, "Warnings of the judgment, such as too few data points; joined by a line break."] = None


class CanaryJudgment(Row, frozen=True, kw_only=True):
    """One judgment as the canary service stores it: exact, while the execution rounds."""

    execution_id: Annotated[Text, "Execution that requested it."] = None
    application: Annotated[Text, "Application of the canary."] = None
    config: Annotated[Text, "Id or name of the canary configuration."] = None
    score: Annotated[Number, "Exact score, 0 to 100; null if there is none."] = None
    classification: Annotated[Text, "pass, marginal, fail, nodata or error."] = None
    reason: Annotated[Text, "Reason given by the judge."] = None
    pass_threshold: Annotated[Number, "Score from which it passes."] = None
    marginal_threshold: Annotated[Number, "Score up to which it fails at once."] = None
    no_data_groups: Annotated[Int32 | None, "Number of metric groups that were scored without any data."] = None
    groups: Annotated[Int32 | None, "Number of metric groups that were scored."] = None
    status: Annotated[str, "Its status."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None


class CanaryMetric(Row, frozen=True, kw_only=True):
    """One metric of one canary judgment; id is judgment/metric."""

    judgment_id: Annotated[str, "The judgment."]
    metric: Annotated[str, "Name of the metric."]
    groups: Annotated[Text, "Metric groups that it belongs to, joined by a space."] = None
    provider: Annotated[Text, "Metric store: istio, prometheus, datadog and so on."] = None
    classification: Annotated[Text, "pass, high, low, nodata, nodata_fail or error."] = None
    reason: Annotated[Text, "Reason given by the judge."] = None
    critical: Annotated[Flag, "True if this metric alone can fail the canary."] = None
    muted: Annotated[Flag, "True if it does not count."] = None
    ratio: Annotated[Number, "Experiment divided by baseline, as judged."] = None
    baseline_mean: Annotated[Number, "Mean of the baseline."] = None
    baseline_count: Annotated[int | None, "Number of values of the baseline."] = None
    experiment_mean: Annotated[Number, "Mean of the experiment."] = None
    experiment_count: Annotated[int | None, "Number of values of the experiment."] = None
