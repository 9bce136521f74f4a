"""`safest --replay`: searches over recorded measurements give the answer of `--measured`, and bad
input is refused with a reason."""

import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from tool import ToolTest  # noqa: E402

SPEC = """\
flexos: 1
name: eighty
components:
  - {component: app, hardening: {allow: [asan]}}
  - {component: libc, hardening: {allow: [asan]}}
  - {component: lwip, hardening: {allow: [asan]}}
  - {component: sched, hardening: {allow: [asan]}}
"""
NAMES = ("app", "libc", "lwip", "sched")
# Which pairs part: lwip from the rest, sched from the rest, these two from each other.
LAYOUTS = {"app+libc+lwip+sched": (), "app+libc+sched|lwip": (0, 2),
           "app+libc+lwip|sched": (1, 2), "app+libc|lwip+sched": (0, 1),
           "app+libc|lwip|sched": (0, 1, 2)}


def recording(seed, misfit=0.0):
    """The paper's five layouts and 16 hardenings, with additive costs."""
    dice = random.Random(seed)
    gates = [dice.uniform(0.05, 0.4) for _ in range(3)]
    work = [dice.uniform(0.05, 0.8) for _ in NAMES]
    lines = ["compartments,hardening,throughput"]
    for layout, parted in LAYOUTS.items():
        for bits in range(16):
            chosen = [i for i in range(4) if bits >> i & 1]
            time = 1 + sum(gates[i] for i in parted) + sum(work[i] for i in chosen)
            time *= 1 + dice.gauss(0, misfit)
            hardening = ";".join(f"{NAMES[i]}:sfi" for i in chosen)
            lines.append(f"{layout},{hardening},{1e6 / time:.3f}")
    return "\n".join(lines) + "\n"


