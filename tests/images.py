"""What tests of whole images share: where the tool is, how it is started, a port that is free, a
network of a test's own, specs that several of them build."""

import functools
import os
import pathlib
import shutil
import socket
import subprocess

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
