"""What the tests of this folder share: the tool, its answers, a look into the database."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = BUILD / "bin/flexos-explore"
SPEC = ROOT / "tests/measure/sqlite.yaml"
QEMU = shutil.which("qemu-system-x86_64")
# Nothing of this machine's calibration in an answer.
ENVIRONMENT = {**os.environ, "FLEXOS_CALIBRATION": "none"}
COUNTED = "kind='throughput' AND warmup=0 AND failure='none'"


def command(*arguments):
    return [str(TOOL), *map(str, arguments)]


class MeasureTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.database = self.folder / "results.db"

    def tool(self, *arguments, code=0):
        done = subprocess.run(command(*arguments), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=800, check=False, env=ENVIRONMENT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def measure(self, *arguments, spec=SPEC, code=0):
        done = self.tool("measure", spec, "-o", self.folder, "--format", "json", *arguments,
                         code=code)
        return json.loads(done.stdout)

    def query(self, sql, database=None):
        with contextlib.closing(sqlite3.connect(database or self.database)) as db:
            return db.execute(sql).fetchall()

    def count(self, where="1", database=None):
        return self.query(f"SELECT count(*) FROM runs WHERE {where}", database)[0][0]

    def specs_with(self, old, new, workload="sqlite/insert"):
        """The definitions that ship, with another text in a workload."""
        specs = self.folder / "specs"
        if not specs.exists():
            shutil.copytree(ROOT / "specs", specs)
        file = specs / "workloads" / f"{workload}.yaml"
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new))
        return specs
