import CSystemd
import Glibc
import Model
import Synchronization

/// The thread that owns the bus connection: runs what is posted to it, and in between hears the bus's signals.
final class BusThread: Sendable {
    typealias Work = @Sendable (BusLoop) -> Void

    private struct Inbox {
        var work: [Work] = []
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    private let wake = WakeEvent()

    init(_ which: SystemBus.Which) {
        DetachedThread.start { self.run(which) }
    }

    /// False when the thread has ended or is about to.
    func post(_ work: @escaping Work) -> Bool {
        let isOpen = inbox.withLock { inbox in
            if !inbox.isClosed { inbox.work.append(work) }
            return !inbox.isClosed
        }
        if isOpen { wake.signal() }
        return isOpen
    }

    func close() {
        inbox.withLock { $0.isClosed = true }
        wake.signal()
    }

    private func run(_ which: SystemBus.Which) {
        let loop = BusLoop(which)
        while true {
            wake.drain()
            let (work, isClosed) = inbox.withLock { inbox in
                defer { inbox.work = [] }
                return (inbox.work, inbox.isClosed)
            }
            for item in work { item(loop) }
            if isClosed { return loop.end() }
            loop.hear()
            loop.sleep(until: wake.file)
        }
    }
}

/// What lives on the bus thread: the connection while there is one, and who awaits which job.
final class BusLoop {
    typealias Waiter = CheckedContinuation<Result<String?, Fault>, Never>

    private let which: SystemBus.Which
    private var connection: BusConnection?
    private var waiters: [UInt32: [Waiter]] = [:]

    init(_ which: SystemBus.Which) { self.which = which }

    func with<T>(_ body: (BusConnection) throws(Fault) -> T) -> Result<T, Fault> {
        do throws(Fault) {
            if connection == nil { connection = try BusConnection(which) }
            guard let connection else { return .failure(Fault("bus.lost", "The bus cannot be reached")) }
            return .success(try body(connection))
        } catch {
            if let connection, sd_bus_is_open(connection.pointer) <= 0 { lose(error) }
            return .failure(error)
        }
    }

    func await(_ job: UnitJob, _ waiter: Waiter) {
        let known = with { connection throws(Fault) in try connection.adopt(job) }
        switch known {
        case .failure(let fault): waiter.resume(returning: .failure(fault))
        case .success(false): waiter.resume(returning: .success(nil))
        case .success(true): waiters[job.id, default: []].append(waiter)
        }
    }

    /// Handles the signals that have come, and wakes whoever awaited a job that has ended.
    func hear() {
        guard let connection else { return }
        do throws(Fault) {
            while try connection.process() {}
        } catch {
            return lose(error)
        }
        for id in waiters.keys {
            guard let end = connection.takeEnd(of: UnitJob(id: id)) else { continue }
            for waiter in waiters.removeValue(forKey: id) ?? [] { waiter.resume(returning: .success(end)) }
        }
    }

    /// Returns when the bus or `wake` has something.
    func sleep(until wake: Int32) {
        var files = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        var timeout: Int32 = -1
        if let bus = connection?.pointer {
            files.append(pollfd(fd: sd_bus_get_fd(bus), events: Int16(sd_bus_get_events(bus)), revents: 0))
            var deadline = UInt64.max
            if sd_bus_get_timeout(bus, &deadline) >= 0, deadline != .max {
                var now = timespec()
                clock_gettime(CLOCK_MONOTONIC, &now)
                let microseconds = UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
                timeout = deadline > microseconds ? Int32(min((deadline - microseconds) / 1000 + 1, 60_000)) : 0
            }
        }
        _ = poll(&files, nfds_t(files.count), timeout)
    }

    func end() { lose(Fault("bus.closed", "The bus was closed")) }

    private func lose(_ fault: Fault) {
        connection = nil
        let all = waiters.values.joined()
        waiters = [:]
        for waiter in all { waiter.resume(returning: .failure(fault)) }
    }
}
