"""What ./flexos-explore promises before the tool itself starts."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES CXX)
option(FLEXOS_TESTS "" ON)
option(FLEXOS_BENCH "" ON)
set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/compile)
file(GLOB sources CONFIGURE_DEPENDS src/*.cc)
add_executable(flexos-explore ${sources})
set_target_properties(flexos-explore PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
"""

# Prints its folder and arguments; the exit code is their number.
PROGRAM = """
#include <cstdio>
#include <unistd.h>
int main(int count, char** arguments) {
  char folder[4096];
  std::puts(getcwd(folder, sizeof folder));
  for (int i = 1; i < count; ++i) std::puts(arguments[i]);
  return count - 1;
}
"""

# Keeps account of what is compiled, and takes its time where a file asks for it.
COMPILE = """#!/bin/bash
folder=$(dirname "$0")
echo compiled >> "$folder/compiled"
while [[ -e $folder/wait ]]; do sleep 0.05; done
exec "$@"
"""


class Project(unittest.TestCase):
    """A project in a folder whose name has a space, with the real launcher."""

    def setUp(self):
        self.folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="launcher test ")))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.root = self.folder / "project"
        (self.root / "src").mkdir(parents=True)
        for name in ("flexos-explore", "CMakePresets.json"):
            shutil.copy(ROOT / name, self.root)
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        (self.root / "CMakeLists.txt").write_text(CMAKE)
        (self.root / "src/main.cc").write_text(PROGRAM)
        (self.root / "compile").write_text(COMPILE)
        (self.root / "compile").chmod(0o755)
        # The machine's own packages are no part of these tests: all are there, unless a test says.
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.fake("dpkg-query", 'while [[ $1 != *Status* ]]; do shift; done; shift\n'
                  'for name; do [[ -e $FAKE_MISSING/$name ]] || echo "installed $name"; done')
        self.missing = self.folder / "missing"
        self.missing.mkdir()
        self.environment = dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}",
                                FAKE_MISSING=str(self.missing),
                                FAKE_CALLS=str(self.folder / "calls"))

    def fake(self, name, body):
        """A command that writes down how it was called, then does what `body` says."""
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(f'#!/bin/bash\necho "{name} $*" >> "$FAKE_CALLS"\n{body}\n')
        (self.bin / name).chmod(0o755)

    def only_commands(self, *names):
        """Of the machine's commands, only these can be found, beside what everybody has."""
        for name in ("bash", "env", "find", "mkdir", "rm", "mv", "touch", "flock", "dirname",
                     "readlink", "sed", "grep", "tail", "cut", "nproc", *names):
            (self.bin / name).symlink_to(shutil.which(name))
        self.environment["PATH"] = str(self.bin)

    def calls(self):
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def compiled(self):
        file = self.root / "compiled"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def start(self, *arguments, command=None, cwd=None):
        return subprocess.run([*(command or [self.root / "flexos-explore"]), *arguments],
                              cwd=cwd or self.root, env=self.environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)

    def begin(self, *arguments):
        return subprocess.Popen([self.root / "flexos-explore", *arguments], cwd=self.root,
                                env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)

    def wait_until_compiling(self, times=1):
        for _ in range(400):
            if self.compiled() >= times:
                return
            time.sleep(0.05)
        self.fail("nothing is being compiled")

    def assert_answers(self, run, *lines, cwd=None):
        self.assertEqual(run.stdout.splitlines(), [str(cwd or self.root), *lines], run.stderr)
        self.assertEqual(run.returncode, len(lines), run.stderr)


