"""Reading a million entries, beside a C loop over libsystemd that reads the same fields."""

import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import unittest

from labkit import campaign

RATIO_MAX = 1.15
ROUNDS = 3
BOOT, MACHINE = "2a7a0b1fd1d84f1e9d9c6f5a3c1e2b40", "5c0b2d0f6d3a4c8e9f7b1a2d3e4f5061"
REMOTE = "/lib/systemd/systemd-journal-remote"


def export(count: int):
    """Entries in journald's export format, with the fields that a real service's entry has."""
    for number in range(count):
        unit = f"service-{number % 40}.service"
        yield (
            f"__REALTIME_TIMESTAMP={1767225600000000 + number * 997}\n__MONOTONIC_TIMESTAMP={1000000 + number * 997}\n"
            f"_BOOT_ID={BOOT}\n_MACHINE_ID={MACHINE}\n_HOSTNAME=web-1\n_TRANSPORT=stdout\nPRIORITY={number % 8}\n"
            f"SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=app{number % 40}\n_PID={1000 + number % 400}\n_UID=33\n_GID=33\n"
            f"_COMM=app\n_EXE=/usr/bin/app\n_CMDLINE=/usr/bin/app --serve\n_CAP_EFFECTIVE=0\n"
            f"_SYSTEMD_CGROUP=/system.slice/{unit}\n_SYSTEMD_UNIT={unit}\n_SYSTEMD_SLICE=system.slice\n"
            f"_SYSTEMD_INVOCATION_ID={number % 40:032x}\n_STREAM_ID={number % 40:032x}\n"
            f"MESSAGE=request {number} from 10.0.{number % 256}.{number // 256 % 256} took {number % 97} ms\n\n")


class JournalRead(unittest.TestCase):
    def test_cpu_beside_c(self) -> None:
        count = campaign.current.sample(100_000, 1_000_000)
        # /tmp may be memory; a journal of a million entries belongs on a disk.
        folder = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp", prefix="nightshift-journal-"))
        self.addCleanup(shutil.rmtree, folder)
        journal = folder / "million.journal"
        with subprocess.Popen([REMOTE, f"--output={journal}", "-"], stdin=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as remote:
            remote.stdin.writelines(export(count))
        self.assertEqual(remote.returncode, 0)
        loop = folder / "loop"
        source = pathlib.Path(__file__).with_name("journal_loop.c")
        subprocess.run(["cc", "-O2", "-o", loop, source, "-lsystemd"], check=True)

        ours = [campaign.current.build / "nightshift", "journal", "read", "--file", journal,
                "--fields", "MESSAGE,PRIORITY,_SYSTEMD_UNIT", "--output", "count"]
        commands = {"foreach": [loop, "foreach", journal], "get": [loop, "get", journal], "nightshift": ours}
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        answers = set()
        for _ in range(ROUNDS):  # turn about, so that what else the machine does hits all of them
            for name, command in commands.items():
                used, answer = cpu(command)
                seconds[name].append(used)
                answers.add(answer)
        self.assertEqual(len(answers), 1, answers)
        self.assertTrue(answers.pop().startswith(f"entries={count} "))
        best = {name: min(values) for name, values in seconds.items()}
        ratio = best["nightshift"] / min(best["foreach"], best["get"])
        campaign.current.figures.append(campaign.Figure(
            "CPU of `journal read` beside a C loop", f"{ratio:.2f} times", f"{RATIO_MAX} times",
            f"{count} entries, best of {ROUNDS}: nightshift {best['nightshift']:.2f} s, "
            f"FOREACH_DATA {best['foreach']:.2f} s, three get_data {best['get']:.2f} s; equal hashes"))
        self.assertLess(ratio, RATIO_MAX)


def cpu(command: list) -> tuple[float, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout.strip()
