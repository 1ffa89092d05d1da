#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check-origin: is every line ours?

We implement the contract of the Linux dma-buf subsystem and took none of its
text.  This compares our C sources with the kernel's, token by token, prints the
longest runs that both have in common and fails when one is longer than a limit.

Four comparisons are judged, one is only shown:

  code       bodies of functions, initialisers, function-like macros, and
             types defined in a .c file, as they stand
  renamed    the same with identifiers replaced by one word, except C keywords
             and names that both public interfaces declare; finds a copy whose
             names were changed
  comments   words of comments against words of comments
  prose      words of the book, README and man pages against the kernel's
             comments and its documentation of the same subject
  interface  (shown, never fails) declarations.  A prototype, a struct member
             list or a constant *is* the interface: the kernel's names and order
             are what we promise, and there is only one way to write them.

What counts as interface, and is therefore cut out of "code":
  * #include and #if lines, object-like #define lines;
  * a statement at file scope that ends in ';' and has no initialiser;
  * in our headers, the body of a struct, union or enum;
  * the head of a function definition (one place-holder stands for it, so that a
    run of small copied functions is still one run).
The kernel's side keeps its struct bodies, so that a private struct copied into
one of our .c files is seen.
"""

import argparse
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

TARBALL = "/usr/src/linux-source-6.12.tar.xz"

# What of the kernel we compare with: everything whose contract we implement.
LINUX_PATHS = [
    "drivers/dma-buf/*",
    "include/linux/dma-*.h",
    "include/linux/ww_mutex.h",
    "include/linux/iosys-map.h",
    "include/linux/scatterlist.h",
    "include/linux/seqno*.h",
    "include/linux/sync_file.h",
    "include/linux/kref*.h",
    "include/linux/list*.h",
    "include/linux/wait*.h",
    "include/linux/mutex*.h",
    "include/linux/spinlock*.h",
    "include/uapi/linux/dma-buf.h",
    "include/uapi/linux/dma-heap.h",
    "include/uapi/linux/sync_file.h",
    "include/uapi/linux/udmabuf.h",
    "kernel/locking/*",
    "lib/scatterlist.c",
    "drivers/gpu/drm/vgem/*",
    "drivers/gpu/drm/drm_prime.c",
    "drivers/gpu/drm/drm_syncobj.c",
    "tools/testing/selftests/sync/*",
    "tools/testing/selftests/drivers/dma-buf/*",
    "tools/testing/selftests/dmabuf-heaps/*",
    "Documentation/driver-api/dma-buf.rst",
    "Documentation/driver-api/sync_file.rst",
    "Documentation/userspace-api/dma-buf-*.rst",
    "Documentation/locking/ww-mutex-design.rst",
]
OUR_CODE = ["src", "include", "tools", "tests", "examples"]
OUR_PROSE = ["docs/**/*.rst", "docs/*.md", "man/*.scd", "*.md"]

# name: (seed length of a run, limit in tokens or words).  A run longer than
# the limit fails.  docs/decisions.md says how the limits were chosen.
LIMITS = {
    "code": (10, 40),
    "renamed": (20, 70),
    "comments": (5, 14),
    "prose": (5, 14),
}

KEYWORDS = set("""auto break case char const continue default do double else enum
extern float for goto if inline int long register restrict return short signed
sizeof static struct switch typedef union unsigned void volatile while bool _Bool
_Static_assert static_assert _Atomic NULL true false""".split())

BREAK = "\0break"
HEAD = "\0function"

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<string>(?:L|u8|u|U)?"(?:\\.|[^"\\\n])*"|(?:L|u|U)?'(?:\\.|[^'\\\n])*')
  | (?P<cont>\\[ \t]*\n)
  | (?P<nl>\n)
  | (?P<num>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.])*)
  | (?P<id>[A-Za-z_$][A-Za-z0-9_$]*)
  | (?P<op>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\#|[^\s])
""", re.S | re.X)
WORD = re.compile(r"[A-Za-z0-9_]+(?:'[a-z]+)?")

