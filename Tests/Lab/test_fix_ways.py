"""Other ways through the pipeline than the story's: a runbook for the cause, the project's own policy, a person who ends
the work and begins it again."""

import time

from labkit import campaign
from labkit.machine import wait_until
from story.desk import ENDED, STORY, Desk
from story.project import Project
from test_fix import FixCase

# Nothing fires this alert: only a proposal begins it, and a person approves it like any other run.
STOP_LOAD = """\
runbook: stop-load
description: Stops what loads a service with more than it can take.
when_not: The load is what the service is for.
on:
  - [alertname="TooMuchLoad"]
parameters:
  unit: {type: unit, from: '{{ $labels.unit }}'}
mode: approve
risk: low
limits: {cooldown: 1s, attempts: 20 per 1h}
steps:
  - name: stop
    systemd: {stop: '{{ $params.unit }}'}
    timeout: 20s
verify:
  expr: 'rate(http_5xx_total{job="payments"}[5s]) < 0.1'
  for: 5s
  within: 1m
otherwise: [escalate]
escalate: {to: on-call}
"""
LOW_RISK = {"low-risk": {"paths": ["src/**", "tests/**"], "lines": 200}}


class OtherWays(FixCase):
    def setUp(self) -> None:
        super().setUp()
        self.project = Project("payments")
        self.defect = self.project.defect("lost-update")

    def propose(self, unit: str) -> tuple[Desk, dict]:
        """A diagnosis that ends in the runbook for this unit; the answer is the item at its end."""
        script = self.defect.script()
        turn = script["roles"]["root-cause"][0]["turns"][-1]
        turn["forever"] = True  # a proposal that is refused is made again
        turn["finish"]["proposal"] = {
            "kind": "runbook", "runbook": "stop-load", "parameters": {"unit": unit}, "text": "Stop the load test."}
        self.host.write(f"{STORY}/runbooks/stop-load.yaml", STOP_LOAD)
        desk = self.desk(self.project, script, more_runbooks={"stop-load": ["payments-load.service"]})
        item = desk.drive(desk.breaks(self.defect)["id"])
        return desk, item

    @campaign.in_full
    def test_a_runbook_for_the_cause(self) -> None:
        desk, item = self.propose("payments-load.service")
        incident = self.host.incident(item["incident"])
        self.assert_state(incident, "resolved")
        self.assertEqual(item["state"], "resolved")
        self.assertNotEqual(self.host.show("payments-load.service", "ActiveState"), "active")
        self.assert_kinds(incident, "agent", "approval", "start", "result", "verify")
        self.assertEqual((desk.pulls(), desk.asked("architect")), ([], 0), "nothing was written")

    @campaign.in_full
    def test_a_runbook_on_a_unit_that_nobody_allowed(self) -> None:
        desk, item = self.propose("ssh.service")
        self.assertEqual(item["state"], "escalated")
        texts = [line["text"] for line in self.host.incident(item["incident"])["timeline"]]
        self.assertTrue(any("ssh.service" in text for text in texts), texts)
        self.assertEqual(self.host.show("payments-load.service", "ActiveState"), "active")
        self.stopped("a runbook is proposed for a unit that it was not allowed", "a guard",
                     next(text for text in texts if "ssh.service" in text), "nothing done")

    @campaign.in_full
    def test_the_projects_policy_stands_for_the_person(self) -> None:
        self.project.settings["approve"]["production"] = LOW_RISK
        desk = self.desk(self.project, self.defect.script())
        first = desk.story.head()
        incident = desk.breaks(self.defect)["id"]
        wait_until("the plan", 60, lambda: desk.asked_for("approve", incident))
        desk.approve("approve", incident)
        item = wait_until("the end", 300, lambda: next(
            (item for item in desk.work() if item["state"] in ENDED), None), every=1)
        self.assert_mended(desk, self.defect, desk.item(item["id"]), first)
        words = {word["kind"]: word["person"] for word in desk.pull(str(desk.pulls()[0]["id"]))["words"]}
        self.assertIn("policy", words["approved"])

    @campaign.in_full
    def test_a_branch_that_is_past_what_is_deployed(self) -> None:
        """Production gets the change alone, and the branch gets it with what it had."""
        desk = self.desk(self.project, self.defect.script())
        story, first = desk.story, desk.story.head()
        ahead = story.commit("Readme", [{"path": "README.md", "search": "# payments\n", "replace": "# Payments\n"}])
        self.host.exec("chown", "-R", "nightshift:nightshift", story.repository)
        item = desk.drive(desk.breaks(self.defect)["id"])
        self.assert_state(self.host.incident(item["incident"]), "resolved")
        self.assertEqual(item["state"], "resolved")
        self.assertEqual(story.git("rev-list", "--parents", "-1", "main").split()[1:], [ahead, story.revision()])
        self.assertEqual(story.git("rev-parse", f"{story.revision()}^"), first, "made on what was deployed, and alone")
        words = [word["text"] for word in desk.pull(str(desk.pulls()[0]["id"]))["words"]]
        self.assertTrue(any("1 commit past what is deployed" in text for text in words), words)

    @campaign.in_full
    def test_ended_by_a_person_and_begun_again(self) -> None:
        desk = self.desk(self.project, self.defect.script())
        first = desk.story.head()
        incident = desk.breaks(self.defect)["id"]
        wait_until("the plan", 60, lambda: desk.asked_for("approve", incident))
        known = desk.work()[0]["id"]
        self.assertNotEqual(desk.person("work", "cancel", known)[0], 0, "who approves is not who operates")
        self.host.nightshift("work", "cancel", known, "--why", "not before the release")
        wait_until("its end", 30, lambda: desk.item(known)["state"] in ENDED)
        self.assertEqual(desk.story.head(), first)
        texts = [line["text"] for line in self.host.incident(incident)["timeline"]]
        self.assertTrue(any("not before the release" in text for text in texts), texts)
        self.host.nightshift("fix", incident)
        refused = wait_until("the work again", 30, lambda: next(
            (item for item in desk.work() if item["id"] != known), None))
        self.assertIn("cooldown", refused["text"], "the definition's cooldown holds for a person, too")
        time.sleep(60)
        self.host.nightshift("fix", incident)
        wait_until("the plan", 60, lambda: desk.asked_for("approve", incident))
        again = desk.work()[0]
        item = desk.drive(incident)
        self.assertEqual(item["id"], again["id"])
        self.assert_mended(desk, self.defect, item, first)
