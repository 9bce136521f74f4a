"""The JSON of each command: its keys, and that equal questions get equal bytes."""

import itertools
import json
import re
import unittest

from tool import EXAMPLES, INFEASIBLE, SMALL, ToolTest

CONFIGURATION = {"id", "levels", "compartments", "hardening", "variants", "cost_cycles",
                 "slowdown", "relative_performance", "safety_score", "residual_risk"}

MEASURED = """\
compartments,hardening,throughput
app+fs+net,,100
app+fs|net,,90
app|fs|net,,80
app+fs|net,net:asan,60
app|fs|net,net:asan+cfi,95
"""


class Json(ToolTest):
    def assert_configuration(self, c, names):
        self.assertLessEqual(CONFIGURATION, c.keys())
        self.assertRegex(c["id"], r"^[0-9a-f]{12}$")
        pairs = ["|".join(pair) for pair in itertools.combinations(sorted(names), 2)]
        self.assertEqual(sorted(c["levels"]), sorted(pairs))
        members = [name for part in c["compartments"] for name in part["components"]]
        self.assertEqual(sorted(members), sorted(names))
        for part in c["compartments"]:
            for pair in itertools.combinations(sorted(part["components"]), 2):
                self.assertEqual(c["levels"]["|".join(pair)], "none")
        self.assertAlmostEqual(c["safety_score"] + c["residual_risk"], 1)
        self.assertAlmostEqual(c["slowdown"] * c["relative_performance"], 1)
        self.assertLessEqual(set(c["hardening"]), set(names))

    def test_check(self):
        self.assertEqual(self.answer("check", self.spec(SMALL)), {"errors": []})

    def test_check_with_errors(self):
        spec = self.spec(SMALL.replace("isolate: [net, app]", "isolate: [nte, app]"))
        run = self.run_tool("check", spec, "--format", "json")
        self.assertEqual(run.returncode, 1)
        error, = json.loads(run.stdout)["errors"]
        self.assertLessEqual({"file", "line", "column", "message", "hint", "code"}, error.keys())
        self.assertEqual((error["file"], error["line"], error["column"], error["code"]),
                         ("spec.yaml", 16, 15, "unknown-component"))

    def test_rank(self):
        answer = self.answer("rank", self.spec(SMALL), "--top", "7")
        self.assertLessEqual({"configurations", "optimal", "exhausted", "seconds"}, answer.keys())
        self.assertIs(answer["optimal"], True)
        self.assertIs(answer["exhausted"], False)
        found = answer["configurations"]
        self.assertEqual(len(found), 7)
        for c in found:
            self.assert_configuration(c, ["app", "fs", "net"])
            self.assertNotEqual(c["levels"]["app|net"], "none")
        costs = [c["cost_cycles"] for c in found]
        self.assertEqual(costs, sorted(costs))
        self.assertEqual(len({c["id"] for c in found}), 7)

    def test_rank_takes_top_from_the_spec(self):
        self.assertEqual(len(self.answer("rank", self.spec(SMALL))["configurations"]), 5)

    def test_rank_says_when_there_are_no_more(self):
        spec = self.spec(SMALL.replace("[none, mpk.light, mpk.full, pt]", "[none, pt]")
                         .replace("hardening: [asan, cfi]", "hardening: []"))
        answer = self.answer("rank", spec, "--top", "100")
        self.assertIs(answer["exhausted"], True)
        # app and net are apart, fs is with one of them or alone: three layouts, all admissible but
        # for fs beside net where it asks for nothing.
        self.assertEqual(len(answer["configurations"]), 3)

    def test_rank_distinct(self):
        spec = self.spec(SMALL)
        layouts = [json.dumps(c["levels"], sort_keys=True) for c in
                   self.answer("rank", spec, "--distinct", "--top", "50")["configurations"]]
        self.assertGreater(len(layouts), 1)
        self.assertEqual(len(layouts), len(set(layouts)))

    def test_rank_safest_is_in_order_of_score(self):
        spec = self.spec(SMALL.replace("top: 5", "top: 5, objective: safest"))
        scores = [c["safety_score"] for c in self.answer("rank", spec)["configurations"]]
        self.assertEqual(scores, sorted(scores, reverse=True))

    def test_frontier(self):
        answer = self.answer("frontier", self.spec(SMALL))
        self.assertLessEqual({"points", "complete", "seconds"}, answer.keys())
        self.assertIs(answer["complete"], True)
        for c in answer["points"]:
            self.assert_configuration(c, ["app", "fs", "net"])
        points = [(c["cost_cycles"], c["safety_score"]) for c in answer["points"]]
        self.assertGreater(len(points), 2)
        for a, b in itertools.permutations(points, 2):
            self.assertFalse(a[0] <= b[0] and a[1] >= b[1], f"{a} dominates {b}")

    def test_safest(self):
        answer = self.answer("safest", self.spec(SMALL), "--slowdown", "1.2")
        self.assertLessEqual({"maximal", "complete"}, answer.keys())
        self.assertGreater(len(answer["maximal"]), 0)
        for c in answer["maximal"]:
            self.assert_configuration(c, ["app", "fs", "net"])
            self.assertLessEqual(c["slowdown"], 1.2)

    def test_safest_measured(self):
        table = self.folder / "measured.csv"
        table.write_text(MEASURED)
        answer = self.answer("safest", self.spec(SMALL), "--measured", table, "--at-least", "70",
                             "--metric", "throughput")
        self.assertLessEqual({"maximal", "feasible", "violations"}, answer.keys())
        self.assertEqual(answer["feasible"], 4)
        # The safest of all is faster than a less safe one: that is worth saying.
        self.assertEqual(len(answer["maximal"]), 1)
        self.assertGreater(len(answer["violations"]), 0)
        for violation in answer["violations"]:
            self.assertLessEqual({"from", "to", "ratio"}, violation.keys())

    def test_compartments(self):
        answer = self.answer("compartments", self.spec(SMALL))
        self.assertEqual(answer["minimum"], 2)
        self.assertEqual(sorted(answer["clique"]), ["app", "net"])

    def test_explain_infeasible(self):
        answer = self.answer("explain", self.spec(INFEASIBLE), code=1)
        self.assertIs(answer["feasible"], False)
        self.assertEqual([s["line"] for s in answer["conflict"]], [9, 10])
        self.assertEqual(sorted(s["line"] for way in answer["corrections"] for s in way), [9, 10])
        self.assertTrue(all(len(way) == 1 for way in answer["corrections"]))
        self.assertIn("together", answer["conflict"][0]["text"])

    def test_explain_feasible(self):
        self.assertIs(self.answer("explain", self.spec(SMALL))["feasible"], True)

    def test_explain_ranked_configuration(self):
        spec = self.spec(SMALL)
        second = self.answer("rank", spec, "--top", "2")["configurations"][1]
        answer = self.answer("explain", spec, "--config", second["id"])
        self.assertEqual(answer["violations"], [])
        self.assertGreater(len(answer["delta"]), 0)

    def test_explain_layout_that_is_not_admissible(self):
        run = self.run_tool("explain", self.spec(SMALL), "--layout", "app+net|fs",
                            "--format", "json")
        violations = json.loads(run.stdout)["violations"]
        self.assertIn(16, [violation.get("line") for violation in violations])

    def test_infeasible_rank_answers_in_json_or_not_at_all(self):
        run = self.run_tool("rank", self.spec(INFEASIBLE), "--format", "json")
        self.assertEqual(run.returncode, 1)
        if run.stdout:
            json.loads(run.stdout)


