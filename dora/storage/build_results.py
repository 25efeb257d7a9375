"""Results that many queries over one build need: a build never changes, so each is read once and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from dora.storage.connection import Connection

MAX_ENTRIES = 400  # of a build; those that were read first go first
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_by_connection: WeakKeyDictionary[Connection, BuildResults] = WeakKeyDictionary()


class BuildResults:
    """What functions ``once_per_build`` returned over all connections to one build."""

    def __init__(self) -> None:
        self._results: dict[tuple[Any, ...], Any] = {}
        self._lock = Lock()

    def share(self, connection: Connection) -> Connection:
        """Return a connection, whose queries from now on read and keep results here."""
        with self._lock:
            _by_connection[connection] = self
        return connection

    def read(self, key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
        """Return the result that is kept under a key, computed if it is new."""
        with self._lock:
            if key in self._results:
                return self._results[key]
        result = compute()
        with self._lock:
            self._results[key] = result
            while len(self._results) > MAX_ENTRIES:
                del self._results[next(iter(self._results))]
        return result


def once_per_build(
    function: Callable[Concatenate[Connection, Parameters], Result],
) -> Callable[Concatenate[Connection, Parameters], Result]:
    """Return a function of a connection and hashable values that computes each result once for a build.

    Callers must not change it. Over a connection that shares no results, it is computed each time.
    """

    @wraps(function)
    def read(connection: Connection, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        results = _by_connection.get(connection)
        if results is None:
            return function(connection, *args, **kwargs)
        key = (function, *args, *kwargs.items())
        result: Result = results.read(key, lambda: function(connection, *args, **kwargs))
        return result

    return read
