"""What tests of whole images share: where the tool is, how it is started, a port that is free."""

import os
import pathlib
import shutil
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = BUILD / "bin/flexos-explore"
QEMU = shutil.which("qemu-system-x86_64")


def tool(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=550, check=False)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
