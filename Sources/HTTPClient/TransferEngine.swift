import CCurl
import Glibc
import Model
import Synchronization

/// The thread that drives all transfers through one `curl_multi` handle.
final class TransferEngine: @unchecked Sendable {
    private struct State {
        var waiting: [Transfer] = []
        var cancelled: [Transfer] = []
        var isEnding = false
        /// Why nothing can be sent at all.
        var failure: String?
    }

    private let concurrentMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())
    /// Only `curl_multi_wakeup` may be called on it from elsewhere than the thread.
    private let multi: UnsafeMutableRawPointer?
    /// Those that curl has; the thread's alone.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(concurrentMax: Int, waitingMax: Int) {
        self.concurrentMax = concurrentMax
        self.waitingMax = waitingMax
        multi = Self.isReady ? curl_multi_init() : nil
        curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, min(concurrentMax, 64))
    }

    deinit { curl_multi_cleanup(multi) }

    func start() {
        guard multi != nil else { return state.withLock { $0.failure = "libcurl cannot be initialised" } }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<TransferEngine>.fromOpaque(argument).takeRetainedValue().main()
                return nil
            }, box.toOpaque())
        if result == 0 {
            pthread_detach(thread)
        } else {
            box.release()
            state.withLock { $0.failure = "no thread can be started: \(String(cString: strerror(result)))" }
        }
    }

    /// Stops all transfers, and the thread.
    func end() {
        state.withLock { $0.isEnding = true }
        curl_multi_wakeup(multi)
    }

    func submit(_ transfer: Transfer) {
        let refusal: (String, String)? = state.withLock { state in
            if let failure = state.failure { return ("http.engine", "was not sent: \(failure)") }
            if state.isEnding { return ("http.cancelled", "was not sent: the client has ended") }
            if state.waiting.count >= waitingMax { return ("http.busy", "was not sent: too many requests are waiting") }
            state.waiting.append(transfer)
            return nil
        }
        if let (code, text) = refusal { transfer.fail(code, text) } else { curl_multi_wakeup(multi) }
    }

    func cancel(_ transfer: Transfer) {
        transfer.isCancelled = true
        state.withLock { $0.cancelled.append(transfer) }
        curl_multi_wakeup(multi)
    }

    private func main() {
        while acceptWork() {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect()
            stopIdle()
            // A transfer that ended may have made room for one that waits.
            if active.count < concurrentMax, state.withLock({ !$0.waiting.isEmpty }) { continue }
            curl_multi_poll(multi, nil, 0, pollTimeout(), nil)
        }
        for transfer in active.values { drop(transfer, "http.cancelled", "was stopped: the client has ended") }
    }

    /// Starts what waits, stops what was cancelled or has waited too long; false at the end.
    private func acceptWork() -> Bool {
        let now = ContinuousClock.now
        let (begin, cancelled, expired, isEnding) = state.withLock { state in
            let expired = state.waiting.filter { $0.deadline <= now && !$0.isCancelled }
            let gone = state.waiting.filter(\.isCancelled) + state.cancelled
            state.waiting.removeAll { $0.deadline <= now || $0.isCancelled }
            state.cancelled = []
            let begin = Array(state.waiting.prefix(state.isEnding ? .max : max(0, concurrentMax - active.count)))
            state.waiting.removeFirst(begin.count)
            return (begin, gone, expired, state.isEnding)
        }
        for transfer in cancelled { drop(transfer, "http.cancelled", "was stopped: its caller was cancelled") }
        for transfer in expired { transfer.fail("http.timeout", "waited too long for its turn") }
        for transfer in begin {
            if isEnding { transfer.fail("http.cancelled", "was stopped: the client has ended") } else { add(transfer) }
        }
        return !isEnding
    }

    private func add(_ transfer: Transfer) {
        guard let handle = transfer.open(), curl_multi_add_handle(multi, handle) == CURLM_OK else {
            return transfer.fail("http.engine", "was not sent: libcurl has no memory")
        }
        active[handle] = transfer
    }

    private func collect() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let handle = message.easy_handle, let transfer = active[handle] else {
                continue
            }
            transfer.complete(message.data.result)
            remove(transfer)
        }
    }

    /// Ends the streamed answers that went silent.
    private func stopIdle() {
        let now = ContinuousClock.now
        for transfer in active.values {
            guard let deadline = transfer.idleDeadline, deadline <= now else { continue }
            transfer.failIdle()
            remove(transfer)
        }
    }

    private func drop(_ transfer: Transfer, _ code: String, _ text: String) {
        transfer.fail(code, text)
        remove(transfer)
    }

    private func remove(_ transfer: Transfer) {
        guard let handle = transfer.handle, active.removeValue(forKey: handle) != nil else { return }
        curl_multi_remove_handle(multi, handle)
        transfer.close()
    }

    /// Milliseconds until a waiting transfer's time or a streamed one's silence is up; curl sees to the other timeouts of
    /// those it has.
    private func pollTimeout() -> Int32 {
        let waiting = state.withLock { state in state.waiting.map(\.deadline).min() }
        let idle = active.values.compactMap(\.idleDeadline).min()
        guard let deadline = [waiting, idle].compactMap({ $0 }).min() else { return .max }
        return Int32(clamping: max(0, (deadline - .now).milliseconds) + 1)
    }
}
