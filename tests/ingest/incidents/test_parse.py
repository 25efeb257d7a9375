"""Whatever a system sends in place of a value, a document gives rows that fit landing, or the reason why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.storage.rows.incidents import Incident
from ingest import configure_source
from ingest.incidents.report import IncidentDocument, parse_time
from tests.simulation.trackers import DOUBLES

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(["name", "key", "id"]), values),
    max_leaves=4,
)


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [inner for key, item in items for inner in list_paths(item, (*path, key))]


def replace_value(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = new if len(path) == 1 else replace_value(copy[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("name", DOUBLES)
@given(data=st.data())
def test_a_wrong_value_anywhere_is_a_reason_and_no_crash(name: str, data: st.DataObject) -> None:
    """One value of a real document is replaced by any other."""
    double: Any = DOUBLES[name]()
    double.url = "https://tracker.example"
    thing = double.add(double.make_id(1), resolved=1, severity="P1")
    document = double._incident(thing) if name == "pagerduty" else double._issue(thing)
    path = data.draw(st.sampled_from(list_paths(document)))
    content = msgspec.json.encode(replace_value(document, path, data.draw(VALUES)))
    source: Any = configure_source(double.source, double.settings(services={"*": "*"}), Path())
    body = IncidentDocument(id=thing.id, incident=msgspec.Raw(content)).encode(source.kind)
    try:
        rows = source.parse(body)
    except ValueError:
        return
    assert rows
    for row in rows:
        msgspec.convert(msgspec.structs.asdict(row), Incident)
        assert abs(row.revision) < 1 << 63


@given(st.datetimes() | st.text(max_size=30))
def test_a_time_is_parsed_or_refused(value: Any) -> None:
    """No text is a time outside of what landing holds."""
    try:
        micros = parse_time(value if isinstance(value, str) else f"{value.isoformat()}Z", "created")
    except ValueError:
        return
    assert micros is None or abs(micros) < 1 << 53
