"""`report`: files, endings, exit codes; the data's schema; the launcher without a registry."""

import json
import shutil
import subprocess
import unittest

import jsonschema

from pages import KINDS, ROOT, SMALL, TOOL, ToolTest, make_data, make_other

SCHEMA = ROOT / "specs/schema/report.json"


class Data(ToolTest):
    def test_every_kind_follows_the_schema(self):
        schema = json.loads(SCHEMA.read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        for kind in KINDS:
            data = json.loads(make_data(kind, self.folder / "data.json").read_text())
            self.assertEqual([e.message[:200] for e in validator.iter_errors(data)], [], kind)


class Command(ToolTest):
    def setUp(self):
        super().setUp()
        self.small = self.folder / self.spec(SMALL)
        self.data = make_data("few", self.folder / "few.json", "--spec", self.small)

    def test_page_stands_beside_its_data(self):
        run = self.run_tool("report", "few.json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("report  few.html", run.stdout)
        page = (self.folder / "few.html").read_text()
        self.assertTrue(page.startswith("<!doctype html>"))
        self.assertIn("measured", run.stdout)
        run = self.run_tool("report", "few.json", "-o", "else.html")
        self.assertEqual((self.folder / "else.html").read_text(), page)

    def test_figure_in_each_form(self):
        for ending, magic in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")):
            run = self.run_tool("report", "few.json", "--figure", "f" + ending)
            self.assertEqual((run.returncode, run.stderr), (0, ""), ending)
            self.assertTrue((self.folder / ("f" + ending)).read_bytes().startswith(magic), ending)
        self.assertEqual(sorted(f.name for f in self.folder.iterdir()),
                         ["f.pdf", "f.png", "f.svg", "few.json", "spec.yaml"])
        self.assert_fails(self.run_tool("report", "few.json", "--figure", "f.gif"), 2, ".png")

    def test_table_is_what_safest_reads(self):
        run = self.run_tool("report", "few.json", "--csv", "few.csv")
        self.assertEqual(run.returncode, 0, run.stderr)
        data = json.loads(self.data.read_text())
        metrics = {c["id"]: c["measured"]["relative"]["median"] for c in data["configurations"]}
        answer = self.answer("safest", self.small, "--measured", "few.csv",
                             "--metric", "relative", "--at-least", min(metrics.values()))
        self.assertEqual(answer["feasible"], len(metrics))
        self.assertTrue(answer["maximal"])

    def test_another_workload_is_put_beside(self):
        make_other(self.data).rename(self.folder / "other.json")
        run = self.run_tool("report", "few.json", "--beside", "other.json", "--format", "json")
        self.assertEqual(run.returncode, 0, run.stderr)
        data = json.loads(run.stdout)
        self.assertTrue(data["beside"]["workload"].startswith("other/"))
        self.assertEqual(set(data["beside"]["configurations"]), {c["id"] for c in data["configurations"][3:]})
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(data)
        self.assertNotIn("beside", json.loads(self.data.read_text()))
        other = json.loads((self.folder / "other.json").read_text())
        other["configurations"] = []
        (self.folder / "other.json").write_text(json.dumps(other))
        self.assert_fails(self.run_tool("report", "few.json", "--beside", "other.json"), 1, "no configuration")
        self.assert_fails(self.run_tool("report", "few.json", "--beside", "none.json"), 1, "none.json")
        self.assert_fails(self.run_tool("report", "few.json", "--beside", "other.json", "--csv", "t.csv"), 2,
                          "--beside is for the page")
        self.assertFalse((self.folder / "t.csv").exists())

    def test_what_is_no_report_is_said_so(self):
        for text in ("", "[]", "{}", '{"flexos": 1}', '{"flexos": 2, "configurations": []}'):
            (self.folder / "x.json").write_text(text)
            self.assert_fails(self.run_tool("report", "x.json"), 1, "x.json")
        self.assert_fails(self.run_tool("report", "none.json"), 1, "none.json")

    def test_without_the_page_its_absence_is_said(self):
        (self.folder / "bin").mkdir()
        tool = shutil.copy(TOOL, self.folder / "bin/flexos-explore")
        self.assert_fails(self.run_tool("report", "few.json", tool=tool), 3, "build-report")
        self.assertFalse((self.folder / "few.html").exists())
        # A figure and a table need no page.
        run = self.run_tool("report", "few.json", "--figure", "f.svg", "--csv", "t.csv", tool=tool)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_installed_page_is_found(self):
        prefix = self.folder / "prefix"
        (prefix / "bin").mkdir(parents=True)
        (prefix / "share/flexos-explore/report").mkdir(parents=True)
        (prefix / "share/flexos-explore/report/bundle.js").write_text("installed();")
        (prefix / "share/flexos-explore/report/bundle.css").write_text("p{}")
        tool = shutil.copy(TOOL, prefix / "bin/flexos-explore")
        self.assertEqual(self.run_tool("report", "few.json", tool=tool).returncode, 0)
        self.assertIn("installed();", (self.folder / "few.html").read_text())


class Bundle(ToolTest):
    """scripts/build-report in a copy of the project, with an npm that cannot reach anything."""

    def setUp(self):
        super().setUp()
        self.copy = self.folder / "copy"
        (self.copy / "src/report").mkdir(parents=True)
        (self.copy / "build").mkdir()
        shutil.copytree(ROOT / "scripts", self.copy / "scripts")
        shutil.copytree(ROOT / "src/report/web", self.copy / "src/report/web")
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "npm").write_text("#!/bin/sh\necho npm error network >&2\nexit 1\n")
        (self.bin / "npm").chmod(0o755)
        self.environment["PATH"] = f"{self.bin}:{self.environment['PATH']}"

    def bash(self, script):
        text = f"set -u; root={self.copy}; say() {{ echo \"flexos-explore: $*\" >&2; }}\n"
        text += "source $root/scripts/build.sh\n" + script
        return subprocess.run(["bash", "-c", text], env=self.environment, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def test_no_registry_stops_nothing_and_is_said_once(self):
        first = self.bash("build_page rank; echo went on")
        self.assertEqual((first.returncode, first.stdout), (0, "went on\n"))
        self.assertIn("could not be built; everything else works", first.stderr)
        self.assertIn("npm registry", first.stderr)
        again = self.bash("build_page rank; echo went on")
        self.assertEqual((again.stdout, again.stderr), ("went on\n", ""))
        # Who wants the report is told again.
        self.assertIn("could not be built", self.bash("build_page report").stderr)

    def test_what_is_built_is_left_alone_until_a_source_changes(self):
        modules = ROOT / "build/report/node_modules"
        (self.copy / "build/report").mkdir()
        (self.copy / "build/report/node_modules").symlink_to(modules)
        shutil.copy(ROOT / "build/report/.packages", self.copy / "build/report/.packages")
        shutil.copy(ROOT / "src/report/web/package.json", self.copy / "build/report")
        self.assertEqual(self.bash("build_page").stderr, "")
        bundle = self.copy / "build/report/bundle.js"
        made = bundle.stat().st_mtime_ns
        self.assertEqual(self.bash("build_page").stderr, "")
        self.assertEqual(bundle.stat().st_mtime_ns, made)
        source = self.copy / "src/report/web/style.css"
        source.write_text(source.read_text() + "\n.marker-of-a-test { color: red; }\n")
        self.assertEqual(self.bash("build_page").stderr, "")
        self.assertIn("marker-of-a-test", (self.copy / "build/report/bundle.css").read_text())

    def test_lock_file_names_no_registry_and_checks_everything(self):
        lock = json.loads((ROOT / "src/report/web/package-lock.json").read_text())
        packages = {name: p for name, p in lock["packages"].items() if name}
        self.assertTrue(packages)
        for name, package in packages.items():
            self.assertNotIn("resolved", package, name)
            self.assertTrue(package["integrity"].startswith("sha512-"), name)
        self.assertNotIn("://registry", (ROOT / "src/report/web/package-lock.json").read_text())


if __name__ == "__main__":
    unittest.main()
