import Glibc
import Model

/// Sums what a sandbox's process tree uses, since control groups cannot be relied on.
struct SandboxWatch: ChildWatch {
    private let limits: SandboxLimits
    private let worktree: String
    private let spaceBefore: FreeSpace?
    private let grownBefore: Int
    private var tree: ProcessTree?
    private var looks = 0
    private(set) var cpu: Duration = .zero
    private(set) var memoryPeak = 0
    private(set) var tasksPeak = 0

    init(_ limits: SandboxLimits, worktree: String) {
        self.limits = limits
        self.worktree = worktree
        spaceBefore = FreeSpace(worktree)
        grownBefore = diskUse(worktree, stopAt: .max)
    }

    mutating func check(_ process: Int32) -> SandboxLimit? {
        var tree = tree ?? ProcessTree(root: process)
        let usage = tree.look()
        self.tree = tree
        looks += 1
        cpu = max(cpu, usage.cpu)
        // The starter and the namespace's first process are not the command's.
        let tasks = max(0, usage.tasks - 2)
        tasksPeak = max(tasksPeak, tasks)
        let memory = memory(usage, tree)
        memoryPeak = max(memoryPeak, memory)
        if memory > limits.memory.bytes { return .memory }
        if tasks > limits.processes { return .processes }
        if cpu > limits.cpu { return .cpu }
        return looks % 4 == 0 && hasGrown() ? .disk : nil
    }

    /// Exact only where the cheap sum, which counts shared pages several times, is over the limit.
    private func memory(_ usage: ProcessTree.Usage, _ tree: ProcessTree) -> Int {
        let files = memoryFiles(tree)
        let cheap = usage.memory + files
        guard cheap > limits.memory.bytes, let exact = tree.proportionalMemory() else { return cheap }
        return exact + files
    }

    /// Bytes in the sandbox's own file systems in memory; zero where we may not look into it.
    private func memoryFiles(_ tree: ProcessTree) -> Int {
        let sizeMax = limits.memory.bytes + (1 << 16)
        for process in tree.members where process != tree.root {
            let shared = FreeSpace("/proc/\(process)/root/dev/shm")
            let temporary = FreeSpace("/proc/\(process)/root/tmp")
            // Until the walls stand, these are the system's own.
            if let shared, let temporary, shared.total <= sizeMax, temporary.total <= sizeMax {
                return shared.used + temporary.used
            }
        }
        return 0
    }

    /// Exact only where the file system has lost more space than that: others write to it too.
    private func hasGrown() -> Bool {
        guard let before = spaceBefore, let now = FreeSpace(worktree) else { return false }
        let files = before.files - now.files
        guard before.bytes - now.bytes > limits.disk.bytes || files > limits.disk.bytes / bytesPerEntry else {
            return false
        }
        let most = grownBefore + limits.disk.bytes
        return diskUse(worktree, stopAt: most) > most
    }
}

/// What a file system has left.
private struct FreeSpace: Sendable {
    var bytes: Int
    var files: Int
    var used: Int
    var total: Int

    init?(_ path: String) {
        var state = statvfs()
        guard statvfs(path, &state) == 0 else { return nil }
        let block = Int(state.f_frsize)
        bytes = Int(state.f_bavail) * block
        files = Int(state.f_ffree)
        total = Int(state.f_blocks) * block
        used = total - Int(state.f_bfree) * block
    }
}

/// What an entry costs beside its blocks.
private let bytesPerEntry = 256

/// Bytes that a folder's entries take, counted no further than `stopAt`; links are not followed.
private func diskUse(_ folder: String, stopAt: Int) -> Int {
    var sum = 0
    var folders = [folder]
    while let folder = folders.popLast(), sum <= stopAt {
        guard let open = opendir(folder) else { continue }
        defer { closedir(open) }
        for name in names(in: open) where name != "." && name != ".." {
            var state = stat()
            let path = folder + "/" + name
            guard lstat(path, &state) == 0 else { continue }
            sum += Int(state.st_blocks) * 512 + bytesPerEntry
            if state.st_mode & S_IFMT == S_IFDIR { folders.append(path) }
        }
    }
    return sum
}