Item = collections.namedtuple("Item", "text line")


class Stream:
    """A sequence of tokens of one kind, out of many files."""

    def __init__(self):
        self.text = []      # what is compared
        self.line = []
        self.file = []

    def add(self, path, items):
        for text, line in items:
            self.text.append(text)
            self.line.append(line)
            self.file.append(path)
        self.brk(path)

    def brk(self, path):
        # A break is unique, so that nothing matches across it.
        self.text.append("%s%d" % (BREAK, id(self) % 7 + 10 * len(self.text)))
        self.line.append(0)
        self.file.append(path)

    def mapped(self, function):
        other = Stream()
        other.text = [function(t) for t in self.text]
        other.line, other.file = self.line, self.file
        return other


def lex(text):
    """Split C into lines of preprocessor, plain tokens and comments."""
    line, start_of_line, directive = 1, True, None
    plain, directives, comments = [], [], []
    for match in TOKEN.finditer(text):
        kind, value = match.lastgroup, match.group()
        if kind == "comment":
            comments.append((value, line))
        elif kind == "nl":
            if directive is not None:
                directives.append(directive)
                plain.append(Item(("#", directive), line))
                directive = None
            start_of_line = True
        elif kind == "op" and value == "#" and start_of_line:
            directive = []
            start_of_line = False
        elif kind != "cont":
            start_of_line = False
            (plain if directive is None else directive).append(Item(value, line))
        line += value.count("\n")
    if directive:
        plain.append(Item(("#", directive), line))
    return plain, comments


def is_type_body(statement):
    """Does `struct foo {` (and not a function returning one) precede?"""
    words = [t.text for t in statement]
    if "=" in words:
        return False
    last = max((i for i, w in enumerate(words) if w in ("struct", "union", "enum")), default=-1)
    if last < 0:
        return False
    rest, depth = [], 0
    for word in words[last + 1:]:
        depth += (word == "(") - (word == ")")
        if depth == 0 and word not in ("(", ")"):
            rest.append(word)
    names = [w for w in rest if re.match(r"\w", w) and not w.startswith("__")]
    return len(names) <= 1 and "*" not in rest


def split(text, strip_types):
    """-> code items, interface items, comment list."""
    plain, comments = lex(text)
    code, interface = [], []
    statement, depth, mode = [], 0, None

    def flush_interface():
        if statement:
            interface.extend(statement)
            interface.append(Item(BREAK, statement[-1].line))
            code.append(Item(BREAK, statement[-1].line))
            statement.clear()

    for token in plain:
        if isinstance(token.text, tuple):
            body = token.text[1]
            if not body or body[0].text != "define" or len(body) < 3:
                continue
            target = interface
            # function-like: "(" right after the name; object-like bodies that
            # hold statements are code as well
            if body[2].text == "(" or any(t.text in ("{", ";") for t in body):
                target = code
            target.append(Item(BREAK, token.line))
            target.extend(body[2:] if target is code else body)
            target.append(Item(BREAK, token.line))
            continue
        if depth == 0:
            if token.text == "}":       # closes extern "C"
                continue
            if token.text == "{":
                words = [t.text for t in statement]
                if words[:1] == ["extern"] and len(words) == 2 and words[1].startswith('"'):
                    statement.clear()
                    continue
                depth = 1
                if is_type_body(statement):
                    mode = "type"
                    statement.append(token)
                elif "=" in words:
                    mode = "init"
                    code.extend(statement)
                    code.append(token)
                    statement.clear()
                else:
                    mode = "function"
                    interface.extend(statement)
                    interface.append(Item(BREAK, token.line))
                    statement.clear()
                    code.append(Item(HEAD, token.line))
                    code.append(token)
                continue
            statement.append(token)
            if token.text == ";":
                if any(t.text == "=" for t in statement):
                    code.extend(statement)
                    statement.clear()
                else:
                    flush_interface()
            continue
        depth += (token.text == "{") - (token.text == "}")
        if mode == "type":
            statement.append(token)
            if depth == 0:
                interface.extend(statement)
                if not strip_types:
                    code.extend(statement)
                statement.clear()
        else:
            code.append(token)
    flush_interface()
    return code, interface, comments


