"""doctor: what this machine can do. What that is differs; that it is told does not."""

import unittest

from exploring import ExploreTest


class Doctor(ExploreTest):
    def test_json(self):
        answer = self.answer("doctor")
        self.assertGreater(answer["machine"]["cores"], 0)
        self.assertGreater(answer["clocks"]["tsc_hz"], 1e8)
        self.assertIn(answer["kvm"]["state"], ("absent", "denied", "broken", "emulated", "real"))
        self.assertIn(answer["protection_keys"]["host"], ("absent", "refused", "leaky", "works"))
        tools = {t["program"]: t for t in answer["tools"]}
        self.assertTrue(tools["clang-19"]["found"])
        self.assertRegex(tools["clang-19"]["version"], r"^19\.")
        uses = {(u["mechanism"], u["platform"]): u for u in answer["uses"]}
        self.assertRegex(uses["none", "linux"]["key"], r"^linux/native/cycles$")
        self.assertTrue(uses["mpk.full", "qemu"]["possible"])
        self.assertIs(answer["runs"], True)

    def test_text(self):
        run = self.run_tool("doctor")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for word in ("processor", "protection keys", "KVM", "TCG", "clang-19", "mpk.full"):
            self.assertIn(word, run.stdout)

    def test_tools_that_are_missing(self):
        self.environment["PATH"] = str(self.folder)
        answer = self.answer("doctor")
        self.assertIs(answer["builds"], False)
        self.assertIs(answer["runs"], True)  # a process of this machine
        self.assertIn("apt-get install qemu-system-x86", " ".join(answer["hints"]))


if __name__ == "__main__":
    unittest.main()
