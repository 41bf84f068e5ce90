import Actuation
import Glibc
import Model

/// Deaths of the helper at every commit of its log, on a real systemd.
extension ExecutorChecks {
    /// For N = 1, 2, …: the helper dies right after commit N, systemd starts it again, and the core goes on.
    func sweep() async throws {
        mkdir(Self.dropIn, 0o755)
        for (habit, probes) in [("asks again", false), ("probes", true)] {
            var number = try lastCommit()
            for step in 1... {
                try dieAfter(commit: number + step)
                let run = "\(probes ? "p" : "q")\(getpid())n\(step)"
                let restarts = try count(Self.place + "/restarts")
                let outcomes = try await drive(run, probes: probes)
                try expect(outcomes == ["done", "done"], "\(habit), commit \(step): \(outcomes)")
                let noted = try count("/var/lib/nightshift-exec/runs/\(run)/noted")
                try expect(noted == 1, "\(habit), commit \(step): noted \(noted) times")
                let restarted = try count(Self.place + "/restarts") - restarts
                try expect(restarted == 1, "\(habit), commit \(step): restarted \(restarted) times")
                let reached = try lastCommit()
                if reached < number + step {
                    try expect(step == 6, "only \(step - 1) commits")
                    break
                }
                number = reached
            }
        }
        unlink(Self.dropIn + "/die.conf")
        try command("/bin/systemctl", "daemon-reload")
        try command("/bin/systemctl", "restart", "nightshift-exec.service")
    }

    private func drive(_ run: String, probes: Bool) async throws -> [String] {
        let order = try await order(run)
        var outcomes: [String] = []
        for path in ["note", "restart"] {
            var key = key(run, path)
            let outcome = try await surviving { isAgain in
                if isAgain && probes, try await client.probe(key) == .void { key.attempt += 1 }
                let answer = try await client.perform(key, order)
                guard case .accepted = answer else { throw Failure("\(answer)") }
                return try await client.result(of: key)
            }
            try await surviving { _ in try await client.collect(key) }
            outcomes.append(outcome.word)
        }
        return outcomes
    }

    /// Again and again while the helper is out of reach.
    private func surviving<T>(_ body: (_ isAgain: Bool) async throws -> T) async throws -> T {
        for attempt in 1...200 {
            do {
                return try await body(attempt > 1)
            } catch let fault as Fault where fault.code == "executor.unreachable" {
                usleep(50_000)
            }
        }
        throw Failure("the helper does not come back")
    }

    private func lastCommit() throws -> Int {
        let log = try read("/var/lib/nightshift-exec/actions.log")
        return log.split(separator: "\n").count
    }

    private func dieAfter(commit: Int) throws {
        try write(
            "[Service]\nEnvironment=NIGHTSHIFT_KILL_AFTER_COMMIT=\(commit)\n", to: Self.dropIn + "/die.conf")
        try command("/bin/systemctl", "daemon-reload")
        try command("/bin/systemctl", "restart", "nightshift-exec.service")
    }

    private func count(_ path: String) throws -> Int {
        access(path, F_OK) == 0 ? try read(path).split(separator: "\n").count : 0
    }
}
