#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""coverage.py SRC [--html FILE | --rst FILE] [-v] - which test proves which rule?

The rules the library follows are listed in SRC/docs/coverage-rows/*.txt, one line for each, in our own words:

    # a comment
    = 3.3 Signalling                               a section of the list
    the first signal gives 0 | signal_returns_zero_the_first_time
    ... | name_one name_two                        several tests; file:name where two files have one of that name
    ... | test: path/in/the/tree.sh                a test that is no TEST()
    ... | later: issue C                           not yet, and where it will be
    ... | n/a: why nothing can be tested           not at all, and why
    ... | open                                     somebody has to write a test

Prints how many rows each list has and what became of them. Exit 1 if a row is open, names a test that is not there, or
cannot be read. --html and --rst also write the table, with the introduction from SRC/docs/coverage-notes.txt. -v lists
the tests whose comment names the same list ("spec: LIST ...") and that no row of it names.
"""

import html
import os
import re
import sys

TEST = re.compile(r"^TEST(?:_EACH)?\((\w+)", re.M)
TAG = re.compile(r"/\*((?:[^*]|\*(?!/))*)\*/\s*$")
REASONS = ("later", "n/a")


class Test:
    def __init__(self, path, name, tag):
        self.path, self.name, self.tag = path, name, tag
        self.program = os.path.splitext(os.path.basename(path))[0]


class Row:
    def __init__(self, section, rule, proof, where):
        self.section, self.rule, self.proof, self.where = section, rule, proof, where
        self.tests, self.reason, self.errors = [], None, []

    def state(self):
        if self.errors:
            return "wrong"
        return "tested" if self.tests else "reason" if self.reason else "open"


def find_tests(src):
    """All TEST()s below SRC/tests, by name."""
    found = {}
    for folder, _, files in sorted(os.walk(os.path.join(src, "tests"))):
        for file in sorted(f for f in files if f.endswith(".c")):
            path = os.path.join(folder, file)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            for match in TEST.finditer(text):
                tag = TAG.search(text, 0, match.start())
                tag = " ".join(tag.group(1).split()) if tag else ""
                test = Test(os.path.relpath(path, src), match.group(1), tag)
                found.setdefault(test.name, []).append(test)
    return found


def resolve_name(row, word, tests):
    program, _, name = word.rpartition(":")
    hits = [t for t in tests.get(name, []) if not program or t.program == program]
    if len(hits) == 1:
        row.tests.append(hits[0])
    elif hits:
        row.errors.append("%s is in %s" % (name, " and ".join(t.path for t in hits)))
    else:
        row.errors.append("there is no test %s" % word)


def resolve(row, src, tests):
    kind, colon, rest = row.proof.partition(": ")
    if colon and kind in REASONS and rest.strip():
        row.reason = row.proof
    elif colon and kind == "test":
        for path in rest.split():
            if os.path.exists(os.path.join(src, path)):
                row.tests.append(Test(path, os.path.basename(path), ""))
            else:
                row.errors.append("there is no file %s" % path)
    elif row.proof != "open":
        for word in row.proof.split():
            resolve_name(row, word, tests)
        if not row.proof:
            row.errors.append("no proof and no reason")


def read_rows(path, src, tests):
    rows, section, seen = [], None, set()
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("= "):
                section = line[2:]
                continue
            rule, bar, proof = (part.strip() for part in line.partition("|"))
            row = Row(section, rule, proof, "%s:%d" % (os.path.relpath(path, src), number))
            if not bar or not section or not rule:
                row.errors.append("not of the form: rule | proof, below a section")
            elif (section, rule) in seen:
                row.errors.append("this row is there twice")
            else:
                seen.add((section, rule))
                resolve(row, src, tests)
            rows.append(row)
    return rows


def unnamed(spec, rows, tests):
    """Tests that say they prove something of this list, while no row of it says so."""
    named = {(t.path, t.name) for row in rows for t in row.tests}
    return [t for group in tests.values() for t in group
            if spec + ".md" in t.tag and (t.path, t.name) not in named]


# --- the table ---

def proof_text(row):
    if row.tests:
        return ["%s (%s)" % (t.name.replace("_", " "), t.path) for t in row.tests]
    return [row.reason or row.proof]


def write_rst(out, notes, lists):
    out.write("Coverage\n========\n\n%s\n" % notes)
    for spec, rows in lists:
        out.write("\n%s\n%s\n" % (spec, "-" * len(spec)))
        section = None
        for row in rows:
            if row.section != section:
                section = row.section
                out.write("\n%s\n%s\n\n" % (section, "~" * len(section)))
            out.write("* %s\n\n" % row.rule.replace("*", r"\*").replace("`", r"\`"))
            for line in proof_text(row):
                out.write("  - %s\n" % line.replace("*", r"\*"))
            out.write("\n")


def write_html(out, notes, lists):
    out.write("<!DOCTYPE html>\n<meta charset=utf-8>\n<title>Coverage</title>\n<h1>Coverage</h1>\n")
    for paragraph in notes.split("\n\n"):
        out.write("<p>%s</p>\n" % html.escape(paragraph.strip()))
    for spec, rows in lists:
        out.write("<h2>%s</h2>\n<table>\n" % html.escape(spec))
        section = None
        for row in rows:
            if row.section != section:
                section = row.section
                out.write("<tr><th colspan=2>%s</th></tr>\n" % html.escape(section))
            out.write("<tr class=%s><td>%s</td><td>%s</td></tr>\n" % (
                row.state(), html.escape(row.rule), "<br>".join(map(html.escape, proof_text(row)))))
        out.write("</table>\n")


def write_table(src, kind, path, lists):
    with open(os.path.join(src, "docs", "coverage-notes.txt"), encoding="utf-8") as f:
        notes = f.read().strip() + "\n"
    with open(path, "w", encoding="utf-8") as out:
        (write_html if kind == "--html" else write_rst)(out, notes, lists)


# --- the summary ---

def summary(title, rows):
    count = {state: sum(row.state() == state for row in rows) for state in ("tested", "reason", "open", "wrong")}
    text = "%s: %d rows, %d tested, %d with a reason, %d open" % (
        title, len(rows), count["tested"], count["reason"], count["open"])
    if count["wrong"]:
        text += ", %d wrong" % count["wrong"]
    print(text)
    return count["open"] + count["wrong"]


def main(argv):
    args = argv[1:]
    verbose = "-v" in args
    args = [a for a in args if a != "-v"]
    if len(args) not in (1, 3) or len(args) == 3 and args[1] not in ("--html", "--rst"):
        print(__doc__, file=sys.stderr)
        return 2
    src = args[0]
    folder = os.path.join(src, "docs", "coverage-rows")
    tests = find_tests(src)
    lists = []
    for file in sorted(f for f in os.listdir(folder) if f.endswith(".txt")):
        lists.append((file[:-4], read_rows(os.path.join(folder, file), src, tests)))
    bad = 0
    for spec, rows in lists:
        for row in rows:
            for error in row.errors:
                print("%s: %s" % (row.where, error))
            if row.state() == "open":
                print("%s: open: %s: %s" % (row.where, row.section, row.rule))
        if verbose:
            for test in unnamed(spec, rows, tests):
                print("%s: no row names %s (%s)" % (spec, test.name, test.path))
        bad += summary(spec, rows)
    if len(args) == 3:
        write_table(src, args[1], args[2], lists)
    if not lists:
        print("there are no lists in %s" % folder)
    return 1 if bad or not lists else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
