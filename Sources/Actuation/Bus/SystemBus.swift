import Glibc
public import Model
public import Runbooks

/// systemd over sd-bus, on one thread of its own; every call is queued there, so nothing of sd-bus is ever shared.
///
/// The connection opens with the first call. When it breaks, everything that waits fails with `bus.lost`, and the next
/// call opens a new one.
public final class SystemBus: UnitBus {
    public enum Which: Sendable { case system, user }

    private let which: Which
    private let thread: BusThread

    public init(_ which: Which) {
        self.which = which
        thread = BusThread(which)
    }

    deinit { thread.close() }

    public func close() { thread.close() }

    public func state(of unit: String) async throws(Fault) -> UnitState {
        try await ask { bus throws(Fault) in try bus.state(of: unit) }
    }

    public func begin(_ verb: SystemdVerb, _ unit: String) async throws(Fault) -> UnitJob? {
        try await ask { bus throws(Fault) in
            guard let method = verb.jobMethod else {
                try bus.call("ResetFailedUnit") { message throws(Fault) in try message.append(unit) }
                return nil
            }
            return try bus.job(method) { message throws(Fault) in
                try message.append(unit)
                try message.append("replace")
            }
        }
    }

    public func begin(_ step: StepUnit) async throws(Fault) -> UnitJob {
        let isUser = which == .user
        return try await ask { bus throws(Fault) in
            try bus.job("StartTransientUnit") { message throws(Fault) in
                try step.write(to: message, isUser: isUser)
            }
        }
    }

    public func end(of job: UnitJob) async throws(Fault) -> String? {
        let thread = thread
        return try await withCheckedContinuation { continuation in
            if !thread.post({ $0.await(job, continuation) }) { continuation.resume(returning: .failure(.busClosed)) }
        }.get()
    }

    public func hasBegun(_ step: String) async throws(Fault) -> Bool {
        let path = markerPath(step)
        guard access(path, F_OK) != 0 else { return true }
        guard errno == ENOENT else { throw Fault("bus.lost", "\(path) cannot be looked up (error \(errno))") }
        return false
    }

    public func collect(_ step: String) async throws(Fault) {
        let stopped: UnitJob? = try await ask { bus throws(Fault) in
            let state = try bus.state(of: step)
            guard state.loadState != "not-found" else { return nil }
            guard state.activeState == "failed" || state.activeState == "inactive" else {
                return try bus.job("StopUnit") { message throws(Fault) in
                    try message.append(step)
                    try message.append("replace")
                }
            }
            return nil
        }
        if let stopped { _ = try await end(of: stopped) }
        let state = try await state(of: step)
        if state.activeState == "failed" { _ = try await begin(.resetFailed, step) }
        _ = rmdir(markerPath(step))  // where the step has left files in it, it stays until the next boot
    }

    /// The directory that systemd makes when it runs the unit, and that outlives it.
    private func markerPath(_ step: String) -> String {
        let ofUser = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? "/run/user/\(getuid())"
        let root = which == .system ? "/run" : ofUser
        return "\(root)/\(StepUnit.markerDirectory)/\(step)"
    }

    private func ask<T: Sendable>(
        _ body: @escaping @Sendable (BusConnection) throws(Fault) -> T
    ) async throws(Fault) -> T {
        let thread = thread
        let answer: Result<T, Fault> = await withCheckedContinuation { continuation in
            let posted = thread.post { loop in continuation.resume(returning: loop.with(body)) }
            if !posted { continuation.resume(returning: .failure(.busClosed)) }
        }
        return try answer.get()
    }
}

extension Fault {
    fileprivate static let busClosed = Fault("bus.closed", "The bus was closed")
}

extension SystemdVerb {
    /// The method that creates a job; nil for a verb without one.
    fileprivate var jobMethod: String? {
        switch self {
        case .start: "StartUnit"
        case .stop: "StopUnit"
        case .restart: "RestartUnit"
        case .reload: "ReloadUnit"
        case .resetFailed: nil
        }
    }
}
