"""One unit of Redis' own suite: run by its `runtest` against a server that is there, and read."""

import os
import re
import shutil
import signal
import subprocess

STATUS = re.compile(r"^\[(ok|err|skip|ignore|exception|\d+/\d+ done)\]: ?(.*)$")
OUTSIDE = "(outside of a test)"
COLOUR = re.compile(r"\033\[[0-9;]*m")


def workplace(source, folder):
    """A copy of what the suite reads, for it writes beside that; its programs are this machine's."""
    shutil.copytree(source / "tests", folder / "tests")
    shutil.copy(source / "runtest", folder)
    (folder / "src").mkdir()
    for program in ("redis-cli", "redis-benchmark"):
        (folder / "src" / program).symlink_to(shutil.which(program))
    return folder


def units(folder):
    listed = subprocess.run(["./runtest", "--list-tests"], cwd=folder, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=True)
    return listed.stdout.split()


class Unit:
    """What a run of one unit said. A name may be there more than once: units repeat tests."""

    def __init__(self, name):
        self.name = name
        self.ok = []
        self.failed = {}  # name -> why
        self.skipped = []  # by the list of exclusions
        self.ignored = []  # by the suite: of no use against an external server
        self.complete = False
        self.process = None

    def run(self, folder, host, port, skip, patience, log, more=()):
        skipfile = folder / "skip"
        skipfile.write_text("\n".join(skip))
        command = ["./runtest", "--host", host, "--port", str(port), "--single", self.name,
                   "--clients", "1", "--durable", "--timeout", str(patience), "--skipfile",
                   str(skipfile), *more]
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace", start_new_session=True,
                                        env={**os.environ, "TERM": "dumb"})
        with log.open("a") as out:
            self.read(self.process.stdout, out)
        self.process.wait()

    def stop(self):
        """Ends the run: its server is gone, and it would wait long for answers."""
        if self.process and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has just ended

    def read(self, lines, out):
        failing = None  # the test whose explanation is being read
        for line in lines:
            out.write(line)
            out.flush()
            line = COLOUR.sub("", line.rstrip("\n"))
            match = STATUS.match(line)
            if not match and "The End" not in line and "[TIMEOUT]" not in line:
                if failing is not None:
                    self.failed[failing] += line + "\n"
                continue
            outside, failing = failing == OUTSIDE, None
            if not match:
                if "[TIMEOUT]" in line:
                    self.failed["(no progress)"] = line + "\n"
                continue
            status, text = match.groups()
            if status == "ok":
                # A server within a test reports its own errors, and leaves the test its success.
                name = re.sub(r" \(\d+ ms\)$", "", text)
                if outside:
                    self.failed[name] = self.failed.pop(OUTSIDE)
                else:
                    self.ok.append(name)
            elif status == "skip":
                self.skipped.append(text)
            elif status == "ignore":
                self.ignored.append(text)
            elif status == "exception":
                failing = "(exception)"
                self.failed[failing] = text + "\n"
            elif status == "err":
                named = re.match(rf"^(.*) in tests/{re.escape(self.name)}\.tcl$", text)
                failing = named.group(1) if named else OUTSIDE
                self.failed[failing] = "" if named else text + "\n"
            else:
                self.complete = True
