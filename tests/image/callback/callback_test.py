"""Functions that cross a boundary: called back as often, with the same answers, wherever both stand."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = BUILD / "bin/flexos-explore"
SPEC = pathlib.Path(__file__).parent / "walk.yaml"
GUEST = ROOT / "tests/image/linux-guest/run"
QEMU = shutil.which("qemu-system-x86_64")
REST = "libc+vfs+ramfs+time+alloc+console+random"
WALK_APART = f"walk-app+sched+{REST}|walk"
ALL_APART = f"walk-app+{REST}|walk|sched"
KINDS = ("items", "null", "nested", "fill", "rows", "double", "kept", "threads")


class Callback(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, *arguments):
        done = subprocess.run([TOOL, "build", SPEC, "--output", self.folder, "--format", "json",
                               *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=550, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        image, = json.loads(done.stdout)["images"]
        return image

    def assert_right(self, console):
        self.assertEqual(re.findall(r"^walk (\w+) +right\r?$", console, re.M), list(KINDS), console)

    def assert_runs(self, *arguments):
        image = self.build(*arguments)
        done = subprocess.run([TOOL, "run", image["folder"], "--timeout", "100"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_right(done.stdout)
        return image

    def test_without_a_boundary_a_callback_is_a_pointer(self):
        image = self.assert_runs("--unprotected", "--platform", "linux")
        self.assertNotIn("callback.", pathlib.Path(image["folder"], "gates.S").read_text())

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_light(self):
        self.assert_runs("--layout", ALL_APART, "--mechanism", "mpk.light", "--platform", "qemu")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_full(self):
        self.assert_runs("--layout", WALK_APART, "--mechanism", "mpk.full", "--platform", "qemu")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_threads_start_in_the_compartment_that_asked_for_them(self):
        image = self.assert_runs("--layout", ALL_APART, "--mechanism", "mpk.full", "--platform",
                                 "qemu")
        manifest = json.loads(pathlib.Path(image["folder"], "image.json").read_text())
        back = [g for g in manifest["gates"] if g["function"] == "thread_add.entry"]
        self.assertEqual([(g["caller_component"], g["callee_component"]) for g in back],
                         [("sched", "walk-app")])
        self.assertEqual(back[0]["arguments"], ["void* argument"])

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_who_checks_types_calls_stubs_that_show_theirs(self):
        for mechanism in ("mpk.light", "mpk.full"):
            with self.subTest(mechanism):
                self.assert_runs("--layout", ALL_APART, "--mechanism", mechanism, "--platform",
                                 "qemu", "--harden", "walk+sched+walk-app=cfi")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_on_linux_in_a_guest_that_has_keys(self):
        images = [self.build("--layout", ALL_APART, "--mechanism", m, "--platform",
                             "linux")["image"] for m in ("mpk.light", "mpk.full")]
        done = subprocess.run([GUEST, "--timeout", "400", *images], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=550, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("right"), 2 * len(KINDS), done.stdout)


if __name__ == "__main__":
    unittest.main()
