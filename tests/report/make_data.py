"""Makes the report's data (specs/schema/report.json) without a machine to measure on: what the tool
predicts for a spec, and measurements that are invented around it. Same arguments, same bytes.

usage: make_data.py [--spec FILE] [--count N] [--measured SHARE] [--failures SHARE] [--seed N]
                    [--kind ordinary|empty|hostile|bare] [--attacks FILE] [--image FILE] > NAME.json
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
CAUSES = ("build", "boot", "crash", "fault", "hang", "wrong-answer", "no-result", "killed")
# What tries to leave its place in the page: markup, ends of script elements, separators of lines.
HOSTILE = ('</script><script>window.broken=1</script>', "<img src=x onerror=window.broken=1>",
           "<!--<script>", "]]>", "a\u2028b\u2029c", '"\'`${window.broken=1}', "&lt;b&gt;",
           "\u202egnp.exe", "x" * 300, "javascript:window.broken=1")


def tool(*arguments):
    run = subprocess.run([BUILD / "bin/flexos-explore", *map(str, arguments), "--format", "json"],
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"make_data.py: {arguments}: {run.stderr}")
    return json.loads(run.stdout)


def definitions(folder, key):
    found = {}
    for file in sorted((ROOT / "specs" / folder).glob("*.yaml")):
        data = yaml.safe_load(file.read_text())
        found[data[key]] = data
    return found


MECHANISMS = definitions("mechanisms", "mechanism")
HARDENING = definitions("hardening", "hardening")


def rank_of(mechanism):
    return MECHANISMS[mechanism]["level"]


def at_least(b, a):
    return (all(rank_of(b["levels"][pair]) >= rank_of(level) for pair, level in a["levels"].items())
            and all(set(b["hardening"][c]) >= set(h) for c, h in a["hardening"].items())
            and b["variants"] == a["variants"])


def poset(configurations):
    n = len(configurations)
    above = [[b for b in range(n) if b != a and at_least(configurations[b], configurations[a])]
             for a in range(n)]
    higher = [set(x) for x in above]
    covers = [[configurations[a]["id"], configurations[b]["id"]] for a in range(n)
              for b in above[a] if not any(b in higher[c] for c in above[a] if c != b)]
    return {"nodes": [c["id"] for c in configurations], "covers": covers,
            "maximal": [c["id"] for i, c in enumerate(configurations) if not above[i]]}


def layout(c):
    parts, last = [], None
    for compartment in c["compartments"]:
        names = compartment["components"]
        if last:
            pair = "|".join(sorted((last, names[0])))
            parts.append("|" + c["levels"][pair] + "|")
        parts.append("{" + " ".join(names) + "}")
        last = names[0]
    return " ".join(parts)


def costs(c, spec):
    profile = spec.get("profile") or {}
    gates, hardening = [], []
    for caller, callees in (profile.get("calls") or {}).items():
        for callee, calls in callees.items():
            mechanism = c["levels"].get("|".join(sorted((caller, callee))), "none")
            if mechanism != "none":
                gates.append({"from": caller, "to": callee, "mechanism": mechanism, "calls": calls,
                              "cost": calls * MECHANISMS[mechanism]["gate"]})
    for name, chosen in c["hardening"].items():
        factor = 1.0
        for h in chosen:
            factor *= HARDENING[h]["slowdown"]
        work = (profile.get("work") or {}).get(name, 0)
        if chosen:
            hardening.append({"component": name, "hardening": chosen, "cost": work * (factor - 1)})
    return {"gates": gates, "hardening": hardening}


def interval(median, width, draw):
    return {"median": median, "low": median * (1 - width * draw.uniform(0.5, 1.2)),
            "high": median * (1 + width * draw.uniform(0.5, 1.2))}


def measured(c, base, draw):
    truth = c["relative_performance"] * (1 + draw.gauss(0.005, 0.02))
    per = base / truth
    width = draw.uniform(0.003, 0.015)
    return {"relative": interval(truth, width, draw), "per_operation": interval(per, width, draw),
            "throughput": 2.2e9 / per, "runs": draw.randint(5, 12), "outliers": draw.choice([0, 0, 0, 1]),
            "drift": draw.random() < 0.03, "latency": {"p50": per * 0.97, "p99": per * 1.6},
            "instructions": per * 0.8, "crossings": sum(g["calls"] for g in c["costs"]["gates"]) * 2,
            "boot_seconds": draw.uniform(0.3, 0.5), "memory_bytes": draw.randint(20, 60) << 20,
            "image_bytes": draw.randint(3400, 4200) << 10}


def attack_cells(c, draw):
    numbers = range(1, len(c["compartments"]) + 1)
    names = ("read-data", "write-data", "read-heap", "write-heap", "read-stack", "write-stack",
             "execute-data", "call-private", "gate-middle", "forged-return", "deputy",
             "registers-of-callee")
    cells = []
    for attack in names:
        for a in numbers:
            for v in numbers:
                same = a == v
                expected = "open" if same else "pkey/r"
                cells.append({"attack": attack, "attacker": a, "victim": v, "expected": expected,
                              "why": "the same compartment" if same else "protection keys differ",
                              "observed": expected, "fault": "", "agrees": True})
    for attack in ("unmapped-read", "platform-write", "privileged-cli", "direct-syscall"):
        for a in numbers:
            cells.append({"attack": attack, "attacker": a, "victim": "platform",
                          "expected": "page/w", "why": "no component may", "observed": "page/w",
                          "fault": "page fault", "agrees": True})
    if draw.random() < 0.1:
        cells[-1].update(observed="open", agrees=False)
    return {"cells": len(cells), "as_promised": sum(x["agrees"] for x in cells), "matrix": cells}


def image(c):
    numbered = list(enumerate(c["compartments"], 1))
    home = {name: n for n, k in numbered for name in k["components"]}
    gates = [{"from": home[g["from"]], "to": home[g["to"]], "caller": g["from"], "callee": g["to"],
              "function": f"{g['to']}_{f}", "mechanism": g["mechanism"]}
             for g in c["costs"]["gates"] for f in ("open", "read", "write")]
    return {"path": "images/" + c["id"], "hash": c["id"] * 5, "gates": gates,
            "compartments": [{"number": n, "components": k["components"], "key": n}
                             for n, k in numbered], "bytes": 3598 << 10}


def frontier(points):
    best, kept = -1.0, []
    for c in sorted(points, key=lambda c: (c["slowdown"], -c["safety_score"])):
        if c["safety_score"] > best + 1e-12:
            best = c["safety_score"]
            kept.append(c)
    return kept


def rename(value, names):
    """Every name in the data, keys included, becomes what `names` says."""
    if isinstance(value, dict):
        return {rename(k, names): rename(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [rename(v, names) for v in value]
    if isinstance(value, str) and value in names:
        return names[value]
    if isinstance(value, str) and value.count("|") == 1:
        a, b = value.split("|")
        if a in names and b in names:
            return names[a] + "|" + names[b]
    return value


def component(entry):
    """From the forms that a spec may name it in: name, {name: overrides}, {component: name, ...}."""
    if isinstance(entry, str):
        return {"name": entry, "description": "", "untrusted": False}
    name, keys = (entry["component"], entry) if "component" in entry else next(iter(entry.items()))
    return {"name": name, "description": keys.get("description", ""),
            "untrusted": keys.get("untrusted", False)}


def make(options):
    draw = random.Random(options.seed)
    spec = yaml.safe_load(pathlib.Path(options.spec).read_text())
    half = max(1, options.count // 2)
    seen, list_ = set(), []
    ranked = tool("rank", options.spec, "--top", half, "--distinct")
    points = tool("frontier", options.spec)["points"]
    step = max(1, len(points) // max(1, options.count - half))
    for c in ranked["configurations"] + points[::step] + points[-1:]:
        if c["id"] not in seen and len(list_) < options.count:
            seen.add(c["id"])
            list_.append(c)
    if isinstance(spec["profile"], str):
        profile = pathlib.Path(options.spec).parent / spec["profile"]
        spec["profile"] = yaml.safe_load(profile.read_text())
    base = spec["profile"]["base"]
    budget = spec.get("budget", {})
    limit = options.slowdown or budget.get("slowdown")
    for i, c in enumerate(list_):
        c["layout"] = layout(c)
        c["within_budget"] = limit is None or c["slowdown"] <= limit
        c["costs"] = costs(c, spec)
        c["measured"] = c["failure"] = c["image"] = c["scan"] = c["attacks"] = None
        if options.kind in ("bare", "empty") or draw.random() >= options.measured:
            continue
        c["image"] = image(c)
        if draw.random() < options.failures:
            c["failure"] = {"cause": draw.choice(CAUSES), "detail": "ended before the first result"}
            continue
        c["measured"] = measured(c, base, draw)
        c["within_budget"] = limit is None or c["measured"]["relative"]["median"] >= 1 / limit
        c["scan"] = {"clean": True, "fenced": 12}
        if i < 8:
            c["attacks"] = attack_cells(c, draw)
    if options.attacks:
        real = json.loads(pathlib.Path(options.attacks).read_text())
        for c in list_:
            for one in real.get("images", []):
                if one["id"] == c["id"]:
                    c["attacks"] = {"cells": len(one["cells"]), "matrix": one["cells"],
                                    "as_promised": sum(x["agrees"] for x in one["cells"])}
    if options.kind == "empty":
        list_, points = [], []
    order = poset(list_)
    judged = [c for c in list_ if c["within_budget"] and not c["failure"]]
    any_measured = any(c["measured"] for c in list_)
    stars = poset([c for c in judged if c["measured"] or not any_measured])["maximal"]
    shown = [c for c in list_ if c["measured"]]
    shown.sort(key=lambda c: -c["measured"]["relative"]["median"])
    best, measured_frontier = -1, []
    for c in shown:
        if c["safety_score"] > best:
            best = c["safety_score"]
            measured_frontier.append(c["id"])
    components = [component(c) for c in spec["components"]]
    for c in components:
        file = ROOT / "specs/components" / (c["name"] + ".yaml")
        if file.exists() and not c["description"]:
            c["description"] = yaml.safe_load(file.read_text()).get("description", "")
    used = {level for c in list_ for level in c["levels"].values()}
    data = {
        "flexos": 1, "tool": "flexos-explore 0.1.0", "spec": spec["name"],
        "file": "examples/" + pathlib.Path(options.spec).name,
        "application": spec.get("application"), "workload": spec.get("workload"),
        "made": "2026-11-22T20:00:00Z",
        "platform": {"key": "qemu/tcg/instructions", "platform": "qemu", "accelerator": "tcg",
                     "clock": "instructions", "machine": "AMD EPYC, 2 cores",
                     "why": "no protection keys on this processor, no usable KVM: instructions are "
                            "counted, which is exact and knows nothing of caches"},
        "proof": ranked["proof"], "gap": ranked["gap"], "optimal": ranked["optimal"],
        "budget": {"slowdown": limit, "memory": budget.get("memory"), "vms": budget.get("vms"),
                   "keys": budget.get("keys")},
        "components": components,
        "mechanisms": [m for m in sorted(MECHANISMS, key=rank_of) if m in used or m == "none"],
        "hardenings": sorted(HARDENING),
        "configurations": list_,
        "baseline": {"per_operation": {"median": base, "low": base * 0.997, "high": base * 1.002},
                     "throughput": 2.2e9 / base, "runs": 12} if any_measured else None,
        "frontier": {"points": points, "complete": True},
        "measured_frontier": measured_frontier,
        "poset": order, "stars": stars,
        "steps": [{"name": "check", "seconds": 0.01, "text": "10 components, 2 statements"},
                  {"name": "rank", "seconds": 0.4, "text": f"{len(list_)} configurations"},
                  {"name": "build", "seconds": 12.2, "text": f"{len(list_)} images"},
                  {"name": "measure", "seconds": 164.0, "text": f"{len(shown)} measured"}],
        "seconds": 176.6,
    }
    if options.kind == "hostile":
        names = {c["name"]: HOSTILE[i % len(HOSTILE)] + str(i) for i, c in enumerate(components)}
        data = rename(data, names)
        data["spec"] = HOSTILE[0]
        data["platform"]["machine"] = HOSTILE[1]
        data["platform"]["why"] = HOSTILE[2] + HOSTILE[0]
        for c in data["components"]:
            c["description"] = HOSTILE[0] + HOSTILE[1]
        for c in data["configurations"]:
            c["layout"] = HOSTILE[1] + HOSTILE[0]
    return data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--spec", default=str(ROOT / "tests/report/sqlite.yaml"))
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--measured", type=float, default=0.6)
    parser.add_argument("--failures", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowdown", type=float)
    parser.add_argument("--attacks")
    parser.add_argument("--kind", choices=("ordinary", "empty", "hostile", "bare"),
                        default="ordinary")
    print(json.dumps(make(parser.parse_args())))


if __name__ == "__main__":
    main()
