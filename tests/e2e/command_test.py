"""The command line: usage, help, files that are missing, exit codes 0, 1 and 2."""

import re
import unittest

from tool import COMMANDS, EXAMPLES, IMAGE_COMMANDS, INFEASIBLE, ROOT, SMALL, ToolTest


class Usage(ToolTest):
    def test_no_arguments(self):
        run = self.run_tool()
        self.assert_fails(run, 2, "rank")

    def test_unknown_option(self):
        for command in COMMANDS:
            with self.subTest(command):
                run = self.run_tool(command, self.spec(SMALL), "--no-such-option")
                self.assert_fails(run, 2, "--no-such-option")

    def test_unknown_command(self):
        self.assert_fails(self.run_tool("rnak", self.spec(SMALL)), 2)

    def test_command_without_spec(self):
        for command in COMMANDS:
            with self.subTest(command):
                self.assert_fails(self.run_tool(command), 2)

    def test_impossible_values(self):
        spec = self.spec(SMALL)
        for arguments in (["rank", spec, "--top", "0"], ["rank", spec, "--top", "-1"],
                          ["rank", spec, "--top", "many"], ["rank", spec, "--top", "2.5"],
                          ["rank", spec, "--top"], ["rank", spec, "--format", "xml"],
                          ["rank", spec, "--color", "pink"], ["rank", spec, "--time-limit", "-1"],
                          ["rank", spec, "--time-limit", "soon"],
                          ["safest", spec, "--slowdown", "0.5"],
                          ["safest", spec, "--slowdown", "fast"],
                          ["safest", spec, "--at-least", "1"],
                          ["explain", spec, "--config", "x", "--layout", "y"]):
            with self.subTest(" ".join(arguments)):
                self.assert_fails(self.run_tool(*arguments), 2)

    def test_two_specs_where_one_is_meant(self):
        spec = self.spec(SMALL)
        for command in COMMANDS:
            if command != "check":
                with self.subTest(command):
                    self.assert_fails(self.run_tool(command, spec, spec), 2)

    def test_help_is_an_answer(self):
        run = self.run_tool("--help")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for command in COMMANDS + IMAGE_COMMANDS:
            self.assertIn(command, run.stdout)
            own = self.run_tool(command, "--help")
            self.assertEqual((own.returncode, own.stderr), (0, ""))
            self.assertIn("--format", own.stdout)

    def test_version(self):
        run = self.run_tool("--version")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"\d+\.\d+\.\d+")

    def test_completions_know_every_option(self):
        shells = {name: (ROOT / "completions" / name).read_text()
                  for name in ("flexos-explore.bash", "_flexos-explore", "flexos-explore.fish")}
        listed = self.run_tool("--help").stdout.split("Subcommands:")[1].split("Exit codes")[0]
        commands = re.findall(r"^  ([a-z]+)", listed, re.M)
        self.assertTrue(set(COMMANDS + IMAGE_COMMANDS) <= set(commands), commands)
        for command in commands:
            help_text = self.run_tool(command, "--help").stdout
            options = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", help_text))
            self.assertTrue(options)
            for option in options:
                for name, text in shells.items():
                    pattern = rf"-l {option}\b" if name.endswith("fish") else rf"--{option}\b"
                    self.assertRegex(text, pattern, f"{command} in {name}")


class Files(ToolTest):
    def test_missing_spec(self):
        for command in COMMANDS:
            with self.subTest(command):
                run = self.run_tool(command, "nowhere.yaml")
                self.assert_fails(run, 1, "nowhere.yaml", "error")

    def test_folder_as_spec(self):
        self.assert_fails(self.run_tool("check", "."), 1, "error")

    def test_empty_spec(self):
        self.assert_fails(self.run_tool("check", self.spec("")), 1, "spec.yaml", "error")

    def test_check_reports_all_files(self):
        good = self.spec(SMALL, "good.yaml")
        one = self.spec(SMALL.replace("isolate: [net, app]", "isolate: [nte, app]"), "one.yaml")
        two = self.spec(SMALL.replace("budget:", "budgte:"), "two.yaml")
        run = self.run_tool("check", one, good, two)
        self.assert_fails(run, 1, "one.yaml:16:", "two.yaml:17:", "did you mean `net`?",
                          "did you mean `budget`?")
        self.assertNotIn("good.yaml", run.stderr)

    def test_error_has_excerpt_and_caret(self):
        spec = self.spec(SMALL.replace("isolate: [net, app]", "isolate: [nte, app]"))
        self.assert_fails(self.run_tool("rank", spec), 1,
                          "spec.yaml:16:15: error: unknown component `nte` [unknown-component]",
                          "  - isolate: [nte, app]", "^~~")

    def test_examples_are_well_formed(self):
        examples = sorted(EXAMPLES.glob("*.yaml"))
        self.assertGreaterEqual(len(examples), 6)
        run = self.run_tool("check", *examples)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_json_is_accepted(self):
        text = ('{"flexos": 1, "name": "j", "components": [{"component": "a", "api": ["f"]},'
                ' {"component": "b", "api": ["g"]}]}')
        self.assertEqual(self.run_tool("check", self.spec(text, "spec.json")).returncode, 0)

    def test_own_library_by_environment(self):
        library = self.folder / "library"
        for kind in ("components", "hardening", "mechanisms", "presets"):
            (library / kind).mkdir(parents=True)
        for name in ("none", "mpk.light"):
            text = (ROOT / "specs/mechanisms" / f"{name}.yaml").read_text()
            (library / "mechanisms" / f"{name}.yaml").write_text(text)
        (library / "components/special.yaml").write_text("component: special\napi: [f]\n")
        spec = self.spec("flexos: 1\nname: x\ncomponents: [special]\n")
        self.assertEqual(self.run_tool("check", spec).returncode, 1)
        self.environment["FLEXOS_SPECS"] = str(library)
        self.assertEqual(self.run_tool("check", spec).returncode, 0)


class ExitCode(ToolTest):
    def test_answers_are_zero(self):
        spec = self.spec(SMALL)
        for command in COMMANDS:
            with self.subTest(command):
                run = self.run_tool(command, spec)
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                if command != "check":
                    self.assertNotEqual(run.stdout, "")

    def test_infeasible_is_one(self):
        spec = self.spec(INFEASIBLE)
        for command in ("rank", "frontier", "safest", "compartments"):
            with self.subTest(command):
                self.assert_fails(self.run_tool(command, spec), 1, "explain")

    def test_infeasible_is_well_formed(self):
        self.assertEqual(self.run_tool("check", self.spec(INFEASIBLE)).returncode, 0)

    def test_explained_infeasibility_is_one(self):
        run = self.run_tool("explain", self.spec(INFEASIBLE))
        self.assertEqual(run.returncode, 1)
        self.assertIn("together: [a, b]", run.stdout)
        self.assertIn("isolate: [a, b]", run.stdout)
        self.assertNotIn("isolate: [a, c]", run.stdout)

    def test_missed_budget_is_one(self):
        spec = self.spec(SMALL.replace("budget: {keys: 4}", "budget: {slowdown: 1.0001}"))
        self.assert_fails(self.run_tool("rank", spec), 1, "explain")

    def test_costs_without_profile(self):
        spec = self.spec(SMALL[:SMALL.index("profile:")])
        for command in ("rank", "frontier", "safest"):
            with self.subTest(command):
                self.assert_fails(self.run_tool(command, spec), 1, "no-profile")
        for command in ("check", "compartments", "explain"):
            with self.subTest(command):
                self.assertEqual(self.run_tool(command, spec).returncode, 0)


if __name__ == "__main__":
    unittest.main()
