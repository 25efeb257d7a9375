"""A git history of any length, the same each time, for the benchmark of git."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path


def stream(commits: int) -> Iterator[str]:
    """A git fast-import stream: a trunk of which every fourth entry merges a branch of one to three commits."""
    chance, number, trunk, moment = random.Random(1), 0, 0, 1_400_000_000
    while number < commits:
        branch, length = trunk, chance.randint(1, 3) if trunk and chance.random() < 0.25 else 0
        for step in range(length + 1):
            number, moment = number + 1, moment + chance.randint(60, 7200)
            merges = step == length and length
            text = f"Merge pull request #{number} from acme/topic" if merges else f"change {number} of it (#{number})"
            body = f"{text}\n\n{'Some lines that say why this was needed. ' * chance.randint(0, 8)}\n"
            author, committer = (f"dev{number % people} <dev{number % people}@acme.example>" for people in (97, 89))
            yield f"commit refs/heads/main\nmark :{number}\nauthor {author} {moment - 900} +0000\n"
            yield f"committer {committer} {moment} +0000\ndata {len(body)}\n{body}"
            yield f"from :{trunk if merges else branch}\n" if branch else ""
            yield f"merge :{branch}\n" if merges else ""
            yield f"M 100644 inline service{number % 40}/file{number % 900}\ndata {len(str(number))}\n{number}\n\n"
            branch = number
        trunk = number
    yield "done\n"


def build(path: Path, commits: int) -> list[str]:
    """Import the stream into a bare repository and return its trunk, oldest first."""
    subprocess.run(["git", "init", "--bare", "--quiet", "--initial-branch=main", path], check=True)
    text = "".join(stream(commits)).encode()
    subprocess.run(["git", "-C", path, "fast-import", "--done", "--quiet", "--force"], input=text, check=True)
    return output(path, "rev-list", "--first-parent", "--reverse", "main").split()


def output(path: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", path, *arguments], check=True, capture_output=True, text=True).stdout
