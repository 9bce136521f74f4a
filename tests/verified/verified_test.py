"""The verified scheduler: proved when it is built, in images that do what all others do."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = BUILD / "bin/flexos-explore"
QEMU = shutil.which("qemu-system-x86_64")
WHY3 = shutil.which("why3") and shutil.which("cvc4")
GUEST = ROOT / "tests/image/linux-guest/run"
SQLITE = "sqlite-bench+sqlite+libc+alloc+console+random|vfs+ramfs|time|sched"
MICRO = "micro+libc+vfs+ramfs+time+alloc+console+random|echo|sched"
CHECKSUM = "checksum 705005879984"
WHYML = "src/kernel/components/sched/verified/queue.mlw"

# What the contracts must notice: module, function, text, what it becomes.
MUTANTS = (
    # The first in the queue is lost; the last is in it twice.
    ("Queue", "enqueue", "s.ring[slot] <- t;", "s.ring[s.head] <- t;"),
    ("Queue", "withdraw", "while k + 1 < s.count do", "while k + 2 < s.count do"),
    ("Queue", "dequeue", "s.head <- if s.head = 63 then 0", "s.head <- if s.head = 62 then 0"),
    ("Queue", "expire", "if s.deadline[t] <= now then", "if s.deadline[t] < now then"),
    # Whoever waits with a deadline sleeps for ever.
    ("Queue", "begin_wait", "if until < s.soonest then", "if s.soonest < until then"),
    ("Queue", "longest", "else if s.since[t] < s.since[found]",
     "else if s.since[found] < s.since[t]"),
    ("Queue", "vacant", "if s.state[t] = 0 then return t;", "if s.state[t] <> 1 then return t;"),
    ("Queue", "wake", "if s.state[t] = 3 then release s t 0 else s.pending[t] <- 1",
     "if s.state[t] = 4 then release s t 0 else s.pending[t] <- 1"),
    # Two threads run; one that has ended does.
    ("Threads", "yield_self", "enqueue s me;", ""),
    ("Threads", "end_thread", "if t = me then dispatch s me;",
     "if t <> me then dispatch s me;"),
    ("Threads", "wake_thread", "if not (exists_ s t) then return -3;\n    wake s t;", "wake s t;"),
)
# What the proof believes: the platform.
BELIEVED = ["clock_now", "idle_until", "switch_to"]


@unittest.skipUnless(WHY3, "no why3, or no cvc4")
class Verified(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def tool(self, *arguments, code=0, **environment):
        done = subprocess.run([TOOL, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=850, check=False,
                              env={**os.environ, "FLEXOS_CALIBRATION": "none", **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def spec(self, example, variant="verified", **changes):
        spec = yaml.safe_load((ROOT / f"examples/{example}.yaml").read_text())
        spec["explore"]["fix"] = {"variants": {"sched": variant}}
        if isinstance(spec.get("profile"), str):
            spec["profile"] = str(ROOT / "examples" / spec["profile"])
        spec.update(changes)
        file = self.folder / f"{example}-{variant}.yaml"
        file.write_text(yaml.safe_dump(spec))
        return file

    def build(self, spec, *arguments, **environment):
        done = self.tool("build", spec, "--output", self.folder, "--format", "json", *arguments,
                         **environment)
        image, = json.loads(done.stdout)["images"]
        manifest = json.loads((pathlib.Path(image["folder"]) / "image.json").read_text())
        self.assertEqual(manifest["variants"], {"sched": "verified"})
        return image

    def run_image(self, image, *arguments):
        return self.tool("run", image["folder"], "--timeout", "400", *arguments).stdout

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_sqlite_behind_full_gates(self):
        image = self.build(self.spec("sqlite"), "--layout", SQLITE, "--platform", "qemu")
        self.assertIn(CHECKSUM, self.run_image(image))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_what_the_solver_finds_best_runs(self):
        self.assertIn("rows 200", self.run_image(self.build(self.spec("sqlite")), "200"))

    def test_sqlite_as_a_linux_process(self):
        image = self.build(self.spec("sqlite"), "--layout", SQLITE, "--mechanism", "none",
                           "--platform", "linux")
        self.assertIn(CHECKSUM, self.run_image(image))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_protected_linux_process(self):
        image = self.build(self.spec("sqlite"), "--layout", SQLITE, "--platform", "linux")
        done = subprocess.run([GUEST, "--timeout", "400", image["image"]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=550, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(CHECKSUM, done.stdout)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_micro(self):
        for arguments in (("--layout", MICRO, "--platform", "qemu"),
                          ("--layout", MICRO, "--mechanism", "none", "--platform", "linux")):
            with self.subTest(arguments):
                image = self.build(self.spec("micro"), *arguments)
                self.assertRegex(self.run_image(image), r"[0-9]")

    def test_it_calls_nobody(self):
        image = self.build(self.spec("sqlite"), "--layout", SQLITE, "--platform", "qemu")
        manifest = json.loads((pathlib.Path(image["folder"]) / "image.json").read_text())
        called = {g["function"] for g in manifest["gates"] if g["caller_component"] == "sched"}
        self.assertEqual(called, set())
        asked = {b["symbol"] for b in manifest["bindings"]
                 if b["component"] == "sched" and b["how"] in ("call", "gate")}
        self.assertEqual(asked, set())

    def test_no_mutant_of_the_queue_is_proved(self):
        text = (ROOT / WHYML).read_text()
        conf = self.folder / "why3.conf"  # nobody's own has a say, and a new machine has none
        subprocess.run(["why3", "config", "detect", "-C", conf], capture_output=True, check=True)
        for module, goal, old, new in MUTANTS:
            with self.subTest(f"{goal}: {old}"):
                self.assertEqual(text.count(old), 1)
                file = self.folder / "queue.mlw"
                file.write_text(text.replace(old, new))
                done = subprocess.run(["why3", "prove", "-C", conf, "-P", "cvc4", "-a", "split_vc", "-t", "5",
                                       file, "-T", module, "-G", f"{goal}'vc"],
                                      capture_output=True, text=True, timeout=600, check=False)
                self.assertIn("Prover result is: ", done.stdout, done.stderr)
                self.assertRegex(done.stdout, "Prover result is: (?!Valid)")

    def test_without_why3_the_package_is_named(self):
        spec = self.spec("micro")
        path = self.folder / "bin"
        path.mkdir()
        for name in ("clang-19", "ld.lld-19"):
            # No link: clang says where it stands, and objects are kept by what it says.
            (path / name).write_text(f'#!/bin/sh\nexec {shutil.which(name)} "$@"\n')
            (path / name).chmod(0o755)
        done = self.tool("build", spec, "--output", self.folder, code=3, PATH=str(path))
        self.assertIn("why3 is missing", done.stderr)
        self.assertIn("apt-get install why3 cvc4", done.stderr)

    def test_the_proof_believes_nothing_but_the_platform(self):
        code = re.sub(r"\(\*.*?\*\)", "", (ROOT / WHYML).read_text(), flags=re.DOTALL)
        for word in ("axiom", "assume", "any", "goal", "scope", "clone", "import"):
            self.assertIsNone(re.search(rf"\b{word}\b", code), word)
        self.assertEqual(re.findall(r"\bval +(\w+)", code), BELIEVED)
        # What has no effect and no result is not extracted: the platform's calls must be there.
        extracted = self.folder / "queue.c"
        subprocess.run(["why3", "extract", "-D", "c", ROOT / WHYML, "-o", extracted], check=True)
        for name in BELIEVED:
            self.assertIn(f"{name}(", extracted.read_text())


if __name__ == "__main__":
    unittest.main()
