#!/usr/bin/env python3
"""Holds the JSON Schemas of specs/schema against YAML files: do both say the same language?

Without arguments: every file of specs/ and examples/ must be accepted by its schema.
  --good DIR...  every *.yaml below must be accepted too
  --bad DIR...   the first line of every *.yaml below says what the schema must answer,
                 `# schema: rejects` or `# schema: accepts`: some errors (an unknown name, a cycle)
                 are beyond a schema, and saying so keeps the schema honest

A folder's name says which schema its files follow: components, hardening, mechanisms, presets, workloads;
anything else holds specs. Text that is no YAML counts as rejected. Keys given twice are beyond a
schema: JSON's data model never sees them.

Exit code: 0 all agree, 1 some disagree, 2 wrong usage.
"""

import argparse
import json
import pathlib
import re
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "specs" / "schema"
KINDS = {
    "components": "component",
    "hardening": "hardening",
    "mechanisms": "mechanism",
    "presets": "preset",
    "workloads": "workload",
}
MAX_BYTES = 4 << 20  # the parser refuses more as well
MAX_NODES = 200_000  # after expansion of aliases: a YAML bomb is refused, not expanded


class Loader(yaml.SafeLoader):
    """YAML 1.2's core types, as the parser reads them: `on` and `1:30` are strings."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first)
    )
# Python's own int() would read 017 as octal through PyYAML; YAML 1.2 reads 17.
Loader.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node))
)
Loader.add_constructor(
    "tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node))
)


class Refused(Exception):
    """The file never becomes data that a schema could look at."""


def expanded_size(root):
    """Nodes of the tree after expansion of aliases; no recursion, as files may nest deeply."""
    sizes, open_nodes, stack = {}, set(), [(root, False)]
    while stack:
        node, children_done = stack.pop()
        key = id(node)
        if key in sizes:
            continue
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        else:
            children = []
        if children_done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in children)
            if sizes[key] > MAX_NODES:
                raise Refused("expands to too many nodes")
            continue
        if key in open_nodes:
            raise Refused("an alias contains itself")
        open_nodes.add(key)
        stack.append((node, True))
        for child in children:
            if id(child) in open_nodes:
                raise Refused("an alias contains itself")
            stack.append((child, False))
    return sizes[id(root)]


def load(path):
    if path.stat().st_size > MAX_BYTES:
        raise Refused("too large")
    try:
        text = path.read_bytes().decode("utf-8")
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise Refused("empty")
        expanded_size(node)
        return loader.construct_document(node)
    except (UnicodeDecodeError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise Refused(f"not YAML: {' '.join(str(error).split())}") from error


def validators():
    """One validator a schema. The files are bundled into one document with all references inside it,
    so that every version of jsonschema resolves them alike and none fetches anything."""
    files = {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}

    def bundled(value, home):
        if isinstance(value, list):
            return [bundled(item, home) for item in value]
        if not isinstance(value, dict):
            return value
        value = {key: bundled(item, home) for key, item in value.items()}
        if isinstance(value.get("$ref"), str):
            file, _, pointer = value["$ref"].partition("#")
            name = pathlib.PurePath(file).stem if file else home
            if name not in files:
                sys.exit(f"check.py: {home}.json refers to {file}, which is not there")
            value["$ref"] = f"#/definitions/{name}{pointer}"
        return value

    for schema in files.values():
        jsonschema.Draft7Validator.check_schema(schema)
    definitions = {name: bundled(schema, name) for name, schema in files.items()}
    return {
        name: jsonschema.Draft7Validator(
            {"$ref": f"#/definitions/{name}", "definitions": definitions}
        )
        for name in files
    }


def kind_of(path):
    """The folder of KINDS that it stands in, at any depth (specs/workloads/sqlite/insert.yaml), and what
    it must call itself there."""
    parts = path.parts
    for i in range(len(parts) - 2, -1, -1):
        if parts[i] in KINDS:
            return parts[i], "/".join(path.with_suffix("").parts[i + 1:])
    return None, path.stem


def verdict(path, schemas):
    """None where the schema accepts, else the first reason why not."""
    try:
        data = load(path)
    except Refused as refusal:
        return str(refusal)
    if path.parent.name == "profiles":  # what `profile` wrote, as a spec would hold it
        data = {"flexos": 1, "components": ["any"], "profile": data}
    validator = schemas[KINDS.get(kind_of(path)[0], "spec")]
    error = jsonschema.exceptions.best_match(validator.iter_errors(data))
    if error is None:
        return None
    where = "/".join(str(part) for part in error.absolute_path) or "(top)"
    return f"{where}: {error.message[:200]}"


def yaml_files(folders):
    for folder in folders:
        if not folder.is_dir():
            sys.exit(f"check.py: no such folder: {folder}")
        yield from sorted(folder.rglob("*.yaml"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--good", nargs="+", default=[], type=pathlib.Path, metavar="DIR")
    parser.add_argument("--bad", nargs="+", default=[], type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()

    schemas = validators()
    failures = []
    count = {"good": 0, "bad": 0}

    own = [ROOT / "specs" / kind for kind in KINDS] + [ROOT / "examples"]
    for path in yaml_files(own + arguments.good):
        count["good"] += 1
        reason = verdict(path, schemas)
        if reason is not None:
            failures.append(f"{path}: good, but the schema rejects it: {reason}")
        kind, called = kind_of(path)
        if kind is not None and path.is_relative_to(ROOT / "specs") and reason is None:
            name = load(path)[KINDS[kind]]
            if name != called:
                failures.append(f"{path}: defines `{name}`, so it must be called {name}.yaml")

    for path in yaml_files(arguments.bad):
        count["bad"] += 1
        with path.open("rb") as file:
            first = file.readline(200).decode("utf-8", "replace")
        marker = re.match(r"#\s*schema:\s*(accepts|rejects)\s*$", first)
        if marker is None:
            failures.append(f"{path}: first line is no `# schema: rejects` or `# schema: accepts`")
            continue
        reason = verdict(path, schemas)
        if marker[1] == "rejects" and reason is None:
            failures.append(f"{path}: marked `rejects`, but the schema accepts it")
        if marker[1] == "accepts" and reason is not None:
            failures.append(f"{path}: marked `accepts`, but the schema rejects it: {reason}")

    for failure in failures:
        print(failure)
    print(f"schema: {count['good']} good and {count['bad']} bad files, {len(failures)} disagree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
