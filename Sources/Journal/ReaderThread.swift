import CSystemd
import Glibc
import Model
import Synchronization

/// The thread on which a follower reads: it reads one batch for each request, and waits for entries where there are none.
final class ReaderThread: Sendable {
    private struct State {
        var request: CheckedContinuation<JournalBatch, any Error>?
        var isEnding = false
        var hasEnded = false
        var onEnd: [CheckedContinuation<Void, Never>] = []
        /// Why reading stopped; the answer to every later request.
        var failure: Fault?
    }

    private let follower: JournalFollower
    private let state = Mutex(State())
    /// An eventfd: readable when there is a request or the thread shall end.
    private let wake: Int32

    init(_ follower: JournalFollower) throws(Fault) {
        self.follower = follower
        wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wake >= 0 else {
            throw Fault("journal.thread", "cannot follow the journal: \(String(cString: strerror(errno)))")
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ReaderThread>.fromOpaque(argument).takeRetainedValue().main()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            throw Fault("journal.thread", "cannot follow the journal: \(String(cString: strerror(result)))")
        }
        pthread_detach(thread)
    }

    deinit { close(wake) }

    /// The next batch; waits for entries. One call at a time.
    func next() async throws -> JournalBatch {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refusal: (any Error)? = state.withLock { state in
                    if let failure = state.failure { return failure }
                    if state.isEnding { return CancellationError() }
                    state.request = continuation
                    return nil
                }
                if let refusal { continuation.resume(throwing: refusal) } else { signal() }
            }
        } onCancel: {
            requestEnd()
        }
    }

    /// Returns when the thread has ended.
    func end() async {
        requestEnd()
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.onEnd.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func requestEnd() {
        state.withLock { $0.isEnding = true }
        signal()
    }

    private func signal() {
        // Fails only where the counter is full, and then the descriptor is readable already.
        _ = eventfd_write(wake, 1)
    }

    private func clearSignal() {
        var count: eventfd_t = 0
        // Fails only where nothing was signalled.
        _ = eventfd_read(wake, &count)
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    private func main() {
        var failure: Fault?
        do throws(Fault) {
            try read()
        } catch {
            failure = error
        }
        let (request, waiting) = state.withLock { state in
            state.isEnding = true
            state.failure = failure
            state.hasEnded = true
            defer { (state.request, state.onEnd) = (nil, []) }
            return (state.request, state.onEnd)
        }
        request?.resume(throwing: failure ?? CancellationError() as any Error)
        for continuation in waiting { continuation.resume() }
    }

    private func read() throws(Fault) {
        let reader = try JournalReader(follower.source, matches: follower.matches)
        var fields = follower.fields()
        var filter = FieldFilter(fields)
        func nextBatch() throws(Fault) -> JournalBatch {
            let wanted = follower.fields()
            if wanted != fields { (fields, filter) = (wanted, FieldFilter(wanted)) }
            return try reader.nextBatch(max: follower.entriesMax, maxBytes: follower.bytesMax, filter: filter)
        }
        var start: JournalStart? = try reader.seek(follower.start)
        while waitForRequest() {
            var batch = try nextBatch()
            if start == nil, batch.entries.isEmpty, batch.gaps.isEmpty {
                try wait(reader)
                batch = try nextBatch()
            }
            guard !isEnding else { return }
            batch.start = start
            start = nil
            let request = state.withLock { state in
                defer { state.request = nil }
                return state.request
            }
            request?.resume(returning: batch)
        }
    }

    /// Waits for a change of the journal, the end, or `quietMax`.
    private func wait(_ reader: JournalReader) throws(Fault) {
        let clock = ContinuousClock()
        let deadline = clock.now + follower.quietMax
        while !isEnding {
            let left = deadline - clock.now
            guard left > .zero else { return }
            switch try reader.wait(timeout: left, interrupt: wake) {
            case .appended, .invalidated: return
            case .interrupted: clearSignal()
            case .nothing: break
            }
        }
    }

    /// False when the thread shall end.
    private func waitForRequest() -> Bool {
        while true {
            let (isEnding, hasRequest) = state.withLock { ($0.isEnding, $0.request != nil) }
            if isEnding { return false }
            if hasRequest { return true }
            var event = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
            poll(&event, 1, -1)
            clearSignal()
        }
    }
}