def words_of(text, line):
    out = []
    for number, row in enumerate(text.split("\n")):
        if "SPDX-License-Identifier" in row:
            continue
        out.extend(Item(w.lower(), line + number) for w in WORD.findall(row))
    return out


def unique_breaks(items, counter):
    for item in items:
        if item.text == BREAK:
            counter[0] += 1
            yield Item("%s%d%s" % (BREAK, counter[0], counter[1]), item.line)
        else:
            yield item


class Tree:
    """One side: ours or theirs."""

    def __init__(self, side):
        self.side = side
        self.code, self.interface = Stream(), Stream()
        self.comments, self.prose = Stream(), Stream()
        self.declared = set()
        self.counter = [0, side]
        self.files = 0

    def add_c(self, root, path):
        text = read(os.path.join(root, path))
        header = path.endswith(".h")
        strip_types = self.side == "ours" and header
        code, interface, comments = split(text, strip_types)
        self.files += 1
        self.code.add(path, unique_breaks(code, self.counter))
        self.interface.add(path, unique_breaks(interface, self.counter))
        if header and not path.endswith("-internal.h"):
            self.declared.update(t.text for t in interface if re.match(r"[A-Za-z_]", t.text))
        # Neighbouring // lines are one comment.
        for comment, line in comments:
            self.comments.add(path, words_of(comment, line))

    def add_prose(self, root, path):
        self.prose.add(path, words_of(read(os.path.join(root, path)), 1))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def find_runs(ours, theirs, length):
    """All maximal common runs of at least `length`: (size, our index, their index)."""
    a, b = ours.text, theirs.text
    index = collections.defaultdict(list)
    for i in range(len(a) - length + 1):
        index[tuple(a[i:i + length])].append(i)
    runs = []
    for j in range(len(b) - length + 1):
        for i in index.get(tuple(b[j:j + length]), ())[:256]:
            if i and j and a[i - 1] == b[j - 1]:
                continue        # inside a run that began earlier
            size = length
            while i + size < len(a) and j + size < len(b) and a[i + size] == b[j + size]:
                size += 1
            runs.append((size, i, j))
    runs.sort(key=lambda r: (-r[0], r[1], r[2]))
    return runs


def show(title, ours, theirs, runs, limit, shown, raw_text):
    """Print the longest runs, one per place of ours; return the longest size."""
    unit = "words" if title in ("comments", "prose") else "tokens"
    print("%s: longest %d %s%s" % (title, runs[0][0] if runs else 0, unit,
                                    "" if limit is None else " (limit %d)" % limit))
    covered, count = [], 0
    for size, i, j in runs:
        over = limit is not None and size > limit
        if count >= shown and not over:
            break
        if any(lo <= i and i + size <= hi for lo, hi in covered):
            continue
        covered.append((i, i + size))
        count += 1
        text = [t for t in raw_text[i:i + size] if t[0] != "\0"]
        excerpt = " ".join(text)
        if len(excerpt) > 150:
            excerpt = excerpt[:100] + " ... " + excerpt[-45:]
        print("  %s%s:%d: %d %s as in %s:%d: %s" % (
            "TOO LONG " if over else "", ours.file[i], ours.line[i], size, unit,
            theirs.file[j], theirs.line[j], excerpt))
    return runs[0][0] if runs else 0


def load_ours(root):
    tree = Tree("ours")
    for top in OUR_CODE:
        for path in sorted(glob.glob(os.path.join(root, top, "**", "*.[ch]"), recursive=True)):
            tree.add_c(root, os.path.relpath(path, root))
    for pattern in OUR_PROSE:
        for path in sorted(glob.glob(os.path.join(root, pattern), recursive=True)):
            tree.add_prose(root, os.path.relpath(path, root))
    return tree


