public import Model

/// What a sandboxed command may use at most; whichever is reached first ends it.
public struct SandboxLimits: Sendable, Hashable, Codable {
    /// Held by the whole process tree, its /tmp and /dev/shm included.
    public var memory: ByteSize
    /// Processes and threads, as the kernel counts them.
    public var processes: Int
    public var wall: Duration
    /// User and system time of the whole tree.
    public var cpu: Duration
    /// Of both output streams together.
    public var output: ByteSize
    /// Kept of each end of each stream.
    public var kept: ByteSize
    /// Of one file.
    public var file: ByteSize
    /// By which the worktree may grow.
    public var disk: ByteSize

    public init(
        memory: ByteSize = ByteSize(bytes: 1 << 30), processes: Int = 256, wall: Duration = .seconds(600),
        cpu: Duration? = nil, output: ByteSize = ByteSize(bytes: 64 << 20), kept: ByteSize = ByteSize(bytes: 1 << 20),
        file: ByteSize = ByteSize(bytes: 1 << 30), disk: ByteSize = ByteSize(bytes: 2 << 30)
    ) {
        self.memory = memory
        self.processes = processes
        self.wall = wall
        self.cpu = cpu ?? wall * 2
        self.output = output
        self.kept = kept
        self.file = file
        self.disk = disk
    }

    public init(_ settings: Project.Sandbox) {
        self.init(memory: settings.memory, processes: settings.processes, wall: settings.wall)
    }
}

/// Which limit ended a command.
public enum SandboxLimit: String, Sendable, Hashable, Codable, CaseIterable {
    case memory, processes, cpu, wall, output, file, disk
}

/// How a sandboxed command ended, what it wrote and what it used.
public struct SandboxReport: Sendable, Hashable, Codable {
    public enum End: Sendable, Hashable, Codable {
        case exit(Int32)
        case signal(Int32)
        /// It was ended, with everything that it had started.
        case limit(SandboxLimit)
    }

    public var end: End
    public var standardOutput: KeptOutput
    public var standardError: KeptOutput
    public var limits: SandboxLimits
    public var wall: Duration
    /// As last seen while it ran: less than the truth for what ended between two looks.
    public var cpu: Duration
    public var memoryPeak: ByteSize
    public var processesPeak: Int

    /// How it ended, as the end of a sentence that begins with the command.
    public var ending: String {
        switch end {
        case .exit(let code): "exited with \(code)"
        case .signal(let number): "was ended by signal \(number)"
        case .limit(.memory): "was stopped: it held more than \(limits.memory.literal) of memory"
        case .limit(.processes): "was stopped: it had more than \(limits.processes) processes and threads"
        case .limit(.cpu): "was stopped: it used more than \(limits.cpu.literal) of processor time"
        case .limit(.wall): "was stopped: it ran longer than \(limits.wall.literal)"
        case .limit(.output): "was stopped: it wrote more than \(limits.output.literal) of output"
        case .limit(.file): "was stopped: it wrote a file larger than \(limits.file.literal)"
        case .limit(.disk): "was stopped: its worktree grew by more than \(limits.disk.literal)"
        }
    }
}
