"""What tests of whole images share: where the tool is, how it is started, a port that is free, a
network of a test's own, specs that several of them build."""

import functools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = BUILD / "bin/flexos-explore"
QEMU = shutil.which("qemu-system-x86_64")
# In a namespace of `in_namespace`: the image's end of the tap, and who is at it.
TAP, IMAGE_ADDRESS = "tap0", "10.0.2.15"
NO_NAMESPACE = "this machine lets us have no network namespace with a tap"

REDIS = """\
flexos: 1
name: redis
application: redis
components: [redis, libc, lwip, netdev, vfs, ramfs, time, sched, alloc, console, random]
"""
NGINX = """\
flexos: 1
name: nginx
application: nginx
components: [nginx, libc, lwip, netdev, vfs, ramfs, time, sched, alloc, console, random]
"""
ECHO_SERVER = """\
flexos: 1
name: echo-server
application: echo-server
components:
  [echo-server, libc, lwip, netdev, vfs, ramfs, time, sched, alloc, console, random]
"""


def tool(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=550, check=False)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@functools.cache
def in_namespace():
    """The words that a command is put behind to have a tap of its own; none where there is none."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        return ()
    script = (f"ip link set lo up && ip tuntap add {TAP} mode tap && "
              f"ip addr add 10.0.2.2/24 dev {TAP} && ip link set {TAP} up && exec \"$@\"")
    command = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh", "-c",
               script, "sh")
    tried = subprocess.run([*command, "true"], stdin=subprocess.DEVNULL, capture_output=True,
                           check=False)
    return command if tried.returncode == 0 else ()


class Served(unittest.TestCase):
    """A server in an image on `qemu`, behind a port of this machine."""

    SPEC = ""
    IMAGE_PORT = 0
    READY = ""  # what its console says once it listens
    OPTIONS = ()  # its arguments

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.port = free_port()
        self.server = None
        self.log = ""

    def image(self, *arguments):
        """Builds it; its folder."""
        spec = self.folder / "spec.yaml"
        spec.write_text(self.SPEC)
        built = tool("build", spec, "--output", self.folder, "--format", "json", "--platform",
                     "qemu", *arguments)
        self.assertEqual(built.returncode, 0, built.stderr)
        image, = json.loads(built.stdout)["images"]
        return image["folder"]

    def start(self, *arguments, options=None):
        options = self.OPTIONS if options is None else options
        self.server = subprocess.Popen(
            [TOOL, "run", "--timeout", "200", "--forward", f"{self.port}:{self.IMAGE_PORT}",
             self.image(*arguments), *(["--", *options] if options else [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for end in (self.server.stdout.close, self.server.wait, self.server.kill):
            self.addCleanup(end)  # the last is done first
        for line in self.server.stdout:
            self.log += line
            if self.READY in line:
                return
        self.fail(self.log)
