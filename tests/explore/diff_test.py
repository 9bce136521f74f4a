"""diff: two reports' data; exit code 1 where something got worse. And SARIF out of check."""

import json
import unittest

from exploring import SMALL, ExploreTest


class Diff(ExploreTest):
    def setUp(self):
        super().setUp()
        answer = self.answer(self.spec(SMALL), "--predict-only")
        self.before = self.write("before.json", answer)

    def write(self, name, data):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(json.dumps(data))
        return name

    def changed(self, change):
        data = json.loads((self.folder / self.before).read_text())
        change(data)
        return self.write("after.json", data)

    def test_the_same(self):
        run = self.run_tool("diff", self.before, self.before)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("the same", run.stdout)

    def test_data_larger_than_any_spec(self):
        after = self.changed(lambda data: data.update(padding="x" * (5 << 20)))
        run = self.run_tool("diff", self.before, after)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_lost_isolation(self):
        spec = self.spec(SMALL.replace("isolate: [net, app]", "isolate: [net, app]\n"
                                       "    at_least: mpk.full"), "strict.yaml")
        strict = self.write("strict.json", self.answer(spec, "--predict-only"))
        run = self.run_tool("diff", strict, self.before)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("less-safe", run.stdout)
        self.assertIn("app|net mpk.light, was mpk.full", run.stdout)
        self.assertEqual(self.run_tool("diff", self.before, strict).returncode, 0)

    def test_slower(self):
        def measured(median):
            def change(data):
                data["platform"] = {"key": "linux/native/cycles"}
                data["configurations"][0]["measured"] = {
                    "relative": {"median": median, "low": median - .01, "high": median + .01}}
            return change
        fast = self.changed(measured(0.9))
        (self.folder / fast).rename(self.folder / "fast.json")
        slow = self.changed(measured(0.8))
        run = self.run_tool("diff", "fast.json", slow)
        self.assertEqual(run.returncode, 1)
        self.assertIn("slower", run.stdout)
        self.assertEqual(self.run_tool("diff", "fast.json", slow, "--tolerance", "20").returncode,
                         0)
        answer = self.answer("diff", "fast.json", slow, code=1)
        self.assertIs(answer["regression"], True)
        self.assertEqual(answer["reports"][0]["changes"][0]["kind"], "slower")

    def test_folders(self):
        data = json.loads((self.folder / self.before).read_text())
        self.write("old/small.json", data)
        self.write("old/gone.json", data)
        self.write("new/small.json", data)
        self.write("new/fresh.json", data)
        run = self.run_tool("diff", "old", "new")
        self.assertEqual(run.returncode, 1)
        self.assertIn("gone.json: was there, and is not any more", run.stdout)
        self.assertIn("fresh.json: new", run.stdout)
        (self.folder / "old/gone.json").unlink()
        self.assertEqual(self.run_tool("diff", "old", "new").returncode, 0)

    def test_what_is_no_report(self):
        self.assert_fails(self.run_tool("diff", "nowhere.json", self.before), 1, "nowhere.json")
        self.assert_fails(self.run_tool("diff", self.write("n.json", [1]), self.before), 1,
                          "no report's data")
        (self.folder / "text.json").write_text("not json")
        self.assert_fails(self.run_tool("diff", "text.json", self.before), 1, "is not JSON")
        self.assert_fails(self.run_tool("diff", ".", self.before), 2, "folder")


class Sarif(ExploreTest):
    def test_file_and_format(self):
        spec = self.spec(SMALL.replace("isolate: [net, app]", "isolate: [nte, app]"))
        run = self.run_tool("check", spec, "--sarif", "out/findings.sarif", "--format", "sarif")
        self.assertEqual(run.returncode, 1)
        sarif = json.loads(run.stdout)
        self.assertEqual(sarif, json.loads((self.folder / "out/findings.sarif").read_text()))
        self.assertEqual(sarif["version"], "2.1.0")
        one, = sarif["runs"]
        result, = one["results"]
        rules = one["tool"]["driver"]["rules"]
        self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"], "spec.yaml")
        self.assertEqual((place["region"]["startLine"], place["region"]["startColumn"]), (16, 15))

    def test_nothing_found(self):
        sarif = json.loads(self.run_tool("check", self.spec(SMALL), "--format", "sarif").stdout)
        self.assertEqual(sarif["runs"][0]["results"], [])

    def test_a_file_that_cannot_be_written(self):
        run = self.run_tool("check", self.spec(SMALL), "--sarif", "/dev/full")
        self.assertEqual(run.returncode, 3)
        self.assertIn("/dev/full", run.stderr)

    def test_other_commands_have_no_sarif(self):
        self.assert_fails(self.run_tool("rank", self.spec(SMALL), "--format", "sarif"), 2)


if __name__ == "__main__":
    unittest.main()
