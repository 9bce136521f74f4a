"""The reports that the tests look at: data by make_data.py, pages by the tool."""

import json
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
# Their pages have the section on another workload.
HAVE_ANOTHER = ("ordinary", "hostile")


def make_data(kind, file, *more):
    with open(file, "wb") as out:
        subprocess.run([sys.executable, "-B", HERE / "make_data.py", *KINDS[kind], *more],
                       check=True, stdout=out)
    return file


def make_other(file):
    """NAME-other.json: the same choices of another application, half as fast each, under other ids and in another
    order; the first three of them failed, the next three were not measured."""
    data = json.loads(file.read_text())
    application = data.get("application")
    data["workload"] = f"other/{data['workload']}"

    def renamed(name):
        return "other" if name == application else name

    data["application"] = "other" if application else None
    for place, c in enumerate(data["configurations"]):
        c["id"] = c["id"][::-1]
        c["levels"] = {"|".join(sorted(map(renamed, pair.split("|")))): level for pair, level in c["levels"].items()}
        c["hardening"] = {renamed(name): chosen[::-1] for name, chosen in c["hardening"].items()}
        c["variants"] = {renamed(name): v for name, v in (c.get("variants") or {}).items()}
        c["relative_performance"] /= 2
        if place < 6:
            c["measured"] = None
        elif c["measured"]:
            c["measured"]["relative"] = {k: v / 2 for k, v in c["measured"]["relative"].items()}
        c["failure"] = {"cause": "hang", "detail": ""} if place < 3 else None
    data["configurations"].reverse()
    other = file.with_name(file.stem + "-other.json")
    other.write_text(json.dumps(data))
    return other


def make_page(kind, folder):
    data = make_data(kind, folder / f"{kind}.json")
    beside = ("--beside", make_other(data)) if kind in HAVE_ANOTHER else ()
    subprocess.run([TOOL, "report", data, *beside], check=True, stdout=subprocess.DEVNULL)
    return data
