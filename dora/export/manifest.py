"""A manifest beside an export: the SHA-256 of each file, what the export is of, and a signature.

``sha256sum -c NAME.sha256`` verifies the files. With a private key in ``DORA_AUDIT_KEY`` or in the file that
``DORA_AUDIT_KEY_FILE`` names (PEM; RSA or elliptic curve) ``NAME.sha256.sig`` signs the manifest:
``openssl dgst -sha256 -verify public.pem -signature NAME.sha256.sig NAME.sha256`` verifies it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dora.errors import DoraError
from dora.render.file import replace_file

KEY, KEY_FILE = "DORA_AUDIT_KEY", "DORA_AUDIT_KEY_FILE"
SIGN = ("openssl", "dgst", "-sha256", "-sign", "/dev/stdin", "-out")
SECONDS = 30


def write_manifest(path: Path, exported: Sequence[Path], provenance: Mapping[str, str]) -> list[Path]:
    """Write the manifest of the exported files, which lie beside it, and its signature; return what was written.

    Raises ``DoraError`` if a key is configured and does not sign; the manifest is then written without a signature.
    """
    comments = [f"# {label}: {' '.join(value.split())}" for label, value in provenance.items()]
    # sha256sum skips lines that begin with #.
    hashes = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in exported]
    with replace_file(path) as temporary_path:
        temporary_path.write_text("\n".join([*comments, *hashes, ""]), encoding="utf-8")
    signature = path.with_name(f"{path.name}.sig")
    signature.unlink(missing_ok=True)  # of an earlier export
    if not (key := _read_key()):
        return [path]
    _sign(path, signature, key)
    return [path, signature]


def _read_key() -> bytes:
    if location := os.environ.get(KEY_FILE):
        try:
            return Path(location).expanduser().read_bytes()
        except OSError as error:
            raise DoraError(f"{KEY_FILE}: the key can not be read: {error.strerror}.", _NEXT) from None
    return os.environ.get(KEY, "").encode()


def _sign(path: Path, signature: Path, key: bytes) -> None:
    with replace_file(signature) as temporary_path:
        try:
            # The key goes through a pipe: as an argument `ps` would show it.
            done = subprocess.run(
                [*SIGN, str(temporary_path.absolute()), "--", str(path.absolute())],
                input=key, capture_output=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            raise DoraError("The manifest was written without a signature: openssl does not run.", _NEXT) from None
        if done.returncode:
            raise DoraError("The manifest was written without a signature: openssl does not sign with the key.", _NEXT)


_NEXT = f"install openssl and put a private key (PEM, RSA or elliptic curve) into {KEY_FILE} or {KEY}, or unset both."
