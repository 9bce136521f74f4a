"""The main command: a spec in, images measured, a report out."""

import collections
import csv
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from exploring import INFEASIBLE, MICRO, SMALL, TOOL, ExploreTest

QUICK = ("--platform", "qemu/tcg/instructions", "-n", "2000", "--lean")


class Whole(ExploreTest):
    def test_five_steps_and_a_second_time(self):
        spec = self.spec(MICRO)
        run = self.explore(spec, *QUICK)
        for number, step in enumerate(("check", "rank", "build", "measure", "report"), 1):
            self.assertIn(f"[{number}/5] {step}: ", run.stderr)
        self.assertIn("without mechanism `pt`", run.stderr)
        data = self.data()
        self.assertEqual((data["flexos"], data["spec"], data["workload"]),
                         (1, "micro", "micro/gates"))
        self.assertEqual(data["platform"]["key"], "qemu/tcg/instructions")
        self.assertIsNone(data["not_measured"])
        self.assertIs(data["interrupted"], False)
        self.assertEqual([s["name"] for s in data["steps"]],
                         ["check", "rank", "build", "measure", "report"])
        self.assertEqual(len(data["configurations"]), 2)
        for c in data["configurations"]:
            self.assertIsNone(c["failure"])
            self.assertGreater(c["measured"]["relative"]["median"], 0)
            self.assertLess(c["measured"]["relative"]["median"], 1)  # a gate is not free
            self.assertEqual(c["scan"]["clean"], True)
            self.assertTrue((self.folder / c["image"]["path"]).exists())
            self.assertGreater(len(c["image"]["gates"]), 0)
            self.assertIn(c["id"], run.stdout)
        self.assertGreater(data["baseline"]["per_operation"]["median"], 0)
        self.assertLessEqual(set(data["stars"]), {c["id"] for c in data["configurations"]})
        self.assertGreater(len(data["stars"]), 0)
        self.assertGreater(len(data["measured_frontier"]), 0)
        self.assertLessEqual({"nodes", "covers", "maximal"}, data["poset"].keys())
        with open(self.folder / "explored/micro.csv") as table:
            rows = list(csv.reader(line for line in table if not line.startswith("#")))
        self.assertEqual(rows[0][:2], ["compartments", "hardening"])
        self.assertEqual(len(rows), 3)
        if self.page:
            page = (self.folder / "explored/micro.html").read_text()
            self.assertIn(data["configurations"][0]["id"], page)
            self.assertIn("explored/micro.html", run.stdout)
        self.assertEqual([f for f in os.listdir(self.folder / "explored") if f.endswith(".new")],
                         [])

        # Everything is known now, and known to be the same.
        run = self.explore(spec, *QUICK, "--format", "json")
        self.assertIn("2 of them known from before", run.stderr)
        again = json.loads(run.stdout)
        for before, now in zip(data["configurations"], again["configurations"]):
            self.assertEqual(before["measured"], now["measured"])

    def test_interrupted_and_taken_up_again(self):
        spec = self.spec(MICRO)
        arguments = [spec, *QUICK, "--runs"]
        run = subprocess.Popen([TOOL, *arguments], cwd=self.folder, env=self.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        said = []
        for line in run.stderr:
            said.append(line)
            if line.startswith("run "):
                run.send_signal(signal.SIGINT)
                break
        output, rest = run.communicate(timeout=300)
        said.append(rest)
        kept = [line.split()[2] for text in said for line in text.splitlines()
                if line.startswith("run ")]
        self.assertEqual(run.returncode, 130, "".join(said))
        self.assertIn("the same command goes on", rest)
        self.assertIs(self.data()["interrupted"], True)
        self.assertIn("micro: 2 layouts", output)
        again = self.explore(*arguments)
        fresh = [line.split()[2] for line in again.stderr.splitlines() if line.startswith("run ")]
        # Where the clock is exact, two runs of each image that must agree: nothing lost, nothing
        # twice.
        runs = collections.Counter(kept + fresh)
        self.assertEqual(sorted(runs.values()), [2, 2, 2], runs)
        self.assertIs(self.data()["interrupted"], False)
        self.assertTrue(all(c["measured"] for c in self.data()["configurations"]))

    def test_no_measure(self):
        run = self.explore(self.spec(MICRO), "--no-measure")
        self.assertIn("[4/4] report", run.stderr)
        for c in self.data()["configurations"]:
            self.assertIsNone(c["measured"])
            self.assertIsNotNone(c["image"])
        self.assertIn("All figures are predicted", run.stdout)

    def test_without_qemu_there_are_predictions(self):
        tools = self.folder / "bin"
        tools.mkdir()
        for folder in os.environ["PATH"].split(":"):
            for tool in pathlib.Path(folder).glob("*"):
                link = tools / tool.name
                if not tool.name.startswith("qemu") and not link.exists():
                    link.symlink_to(tool)
        self.environment["PATH"] = str(tools)
        run = self.explore(self.spec(MICRO), *QUICK, code=3)
        self.assertIn("qemu-system-x86", run.stderr)
        self.assertEqual(len(self.data()["configurations"]), 2)
        self.assertIn("qemu", self.data()["not_measured"])


class Rest(ExploreTest):
    def test_predict_only_writes_nothing(self):
        spec = self.spec(SMALL)
        run = self.run_tool(spec, "--predict-only")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("predicted", run.stdout)
        self.assertIn("points between cost and safety", run.stdout)
        self.assertEqual([f for f in os.listdir(self.folder) if f != "cache"], [spec])
        data = self.answer(spec, "--predict-only")
        self.assertIsNone(data["platform"])
        self.assertIn("pt", data["mechanisms"])

    def test_all_is_what_others_beat_too(self):
        spec = self.spec(SMALL)
        few = self.answer(spec, "--predict-only", "--top", "40")["configurations"]
        many = self.answer(spec, "--predict-only", "--top", "40", "--all")["configurations"]
        ids = [c["id"] for c in many]
        self.assertEqual(ids, [c["id"] for c in self.answer("rank", spec, "--top", "40")["configurations"]])
        self.assertNotEqual(ids, [c["id"] for c in few])
        limit = many[20]["slowdown"]
        some = self.answer(spec, "--predict-only", "--top", "40", "--all", "--slowdown", str(limit))
        self.assertEqual(some["budget"]["slowdown"], limit)
        affordable = [c["within_budget"] for c in some["configurations"]]
        self.assertEqual(affordable, [c["slowdown"] <= limit for c in many])
        self.assertIn(False, affordable)

    def test_what_has_no_sources_is_predicted(self):
        run = self.explore(self.spec(SMALL))
        self.assertIn("has no `build:`", run.stdout)
        data = self.data("small")
        self.assertIn("`build:`", data["not_measured"])
        self.assertGreater(len(data["configurations"]), 0)
        self.assertTrue(all(c["measured"] is None for c in data["configurations"]))

    def test_a_dot_drawing(self):
        run = self.run_tool(self.spec(SMALL), "--predict-only", "--format", "dot")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("digraph", run.stdout)

    def test_infeasible(self):
        self.assert_fails(self.run_tool(self.spec(INFEASIBLE)), 1, "explain")
        self.assertFalse((self.folder / "explored").exists())

    def test_errors_of_the_spec(self):
        self.assert_fails(self.run_tool(self.spec("flexos: 2\n")), 1, "unsupported-version")

    def test_no_profile(self):
        spec = self.spec(SMALL[:SMALL.index("profile:")])
        self.assert_fails(self.run_tool(spec), 1, "no-profile")

    def test_a_folder_that_cannot_be_written(self):
        (self.folder / "taken").write_text("a file")
        run = self.run_tool(self.spec(SMALL), "-o", "taken")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("cannot write taken/small.json", run.stderr)
        # The answer is on stdout all the same.
        self.assertIn("small: ", run.stdout)

    def test_names_do_not_leave_the_folder(self):
        spec = self.spec(SMALL.replace("name: small", "name: ../up"))
        self.explore(spec, "-o", "out")
        self.assertTrue((self.folder / "out/_..-up.json").exists())

    def test_usage(self):
        spec = self.spec(SMALL)
        for arguments in (["--top", "0"], ["--budget", "-1"], ["--budget", "soon"], ["-n", "0"]):
            self.assert_fails(self.run_tool(spec, *arguments), 2)


if __name__ == "__main__":
    unittest.main()
