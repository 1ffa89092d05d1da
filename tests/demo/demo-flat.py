#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo-flat.py DMABUF - the thousandth frame costs what the hundredth did

Feeds the demo by hand: after 100 frames, and again after 1000, every stage is
at rest and its threads, file descriptors and resident memory are read from
/proc. Then the same by time at full speed, for hundreds of thousands of frames.
"""

import os
import pathlib
import re
import sys
import time

from demo_test import (Demo, STAGES, check, check_equal, main, sanitizer, slower, test, y4m_frame,
                       y4m_header)

WIDTH, HEIGHT = 160, 120
SLACK_KB = 256		# a page here and there: malloc's arenas, stacks


def measure(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    found = dict(re.findall(r'^(\w+):\s+(\d+)', status, re.M))
    return {'fds': len(os.listdir(f'/proc/{pid}/fd')), 'threads': int(found['Threads']),
            'rss_kb': int(found['VmRSS']), 'maps': len(
                pathlib.Path(f'/proc/{pid}/maps').read_text().splitlines())}


def compare(name, early, late):
    print(f'# {name}: {early} -> {late}')
    for what in ('fds', 'threads'):
        check_equal(late[what], early[what], f'{what} of {name}')
    if sanitizer():
        return		# they keep freed memory on purpose
    check(late['rss_kb'] <= early['rss_kb'] + SLACK_KB, f'memory of {name} grows:', early, late)
    check(late['maps'] <= early['maps'] + 2, f'mappings of {name} grow:', early, late)


def feed(pipe, first, last):
    for number in range(first, last):
        pipe.write(y4m_frame(WIDTH, HEIGHT, number))
    pipe.flush()
    time.sleep(0.5 * slower())


@test
def a_thousand_frames_cost_no_more_than_a_hundred():
    mine, theirs = os.pipe()
    demo = Demo('-', '--png', 'flat.png', stdin=mine)
    os.close(mine)
    pids = {name: demo.stage(name) for name in STAGES}
    pids['supervisor'] = demo.process.pid
    with os.fdopen(theirs, 'wb') as pipe:
        pipe.write(y4m_header(WIDTH, HEIGHT))
        feed(pipe, 0, 100)
        early = {name: measure(pid) for name, pid in pids.items()}
        feed(pipe, 100, 1000)
        late = {name: measure(pid) for name, pid in pids.items()}
    code, out, err = demo.finish()
    check_equal((code, err), (0, ''), 'exit code and stderr')
    check(f'1000 of {WIDTH}x{HEIGHT}' in out, 'no such line in the table:', out)
    for name in pids:
        compare(name, early[name], late[name])


@test
def full_speed_costs_no_more_after_a_while():
    demo = Demo('--null', '--frames', 1000000000, '--size', '64x48')
    pids = {name: demo.stage(name) for name in STAGES}
    time.sleep(1 * slower())
    early = {name: measure(pid) for name, pid in pids.items()}
    time.sleep(4)
    late = {name: measure(pid) for name, pid in pids.items()}
    demo.kill()
    for name in pids:
        late[name]['rss_kb'] -= 1024	# fences on their way to being freed come in waves
        compare(name, early[name], late[name])


sys.exit(main())
