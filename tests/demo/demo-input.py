#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo-input.py DMABUF - every kind of input goes the same way

A video that ffmpeg decodes, a .y4m file, a stream on stdin, the clip that
ffmpeg makes, and the built-in generator.
"""

import os
import subprocess
import sys

from demo_test import (Demo, check, check_equal, main, need, run, run_json, test, work_dir,
                       write_y4m)


def make_clip(name, *how):
    path = os.path.join(work_dir(), name)
    subprocess.run([need('ffmpeg'), '-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i',
                    'testsrc2=size=320x240:rate=25:duration=2', '-pix_fmt', 'yuv420p', *how, path],
                   check=True)
    return path


@test
def a_y4m_file_flows_through():
    got = run_json(write_y4m('in.y4m', 320, 240, 40))
    check_equal(got['frames'], 40, 'frames')
    check_equal((got['width'], got['height']), (320, 240), 'size')
    check(got['ingest_bytes'] >= 40 * 320 * 240 * 3 // 2, 'too few bytes read:', got)


@test
def a_stream_on_stdin_flows_through():
    path = write_y4m('in.y4m', 64, 48, 30)
    cat = subprocess.Popen(['cat', path], stdout=subprocess.PIPE)
    demo = Demo('-', '--json', 'stream.json', stdin=cat.stdout)
    cat.stdout.close()
    code, out, err = demo.finish()
    cat.wait()
    check_equal((code, err), (0, ''), 'exit code and stderr')
    check('30 of 64x48' in out, 'no such line in the table:', out)
    check(os.path.exists(os.path.join(work_dir(), 'stream.json')), 'no JSON file')


@test
def fewer_frames_than_there_are():
    got = run_json(write_y4m('in.y4m', 64, 48, 30), '--frames', 7)
    check_equal(got['frames'], 7, 'frames')


@test
def a_single_frame_is_a_video_too():
    got = run_json(write_y4m('one.y4m', 64, 48, 1), '--buffers', 5)
    check_equal(got['frames'], 1, 'frames')


@test
def odd_sizes_are_fine():
    got = run_json('--size', '35x27', '--frames', 20, ffmpeg=False)
    check_equal((got['width'], got['height'], got['frames']), (35, 27, 20), 'size and frames')


@test
def realtime_takes_its_time():
    got = run_json(write_y4m('in.y4m', 64, 48, 16), '--realtime')
    check(got['seconds'] >= 15 / 30, 'too fast:', got['seconds'])


@test
def without_ffmpeg_the_generator_says_so():
    code, out, err = run('--size', '64x48', '--frames', 10, ffmpeg=False)
    check_equal(code, 0, 'exit code')
    check('built-in generator' in out and 'no ffmpeg' in err, 'does not say so:', out, err)


@test
def an_mp4_is_decoded():
    path = make_clip('in.mp4', '-c:v', 'mpeg4')
    got = run_json(path, limit=60)
    check_equal(got['frames'], 50, 'frames')
    check_equal((got['width'], got['height']), (320, 240), 'size')
    check_equal(got['input'], 'decoded by ffmpeg', 'input')


@test
def the_first_frames_of_an_mp4():
    got = run_json(make_clip('in.mp4', '-c:v', 'mpeg4'), '--frames', 10, limit=60)
    check_equal(got['frames'], 10, 'frames')


@test
def ffmpeg_itself_can_be_the_other_end():
    ffmpeg = subprocess.Popen([need('ffmpeg'), '-nostdin', '-v', 'error', '-f', 'lavfi', '-i',
                               'testsrc2=size=320x240:rate=25:duration=2', '-pix_fmt', 'yuv420p',
                               '-f', 'yuv4mpegpipe', '-'], stdout=subprocess.PIPE)
    got = run_json('-', stdin=ffmpeg.stdout, limit=60)
    ffmpeg.stdout.close()
    check_equal(ffmpeg.wait(), 0, "ffmpeg's exit code")
    check_equal(got['frames'], 50, 'frames')


@test
def ffmpeg_makes_the_clip():
    need('ffmpeg')
    got = run_json('--frames', 60, limit=60)
    check_equal(got['frames'], 60, 'frames')
    check(got['width'] >= 1280 and got['height'] >= 720, 'too small:', got)
    check_equal(got['input'], 'clip made by ffmpeg', 'input')


sys.exit(main())
