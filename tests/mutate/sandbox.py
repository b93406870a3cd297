"""Runs programs that may do anything: with time and memory that end, and nothing to write to but folders of their own."""
import os
import re
import signal
import subprocess

# In namespaces of its own the file system is read-only but for some folders, /tmp is empty, no other process is seen, and
# who takes all memory is the first to go.
CAGE = """mount --make-rprivate / && for folder in $WRITABLE; do mount --bind $folder $folder || exit 99; done
mount -o bind,remount,ro / && mount -t tmpfs -o size=4g none /tmp && mount -t proc proc /proc &&
echo 1000 > /proc/self/oom_score_adj && exec "$@" """


def run(command, folder, limit=None, environment=None):
    """A finished process; one that does not end is killed with all that it started, and has the status None."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          start_new_session=True, env=environment) as process:
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return subprocess.CompletedProcess(command, None, "", "")
    return subprocess.CompletedProcess(command, process.returncode, output, "")


def caged(command, folder, limit, writable, environment=None):
    environment = dict(environment or os.environ, WRITABLE=" ".join(map(str, writable)))
    cage = ["unshare", "-m", "-p", "-f", "--kill-child", "sh", "-c", CAGE, "sh"]
    return run([*cage, *map(str, command)], folder, limit, environment)


def test_cases(program):
    listed = run([str(program), "-ltc"], program.parent).stdout.splitlines()
    return [line for line in listed if line and not line.startswith(("[doctest]", "==="))]


def run_cases(program, names, folder, limit, writable, environment=None):
    """Runs test cases by name, up to the first failure."""
    chosen = ",".join(re.sub(r'[,"\\*]', "?", name) for name in names)
    return caged([program, f"-tc={chosen}", "-aa=1"], folder, limit, [folder, *writable], environment)
