"""Doubles of PagerDuty, made from its public OpenAPI schema; of Jira and GitHub, from their reference documentation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import urlencode

from ingest.http.transport import basic_header
from ingest.simulation.gate.execution_store import ResponseError
from tests.simulation.api_double import NOW, TOKEN, ApiDouble, Thing, text

SIX_MONTHS = timedelta(days=184)


class PagerDuty(ApiDouble):
    """REST API v2: lists by offset of at most 10,000 entries, six months at most, and log entries of all incidents."""

    source = "pagerduty"
    dismissal = "merged"
    max_entries = 10_000
    services: ClassVar[list[str]] = ["Shop", "Cart"]

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[datetime, str]] = []

    def accepts(self, headers: Any) -> bool:
        is_v2 = headers["Accept"] == "application/vnd.pagerduty+json;version=2"
        return is_v2 and headers["Authorization"] == f"Token token={TOKEN}"

    def error(self, status: int, message: str) -> Any:
        return {"error": {"message": message, "code": 2000 + status, "errors": [message]}}

    def add(self, id_: str, opened: float = 5.0, resolved: float | None = None, **more: Any) -> Thing:
        thing = super().add(id_, opened, resolved, **more)
        self.log += [(thing.opened, id_), *([(thing.resolved, id_)] if thing.resolved else [])]
        return thing

    def change(self, id_: str, **more: Any) -> None:
        super().change(id_, **more)
        self.log.append((self.things[id_].updated, id_))

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        match path.split("/")[1:]:
            case ["incidents"]:
                since, until = self._range(query)
                things = sorted(self.things.values(), key=lambda thing: (thing.opened, thing.id))
                matches = [thing for thing in things if since <= thing.opened < until]
                return self._page("incidents", [self._incident(thing) for thing in matches], query)
            case ["incidents", id_] if id_ in self.things:
                return {"incident": self._incident(self.things[id_])}
            case ["log_entries"]:
                since, until = self._range(query)
                entries = [(time, id_) for time, id_ in sorted(self.log) if since <= time < until]
                return self._page("log_entries", [self._entry(*entry) for entry in entries], query)
            case ["services"]:
                return self._page("services", [_reference(name, "service") for name in self.services], query)
        raise ResponseError(404, "Not Found")

    def _range(self, query: dict[str, list[str]]) -> tuple[datetime, datetime]:
        until = datetime.fromisoformat(query["until"][0]) if "until" in query else datetime.now(NOW.tzinfo)
        since = datetime.fromisoformat(query["since"][0]) if "since" in query else until - timedelta(days=30)
        if until - since > SIX_MONTHS:
            raise ResponseError(400, "Time range exceeds the maximum")
        return since, until

    def _page(self, name: str, items: list[Any], query: dict[str, list[str]]) -> Any:
        limit, offset = (int(query.get(key, [default])[0]) for key, default in (("limit", "25"), ("offset", "0")))
        limit = min(limit, 100)
        if limit + offset > self.max_entries:
            raise ResponseError(400, "Offset must be less than 10000")
        page = items[offset : offset + limit]
        more = offset + limit < len(items)
        return {name: page, "limit": limit, "offset": offset, "total": None, "more": more}

    def shorten(self, body: Any) -> Any:
        return {name: value[:-1] if isinstance(value, list) else value for name, value in body.items()}

    def _entry(self, time: datetime, id_: str) -> Any:
        kind = (
            "resolve_log_entry" if self.things.get(id_) and self.things[id_].resolved == time else "trigger_log_entry"
        )
        return {"id": f"R{abs(hash((time, id_)))}", "type": kind, "created_at": text(time), "incident": {
            "id": id_, "type": "incident_reference", "summary": f"[#1] {id_}", "self": None, "html_url": None,
        }}  # fmt: skip

    def _incident(self, thing: Thing) -> Any:
        merged = {"type": "merge_resolve_reason", "incident": {"id": "PX", "type": "incident_reference"}}
        return {
            "id": thing.id, "type": "incident", "summary": f"[#1234] {thing.id} is on fire",
            "self": f"{self.url}/incidents/{thing.id}", "html_url": f"https://acme.pagerduty.com/incidents/{thing.id}",
            "incident_number": 1234, "title": f"{thing.id} is on fire", "created_at": text(thing.opened),
            "updated_at": text(thing.updated), "status": "resolved" if thing.resolved else "triggered",
            "incident_key": "baf7cf21b1da41b4b0221008339ff357", "urgency": "high",
            "service": _reference(thing.service, "service"), "last_status_change_at": text(thing.updated),
            "resolved_at": text(thing.resolved), "assignments": [], "acknowledgements": [], "is_mergeable": True,
            "priority": _reference(thing.severity, "priority") if thing.severity else None,
            "resolve_reason": merged if thing.closed_as else None, "pending_actions": [], "teams": [],
            "alert_counts": {"all": 2, "triggered": 2, "resolved": 0}, **thing.more,
        }  # fmt: skip


def _reference(name: str, kind: str) -> Any:
    return {"id": f"P{name.upper()}", "type": f"{kind}_reference", "summary": name, "self": None, "html_url": None}


class Jira(ApiDouble):
    """Jira Cloud: search by tokens. Its JQL knows what the source asks for; ``jql`` finds every issue with no label."""

    source = "jira"
    dismissal = "Duplicate"
    root, search = "/rest/api/3", "/rest/api/3/search/jql"
    sections: ClassVar[dict[str, Any]] = {"jql": "type = Incident", "user": "ada@example.org", "api": "cloud"}
    has_resolution_date = True

    def make_id(self, number: int) -> str:
        return str(10_000 + number)

    def accepts(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == basic_header("ada@example.org", TOKEN)["Authorization"])

    def error(self, status: int, message: str) -> Any:
        return {"errorMessages": [message], "errors": {}}

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        issue = re.fullmatch(rf"{self.root}/issue/(\d+)", path)
        if path == f"{self.root}/myself":
            return {"displayName": "Ada", "timeZone": "Europe/Berlin", "active": True}
        if path == self.search:
            return self._search(self._find(query["jql"][0]), query)
        if issue and issue[1] in self.things:
            changelog = {"histories": [self._closing(self.things[issue[1]])]} if "expand" in query else {}
            return self._issue(self.things[issue[1]]) | {"changelog": changelog}
        raise ResponseError(404, "Issue does not exist or you do not have permission to see it.")

    def _find(self, jql: str) -> list[Thing]:
        match = re.fullmatch(r"\(type = Incident\) AND (.*?)( ORDER BY created ASC, key ASC)?", jql)
        if match is None:
            raise ResponseError(400, f"Error in the JQL Query: {jql}")
        things = [thing for thing in self.things.values() if "no_incident" not in thing.more]
        if match[1].startswith("id in"):
            ids = re.findall(r"\d+", match[1])
            if missing := [id_ for id_ in ids if id_ not in self.things]:
                raise ResponseError(400, f"An issue with key '{missing[0]}' does not exist for field 'id'.")
            return sorted((thing for thing in things if thing.id in ids), key=lambda thing: thing.opened)
        since = 0 if match[1] == "updated >= -30d" else int(match[1].removeprefix("updated >= "))
        changed = [thing for thing in things if thing.updated.timestamp() * 1000 >= since]
        return sorted(changed, key=lambda thing: (thing.opened, thing.id))

    def _search(self, things: list[Thing], query: dict[str, list[str]]) -> Any:
        start, size = int(query.get("nextPageToken", ["0"])[0]), min(int(query["maxResults"][0]), self.page_size)
        page = {"issues": [self._issue(thing) for thing in things[start : start + size]]}
        is_last = start + size >= len(things)
        return page | {"isLast": is_last} | ({} if is_last else {"nextPageToken": str(start + size)})

    def shorten(self, body: Any) -> Any:
        return body | {"issues": body["issues"][:-1]} if "issues" in body else body

    def _closing(self, thing: Thing) -> Any:
        items = [{"field": "status", "toString": "Done"}, {"field": "resolution", "toString": "Done"}]
        return {"id": "1", "created": _jira_time(thing.resolved), "items": items}

    def _issue(self, thing: Thing) -> Any:
        end = _jira_time(thing.resolved) if self.has_resolution_date else None
        resolution = {"name": thing.closed_as or "Done"} if thing.resolved and self.has_resolution_date else None
        fields = {
            "created": _jira_time(thing.opened), "updated": _jira_time(thing.updated), "resolutiondate": end,
            "resolution": resolution, "summary": "The shop is down", "labels": [],
            "status": {"name": "Open", "statusCategory": {"key": "done" if thing.resolved else "new"}},
            "priority": {"name": thing.severity or "High"}, "components": [{"name": thing.service}],
            "project": {"key": "PAY", "name": "Payments"}, **thing.more,
        }  # fmt: skip
        return {"id": thing.id, "key": f"PAY-{int(thing.id) - 10_000}", "self": self.url, "fields": fields}


class JiraServer(Jira):
    """Jira Data Center: search by offset with a total, personal access tokens, issues without date of resolution."""

    dismissal = ""  # it has no resolutions
    root, search = "/rest/api/2", "/rest/api/2/search"
    sections: ClassVar[dict[str, Any]] = {"jql": "type = Incident"}
    has_resolution_date = False
    page_size = 50

    def accepts(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == f"Bearer {TOKEN}")

    def _search(self, things: list[Thing], query: dict[str, list[str]]) -> Any:
        start, size = int(query.get("startAt", ["0"])[0]), min(int(query["maxResults"][0]), self.page_size)
        issues = [self._issue(thing) for thing in things[start : start + size]]
        return {"startAt": start, "maxResults": size, "total": len(things), "issues": issues}


def _jira_time(time: datetime | None) -> str | None:
    """Jira writes milliseconds, and an offset without a colon."""
    return (
        time.astimezone(timezone(timedelta(hours=2))).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0200" if time else None
    )


class GitHubIssues(ApiDouble):
    """GitHub's issues of acme/shop, pull requests among them; pages are linked by a cursor."""

    source = "github_issues"
    dismissal = "not_planned"
    slug = "acme/shop"
    sections: ClassVar[dict[str, Any]] = {"repositories": ["acme/shop"], "labels": ["incident"]}

    def __init__(self) -> None:
        super().__init__()
        self.transferred: set[str] = set()
        self.links = True

    def make_id(self, number: int) -> str:
        return f"acme/shop#{number + 1000}"

    def accepts(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == f"Bearer {TOKEN}")

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if not path.startswith(f"/repos/{self.slug}"):
            raise ResponseError(404, "Not Found")
        match path.split("/")[4:]:
            case []:
                return {"full_name": self.slug}
            case ["labels"]:
                return [{"name": "incident"}, {"name": "Shop"}]
            case ["issues"]:
                start, size = self._window(query)
                return self._list(query)[start : start + size]
            case ["issues", number] if (id_ := f"{self.slug}#{number}") in self.transferred:
                raise MovedError(f"{self.url}/repositories/2/issues/1")
            case ["issues", number] if (id_ := f"{self.slug}#{number}") in self.things:
                return self._issue(self.things[id_])
        raise ResponseError(410, "This issue was deleted")

    def _window(self, query: dict[str, list[str]]) -> tuple[int, int]:
        """Return offset and size of a page: by cursor, or by number."""
        size, number = int(query["per_page"][0]), int(query.get("page", ["1"])[0])
        return int(query["after"][0]) if "after" in query else (number - 1) * size, size

    def _list(self, query: dict[str, list[str]]) -> list[Any]:
        assert query["state"] == ["all"]
        assert (query["sort"], query["direction"]) == (["updated"], ["desc"])
        since = datetime.fromisoformat(query["since"][0])
        things = [thing for thing in self.things.values() if thing.updated >= since]
        return [
            self._issue(thing) for thing in sorted(things, key=lambda thing: (thing.updated, thing.id), reverse=True)
        ]

    def next_page(self, path: str, query: dict[str, list[str]], body: Any) -> dict[str, str]:
        if not path.endswith("/issues") or not self.links:
            return {}
        start, size = self._window(query)
        if start + size >= len(self._list(query)):
            return {}
        flat = {name: value[0] for name, value in query.items()} | {"after": str(start + size)}
        first = f'<{self.url}{path}?{urlencode(flat | {"after": "0"})}>; rel="first"'
        return {"Link": f'{first}, <{self.url}{path}?{urlencode(flat)}>; rel="next"'}

    def shorten(self, body: Any) -> Any:
        return body[:-1] if isinstance(body, list) else body

    def _issue(self, thing: Thing) -> Any:
        labels = thing.more.get("labels", ["incident", thing.service, *filter(None, [thing.severity])])
        issue = {
            "id": 1, "number": int(thing.id.rpartition("#")[2]), "title": "The shop is down", "body": "It is down.",
            "html_url": f"https://github.com/{self.slug}/issues/1", "user": {"login": "ada"},
            "labels": [{"name": label, "color": "f00"} for label in labels],
            "state": "closed" if thing.resolved else "open",
            "state_reason": (thing.closed_as or "completed") if thing.resolved else None,
            "created_at": text(thing.opened), "updated_at": text(thing.updated), "closed_at": text(thing.resolved),
        }  # fmt: skip
        pull = {"pull_request": {"url": self.url}} if thing.more.get("pull") else {}
        return issue | pull | ({"created_at": thing.more["created_at"]} if "created_at" in thing.more else {})


class MovedError(ResponseError):
    """GitHub redirects to where an issue is now."""

    def __init__(self, location: str) -> None:
        super().__init__(301, "Moved Permanently")
        self.headers = {"Location": location}


DOUBLES: dict[str, type[ApiDouble]] = {
    "pagerduty": PagerDuty, "jira": Jira, "jira server": JiraServer, "github_issues": GitHubIssues
}  # fmt: skip
