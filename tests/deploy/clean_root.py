"""Run the steps of deploy/Dockerfile in folders instead of containers, and the product in the last one.

Usage, as root: ``debootstrap --variant=minbase trixie BASE``, then ``python -m tests.deploy.clean_root BASE TARGET``.
Each stage is a copy of the base, each RUN a shell in a chroot. Then ``dora`` runs as the user of the image with the
root file system mounted read-only: a night over the samples, and the dashboard's health.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
# What the image sees at run time: nothing is writable but the volume and /tmp.
READ_ONLY = """
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"
mount -t tmpfs tmpfs "$0/tmp" && mount --bind "$1" "$0/data" && mount -t proc proc "$0/proc"
mount --bind /dev "$0/dev" && root=$0 && shift
exec /usr/sbin/chroot --userspec="$USER_OF_IMAGE" "$root" "$@"
"""
NIGHT = """
cd /data
dora --help > /tmp/help
git --version
dora nightly
dora show lead_time
! touch /opt/dora/new-file
dora dashboard --address 127.0.0.1 --port 8501 & server=$!
for _ in $(seq 120); do
  sleep 1
  python3 -c "$ASK" 2> /tmp/refused && break
done
kill $server
"""
ASK = "import urllib.request as u; print('health:', u.urlopen('http://127.0.0.1:8501/_stcore/health').read().decode())"


def read_instructions(path: Path = DOCKERFILE) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile and its text; comments are left out, continued lines are joined."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = line.partition(" ")
        yield name, " ".join(text.split())


def build_image(base: Path, target: Path) -> tuple[Path, dict[str, str]]:
    """Run every step; return the root of the last stage and its environment."""
    stages: dict[str, Path] = {}
    root, folder, variables = target, Path("/"), dict[str, str]()
    for name, text in read_instructions():
        print(name, text, flush=True)
        if name == "FROM":
            root, folder, variables = target / str(len(stages)), Path("/"), {}
            stages[text.rpartition(" AS ")[2]] = root
            subprocess.run(["cp", "--archive", "--reflink=auto", str(base), str(root)], check=True)
        elif name == "WORKDIR":
            folder = Path(text)
            (root / text[1:]).mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            _copy(text.split(), stages, root, root / str(folder)[1:])
        elif name == "ENV":
            variables |= dict(pair.split("=", 1) for pair in text.split())
        elif name == "USER":
            variables["USER_OF_IMAGE"] = text
        elif name == "RUN":
            shell = ["chroot", str(root), "/bin/sh", "-ec", f"cd {folder}; {text}"]
            subprocess.run(shell, check=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"} | variables)
    return root, variables


def _copy(words: list[str], stages: dict[str, Path], root: Path, folder: Path) -> None:
    source = ROOT
    if words[0].startswith("--from="):
        source = stages[words.pop(0).removeprefix("--from=")]
    *names, last = words
    target = root / last[1:] if last.startswith("/") else folder / last
    for name in names:
        path = source / name.lstrip("/")
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(path, target)


def run_image(root: Path, variables: dict[str, str], data: Path) -> None:
    """Run a night and the dashboard in the image as its user, with a read-only root file system."""
    settings = root / variables["DORA_CONFIG"][1:]
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('data = "/data"\n[sources.files]\npaths = ["/data/samples/*"]\n')
    shutil.copytree(ROOT / "data" / "samples", data / "samples", dirs_exist_ok=True)
    user = int(variables["USER_OF_IMAGE"].partition(":")[0])
    for path in (data, *data.rglob("*")):
        os.chown(path, user, user)
    command = ["unshare", "--mount", "/bin/sh", "-ec", READ_ONLY, str(root), str(data), "/bin/sh", "-ec", NIGHT]
    subprocess.run(command, check=True, env=variables | {"ASK": ASK})


if __name__ == "__main__":
    base, target = (Path(word).resolve() for word in sys.argv[1:])
    (target / "data").mkdir(parents=True)
    run_image(*build_image(base, target), target / "data")
