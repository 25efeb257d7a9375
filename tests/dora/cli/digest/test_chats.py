"""Digests to Slack and Microsoft Teams, over real HTTP to servers on loopback."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dora.cli.senders.sent_log import open_sent_log
from dora.errors import AuthError, DoraError, LockedError, PartialError, UsageError
from tests.dora.cli.digest.conftest import HOSTILE, SECRET, Outcome
from tests.dora.cli.digest.servers import HANG_UP, OK, Chat, Post, Reply, serve_chat

Digest = Callable[..., Outcome]
Send = Callable[..., DoraError | None]
AT_ONCE = {"Retry-After": "0"}


def blocks_of(post: Post) -> list[str]:
    """The texts of the blocks of Slack."""
    return [block["text"]["text"] for block in post.json["blocks"] if block["type"] in ("section", "header")]


def test_slack_gets_sentences_with_links_numbers_and_the_end_of_the_data(digest: Digest) -> None:
    """The sentences are those that the command prints, each with its link; nothing in them is markup of a name."""
    sentences = json.loads(digest("--json").stdout)["sentences"]
    with serve_chat() as chat:
        outcome = digest("--to", "slack", DORA_SLACK_URL=f"{chat.url}/{SECRET}")
    assert outcome.error is None, outcome.text
    (post,) = chat.posts
    assert post.path == f"/{SECRET}"
    title, *texts = blocks_of(post)
    assert title == "Delivery brief of all teams"
    assert [text for text in texts if "https://metrics.example.com/dora/" in text] == texts[: len(sentences)]
    plain = texts[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert re.search(r"\(95 % CI .* n = \d", plain)
    assert str(sentences[0]["n"]) in plain
    body = post.body.decode()
    assert "Data through 2026-04-27 00:00 UTC." in body
    assert not re.search(r"<(?!https://metrics\.example\.com/)", body)
    assert "*@everyone*" not in body
    assert SECRET not in outcome.text


def test_a_digest_goes_to_a_place_once(digest: Digest, tmp_path: Path) -> None:
    """The same build and window is sent again only by --again; another window or place is another digest."""
    with serve_chat() as chat, serve_chat() as other:
        for words, count in (((), 1), ((), 1), (("--again",), 2), (("--since", "30d"), 3)):
            outcome = digest("--to", "slack", *words, DORA_SLACK_URL=f"{chat.url}/{SECRET}")
            assert (outcome.error, len(chat.posts)) == (None, count)
        assert "sent before" in digest("--to", "slack", DORA_SLACK_URL=f"{chat.url}/{SECRET}").stderr
        digest("--to", "slack", DORA_SLACK_URL=f"{other.url}/{SECRET}")
    assert (len(chat.posts), len(other.posts)) == (3, 1)
    log = tmp_path / "data" / "digests.jsonl"
    assert SECRET not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(send: Send, status: int) -> None:
    """After the time that it names, until it accepts; the message arrives once."""
    with serve_chat() as chat:
        chat.replies = [(status, AT_ONCE, b""), (status, AT_ONCE, b""), OK]
        assert send({}, DORA_SLACK_URL=f"{chat.url}/{SECRET}") is None
    assert len(chat.posts) == 3
    assert len({post.body for post in chat.posts}) == 1


@pytest.mark.parametrize("headers", [AT_ONCE, {"Retry-After": "600"}])
def test_a_server_that_stays_busy_ends_as_partial(digest: Digest, headers: dict[str, str]) -> None:
    """Exit 3 names the server and what to run; the same command sends it later. The secret address is nowhere."""
    with serve_chat() as chat:
        chat.usual = lambda _: (429, headers, b"")
        failed = digest("--to", "slack", DORA_SLACK_URL=f"{chat.url}/{SECRET}")
        chat.usual = lambda _: OK
        repeated = digest("--to", "slack", DORA_SLACK_URL=f"{chat.url}/{SECRET}")
        assert chat.url in failed.text
    assert isinstance(failed.error, PartialError)
    assert "repeat the command" in failed.error.next_step
    assert len(chat.posts) == (6 if headers == AT_ONCE else 2)
    assert repeated.error is None
    assert SECRET not in failed.text


def test_a_connection_that_ends_without_an_answer_is_not_repeated(digest: Digest) -> None:
    """The message may have arrived: neither this run nor the next one sends it again without `--again`."""
    with serve_chat() as chat:
        chat.replies = [HANG_UP]
        for words, count in (((), 1), ((), 1), (("--again",), 2)):
            outcome = digest("--to", "slack", *words, DORA_SLACK_URL=f"{chat.url}/{SECRET}")
            assert len(chat.posts) == count
            if not words:
                assert isinstance(outcome.error, PartialError)
                assert "may have arrived" in outcome.text
                assert "--again" in outcome.error.next_step
    assert outcome.error is None
    assert SECRET not in outcome.text


def test_a_server_that_is_not_there_got_nothing(send: Send) -> None:
    """A refused connection is tried again and ends as partial."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/{SECRET}"
    error = send({}, DORA_SLACK_URL=url)
    assert isinstance(error, PartialError)
    assert "5 times; nothing was sent" in error.happened
    assert SECRET not in str(error)


