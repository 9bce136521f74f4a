"""The reports that the tests look at: data by make_data.py, pages by the tool."""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from tool import SMALL, TOOL, ToolTest  # noqa: E402, F401  pylint: disable=wrong-import-position

KINDS = {
    "ordinary": ("--count", "80"),
    "large": ("--count", "500", "--measured", "0.4"),
    "few": ("--count", "5", "--measured", "1", "--failures", "0"),
    "bare": ("--kind", "bare", "--count", "12"),
    "empty": ("--kind", "empty"),
    "hostile": ("--kind", "hostile", "--count", "30", "--measured", "1"),
}
# Their pages have the section on another workload, with the same data as the other's.
BESIDE_ITSELF = ("ordinary", "hostile")


def make_data(kind, file, *more):
    with open(file, "wb") as out:
        subprocess.run([sys.executable, "-B", HERE / "make_data.py", *KINDS[kind], *more],
                       check=True, stdout=out)
    return file


def make_page(kind, folder):
    data = make_data(kind, folder / f"{kind}.json")
    beside = ("--beside", data) if kind in BESIDE_ITSELF else ()
    subprocess.run([TOOL, "report", data, *beside], check=True, stdout=subprocess.DEVNULL)
    return data