class Replay(ToolTest):
    def setUp(self):
        super().setUp()
        self.small = self.spec(SPEC)
        self.table = self.folder / "table.csv"
        self.table.write_text(recording(1))

    def ask(self, *arguments):
        run = self.run_tool("safest", self.small, *arguments, "--format", "json")
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_every_strategy_gives_the_answer_of_measuring_all(self):
        for seed in range(3):
            self.table.write_text(recording(seed))
            for least in ("350000", "500000", "41%", "70%"):
                want = self.ask("--measured", self.table, "--at-least", least)["maximal"]
                for strategy in ("exhaustive", "poset", "model"):
                    with self.subTest(f"{seed} {least} {strategy}"):
                        found = self.ask("--replay", self.table, "--at-least", least,
                                         "--strategy", strategy)
                        self.assertEqual(found["maximal"], want)
                        self.assertTrue(found["complete"])
                        self.assertEqual(found["strategy"], strategy)
                        self.assertEqual(found["of"], 80)
                        self.assertEqual(found["measured"], len(found["order"]))
                        self.assertEqual(len(set(found["order"])), len(found["order"]))
                        lines = {row["line"] for row in found["maximal"]}
                        self.assertLessEqual(lines, set(found["order"]))

    def test_the_model_measures_the_answer_and_little_else(self):
        found = self.ask("--replay", self.table, "--at-least", "41%")
        self.assertEqual(found["strategy"], "model")
        self.assertLessEqual(found["measured"], len(found["maximal"]) + 12)
        self.assertEqual(self.ask("--replay", self.table, "--at-least", "41%",
                                  "--strategy", "exhaustive")["measured"], 80)

    def test_eighty_real_images_of_redis(self):
        """The paper's experiment at the paper's budget, recorded from our images."""
        folder = pathlib.Path(__file__).resolve().parents[1] / "replay"
        answers = {}
        for strategy in ("exhaustive", "model"):
            run = self.run_tool("safest", folder / "redis.yaml", "--replay", folder / "redis.csv",
                                "--at-least", "41%", "--strategy", strategy, "--format", "json")
            self.assertEqual(run.returncode, 0, run.stderr)
            answers[strategy] = json.loads(run.stdout)
        self.assertEqual(answers["model"]["maximal"], answers["exhaustive"]["maximal"])
        self.assertEqual(answers["exhaustive"]["measured"], 80)
        self.assertLessEqual(answers["model"]["measured"], 15)

    def test_per_cent_and_slowdown_are_of_the_unprotected(self):
        # 50 % of the row that all others are safer than.
        per_cent = self.ask("--replay", self.table, "--at-least", "50%")
        self.assertAlmostEqual(per_cent["at_least"], 500000)
        slowdown = self.ask("--replay", self.table, "--slowdown", "2")
        self.assertEqual(slowdown["maximal"], per_cent["maximal"])
        self.assertEqual(per_cent["order"][0], 2)

    def test_same_input_same_bytes(self):
        self.table.write_text(recording(5, 0.03))
        runs = [self.ask("--replay", self.table, "--at-least", "45%") for _ in range(2)]
        for run in runs:
            del run["seconds"]
        self.assertEqual(runs[0], runs[1])

    def test_text_for_a_person(self):
        run = self.run_tool("safest", self.small, "--replay", self.table, "--at-least", "41%")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"strategy model: \d+ of 80 measured")

    def test_none_is_fast_enough(self):
        run = self.run_tool("safest", self.small, "--replay", self.table, "--at-least", "1e9")
        self.assert_fails(run, 1)
        answer = self.run_tool("safest", self.small, "--replay", self.table, "--at-least", "1e9",
                               "--format", "json")
        self.assertEqual(answer.returncode, 1)
        self.assertEqual(json.loads(answer.stdout)["maximal"], [])

    def test_wrong_usage(self):
        for arguments in (["--replay", self.table],
                          ["--replay", self.table, "--at-least", "fast"],
                          ["--replay", self.table, "--at-least", "%"],
                          ["--replay", self.table, "--at-least", "-3%"],
                          ["--replay", self.table, "--at-least", "1", "--slowdown", "2"],
                          ["--replay", self.table, "--slowdown", "0.5"],
                          ["--replay", self.table, "--at-least", "1", "--metric", "weight"],
                          ["--replay", self.table, "--at-least", "1", "--strategy", "luck"],
                          ["--replay", self.table, "--at-least", "1", "--noise", "2"],
                          ["--replay", self.table, "--at-least", "1", "--record", "x.csv"],
                          ["--replay", self.table, "--measured", self.table, "--at-least", "1"],
                          ["--measure", "--replay", self.table, "--at-least", "1"],
                          ["--measure", "--metric", "throughput", "--at-least", "1"],
                          ["--measured", self.table, "--at-least", "1", "--strategy", "model"],
                          ["--strategy", "model"], ["--record", "x.csv"], ["--at-least", "41%"]):
            with self.subTest(" ".join(map(str, arguments))):
                self.assert_fails(self.run_tool("safest", self.small, *arguments), 2)

    def test_bad_files(self):
        head = "compartments,hardening,throughput\n"
        for text in ("", "# nothing\n", "throughput\n1\n", head + "app+libc|lwip,,fast\n",
                     head + "app+libc|nobody,,5\n", head + "app+libc+lwip+sched,,-5\n"):
            self.table.write_text(text)
            with self.subTest(text):
                self.assert_fails(self.run_tool("safest", self.small, "--replay", self.table,
                                                "--at-least", "1"), 1)
        self.assert_fails(self.run_tool("safest", self.small, "--replay", self.folder / "none.csv",
                                        "--at-least", "1"), 1)

    def test_per_cent_needs_an_unprotected_row(self):
        rows = recording(1).splitlines()
        self.table.write_text("\n".join([rows[0], *rows[17:49]]) + "\n")
        for option in ("--replay", "--measured"):
            with self.subTest(option):
                self.assert_fails(self.run_tool("safest", self.small, option, self.table,
                                                "--at-least", "41%"), 2)

    def test_a_table_without_rows(self):
        self.table.write_text("compartments,hardening,throughput\n")
        run = self.run_tool("safest", self.small, "--replay", self.table, "--at-least", "1")
        self.assert_fails(run, 1)


if __name__ == "__main__":
    unittest.main()
