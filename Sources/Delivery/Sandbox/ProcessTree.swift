import Glibc

/// A process and all that descend from it, as /proc shows them.
///
/// A pid namespace keeps orphans in its tree: they become its first process's children.
struct ProcessTree: Sendable {
    /// What the tree uses now.
    struct Usage: Sendable {
        /// Processes and threads.
        var tasks = 0
        /// Bytes that no file on disk backs, those shared by several processes counted once for each.
        var memory = 0
        /// User and system time of the living and of those that they waited for.
        var cpu: Duration = .zero
    }

    let root: Int32
    private(set) var members: Set<Int32>
    /// Seen outside the tree: they stay outside. Emptied now and then, since numbers are used again.
    private var foreign: Set<Int32> = []
    private var looks = 0

    init(root: Int32) {
        self.root = root
        members = [root]
    }

    /// Whether the process is there and not a zombie.
    static func isRunning(_ process: Int32) -> Bool {
        guard let state = ProcessState(process) else { return false }
        return state.letter != UInt8(ascii: "Z") && state.letter != UInt8(ascii: "X")
    }

    mutating func look() -> Usage {
        looks += 1
        if looks % 20 == 0 { foreign = [] }
        var states: [Int32: ProcessState] = [:]
        for process in Self.processes() where !foreign.contains(process) {
            states[process] = ProcessState(process)
        }
        members = states.keys.reduce(into: []) { members, process in
            if descends(process, states) { members.insert(process) }
        }
        foreign.formUnion(states.keys.filter { !members.contains($0) })
        var usage = Usage()
        var ticks = 0
        for process in members {
            guard let state = states[process] else { continue }
            usage.tasks += state.threads
            ticks += state.ticks
            usage.memory += Self.privateMemory(process)
        }
        usage.cpu = .milliseconds(ticks * 1000 / Self.ticksPerSecond)
        return usage
    }

    /// Bytes in use, each shared page shared out among those who have it; nil where the kernel does not say.
    func proportionalMemory() -> Int? {
        var sum = 0
        for process in members {
            guard let text = readSmallFile("/proc/\(process)/smaps_rollup") else { continue }
            guard !text.isEmpty else { return nil }
            for line in text.split(separator: UInt8(ascii: "\n")) {
                let words = String(decoding: line, as: UTF8.self).split(separator: " ")
                guard words.count == 3, words[0] == "Pss_Anon:" || words[0] == "Pss_Shmem:" else { continue }
                sum += (Int(words[1]) ?? 0) * 1024
            }
        }
        return sum
    }

    private func descends(_ process: Int32, _ states: [Int32: ProcessState]) -> Bool {
        var current = process
        // A chain longer than this is of a table that changed while it was read.
        for _ in 0..<4096 {
            if current == root { return true }
            guard let parent = states[current]?.parent, parent > 1 else { return false }
            current = parent
        }
        return false
    }

    private static let ticksPerSecond = max(1, Int(sysconf(Int32(_SC_CLK_TCK))))
    private static let pageSize = max(4096, Int(sysconf(Int32(_SC_PAGESIZE))))

    private static func privateMemory(_ process: Int32) -> Int {
        guard let text = readSmallFile("/proc/\(process)/statm") else { return 0 }
        let words = text.split(separator: UInt8(ascii: " ")).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        guard words.count > 2 else { return 0 }
        return max(0, words[1] - words[2]) * pageSize
    }

    private static func processes() -> [Int32] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        return names(in: directory).compactMap { Int32($0) }
    }
}

/// The names of an open folder's entries.
func names(in directory: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = readdir(directory) {
        names.append(
            withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            })
    }
    return names
}

/// One line of /proc/PID/stat.
private struct ProcessState {
    var letter: UInt8
    var parent: Int32
    var threads: Int
    /// Of processor time, its own and that of children it waited for.
    var ticks: Int

    /// Nil when the process is gone.
    init?(_ process: Int32) {
        guard let text = readSmallFile("/proc/\(process)/stat"),
            // The name in parentheses may hold anything, parentheses and spaces included.
            let end = text.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let words = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard words.count > 20, let letter = words[0].first else { return nil }
        func number(_ field: Int) -> Int { Int(String(decoding: words[field - 3], as: UTF8.self)) ?? 0 }
        self.letter = letter
        parent = Int32(truncatingIfNeeded: number(4))
        threads = max(1, number(20))
        ticks = number(14) + number(15) + number(16) + number(17)
    }
}

/// The first 8 KiB of a file of /proc; nil where its process is gone, nothing where we may not read it.
private func readSmallFile(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno == ENOENT || errno == ESRCH ? nil : [] }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = read(descriptor, &buffer, buffer.count)
    guard count >= 0 else { return errno == ESRCH ? nil : [] }
    return Array(buffer[..<count])
}
