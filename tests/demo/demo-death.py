#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo-death.py DMABUF - whoever dies, the others end, and the reason is told

Each stage, ffmpeg and the supervisor are killed, at rest and at full speed;
inputs end early or are none; there is no memory. Every time the rest must be
gone within a second, with a non-zero exit code and one sentence that names the
stage and the cause, and nothing may stay behind.
"""

import glob
import os
import pathlib
import re
import resource
import signal
import sys
import time

from demo_test import (Demo, STAGES, Skip, check, check_equal, main, need, one_sentence, run,
                       sanitizer, shared_traces, slower, test, work_dir, write_y4m, y4m_frame,
                       y4m_header)

# A run that does not end by itself, at the pace of a camera and flat out.
SLOW = ('--realtime', '--size', '64x48', '--frames', 1000000)
FAST = ('--null', '--frames', 1000000000)


def kill_and_wait(demo, pid, number=signal.SIGKILL):
    """What demo.finish() gives; it must come within a second."""
    start = time.monotonic()
    os.kill(pid, number)
    got = demo.finish(10)
    took = time.monotonic() - start
    print(f'# ended after {took * 1000:.0f} ms: {got[2].strip()}')
    check(took < 1 * slower(), f'took {took:.2f} s')
    return got


def kill_stage(name, args, after):
    demo = Demo(*args, ffmpeg=False)
    pids = [demo.stage(stage) for stage in STAGES]
    time.sleep(after)
    code, out, err = kill_and_wait(demo, pids[STAGES.index(name)])
    check_equal((code, out), (1, ''), 'exit code and stdout')
    sentence = one_sentence(err)
    found = re.fullmatch(rf'{name} was killed by signal 9 after (\d+) frames?', sentence)
    check(found, 'wrong sentence:', sentence)
    return int(found.group(1))


@test
def each_stage_is_killed_at_a_calm_pace():
    for name in STAGES:
        frames = kill_stage(name, SLOW, 0.7 * slower())
        check(5 <= frames <= 100 * slower(), f'{frames} frames are not likely')


@test
def each_stage_is_killed_at_full_speed():
    for name in STAGES:
        check(kill_stage(name, FAST, 0.3 * slower()) > 0, 'no frames')


@test
def each_stage_is_killed_as_soon_as_it_is_there():
    for name in STAGES:
        kill_stage(name, SLOW, 0)


@test
def stages_are_killed_while_the_source_waits_for_input():
    for name in STAGES:
        mine, theirs = os.pipe()
        demo = Demo('-', stdin=mine)
        os.close(mine)
        os.write(theirs, y4m_header(64, 48) + 3 * y4m_frame(64, 48, 0))
        pid = [demo.stage(stage) for stage in STAGES][STAGES.index(name)]
        time.sleep(0.3 * slower())
        code, _, err = kill_and_wait(demo, pid)
        os.close(theirs)
        check_equal(code, 1, 'exit code')
        check_equal(one_sentence(err), f'{name} was killed by signal 9 after 3 frames', 'sentence')


@test
def ffmpeg_is_killed():
    need('ffmpeg')
    demo = Demo('--realtime', '--frames', 100000)
    pid = demo.program('ffmpeg')
    time.sleep(1)
    code, _, err = kill_and_wait(demo, pid)
    check_equal(code, 1, 'exit code')
    sentence = one_sentence(err)
    check(sentence.startswith('source: ') and 'ffmpeg' in sentence and '9' in sentence,
          'wrong sentence:', sentence)


@test
def a_stage_that_hangs_does_not_keep_the_others():
    demo = Demo(*SLOW, ffmpeg=False)
    pids = [demo.stage(stage) for stage in STAGES]
    time.sleep(0.3 * slower())
    os.kill(pids[1], signal.SIGSTOP)
    code, _, err = kill_and_wait(demo, pids[2])
    check_equal(code, 1, 'exit code')
    check('sink was killed by signal 9' in one_sentence(err), 'wrong sentence:', err)


@test
def the_supervisor_is_killed():
    demo = Demo(*FAST, ffmpeg=False)
    for stage in STAGES:
        demo.stage(stage)
    time.sleep(0.2)
    demo.process.kill()
    demo.process.communicate()
    end = time.monotonic() + 1 * slower()
    while demo.marked() and time.monotonic() < end:
        time.sleep(0.01)
    left = demo.marked()
    demo.kill()
    check(not left, 'processes are left:', left)


@test
def the_supervisor_is_asked_to_stop():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        demo = Demo(*SLOW)
        for stage in STAGES:
            demo.stage(stage)
        time.sleep(0.2)
        code, out, err = kill_and_wait(demo, demo.process.pid, number)
        check_equal((code, out, err), (128 + number, '', ''), 'exit code and output')


@test
def ctrl_c_reaches_the_whole_group():
    demo = Demo(*SLOW, ffmpeg=False, start_new_session=True)
    for stage in STAGES:
        demo.stage(stage)
    time.sleep(0.2)
    code, out, err = kill_and_wait(demo, -demo.process.pid, signal.SIGINT)
    check_equal((code, out, err), (130, '', ''), 'exit code and output')


def refused(words, *args, **how):
    code, out, err = run(*args, limit=10, **how)
    check_equal((code, out), (1, ''), 'exit code and stdout')
    sentence = one_sentence(err)
    print(f'# {sentence}')
    for word in words:
        check(word in sentence, f'{word} is not in: {sentence}')


@test
def an_input_that_ends_inside_a_frame():
    size = 64 * 48 * 3 // 2
    path = write_y4m('cut.y4m', 64, 48, 18, cut=size - 12)
    refused(('source: ', 'frame 17', '12 of', str(size)), path)


@test
def an_input_that_ends_inside_a_header():
    path = os.path.join(work_dir(), 'cut.y4m')
    pathlib.Path(path).write_bytes(y4m_header(64, 48)[:20])
    refused(('source: ',), path)


@test
def an_input_without_frames():
    refused(('source: ', 'frame'), write_y4m('empty.y4m', 64, 48, 0))


@test
def an_input_that_is_no_video():
    path = os.path.join(work_dir(), 'junk.y4m')
    pathlib.Path(path).write_bytes(os.urandom(100000))
    refused(('source: ',), path)
    with open(path, 'rb') as junk:
        refused(('source: ',), '-', stdin=junk)


@test
def a_file_that_ffmpeg_cannot_decode():
    need('ffmpeg')
    path = os.path.join(work_dir(), 'junk.mp4')
    pathlib.Path(path).write_bytes(os.urandom(100000))
    refused(('source: ', 'ffmpeg'), path)


@test
def files_that_cannot_be_read():
    refused(('source: ', '/nonexistent/x.mp4', 'No such file'), '/nonexistent/x.mp4')
    refused(('source: ', 'directory'), work_dir())


@test
def no_room_for_the_buffers():
    limit = ((resource.RLIMIT_FSIZE, 64 << 20),)
    refused(('source: ', 'buffer 1 of 8', 'bytes', 'lower --buffers'), '--null', '--size',
            '8000x8000', limits=limit)


@test
def more_buffers_than_there_is_memory():
    needed = 2 * 64 * 16384 * 16384 * 3 // 2
    if os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') > needed:
        raise Skip('this machine has more memory than the demo can ask for')
    refused((' of 64', 'Cannot allocate memory', 'lower --buffers or --size'), '--null',
            '--buffers', 64, '--size', '16384x16384')


@test
def no_address_space_for_the_buffers():
    if sanitizer():
        raise Skip('sanitizers need more address space than any limit')
    limit = ((resource.RLIMIT_AS, 300 << 20),)
    refused((': ', ' of 8', 'Cannot allocate memory', 'lower --buffers'), '--null', '--size',
            '8000x8000', limits=limit)


@test
def no_file_descriptors_for_the_buffers():
    refused((': ', 'Too many open files'), '--null', '--buffers', 64, '--size', '64x48',
            limits=((resource.RLIMIT_NOFILE, 24),))


before = shared_traces()


@test
def nothing_is_left_of_all_this():
    left = [sorted(now - then) for now, then in zip(shared_traces(), before)]
    check_equal(left, [[], []], 'new files in /dev/shm, new sockets with a name')
    ours = []
    for comm in glob.glob('/proc/[0-9]*/comm'):
        try:
            name = open(comm, encoding='utf-8', errors='replace').read().strip()
        except OSError:
            continue
        if name.startswith('dmabuf-s') or name == 'dmabuf-filter':
            ours.append(name)
    print(f'# processes of other runs: {ours}')


sys.exit(main())
