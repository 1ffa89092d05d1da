#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo-check.py DMABUF - short runs in which the demo checks itself

The sink looks at every frame, so a fence that signals too early, a reader that
nobody waits for or a buffer that is handed on too soon fails the run. Two
buffers and no pixels make the hand-off the only thing there is: the writer is
always at the reader's heels.
"""

import os
import sys

from demo_test import check, check_equal, main, run, run_json, test, work_dir


def stamps(frames, buffers):
    got = run_json('--null', '--frames', frames, '--buffers', buffers)
    print(f"# {buffers} buffers: {got['frames_per_second']:.0f} frames/s,"
          f" {got['waits_slept']} waits slept, {got['waits_ready']} did not")
    check_equal(got['frames'], frames, 'frames')
    check_equal(got['copied_bytes'], 0, 'bytes copied')
    return got


@test
def stamps_are_right_with_two_buffers():
    stamps(30000, 2)


@test
def stamps_are_right_with_eight_buffers():
    stamps(30000, 8)


@test
def stamps_are_right_with_sixty_four_buffers():
    stamps(30000, 64)


def pixels(frames, buffers):
    png = os.path.join(work_dir(), 'sheet.png')
    got = run_json('--size', '320x240', '--frames', frames, '--buffers', buffers, '--png', png,
                   ffmpeg=False)
    check_equal(got['frames'], frames, 'frames')
    check_equal(got['copied_bytes'], 0, 'bytes copied')
    check_equal(got['rows_checked'], 8 * frames, 'rows checked')
    check_equal(got['input'], 'built-in generator', 'input')
    if got['png']:
        with open(png, 'rb') as sheet:
            check_equal(sheet.read(8), b'\x89PNG\r\n\x1a\n', 'first bytes of the contact sheet')
    return got


@test
def edges_are_right_with_two_buffers():
    pixels(400, 2)


@test
def edges_are_right_with_eight_buffers():
    pixels(400, 8)


@test
def waits_and_messages_add_up():
    frames = 1000
    got = stamps(frames, 4)
    # Per frame: announced, passed on, and three releases; then pools and ends.
    check_equal(got['messages'], 5 * frames + 3 + 2, 'messages')
    for hop in got['hops']:
        check(hop['slept'] + hop['ready'] >= frames - 4, 'waits are missing:', hop)
        check(hop['p50_ns'] <= hop['p99_ns'] <= hop['max_ns'], 'out of order:', hop)


@test
def a_filter_that_does_nothing_still_passes_frames_on():
    code, out, err = run('--filter', 'none', '--frames', '50', '--size', '64x48', ffmpeg=False)
    check_equal(code, 0, f'exit code ({err!r})')
    check('50 of 64x48' in out, 'no such line in the table:', out)


sys.exit(main())