def load_theirs(root):
    tree = Tree("theirs")
    seen = set()
    for pattern in LINUX_PATHS:
        if pattern.endswith("/*"):
            pattern = pattern[:-1] + "**/*"
        for path in sorted(glob.glob(os.path.join(root, pattern), recursive=True)):
            name = os.path.relpath(path, root)
            if name in seen or not os.path.isfile(path):
                continue
            seen.add(name)
            if name.endswith((".c", ".h")):
                tree.add_c(root, name)
            elif name.endswith(".rst"):
                tree.add_prose(root, name)
    # Our prose is compared with their comments too.
    tree.prose.text += tree.comments.text
    tree.prose.line += tree.comments.line
    tree.prose.file += tree.comments.file
    return tree


def unpack(tarball, cache):
    """Unpack what we compare with, once; the cache is never part of the source."""
    done = os.path.join(cache, "complete")
    stamp = "%s %d\n%s\n" % (tarball, os.path.getsize(tarball), "\n".join(LINUX_PATHS))
    if os.path.exists(done) and read(done) == stamp:
        return cache
    os.makedirs(cache, exist_ok=True)
    print("check-origin: unpacking from %s (once) ..." % tarball, flush=True)
    command = ["tar", "-x", "-C", cache, "--strip-components=1", "--wildcards",
               "--wildcards-match-slash", "--no-same-owner"]
    if tarball.endswith(".xz"):
        command += ["-I", "xz -T0"]
    command += ["-f", tarball] + ["*/" + p for p in LINUX_PATHS]
    # tar fails when a pattern matches nothing (seqno*.h is history); the
    # check below is the one that matters.
    subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
    if not os.path.exists(os.path.join(cache, "drivers/dma-buf/dma-fence.c")):
        sys.exit("check-origin: %s holds no drivers/dma-buf/dma-fence.c: give the "
                 "kernel source with --linux" % tarball)
    with open(done, "w", encoding="utf-8") as file:
        file.write(stamp)
    return cache


def compare(ours, theirs, shown=5, verbose=True):
    """-> {comparison: longest run}."""
    keep = KEYWORDS | (ours.declared & theirs.declared)

    def rename(token):
        if token[0] == "\0" or token in keep:
            return token
        if token[0] in "\"'":
            return "STRING"
        if re.match(r"[A-Za-z_$]", token):
            return "ID"
        return token

    result = {}
    for title, left, right in (
            ("code", ours.code, theirs.code),
            ("renamed", ours.code.mapped(rename), theirs.code.mapped(rename)),
            ("comments", ours.comments, theirs.comments),
            ("prose", ours.prose, theirs.prose)):
        seed, limit = LIMITS[title]
        runs = find_runs(left, right, seed)
        raw = ours.code.text if title == "renamed" else left.text
        if verbose:
            result[title] = show(title, left, right, runs, limit, shown, raw)
        else:
            result[title] = runs[0][0] if runs else 0
    if verbose:
        runs = find_runs(ours.interface, theirs.interface, 12)
        show("interface", ours.interface, theirs.interface, runs, None, shown,
             ours.interface.text)
    return result


def verdict(result):
    bad = [t for t in LIMITS if result[t] > LIMITS[t][1]]
    print("check-origin: %s, longest code match %d tokens (limit %d), "
          "longest comment match %d words (limit %d)" % (
              "OK" if not bad else "FAILED (%s)" % ", ".join(bad),
              result["code"], LIMITS["code"][1],
              max(result["comments"], result["prose"]), LIMITS["comments"][1]))
    return 1 if bad else 0


# --- self-test: the check must be seen red -------------------------------------------------