class Start(Project):
    def test_first_start_builds_and_runs(self):
        run = self.start("rank", "a b", "*", "")
        self.assert_answers(run, "rank", "a b", "*", "")
        self.assertIn("building", run.stderr)
        self.assertEqual(self.compiled(), 1)

    def test_warm_start_calls_no_other_tool(self):
        self.start()
        for name in ("cmake", "ninja", "dpkg-query", "apt-get", "flock"):
            self.fake(name, "exit 1")
        (self.folder / "calls").unlink()
        run = self.start("again")
        self.assert_answers(run, "again")
        self.assertEqual(run.stderr, "")
        self.assertEqual(self.calls(), [])

    def test_from_elsewhere_through_links(self):
        link = self.folder / "a link"
        link.symlink_to(self.root / "flexos-explore")
        second = self.folder / "second"
        second.symlink_to("a link")
        self.assert_answers(self.start("x", command=[second], cwd="/"), "x", cwd="/")
        run = self.start("y", command=["project/flexos-explore"], cwd=self.folder)
        self.assert_answers(run, "y", cwd=self.folder)
        run = self.start("z", command=["bash", "flexos-explore"])
        self.assert_answers(run, "z")

    def test_changed_source_is_built(self):
        self.start()
        (self.root / "src/main.cc").write_text(PROGRAM.replace("count - 1", "40 + count"))
        self.assertEqual(self.start("x").returncode, 42)
        self.assertEqual(self.compiled(), 2)

    def test_added_and_removed_source_is_noticed(self):
        self.start()
        (self.root / "src/more.cc").write_text("int more() { return 1; }\n")
        self.start()
        self.assertEqual(self.compiled(), 2)
        (self.root / "src/more.cc").unlink()
        run = self.start("x")
        self.assert_answers(run, "x")

    def test_moved_checkout_is_built_anew(self):
        self.start()
        moved = self.folder / "moved"
        self.root.rename(moved)
        self.root = moved
        run = self.start("x")
        self.assert_answers(run, "x")
        self.assertEqual(self.compiled(), 2)

    def test_nothing_but_the_tool_writes_to_stdout(self):
        (self.root / "src/main.cc").write_text("int main() {\n")
        run = self.start("x")
        self.assertEqual(run.stdout, "")


class Damage(Project):
    def check_recovery(self, damage):
        self.start()
        damage(self.root / "build/release")
        (self.root / "src/main.cc").touch()
        self.assert_answers(self.start("x"), "x")
        self.assertEqual(self.start("x").stderr, "")

    def test_truncated_build_file(self):
        self.check_recovery(lambda build: os.truncate(build / "build.ninja", 100))

    def test_empty_build_file(self):
        self.check_recovery(lambda build: os.truncate(build / "build.ninja", 0))

    def test_lost_rules(self):
        self.check_recovery(lambda build: shutil.rmtree(build / "CMakeFiles"))

    def test_lost_cache(self):
        self.check_recovery(lambda build: (build / "CMakeCache.txt").unlink())

    def test_lost_folder(self):
        self.check_recovery(shutil.rmtree)

    def test_garbage_in_cache_and_no_build_file(self):
        def damage(build):
            (build / "build.ninja").unlink()
            (build / "CMakeCache.txt").write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/nowhere\n")
        self.check_recovery(damage)

    def test_truncated_logs(self):
        def damage(build):
            os.truncate(build / ".ninja_log", 5)
            os.truncate(build / ".ninja_deps", 5)
        self.check_recovery(damage)

    def test_killed_in_the_middle_of_a_build(self):
        (self.root / "wait").touch()
        run = self.begin("x")
        self.wait_until_compiling()
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        (self.root / "wait").unlink()
        self.assert_answers(self.start("x"), "x")

    def test_interrupted_build_stops_quietly(self):
        (self.root / "wait").touch()
        run = self.begin("x")
        self.wait_until_compiling()
        os.killpg(run.pid, signal.SIGINT)
        output, errors = run.communicate(timeout=30)
        self.assertEqual((run.returncode, output), (130, ""))
        self.assertNotIn("failed", errors)
        (self.root / "wait").unlink()
        self.assert_answers(self.start("x"), "x")


class Failure(Project):
    def test_compile_error_is_shown(self):
        (self.root / "src/bad.cc").write_text("int f() { return missing_name; }\n")
        run = self.start("x")
        self.assertEqual((run.returncode, run.stdout), (3, ""))
        self.assertIn("bad.cc:1:18: error: 'missing_name' was not declared", run.stderr)
        log = self.root / "build/release/build.log"
        self.assertIn(f"the log is {log}", run.stderr)
        self.assertTrue(log.exists())
        (self.root / "src/bad.cc").unlink()
        self.assert_answers(self.start("x"), "x")

    def test_configure_error_is_shown(self):
        with (self.root / "CMakeLists.txt").open("a") as file:
            file.write("find_package(NoSuchThing REQUIRED)\n")
        run = self.start("x")
        self.assertEqual((run.returncode, run.stdout), (3, ""))
        self.assertIn("NoSuchThing", run.stderr)

    def test_broken_source_never_runs_the_old_binary(self):
        self.start()
        (self.root / "src/main.cc").write_text("int main() {\n")
        for _ in range(2):
            run = self.start("x")
            self.assertEqual((run.returncode, run.stdout), (3, ""))


class Together(Project):
    def test_two_starts_build_once(self):
        (self.root / "wait").touch()
        first = self.begin("one")
        self.wait_until_compiling()
        second = self.begin("one", "two")
        self.assertIn("waiting for another build", second.stderr.readline())
        (self.root / "wait").unlink()
        self.assertEqual(first.communicate(timeout=30)[0].splitlines()[1:], ["one"])
        self.assertEqual(second.communicate(timeout=30)[0].splitlines()[1:], ["one", "two"])
        self.assertEqual((first.returncode, second.returncode, self.compiled()), (1, 2, 1))


