"""The service of a project by itself, outside a lab: what its integration test and its load find."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from story.project import Project

LOAD_SECONDS = 4


class Trial:
    def __init__(self, project: Project, place: pathlib.Path):
        self.project, self.place = project, place

    def integration(self, checkout: pathlib.Path) -> tuple[int, str]:
        """The exit status of the integration test against a service of this checkout, and its first line."""
        done = self.run(checkout, [self.command("integration-test")])
        return done.returncode, (done.stdout + done.stderr).strip().partition("\n")[0]

    def load(self, checkout: pathlib.Path) -> tuple[int, str]:
        """How many requests are answered with 5xx under the load of production, and all counts."""
        done = self.run(checkout, [self.command("load"), str(LOAD_SECONDS), "PORT"])
        codes = json.loads(done.stdout)
        return sum(count for code, count in codes.items() if code.startswith("5")), done.stdout.strip()

    def command(self, name: str) -> str:
        return str(self.project.folder / f"site/srv/{self.project.folder.name}/{name}")

    def run(self, checkout: pathlib.Path, command: list[str]) -> subprocess.CompletedProcess:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            ledger = f"{folder}/payments.sqlite"
            clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
            service = subprocess.Popen(
                ["/usr/bin/python3", "-m", "payments", port, ledger], env=clean, stderr=subprocess.DEVNULL)
            try:
                self.wait(service, f"http://127.0.0.1:{port}/healthz")
                staging = {"STAGING_PORT": port, "STAGING_LEDGER": ledger, "STAGING_SOURCE": str(checkout / "src")}
                line = ["/usr/bin/python3", *(port if word == "PORT" else word for word in command)]
                return subprocess.run(line, env=clean | staging, capture_output=True, text=True, timeout=120)
            finally:
                service.terminate()
                service.wait()

    @staticmethod
    def wait(service: subprocess.Popen, url: str) -> None:
        for _ in range(100):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                return
            except OSError:
                if service.poll() is not None:
                    sys.exit(f"the service ended with {service.returncode}")
                time.sleep(0.1)
        sys.exit("the service does not answer")
