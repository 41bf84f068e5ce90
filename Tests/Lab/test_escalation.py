"""What cannot be repaired reaches a person, however long the receiver is down and however often we are killed."""

import json
import time

from labkit import campaign
from labkit.case import LabCase
from labkit.host import CORE
from labkit.machine import wait_until


class Escalation(LabCase):
    def test_the_receiver_is_down_and_the_daemon_killed_twice(self) -> None:
        outage = campaign.current.sample(20, 120)
        self.begin(["lab-useless"], units=["lab-stubborn.service"])
        self.host.receiver_answers(500)
        broke = self.now()
        self.host.systemctl("start", "lab-stubborn.service", check=False)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="lab-stubborn.service")
        self.assert_state(incident, "escalated")
        wait_until("the first attempt", 20, self.host.requests)
        for part in (1, 2):
            time.sleep(max(0.0, broke + outage * part / 3 - self.now()))
            self.host.kill(CORE)
        time.sleep(max(0.0, broke + outage - self.now()))
        refused = self.host.requests()
        self.host.receiver_answers(200)
        # An attempt may have been put off for as long as the outage lasted so far.
        # Our own deaths are incidents of their own, and page too.
        ours = lambda: [r for r in self.host.requests() if incident["id"] in r["body"]]
        taken = wait_until("the page", outage + 60, lambda: [r for r in ours() if r["status"] == 200], every=0.5)
        self.assertGreater(len(refused), 1, "it is tried again while the receiver refuses")
        keys = {key_of(request) for request in ours()}
        self.assertEqual(len(keys), 1, keys)
        self.assertEqual({json.loads(r["body"])["incident"]["id"] for r in taken}, {incident["id"]})
        time.sleep(5)
        self.assertEqual(len([r for r in ours() if r["status"] == 200]), 1, "delivered once")
        self.record(f"receiver answers 500 for {outage} s, daemon killed twice", broke, incident, proven=False)
        self.figure(
            "the page arrives after the receiver is back", f"{taken[0]['at'] - broke - outage:.1f} s",
            "the back-off's cap", f"receiver down for {outage} s, daemon killed twice, {len(refused)} refused attempts")


def key_of(request: dict) -> str:
    return request["headers"]["idempotency-key"]
