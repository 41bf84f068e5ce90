// Checks of Actuation against a real systemd: run as root, inside the lab. Without words it checks everything and prints
// a line a check; `bus` checks the bus alone; with other words it is a person who speaks to the helper.
import Actuation
import Glibc

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "approve" where words.count == 3:
    switch try await ApproveClient().approve(run: words[1], planHash: words[2]) {
    case .taken(let needs): print("taken, \(needs) more")
    case .refused(let name, let text): print("refused by \(name): \(text)")
    }
case "resume":
    try await ApproveClient().resume()
    print("resumed")
case "session" where words.count == 2:
    setenv("XDG_RUNTIME_DIR", words[1], 1)
    print(try await UserSession(runtime: words[1]).act())
case nil, "bus":
    let report = Report()
    await BusChecks().all(report)
    await StepChecks().all(report)
    if words.isEmpty { await ExecutorChecks().all(report) }
    let passed = await report.passed
    let failed = await report.failed
    print("\(passed) passed, \(failed) failed")
    exit(failed == 0 ? 0 : 1)
default:
    print("usage: actuation-lab [bus]")
    exit(64)
}
