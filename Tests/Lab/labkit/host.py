"""A lab with Nightshift in it: settings, runbooks, incidents."""

import json
import pathlib
import subprocess
import time
import urllib.parse
from datetime import datetime

from labkit.machine import LabError, Machine, wait_until

CONTENT = "/usr/lib/nightshift-lab/content"
SHIPPED = "/usr/share/nightshift"
RECEIVER_LOG = "/var/lib/lab-receiver/requests.jsonl"
CORE, HELPER = "nightshift.service", "nightshift-exec.service"
HELPER_SOCKETS = ["nightshift-exec.socket", "nightshift-exec-approve.socket"]
ENDED = ("resolved", "escalated", "closed")


def seconds(at: str | None) -> float | None:
    """RFC 3339 to Unix seconds."""
    return None if at is None else datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


def settings(
    rules: list[str], runbooks: list[str], actuation: str = "exec", interval: str = "1s", scrape: str = "[]",
    actions: str = "1000 per 1h", more: str = "",
) -> str:
    return f"""\
rules: {json.dumps(rules)}
runbooks: {json.dumps(runbooks)}
actuation: {actuation}
evaluation_interval: {interval}
metrics: {{scrape_configs: {scrape}}}
limits: {{actions: {actions}}}
escalation:
  route: {{receiver: on-call}}
  receivers:
    - name: on-call
      webhook_configs: [{{url: 'http://127.0.0.1:9999/hook'}}]
{more}"""


class Host(Machine):
    def configure(self, text: str) -> None:
        self.write("/etc/nightshift/nightshift.yaml", text)

    def nightshift(self, *arguments: str, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess:
        """A command that a person on the host would type, as root."""
        line = self.enter("/usr/bin/nightshift", *arguments)
        done = subprocess.run(line, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            said = done.stdout[-500:] + done.stderr[-500:]
            raise LabError(f"nightshift {' '.join(arguments)} ended with {done.returncode}: {said}")
        return done

    def install_runbooks(self, names: list[str], allow: dict[str, list[str]], source: str) -> None:
        """Hands runbooks to the helper, which then may act on these units, by parameter."""
        options = [word for name, units in allow.items() if units for word in ("--allow", f"{name}={','.join(units)}")]
        self.nightshift("runbooks", "install", *names, "--from", source, "--actions", "1000 per 1h", *options)

    def start(self) -> None:
        """Returns when the core has said READY."""
        self.systemctl("start", *HELPER_SOCKETS, CORE)

    def main_pid(self, unit: str) -> int:
        """The unit's main process, numbered as outside; 0 when there is none."""
        inner = int(self.show(unit, "MainPID") or 0)
        return self.outer_pid(inner) if inner else 0

    def kill(self, unit: str, signal: str = "KILL") -> None:
        self.systemctl("kill", f"--signal={signal}", "--kill-whom=main", unit)

    # Incidents

    def incidents(self) -> list[dict]:
        return json.loads(self.nightshift("incidents", "list", "--json").stdout)

    def incident(self, identifier: str) -> dict:
        return json.loads(self.nightshift("incidents", "show", identifier, "--json").stdout)

    def status(self) -> dict:
        return json.loads(self.nightshift("status", "--json").stdout)

    def find(self, name: str, since: float, **labels: str) -> dict | None:
        for incident in self.incidents():
            opened = seconds(incident["opened_at"])
            if incident["name"] == name and opened >= since - 0.001 and labels.items() <= incident["labels"].items():
                return incident
        return None

    def wait_for_incident(
        self, name: str, since: float, states: tuple[str, ...] = ENDED, within: float = 60, **labels: str
    ) -> dict:
        """The incident of that name opened after `since`, once it is in one of the states, with its timeline."""

        def look() -> dict | None:
            try:
                found = self.find(name, since, **labels)
            except (LabError, json.JSONDecodeError):
                return None  # the daemon is being killed or started just now
            return found if found and found["state"] in states else None

        found = wait_until(f"incident {name} {labels or ''} in {'/'.join(states)}", within, look, every=0.2)
        return self.incident(found["id"])

    # The journal and the receiver

    def journal(self, *matches: str) -> list[dict]:
        text = self.systemd("journalctl", "--no-pager", "--output=json", "--all", *matches)
        return [json.loads(line) for line in text.splitlines()]

    def systemd(self, *command: str, timeout: float = 120) -> str:
        done = subprocess.run(self.enter(*command), capture_output=True, text=True, timeout=timeout)
        return done.stdout

    def executions(self, name: str) -> int:
        """How often the step `step.sh NAME` has run: the journal counts, not Nightshift."""
        return sum(1 for entry in self.journal(f"MESSAGE=executed {name}"))

    def entries_of(self, unit: str, text: str) -> int:
        """How many entries of a unit hold a text."""
        return sum(1 for entry in self.journal(f"_SYSTEMD_UNIT={unit}") if text in entry.get("MESSAGE", ""))

    def requests(self, path: str = "/hook") -> list[dict]:
        log = self.root / RECEIVER_LOG.lstrip("/")
        if not log.exists():
            return []
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return [line for line in lines if urllib.parse.unquote(line["path"]) == path]

    def receiver_answers(self, status: int) -> None:
        self.write("/run/lab-receiver.status", str(status))

    def report(self) -> str:
        """What a person needs to see when a test has failed."""
        parts = []
        for title, command in [
            ("incidents", ["/usr/bin/nightshift", "incidents", "list", "--json"]),
            ("units", ["systemctl", "--no-pager", "--full", "status", CORE, HELPER]),
            ("journal", ["journalctl", "--no-pager", "-n", "60", "-o", "short-precise", "-u", CORE, "-u", HELPER]),
        ]:
            try:
                done = subprocess.run(
                    self.enter(*command), capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
                parts.append(f"--- {title}\n{(done.stdout + done.stderr)[-6000:]}")
            except (LabError, subprocess.TimeoutExpired) as error:
                parts.append(f"--- {title}: {error}")
        return "\n".join(parts)
