# SPDX-License-Identifier: MIT
"""What the demo's tests share: running it, looking at its processes, TAP.

A test is a function whose name is a sentence; main() runs all that were marked
with @test and prints one TAP line for each. Every process that a run starts
carries a mark in its environment, so that whoever is left over is found, no
matter what it is called or whose child it has become.
"""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

# A build server, or nohup, may have started us with these ignored, which the demo would inherit and respect.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

STAGES = ('source', 'filter', 'sink')
MARK = 'DMABUF_DEMO_TEST_MARK'

_tests = []


class Skip(Exception):
    """The test cannot be done here; the text says why."""


def test(function):
    _tests.append(function)
    return function


def check(truth, *what):
    if not truth:
        raise AssertionError(' '.join(str(word) for word in what))


def check_equal(found, expected, what):
    check(found == expected, f'{what}: found {found!r}, expected {expected!r}')


def need(program):
    path = shutil.which(program)
    if not path:
        raise Skip(f'there is no {program}')
    return path


def tool():
    return os.path.abspath(sys.argv[1])


def sanitizer():
    """Name of the sanitizer the tool is built with, or None."""
    code = pathlib.Path(tool()).read_bytes()
    for name, symbol in (('asan', b'__asan_init'), ('tsan', b'__tsan_init')):
        if symbol in code:
            return name
    return None


def slower():
    """Time limits are so many times longer in this build."""
    return 4 if sanitizer() else 1


class Demo:
    """A running `dmabuf demo`."""

    def __init__(self, *args, ffmpeg=True, prefix=(), limits=(), **popen):
        self.mark = uuid.uuid4().hex
        env = dict(os.environ, **{MARK: self.mark})
        if not ffmpeg:
            env['PATH'] = '/nonexistent'
        popen.setdefault('stdin', subprocess.DEVNULL)
        popen.setdefault('stdout', subprocess.PIPE)
        popen.setdefault('stderr', subprocess.PIPE)
        popen.setdefault('cwd', work_dir())

        def set_limits():
            for which, value in limits:
                resource.setrlimit(which, (value, value))

        self.process = subprocess.Popen([*prefix, tool(), 'demo', *map(str, args)], env=env,
                                        preexec_fn=set_limits, **popen)

    def marked(self):
        """{pid: words of its command line} of all that belong to this run."""
        found = {}
        needle = f'{MARK}={self.mark}'.encode()
        for path in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                if needle not in (path / 'environ').read_bytes().split(b'\0'):
                    continue
                words = (path / 'cmdline').read_bytes().decode(errors='replace').split('\0')
                if (path / 'stat').read_text().rpartition(')')[2].split()[0] in 'ZX':
                    continue
            except OSError:
                continue
            found[int(path.name)] = words
        return found

    def stage(self, name):
        """pid of a stage; waits for it."""
        end = time.monotonic() + 10 * slower()
        while time.monotonic() < end:
            for pid, words in self.marked().items():
                if words[1:3] == ['demo-stage', name]:
                    return pid
            if self.process.poll() is not None:
                raise AssertionError(f'the demo has ended: {self.process.communicate()}')
            time.sleep(0.01)
        raise AssertionError(f'there is no stage {name}')

    def program(self, name):
        """pid of another program in this run; waits for it."""
        end = time.monotonic() + 10 * slower()
        while time.monotonic() < end:
            for pid, words in self.marked().items():
                if os.path.basename(words[0]) == name:
                    return pid
            time.sleep(0.01)
        raise AssertionError(f'there is no {name}')

    def finish(self, limit=30):
        """(exit code, stdout, stderr); the whole run must be gone after it."""
        try:
            out, err = self.process.communicate(timeout=limit * slower())
        except subprocess.TimeoutExpired:
            left = self.marked()
            self.kill()
            raise AssertionError(f'still running after {limit * slower()} s: {left}') from None
        left = self.marked()
        check(not left, 'processes are left:', left)
        return (self.process.returncode, (out or b'').decode(errors='replace'),
                (err or b'').decode(errors='replace'))

    def kill(self):
        for pid in self.marked():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.communicate(timeout=10)


_work = None


def work_dir():
    global _work
    if _work is None:
        _work = tempfile.TemporaryDirectory(prefix='dmabuf-demo-')
    return _work.name


def run(*args, limit=30, **how):
    """(exit code, stdout, stderr) of a whole run."""
    return Demo(*args, **how).finish(limit)


def run_json(*args, **how):
    """The figures of a run that must go well and say nothing on stderr."""
    code, out, err = run(*args, '--json', '-', **how)
    check_equal(code, 0, f'exit code (stderr: {err!r})')
    return json.loads(out)


def one_sentence(err):
    """stderr must be one line of the demo's; gives its text."""
    lines = err.splitlines()
    check_equal(len(lines), 1, f'lines on stderr ({err!r})')
    check(lines[0].startswith('dmabuf demo: '), 'not a sentence of the demo:', repr(err))
    return lines[0][len('dmabuf demo: '):]


def y4m_header(width, height, rate=30):
    return f'YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n'.encode()


def y4m_frame(width, height, number):
    """A frame that differs from its neighbours in every row."""
    luma = b''.join(bytes([(number * 7 + y) & 255, (y * 3 + number) & 255]) * (width // 2)
                    for y in range(height))
    return b'FRAME\n' + luma + bytes([128]) * (width * height // 2)


def write_y4m(name, width, height, frames, cut=0):
    """Path of a file with so many frames, the last @cut bytes missing."""
    path = os.path.join(work_dir(), name)
    data = y4m_header(width, height) + b''.join(
        y4m_frame(width, height, i) for i in range(frames))
    pathlib.Path(path).write_bytes(data[:len(data) - cut])
    return path


def shared_traces():
    """Things in the system that a run must not leave behind."""
    shm = set(os.listdir('/dev/shm')) if os.path.isdir('/dev/shm') else set()
    sockets = set()
    for line in pathlib.Path('/proc/net/unix').read_text().splitlines()[1:]:
        words = line.split(maxsplit=7)
        if len(words) == 8 and 'dmabuf' in words[7]:
            sockets.add(words[7])
    return shm, sockets


def main():
    print(f'1..{len(_tests)}', flush=True)
    failed = 0
    for number, function in enumerate(_tests, 1):
        name = function.__name__.replace('_', ' ')
        start = time.monotonic()
        try:
            function()
        except Skip as why:
            print(f'ok {number} - {name} # SKIP {why}', flush=True)
            continue
        except Exception:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f'# {line}')
            print(f'not ok {number} - {name}', flush=True)
            continue
        print(f'# {time.monotonic() - start:.2f} s')
        print(f'ok {number} - {name}', flush=True)
    return 1 if failed else 0
