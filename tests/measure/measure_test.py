"""Images measured: exact clocks are exact, nothing is measured twice, failures are results."""

import json
import pathlib
import signal
import subprocess
import time
import unittest

from helpers import COUNTED, ENVIRONMENT, QEMU, ROOT, SPEC, MeasureTest, command

KEYS = any("flags" in line and " ospke" in line
           for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines())


@unittest.skipUnless(QEMU, "no QEMU")
class Instructions(MeasureTest):
    """qemu/tcg/instructions."""

    def sweep(self, *arguments, **named):
        return self.measure("--platform", "qemu/tcg/instructions", "-n", "20", *arguments, **named)

    def test_two_sweeps_count_the_same_instructions(self):
        first = self.sweep("--top", "2", "--lean")
        second = self.sweep("--top", "2", "--lean", "--results", self.folder / "other.db")
        self.assertEqual([m["per_operation"] for m in first["measurements"]],
                         [m["per_operation"] for m in second["measurements"]])
        self.assertEqual(first["baseline"]["per_operation"], second["baseline"]["per_operation"])
        for m in (first["baseline"], *first["measurements"]):
            self.assertEqual(m["runs"], 2)
            self.assertEqual(m["per_operation"]["low"], m["per_operation"]["high"])
            self.assertEqual(m["instructions"], m["per_operation"]["median"])
            self.assertIsNone(m["note"])
        for m in first["measurements"]:  # isolation costs
            self.assertLess(m["relative"]["median"], 1)

    def test_a_repeated_sweep_runs_nothing(self):
        first = self.sweep("--top", "2")
        runs = self.count()
        second = self.sweep("--top", "2")
        self.assertEqual(self.count(), runs)
        self.assertTrue(all(m["cached"] for m in second["measurements"]))
        for m in first["measurements"] + second["measurements"]:
            del m["cached"]
        self.assertEqual(first["measurements"], second["measurements"])

    def test_a_larger_sweep_runs_what_is_new(self):
        self.sweep("--top", "1", "--lean")
        self.assertEqual(self.count(), 4)
        self.sweep("--top", "3", "--lean")
        self.assertEqual(self.count(), 8)

    def test_configurations_that_are_one_image_are_run_once(self):
        """As with safestack where nothing needs an unsafe stack."""
        answer = self.sweep("--top", "5", "--lean", spec=ROOT / "examples/sqlite.yaml")
        images = {m["image"] for m in answer["measurements"]}
        self.assertLess(len(images), 5)
        self.assertEqual(len({m["id"] for m in answer["measurements"]}), 5)
        self.assertEqual(self.count(), 2 * (1 + len(images)))
        self.assertEqual({m["runs"] for m in answer["measurements"]}, {2})

    def test_the_best_that_an_image_can_hold(self):
        """The safest of all would be virtual machines, which nothing builds."""
        text = SPEC.read_text().replace("profile: ", f"profile: {SPEC.parent}/")
        for old, new in (("objective: fastest", "objective: safest"),
                         ("mpk.light, mpk.full]", "mpk.light, mpk.full, pt, vm]")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        spec = self.folder / "safest.yaml"
        spec.write_text(text + "gates: {pt: 200, vm: 300}\n")
        done = self.tool("measure", spec, "-o", self.folder, "-n", "5", "--lean", "--platform",
                         "qemu/tcg/instructions", "--format", "json")
        self.assertIn("without mechanism `pt`, mechanism `vm`: no image can have it", done.stderr)
        m, = json.loads(done.stdout)["measurements"]
        self.assertIsNone(m["failure"])

    def test_says_more_than_speed(self):
        measured = self.sweep()
        m, = measured["measurements"]
        self.assertGreater(m["boot_seconds"], 0)
        self.assertGreater(m["memory_bytes"], 0)
        self.assertGreater(m["image_bytes"], 0)
        self.assertGreater(m["throughput"], 0)
        latency = m["latency"]
        self.assertLessEqual(latency["p50"], latency["p90"])
        self.assertLessEqual(latency["p90"], latency["p99"])
        self.assertLessEqual(latency["p99"], latency["max"])
        self.assertEqual(measured["platform"]["clock"], "instructions")

    def test_another_number_of_operations_is_another_result(self):
        self.sweep("--lean")
        self.measure("--platform", "qemu/tcg/instructions", "-n", "30", "--lean")
        self.assertEqual(self.count("operations=20"), 4)
        self.assertEqual(self.count("operations=30"), 4)

    def test_a_wrong_answer_is_a_failure_and_not_tried_again(self):
        # Time differs between configurations: as an answer it is a wrong one.
        specs = self.specs_with("check: [rows, checksum]", "check: [seconds]")
        measured = self.sweep("--specs", specs, "--lean", code=1)
        m, = measured["measurements"]
        self.assertEqual(m["failure"]["cause"], "wrong-answer")
        self.assertIsNone(m["relative"])
        runs = self.count()
        self.sweep("--specs", specs, "--lean", code=1)
        self.assertEqual(self.count(), runs)
        self.sweep("--specs", specs, "--lean", "--retry", code=1)
        self.assertGreater(self.count(), runs)

    def test_without_its_result_a_run_is_a_failure(self):
        specs = self.specs_with("seconds: seconds", "seconds: minutes")
        done = self.tool("measure", SPEC, "-o", self.folder, "-n", "5", "--platform", "qemu",
                         "--specs", specs, code=1)
        self.assertIn("no-result", done.stderr)
        self.assertIn("minutes", done.stderr)

    def test_what_never_ends_is_a_hang(self):
        specs = self.specs_with("operations: 5000", "operations: 5000\ntimeout: 1")
        done = self.tool("measure", SPEC, "-o", self.folder, "-n", "100000000", "--platform", "qemu",
                         "--specs", specs, code=1)
        self.assertIn("hang", done.stderr)
        self.assertEqual(self.query("SELECT failure FROM runs"), [("hang",)])

    def test_interrupted_it_keeps_what_it_has_and_goes_on_there(self):
        process = subprocess.Popen(
            command("measure", SPEC, "-o", self.folder, "-n", "20", "--platform", "qemu", "--top",
                    "4", "--runs"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        said = process.stderr.readline()
        self.assertTrue(said.startswith("run "), said)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=120)[1]
        self.assertEqual(process.returncode, 130, rest)
        self.assertIn("the same command goes on there", rest)
        kept = self.count()
        self.assertGreaterEqual(kept, 1)
        self.sweep("--top", "4")
        self.assertEqual(self.count(COUNTED), 10)


class Cycles(MeasureTest):
    """linux/native/cycles: images without keys run on any processor."""

    def sweep(self, *arguments, **named):
        return self.measure("--platform", "linux", "-n", "100", "--width", "1", *arguments, **named)

    def test_runs_go_in_blocks_with_the_unprotected_image(self):
        measured = self.sweep("--unprotected", "--harden", "sqlite=stack-protector", "--lean")
        m, = measured["measurements"]
        self.assertGreaterEqual(m["runs"], 5)
        self.assertGreater(m["relative"]["median"], 0)
        self.assertLessEqual(m["relative"]["low"], m["relative"]["median"])
        blocks = self.query(f"SELECT block, count(DISTINCT image) FROM runs WHERE {COUNTED} "
                            "GROUP BY block")
        self.assertEqual({images for _, images in blocks}, {2})
        # The first run of each is warm-up, is kept, and does not count.
        self.assertEqual(self.count("warmup=1"), 2)
        first = self.query("SELECT warmup FROM runs GROUP BY image HAVING min(started)")
        self.assertEqual(first, [(1,), (1,)])
        orders = self.query(f"SELECT group_concat(image) FROM (SELECT * FROM runs WHERE {COUNTED} "
                            "ORDER BY place) GROUP BY block")
        self.assertEqual(len(orders), m["runs"])

    def test_a_repeated_sweep_runs_nothing(self):
        self.sweep("--unprotected", "--harden", "sqlite=stack-protector")
        runs = self.count()
        again = self.sweep("--unprotected", "--harden", "sqlite=stack-protector")
        self.assertEqual(self.count(), runs)
        self.assertTrue(again["measurements"][0]["cached"])

    def test_memory_is_what_was_resident(self):
        measured = self.sweep("--unprotected")
        m, = measured["measurements"]
        self.assertGreater(m["memory_bytes"], 64 << 10)
        self.assertLess(m["memory_bytes"], 64 << 20)
        self.assertGreater(m["boot_seconds"], 0)
        self.assertIn("p99", m["latency"])

    def test_a_budget_ends_it(self):
        started = time.monotonic()
        self.measure("--platform", "linux", "-n", "100", "--width", "0.0001", "--budget", "1",
                     "--unprotected", "--harden", "sqlite=stack-protector")
        self.assertLess(time.monotonic() - started, 500)  # building included; not for ever

    @unittest.skipIf(KEYS, "this processor has keys")
    def test_without_keys_an_image_that_needs_them_fails_by_that_name(self):
        measured = self.sweep("--top", "1", code=1)
        self.assertEqual(measured["measurements"][0]["failure"]["cause"], "no-keys")
        self.assertGreater(measured["baseline"]["runs"], 0)


if __name__ == "__main__":
    unittest.main()
