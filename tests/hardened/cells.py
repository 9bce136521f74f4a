"""Hardened images of SQLite: what can be built with what, and whether it computes what it should.

A cell is one image: a layout, a mechanism and what each component is hardened with. tests/hardened runs
some cells, bench/harden/matrix all of them."""

import dataclasses
import functools
import json
import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = pathlib.Path(os.environ.get("FLEXOS_TOOL", BUILD / "bin/flexos-explore"))
SPEC = ROOT / "examples/sqlite.yaml"
COMPONENTS = ("sqlite-bench", "sqlite", "libc", "vfs", "ramfs", "time", "sched", "alloc", "console",
              "random")
HARDENINGS = ("stack-protector", "ubsan", "asan", "cfi", "safestack")
FILES_TIME_REST = "sqlite-bench+sqlite+libc+sched+alloc+console+random|vfs+ramfs|time"
LIBRARY_APART = "sqlite-bench+sched+alloc+console+random|sqlite|libc|vfs+ramfs|time"
# 200 rows, summed up by SQL: what the unprotected image says, and native SQLite.
INSERTS = ("200",)
EXPECTED = ("rows 200", "checksum 30424715878")


@dataclasses.dataclass(frozen=True)
class Cell:
    harden: tuple  # of --harden
    layout: str = ""  # empty: one compartment
    mechanism: str = "none"
    platforms: tuple = ("linux", "qemu")

    @property
    def name(self):
        where = f" {self.mechanism} {self.layout.count('|') + 1}" if self.layout else ""
        return " ".join(self.harden) + where


def allowed(component):
    """The hardenings that the component's file allows."""
    text = yaml.safe_load((ROOT / f"specs/components/{component}.yaml").read_text())
    return text.get("hardening", {}).get("allow", HARDENINGS)


def singles():
    return [Cell((f"{c}={h}",)) for c in COMPONENTS for h in HARDENINGS if h in allowed(c)]


def wholes():
    return [Cell((f"*={h}",)) for h in HARDENINGS]


def together():
    """Hardenings that meet in one component, and in one compartment."""
    return [Cell(harden) for harden in (
        ("*=asan+ubsan+stack-protector",),
        ("*=asan+ubsan+stack-protector+cfi",),
        ("*=cfi+safestack",),
        ("*=cfi+safestack+ubsan+stack-protector",),
        ("*=ubsan+stack-protector+cfi",),
        ("sqlite+sqlite-bench=asan", "libc+vfs+ramfs=safestack", "alloc+sched+time=cfi"),
        ("sqlite=asan+ubsan+stack-protector", "vfs+ramfs=cfi+safestack"),
        ("sqlite=safestack+cfi", "libc=asan+ubsan", "ramfs=stack-protector"),
        ("libc=cfi", "vfs=asan"),
        ("sqlite=cfi", "libc=safestack", "vfs=ubsan"))]


def apart():
    """Behind gates: each compartment has a runtime, a shadow and an unsafe stack of its own."""
    return [Cell(harden, layout, mechanism, ("qemu",))
            for layout in (FILES_TIME_REST, LIBRARY_APART)
            for mechanism in ("mpk.light", "mpk.full")
            for harden in (("*=stack-protector",), ("*=ubsan",), ("*=asan",), ("*=cfi",),
                           ("*=safestack",), ("*=cfi+safestack+ubsan+stack-protector",),
                           ("*=asan+ubsan+stack-protector+cfi",),
                           ("vfs+ramfs=asan",), ("sqlite=asan", "vfs=safestack", "libc=cfi"))]


# What tests/hardened needs compiled: SQLite takes most of a minute for each set of hardenings.
PREPARED = tuple(Cell((f"*={h}",)) for h in (*HARDENINGS, "asan+ubsan+stack-protector+cfi",
                                             "cfi+safestack+ubsan+stack-protector"))


def everything():
    return singles() + wholes() + together() + apart()


def tool(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=1500, check=False)


def build(cell, platform, folder, spec=SPEC):
    """The image's entry of `build --format json`, or what went wrong."""
    where = ("--layout", cell.layout, "--mechanism", cell.mechanism) if cell.layout else \
        ("--unprotected",)
    harden = [word for h in cell.harden for word in ("--harden", h)]
    done = tool("build", spec, "--output", folder, "--platform", platform, "--format", "json",
                *where, *harden)
    if done.returncode != 0:
        return None, done.stdout + done.stderr
    return json.loads(done.stdout)["images"][0], ""


def run(image, *arguments, timeout=120):
    """What it printed, and whether it ended well."""
    done = tool("run", image["folder"], "--timeout", timeout, "--", *arguments)
    return done.returncode == 0, done.stdout + done.stderr


def check(cell, platform, folder):
    """An empty text where the image is built, runs and has the right rows; otherwise why not."""
    image, error = build(cell, platform, folder)
    if image is None:
        return error
    well, text = run(image, *INSERTS)
    if well and all(line in text.splitlines() for line in EXPECTED):
        return ""
    return text


@functools.cache
def names_of(path):
    """Defined symbols of an image: the runtime's functions are there when somebody calls them."""
    done = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=True)
    return frozenset(line.split()[-1] for line in done.stdout.splitlines())
