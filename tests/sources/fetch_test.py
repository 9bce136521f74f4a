"""What scripts/fetch-sources promises. apt-get is a script here that copies from a folder."""

import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# `source` copies the archive's files into the current folder; `update` notes what it was given.
APT_GET = """#!/bin/bash
echo "$*" >> "$FAKE/calls"
for argument; do
  case $argument in
    Dir::Etc::sourceparts=*) cat "${argument#*=}"/derived.* > "$FAKE/derived" ;;
    source) [[ -e $FAKE/offline ]] && { echo "E: no way to the archive" >&2; exit 100; }
      cp "$FAKE"/archive/* . ;;
  esac
done
exit 0
"""

SOURCES = """Types: deb
URIs: http://mirror.invalid/debian
Suites: stable
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://other.invalid/vendor
Suites: stable
Components: main

Enabled: no
Types: deb
URIs: http://off.invalid/debian
Suites: stable
Components: main
"""


class Fetch(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fetch test "))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.fake = self.folder / "fake"
        for name in ("bin", "archive", "apt/sources.list.d"):
            (self.fake / name).mkdir(parents=True)
        self.script("apt-get", APT_GET)
        self.script("apt-config", f"""#!/bin/bash
echo "main='{self.fake}/apt/sources.list'"; echo "main_parts='{self.fake}/apt/sources.list.d/'"
""")
        (self.fake / "apt/sources.list.d/debian.sources").write_text(SOURCES)
        (self.fake / "apt/sources.list").write_text(
            "deb [signed-by=/k] http://line.invalid/debian stable main\n"
            "deb http://vendor.invalid/apt stable main\n")
        self.pack("tiny_1.0.orig.tar.gz", {"tiny-1.0/tiny.c": "int x;\n"})
        (self.fake / "archive/tiny_1.0-1.dsc").write_text("Source: tiny\n")
        self.write_lock()

    def script(self, name, text):
        file = self.fake / "bin" / name
        file.write_text(text)
        file.chmod(0o755)

    def pack(self, name, files):
        with tarfile.open(self.fake / "archive" / name, "w:gz") as tar:
            for path, text in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))

    def write_lock(self):
        lines = ["# a comment", ""]
        for file in sorted((self.fake / "archive").iterdir()):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            lines.append(f"tiny=1.0-1 {file.name} {digest}")
        (self.folder / "lock").write_text("\n".join(lines) + "\n")

    def fetch(self, *arguments):
        environment = dict(os.environ, FAKE=str(self.fake), FLEXOS_LOCK=str(self.folder / "lock"),
                           FLEXOS_THIRD_PARTY=str(self.folder / "into"),
                           PATH=f"{self.fake / 'bin'}:{os.environ['PATH']}")
        return subprocess.run([ROOT / "scripts/fetch-sources", *arguments], env=environment,
                              text=True, capture_output=True, stdin=subprocess.DEVNULL)

    def tree(self):
        return self.folder / "into/tiny-1.0-1"

    def calls(self):
        file = self.fake / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def test_fetches_checks_and_unpacks(self):
        run = self.fetch()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual((self.tree() / "tiny.c").read_text(), "int x;\n")
        self.assertIn("source --download-only tiny=1.0-1", self.calls()[-1])

    def test_second_run_asks_nobody(self):
        self.fetch()
        before = self.calls()
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(self.calls(), before)

    def test_only_archives_of_debian_and_only_enabled_ones(self):
        self.fetch()
        derived = (self.fake / "derived").read_text()
        self.assertIn("http://mirror.invalid/debian", derived)
        self.assertIn("deb-src [signed-by=/k] http://line.invalid/debian stable main", derived)
        self.assertIn("Types: deb-src", derived)
        for other in ("other.invalid", "off.invalid", "vendor.invalid", "Types: deb\n"):
            self.assertNotIn(other, derived)

    def test_an_altered_file_is_refused(self):
        self.pack("tiny_1.0.orig.tar.gz", {"tiny-1.0/tiny.c": "int evil;\n"})
        run = self.fetch()
        self.assertEqual(run.returncode, 3)
        self.assertIn("error: tiny_1.0.orig.tar.gz is not the file that third_party/lock names",
                      run.stderr)
        self.assertFalse(self.tree().exists())

    def test_an_unlisted_file_is_refused(self):
        (self.fake / "archive/more.tar.gz").write_text("x")
        run = self.fetch()
        self.assertEqual(run.returncode, 3)
        self.assertIn("brought more.tar.gz, which third_party/lock does not name", run.stderr)

    def test_a_missing_file_is_refused(self):
        (self.fake / "archive/tiny_1.0-1.dsc").unlink()
        run = self.fetch()
        self.assertEqual(run.returncode, 3)
        self.assertIn("did not bring tiny_1.0-1.dsc", run.stderr)

    def test_a_failed_download_is_one_error(self):
        (self.fake / "offline").touch()
        run = self.fetch()
        self.assertEqual(run.returncode, 3)
        self.assertEqual(run.stderr.count("error:"), 1)
        self.assertIn("apt could not fetch the source package tiny=1.0-1", run.stderr)

    def test_files_put_there_by_hand_will_do(self):
        (self.fake / "offline").touch()
        shutil.copytree(self.fake / "archive", self.folder / "into/download")
        self.assertEqual(self.fetch().returncode, 0)
        self.assertTrue((self.tree() / "tiny.c").exists())

    def test_leftovers_of_a_killed_run_are_cleared(self):
        (self.folder / "into/part.abc/half").mkdir(parents=True)
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(list((self.folder / "into").glob("part.*")), [])

    def test_another_lock_unpacks_again(self):
        self.fetch()
        self.pack("tiny_1.0.orig.tar.gz", {"tiny-1.0/tiny.c": "int y;\n"})
        self.write_lock()
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual((self.tree() / "tiny.c").read_text(), "int y;\n")

    def test_an_unknown_package_is_wrong_usage(self):
        run = self.fetch("nothing")
        self.assertEqual(run.returncode, 2)
        self.assertIn("third_party/lock names no package `nothing`", run.stderr)


if __name__ == "__main__":
    unittest.main()
