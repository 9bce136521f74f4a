#!/usr/bin/env python3
"""Holds specs/schema/image.json against the sample that the tool writes (src/codegen/manifest_test.cc
compares the sample with the tool's own output), and against the sample with one thing wrong."""

import copy
import json
import pathlib
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    schema = json.loads((ROOT / "specs/schema/image.json").read_text())
    sample = json.loads((ROOT / "tests/manifest/sample.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failed = [f"sample.json: {e.json_path}: {e.message}" for e in validator.iter_errors(sample)]

    def must_reject(what, change):
        wrong = copy.deepcopy(sample)
        change(wrong)
        if validator.is_valid(wrong):
            failed.append(f"the schema accepts {what}")

    for key in sample:
        must_reject(f"a file without `{key}`", lambda wrong, key=key: wrong.pop(key))
    must_reject("another version", lambda wrong: wrong.update(flexos=2))
    must_reject("an unknown key", lambda wrong: wrong.update(extra=1))
    must_reject("an unknown key of a gate", lambda wrong: wrong["gates"][0].update(extra=1))
    must_reject("a number as an address", lambda wrong: wrong["gates"][0].update(entry=1))
    must_reject("a path as the file", lambda wrong: wrong.update(file="../x"))
    must_reject("key 16", lambda wrong: wrong["compartments"][0].update(key=16))
    must_reject("a hash that is none", lambda wrong: wrong["inputs"].update(x="abc"))
    must_reject("an unknown binding", lambda wrong: wrong["bindings"][0].update(how="magic"))

    print("\n".join(failed) or "image.json: the schema and the tool say the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
