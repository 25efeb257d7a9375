"""Certificates that the tests of https share, made by `openssl` for this run alone."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
SAN = "subjectAltName=IP:127.0.0.1"


class Certificates:
    """An authority; certificates that it signed for this host (``server``, ``expired``) and for us (``client``),
    one that nobody else signed (``alone``), and one of another host (``elsewhere``).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._make("ca", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", signed=False)
        self._make("alone", SAN, signed=False)
        self._make("server", SAN)
        self._make("elsewhere", "subjectAltName=DNS:elsewhere.example")
        self._make("client", "extendedKeyUsage=clientAuth")
        self._expire("expired")

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    def paths(self, name: str) -> tuple[str, str]:
        """Certificate and key."""
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def context(self, name: str, *, asks: bool = False) -> ssl.SSLContext:
        """A server's context; where it asks, only a client of our authority is let in."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.paths(name))
        if asks:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _make(self, name: str, *extensions: str, signed: bool = True) -> None:
        public, key = self.paths(name)
        more = [word for extension in extensions for word in ("-addext", extension)]
        signer = ["-CA", self.ca, "-CAkey", self.paths("ca")[1]] if signed else []
        self._openssl("req", "-x509", *EC, "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", public,
                      *more, *signer)  # fmt: skip

    def _expire(self, name: str) -> None:
        """A certificate that ended in the year 2001: `openssl ca` is what can date one back."""
        public, key = self.paths(name)
        request, index = self.folder / "request", self.folder / "index"
        index.touch()
        (self.folder / "serial").write_text("01\n")
        config = self.folder / "ca.cnf"
        config.write_text(
            f"[ca]\ndefault_ca=ours\n[ours]\ndatabase={index}\nserial={self.folder}/serial\nnew_certs_dir={self.folder}\n"
            "default_md=sha256\npolicy=any\nx509_extensions=ext\n[any]\ncommonName=supplied\n"
            f"[ext]\n{SAN}\n"
        )
        self._openssl("req", "-new", *EC, "-subj", f"/CN={name}", "-keyout", key, "-out", str(request))
        ours = ("-config", str(config), "-cert", self.ca, "-keyfile", self.paths("ca")[1])
        dates = ("-startdate", "20000101000000Z", "-enddate", "20010101000000Z")
        self._openssl("ca", "-batch", "-notext", *ours, *dates, "-in", str(request), "-out", public)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder, timeout=30)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of this run."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
