import Glibc
import Model

/// One at a time for a folder of ours, among tasks and processes; the kernel lets go when its holder dies.
struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// Waits until it is free, at most `wall`.
    init(_ path: String, wall: Duration = .seconds(300)) async throws(Fault) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw Fault("repository.state", "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        let deadline = ContinuousClock.now + wall
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            do {
                guard ContinuousClock.now < deadline else {
                    throw Fault("repository.busy", "\(path) has been locked for \(wall.literal)")
                }
                try await Task.sleep(for: .milliseconds(20))
            } catch let fault as Fault {
                close(descriptor)
                throw fault
            } catch {
                close(descriptor)
                throw Fault("repository.cancelled", "waiting for \(path) was cancelled")
            }
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