class Packages(Project):
    APT = 'while [[ $1 != install && $1 != update ]]; do shift; done; verb=$1; shift\n'

    def apt_calls(self):
        """The verbs that apt-get was asked for, with their packages."""
        words = ("install", "update")
        calls = [call.split() for call in self.calls() if call.startswith("apt-get ")]
        return [call[next(i for i, word in enumerate(call) if word in words):] for call in calls]

    def test_asked_for_in_one_call(self):
        self.start()
        calls = self.calls()
        self.assertEqual(len(calls), 1)
        self.assertIn(" cmake ninja-build g++ ", calls[0])
        self.assertNotIn("clang-tidy", calls[0])

    def test_only_missing_ones_are_installed(self):
        (self.missing / "libfmt-dev").touch()
        self.fake("apt-get", self.APT + 'rm "$FAKE_MISSING/libfmt-dev"')
        run = self.start("x")
        self.assert_answers(run, "x")
        self.assertEqual(self.apt_calls(),
                         [["install", "--no-install-recommends", "libfmt-dev"]])
        self.assertIn("installing 1 Debian packages: libfmt-dev", run.stderr)

    def test_lists_are_refreshed_where_needed(self):
        (self.missing / "libz3-dev").touch()
        self.fake("apt-get", self.APT +
                  'if [[ $verb == update ]]; then touch "$FAKE_MISSING/.updated"; exit 0; fi\n'
                  '[[ -e $FAKE_MISSING/.updated ]] || exit 100\n'
                  'rm "$FAKE_MISSING/libz3-dev"')
        self.assert_answers(self.start("x"), "x")
        self.assertEqual([call[0] for call in self.apt_calls()], ["install", "update", "install"])

    def test_failure_names_package_and_log(self):
        (self.missing / "libz3-dev").touch()
        self.fake("apt-get", 'echo "E: Could not resolve the mirror" >&2; exit 100')
        run = self.start("x")
        self.assertEqual((run.returncode, run.stdout), (3, ""))
        self.assertIn("installing Debian packages failed: libz3-dev", run.stderr)
        self.assertIn("E: Could not resolve the mirror", run.stderr)
        self.assertIn(str(self.root / "build/packages.log"), run.stderr)
        self.assertIn("apt-get install libz3-dev", run.stderr)

    def test_success_that_installs_nothing_is_noticed(self):
        (self.missing / "libz3-dev").touch()
        self.fake("apt-get", "exit 0")
        run = self.start("x")
        self.assertEqual(run.returncode, 3)
        self.assertIn("still missing: libz3-dev", run.stderr)

    def test_no_network_needed_where_all_is_there(self):
        self.fake("apt-get", "exit 100")
        self.assert_answers(self.start("x"), "x")
        self.assertEqual(self.apt_calls(), [])

    def test_without_apt_missing_ones_are_named(self):
        (self.missing / "libz3-dev").touch()
        (self.missing / "libfmt-dev").touch()
        self.only_commands()
        run = self.start("x")
        self.assertEqual((run.returncode, run.stdout), (3, ""))
        self.assertIn("missing, and there is no apt-get to install them: libz3-dev libfmt-dev",
                      run.stderr)

    def test_without_rights_missing_ones_are_named(self):
        (self.missing / "libz3-dev").touch()
        self.fake("apt-get", "exit 0")
        self.only_commands()
        command = [self.root / "flexos-explore"]
        if os.geteuid() == 0:
            nobody = 65534
            for path in (self.folder, self.root):
                os.chown(path, nobody, nobody)
            command = [shutil.which("setpriv"), f"--reuid={nobody}", f"--regid={nobody}",
                       "--clear-groups", *command]
        run = self.start("x", command=command)
        self.assertEqual((run.returncode, run.stdout), (3, ""))
        self.assertIn("these Debian packages are missing: libz3-dev", run.stderr)
        self.assertIn("as root, run: apt-get install libz3-dev", run.stderr)
        self.assertEqual(self.apt_calls(), [])

    def test_folder_that_cannot_be_written_is_named(self):
        (self.root / "build").write_text("in the way\n")
        run = self.start("x")
        self.assertEqual((run.returncode, run.stdout), (3, ""))
        self.assertIn(f"cannot build: no right to write to {self.root}/build", run.stderr)


if __name__ == "__main__":
    unittest.main()
