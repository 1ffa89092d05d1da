#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the library exports, the checked-in list and the version map are the same.

    symbols.py LIBRARY SYMBOLS_TXT MAP

Exporting by accident is an ABI promise by accident.
"""

import os
import re
import subprocess
import sys


def listed(path):
    """{symbol: line} of the list."""
    out, errors, previous = {}, [], ""
    with open(path, encoding="utf-8") as file:
        for number, row in enumerate(file, 1):
            symbol = row.split("#")[0].strip()
            if not symbol:
                continue
            if symbol in out:
                errors.append("%s:%d: %s stands twice, remove one" % (path, number, symbol))
            if symbol < previous:
                errors.append("%s:%d: %s is out of order, sort the list (LC_ALL=C)" % (path, number, symbol))
            previous = symbol
            out[symbol] = number
    return out, errors


def mapped(path):
    """{symbol: line} of the global parts of a version map."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    text = re.sub(r"#[^\n]*", "", text)
    out, errors, is_global, hidden = {}, [], False, False
    for match in re.finditer(r"(global|local)\s*:|([\w*?.\[\]]+)\s*;|\{", text):
        line = text.count("\n", 0, match.start()) + 1
        if match.group() == "{":
            is_global = True        # the ld default inside a node
        elif match.group(1):
            is_global = match.group(1) == "global"
        elif is_global:
            if re.search(r"[*?\[]", match.group(2)):
                errors.append("%s:%d: pattern %s exports whatever comes along, name each symbol"
                              % (path, line, match.group(2)))
            out[match.group(2)] = line
        elif match.group(2) == "*":
            hidden = True
    if not hidden:
        errors.append("%s:1: no 'local: *;', all else would be exported, add it" % path)
    return out, errors


def exported(path):
    """Dynamic symbols the library defines, without the version nodes."""
    out = subprocess.run([os.environ.get("NM", "nm"), "-D", "--defined-only", "--format=posix", path],
                         check=True, capture_output=True, text=True).stdout
    symbols = set()
    for row in out.splitlines():
        name, kind = row.split()[:2]
        name = name.split("@")[0]
        # A sanitizer's run-time and the version node itself are not ours to list.
        if kind == "A" or re.match(r"__(asan|ubsan|tsan|odr_asan|sanitizer|gcov|llvm)", name):
            continue
        symbols.add(name)
    return symbols


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: symbols.py LIBRARY SYMBOLS_TXT MAP")
    library, list_path, map_path = sys.argv[1:]
    for path in sys.argv[1:]:
        if not os.path.exists(path):
            print("%s:1: not there, build first or give the right path" % path)
            return 1
    real = exported(library)
    want, errors = listed(list_path)
    versions, more = mapped(map_path)
    errors += more
    for symbol in sorted(real - set(want)):
        errors.append("%s:1: exports %s, which is not in %s: hide it, or list it (a promise)" % (library, symbol, list_path))
    for symbol in sorted(set(want) - real):
        errors.append("%s:%d: %s is not exported by %s: define it, or remove the line" % (list_path, want[symbol], symbol, library))
    for symbol in sorted(set(want) - set(versions)):
        errors.append("%s:%d: %s is not in %s: add it to the version map" % (list_path, want[symbol], symbol, map_path))
    for symbol in sorted(set(versions) - set(want)):
        errors.append("%s:%d: %s is not in %s: add it, or remove it here" % (map_path, versions[symbol], symbol, list_path))
    if not want:
        errors.append("%s:1: empty list, nothing is checked: list the exported symbols" % list_path)
    for error in errors:
        print(error)
    print("symbols: %d exported, %d listed, %d in the map, %d errors"
          % (len(real), len(want), len(versions), len(errors)))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