class Same(ToolTest):
    """The same input gives the same bytes, but for seconds."""

    def assert_same(self, *arguments):
        texts = []
        for _ in range(2):
            run = self.run_tool(*arguments)
            texts.append(re.sub(r'"seconds": *[-+.e0-9]+', '"seconds":0', run.stdout))
        self.assertNotEqual(texts[0], "")
        self.assertEqual(*texts)

    def test_rank(self):
        self.assert_same("rank", EXAMPLES / "redis.yaml", "--top", "20", "--format", "json")

    def test_rank_distinct(self):
        self.assert_same("rank", EXAMPLES / "redis.yaml", "--distinct", "--format", "json")

    def test_frontier(self):
        self.assert_same("frontier", self.spec(SMALL), "--format", "json")

    def test_safest(self):
        self.assert_same("safest", self.spec(SMALL), "--format", "json")

    def test_compartments(self):
        self.assert_same("compartments", EXAMPLES / "redis.yaml", "--format", "json")

    def test_explain(self):
        self.assert_same("explain", EXAMPLES / "infeasible.yaml", "--format", "json")

    def test_order_of_components_does_not_change_ids(self):
        head, rest = SMALL.split("components:\n")
        parts, rest = rest.split("security:")
        first, second, third = ("  - component" + part for part in parts.split("  - component")[1:])
        swapped = f"{head}components:\n{third}{first}{second}security:{rest}"
        ids = [[c["id"] for c in self.answer("rank", self.spec(text))["configurations"]]
               for text in (SMALL, swapped)]
        self.assertEqual(ids[0][0], ids[1][0])


if __name__ == "__main__":
    unittest.main()
