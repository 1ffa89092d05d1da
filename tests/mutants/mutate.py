#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The parts of tests/mutants/run.sh that want exact text.

mutate.py sync FROM TO     make TO a copy of the tree FROM, touching only what differs
mutate.py field NAME FILE  print a header of a mutant: what, file, killed-by, only
mutate.py apply TREE FILE  build the mutant's bug into TREE
mutate.py revert TREE FROM FILE  put the mutant's file back as it is in FROM
mutate.py verdicts BUILD   "VERDICT NAME" for each test of the last run in BUILD
mutate.py program BUILD TEST  what a test runs
mutate.py targets BUILD TEST...  what ninja has to build for the tests

A mutant is a text file:

    # what: the fence is signalled before the work is done
    # file: src/fence/dma-fence.c
    # killed-by: fence
    # only: signal_twice
    -	old line
    +	new line

`only` may be left out. It is a part of the name of the rules that find the bug,
so that the others of a slow test need not run.

One `-` line, and a `+` line unless the bug is that the line is gone. Lines that
begin with a blank stand around it unchanged, for when the old line alone occurs
more than once. Blanks at both ends of a line do not count in the comparison.
The lines must occur in the file together exactly once: otherwise the source has
moved on, the mutant is stale, and that is a failure too.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys


class Stale(Exception):
    """The mutant does not fit the source."""


def read_mutant(path):
    """(headers, old lines, new lines); new lines as (text, is it new?)"""
    headers, old, new = {}, [], []
    for line in pathlib.Path(path).read_text(encoding='utf-8').splitlines():
        if line.startswith('#'):
            key, colon, value = line[1:].partition(':')
            if colon:
                headers[key.strip()] = value.strip()
        elif line.startswith('-'):
            old.append(line[1:].strip())
        elif line.startswith('+'):
            new.append((line[1:], True))
        elif line.startswith((' ', '\t')):
            old.append(line[1:].strip())
            new.append((line[1:], False))
        elif line.strip():
            raise Stale(f'a line begins with neither # - + nor a blank: {line}')
    for key in ('what', 'file', 'killed-by'):
        if not headers.get(key):
            raise Stale(f'has no "# {key}:" line')
    kept = sum(1 for _, is_new in new if not is_new)
    if len(old) - kept != 1 or len(new) - kept > 1:
        raise Stale('needs one - line and at most one + line')
    return headers, old, new


def apply(tree, path):
    headers, old, new = read_mutant(path)
    target = pathlib.Path(tree) / headers['file']
    if not target.is_file():
        raise Stale(f'there is no {headers["file"]}')
    lines = target.read_text(encoding='utf-8').split('\n')
    bare = [line.strip() for line in lines]
    hits = [at for at in range(len(bare) - len(old) + 1) if bare[at:at + len(old)] == old]
    if len(hits) != 1:
        raise Stale(f'its old lines occur {len(hits)} times in {headers["file"]}, not once')
    lines[hits[0]:hits[0] + len(old)] = [text for text, _ in new]
    target.write_text('\n'.join(lines), encoding='utf-8')


def revert(tree, origin, path):
    name = read_mutant(path)[0]['file']
    # a plain copy, so that the time stamp is new and ninja sees the change
    shutil.copyfile(pathlib.Path(origin) / name, pathlib.Path(tree) / name)


def tree_files(origin):
    """The files git tracks or would track; without git, all but the builds'."""
    try:
        out = subprocess.run(
            ['git', '-C', str(origin), 'ls-files', '-z', '--cached', '--others',
             '--exclude-standard'],
            check=True, capture_output=True).stdout
        names = [os.fsdecode(name) for name in out.split(b'\0') if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for where, dirs, files in os.walk(origin):
            top = pathlib.Path(where) == pathlib.Path(origin)
            dirs[:] = [d for d in dirs if d != '.git' and not
                       (top and (d == 'build' or d.startswith('build-')))]
            names += [os.path.relpath(os.path.join(where, f), origin) for f in files]
    return {name for name in names if (pathlib.Path(origin) / name).is_file()}


def sync(origin, copy):
    origin, copy = pathlib.Path(origin), pathlib.Path(copy)
    wanted = tree_files(origin)
    for name in wanted:
        source, target = origin / name, copy / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            shutil.copymode(source, target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    for where, _, files in os.walk(copy):
        for name in files:
            path = pathlib.Path(where) / name
            if str(path.relative_to(copy)) not in wanted:
                path.unlink()


def verdicts(build):
    log = pathlib.Path(build) / 'meson-logs' / 'testlog.json'
    for line in log.read_text(encoding='utf-8', errors='replace').splitlines():
        test = json.loads(line)
        print(test['result'], test['name'].rpartition(' / ')[2])


def tests_of(build):
    path = pathlib.Path(build) / 'meson-info' / 'intro-tests.json'
    return {test['name']: test for test in json.loads(path.read_text(encoding='utf-8'))}


def program(build, name):
    print(tests_of(build)[name]['cmd'][0])


def targets(build, *names):
    """All of it, if a test does not say what it needs."""
    build = pathlib.Path(build)
    info = json.loads((build / 'meson-info' / 'intro-targets.json').read_text(encoding='utf-8'))
    files = {target['id']: target['filename'] for target in info}
    tests, needed = tests_of(build), []
    for name in names:
        if name not in tests:
            continue
        depends = tests[name]['depends']
        needed += [os.path.relpath(file, build) for target in depends for file in files[target]]
        if not depends:
            needed.append('all')
    print(' '.join(sorted(set(needed))))


def main(args):
    commands = {
        ('sync', 2): sync,
        ('field', 2): lambda name, path: print(read_mutant(path)[0].get(name, '')),
        ('apply', 2): apply,
        ('revert', 3): revert,
        ('verdicts', 1): verdicts,
        ('program', 2): program,
    }
    command = commands.get((args[0], len(args) - 1)) if args else None
    if args and args[0] == 'targets' and len(args) > 1:
        command = targets
    if command is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        command(*args[1:])
    except Stale as err:
        print(f'stale: {err}')
        return 3
    except (OSError, KeyError) as err:
        print(f'mutate.py: {err}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
