import Actuation
import Glibc
import Model
import Runbooks

/// What `actuation: user` is: an executor in process, on the bus of the user's own systemd.
struct UserSession {
    let runtime: String

    private struct Own: InstalledSource {
        let runbook: Runbook
        func current() throws(Fault) -> InstalledSet {
            InstalledSet(settings: InstalledSettings(), runbooks: [runbook])
        }
    }

    private static let runbook = """
        runbook: lab-user
        description: Restarts a service of the user's own.
        on: [[alertname="Lab"]]
        parameters: {unit: {type: unit, from: '{{ $labels.unit }}', allow: [lab-user.service]}}
        mode: auto
        risk: low
        steps:
          - {name: note, run: [/bin/sh, -c, 'echo x >>"$0"', '{{ $run.directory }}/noted'], timeout: 20s}
          - {name: bad, run: [/bin/false], timeout: 20s}
          - {name: restart, systemd: {restart: '{{ $params.unit }}'}, timeout: 30s}
        verify: {expr: 'up == 1', for: 5s, within: 1m}
        """

    func act() async throws -> String {
        let directory = runtime + "/actuation-lab"
        let units = runtime + "/systemd/user"
        for path in [directory, runtime + "/systemd", units] { mkdir(path, 0o700) }
        try write("[Service]\nExecStart=/bin/sleep 600\n", to: units + "/lab-user.service")
        let runbook = try Runbook.parse(Self.runbook, file: "user.yaml")
        let bus = SystemBus(.user)
        let clock = HostClock(
            now: { Stamp(wall: Timestamp(microseconds: 0), bootID: "b", sinceBoot: .seconds(1)) },
            sleep: { try await Task.sleep(for: $0) })
        let core = try ExecutorCore(
            bus: bus, installed: Own(runbook: runbook), clock: clock,
            options: .init(directory: directory, isRoot: false))
        let run = Task { await core.run() }
        let order = Order(
            run: "u\(getpid())", runbook: "lab-user", digest: runbook.digest,
            parameters: Parameters(["unit": .string("lab-user.service")]))
        var outcomes: [String: Outcome] = [:]
        for path in ["note", "bad", "restart"] {
            let key = EffectKey(run: order.run, path: path, attempt: 1)
            guard case .accepted = try await core.perform(key, order) else { throw Failure("\(path) was refused") }
            outcomes[path] = try await core.result(of: key)
            try await core.collect(key)
        }
        run.cancel()
        await run.value
        let noted = try read("\(directory)/runs/\(order.run)/noted").split(separator: "\n").count
        guard case .done(let restart) = outcomes["restart"], case .failed(let bad) = outcomes["bad"] else {
            throw Failure("\(outcomes)")
        }
        let isAnew = restart["invocation_after"] != restart["invocation_before"]
        return "\(isAnew ? "started anew" : "the same"), noted \(noted) time, failed: \(bad)"
    }
}
