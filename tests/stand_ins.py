"""Stand-ins for PyTorch and the engine: tiny wheels that pip installs like the real ones.

tests/qgis/test_setup_in_qgis.py makes the environment out of the real ones.
"""

import base64
import contextlib
import hashlib
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "0.2.0"
ENGINE = """
import json, sys
def main():
    assert sys.argv[1] == "handshake", sys.argv
    print(json.dumps({"version": "%s", "protocol": %d, "device": "cpu"}))
"""


def wheel(folder, name, version=VERSION, files=None, scripts="", metadata=""):
    """Write a wheel and return its path; `files` maps names in it to text or bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{version}"
    content = {f"{name}.py": "", **(files or {})}
    content[f"{stem}.dist-info/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
    )
    content[f"{stem}.dist-info/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: stand-in\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    if scripts:
        content[f"{stem}.dist-info/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
    record = f"{stem}.dist-info/RECORD"
    content = {
        path: text if isinstance(text, bytes) else text.encode() for path, text in content.items()
    }
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in content.items()]
    content[record] = "\n".join([*rows, f"{record},,"]).encode() + b"\n"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for inside, data in content.items():
            packed.writestr(inside, data)
    return path


def torch(folder, size=0):
    """Write a stand-in for PyTorch that unpacks to `size` bytes."""
    return wheel(folder, "torch", "2.13.0", {"torch.bin": bytes(size)})


def engine(folder, version=VERSION, protocol=1):
    """Write a stand-in for the engine that only knows the handshake, and one for its extra."""
    wheel(folder, "zarr", "3.1.6")
    return wheel(
        *(folder, "hsisr_geo", version, {"hsisr_geo.py": ENGINE % (version, protocol)}),
        scripts="hsisr-geo = hsisr_geo:main",
        metadata="Provides-Extra: zarr\nRequires-Dist: zarr>=3; extra == 'zarr'\n",
    )


def metadata_of(path):
    """Return what a wheel asks for, as indexes tell it beside the wheel (PEP 658)."""
    with zipfile.ZipFile(path) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        return packed.read(name)


class Index:
    """A package index on this machine; it sends `gate` bytes of a wheel, then waits for `go`."""

    def __init__(self, folder, gate=None):
        self.go = threading.Event()
        self.waiting = threading.Event()
        self.asked = []
        if gate is None:
            self.go.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, folder, gate))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        """Address of the index."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/simple"

    def close(self):
        """Stop serving."""
        self.go.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(index, folder, gate):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            index.asked.append(self.path)
            name = self.path.strip("/").split("/")[-1]
            if self.path.startswith("/simple/"):
                found = folder.glob(f"{name.replace('-', '_')}-*.whl")
                told = 'data-core-metadata="true" data-dist-info-metadata="true"'
                links = "".join(f'<a href="/{p.name}" {told}>{p.name}</a>' for p in found)
                return self.reply(f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
            if name.endswith(".whl.metadata"):
                return self.reply(metadata_of(folder / name.removesuffix(".metadata")))
            data = (folder / name).read_bytes()
            return self.reply(data, gate if "torch" in name else None)

        def reply(self, data, gate=None):
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if data[:1] == b"<" else "application/zip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if gate is not None:
                self.wfile.write(data[:gate])
                self.wfile.flush()
                index.waiting.set()
                index.go.wait(60)
                data = data[gate:]
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

        def handle(self):
            with contextlib.suppress(ConnectionError):  # the reader was killed
                super().handle()

    return Handler


def _digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
