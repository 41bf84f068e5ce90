public import Model

/// The transient unit of one attempt at a `run` or a `deploy` step.
///
/// A oneshot that stays when it has ended, so that its result outlives both of our processes, until it is collected.
public struct StepUnit: Hashable, Sendable {
    public var name: String
    public var description: String
    /// The program, absolute, and its arguments; nothing in them is expanded.
    public var arguments: [String]
    public var account: Account
    /// Where it starts: the run's directory, which it may write to, or for a deploy the root.
    public var directory: String
    public var timeout: Duration

    /// Whose authority it has. In a user's own session it is always that user's.
    public enum Account: Hashable, Sendable {
        /// Nightshift's own unprivileged user, in a sandbox.
        case sandboxed
        /// A `run` step that is declared `as: root`.
        case root
        /// A project's command: this user, and the host as it is, for it writes the service's files and restarts its units.
        case deployer(String)
    }

    public init(
        name: String, description: String, arguments: [String], account: Account, directory: String, timeout: Duration
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.account = account
        self.directory = directory
        self.timeout = timeout
    }

    /// The user of steps that are not declared `as: root`.
    public static let user = "nightshift-run"
    static let markerDirectory = "nightshift-run"

    /// `nightshift-run-RUN-PATH-ATTEMPT.service`; two keys never give one name.
    public static func name(of key: EffectKey) -> String {
        let path = key.path.replacing("[", with: ":").replacing("]", with: "")
        return "nightshift-run-\(key.run)-\(path)-\(key.attempt).service"
    }
}

extension StepUnit {
    /// The arguments of StartTransientUnit: name, mode, properties, no further units.
    func write(to message: BusMessage, isUser: Bool) throws(Fault) {
        try message.append(name)
        try message.append("replace")
        try message.container("a", "(sv)") { () throws(Fault) in
            let writer = PropertyWriter(message: message)
            try writeProgram(writer)
            if !isUser { try writeAccount(writer) }
            try writer.set("NoNewPrivileges", true)
        }
        try message.container("a", "(sa(sv))") { () throws(Fault) in }
    }

    private func writeProgram(_ writer: PropertyWriter) throws(Fault) {
        try writer.set("Description", description)
        try writer.set("Type", "oneshot")
        try writer.set("RemainAfterExit", true)
        try writer.setProgram(arguments)
        try writer.set("TimeoutStartUSec", UInt64(max(timeout.microseconds, 1)))
        try writer.set("TimeoutStopUSec", UInt64(10_000_000))
        try writer.set("WorkingDirectory", directory)
        try writer.set("StandardInput", "null")
        try writer.set("StandardOutput", "journal")
        try writer.set("StandardError", "journal")
        try writer.set("SyslogIdentifier", "nightshift-run")
        try writer.set("TasksMax", UInt64(isDeploy ? 4096 : 256))
        // What a deploy writes is read by the service's user.
        try writer.set("UMask", UInt32(isDeploy ? 0o022 : 0o077))
        // The mark that it was run: systemd makes the directory just before the program starts, and leaves it.
        try writer.set("RuntimeDirectory", ["\(Self.markerDirectory)/\(name)"])
        try writer.set("RuntimeDirectoryMode", UInt32(0o500))
        try writer.set("RuntimeDirectoryPreserve", "yes")
    }

    private var isDeploy: Bool { if case .deployer = account { true } else { false } }

    private func writeAccount(_ writer: PropertyWriter) throws(Fault) {
        switch account {
        case .sandboxed: try writeSandbox(writer)
        case .deployer(let user) where user != InstalledProject.root: try writer.set("User", user)
        case .root, .deployer: break
        }
    }

    private func writeSandbox(_ writer: PropertyWriter) throws(Fault) {
        try writer.set("User", Self.user)
        try writer.set("ProtectSystem", "strict")
        try writer.set("ProtectHome", "yes")
        try writer.set("ReadWritePaths", [directory])
        for name in [
            "PrivateTmp", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs",
            "ProtectControlGroups", "ProtectClock", "ProtectHostname", "RestrictSUIDSGID", "RestrictRealtime",
            "LockPersonality",
        ] {
            try writer.set(name, true)
        }
        try writer.set("CapabilityBoundingSet", UInt64(0))
        try writer.set("AmbientCapabilities", UInt64(0))
    }
}

/// Writes `(sv)` items.
private struct PropertyWriter {
    let message: BusMessage

    func set(_ name: String, _ value: String) throws(Fault) {
        try item(name, "s") { () throws(Fault) in try message.append(value) }
    }
    func set(_ name: String, _ value: Bool) throws(Fault) {
        try item(name, "b") { () throws(Fault) in try message.append(value) }
    }
    func set(_ name: String, _ value: UInt64) throws(Fault) {
        try item(name, "t") { () throws(Fault) in try message.append(value) }
    }
    func set(_ name: String, _ value: UInt32) throws(Fault) {
        try item(name, "u") { () throws(Fault) in try message.append(value) }
    }
    func set(_ name: String, _ value: [String]) throws(Fault) {
        try item(name, "as") { () throws(Fault) in try message.append(value) }
    }

    /// systemd puts variables for `$NAME` when it runs the program, and a dollar sign for two of them. (`ExecStartEx` has
    /// a flag for this, but systemd 252 cannot read back, after a daemon-reload, what it writes for it.)
    func setProgram(_ arguments: [String]) throws(Fault) {
        try item("ExecStart", "a(sasb)") { () throws(Fault) in
            try message.container("a", "(sasb)") { () throws(Fault) in
                try message.container("r", "sasb") { () throws(Fault) in
                    try message.append(arguments.first ?? "")
                    try message.append(arguments.map { $0.replacing("$", with: "$$") })
                    try message.append(false)
                }
            }
        }
    }

    private func item(_ name: String, _ signature: String, _ body: () throws(Fault) -> Void) throws(Fault) {
        try message.container("r", "sv") { () throws(Fault) in
            try message.append(name)
            try message.container("v", signature, body)
        }
    }
}
