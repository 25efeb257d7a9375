"""Canary analyses, and what the canary service says about them."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import Flag, Int32, Micros, Number, Revision, Row, Text, Texts


class Canary(Row, frozen=True, kw_only=True):
    """One canary analysis of an execution."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution that ran it; what a standalone analysis names as its parent."]
    application: Annotated[Text, "Application of a standalone analysis; null if the execution tells it."] = None
    analysis: Annotated[Text, "Type: realTime, realTimeAutomatic, retrospective, standalone, legacy."] = None
    config: Annotated[Text, "Name or id of the canary configuration."] = None
    score: Annotated[Number, "Score of the last interval that ended; null if it has none."] = None
    pass_threshold: Annotated[Number, "Score from which it passes."] = None
    marginal_threshold: Annotated[Number, "Score up to which it fails at once."] = None
    intervals: Annotated[Int32 | None, "Number of intervals with a judgment."] = None
    status: Annotated[str, "Status of its stage."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None
    reason: Annotated[Text, "Reason given by the judge, or why there is no score."] = None
    restarted_by: Annotated[Text, "Who restarted its stage; an earlier analysis came before it."] = None


class CanaryInterval(Row, frozen=True, kw_only=True):
    """One interval of a canary analysis with its judgment."""

    revision: Revision = 0
    canary_id: Annotated[str, "Canary it belongs to."]
    execution_id: Annotated[str, "Execution that ran it."]
    judgment_id: Annotated[Text, "Id of the judgment at the canary service."] = None
    storage_account: Annotated[Text, "Account under which the canary service keeps its judgments."] = None
    score: Annotated[Number, "Score as the pipeline read it, truncated; null if there is none."] = None
    status: Annotated[str, "Its status."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None
    reason: Annotated[Text, "Why it stopped the analysis, or why there is no score."] = None
    warnings: Annotated[Text, "Warnings of the judgment, such as too few data points; joined by a line break."] = None


class CanaryJudgment(Row, frozen=True, kw_only=True):
    """One judgment as the canary service stores it: exact, while the execution rounds."""

    execution_id: Annotated[Text, "Execution that requested it."] = None
    application: Annotated[Text, "Application of the canary."] = None
    config: Annotated[Text, "Name of the canary configuration; its id if it has no name."] = None
    config_id: Annotated[Text, "Id of the canary configuration."] = None
    score: Annotated[Number, "Exact score; above 100 if the weights sum to more; null if there is none."] = None
    best_score: Annotated[
        Number, "Score had every metric passed, by the weights; null if they do not give the score."
    ] = None
    classification: Annotated[Text, "pass, marginal, fail, nodata or error."] = None
    reason: Annotated[Text, "Reason given by the judge."] = None
    pass_threshold: Annotated[Number, "Score from which it passes."] = None
    marginal_threshold: Annotated[Number, "Score up to which it fails at once."] = None
    no_data_groups: Annotated[Int32 | None, "Number of metric groups that were scored without any data."] = None
    groups: Annotated[Int32 | None, "Number of metric groups that were scored."] = None
    metrics: Annotated[Int32 | None, "Number of metrics that were scored: 0 if all are muted."] = None
    status: Annotated[str, "Its status."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None


class CanaryMetric(Row, frozen=True, kw_only=True):
    """One metric of one canary judgment; id is judgment/metric."""

    judgment_id: Annotated[str, "The judgment."]
    metric: Annotated[str, "Name of the metric."]
    groups: Annotated[Texts, "Metric groups that it belongs to."] = None
    provider: Annotated[Text, "Metric store: istio, prometheus, datadog and so on."] = None
    classification: Annotated[Text, "pass, high, low, nodata, nodata_fail or error."] = None
    reason: Annotated[Text, "Reason given by the judge."] = None
    critical: Annotated[Flag, "True if the configuration lets this metric alone fail the canary."] = None
    failed_critically: Annotated[Flag, "True if it made the score 0, alone."] = None
    muted: Annotated[Flag, "True if it does not count."] = None
    score_if_passed: Annotated[
        Number, "Score of the judgment had this metric passed; null if it did not fail or the weights do not give it."
    ] = None
    all_zero: Annotated[
        Flag, "True if every value is 0 and the configuration replaces missing values: it may have had no data."
    ] = None
    ratio: Annotated[Number, "Experiment divided by baseline, as judged; null if either has no data."] = None
    baseline_mean: Annotated[Number, "Mean of the baseline; null if it has no data."] = None
    baseline_count: Annotated[int | None, "Number of values of the baseline."] = None
    experiment_mean: Annotated[Number, "Mean of the experiment; null if it has no data."] = None
    experiment_count: Annotated[int | None, "Number of values of the experiment."] = None
