#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo-copies.py DMABUF - no frame goes through the kernel between stages

Runs the demo under strace and looks at every system call that moves bytes: the
only large ones may be the source's reads of its input and the sink's writing
of the contact sheet. Calls that move bytes in other ways must not occur.
"""

import collections
import json
import os
import re
import subprocess
import sys

from demo_test import (Demo, Skip, check, check_equal, main, need, sanitizer, test, work_dir,
                       write_y4m)

MOVES = ('read', 'write', 'pread64', 'pwrite64', 'readv', 'writev', 'preadv', 'pwritev', 'preadv2',
         'pwritev2', 'recvfrom', 'sendto', 'recvmsg', 'sendmsg')
NEVER = ('splice', 'vmsplice', 'tee', 'sendfile', 'copy_file_range', 'process_vm_readv',
         'process_vm_writev', 'recvmmsg', 'sendmmsg')
LARGE = 4096

WIDTH, HEIGHT, FRAMES = 320, 240, 30
FRAME = WIDTH * HEIGHT * 3 // 2


def traced_run():
    """(JSON of the run, lines of the trace)"""
    strace = need('strace')
    if sanitizer():
        raise Skip('leak checkers and strace do not go together')
    trace = os.path.join(work_dir(), 'trace')
    cat = subprocess.Popen(['cat', write_y4m('in.y4m', WIDTH, HEIGHT, FRAMES)],
                           stdout=subprocess.PIPE)
    demo = Demo('-', '--json', '-', stdin=cat.stdout, prefix=(
        strace, '-f', '-y', '-qq', '-s', '64', '-o', trace, '-e',
        'trace=execve,' + ','.join(MOVES + NEVER)))
    cat.stdout.close()
    code, out, err = demo.finish(60)
    cat.wait()
    if code and 'ptrace' in err.lower():
        raise Skip('strace is not allowed here')
    check_equal((code, err), (0, ''), 'exit code and stderr')
    with open(trace, encoding='utf-8', errors='replace') as lines:
        return json.loads(out), lines.read().splitlines()


def calls(lines):
    """(pid, call, first argument, result) of each finished call."""
    begun = {}
    for line in lines:
        pid, _, text = line.partition(' ')
        text = text.strip()
        if text.endswith('<unfinished ...>'):
            begun[pid] = text[:-len('<unfinished ...>')]
            continue
        again = re.match(r'<\.\.\. \w+ resumed>(.*)', text)
        if again:
            text = begun.pop(pid, '') + again.group(1)
        found = re.match(r'(\w+)\((.*)\)\s+= (-?\d+)', text)
        if found:
            yield pid, found.group(1), found.group(2), int(found.group(3))


def stage_of_thread(lines):
    """{thread: stage}; threads that never exec belong to the last stage that did
    in their process, which strace does not tell: they get None."""
    stages = {}
    for pid, call, args, result in calls(lines):
        found = re.search(r'"demo-stage", "(\w+)"', args)
        if call == 'execve' and found and result == 0:
            stages[pid] = found.group(1)
    return stages


@test
def no_frame_goes_through_the_kernel_between_stages():
    got, lines = traced_run()
    stages = stage_of_thread(lines)
    check_equal(sorted(stages.values()), ['filter', 'sink', 'source'], 'stages in the trace')
    read_by_source = 0
    small = collections.Counter()
    for pid, call, args, result in calls(lines):
        check(call not in NEVER, 'a call that should not be there:', call, args)
        if call not in MOVES:
            continue
        if result < LARGE:
            small[stages.get(pid, 'another thread')] += max(result, 0)
        elif stages.get(pid) == 'source' and call == 'read' and args.startswith('0<pipe:'):
            read_by_source += result
        else:
            check('.png' in args.split(',')[0], 'a large transfer:', pid, stages.get(pid), call,
                  args[:200], result)
    print(f'# read by the source in large pieces: {read_by_source}; in small calls: {dict(small)}')
    check(read_by_source > FRAMES * FRAME * 0.9, 'too little was read from the pipe')
    check(sum(small.values()) < FRAME * FRAMES / 10, 'many small transfers:', small)
    check_equal(got['copied_bytes'], 0, 'bytes copied by its own count')
    check(got['socket_bytes'] < FRAME, 'bytes through sockets:', got['socket_bytes'])


sys.exit(main())
