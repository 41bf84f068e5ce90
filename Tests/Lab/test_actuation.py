"""Actuation's own checks against a real systemd: the program `actuation-lab`, run as root in the lab."""

import shutil

from labkit import campaign
from labkit.case import LabCase


class Actuation(LabCase):
    def test_its_checks_on_a_real_bus(self) -> None:
        program = campaign.current.build / "actuation-lab"
        if not program.exists():
            self.skipTest(f"there is no {program}; swift build makes it")
        shutil.copy(program, self.host.root / "usr/lib/nightshift-lab/actuation-lab")
        done = self.host.exec("/usr/lib/nightshift-lab/actuation-lab", check=False, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\n[1-9]\d* passed, 0 failed\n$")
