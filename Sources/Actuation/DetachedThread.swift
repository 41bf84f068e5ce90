import CSystemd
import Glibc
public import Model

/// A thread of its own for what blocks: sd-bus, poll, read.
public enum DetachedThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    public static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(Body(body)).toOpaque())
        precondition(result == 0, "this process may start no more threads")
        pthread_detach(thread)
    }

    /// The value of a body that blocks, without blocking whoever awaits it.
    public static func value<T: Sendable>(of body: @escaping @Sendable () throws(Fault) -> T) async throws(Fault) -> T {
        let result: Result<T, Fault> = await withCheckedContinuation { continuation in
            start {
                do throws(Fault) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

/// Wakes a thread that polls.
final class WakeEvent: Sendable {
    let file: Int32

    init() {
        file = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(file >= 0, "this process may open no more files")
    }
    deinit { close(file) }

    func signal() {
        var one: UInt64 = 1
        _ = write(file, &one, 8)
    }
    func drain() {
        var count: UInt64 = 0
        _ = read(file, &count, 8)
    }
}
