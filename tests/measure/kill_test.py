"""kill -9 at some moments of a sweep; bench/measure/kill does it at many more."""

import subprocess
import unittest

from helpers import ENVIRONMENT, QEMU, ROOT, TOOL


class Kill(unittest.TestCase):
    @unittest.skipUnless(QEMU, "no QEMU")
    def test_nothing_is_lost_nothing_is_there_twice(self):
        done = subprocess.run([ROOT / "bench/measure/kill", "--times", "10", "--top", "2"],
                              capture_output=True, text=True, timeout=850, check=False,
                              env={**ENVIRONMENT, "FLEXOS_TOOL": str(TOOL)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("killed 10 times", done.stdout)


if __name__ == "__main__":
    unittest.main()
