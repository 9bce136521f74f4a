"""The network from outside: an echo server in an image, clients on this host. On `qemu` through
QEMU's own network, on `linux` through a tap in a network namespace that the test makes."""

import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import (ECHO_SERVER, IMAGE_ADDRESS, NO_NAMESPACE, QEMU, TAP, TOOL, free_port,  # noqa: E402
                    in_namespace, tool)

APART = "echo-server+libc+alloc+sched+time|lwip|netdev|vfs+ramfs+console|random"
CLIENTS = 20


def talk(host, port):
    """What clients do to the server; the last one ends it."""
    first = connect(host, port, 60)
    first.sendall(b"hello")
    assert first.recv(100) == b"hello"
    data = random.Random(1).randbytes(400_000)
    got = bytearray()

    def read():
        while len(got) < len(data):
            piece = first.recv(65536)
            if not piece:
                return
            got.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    first.sendall(data)
    reader.join()
    assert bytes(got) == data, f"{len(got)} bytes came back"
    many = [connect(host, port, 60) for _ in range(CLIENTS)]
    for i, client in enumerate(many):
        client.sendall(b"client %d" % i)
    for i, client in enumerate(many):
        assert client.recv(100) == b"client %d" % i
        client.close()
    first.close()
    last = connect(host, port, 60)
    last.sendall(b"\x04")
    last.close()
    return CLIENTS + 2


def connect(host, port, timeout):
    client = socket.create_connection((host, port), timeout=timeout)
    client.settimeout(timeout)
    return client


class EchoServer(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.spec = self.folder / "echo-server.yaml"
        self.spec.write_text(ECHO_SERVER)

    def build(self, *arguments):
        built = tool("build", self.spec, "--output", self.folder, "--format", "json", *arguments)
        self.assertEqual(built.returncode, 0, built.stderr)
        image, = json.loads(built.stdout)["images"]
        return image["folder"]


class Wire(EchoServer):
    def serve(self, command):
        """Starts an image; returns when it listens."""
        server = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.kill)
        line = server.stdout.readline()
        self.assertEqual(line.strip(), "echo-server: ready")
        return server

    def ends_well(self, server, served):
        out, _ = server.communicate(timeout=60)
        self.assertIn(f"echo-server: served {served}", out)
        self.assertEqual(server.returncode, 0, out)

    def through_qemu(self, image):
        port = free_port()
        server = self.serve([TOOL, "run", image, "--timeout", "200", "--forward", f"{port}:7"])
        self.ends_well(server, talk("127.0.0.1", port))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_virtio(self):
        self.through_qemu(self.build("--unprotected", "--platform", "qemu"))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_the_stack_and_its_driver_behind_private_stacks(self):
        self.through_qemu(self.build("--layout", APART, "--mechanism", "mpk.full", "--platform",
                                     "qemu"))

    @unittest.skipUnless(in_namespace(), NO_NAMESPACE)
    def test_a_tap_in_a_namespace(self):
        image = self.build("--unprotected", "--platform", "linux")
        done = subprocess.run([*in_namespace(), sys.executable, __file__, "--inside", image],
                              capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_network_that_is_not_there(self):
        image = self.build("--unprotected", "--platform", "linux")
        for arguments, wanted in [
                (["--tap", "no such tap"], 2), (["--forward", "1:2"], 2), (["--tap", "nowhere/1"], 2)]:
            done = tool("run", image, *arguments)
            self.assertEqual(done.returncode, wanted, done.stderr)
        # No device at all: loopback is what there is, and that is enough to listen.
        done = tool("run", image, "--timeout", "1")
        self.assertIn("echo-server: ready", done.stdout)
        self.assertEqual(done.returncode, 1)


def inside(image):
    """In the namespace: the server, and clients on the other end of the tap."""
    with subprocess.Popen([TOOL, "run", image, "--timeout", "100", "--tap", TAP],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline().strip() == "echo-server: ready"
        served = talk(IMAGE_ADDRESS, 7)
        assert f"served {served}" in server.stdout.read()
        server.wait(timeout=60)
        sys.exit(server.returncode)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2])
    unittest.main()
