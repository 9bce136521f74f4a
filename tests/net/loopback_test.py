"""Sockets over lwIP's loopback interface: src/kernel/components/loopback says what it checks."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import QEMU, tool  # noqa: E402

SPEC = """\
flexos: 1
name: loopback
application: loopback
components: [loopback, libc, lwip, vfs, ramfs, time, sched, alloc, console, random]
"""
STACK_APART = "loopback+libc+alloc+sched|lwip|vfs+ramfs+console|time+random"
LIBRARY_APART = "loopback|libc+vfs+ramfs+console|lwip+alloc|sched|time+random"
CHECKS = 139


class Loopback(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.spec = self.folder / "loopback.yaml"
        self.spec.write_text(SPEC)

    def all_checks_hold(self, *arguments):
        built = tool("build", self.spec, "--output", self.folder, "--format", "json", *arguments)
        self.assertEqual(built.returncode, 0, built.stderr)
        image, = json.loads(built.stdout)["images"]
        done = tool("run", image["folder"], "--timeout", "120")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("FAILED", done.stdout)
        self.assertEqual(done.stdout.count("ok "), CHECKS)
        return image

    def test_as_a_linux_process(self):
        self.all_checks_hold("--unprotected", "--platform", "linux")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_on_the_bare_machine(self):
        self.all_checks_hold("--unprotected", "--platform", "qemu")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_the_stack_behind_private_stacks(self):
        image = self.all_checks_hold("--layout", STACK_APART, "--mechanism", "mpk.full",
                                     "--platform", "qemu")
        self.assertGreater(image["gates"], 30)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_the_c_library_apart_behind_light_gates(self):
        self.all_checks_hold("--layout", LIBRARY_APART, "--mechanism", "mpk.light", "--platform",
                             "qemu")


if __name__ == "__main__":
    unittest.main()
