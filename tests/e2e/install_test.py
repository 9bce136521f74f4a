"""`cmake --install`: everything is in its place, and the tool finds its specs there."""

import subprocess
import unittest

from tool import BUILD, ToolTest


class Install(ToolTest):
    def setUp(self):
        super().setUp()
        self.prefix = self.folder / "prefix"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix], check=True,
                       capture_output=True)
        self.tool = self.prefix / "bin/flexos-explore"
        self.share = self.prefix / "share"

    def test_everything_is_in_its_place(self):
        for name in ("flexos-explore/specs/components/redis.yaml",
                     "flexos-explore/specs/hardening/asan.yaml",
                     "flexos-explore/specs/mechanisms/mpk.light.yaml",
                     "flexos-explore/specs/presets/unikernel.yaml",
                     "flexos-explore/specs/schema/spec.json",
                     "flexos-explore/examples/redis.yaml",
                     "bash-completion/completions/flexos-explore",
                     "zsh/site-functions/_flexos-explore",
                     "fish/vendor_completions.d/flexos-explore.fish"):
            self.assertTrue((self.share / name).is_file(), name)

    def test_installed_tool_answers(self):
        run = self.run_tool("rank", self.share / "flexos-explore/examples/redis.yaml",
                            tool=self.tool)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_installed_specs_are_the_ones_that_count(self):
        component = self.share / "flexos-explore/specs/components/special.yaml"
        component.write_text("component: special\napi: [f]\n")
        spec = self.spec("flexos: 1\nname: x\ncomponents: [special]\n")
        self.assertEqual(self.run_tool("check", spec, tool=self.tool).returncode, 0)
        # Through a link and by PATH as well.
        link = self.folder / "link"
        link.symlink_to(self.tool)
        self.assertEqual(self.run_tool("check", spec, tool=link).returncode, 0)
        self.environment["PATH"] = f"{self.prefix}/bin:{self.environment['PATH']}"
        self.assertEqual(self.run_tool("check", spec, tool="flexos-explore").returncode, 0)

    def test_moved_installation_still_works(self):
        moved = self.folder / "moved"
        self.prefix.rename(moved)
        (moved / "share/flexos-explore/specs/components/special.yaml").write_text(
            "component: special\napi: [f]\n")
        spec = self.spec("flexos: 1\nname: x\ncomponents: [special]\n")
        run = self.run_tool("check", spec, tool=moved / "bin/flexos-explore")
        self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main()
