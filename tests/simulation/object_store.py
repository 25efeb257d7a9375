"""A double of an object store that speaks S3 over HTTP: as much of it as Arrow's client asks for.

An object appears when its upload is complete. A request without a signature of ``ACCESS_KEY`` is refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY = "reader"
BUCKET = "metrics"
TIME = "Mon, 02 Mar 2026 09:00:00 GMT"


class ObjectStore(ThreadingHTTPServer):
    """The objects of one bucket by key; ``refuse_from`` is the number of the first upload that is refused."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.written = 0
        self.refuse_from: int | None = None

    @property
    def address(self) -> str:
        """The address of the bucket, with what a client must know to find this server."""
        return f"s3://{BUCKET}/dora?scheme=http&endpoint_override=127.0.0.1:{self.server_port}&region=eu-central-1"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: ObjectStore
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def handle_request(self) -> None:
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        bucket, _, self.key = unquote(url.path).lstrip("/").partition("/")
        self.body = self._read_body()
        if f"Credential={ACCESS_KEY}/" not in self.headers.get("Authorization", ""):
            self._fail(403, "AccessDenied")
        elif bucket != BUCKET:
            self._fail(404, "NoSuchBucket")
        else:
            getattr(self, f"_{self.command.lower()}")()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request  # noqa: N815 - names of http.server

    def _read_body(self) -> bytes:
        """Return the body; Arrow's client sends it in chunks of HTTP, and in these in chunks of its own."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = read_chunks(self.rfile)
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return read_chunks(BytesIO(body)) if self.headers.get("Content-Encoding") == "aws-chunked" else body

    def _put(self) -> None:
        self.server.written += 1
        if self.server.refuse_from is not None and self.server.written >= self.server.refuse_from:
            self._fail(403, "QuotaExceeded")
        elif source := self.headers.get("x-amz-copy-source"):
            self.server.objects[self.key] = self.server.objects[unquote(source).lstrip("/").partition("/")[2]]
            self._answer(200, f"<CopyObjectResult><ETag>1</ETag><LastModified>{TIME}</LastModified></CopyObjectResult>")
        elif "uploadId" in self.query:
            self.server.uploads[self.query["uploadId"]][int(self.query["partNumber"])] = self.body
            self._answer(200)
        elif self.key:
            self.server.objects[self.key] = self.body
            self._answer(200)

    def _post(self) -> None:
        if "uploads" in self.query:
            number = str(len(self.server.uploads))
            self.server.uploads[number] = {}
            self._answer(
                200, f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId></InitiateMultipartUploadResult>"
            )
        elif "uploadId" in self.query:
            parts = self.server.uploads.pop(self.query["uploadId"])
            self.server.objects[self.key] = b"".join(parts[number] for number in sorted(parts))
            self._answer(200, "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")
        else:
            for key in re.findall(r"<Key>(.*?)</Key>", self.body.decode()):
                self.server.objects.pop(key, None)
            self._answer(200, "<DeleteResult></DeleteResult>")

    def _delete(self) -> None:
        self.server.objects.pop(self.key, None)
        self._answer(204)

    def _head(self) -> None:
        self._get()

    def _get(self) -> None:
        if not self.key and self.command == "GET":
            self._list()
        elif self.key and self.key not in self.server.objects:
            self._fail(404, "NoSuchKey")
        else:
            content = self.server.objects.get(self.key, b"")
            if match := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
                self._answer(206, content[int(match[1]) : int(match[2]) + 1])
            else:
                self._answer(200, content)

    def _list(self) -> None:
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter")
        names = [key[len(prefix) :] for key in self.server.objects if key.startswith(prefix)]
        folders = {name.partition("/")[0] for name in names if delimiter and "/" in name}
        entries = [
            f"<Contents><Key>{escape(prefix + name)}</Key><Size>{len(self.server.objects[prefix + name])}</Size>"
            f"<ETag>1</ETag><LastModified>2026-03-02T09:00:00.000Z</LastModified></Contents>"
            for name in sorted(names)
            if not (delimiter and "/" in name)
        ] + [f"<CommonPrefixes><Prefix>{escape(prefix + name)}/</Prefix></CommonPrefixes>" for name in sorted(folders)]
        self._answer(200, f"<ListBucketResult>{''.join(entries)}<KeyCount>{len(entries)}</KeyCount></ListBucketResult>")

    def _fail(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")

    def _answer(self, status: int, content: str | bytes = b"") -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", TIME)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def read_chunks(stream: BinaryIO) -> bytes:
    """Return what comes in chunks, each after its size in hexadecimal, up to one without content."""
    content = b""
    while size := int(stream.readline().partition(b";")[0], 16):
        content += stream.read(size)
        stream.readline()
    return content


@contextmanager
def serve_object_store() -> Iterator[ObjectStore]:
    """Serve an empty bucket on loopback until the block ends."""
    server = ObjectStore()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
