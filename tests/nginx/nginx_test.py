"""nginx in an image: what it answers, to whom it should and to whom it should not, from this host."""

import contextlib
import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import NGINX, ROOT, Served, tool  # noqa: E402

NEEDED = [shutil.which(p) for p in ("qemu-system-x86_64", "ab", "curl")]
REST = "sched+alloc+time+vfs+ramfs+console+random"


def welcome_page():
    page, = (ROOT / "build/third_party").glob("nginx-*/html/index.html")
    return page.read_bytes()


@unittest.skipUnless(all(NEEDED), "no QEMU, no ab or no curl")
class Nginx(Served):
    SPEC, IMAGE_PORT = NGINX, 80
    READY = 'using the "epoll" event method'
    OPTIONS = ("-c", "measured.conf")

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.addCleanup(client.close)
        return client

    def said(self, *pieces):
        """What is answered to these bytes until the server closes."""
        client = self.connect()
        for piece in pieces:
            client.sendall(piece)
        answer = b""
        while more := client.recv(1 << 16):
            answer += more
        return answer

    def status(self, *pieces):
        return self.said(*pieces).split(b"\r\n")[0]

    def get(self, path="/", method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()

    def serves(self, requests=400):
        answer, body = self.get()
        self.assertEqual((answer.status, body), (200, welcome_page()))
        done = subprocess.run(["ab", "-q", "-k", "-c", "10", "-n", str(requests),
                               f"http://127.0.0.1:{self.port}/"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in (f"Complete requests:      {requests}", "Failed requests:        0",
                     f"Document Length:        {len(welcome_page())} bytes"):
            self.assertIn(line, done.stdout)
        self.assertNotIn("Non-2xx", done.stdout)

    def ends(self):
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            self.get("/stop")  # an image that is gone answers no more, and its last word may be lost
        out, _ = self.server.communicate(timeout=60)
        self.assertEqual(self.server.returncode, 0, self.log + out)
        self.assertNotIn("[alert]", self.log + out)
        return out

    def test_a_page(self):
        self.start("--unprotected")
        self.serves()
        answer, body = self.get("/index.html", "HEAD")
        self.assertEqual((answer.status, body), (200, b""))
        self.assertEqual(answer.headers["Content-Type"], "text/html")
        self.assertEqual(answer.headers["Content-Length"], str(len(welcome_page())))
        changed = answer.headers["Last-Modified"]
        answer, body = self.get("/", If_Modified_Since=changed)
        self.assertEqual((answer.status, body), (304, b""))
        answer, body = self.get("/", Range="bytes=10-19")
        self.assertEqual((answer.status, body), (206, welcome_page()[10:20]))
        answer, body = self.get("/none")
        self.assertEqual(answer.status, 404)
        for path in ("/", "/stop"):
            self.assertEqual(self.get(path, "POST")[0].status, 405)
        # One after the other on one connection, sent at once; then a byte at a time.
        request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        self.assertEqual(self.said(request * 20 + last).count(welcome_page()), 21)
        self.assertTrue(self.said(*(bytes([b]) for b in last)).endswith(welcome_page()))
        before = float(self.get("/processor-time")[1].split()[1])
        self.serves()
        self.assertGreater(float(self.get("/processor-time")[1].split()[1]), before)
        self.ends()

    def test_what_nobody_should_send(self):
        self.start("--unprotected")
        close = b"Host: x\r\nConnection: close\r\n\r\n"
        for request, answer in [
                (b"GET /../nginx.conf HTTP/1.1\r\n" + close, b"400"),
                (b"GET /%2e%2e/nginx.conf HTTP/1.1\r\n" + close, b"400"),
                (b"GET /../../etc/passwd HTTP/1.1\r\n" + close, b"400"),
                (b"GET /etc/passwd HTTP/1.1\r\n" + close, b"404"),
                (b"GET /\0 HTTP/1.1\r\n" + close, b"400"),
                (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a host
                (b"GET / HTTP/9.9\r\n" + close, b"505"),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", b"400"),  # TLS
                (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + close, b"414"),
                (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n" + close, b"400"),
                (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n" + close, b"400"),
                (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n" + close, b"413"),
                (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + close + b"zz\r\n", b"4"),
        ]:
            with self.subTest(request[:40]):
                try:
                    self.assertIn(b" " + answer, self.status(request)[:13])
                except ConnectionResetError:
                    # It answers and closes without reading the rest, which resets the connection.
                    self.assertGreater(len(request), 32768)
        self.assertEqual(self.said(b"GET /\r\n"), welcome_page())  # HTTP 0.9
        for _ in range(50):  # dropped halfway
            self.connect().sendall(b"GET / HTTP/1.1\r\nHos")
        self.serves()
        self.ends()

    def test_nobody_measures_or_stops_an_image_that_was_not_asked_for_it(self):
        self.start("--unprotected", options=())
        self.serves()
        for path in ("/stop", "/processor-time"):
            self.assertEqual(self.get(path)[0].status, 404)
        self.serves()

    def test_a_wrong_configuration_ends_it_with_a_message(self):
        done = tool("run", "--timeout", "60", self.image("--unprotected"), "--", "-g", "nonsense 1;")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('unknown directive "nonsense"', done.stdout)
        done = tool("run", "--timeout", "60", self.image("--unprotected"), "--", "-c", "none.conf")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('open() "/none.conf" failed', done.stdout)

    def test_calls_are_checked(self):
        """With cfi everywhere; what calls functions by pointers of other types is exempt by name."""
        self.start("--unprotected", "--harden", "*=cfi")
        self.serves()
        self.assertEqual(self.get("/", Range="bytes=0-0,5-9")[0].status, 206)
        self.assertEqual(self.get("/none")[0].status, 404)
        self.assertEqual(self.get("/", "POST")[0].status, 405)
        self.ends()

    def test_the_network_behind_private_stacks(self):
        self.start("--layout", f"nginx+libc+{REST}|lwip+netdev", "--mechanism", "mpk.full")
        self.serves()
        self.ends()

    def test_the_application_apart(self):
        self.start("--layout", f"nginx|libc+{REST}|lwip+netdev", "--mechanism", "mpk.full")
        self.serves(200)
        self.ends()

    def test_files_behind_light_gates(self):
        self.start("--layout", "nginx+libc+sched+alloc+time+console+random|vfs+ramfs|lwip+netdev",
                   "--mechanism", "mpk.light")
        self.serves()
        self.ends()

    def test_a_client_of_this_machine_drives_it(self):
        spec = self.folder / "nginx.yaml"
        spec.write_text(NGINX)
        done = tool("measure", spec, "--unprotected", "--platform", "qemu", "-n", "500", "--lean",
                    "--width", "0.5", "-o", self.folder / "out", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["platform"]["key"], "qemu/tcg/busy-instructions")
        self.assertIsNotNone(said["baseline"], (said, done.stderr))
        each = said["baseline"]["per_operation"]["median"]
        self.assertTrue(10_000 < each < 100_000, each)


if __name__ == "__main__":
    unittest.main()
