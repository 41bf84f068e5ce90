// Checks of Actuation against a real systemd: run as root, inside the lab, with nothing else.
import Glibc

let report = Report()
await BusChecks().all(report)
await StepChecks().all(report)
let passed = await report.passed
let failed = await report.failed
print("\(passed) passed, \(failed) failed")
exit(failed == 0 ? 0 : 1)
