# SPDX-License-Identifier: MIT
"""Read the contract comments of C sources.

Used by docs/render.py (the book) and by tests/lint/contract-tags.py.  The
comments have one shape, described in CONTRIBUTING.md:

    /**
     * name() - short            also: struct/union/enum/define/typedef/var NAME - short
     * @parameter: what it is
     *
     * Plain words.
     *
     * Context: ...   Locks:  Owns:  Units:  Across:  Return:  Source:
     */

and free text for the book as  /** DOC: title ... */.
"""

import re

TAGS = ["Context", "Locks", "Owns", "Units", "Across", "Return", "Source"]
KINDS = ("struct", "union", "enum", "define", "typedef", "var")

COMMENT = re.compile(r"/\*\*(?!\*)[ \t]*([^\s/][^\n]*?)?(?:\n(.*?))?\*/", re.S)
TITLE = re.compile(r"^(?:(%s)\s+)?([A-Za-z_]\w*)\s*(\(\))?\s+-\s+(\S.*)$" % "|".join(KINDS))
PARAM = re.compile(r"^@([\w.]+(?:\[\])?|\.\.\.):[ \t]*(.*)$")
TAG = re.compile(r"^(%s):[ \t]*(.*)$" % "|".join(TAGS))


class Entry:
    """One contract comment and the declaration that follows it."""

    def __init__(self, path, line, kind, name, short):
        self.path, self.line = path, line
        self.kind, self.name, self.short = kind, name, short
        self.params = []            # (name, text, line)
        self.body = []              # lines
        self.tags = []              # (tag, text, line)
        self.declaration = ""       # without the final ';' or body
        self.source = ""            # as written, comments kept

    def tag(self, name):
        return next((text for tag, text, _ in self.tags if tag == name), None)


class Doc:
    """One DOC: section."""

    def __init__(self, path, line, title, body):
        self.path, self.line, self.title, self.body = path, line, title, body


def blank(text, keep_lines=True):
    """Text with comments replaced by white space, positions kept."""
    def spaces(match):
        value = match.group()
        if not value.startswith("/"):
            return value
        return re.sub(r"[^\n]", " ", value)
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
                  spaces, text, flags=re.S)


def strip_stars(block):
    lines = [re.sub(r"^[ \t]*\*(?: |$)?", "", line).rstrip() for line in block.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def end_of_declaration(code, start):
    """Index after the ';' or before the body's '{' of the declaration at start."""
    depth = 0
    for index in range(start, len(code)):
        char = code[index]
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char in ";{" and depth == 0:
            return index
    return len(code)


def clean(declaration):
    """A declaration as the reader should see it: no attribute, no macro of ours."""
    text = re.sub(r"\bstatic\s+inline\b|\bextern\b|\binline\b|\b_Noreturn\b", " ", declaration)
    while True:
        match = re.search(r"\b(?:__attribute__|__(?:must_hold|acquires|releases)|DMABUF_[A-Z0-9_]+)\s*(\()?", text)
        if not match:
            break
        end = match.end()
        if match.group(1):
            depth = 1
            while end < len(text) and depth:
                depth += (text[end] == "(") - (text[end] == ")")
                end += 1
        text = text[:match.start()] + " " + text[end:]
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,)\[])", r"\1", text)
    return re.sub(r"\(\s+", "(", text)


def directive_end(text, start):
    end = start
    while True:
        end = text.find("\n", end)
        if end < 0:
            return len(text)
        if text[end - 1] != "\\":
            return end
        end += 1


def attach(entry, text, code, position):
    """Fill in the declaration that follows a comment ending at position."""
    while True:
        start = re.compile(r"\s*").match(code, position).end()
        # Skip preprocessor lines that stand between comment and declaration,
        # unless the entry documents one.
        if code[start:start + 1] == "#" and not (
                entry.kind == "define" and re.match(r"#\s*define\s+%s\b" % re.escape(entry.name), code[start:])):
            position = directive_end(code, start)
            continue
        break
    if entry.kind == "define":
        end = directive_end(code, start)
        entry.source = text[start:end].strip()
        match = re.match(r"#\s*define\s+(\w+(?:\([^)]*\))?)", code[start:end])
        entry.declaration = match.group(1) if match else ""
        return
    end = end_of_declaration(code, start)
    if entry.kind in ("struct", "union", "enum"):
        match = re.match(r"(?:typedef\s+)?%s\b" % entry.kind, code[start:end])
        if match and code[end:end + 1] == "{":
            depth, stop = 0, end
            while stop < len(code):
                depth += (code[stop] == "{") - (code[stop] == "}")
                stop += 1
                if depth == 0:
                    break
            semicolon = code.find(";", stop)
            entry.source = text[start:semicolon + 1]
        elif match:
            entry.source = text[start:end + 1]
        entry.declaration = "%s %s" % (entry.kind, entry.name) if match else ""
        return
    entry.source = text[start:end + (code[end:end + 1] == ";")]
    entry.declaration = clean(code[start:end])
    if entry.kind == "var":
        entry.declaration = entry.declaration.split("=")[0].strip()


