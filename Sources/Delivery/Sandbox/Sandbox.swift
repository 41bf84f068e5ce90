import Glibc
public import Model

/// Runs a project's own commands where they can harm nothing: bubblewrap, or not at all.
///
/// The command sees the system read-only and no secrets of it (an empty environment, none of /home, /root, /run, /var,
/// /opt and /srv, of /etc only what programs need), no network but a loopback of its own, no process but its own, a
/// /tmp of its own, and can write to its worktree alone, which stands at `Sandbox.worktree`. Its limits are the
/// kernel's for each process and a watch's over the whole tree; whatever ends it ends all that it started.
///
/// Run by root, the command gets an unprivileged user's number and the worktree is given to that user.
public struct Sandbox: Sendable {
    /// Where the worktree stands inside.
    public static let worktree = "/worktree"

    /// A folder that the command may read, and where it stands inside.
    public struct Reading: Sendable, Hashable {
        public var outside: String
        public var inside: String

        public init(_ outside: String, at inside: String) {
            self.outside = outside
            self.inside = inside
        }
    }

    let program: String
    /// Whether no user namespace can be made inside: bubblewrap 0.8 and later, not as root.
    public let forbidsNamespaces: Bool
    let isRoot: Bool
    var interval: Duration = .milliseconds(50)

    /// Finds bubblewrap and tries it.
    ///
    /// - Throws: `sandbox.missing` or `sandbox.unusable`, with what to do about it; there is no way to run without one.
    public static func open(programs: [String] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"]) async throws(Fault)
        -> Sandbox
    {
        guard let program = programs.first(where: { access($0, X_OK) == 0 }) else {
            throw Fault(
                "sandbox.missing", "bubblewrap is not installed, so no test can be run",
                hint: "Install it: apt-get install bubblewrap")
        }
        let version = try await ChildProcess(
            executable: program, arguments: ["--version"], wall: .seconds(10), outputMax: 4096, keep: 4096
        ).run().0
        var complaint = ""
        // In some containers /proc/sys is read-only, and so is the switch that forbids namespaces.
        for forbids in isRecent(version.standardOutput.text) && geteuid() != 0 ? [true, false] : [false] {
            let sandbox = Sandbox(program: program, forbidsNamespaces: forbids, isRoot: geteuid() == 0)
            let trial = try await ChildProcess(
                executable: program,
                arguments: sandbox.walls(limits: SandboxLimits(), environment: [:]) + ["--"]
                    + sandbox.command(["true"], limits: SandboxLimits()),
                wall: .seconds(20), outputMax: 1 << 16, keep: 4096
            ).run().0
            if trial.end == .exit(0) { return sandbox }
            complaint =
                Self.end(trial.end) == .signal(SIGSYS)
                ? "the service's unit forbids a system call" : firstLine(trial.standardError)
        }
        throw Fault(
            "sandbox.unusable", "bubblewrap cannot make a sandbox here: \(complaint)",
            hint: "It needs user namespaces (sysctl user.max_user_namespaces, "
                + "kernel.apparmor_restrict_unprivileged_userns) and a service unit that allows them")
    }

    /// Runs one command in the worktree.
    ///
    /// - Parameters:
    ///   - worktree: the folder outside; all in it belongs to the sandbox's user afterwards when root runs this.
    ///   - environment: on top of PATH, HOME, TMPDIR, LANG.
    ///   - reading: more than the system's folders, such as a toolchain.
    /// - Throws: where no sandbox could be made; a command that fails or is stopped is a report.
    public func run(
        _ command: [String], worktree: String, limits: SandboxLimits = SandboxLimits(),
        environment: [String: String] = [:], reading: [Reading] = []
    ) async throws(Fault) -> SandboxReport {
        guard let first = command.first, !first.isEmpty else {
            throw Fault("sandbox.command", "there is no command to run", hint: "Set the project's test command")
        }
        var arguments = walls(limits: limits, environment: environment)
        arguments += ["--bind", worktree, Self.worktree]
        for item in reading {
            if let name = item.inside.lastIndex(of: "/"), name > item.inside.startIndex {
                arguments += Self.folders([String(item.inside[..<name])])
            }
            arguments += ["--ro-bind", item.outside, item.inside]
        }
        arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", Self.worktree, "--"]
        arguments += self.command(command, limits: limits)
        guard let remains = SandboxRemains(worktree: worktree) else {
            throw Fault("sandbox.failed", "there is no worktree at \(worktree)")
        }
        // What a starter that was killed in the wrong moment left behind.
        try await remains.end()
        if isRoot { try await giveAway(worktree) }
        let (outcome, watch): (ChildProcess.Outcome, SandboxWatch)
        do {
            (outcome, watch) = try await started(arguments, worktree, limits)
        } catch {
            try await remains.end()
            throw error
        }
        try await remains.end()
        if outcome.end == .exit(1), outcome.standardError.head.starts(with: Array("bwrap: ".utf8)) {
            throw Fault("sandbox.failed", "no sandbox could be made: \(firstLine(outcome.standardError))")
        }
        return SandboxReport(
            end: Self.end(outcome.end), standardOutput: outcome.standardOutput,
            standardError: outcome.standardError, limits: limits, wall: outcome.wall, cpu: watch.cpu,
            memoryPeak: ByteSize(bytes: watch.memoryPeak), processesPeak: watch.tasksPeak)
    }

    private func started(
        _ arguments: [String], _ worktree: String, _ limits: SandboxLimits
    ) async throws(Fault) -> (ChildProcess.Outcome, SandboxWatch) {
        try await ChildProcess(
            executable: "/usr/bin/choom", arguments: ["-n", "1000", "--", program] + arguments,
            environment: ["PATH": "/usr/bin:/bin"], wall: limits.wall, outputMax: limits.output.bytes,
            keep: limits.kept.bytes, interval: interval
        ).run(SandboxWatch(limits, worktree: worktree))
    }

    /// bubblewrap ends with 128 and the signal's number where the command was ended by one.
    private static func end(_ end: SandboxReport.End) -> SandboxReport.End {
        guard case .exit(let code) = end, code > 128, code < 128 + 65 else { return end }
        switch code - 128 {
        case SIGXCPU: return .limit(.cpu)
        case SIGXFSZ: return .limit(.file)
        case let number: return .signal(number)
        }
    }

    private func giveAway(_ worktree: String) async throws(Fault) {
        let owner = "\(Self.standIn):\(Self.standIn)"
        let outcome = try await ChildProcess(
            executable: "/usr/bin/chown", arguments: ["-R", "-h", owner, "--", worktree], wall: .seconds(120),
            outputMax: 1 << 20, keep: 4096
        ).run().0
        guard outcome.end == .exit(0) else {
            throw Fault(
                "sandbox.failed",
                "the worktree could not be given to the sandbox's user: \(firstLine(outcome.standardError))")
        }
    }
}

func firstLine(_ output: KeptOutput) -> String {
    let line = output.text.split(separator: "\n").first.map(String.init) ?? "it says nothing"
    return String(line.unicodeScalars.filter { $0.value >= 0x20 }.prefix(300).map(Character.init))
}

/// `bubblewrap 0.8.0`
private func isRecent(_ version: String) -> Bool {
    let numbers = version.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else { return false }
    return numbers[0] > 0 || numbers[1] >= 8
}
