"""SQLite in images: the same answers on every platform, behind every kind of boundary."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import QEMU, ROOT, tool  # noqa: E402

SPEC = ROOT / "examples/sqlite.yaml"
GUEST = ROOT / "tests/image/linux-guest/run"
FILES_TIME_REST = "sqlite-bench+sqlite+libc+sched+alloc+console+random|vfs+ramfs|time"
LIBRARY_APART = "sqlite-bench+sched+alloc+console+random|sqlite|libc|vfs+ramfs|time"
SPEEDTEST1 = """\
flexos: 1
name: speedtest1
application: speedtest1
components: [speedtest1, sqlite, libc, vfs, ramfs, time, sched, alloc, console, random]
"""
# As in specs/components/sqlite.yaml.
SQLITE_FLAGS = ("-D_GNU_SOURCE", "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION",
                "-DSQLITE_OMIT_WAL", "-DSQLITE_MAX_MMAP_SIZE=0", "-DSQLITE_DEFAULT_MEMSTATUS=0",
                "-DHAVE_USLEEP=1")
# 5,000 rows, summed up by SQL. Native SQLite's answer: bench/image/run compares with it.
CHECKSUM = "checksum 705005879984"


class Sqlite(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, *arguments, spec=SPEC):
        done = tool("build", spec, "--output", self.folder, "--format", "json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["images"]

    def run_image(self, image, *arguments):
        done = tool("run", image["folder"], "--timeout", "400", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_what_the_solver_finds_best_runs(self):
        image, = self.build("--platform", "qemu")
        self.assertGreater(image["compartments"], 1)
        self.assertIn(CHECKSUM, self.run_image(image))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_private_stacks(self):
        image, = self.build("--layout", FILES_TIME_REST, "--mechanism", "mpk.full", "--platform",
                            "qemu")
        self.assertIn(CHECKSUM, self.run_image(image))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_sqlite_apart_from_its_c_library(self):
        image, = self.build("--layout", LIBRARY_APART, "--mechanism", "mpk.full", "--platform",
                            "qemu")
        self.assertGreater(image["gates"], 50)
        self.assertIn("rows 200", self.run_image(image, "200"))

    def test_unprotected_as_a_linux_process(self):
        image, = self.build("--unprotected", "--platform", "linux")
        self.assertEqual(image["gates"], 0)
        self.assertIn(CHECKSUM, self.run_image(image))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_protected_linux_processes_in_a_guest_that_has_keys(self):
        images = [self.build("--layout", FILES_TIME_REST, "--mechanism", m, "--platform",
                             "linux")[0]["image"] for m in ("mpk.light", "mpk.full")]
        done = subprocess.run([GUEST, "--timeout", "400", *images], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=550, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count(CHECKSUM), 2, done.stdout)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_speedtest1_computes_what_native_sqlite_computes(self):
        spec = self.folder / "speedtest1.yaml"
        spec.write_text(SPEEDTEST1)
        image, = self.build("--layout", FILES_TIME_REST.replace("sqlite-bench", "speedtest1"),
                            "--mechanism", "mpk.full", "--platform", "qemu", spec=spec)
        inside = self.run_image(image, "--", "--size", "1", "--verify", "/speed.db")
        source = next((ROOT / "build/third_party").glob("sqlite3-*"))
        native = self.folder / "native"
        subprocess.run(["clang-19", "-O1", "-w", *SQLITE_FLAGS, f"-I{source}/generated",
                        source / "test/speedtest1.c", source / "generated/sqlite3.c", "-lm", "-o",
                        native], check=True)
        outside = subprocess.run([native, "--size", "1", "--verify", self.folder / "speed.db"],
                                 capture_output=True, text=True, check=True).stdout
        hashes = [re.findall(r"Verification Hash: .*", text) for text in (inside, outside)]
        self.assertEqual(len(hashes[0]), 1, inside)
        self.assertEqual(hashes[0], hashes[1])

    def test_a_call_inside_a_compartment_is_a_plain_call(self):
        image, = self.build("--unprotected", "--platform", "linux")
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--section=.text.libc",
                               image["image"]], capture_output=True, text=True, check=True).stdout
        calls = set(re.findall(r"call +[0-9a-f]+ <([^>]+)>", code))
        self.assertTrue(any(c.startswith("def.vfs.") for c in calls), sorted(calls))
        self.assertFalse(any(c.startswith(("gate.", "typed.")) for c in calls), sorted(calls))
        whole = subprocess.run(["objdump", "-d", "--section=.gate.text", image["image"]],
                               capture_output=True, text=True, check=True).stdout
        self.assertNotIn("wrpkru", whole)

    def test_two_builds_are_the_same_bytes(self):
        names = ("image", "image.json", "gates.S", "script.ld")
        first = [(pathlib.Path(self.build()[0]["folder"]) / n).read_bytes() for n in names]
        second = [(pathlib.Path(self.build()[0]["folder"]) / n).read_bytes() for n in names]
        self.assertEqual(first, second)

    def test_other_mechanisms_are_refused_by_name(self):
        done = tool("build", SPEC, "--layout", FILES_TIME_REST, "--mechanism", "pt", "--output",
                    self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("mechanism `pt` has no backend", done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_image_that_does_not_fit_its_spec_is_not_left_behind(self):
        spec = self.folder / "bad.yaml"
        spec.write_text(SPEC.read_text().replace("application: sqlite-bench",
                                                 "application: sqlite")
                        .replace("profile: profiles/", f"profile: {SPEC.parent}/profiles/"))
        done = tool("build", spec, "--output", self.folder / "out")
        self.assertEqual(done.returncode, 1)
        self.assertIn("has no `main`", done.stderr)
        self.assertFalse((self.folder / "out").exists())


if __name__ == "__main__":
    unittest.main()
