# SPDX-License-Identifier: MIT
"""What `dmabuf bench` prints: its JSON, its list of rows, its errors.

Prints one TAP line for each test. No time is judged: only that there is one.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback

ALWAYS = ['atomic_add', 'mutex_pair', 'null_syscall', 'futex_pingpong_same_cpu']
TWO_CPUS = ['futex_pingpong_cross_cpu', 'spin_pingpong_cross_cpu']
TOOL = os.path.abspath(sys.argv[1])


def bench(*words):
    return subprocess.run([TOOL, 'bench', *words], capture_output=True, text=True, timeout=100)


def check(truth, *what):
    if not truth:
        raise AssertionError(' '.join(str(word) for word in what))


def check_rows(rows, expected):
    names = [row['name'] for row in rows]
    check(isinstance(rows, list), 'no array:', rows)
    check(len(set(names)) == len(names), 'a name comes twice:', names)
    for name in expected:
        check(name in names, name, 'is missing in', names)
    for row in rows:
        check(row['ns'] > 0, 'no time:', row)
        check(row['min'] <= row['ns'] <= row['max'], 'the median is not between:', row)
        check(row['runs'] >= 1, 'no runs:', row)


def rows_of_the_machine_come_with_every_filter():
    run = bench('--filter', 'atomic_add', '--repeat', '2', '--json', '-')
    check(run.returncode == 0, run.returncode, run.stderr)
    rows = json.loads(run.stdout)
    check_rows(rows, ALWAYS + (TWO_CPUS if len(os.sched_getaffinity(0)) > 1 else []))
    check(all(row['runs'] == 2 for row in rows), 'not two runs:', rows)


def filter_and_json_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'bench.json')
        run = bench('--filter', 'fence_get_p*', '--repeat', '1', '--json', path)
        check(run.returncode == 0, run.returncode, run.stderr)
        with open(path, encoding='ascii') as file:
            rows = json.load(file)
    check_rows(rows, ALWAYS + ['fence_get_put'])
    check('fence_init' not in [row['name'] for row in rows], 'the filter lets too much through')
    check('fence_get_put' in run.stdout, 'no table:', run.stdout)
    check(all(len(line) <= 80 for line in run.stdout.splitlines()), 'too wide:', run.stdout)


def list_names_rows_and_measures_nothing():
    run = bench('--list', '--filter', 'handoff')
    names = run.stdout.split()
    check(run.returncode == 0, run.returncode, run.stderr)
    for size in ('64K', '1M', '8M'):
        for way in ('', '_socket', '_pipe', '_untouched'):
            check(f'handoff_{size}{way}' in names, f'handoff_{size}{way} is missing in', names)


def wrong_words_are_one_sentence_and_exit_2():
    for words in (['--nonsense'], ['extra'], ['--repeat', '0'], ['--repeat', '1x'], ['--filter'],
                  ['--json', ''], ['--filter', 'no such row']):
        run = bench(*words)
        check(run.returncode == 2, words, 'exits with', run.returncode)
        check(run.stderr.count('\n') == 1 and not run.stdout, words, run.stdout, run.stderr)


def unwritable_json_is_exit_1_at_once():
    run = bench('--json', '/nonexistent/bench.json')
    check(run.returncode == 1, run.returncode)
    check(run.stderr.count('\n') == 1 and not run.stdout, run.stdout, run.stderr)


TESTS = [
    rows_of_the_machine_come_with_every_filter,
    filter_and_json_file,
    list_names_rows_and_measures_nothing,
    wrong_words_are_one_sentence_and_exit_2,
    unwritable_json_is_exit_1_at_once,
]


def main():
    failed = False
    print(f'1..{len(TESTS)}')
    for number, function in enumerate(TESTS, 1):
        try:
            function()
            print(f'ok {number} - {function.__name__}', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed = True
            for line in traceback.format_exc().splitlines():
                print('#', line)
            print(f'not ok {number} - {function.__name__}', flush=True)
    return failed


sys.exit(main())