OWN = """/* SPDX-License-Identifier: MIT */
/* Adds the even numbers of a list; nothing like it is in a kernel. */
long sum_even(const int *numbers, int count)
{
	long total = 0;

	for (int k = 0; k < count; k++) {
		if (numbers[k] & 1)
			continue;
		total += numbers[k];
	}
	return total;
}
"""


def longest_function(path):
    """Text of the longest function of a file in kernel style ('{' in column 0)."""
    best, rows = [], read(path).split("\n")
    start = None
    for number, row in enumerate(rows):
        if row == "{":
            start = number
        elif row == "}" and start is not None:
            if number - start > len(best):
                head = start
                while head and rows[head - 1].strip() and not rows[head - 1].startswith((" *", "}", "#")):
                    head -= 1
                best = rows[head:number + 1]
            start = None
    return "\n".join(best) + "\n"


def self_test(theirs_root):
    theirs = load_theirs(theirs_root)
    source = os.path.join(theirs_root, "drivers/dma-buf/dma-fence.c")
    function = longest_function(source)
    names = {}

    def rename(match):
        word = match.group()
        if word in KEYWORDS or word.startswith(("dma_fence", "__dma")):
            return word
        return names.setdefault(word, "our_%d" % len(names))

    renamed = re.sub(r"\b[A-Za-z_]\w*\b", rename, function)
    comment = max(re.findall(r"/\*.*?\*/", read(source), re.S), key=len)
    cases = [
        ("an own function", {"src/a.c": OWN}, None),
        ("a copied function", {"src/a.c": OWN + function}, "code"),
        ("a copied function, names changed", {"src/a.c": OWN + renamed}, "renamed"),
        ("a copied comment", {"src/a.c": comment + "\n" + OWN}, "comments"),
        ("a copied comment in the book", {"docs/book/a.rst": comment}, "prose"),
        ("a copied function in a header", {"include/dmabuf/a.h": "static inline " + function}, "code"),
    ]
    failed = 0
    for name, files, expect in cases:
        with tempfile.TemporaryDirectory() as top:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
                with open(os.path.join(top, path), "w", encoding="utf-8") as file:
                    file.write(text)
            result = compare(load_ours(top), theirs, verbose=False)
        red = [t for t in LIMITS if result[t] > LIMITS[t][1]]
        good = (expect in red) if expect else not red
        failed += not good
        print("%s - %s is %s %s" % ("ok" if good else "not ok", name,
                                    "red" if red else "green", result))
    print("check-origin: self-test %s" % ("OK" if not failed else "FAILED"))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(prog="check-origin", description="compare our sources with the kernel's")
    parser.add_argument("--linux", metavar="DIR|TARBALL", default=TARBALL,
                        help="kernel source (default: %(default)s)")
    parser.add_argument("--source", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        help="our source tree")
    parser.add_argument("--cache", help="where to unpack (default: SOURCE/build/origin)")
    parser.add_argument("--show", type=int, default=5, help="runs to show per comparison")
    parser.add_argument("--self-test", action="store_true", help="see the check go red and green")
    options = parser.parse_args()

    began = time.monotonic()
    root = options.linux
    if not os.path.exists(root):
        print("check-origin: no kernel source at %s: run 'ci/deps.sh origin' or give it with --linux" % root)
        return 77       # a skip for those who know, a failure for make
    if not os.path.isdir(root):
        root = unpack(root, options.cache or os.path.join(options.source, "build", "origin"))
    if options.self_test:
        return self_test(root)
    ours, theirs = load_ours(options.source), load_theirs(root)
    if not ours.files or not theirs.files:
        sys.exit("check-origin: %d files of ours, %d of the kernel: nothing to compare"
                 % (ours.files, theirs.files))
    result = compare(ours, theirs, options.show)
    print("compared %d files of ours (%d tokens) with %d of the kernel (%d tokens) in %.1f s" % (
        ours.files, len(ours.code.text), theirs.files, len(theirs.code.text),
        time.monotonic() - began))
    return verdict(result)


if __name__ == "__main__":
    sys.exit(main())
