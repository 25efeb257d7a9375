"""What a disk may have after power was lost, at each call of a run: a model of it, fed by the journal of ``journal.h``.

A disk has for sure what was synced: the content of a file at its last fsync, the names in a folder at that folder's
last fsync. Of all later changes it may have any: each is kept or lost, and of a write a part may be kept.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

_ENTRY = struct.Struct("@clliii4x")  # `struct entry` of journal.h
SECTOR = 512  # bytes that a disk writes as a whole

Files = dict[str, bytes | None]  # the content of each file by its path; None is a folder


class Call(NamedTuple):
    """One call: its kind, the file or folder that it changed, by inode or path, and where and what was written."""

    kind: str
    inode: int
    at: int
    path: str
    other: str
    data: bytes

    @property
    def is_real(self) -> bool:
        """Whether it is no note of what the next call finds."""
        return self.kind != "c"


def read_journal(path: Path) -> list[Call]:
    """Return the calls of a run in their order."""
    journal, calls, begin = path.read_bytes(), [], 0
    while begin < len(journal):
        kind, inode, at, *lengths = _ENTRY.unpack_from(journal, begin)
        begin, parts = begin + _ENTRY.size, []
        for length in lengths:
            parts.append(journal[begin : begin + length])
            begin += length
        calls.append(Call(kind.decode(), inode, at, parts[0].decode(), parts[1].decode(), parts[2]))
    return calls


@dataclass
class File:
    """A file: what it has ``now``, what is ``synced``, and the calls since then."""

    now: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    unsynced: list[Call] = field(default_factory=list)

    def change(self, call: Call) -> None:
        """Write, cut or replace the content."""
        self.now = _change(self.now, call)
        self.unsynced.append(call)

    def sync(self) -> None:
        """Make the content sure."""
        self.synced, self.unsynced = bytes(self.now), []

    def survive(self, chance: Random | None) -> bytes:
        """Return what is left of it."""
        content = bytearray(self.synced)
        for call in self.unsynced if chance else ():
            content = _keep_part(content, call, chance)
        return bytes(content)


def _change(content: bytearray, call: Call) -> bytearray:
    if call.kind == "w":
        content.extend(bytes(max(call.at - len(content), 0)))
        content[call.at : call.at + len(call.data)] = call.data
        return content
    if call.kind == "c":
        return bytearray(call.data)
    content.extend(bytes(max(call.at - len(content), 0)))
    del content[call.at :]
    return content


def _keep_part(content: bytearray, call: Call, chance: Random) -> bytearray:
    kept = chance.choice(("all", "all", "none", "none", "part"))
    if kept == "none":
        return content
    if kept == "part" and call.data:
        sectors = chance.randrange(len(call.data) // SECTOR + 1)
        call = call._replace(kind="w", data=call.data[: sectors * SECTOR])
    return _change(content, call)


@dataclass
class Folder:
    """A folder: its names ``now``, those that are ``synced``, and later changes by the number of their call."""

    now: dict[str, Node] = field(default_factory=dict)
    synced: dict[str, Node] = field(default_factory=dict)
    unsynced: list[tuple[int, str, Node | None]] = field(default_factory=list)

    def name(self, number: int, name: str, node: Node | None) -> None:
        """Let a name be that of another file, or of none."""
        if node is None:
            self.now.pop(name, None)  # git tries whether there can be symbolic links, which are not noted
        else:
            self.now[name] = node
        self.unsynced.append((number, name, node))

    def sync(self) -> None:
        """Make the names sure."""
        self.synced, self.unsynced = dict(self.now), []

    def survive(self, kept: Kept | None) -> dict[str, Node]:
        """Return the names that are left."""
        names = dict(self.synced)
        for number, name, node in self.unsynced if kept else ():
            if not kept.has(number):
                continue
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
        return names


Node = File | Folder


class Kept:
    """Which calls that changed names were kept: a rename in both folders or in none."""

    def __init__(self, chance: Random) -> None:
        self._chance, self._kept = chance, dict[int, bool]()

    def has(self, number: int) -> bool:
        """Return whether this call was kept."""
        return self._kept.setdefault(number, self._chance.random() < 0.5)


class Disk:
    """The disk below one folder, as a run began; ``happen`` lets one more call happen."""

    def __init__(self, folder: Path) -> None:
        self.path, self.calls = folder.resolve(), 0
        self._nodes: dict[int, Node] = {}
        self.root = self._read(self.path)

    def _read(self, path: Path) -> Node:
        node = Folder({entry.name: self._read(entry) for entry in path.iterdir()}) if path.is_dir() else None
        node = node or File(bytearray(path.read_bytes()))
        node.sync()
        self._nodes[path.stat().st_ino] = node
        return node

    def happen(self, call: Call) -> None:
        """Let one call happen."""
        self.calls += 1
        match call.kind:
            case "w" | "c" | "t":
                self._nodes[call.inode].change(call)
            case "s":
                self._nodes[call.inode].sync()
            case "o":
                self._open(call)
            case "d":
                self._name(call.path, self._know(call, Folder()))
            case "u":
                self._name(call.path, None)
            case "l" | "r":
                self._name(call.other, self._find(call.path))
                if call.kind == "r":
                    self._name(call.path, None)

    def _open(self, call: Call) -> None:
        folder, name = self._parent(call.path)
        if name not in folder.now:
            self._name(call.path, self._know(call, File()))
        if call.at == 0 and folder.now[name].now:
            folder.now[name].change(call._replace(kind="t"))

    def _know(self, call: Call, node: Node) -> Node:
        self._nodes[call.inode] = node
        return node

    def _name(self, path: str, node: Node | None) -> None:
        folder, name = self._parent(path)
        folder.name(self.calls, name, node)

    def _parent(self, path: str) -> tuple[Folder, str]:
        folder = self._find(str(Path(path).parent))
        assert isinstance(folder, Folder)
        return folder, Path(path).name

    def _find(self, path: str) -> Node:
        node: Node = self.root
        for name in Path(path).relative_to(self.path).parts:
            assert isinstance(node, Folder)
            node = node.now[name]
        return node

    def now(self) -> Files:
        """Return what a program sees: the content of each file by its path, None for a folder."""
        return dict(_list(self.root, lambda folder: folder.now, lambda file: bytes(file.now)))

    def lose_power(self, chance: Random | None = None) -> Files:
        """Return what is left: only what was synced, or by chance some of the later changes."""
        kept = Kept(chance) if chance else None
        return dict(_list(self.root, lambda folder: folder.survive(kept), lambda file: file.survive(chance)))


def _list(node: Node, names: Any, content: Any, path: str = "") -> Iterator[tuple[str, bytes | None]]:
    if isinstance(node, File):
        yield path, content(node)
        return
    if path:
        yield path, None
    for name, child in names(node).items():
        yield from _list(child, names, content, f"{path}/{name}".lstrip("/"))


def read(folder: Path) -> Files:
    """Return the files in a folder."""
    paths = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*"))
    return {name: None if path.is_dir() else path.read_bytes() for name, path in paths}


def write(files: Files, folder: Path) -> None:
    """Write files into a new folder."""
    folder.mkdir()
    for name, content in files.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
