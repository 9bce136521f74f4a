"""A part of Redis' own test suite against images, the network behind full gates; all of it:
tests/redis/suite (docs/redis-suite.md)."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
NEEDED = [shutil.which(p) for p in ("qemu-system-x86_64", "redis-cli", "redis-benchmark", "tclsh")]
APART = ("--platform", "qemu", "--layout",
         "redis+libc+sched+alloc+time+vfs+ramfs+console+random|lwip+netdev")


def suite(*words):
    return subprocess.run([HERE / "suite", *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=550, check=False, env=os.environ)


@unittest.skipUnless(all(NEEDED), "no QEMU, no redis-tools or no tclsh")
class Suite(unittest.TestCase):
    def passes(self, *units):
        done = suite(*APART, *units)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(units)} units: ", done.stdout)

    def test_values(self):
        self.passes("unit/keyspace", "unit/type/incr", "unit/type/hash", "unit/type/stream-cgroups",
                    "unit/bitops")

    def test_clients(self):
        """Many connections, in order; 200,000 commands by one that does not read."""
        self.passes("unit/protocol", "unit/quit", "unit/pubsub", "unit/multi", "unit/other",
                    "unit/info-command", "unit/introspection-2")

    def test_programs(self):
        self.passes("unit/scripting", "unit/functions", "unit/slowlog")

    def listed(self, text, *words):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "list.txt"
            file.write_text(text)
            return suite("--platform", "qemu", "--excluded", str(file), *words, "unit/quit")

    def test_an_exclusion_that_is_needless(self):
        done = self.listed("reason fork  none\nfork unit/quit QUIT returns OK\n", "--check-excluded")
        self.assertIn("NEEDLESS list.txt:2: unit/quit: QUIT returns OK: it passes\n", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_an_exclusion_of_nothing(self):
        done = self.listed("reason fork  none\nfork unit/quit QUIT sings\n")
        self.assertIn("STALE list.txt:2: unit/quit: QUIT sings: there is no such test\n", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_an_exclusion_without_a_reason(self):
        done = self.listed("fork unit/quit QUIT returns OK\n")
        self.assertEqual(done.stderr, "suite: error: list.txt:1: no reason `fork`\n")
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    unittest.main()
