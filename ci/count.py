#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""count.py BUILD_DIR - what the last `meson test` there came to

Prints one line for each failure and each skip, the skips with their reason,
then the last line "PASSED FAILED SKIPPED" for ci/check.sh to add up.

meson writes two reports and neither is enough. testlog.junit.xml has the
subtests of a TAP program, but shows a program that ran into its time limit as
passed. testlog.json has the verdict of each program, but not its subtests. So
subtests are counted from the first; a program with a bad verdict and no bad
subtest (it crashed, leaked, or stopped early) is one failure more.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree

BAD = {'FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'}


def short(name):
    """A test's name without the "project:suite / " meson puts before it."""
    return name.rpartition(' / ')[2]


def subtests(path):
    """{program: [(subtest, 'ok' | 'failed' | 'skipped', explanation)]}"""
    found = {}
    for suite in xml.etree.ElementTree.parse(path).getroot().iter('testsuite'):
        project, dot, program = suite.get('name').partition('.')
        if not dot:
            continue  # programs without subtests; the JSON report has them
        cases = found.setdefault(program, [])
        for case in suite.iter('testcase'):
            if case.find('failure') is not None or case.find('error') is not None:
                verdict = 'failed'
            elif case.find('skipped') is not None:
                verdict = 'skipped'
            else:
                verdict = 'ok'
            why = case.findtext('system-out') or ''
            cases.append((case.get('name'), verdict, why.strip()))
    return found


def programs(path):
    """One dict for each program that ran."""
    with open(path, encoding='utf-8', errors='replace') as log:
        return [json.loads(line) for line in log if line.strip()]


def skip_reason(program):
    """Why a program as a whole was skipped; None if it does not say it skips."""
    out = program.get('stdout') or ''
    plan = re.search(r'^1\.\.0\s*#\s*skip\w*[ :]*(.*)$', out, re.I | re.M)
    if plan:
        return plan.group(1).strip() or 'no reason given'
    if program.get('returncode') == 77:
        lines = (out + '\n' + (program.get('stderr') or '')).strip().splitlines()
        return lines[-1].strip() if lines else 'no reason given'
    return None


def last_words(program):
    """The end of a failed program's output, for the one who reads the log."""
    text = (program.get('stdout') or '') + (program.get('stderr') or '')
    return ''.join(f'    | {line}\n' for line in text.splitlines()[-40:])


def main():
    if len(sys.argv) != 2:
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    logs = pathlib.Path(sys.argv[1]) / 'meson-logs'
    try:
        cases = subtests(logs / 'testlog.junit.xml')
        ran = programs(logs / 'testlog.json')
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as err:
        print(f'  FAILED {sys.argv[1]}: no usable test report ({err})')
        print('0 1 0')
        return 1

    count = {'ok': 0, 'failed': 0, 'skipped': 0}
    for program in ran:
        name = short(program['name'])
        verdict = program['result']
        mine = cases.get(program['name'], [])
        bad_before = count['failed']
        for subtest, state, why in mine:
            count[state] += 1
            if state == 'failed':
                print(f'  FAILED {name}: {subtest}' + (f' ({why})' if why else ''))
            elif state == 'skipped':
                print(f'  skipped {name}: {subtest}: {why or "no reason given"}')
        if verdict in BAD and count['failed'] == bad_before:
            count['failed'] += 1
            print(f'  FAILED {name}: {verdict}, exit status {program.get("returncode")}')
        elif not mine and verdict == 'SKIP':
            reason = skip_reason(program)
            if reason is None:
                count['failed'] += 1
                print(f'  FAILED {name}: printed no results')
            else:
                count['skipped'] += 1
                print(f'  skipped {name}: {reason}')
        elif not mine and verdict not in BAD:
            count['ok'] += 1
        if count['failed'] > bad_before:
            print(last_words(program), end='')

    print(count['ok'], count['failed'], count['skipped'])
    return 1 if count['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
