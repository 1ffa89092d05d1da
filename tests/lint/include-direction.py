#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A file includes headers of its own layer and of the layers before it.

    include-direction.py SOURCE_ROOT

    base -> fence -> resv -> buf -> heap -> fd -> share -> link, then preload, kcompat, tools

Public headers group by kernel word and folders by layer, so this table says to
which layer each public header belongs.  A new header needs a line here.  A file
of src/<layer> may also include headers of a public header's own layer when the
word spans two: dma-buf.h declares dma_buf_fd(), which lives in src/fd.
"""

import glob
import os
import re
import sys

ORDER = ["base", "fence", "resv", "buf", "heap", "fd", "share", "link", "preload", "kcompat", "tools"]
# Those that look in from outside see public headers only.
OUTSIDE = ("preload", "kcompat", "tools")

PUBLIC = {
    "base.h": "base",
    "seq.h": "base",
    "dma-fence.h": "fence",
    "dma-fence-array.h": "fence",
    "dma-fence-chain.h": "fence",
    "dma-fence-unwrap.h": "fence",
    "ww-mutex.h": "resv",
    "dma-resv.h": "resv",
    "historic/names.h": "resv",
    "scatterlist.h": "buf",
    "iosys-map.h": "buf",
    "device.h": "buf",
    "dma-buf.h": "buf",
    "seqno-fence.h": "buf",
    "dma-heap.h": "heap",
    "sync-file.h": "fd",
    "sw-sync.h": "fd",
    "timeline.h": "share",
    "board.h": "share",
    "share.h": "share",
    "link.h": "link",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(?:_next)?[ \t]*([<"])([^>"]+)[>"]')


def layer_of(name):
    """Layer of a file of ours by its path from the root, or None."""
    parts = name.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[0] == "tools":
        return "tools"
    if name.startswith("include/dmabuf/"):
        return PUBLIC.get("/".join(parts[2:]))
    return None


def resolve(root, name, quote, target):
    """Path from the root of the file of ours that an include names, or None."""
    if target.startswith("dmabuf/"):
        return "include/" + target
    places = ["src", "include", ""]
    if quote == '"':
        places.insert(0, os.path.dirname(name))
    for place in places:
        path = os.path.normpath(os.path.join(place, target))
        if os.path.exists(os.path.join(root, path)):
            return path
    return None


def check_file(root, name):
    errors = []
    own = layer_of(name)
    with open(os.path.join(root, name), encoding="utf-8") as file:
        rows = file.read().split("\n")

    def say(line, text):
        errors.append("%s:%d: %s" % (name, line, text))

    if own not in ORDER:
        if name.startswith("include/dmabuf/"):
            say(1, "no layer known for this header: add it to PUBLIC in tests/lint/include-direction.py")
        else:
            say(1, "layer '%s' is not in the order: put the file into one of %s" % (own, ", ".join(ORDER)))
        return errors
    for number, row in enumerate(rows, 1):
        match = INCLUDE.match(row)
        if not match:
            continue
        quote, target = match.groups()
        path = resolve(root, name, quote, target)
        if path is None:
            # A header of the system, unless it is quoted and of our kind.
            if quote == '"' and "/" not in target and not target.startswith("config"):
                say(number, 'cannot find "%s": name it from src/ or from this folder' % target)
            continue
        other = layer_of(path)
        if other is None:
            if path.startswith("include/dmabuf/"):
                say(number, "no layer known for <%s>: add it to PUBLIC in tests/lint/include-direction.py" % target)
            continue
        if path.startswith(("src/", "tools/")) and not name.startswith(("src/", "tools/")):
            say(number, "a public header includes %s: move what it needs to include/dmabuf" % path)
        elif path.endswith("-internal.h") and other != own:
            say(number, "%s belongs to layer %s alone: use a public header, or move the word to one"
                % (os.path.basename(path), other))
        elif own in OUTSIDE and other != own and path.startswith("src/"):
            say(number, "%s looks in from outside and may include public headers only, not %s" % (own, path))
        elif ORDER.index(other) > ORDER.index(own):
            say(number, "layer %s includes %s of the later layer %s: turn it round with an ops table"
                % (own, target, other))
    return errors


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: include-direction.py SOURCE_ROOT")
    root = sys.argv[1]
    names = []
    for pattern in ("src/**/*.[ch]", "tools/**/*.[ch]", "include/dmabuf/**/*.h"):
        names += [os.path.relpath(p, root) for p in glob.glob(os.path.join(root, pattern), recursive=True)]
    errors = []
    if not names:
        errors.append("%s:1: no sources there, give the source root" % root)
    for name in sorted(names):
        errors += check_file(root, name)
    for error in errors:
        print(error)
    print("include-direction: %d files, %d errors" % (len(names), len(errors)))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
