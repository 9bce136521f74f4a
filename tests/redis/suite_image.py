"""An image with Redis: built, started in this process's network, watched, ended."""

import json
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import IMAGE_ADDRESS, REDIS, TAP, TOOL, free_port, tool  # noqa: E402

# What Redis' own continuous integration starts its external server with.
OPTIONS = ["--enable-debug-command", "yes", "--enable-protected-configs", "yes",
           "--enable-module-command", "yes"]
A_DAY = 86400  # seconds: it is the tests that have a time limit
READY = "Ready to accept connections"


class ImageError(Exception):
    pass


def build(folder, platform, *arguments):
    spec = folder / "redis.yaml"
    spec.write_text(REDIS)
    done = tool("build", spec, "--output", folder, "--format", "json", "--platform", platform,
                *arguments)
    if done.returncode != 0:
        raise ImageError(done.stderr)
    image, = json.loads(done.stdout)["images"]
    return pathlib.Path(image["folder"])


class Running:
    """An image that serves. `log` grows while it runs; `ended` is called when it is gone."""

    def __init__(self, image, options, over_tap, log, ended):
        self.host, self.port = (IMAGE_ADDRESS, 6379) if over_tap else ("127.0.0.1", free_port())
        network = ["--tap", TAP] if over_tap else ["--forward", f"{self.port}:6379"]
        self.process = subprocess.Popen(
            [TOOL, "run", "--timeout", str(A_DAY), *network, image, "--", *OPTIONS, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace")
        self.log = log
        self.ended = ended
        self.gone = threading.Event()
        self.expected = False  # its end
        ready = threading.Event()
        self.reader = threading.Thread(target=self.read, args=(ready,))
        self.reader.start()
        ready.wait()
        if self.gone.is_set():
            self.reader.join()
            raise ImageError("the image did not start:\n" + self.last_words())

    def read(self, ready):
        with self.log.open("w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                if READY in line:
                    ready.set()
        self.process.wait()
        self.gone.set()
        ready.set()
        if not self.expected:
            self.ended()

    def client(self, *words):
        return ["redis-cli", "-h", self.host, "-p", str(self.port), *words]

    def ask(self, *words):
        return subprocess.run(self.client(*words), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=30, check=False).stdout

    def take_all_slots(self):
        """A cluster of one, which has what it needs a while after it has been told."""
        self.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        while not self.gone.is_set() and "cluster_state:ok" not in self.ask("CLUSTER", "INFO"):
            time.sleep(0.1)

    def last_words(self, lines=25):
        """The end of its console: what it reported, and what `run` makes of that."""
        text = self.log.read_text(errors="replace").splitlines()
        marks = [i for i, line in enumerate(text)
                 if "FLEXOS FAULT" in line or "REDIS BUG REPORT START" in line]
        return "\n".join(text[marks[0]:][:80] if marks else text[-lines:])

    def end(self):
        """Asks it to end; how it did is its exit code, 0 where all is well."""
        self.expected = True
        if not self.gone.is_set():
            # The client's own end says nothing: an image that is gone may have sent it no last word.
            with subprocess.Popen(self.client("SHUTDOWN", "NOSAVE", "FORCE"),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as client:
                if not self.gone.wait(30):
                    self.process.terminate()
                client.kill()
        self.reader.join()
        return self.process.returncode
