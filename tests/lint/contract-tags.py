#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every function of the public headers has a complete contract comment.

    contract-tags.py SOURCE_ROOT

Complete: all tags, in order, none empty, every parameter described.
"""

import glob
import os
import sys

sys.dont_write_bytecode = True


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: contract-tags.py SOURCE_ROOT")
    root = os.path.abspath(sys.argv[1])
    # The reader of contract comments lives beside the book that shows them.
    for place in (os.path.join(root, "docs"), os.path.join(os.path.dirname(__file__), "../../docs")):
        sys.path.append(place)
    import contract     # pylint: disable=import-outside-toplevel

    errors, functions = [], 0
    headers = sorted(glob.glob(os.path.join(root, "include/dmabuf/*.h")))
    if not headers:
        errors.append("include/dmabuf:1: no headers there, give the source root")
    for path in headers:
        name = os.path.relpath(path, root)
        entries, _, complaints = contract.read(path, name)
        errors += complaints
        for entry in entries:
            errors += contract.check(entry)
        described = {e.name for e in entries}
        for function, line in contract.declared_functions(path):
            functions += 1
            if function not in described:
                errors.append("%s:%d: %s has no contract comment: add /** %s() - ... */ before it"
                              % (name, line, function, function))
    for error in dict.fromkeys(errors):
        print(error)
    print("contract-tags: %d functions in %d headers, %d errors"
          % (functions, len(headers), len(set(errors))))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
