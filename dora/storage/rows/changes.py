"""Commits, changes of a trunk, and pull or merge requests."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import (
    Flag,
    Int32,
    Micros,
    OptionalRandomText,
    RandomText,
    RandomTexts,
    Row,
    Text,
    Texts,
)


class Commit(Row, frozen=True, kw_only=True):
    """One commit that a trunk or a deployment can reach; id is repository@sha."""

    id: Annotated[RandomText, "Its repository and full id, as repository@sha."]
    repository: Annotated[str, "Repository, owner/name."]
    sha: Annotated[RandomText, "Full commit id."]
    parents: Annotated[RandomTexts, "Full ids of its parents, first parent first."]
    authored_at: Annotated[Micros, "Author time."] = None
    committed_at: Annotated[Micros, "Committer time."] = None
    tree: Annotated[
        OptionalRandomText, "First 16 digits of the id of its tree: commits with one tree have the same files."
    ] = None
    author: Annotated[Text, "Name of its author as the commit records it."] = None
    author_email: Annotated[Text, "E-mail of its author."] = None
    committer_email: Annotated[Text, "E-mail of its committer."] = None
    co_authors: Annotated[Texts, "Further authors that its message names, each as Name <e-mail>."] = None
    trailers: Annotated[
        Texts, "Lines of its message that name co-authors, and the people or tools that helped, such as Assisted-by."
    ] = None
    subject: Annotated[Text, "First line of its message."] = None
    change_request: Annotated[
        Text, "Numbers of the pull or merge requests that it merged, according to its message; joined by a space."
    ] = None
    title: Annotated[
        Text,
        "Title of that request, if the subject is that of a merge and does not contain it; of several, one a line.",
    ] = None
    reverts: Annotated[
        Texts,
        "What it reverts, according to its message, the most exact first: commit ID, request NUMBER (OWNER/NAME#NUMBER "
        "if the message names a repository), subject TEXT or number NUMBER, its own, if an earlier change has it.",
    ] = None
    is_revert: Annotated[
        Flag, "True if it does nothing but revert, as its subject or the line below says; null if it reverts nothing."
    ] = None
    picked_from: Annotated[
        Text,
        "Full id of the commit that it was cherry-picked from: its message says so, or it is the same patch by the "
        "same author.",
    ] = None


class Change(Row, frozen=True, kw_only=True):
    """One entry on a trunk's first-parent line; id is repository@sha."""

    id: Annotated[RandomText, "Its repository and full id, as repository@sha."]
    repository: Annotated[str, "Repository, owner/name."]
    sha: Annotated[RandomText, "Full id of the trunk commit."]
    merged_at: Annotated[Micros, "When it was merged to trunk: committer time of the trunk commit."] = None
    change_request: Annotated[Text, "Number of its pull or merge request; of several, joined by a space."] = None
    paths: Annotated[Texts, "Files that it changes against its first parent, if applications share the repository."] = (
        None
    )
    applications: Annotated[Texts, "Applications that it belongs to according to the source."] = None
    on_trunk: Annotated[bool, "False if a rewrite of the trunk dropped it."] = True
    branch: Annotated[Text, "Branch that it is on: the trunk, or a release branch configured beside it."] = None
    kind: Annotated[
        Text,
        "How it was merged: merge, squash (one commit with the number of its request), direct (pushed, or rebased "
        "onto trunk).",
    ] = None
    labels: Annotated[Texts, "Labels derived from its author and subject: bot, dependencies, backport."] = None
    first_commit_at: Annotated[Micros, "Earliest plausible author time of its commits."] = None
    commits: Annotated[Int32 | None, "Number of its commits, including itself."] = None
    files: Annotated[Int32 | None, "Files changed against its first parent; null if not counted."] = None
    lines_added: Annotated[Int32 | None, "Lines added to text files; null if not counted."] = None
    lines_removed: Annotated[Int32 | None, "Lines removed from text files; null if not counted."] = None
    merge_time_issue: Annotated[
        Text, "Why merged_at is not plausible: unreadable, too_early, in_future, before_parent; null if it is."
    ] = None


class ChangeRequest(Row, frozen=True, kw_only=True):
    """One pull or merge request as its host describes it; id is repository#number."""

    repository: Annotated[str, "Repository, owner/name, by its name in our settings."]
    number: Annotated[str, "Its number."]
    author: Annotated[Text, "User who opened it."] = None
    opened_at: Annotated[Micros, "When it was opened."] = None
    first_commit_at: Annotated[Micros, "Author time of the first of its commits."] = None
    first_review_at: Annotated[Micros, "When a user other than its author first reviewed it."] = None
    approved_at: Annotated[Micros, "When it was first approved."] = None
    merged_at: Annotated[Micros, "When it was merged, by the clock of the host."] = None
    merged_by: Annotated[Text, "User who merged it; null if its host does not say."] = None
    reviewers: Annotated[Texts, "Users other than its author who reviewed it; null until it is merged."] = None
    approvers: Annotated[Texts, "Those of them who approved it before it was merged."] = None
    sha: Annotated[Text, "Full id of the commit that it became on its branch."] = None
    head_sha: Annotated[Text, "Full id of the last commit of its own branch."] = None
    labels: Annotated[Texts, "Its labels at the host."] = None


class RequestHead(Row, frozen=True, kw_only=True):
    """The last commit of one pull or merge request's own branch, as a ref of its host; id is repository#number."""

    repository: Annotated[str, "Repository, owner/name."]
    number: Annotated[str, "Its number."]
    sha: Annotated[str, "Full id of the commit."]


class Tag(Row, frozen=True, kw_only=True):
    """One tag and the commit that it named; one that moved has a row for each. Id is repository@name@sha."""

    repository: Annotated[str, "Repository, owner/name."]
    name: Annotated[str, "Its name, without refs/tags/."]
    sha: Annotated[str, "Full id of the commit; of an annotated tag, the one that it points at in the end."]
    is_annotated: Annotated[bool, "It is annotated: an object of its own."]
    tagged_at: Annotated[Micros, "When it was made; null if it is not annotated."] = None
