"""The seeded bugs in woven images: what the runtime's tests show of one object holds of an image."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from runtime_test import BUGS, CAUGHT

BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", "build/release"))
TOOL = BUILD / "bin/flexos-explore"

# In one compartment. Its behavior is overridden, or the allocator would not live with it.
SPEC = """flexos: 1
name: seeded
application: seeded-app
components:
  - seeded-app
  - seeded: {behavior: {reads: [own, shared], writes: [own, shared], calls: []}}
  - alloc
  - console
security:
  - together: [seeded-app, seeded, alloc, console]
"""


class Images(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def image(self, hardening):
        spec = self.folder / "seeded.yaml"
        harden = f"  - harden: seeded\n    with: [{hardening}]\n" if hardening else ""
        spec.write_text(f"{SPEC}{harden}explore: {{hardening: [{hardening}]}}\n")
        out = self.folder / "out"
        done = subprocess.run([TOOL, "build", spec, "-o", out, "--platform", "linux"],
                              capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return next(out.glob("*/image"))

    def check(self, hardening):
        image = self.image(hardening)
        for bug in BUGS:
            done = subprocess.run([image, bug], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=30, check=False)
            text = done.stdout + done.stderr
            kind = CAUGHT[hardening].get(bug) if hardening else None
            with self.subTest(bug=bug):
                if kind is not None:
                    # The platform sees an undefined instruction; that it is kcfi's, the tool knows.
                    kinds = "cfi|ud" if kind == "cfi" else kind.split(":")[0]
                    self.assertRegex(text, rf"^FLEXOS FAULT kind=({kinds})[: ]")
                    self.assertEqual(done.returncode, 111)
                elif bug == "return" and hardening != "safestack":
                    self.assertIn("seeded: hijacked\n", text)
                    self.assertEqual(done.returncode, 77)
                else:
                    self.assertIn(f"seeded: {bug} passed unnoticed\n", text)
                    self.assertEqual(done.returncode, 0)

    def test_none(self):
        self.check("")

    def test_a_stack_that_is_outgrown(self):
        done = subprocess.run([TOOL, "run", self.image("").parent, "--", "deep"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"FLEXOS FAULT kind=page .* access=w")
        self.assertIn("nothing: just below the stack of compartment 1", done.stderr)
        self.assertIn("thread 0", done.stderr)

    def test_stack_protector(self):
        self.check("stack-protector")

    def test_ubsan(self):
        self.check("ubsan")

    def test_asan(self):
        self.check("asan")

    def test_cfi(self):
        self.check("cfi")

    def test_safestack(self):
        self.check("safestack")


if __name__ == "__main__":
    unittest.main()
