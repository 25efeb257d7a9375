"""Labels, annotations and variables of a pod template as entries that compare, without their values.

A variable may hold a secret: an entry has only a digest of the value. Its class says whether the value is a commit, a
date or the number of a build, which differ with every run and so are no change of configuration.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import msgspec

from ingest.spinnaker.model.coerce import as_text

# What Clouddriver and the API server write into applied manifests alone, so that no requested one has them.
_STAMPED_KEYS = frozenset(
    {
        "artifact.spinnaker.io/version",
        "moniker.spinnaker.io/sequence",
        "kubectl.kubernetes.io/last-applied-configuration",
        "pod-template-hash",
        "controller-revision-hash",
    }
)
_REVISION_KEY = "kubernetes.io/revision"
_COMMIT = re.compile(r"(?=.*\d)(?=.*[a-fA-F])[0-9a-fA-F]{7,40}|[0-9a-fA-F]{40}")
_DATE = re.compile(
    r"(19|20)\d\d-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])"
    r"([T _.-]?\d\d[:._-]?\d\d([:._-]?\d\d([.,]\d+)?)?)? ?(Z|UTC|[+-]\d\d:?\d\d)?"
)
_INTEGER = re.compile(r"\d{1,18}")
_BUILD_NAME = re.compile(r".*BUILD|.*(BUILD|RUN|PIPELINE|JOB|CI)(NUMBER|NUM|NR|NO|IID|ID)")
_SHORT = 64  # longer than any commit, date or number
_EPOCH = range(1_400_000_000, 2_100_000_000)  # 2014 to 2036 in seconds: 2^30 and 2^31 are sizes and limits


def is_stamp(name: str) -> bool:
    """Tell whether a label or annotation stands only in applied manifests."""
    return name in _STAMPED_KEYS or name.endswith(_REVISION_KEY)


def key_entry(prefix: str, name: str, value: object) -> str:
    """Return ``PREFIX/NAME=DIGEST``, and ``:CLASS`` if the value is a commit, a date or the number of a build."""
    if isinstance(value, str) and len(value) <= _SHORT:
        return _text_entry(prefix, name, value)
    return _entry(prefix, name, value)


def _entry(prefix: str, name: str, value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()
    # Lone surrogates, which JSON can hold and UTF-8 can not, are digested as they are.
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    noise = noise_class(name, value)
    return f"{prefix}/{name}={digest}:{noise}" if noise else f"{prefix}/{name}={digest}"


# The entries of a workload are the same in nearly all of its rollouts.
_text_entry = lru_cache(maxsize=4096)(_entry)


def noise_class(name: str, value: object) -> str | None:
    """Return ``commit``, ``date`` or ``build`` for a value that differs with every run; else None."""
    text = as_text(value)
    if not text or len(text) > _SHORT or name.startswith("checksum/"):
        return None
    if _COMMIT.fullmatch(text):
        return "commit"
    if _INTEGER.fullmatch(text):
        if _BUILD_NAME.fullmatch(re.sub(r"[^A-Z0-9]", "", name.rpartition("/")[2].upper())):
            return "build"
        number = int(text)
        is_epoch = number in _EPOCH or (len(text) == 13 and number // 1000 in _EPOCH)
        return "date" if is_epoch or _DATE.fullmatch(text) else None
    return "date" if _DATE.fullmatch(text) else None
