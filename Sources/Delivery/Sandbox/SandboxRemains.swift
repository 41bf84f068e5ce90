import Glibc
import Model

/// What still runs in a sandbox over a worktree: nothing may, once its command has ended.
///
/// Such a process is in a pid namespace that is not ours, and the folder at `Sandbox.worktree` in its root is the
/// worktree; it can change neither.
struct SandboxRemains: Sendable {
    private let device: dev_t
    private let number: ino_t
    private let ours: String?

    init?(worktree: String) {
        var state = stat()
        guard stat(worktree, &state) == 0 else { return nil }
        device = state.st_dev
        number = state.st_ino
        ours = Self.namespace("self")
    }

    func processes() -> [Int32] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        return names(in: directory).compactMap { Int32($0) }.filter { process in
            guard let namespace = Self.namespace("\(process)"), namespace != ours else { return false }
            var state = stat()
            return stat("/proc/\(process)/root\(Sandbox.worktree)", &state) == 0 && state.st_dev == device
                && state.st_ino == number
        }
    }

    /// Ends them all and waits until they have ended, at most some seconds; a cancelled task too.
    func end() async throws(Fault) {
        let deadline = ContinuousClock.now + .seconds(10)
        var pause = Duration.microseconds(500)
        while true {
            let left = processes()
            if left.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                throw Fault("sandbox.stuck", "\(counted(left.count, "process")) of a sandbox cannot be ended")
            }
            for process in left { kill(process, SIGKILL) }
            do {
                try await Task.sleep(for: pause)
            } catch {
                // Cancelled: nothing may be left all the same, and what was killed ends in an instant.
                usleep(1000)
            }
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    private static func namespace(_ process: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let length = buffer.withUnsafeMutableBytes {
            readlink("/proc/\(process)/ns/pid", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return length > 0 ? String(decoding: buffer[..<length], as: UTF8.self) : nil
    }
}
