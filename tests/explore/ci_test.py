"""The workflow that ships: the commands in it are ones that the tool has."""

import re
import unittest

import yaml

from exploring import ROOT, ToolTest


class Workflow(ToolTest):
    def test_every_command_and_option_exists(self):
        workflow = yaml.safe_load((ROOT / "examples/ci/github-actions.yml").read_text())
        steps = workflow["jobs"]["sweep"]["steps"]
        calls = [words.split() for step in steps for line in step.get("run", "").splitlines()
                 for words in re.findall(r"\$FLEXOS ([^|>&;]+)", line)]
        self.assertEqual([call[0] for call in calls], ["doctor", "sweep", "diff"])
        for call in calls:
            shown = self.run_tool(call[0], "--help").stdout
            for option in call[1:]:
                if option.startswith("-"):
                    self.assertRegex(shown, rf"(?<![\w-]){option}\b")


if __name__ == "__main__":
    unittest.main()
