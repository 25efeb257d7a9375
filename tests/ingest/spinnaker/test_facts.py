"""Every statement about Spinnaker's data, with the test that proves it.

Each line ends with file and test. The numbers are the sections of the facts that the source was written from. A
statement that touches no data (a server's internals, a screen, a command) has no line.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent

PAGING = {
    "0.1 pages by start index lose most of a history": "client/time_search::test_pages_by_index_would_lose_most",
    "0.1 history is walked by time instead, each execution once": "client/time_search::test_every_execution_once",
    "0.2 SQL excludes its bounds, Redis includes them": "client/gate::test_bounds_are_determined_by_one_request",
    "0.2 Redis is unsorted and repeats itself": "faults::test_g14_duplicates_are_one_row",
    "0.2 ties at a bound are read": "faults_pull::test_g18_ties_at_the_watermark_are_read",
    "0.2 more ties than a page grow it": "client/time_search::test_more_ties_than_a_page_holds_grow_the_page",
    "0.3 a backfill goes back further than 14 days": "client/missed::test_landing_holds_all_that_was_ever_visible",
    "0.4 executions of deleted pipelines are asked for by pipeline": (
        "client/gate::test_executions_of_deleted_pipelines_are_listed_by_pipeline"
    ),
    "0.4 strategies, which search omits, are read": (
        "client/child_executions::test_a_custom_strategy_is_read_however_long_ago_it_ran"
    ),
    "0.5 a restart after completion is noticed": "client/restarts::test_a_restart_that_runs_is_noticed_however_old",
    "0.5 what does not complete is asked again until it does": "client/fetch::test_running_becomes_succeeded",
    "0.5 the failed attempt that a restart erases is kept": (
        "parse/failed_attempts::test_a_failed_rollout_is_an_attempt"
    ),
    "0.6 the deploy stage tells the outcome": "parse/outcomes::test_an_outcome_is_what_the_deploy_stages_did",
    "0.7 light listings lack contexts and tasks": (
        "../simulation/gate/server::test_expand_false_drops_what_metrics_need"
    ),
}
GATE = {
    "1 applications without READ are silently missing": "auth/connect::test_hidden_applications_are_reported_each_run",
    "1 a limit counts for each pipeline": "faults::test_g21_the_limit_of_a_pipeline_is_no_limit_of_ours",
    "1 ids that are unknown or hidden are dropped silently": (
        "client/child_executions::test_a_deleted_child_is_no_failure"
    ),
    "1 a replica may lag": "faults::test_a_replica_that_lags_hides_nothing",
    "1 an inner error is 200 with an empty body": "client/child_executions::test_hidden_children_are_one_message",
    "1 operations by hand are read, and by id when older": "client/fetch::test_a_running_task_is_read_again_by_its_id",
    "1 a pipeline's earlier configurations are read": (
        "parse/templates::test_history_is_read_when_a_configuration_changes"
    ),
    "1 the canary service may not be there": "parse/canaries::test_without_a_canary_service_nothing_is_wrong",
    "1 a judgment is read by its id, once": "parse/canaries::test_judgments_that_ended_are_fetched_once",
    "1 accounts name an environment": "parse/configs::test_applications_and_accounts",
    "1 who we are is asked first": "auth/authenticators::test_the_login_is_checked_first",
    "1 a light listing breaks where a parent was deleted": (
        "faults::test_g27_a_parent_that_was_deleted_breaks_no_listing"
    ),
    "1 pages are as large as their weight allows": (
        "client/paging::test_the_second_page_is_as_large_as_its_weight_allows"
    ),
    "1 absent and null are the same": "faults_values::test_g23_absent_and_null_are_the_same_and_lose_nothing",
    "1 what upstream deletes stays and is marked": "faults::test_g19_what_was_deleted_stays_and_is_marked",
    "1 retention that outran us is a gap": "faults::test_g20_retention_shorter_than_an_outage_is_a_gap",
    "1 disabled pipelines may be hidden": "client/restarts::test_a_restart_of_a_disabled_pipeline_is_noticed_too",
    "1 coverage is known by application": "client/coverage::test_the_first_run_covers_from_the_oldest_execution",
    "1 a wrong request is reported, not repeated": "../http/session::test_a_wrong_request_is_not_repeated",
    "1 one application that is refused leaves the others": "auth/connect::test_refused_applications_are_one_message",
    "1 429 without Retry-After is waited out": "faults_pull::test_g1_too_many_requests_is_waited_out",
    "1 the limiter's headers are obeyed": "../http/session::test_the_limiters_reset_is_waited_for_by_the_servers_clock",
    "1 a redirect to a login page is no data": "faults_pull::test_g10_no_redirect_is_followed",
    "1 a login page with 200 is no data": "faults::test_g9_a_login_page_with_200_is_no_data",
    "1 401 for a token": "auth/connect::test_a_refused_login_ends_the_run",
}
EXECUTION = {
    "2 ids of both forms": "facts_rest::test_ids_of_old_and_new_form_are_read_alike",
    "2 rootId, and parents nested or only named": (
        "parse/document::test_grandchildren_belong_to_the_topmost_execution"
    ),
    "2 an operation has a description and no pipeline": "parse/document::test_undoing_a_rollout_by_hand",
    "2 times are milliseconds": "parse/document::test_times",
    "2 canceled in the queue: neither start nor end": "parse/outcomes::test_canceled_in_the_queue",
    "2 a restarted run carries its old end": "parse/document::test_a_run_that_runs_again_has_no_end",
    "2 canceledBy and cancellationReason": "facts_rest::test_who_canceled_and_why",
    "2 paused": "facts_rest::test_a_pause_is_a_deliberate_wait",
    "2 a pause is no work": "facts_rest::test_a_pause_is_a_stage_of_its_own_in_a_lead_time",
    "2 user: of the trigger, else authentication; [anonymous] is none": "parse/document::test_the_user_who_triggered",
    "2 fields that tell nothing of a delivery": "facts_rest::test_ignored_fields_change_no_row",
    "2 the twelve statuses": "parse/document::test_statuses",
    "2 an unknown status is no success": "faults_values::test_g22_an_unknown_status_is_never_a_success",
    "2 STOPPED and FAILED_CONTINUE within a success": "parse/outcomes::test_an_outcome_is_what_the_deploy_stages_did",
    "2 completeOtherBranchesThenFail": "facts_rest::test_a_pipeline_that_fails_after_its_other_branches_has_shipped",
    "2 a trigger is known by type, else by its fields": "parse/document::test_what_triggered_an_execution",
    "2 a manual re-run keeps the fields of what it repeats": "parse/document::test_a_manual_rerun_is_a_tree_of_its_own",
    "2 a webhook's payload, as each host writes it": "real::test_webhooks",
    "2 nested parents": "commits/find::test_the_nearest_parent_with_a_commit_counts",
    "2 nested parents without end": "faults_size::test_g27_parents_nested_a_hundred_deep_are_followed_to_the_top",
    "2 strategy, isStrategy": "facts_rest::test_a_strategy_is_read_from_either_serialiser",
    "2 dryRun, isDryRun": "parse/document::test_dry_runs",
    "2 artifacts: bound ones count": "commits/find::test_artifacts_that_an_execution_was_bound_to",
    "2 embedded and remote bodies": "facts_rest::test_the_body_of_an_artifact_is_no_commit",
    "2 synthetic stages make a tree": "model/stage_tree::test_the_outermost_stage_does_not_depend_on_the_order",
    "2 a tree of any depth": "model/stage_tree::test_a_deeply_nested_stage_counts",
    "2 a tree that is none ends": "hostile::test_a_loop_of_stages_ends",
    "2 a parent's end includes what comes after": "parse/document::test_kubernetes_traffic_ends_before_the_stage_does",
    "2 execution windows are waits that were meant": (
        "../../dora/sql/deployment_stages::test_a_day_in_the_life_of_a_deployment"
    ),
    "2 why a stage failed, in each place": "parse/judgments::test_why_a_stage_failed",
    "2 taskExceptionDetails": "parse/judgments::test_why_a_task_failed_where_only_it_says",
    "2 restartDetails": "parse/failed_attempts::test_a_restart_records_an_attempt_that_was_never_read",
    "2 a stage that was skipped": "facts_rest::test_a_deploy_that_was_skipped_has_deployed_nothing",
    "2 template and version are the configuration's": "parse/templates::test_the_template_that_a_pipeline_names",
    "2 which tag or digest of a template": "parse/templates::test_the_version_of_a_template_is_selected",
}
RECOGNITION = {
    "3a a workload is what holds a pod": "model/manifests::test_a_workload_is_what_holds_a_pod_wherever_it_stands",
    "3a other manifests are configuration": "recognise/config_manifests::test_configuration_alone_is_no_rollout",
    "3a stage types": "model/stage_kinds::test_stage_types_have_a_kind",
    "3a jobs, bakes, clean-up and calls deploy nothing": (
        "facts_rest::test_what_bakes_tests_cleans_up_or_calls_another_deploys_nothing"
    ),
    "3a unknown types deploy nothing": "parse/outcomes::test_unknown_stages_are_landed_and_deploy_nothing",
    "3a a deploy is its server groups, counted once": (
        "recognise/rollouts::test_a_deploy_is_its_server_groups_and_a_planned_one_its_clusters"
    ),
    "3a a child pipeline's deployment is the child's": (
        "client/child_executions::test_a_child_of_a_hidden_application_is_read"
    ),
    "3a account, namespace, cluster": "model/manifests::test_location_and_cluster_of_a_manifest",
    "3a what Spinnaker stamps is no content": "facts_rest::test_annotations_of_spinnaker_are_no_content",
    "3a images by digest, else tag": "model/manifests::test_images_are_those_of_the_containers_in_order",
    "3a images as the cluster bound them": (
        "model/manifests::test_the_images_come_from_the_applied_manifest_of_the_same_workload"
    ),
    "3a production is configured": "../../dora/config/definitions::test_nothing_is_production_by_default",
    "3a the same content again is a redeploy": "parse/outcomes::test_an_old_execution_run_again_by_hand_is_a_rollback",
    "3a outputs may be filtered out": "facts_rest::test_without_outputs_the_image_of_the_request_counts",
    "3b plain: stable, not the stage's end": "recognise/rollouts::test_when_traffic_started",
    "3b dark, then enabled": "recognise/switches::test_a_dark_rollout_is_accepted_and_takes_no_traffic",
    "3b red/black, blue/green, highlander on Kubernetes": (
        "recognise/switches::test_steps_after_a_managed_rollout_are_told"
    ),
    "3b red/black of groups": "recognise/rollouts::test_full_traffic_waits_for_the_old_group_to_be_disabled",
    "3b highlander of groups": "recognise/traffic::test_groups_that_take_over_at_once",
    "3b rolling red/black, monitored": "recognise/traffic::test_groups_that_grow_step_by_step",
    "3b rolling push": "recognise/traffic::test_a_rolling_push_is_one_rollout",
    "3b custom": "recognise/traffic::test_a_custom_strategy_is_in_its_child_execution",
    "3b weights of a mesh": "recognise/routes::test_weights_of_a_virtual_service",
    "3b Lambda": "recognise/routes::test_the_alias_of_a_function",
    "3b Cloud Run": "recognise/traffic::test_cloud_run_serves_by_share",
    "3c each place of a commit": "commits/find::test_places_of_a_commit",
    "3c in order": "commits/find::test_places_are_tried_in_order",
    "3c of several sources the right one": "commits/find::test_of_several_repositories_the_applications_own",
    "3c build stages": "commits/find::test_a_build_stage_names_the_commit_of_its_pipeline_and_children",
    "3c marks of a manifest": "commits/find::test_labels_annotations_and_variables_of_a_manifest",
    "3c a team's own keys": "commits/find::test_a_team_names_its_own_keys",
    "3c commits between machine images": "commits/find::test_the_newest_of_the_commits_between_two_machine_images",
    "3c the machine image that a parent found": "commits/find::test_a_machine_image_in_a_parent",
    "3c short ids are found in git": "../../dora/lineage/table::test_a_commit_is_found_or_it_is_said_why_not",
    "3d undo, as a stage or by hand": "recognise/rollouts::test_how_far_back",
    "3d one rollback, not its steps": (
        "recognise/rollouts::test_a_rollback_is_its_server_groups_and_not_the_steps_it_takes"
    ),
    "3d PREVIOUS_IMAGE": "facts_rest::test_a_rollback_by_image_is_one_rollback",
    "3d automatic, on failure": "parse/outcomes::test_an_automatic_rollback_on_failure_is_part_of_its_deployment",
    "3d a cluster with nothing to restore": (
        "parse/outcomes::test_a_cluster_rollback_without_a_candidate_changes_nothing"
    ),
    "3d an old version enabled again": "recognise/switches::test_what_a_version_of_a_workload_is_switched_to",
    "3d older content by any pipeline": "parse/outcomes::test_an_old_execution_run_again_by_hand_is_a_rollback",
    "3e a decision counts when complete": "parse/judgments::test_only_a_complete_judgment_is_a_decision",
    "3e timeouts, also as success; skips": "parse/approvals::test_outcome_of_an_approval",
    "3e who was refused": "parse/approvals::test_the_unauthorized_user",
    "3e restarted questions": "parse/approvals::test_an_approval_that_was_restarted_waits_again",
    "3f ways of analysis and its stage tree": "parse/canaries::test_each_way_of_analysis",
    "3f intervals and their thresholds": "parse/canaries::test_thresholds_of_an_interval_where_the_analysis_names_none",
    "3f warnings of an interval": "parse/canaries::test_warnings_of_an_interval",
    "3f an interval without a score is an error": "../../dora/analysis/canaries::test_an_interval_without_a_score",
    "3f marginal fails": "../../dora/analysis/canaries::test_the_exact_score_of_the_last_interval_decides",
    "3f canaries before Kayenta": "parse/canaries::test_the_analysis_of_orca_mine",
    "3g fewer applications than last time": "faults::test_g30_hidden_applications_are_reported_once",
}
REST = {
    "4 the exact score, thresholds, times": "parse/canary_judgments::test_the_exact_score_and_its_thresholds",
    "4 no result unless it succeeded": "parse/canary_judgments::test_a_judgment_that_did_not_end_well",
    "4 classifications": "parse/canary_judgments::test_classification_of_a_metric",
    "4 statistics, muted, critical": "parse/canary_judgments::test_the_fields_of_a_metric",
    "4 groups without data count as 100": "parse/canary_judgments::test_groups_that_were_scored_without_data",
    "4 a pass without data is none": "faults_scores::test_g26_only_a_score_that_rests_on_data_passes",
    "4 Istio is Prometheus asked for its names": "parse/canary_judgments::test_provider_of_a_metric",
    "5 strict keys of spin's file": "settings/spin_config::test_every_key_of_spin_is_read",
    "5 variables in it": "settings/spin_config::test_variables_are_expanded_as_go_does",
    "5 basic, form and token": "auth/authenticators::test_spins_basic_form_and_token",
    "5 OAuth2": "auth/authenticators::test_oauth2_exchanges_its_refresh_token",
    "5 IAP": "auth/authenticators::test_spins_iap_token_is_refreshed_for_its_audience",
    "5 certificates, ignored errors": "auth/authenticators::test_spins_certificate_and_ignored_errors",
    "5 Google service accounts": "auth/service_account::test_spins_google_service_account_sends_the_assertion_itself",
    "5 default headers": "auth/authenticators::test_default_headers_are_sent",
    "5 only where auth is enabled": "auth/authenticators::test_auth_that_is_not_enabled_is_not_used",
    "6 rendered before it was saved": (
        "../../dora/analysis/canaries::test_a_name_that_several_applications_share_is_a_template_by_convention"
    ),
    "6 v1, and whether it is protected": "parse/templates::test_templates_of_version_1_have_a_list_of_their_own",
    "6 v2: stages and protect": "parse/templates::test_a_pipeline_inherits_the_stages_of_its_template",
    "6 without templates": "parse/templates::test_without_templates_a_pipeline_still_lands",
}
STATEMENTS = PAGING | GATE | EXECUTION | RECOGNITION | REST


@cache
def defined_tests(path: Path) -> frozenset[str]:
    """The tests that a file defines."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_each_statement_is_proved(statement: str) -> None:
    """The test that a line names exists."""
    file, _, name = STATEMENTS[statement].partition("::")
    folder, _, short = file.rpartition("/")
    assert name in defined_tests(HERE / folder / f"test_{short}.py")


def test_no_section_is_left_out() -> None:
    """Each section has its lines, and no statement is listed twice."""
    parts = (PAGING, GATE, EXECUTION, RECOGNITION, REST)
    assert len(STATEMENTS) == sum(map(len, parts))
    assert {statement.split()[0] for statement in STATEMENTS} == (
        {f"0.{n}" for n in range(1, 8)} | {"1", "2", "4", "5", "6"} | {f"3{letter}" for letter in "abcdefg"}
    )


def test_a_test_that_is_renamed_is_missed() -> None:
    """The check would see it."""
    assert "test_no_such_thing" not in defined_tests(Path(__file__))