def parse_entry(path, line, title, lines, first):
    entry = Entry(path, line, title.group(1) or "function", title.group(2), title.group(4))
    # var: the comment has no "()" and no kind word; told apart by its declaration
    if not title.group(1) and not title.group(3):
        entry.kind = "var"
    state, number = "head", first
    for number, row in enumerate(lines, first):
        tag = TAG.match(row)
        param = PARAM.match(row)
        if tag:
            entry.tags.append([tag.group(1), tag.group(2), number])
            state = "tag"
        elif state == "tag":
            entry.tags[-1][1] = (entry.tags[-1][1] + " " + row.strip()).strip()
        elif param:
            entry.params.append([param.group(1), param.group(2), number])
            state = "param"
        elif state == "head" and row.strip():
            entry.short += " " + row.strip()
        elif state == "param" and row.strip():
            entry.params[-1][1] = (entry.params[-1][1] + " " + row.strip()).strip()
        else:
            state = "body"
            entry.body.append(row)
    entry.tags = [tuple(t) for t in entry.tags]
    entry.params = [tuple(p) for p in entry.params]
    return entry


def read(path, shown=None):
    """-> (entries, docs, complaints) of one file."""
    shown = shown or path
    with open(path, encoding="utf-8") as file:
        text = file.read()
    code = blank(text)
    entries, docs, complaints = [], [], []
    for match in COMMENT.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        lines = strip_stars(match.group(2) or "")
        if match.group(1):
            if not TITLE.match(match.group(1).strip()) and match.group(2) is None:
                continue        # a one-line /** note */ on a member of a struct
            lines.insert(0, match.group(1).strip())
            line -= 1
        while lines and not lines[0].strip():
            lines.pop(0)
            line += 1
        if not lines:
            continue
        if lines[0].startswith("DOC:"):
            docs.append(Doc(shown, line, lines[0][4:].strip(), lines[1:]))
            continue
        title = TITLE.match(lines[0])
        if not title:
            if not lines[0].startswith("@"):
                complaints.append("%s:%d: no contract title in a /** comment: write "
                                  "'name() - short words', or open it with /*" % (shown, line + 1))
            continue
        entry = parse_entry(shown, line, title, lines[1:], line + 2)
        attach(entry, text, code, match.end())
        if entry.kind == "function" and not re.search(r"\b%s\)?\s*\(" % re.escape(entry.name), entry.declaration) \
                or entry.kind != "function" and entry.name not in entry.source:
            complaints.append("%s:%d: the comment is about %s, the declaration after it is not: "
                              "put the comment right before the declaration" % (shown, line, entry.name))
        entries.append(entry)
    return entries, docs, complaints


def parameters(declaration, name):
    """Names of the parameters of a prototype."""
    match = re.search(r"\b%s\)?\s*\(" % re.escape(name), declaration)
    if not match:
        return []
    depth, part, parts = 1, "", []
    for char in declaration[match.end():]:
        depth += (char in "([") - (char in ")]")
        if depth == 0:
            break
        if char == "," and depth == 1:
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    names = []
    for part in (p.strip() for p in parts):
        if part in ("", "void"):
            continue
        if part == "...":
            names.append("...")
            continue
        pointer = re.search(r"\(\s*\*\s*(\w+)", part)
        words = re.findall(r"\w+", re.sub(r"\[[^]]*\]", "", part))
        names.append(pointer.group(1) if pointer else words[-1])
    return names


def check(entry):
    """Complaints about one entry's tags and parameters."""
    out = []

    def say(line, text):
        out.append("%s:%d: %s: %s" % (entry.path, line, entry.name, text))

    order = [TAGS.index(tag) for tag, _, _ in entry.tags]
    for tag, text, line in entry.tags:
        if not text.strip():
            say(line, "%s: is empty, write 'none' when there is nothing to say" % tag)
    if order != sorted(order):
        say(entry.line, "tags out of order, the order is " + ", ".join(TAGS))
    if len(set(order)) != len(order):
        say(entry.line, "a tag stands twice, keep one")
    if entry.kind == "function":
        missing = [tag for tag in TAGS if entry.tag(tag) is None]
        if missing:
            say(entry.line, "no %s tag, add it ('none' is an answer)" % ", ".join(missing))
        wanted = parameters(entry.declaration, entry.name)
        have = [name for name, _, _ in entry.params]
        for name in wanted:
            if name not in have:
                say(entry.line, "parameter %s is not documented, add '@%s: ...'" % (name, name))
        for name, text, line in entry.params:
            if name not in wanted:
                say(line, "@%s is no parameter of it, remove or rename it" % name)
            elif not text:
                say(line, "@%s has no words, add some" % name)
    return out


def declared_functions(path):
    """(name, line) of every function declared or defined at file scope of a header."""
    with open(path, encoding="utf-8") as file:
        text = blank(file.read())
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M)
    text = re.sub(r'extern\s+"C"\s*\{', lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    found, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char == "{":
            if depth == 0:
                found.append((text[start:index], start))
            depth += 1
        elif char == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                start = index + 1
        elif char == ";" and depth == 0:
            found.append((text[start:index], start))
            start = index + 1
    result = []
    for statement, offset in found:
        plain = clean(statement)
        match = re.match(r"^(?!typedef\b)[\w\s*]*?\b(\w+)\s*\((?!\s*\*)", plain)
        if not match or "=" in plain.split("(")[0] or match.group(1) in ("_Static_assert", "static_assert", "sizeof"):
            continue
        if len(plain[:match.start(1)].strip()) == 0:
            continue            # a macro call, no type before the name
        where = statement.rfind(match.group(1))
        where = re.search(r"\b%s\b" % match.group(1), statement).start() if where >= 0 else 0
        result.append((match.group(1), text.count("\n", 0, offset + where) + 1))
    return result