def test_a_redirect_is_not_followed(send: Send) -> None:
    """The other server gets nothing, and its address is not printed."""
    with serve_chat() as other, serve_chat() as chat:
        chat.usual = lambda _: (307, {"Location": f"{other.url}/{SECRET}"}, b"")
        error = send({}, DORA_SLACK_URL=f"{chat.url}/x")
    assert isinstance(error, PartialError)
    assert (other.posts, SECRET in str(error)) == ([], False)


@pytest.mark.parametrize("to", ["slack", "teams"])
@pytest.mark.parametrize(("status", "kind"), [(404, AuthError), (403, AuthError), (400, PartialError)])
def test_a_refused_message_says_why(send: Send, to: str, status: int, kind: type[DoraError]) -> None:
    """The server's code is printed if it is one word, a page of it is not; it is not tried again."""
    for body, is_shown in ((b"no_service", True), (b"<p>s3cret</p>", False)):
        with serve_chat() as chat:
            chat.usual = lambda _, body=body: (status, {}, body)
            error = send({}, to, **{f"DORA_{to.upper()}_URL": f"{chat.url}/{SECRET}"})
        assert isinstance(error, kind)
        assert len(chat.posts) == 1
        assert ("no_service" in str(error)) == is_shown
        assert "s3cret" not in str(error)


def test_a_page_that_answers_200_is_no_acceptance_of_slack(send: Send) -> None:
    """Such as that of a proxy: Slack answers ok."""
    with serve_chat() as chat:
        chat.usual = lambda _: (200, {}, b"<html>please log in</html>")
        assert isinstance(send({}, DORA_SLACK_URL=chat.url), PartialError)


def test_only_a_trusted_certificate_gets_the_message(send: Send, certificates: Any) -> None:
    """An authority of one's own is trusted by ca_file; any other certificate sees no request."""
    ours = {"ca_file": certificates.ca}
    for name, settings, arrives in (("server", ours, True), ("server", {}, False), ("elsewhere", ours, False)):
        with serve_chat(certificates.context(name)) as chat:
            error = send(settings, DORA_SLACK_URL=f"{chat.url}/{SECRET}")
        assert (error is None, len(chat.posts)) == (arrives, int(arrives)), error
        assert SECRET not in str(error)
        assert arrives or "not trusted" in str(error)


@pytest.mark.parametrize(
    "url", ["http://example.com/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "https://a:b@example.com/",
            "http://", "", "https://example.com/a b", "http://localhost@example.com/"],
)  # fmt: skip
def test_an_address_that_is_not_https_is_refused_unread(digest: Digest, url: str) -> None:
    """Before a connection, and without printing it: it may be the secret itself."""
    outcome = digest("--to", "slack", DORA_SLACK_URL=f"{url}{SECRET if url.endswith('/') else ''}")
    assert isinstance(outcome.error, UsageError)
    assert "DORA_SLACK_URL" in outcome.text
    assert SECRET not in outcome.text
    assert "example.com" not in outcome.text


