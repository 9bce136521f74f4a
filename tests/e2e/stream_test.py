"""What goes where: stdout, stderr, colours, a full disk, a reader that leaves, interrupts."""

import json
import os
import pty
import select
import signal
import subprocess
import time
import unittest

from tool import COMMANDS, EXAMPLES, INFEASIBLE, SMALL, TOOL, ToolTest, hard_spec

ESCAPE = "\033["


class Colour(ToolTest):
    def on_terminal(self, *arguments):
        """Output and exit code of the tool on a terminal of its own."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(TOOL, [str(TOOL), *arguments], self.environment)
        text = b""
        while select.select([terminal], [], [], 60)[0]:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk
        os.close(terminal)
        return text.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_none_in_a_pipe(self):
        for text in (SMALL, INFEASIBLE, "flexos: 2\n"):
            for command in COMMANDS:
                run = self.run_tool(command, self.spec(text))
                self.assertNotIn(ESCAPE, run.stdout + run.stderr)

    def test_where_asked_for(self):
        run = self.run_tool("check", self.spec("flexos: 2\n"), "--color", "always")
        self.assertIn(ESCAPE, run.stderr)

    def test_on_a_terminal(self):
        output, code = self.on_terminal("check", self.spec("flexos: 2\n"))
        self.assertEqual(code, 1)
        self.assertIn(ESCAPE, output)

    def test_no_color_is_respected(self):
        self.environment["NO_COLOR"] = "1"
        for arguments in (("check", self.spec("flexos: 2\n")),
                          ("rank", self.spec(SMALL, "small.yaml"))):
            self.assertNotIn(ESCAPE, self.on_terminal(*arguments)[0])

    def test_never_is_respected(self):
        output, _ = self.on_terminal("check", self.spec("flexos: 2\n"), "--color", "never")
        self.assertNotIn(ESCAPE, output)

    def test_json_has_none(self):
        run = self.run_tool("rank", self.spec(SMALL), "--format", "json", "--color", "always")
        json.loads(run.stdout)


class Output(ToolTest):
    def assert_says_so(self, run):
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("flexos-explore: ", run.stderr)
        self.assertNotIn("terminate called", run.stderr)

    def test_full_disk(self):
        for command in COMMANDS[1:]:
            for form in ("text", "json"):
                with self.subTest(command=command, form=form), open("/dev/full", "w") as full:
                    run = self.run_tool(command, self.spec(SMALL), "--format", form, stdout=full)
                    self.assert_says_so(run)

    def test_full_disk_for_help(self):
        with open("/dev/full", "w") as full:
            self.assert_says_so(self.run_tool("--help", stdout=full))

    def test_closed_stdout(self):
        run = subprocess.run(["bash", "-c", 'exec "$@" >&-', "_", TOOL, "rank", self.spec(SMALL)],
                             cwd=self.folder, env=self.environment, text=True,
                             stderr=subprocess.PIPE, timeout=60)
        self.assert_says_so(run)

    def test_reader_that_leaves(self):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            run = self.run_tool("rank", self.spec(SMALL), stdout=pipe)
        self.assertIn(run.returncode, (0, 3, -signal.SIGPIPE))
        self.assertNotIn("terminate called", run.stderr)

    def test_dot(self):
        run = self.run_tool("safest", self.spec(SMALL), "--format", "dot")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"(?s)^(?://[^\n]*\n)*(strict )?digraph .*\{.*\}\s*$")

    def test_table_names_compartments(self):
        run = self.run_tool("rank", self.spec(SMALL))
        self.assertRegex(run.stdout, r"\{[^}|]*app[^}|]*\}")
        self.assertIn("mpk.light", run.stdout)

    def test_nothing_is_left_on_disk(self):
        spec = self.spec(SMALL)
        for command in COMMANDS:
            self.run_tool(command, spec)
        self.assertEqual(os.listdir(self.folder), [spec])


class Interrupt(ToolTest):
    """A long search that is ended early answers with the best found, and that is no failure."""

    def begin(self, *arguments):
        return subprocess.Popen([TOOL, *arguments], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def assert_useful(self, output):
        answer = json.loads(output)
        self.assertGreater(len(answer["configurations"]), 0)
        self.assertIs(answer["optimal"], False)

    def test_interrupted(self):
        spec = self.spec(hard_spec(70, 1), "hard.json")
        for signum in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signum):
                run = self.begin("rank", spec, "--top", "50", "--format", "json")
                time.sleep(3)
                self.assertIsNone(run.poll(), "the search is over too early to be interrupted")
                run.send_signal(signum)
                since = time.monotonic()
                output, errors = run.communicate(timeout=60)
                self.assertLess(time.monotonic() - since, 10)
                self.assertEqual(run.returncode, 0, errors)
                self.assert_useful(output)

    def test_interrupted_twice_ends_at_once(self):
        run = self.begin("rank", self.spec(hard_spec(70, 1), "hard.json"))
        time.sleep(2)
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=10)

    def test_time_limit(self):
        since = time.monotonic()
        answer = self.answer("rank", self.spec(hard_spec(70, 2), "hard.json"), "--time-limit", "2")
        self.assertLess(time.monotonic() - since, 15)
        self.assertGreater(len(answer["configurations"]), 0)
        self.assertIs(answer["optimal"], False)

    def test_shortest_time_limit_still_answers(self):
        answer = self.answer("rank", self.spec(hard_spec(70, 1), "hard.json"), "--time-limit",
                             "0.01")
        self.assertGreater(len(answer["configurations"]), 0)

    def test_time_limit_of_frontier(self):
        answer = self.answer("frontier", self.spec(hard_spec(30, 3), "hard.json"),
                             "--time-limit", "2")
        self.assertGreater(len(answer["points"]), 0)
        self.assertIs(answer["complete"], False)

    def test_generous_time_limit_changes_nothing(self):
        spec = EXAMPLES / "redis.yaml"
        answers = [self.answer("rank", spec), self.answer("rank", spec, "--time-limit", "60")]
        self.assertEqual(*[answer["configurations"] for answer in answers])


if __name__ == "__main__":
    unittest.main()
