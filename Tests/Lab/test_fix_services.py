"""The services of the stories without Nightshift: they deploy, break, are mended by the scripted fix, and roll back."""

import itertools
import os
import pathlib
import time
import unittest

from labkit import campaign
from labkit.host import Host
from labkit.machine import missing, wait_until
from story.lab import Story
from story.project import Defect, Project, Variation
from story.variation import RENAMED

numbers = itertools.count(1)


class Services(unittest.TestCase):
    def setUp(self) -> None:
        reason = missing()
        if reason and os.environ.get("CI") == "true":
            self.fail(reason)
        if reason:
            self.skipTest(reason)
        self.host = Host(pathlib.Path(f"/var/tmp/nightshift-story-{os.getpid()}-{next(numbers)}"))
        self.host.up(tied=True)
        self.addCleanup(self.host.down)

    def test_payments(self) -> None:
        self.mend_payments(Project("payments"))

    @campaign.in_full
    def test_payments_under_other_names(self) -> None:
        self.mend_payments(Project("payments", Variation(RENAMED["payments"])))

    def mend_payments(self, project: Project) -> None:
        story = Story(self.host, project)
        defect = story.project.defect("lost-update")
        story.install()
        first = story.head()
        self.assertEqual(story.revision(), first)
        self.assertNotEqual(story.integration_test(check=False).returncode, 0, "the race is on staging too")
        story.break_by(defect)
        wait_until("requests that fail", 20, lambda: story.errors() > 10, every=0.5)
        self.host.systemctl("restart", f"{project.name}.service")
        wait_until("payments after its restart", 20, story.is_healthy, every=0.2)
        wait_until("requests that fail after a restart", 20, lambda: story.errors() > 5, every=0.5)
        locked = story.commit("A lock", defect.edits("test") + defect.edits("code"))
        story.deploy("staging", locked)
        self.assertNotEqual(story.integration_test(check=False).returncode, 0, "a lock holds in one process alone")
        fixed = story.commit("A transaction", defect.edits("fix"))
        story.deploy("staging", fixed)
        self.assertIn("0 failures", story.integration_test().stdout)
        story.deploy("production", fixed)
        time.sleep(5)
        self.assertEqual(story.errors(), 0, "under the same load")
        self.assert_repeats(story, fixed, first)

    def assert_repeats(self, story: Story, fixed: str, first: str) -> None:
        """Deploying and rolling back twice does what once does."""
        unit = f"{story.project.name}.service"
        before = self.host.show(unit, "InvocationID")
        story.deploy("production", fixed)
        self.assertEqual(self.host.show(unit, "InvocationID"), before, "nothing restarts")
        story.rollback()
        self.assertEqual(story.revision(), first)
        after = self.host.show(unit, "InvocationID")
        self.assertNotEqual(after, before)
        story.rollback()
        self.assertEqual(story.revision(), first)
        self.assertEqual(self.host.show(unit, "InvocationID"), after)
        for words, status in [(["nowhere", first], 64), (["production", "main"], 64), (["production", "0" * 40], 65)]:
            self.assertEqual(story.deploy(*words, check=False).returncode, status, words)
        self.assertEqual(story.revision(), first)

    @campaign.in_full
    def test_the_small_services(self) -> None:
        for project in Project.all():
            for defect in project.defects() if project.name != "payments" else []:
                with self.subTest(f"{project.name}/{defect.name}"):
                    self.mend(Story(self.host, project), defect)
                    self.host.systemctl("stop", f"{project.name}.service", f"{project.name}-staging.service")
                    self.host.exec("sh", "-c", f"rm -rf /srv/{project.name} /srv/git/{project.name}.git "
                                               f"/var/lib/{project.name}-* /var/lib/private/{project.name}-*")

    def mend(self, story: Story, defect: Defect) -> None:
        unit = f"{story.project.name}.service"
        story.install()
        first = story.head()
        state = lambda: self.host.show(unit, "ActiveState")
        story.break_by(defect)
        wait_until("the failure", 10, lambda: state() == "failed", every=0.2)
        self.host.systemctl("restart", unit)
        wait_until("the failure after a restart", 10, lambda: state() == "failed", every=0.2)
        fixed = story.commit("Mended", defect.edits("test") + defect.edits("code"))
        story.deploy("staging", fixed)
        story.integration_test()
        story.deploy("production", fixed)
        time.sleep(2)
        self.assertEqual(state(), "active", "what broke it does not any more")
        story.rollback()
        self.assertEqual(story.revision(), first)
