"""Why one deployment is what it is: targets, content, kind and outcome, each with the rule that decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

import dora
from dora.analysis.deployment_explanation import KINDS, OUTCOMES
from dora.cli.app import app
from dora.errors import UsageError
from tests.conftest import read_scenario


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    opened = built_in(tmp_path_factory.mktemp("explained"), **read_scenario("what_serves_where"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("root", "kind", "outcome"),
    [("e1", "D5.2", "D4"), ("e3", "D5.4", "D4"), ("e5", "D5.1", "D4"), ("e6", "D5.6", "D4"), ("e8", "D5.2", "D3"),
     ("e9", "D5.4", "D4"), ("e10", "D5.7", "D4")],
)  # fmt: skip
def test_kind_and_outcome_have_the_rule_that_decides(
    delivery: dora.Delivery, root: str, kind: str, outcome: str
) -> None:
    """Each kind and outcome of the story names its rule, by the id of the execution."""
    explanation = delivery.explain_deployment(root)
    assert (explanation.kind[0], explanation.outcome[0]) == (kind, outcome)
    assert all(explanation.deployment[name] in explanation.sentences[place] for place, name in
               enumerate(("kind", "outcome")))  # fmt: skip


def test_a_rollback_names_what_it_restored_and_whom_it_blames(delivery: dora.Delivery) -> None:
    """It restored what e2 had brought and blames e4; its target served v43 before and v42 after."""
    explanation = delivery.explain_deployment("shop/e5@landed")
    assert "restored: shop/e2@landed (E1)" in explanation.sentences
    assert "blames: shop/e4@landed (E1)" in explanation.sentences
    (target,) = explanation.target_lines()
    assert (target["target"], target["before"], target["after"]) == ("prod-eu/shop/web", "v43", "v42")


def test_dark_content_and_what_enabled_it_name_each_other(delivery: dora.Delivery) -> None:
    """What waited changed nothing on its target and was enabled by e9, which names it."""
    dark = delivery.explain_deployment("e8")
    assert "prepared for: shop/e9@landed (D3)" in dark.sentences
    assert [line["after"] for line in dark.target_lines()] == ["unchanged: no traffic"]
    assert "prepared by: shop/e8@landed (D3)" in delivery.explain_deployment("e9").sentences


def test_own_images_name_what_chose_them(delivery: dora.Delivery) -> None:
    """Only the image with the application's name is own content, on each target; the proxy is none."""
    lines = delivery.explain_deployment("e7").content_lines()
    assert [(line["target"], line["version"]) for line in lines] == [
        ("prod-eu/shop/web", "registry/shop:v44"), ("prod-eu/shop/worker", "registry/shop:v44"),
    ]  # fmt: skip
    assert {line["chosen"] for line in lines} == {"by its name (C2)"}


def test_an_id_of_no_deployment_is_an_error(delivery: dora.Delivery) -> None:
    """The message says that there is none, and how to find one."""
    with pytest.raises(UsageError, match="There is no deployment nope"):
        delivery.explain_deployment("nope")


def test_every_word_of_a_build_has_a_rule(delivery: dora.Delivery) -> None:
    """Kinds follow from the words of `change`, outcomes are those of the models."""
    rows = delivery.sql("SELECT DISTINCT content_change AS change, outcome FROM deployments")
    assert {row["change"] for row in rows} - {None} <= set(KINDS)
    assert {row["outcome"] for row in rows} <= set(OUTCOMES)


def test_the_command_prints_it_as_text_and_json(delivery: dora.Delivery) -> None:
    """`dora explain deployment ID` has kind, targets and content; --json the same as data."""
    settings = delivery.path.parent / "dora.toml"
    settings.write_text(f'data = "{delivery.path.parent}"\n')
    command = ["explain", "deployment", "e5", "--config", str(settings)]
    printed = CliRunner().invoke(app, command).output
    assert "kind: rollback (D5.1: it has an undo or rollback stage)" in printed
    assert "registry/shop:v42" in printed
    facts = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert (facts["kind_rule"], facts["deployment"]["blamed_first_id"]) == ("D5.1", "shop/e4@landed")
    assert [row["version_before"] for row in facts["targets"]] == ["registry/shop:v43"]
