"""The database: what is in it, how it is merged, what it refuses."""

import csv
import io
import json
import shutil
import subprocess
import unittest

from helpers import ENVIRONMENT, SPEC, MeasureTest, command

LINUX = ("--platform", "linux", "--width", "1", "--lean", "--unprotected")


class Results(MeasureTest):
    def fill(self, name="results.db", n=50):
        self.measure(*LINUX, "-n", n, "--results", self.folder / name)
        return self.folder / name

    def test_list_and_show_say_what_was_measured(self):
        database = self.fill()
        done = json.loads(self.tool("results", "list", "--results", database, "--format",
                                    "json").stdout)
        result, = done["results"]
        self.assertEqual(result["workload"], "sqlite/insert")
        self.assertEqual(result["platform"], "linux/native/cycles")
        self.assertEqual(result["operations"], 50)
        self.assertTrue(result["baseline"])
        text = self.tool("results", "list", "--results", database).stdout
        self.assertIn(result["id"], text)
        shown = self.tool("results", "show", result["id"][:6], "--results", database).stdout
        self.assertIn("warm-up, not counted", shown)
        each = json.loads(self.tool("results", "show", result["id"], "--results", database,
                                    "--format", "json").stdout)["results"][0]["each"]
        self.assertEqual(len(each), self.count())
        self.tool("results", "show", "no-such", "--results", database, code=1)

    def test_merging_is_a_union(self):
        a = self.fill("a.db", 50)
        b = self.fill("b.db", 60)
        both = self.count(database=a) + self.count(database=b)
        for _ in range(2):
            self.tool("results", "merge", a, b, "--results", self.database)
            self.assertEqual(self.count(), both)
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        # What was merged needs no measuring.
        self.measure(*LINUX, "-n", 60)
        self.assertEqual(self.count(), both)

    def test_export_is_every_run(self):
        database = self.fill()
        text = self.tool("results", "export", "--results", database).stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(len(rows), self.count())
        self.assertEqual({r["workload"] for r in rows}, {"sqlite/insert"})
        data = json.loads(self.tool("results", "export", "--results", database, "--format",
                                    "json").stdout)
        self.assertEqual(len(data["runs"]), len(rows))

    def test_a_file_that_is_no_database_is_left_alone(self):
        self.database.write_text("my letters\n" * 1000)
        done = self.tool("measure", SPEC, "-o", self.folder, *LINUX, code=3)
        self.assertIn("is not a database", done.stderr)
        self.assertTrue(self.database.read_text().startswith("my letters"))

    def test_a_schema_of_the_future_is_refused(self):
        database = self.fill()
        self.query("PRAGMA user_version=99")
        for arguments in (("measure", SPEC, "-o", self.folder, *LINUX),
                          ("results", "list", "--results", database),
                          ("results", "merge", database, "--results", self.folder / "new.db")):
            done = self.tool(*arguments, code=3)
            self.assertIn("version 99", done.stderr)

    def test_there_is_nothing_to_list_where_nothing_was_measured(self):
        done = self.tool("results", "list", "--results", self.database, code=3)
        self.assertIn("there is no database", done.stderr)
        self.assertFalse(self.database.exists())

    def test_a_full_disk_is_said_to_be_full(self):
        script = ('mount -t tmpfs -o size=200k none "$1" || exit 77; shift; '
                  '"$@"; code=$?; ls -l "$0"; exit $code')
        disk = self.folder / "disk"
        disk.mkdir()
        if shutil.which("unshare") is None:
            self.skipTest("no unshare")
        done = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", script, disk, disk,
             *command("measure", SPEC, "-o", self.folder, "-n", 50, "--platform", "linux", "--width",
                      "0.0001", "--unprotected", "--harden", "sqlite=stack-protector", "--results",
                      disk / "results.db", "--budget", 120)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=800, check=False,
            env=ENVIRONMENT)
        if done.returncode in (1, 77) and "measure" not in done.stderr and "disk" not in done.stderr:
            self.skipTest("no right to mount: " + done.stderr)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("the disk is full", done.stderr)


if __name__ == "__main__":
    unittest.main()
