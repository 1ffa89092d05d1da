#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo-options.py DMABUF - the command line, what is printed, and where

Every bad option is refused with one sentence that names it and its value, and
exit code 2; the progress bar is drawn on a terminal of 80 columns, never wider,
and nowhere else.
"""

import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import fcntl
import termios

from demo_test import (Demo, check, check_equal, main, one_sentence, run, test, tool, work_dir,
                       write_y4m)

BAD = (
    (('--nonsense',), ('--nonsense',)),
    (('--nonsense=3',), ('--nonsense',)),
    (('-x',), ('-x',)),
    (('--frames',), ('--frames', 'value')),
    (('--frames', '0'), ('--frames', "'0'", '1 to')),
    (('--frames', '12a'), ('--frames', "'12a'")),
    (('--frames=-1',), ('--frames', "'-1'")),
    (('--frames', '99999999999999999999'), ('--frames', '99999999999999999999')),
    (('--buffers', '1'), ('--buffers', "'1'", '2 to 64')),
    (('--buffers', '65'), ('--buffers', "'65'", '2 to 64')),
    (('--buffers=',), ('--buffers', 'value')),
    (('--size', '1920'), ('--size', "'1920'", 'WIDTHxHEIGHT')),
    (('--size', '1x1'), ('--size', "'1x1'")),
    (('--size', '20000x10'), ('--size', "'20000x10'", '16384')),
    (('--filter', 'blur'), ('--filter', "'blur'", 'edge', 'none')),
    (('--realtime=yes',), ('--realtime', "'yes'")),
    (('--null', 'x.mp4'), ('--null', "'x.mp4'")),
    (('--size', '64x48', 'x.mp4'), ('--size', "'x.mp4'")),
    (('a.mp4', 'b.mp4'), ("'a.mp4'", "'b.mp4'")),
    (('',), ('FILE',)),
)


@test
def every_bad_option_is_named():
    for args, words in BAD:
        args = (args,) if isinstance(args, str) else args
        code, out, err = run(*args)
        check_equal((code, out), (2, ''), f'exit code and stdout of {args}')
        sentence = one_sentence(err)
        print(f'# {sentence}')
        for word in words:
            check(word in sentence, f'{word} is not in: {sentence}')


@test
def unknown_commands_are_named():
    for args in ((), ('nonsense',), ('--nonsense',)):
        got = subprocess.run([tool(), *args], capture_output=True, text=True)
        check_equal((got.returncode, got.stdout), (2, ''), f'exit code and stdout of {args}')
        check_equal(len(got.stderr.splitlines()), 1, f'lines on stderr: {got.stderr!r}')


@test
def help_and_version_are_printed():
    for args, word in ((('--help',), 'demo'), (('demo', '--help'), '--realtime'),
                       (('--version',), 'dmabuf ')):
        got = subprocess.run([tool(), *args], capture_output=True, text=True)
        check_equal((got.returncode, got.stderr), (0, ''), f'exit code and stderr of {args}')
        check(word in got.stdout, f'{word} is not in: {got.stdout}')
        check(max(map(len, got.stdout.splitlines())) <= 80, 'wider than 80 columns')


@test
def stages_cannot_be_started_by_hand():
    got = subprocess.run([tool(), 'demo-stage', 'filter', '0', '1', '2'], capture_output=True)
    check_equal(got.returncode, 2, 'exit code')


@test
def piped_it_prints_the_table_and_nothing_else():
    code, out, err = run(write_y4m('in.y4m', 64, 48, 20))
    check_equal((code, err), (0, ''), 'exit code and stderr')
    check('\r' not in out and '\033' not in out, 'control characters in', repr(out))
    check(max(map(len, out.splitlines())) <= 80, 'wider than 80 columns')
    for word in ('20 of 64x48', 'frames/s', 'hand-off', 'p50', 'p99', 'copied', 'buffers'):
        check(word in out, f'{word} is not in the table: {out}')


@test
def json_on_stdout_is_all_there_is():
    code, out, err = run(write_y4m('in.y4m', 64, 48, 20), '--json=-')
    check_equal((code, err), (0, ''), 'exit code and stderr')
    check_equal(json.loads(out)['frames'], 20, 'frames')


@test
def json_in_a_file_comes_with_the_table():
    name = os.path.join(work_dir(), 'quote".json')
    code, out, err = run(write_y4m('in.y4m', 64, 48, 20), '--json', name)
    check_equal((code, err), (0, ''), 'exit code and stderr')
    check('20 of 64x48' in out, 'no table')
    check_equal(json.loads(pathlib.Path(name).read_text())['frames'], 20, 'frames')


@test
def files_that_cannot_be_written_are_named():
    path = write_y4m('in.y4m', 64, 48, 5)
    for option in ('--json', '--png'):
        code, _, err = run(path, option, '/nonexistent/out')
        check_equal(code, 1, 'exit code')
        check('/nonexistent/out' in one_sentence(err), 'not named:', err)


@test
def a_full_disk_under_the_table_is_an_error():
    with open('/dev/full', 'wb') as full:
        code, _, err = run(write_y4m('in.y4m', 64, 48, 5), stdout=full)
    check_equal(code, 1, 'exit code')
    check('No space left' in one_sentence(err), 'not said:', err)


@test
def closed_standard_streams_do_no_harm():
    closing = ('/bin/sh', '-c', 'exec "$@" <&- >&-', 'sh')
    code, _, err = run('--null', '--frames', 100, '--json', 'closed.json', prefix=closing)
    check_equal((code, err), (0, ''), 'exit code and stderr')


def on_a_terminal(columns, *args):
    """(exit code, everything that the terminal got)"""
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    demo = Demo(*args, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b''
    while True:
        try:
            piece = os.read(mine, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    code, _, _ = demo.finish()
    os.close(mine)
    return code, text.decode()


@test
def the_bar_fits_a_terminal_of_80_columns():
    code, text = on_a_terminal(80, write_y4m('in.y4m', 64, 48, 24), '--realtime')
    check_equal(code, 0, f'exit code ({text!r})')
    bars = [piece for piece in re.split(r'\r(?:\033\[K)?', text) if 'frames/s' in piece and '/' in
            piece and 'rate' not in piece]
    print(f'# {bars[:2]}')
    check(bars, 'no progress bar in', repr(text))
    for line in re.split(r'[\r\n]+', re.sub(r'\033\[[0-9;]*[A-Za-z]', '', text)):
        check(len(line) <= 80, f'{len(line)} columns:', line)
    check('24 of 64x48' in text, 'no table after it:', repr(text))


@test
def no_bar_when_only_stderr_is_a_terminal():
    mine, theirs = pty.openpty()
    demo = Demo(write_y4m('in.y4m', 64, 48, 10), '--realtime', stderr=theirs)
    os.close(theirs)
    code, out, _ = demo.finish()
    try:
        text = os.read(mine, 4096)
    except OSError:
        text = b''
    os.close(mine)
    check_equal((code, text), (0, b''), 'exit code and what the terminal got')
    check('10 of 64x48' in out, 'no table:', out)


sys.exit(main())
