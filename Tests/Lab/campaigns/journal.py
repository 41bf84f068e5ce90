"""Reading a million entries, beside C loops over libsystemd that read the same fields: Benchmarks/journal."""

import pathlib
import re
import subprocess
import unittest

from labkit import campaign

BENCHMARK = pathlib.Path(__file__).resolve().parents[3] / "Benchmarks/journal/run"


class JournalRead(unittest.TestCase):
    def test_cpu_beside_c(self) -> None:
        count = campaign.current.sample(100_000, 1_000_000)
        nightshift = campaign.current.build / "nightshift"
        done = subprocess.run([BENCHMARK, nightshift, str(count)], capture_output=True, text=True)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        seconds = dict(re.findall(r"^(\w+) +([\d.]+) CPU s", done.stdout, re.MULTILINE))
        ratio = re.search(r"takes ([\d.]+) times", done.stdout)
        campaign.current.figures.append(campaign.Figure(
            "CPU of `journal read` beside a C loop", f"{ratio[1]} times", "1.15 times",
            f"{count} entries, best of 5: nightshift {seconds['nightshift']} s, FOREACH_DATA {seconds['foreach']} s, "
            f"three get_data {seconds['get']} s; equal hashes; Benchmarks/journal/run"))