def test_an_address_in_a_file_is_read_from_there(
    send: Send, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a note if others can read the file."""
    with serve_chat() as chat:
        (tmp_path / "webhook").write_text(f"{chat.url}/{SECRET}\n")
        (tmp_path / "webhook").chmod(0o644)
        assert send({"url_file": str(tmp_path / "webhook")}) is None
    assert [post.path for post in chat.posts] == [f"/{SECRET}"]
    assert "Other users can read" in capsys.readouterr().err


def test_show_sends_nothing_and_needs_no_secret(digest: Digest, tmp_path: Path) -> None:
    """It prints what is sent, for each destination; with an address set, the address is not in it."""
    with serve_chat() as chat:
        unset = digest("--show", settings={"slack": {}, "teams": {}})
        shown = digest("--to", "slack", "--show", DORA_SLACK_URL=f"{chat.url}/{SECRET}")
        assert chat.posts == []
        digest("--to", "slack", DORA_SLACK_URL=f"{chat.url}/{SECRET}")
    assert unset.error is None, unset.text
    assert "AdaptiveCard" in unset.stdout
    assert json.loads(shown.stdout) == chat.posts[0].json
    assert (SECRET in shown.text, chat.url in shown.text) == (False, False)
    folder = tmp_path / "shown"
    assert digest("--to", "teams", "--out", str(folder)).stdout == ""
    assert sorted(path.name for path in folder.iterdir()) == ["teams.json", "teams.png"]


def test_a_brief_without_sentences_says_so_or_is_left_out(digest: Digest) -> None:
    """The silent sentence is sent; with --only-if-news nothing is."""
    with serve_chat() as chat:
        address = {"DORA_SLACK_URL": chat.url}
        skipped = digest("--to", "slack", "--team", "ada", "--only-if-news", **address)
        assert (skipped.error, chat.posts) == (None, [])
        assert "no news" in skipped.stderr
        digest("--to", "slack", "--team", "ada", **address)
        digest("--to", "slack", "--only-if-news", **address)
    assert "Nothing needs a decision." in blocks_of(chat.posts[0])
    assert len(chat.posts) == 2


def test_one_destination_that_fails_does_not_keep_the_others_from_theirs(digest: Digest) -> None:
    """Exit 3 names it with the command for it alone; the rows of --json say what became of each."""
    with serve_chat() as chat:
        settings = {"slack": {}, "ops": {"type": "teams", "url_env": "OPS"}}
        outcome = digest("--to", "ops", "--to", "slack", "--json", settings=settings, DORA_SLACK_URL=chat.url)
    assert [(row["to"], row["state"]) for row in json.loads(outcome.stdout)] == [("ops", "failed"), ("slack", "sent")]
    assert isinstance(outcome.error, PartialError)
    assert "--to ops" in outcome.error.next_step
    assert len(chat.posts) == 1


def test_teams_gets_one_card_of_text_runs_that_fits(digest: Digest) -> None:
    """Texts are runs, which have no markup; picture and all it is below 28 kB; the picture is a PNG with words."""
    with serve_chat() as chat:
        chat.usual = lambda _: (202, {}, b"")
        outcome = digest("--to", "teams", DORA_TEAMS_URL=f"{chat.url}/{SECRET}")
    assert outcome.error is None, outcome.text
    (post,) = chat.posts
    assert len(post.body) < 28_000
    (attachment,) = post.json["attachments"]
    card = attachment["content"]
    assert (attachment["contentType"], card["version"]) == ("application/vnd.microsoft.card.adaptive", "1.5")
    assert {element["type"] for element in card["body"]} == {"RichTextBlock", "Image"}
    runs = [run for element in card["body"] for run in element.get("inlines", ())]
    assert HOSTILE in "".join(run["text"] for run in runs)
    links = [run["selectAction"]["url"] for run in runs if "selectAction" in run]
    assert links
    assert all(link.startswith("https://metrics.example.com/dora/") for link in links)
    (image,) = (element for element in card["body"] if element["type"] == "Image")
    assert base64.b64decode(image["url"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert "ada, Lead time for changes" in image["altText"]


def test_a_webhook_shows_a_picture_that_a_web_server_publishes(digest: Digest, tmp_path: Path) -> None:
    """The picture lies in the folder, and the message has its address."""
    settings = {"slack": {"picture_folder": str(tmp_path), "picture_url": "https://static.example.com/p/"}}
    with serve_chat() as chat:
        outcome = digest("--to", "slack", settings=settings, DORA_SLACK_URL=chat.url)
    assert outcome.error is None, outcome.text
    (image,) = (block for block in chat.posts[0].json["blocks"] if block["type"] == "image")
    (path,) = tmp_path.glob("digest-*.png")
    assert image["image_url"] == f"https://static.example.com/p/{path.name}"
    assert path.read_bytes().startswith(b"\x89PNG")


def slack_api(chat: Chat, errors: dict[str, str] | None = None) -> Callable[[Post], Reply]:
    """The methods of Slack for files, with errors by method."""

    def reply(post: Post) -> Reply:
        method = post.path.rpartition("/")[2]
        answer: dict[str, Any] = {"ok": True}
        if method in (errors or {}):
            answer = {"ok": False, "error": (errors or {})[method]}
        elif method == "files.getUploadURLExternal":
            answer |= {"upload_url": f"{chat.url}/upload/v1/1234", "file_id": "F0123456789"}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    return reply


APP = {"type": "slack", "channel": "C0123456789", "teams": [HOSTILE]}


def test_an_app_of_slack_posts_the_picture_with_the_text(digest: Digest) -> None:
    """Upload, then one message with blocks and picture in the channel; the token is in headers of Slack's API alone."""
    with serve_chat() as chat:
        chat.usual = slack_api(chat)
        settings = {"slow": {**APP, "api": f"{chat.url}/api"}}
        outcome = digest("--to", "slow", settings=settings, DORA_SLACK_TOKEN="xoxb-s3cret")
        again = digest("--to", "slow", settings=settings, DORA_SLACK_TOKEN="xoxb-s3cret")
    assert outcome.error is None, outcome.text
    assert "sent before" in again.stderr
    start, upload, complete = chat.posts
    assert [post.path for post in chat.posts] == [
        "/api/files.getUploadURLExternal", "/upload/v1/1234", "/api/files.completeUploadExternal",
    ]  # fmt: skip
    assert start.form["length"] == str(len(upload.body))
    assert upload.body.startswith(b"\x89PNG")
    form = complete.form
    assert (form["channel_id"], json.loads(form["files"])[0]["id"]) == ("C0123456789", "F0123456789")
    assert json.loads(form["blocks"])[0]["type"] == "header"
    tokens = [post.headers.get("authorization") for post in chat.posts]
    assert tokens == ["Bearer xoxb-s3cret", None, "Bearer xoxb-s3cret"]
    assert "s3cret" not in outcome.text
    assert all(b"s3cret" not in post.body for post in chat.posts)


def test_an_app_without_a_picture_posts_the_blocks(send: Send) -> None:
    """One message, with the numbers as text."""
    with serve_chat() as chat:
        chat.usual = slack_api(chat)
        assert send({**APP, "api": f"{chat.url}/api"}, "slow", DORA_SLACK_TOKEN="xoxb-s3cret") is None
    (post,) = chat.posts
    assert post.path == "/api/chat.postMessage"
    assert "Lead time 3 h" in json.loads(post.form["blocks"])[-2]["text"]["text"]


@pytest.mark.parametrize(("code", "kind"), [("invalid_auth", AuthError), ("channel_not_found", PartialError)])
def test_an_error_of_slack_is_named(send: Send, code: str, kind: type[DoraError]) -> None:
    """The token is an AuthError, another error partial, each with Slack's word for it."""
    with serve_chat() as chat:
        chat.usual = slack_api(chat, {"chat.postMessage": code})
        error = send({**APP, "api": chat.url}, "slow", DORA_SLACK_TOKEN="xoxb-s3cret")
    assert isinstance(error, kind)
    assert code in str(error)
    assert "s3cret" not in str(error)


def test_an_upload_address_that_is_not_encrypted_gets_no_picture(digest: Digest) -> None:
    """Whatever an answer says, a picture goes to https alone."""
    with serve_chat() as chat:
        answer = json.dumps({"ok": True, "upload_url": "http://example.com/up", "file_id": "F1"}).encode()
        chat.usual = lambda _: (200, {}, answer)
        outcome = digest("--to", "slow", settings={"slow": {**APP, "api": chat.url}}, DORA_SLACK_TOKEN="xoxb-s3cret")
    assert isinstance(outcome.error, UsageError)
    assert len(chat.posts) == 1


def test_two_runs_at_once_send_one_digest(digest: Digest, tmp_path: Path) -> None:
    """The second ends as locked while the first one sends."""
    with serve_chat() as chat, open_sent_log(tmp_path / "data"):
        outcomes: list[Outcome] = []
        run = threading.Thread(target=lambda: outcomes.append(digest("--to", "slack", DORA_SLACK_URL=chat.url)))
        run.start()
        run.join()
    assert isinstance(outcomes[0].error, LockedError)
    assert chat.posts == []


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"slack": {"url": "https://hooks.example.com/s3cret"}}, "has no key url;"),
        ({"slack": {"picture_folder": "x"}}, "belong together"),
        ({"slack": {"ca_file": "missing.pem"}}, "there is no missing.pem"),
        ({"slack": {"type": "irc"}}, "no destination"),
        ({"slack": {"api": "http://example.com"}}, "not encrypted"),
        ({"slack": {"channel": "C1"}}, "token of an app"),
        ({"slack": {"teams": ["nobody"]}}, "nobody"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_sent(digest: Digest, settings: dict[str, Any], part: str) -> None:
    """Usage, with the key; no secret is repeated."""
    outcome = digest("--to", "slack", settings=settings, DORA_SLACK_URL="http://127.0.0.1:9/")
    assert isinstance(outcome.error, UsageError), outcome.text
    assert part in outcome.text
    assert "s3cret" not in outcome.text
