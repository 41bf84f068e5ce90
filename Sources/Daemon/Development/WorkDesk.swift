import Delivery
import Model

/// Tasks between the driver and the agents' process: offered here, fetched by polls, and ended by results.
///
/// Nothing is kept on disk: after a restart the driver offers again what has started, under the same keys, and the
/// agents go on from their stored transcripts and from what git holds.
actor WorkDesk {
    private struct Item {
        let task: WorkTask
        let offeredAt: Stamp
        /// When the task was last handed out; nil while it waits.
        var givenAt: Stamp?
        var isCancelled = false
        /// Whether the incident says that nobody comes for it; until somebody does.
        var isMissed = false
    }

    private let clock: HostClock
    private var items: [EffectKey: Item] = [:]
    private var order: [EffectKey] = []
    private var lastPoll: Stamp?
    private let began: Stamp
    private var isClosed = false

    init(clock: HostClock) {
        self.clock = clock
        began = clock.now()
    }

    /// Whether the agents' process has been heard lately.
    var isAttended: Bool { lastPoll.map { clock.now().since($0) < WorkRules.silenceMax } ?? false }

    /// What is to be known of the agents' process from outside.
    struct Attendance: Sendable, Hashable {
        var isHeard: Bool
        /// It has been silent for so long, since its last poll or our start, that somebody should look.
        var isMissed: Bool
        var lastPoll: Timestamp?
        var tasks: Int
    }

    var attendance: Attendance {
        Attendance(
            isHeard: isAttended, isMissed: clock.now().since(lastPoll ?? began) >= WorkRules.silenceMax,
            lastPoll: lastPoll?.wall, tasks: items.count)
    }

    /// Tasks that have waited for so long for a process that is not heard, and of which `missed` has not said so yet.
    var forsaken: [EffectKey] {
        guard attendance.isMissed else { return [] }
        let now = clock.now()
        return order.filter { key in
            guard let item = items[key] else { return false }
            return !item.isMissed && now.since(item.offeredAt) >= WorkRules.silenceMax
        }
    }

    /// It was said of the task that nobody comes for it.
    func missed(_ key: EffectKey) { items[key]?.isMissed = true }

    /// Takes a task; one that is there already is left as it is.
    func offer(_ task: WorkTask) {
        guard items[task.key] == nil else { return }
        items[task.key] = Item(task: task, offeredAt: clock.now())
        order.append(task.key)
    }

    func holds(_ key: EffectKey) -> Bool { items[key] != nil }
    func task(_ key: EffectKey) -> WorkTask? { items[key]?.task }

    /// Tells whoever works on the task to stop; true where nobody does, so that no result will come.
    func cancel(_ key: EffectKey) -> Bool {
        guard let item = items[key] else { return true }
        guard item.givenAt != nil, isAttended else {
            remove(key)
            return true
        }
        items[key]?.isCancelled = true
        return false
    }

    /// The result came, or nobody wants it any more; false where the task was not here.
    @discardableResult
    func remove(_ key: EffectKey) -> Bool {
        order.removeAll { $0 == key }
        return items.removeValue(forKey: key) != nil
    }

    /// Answers who waits, and hands out nothing more: the daemon ends, and what is here is offered again by the next one.
    func close() { isClosed = true }

    /// Takes away the cancelled tasks that were lost with the process that had them: nobody else will say how they ended.
    func takeLost(running: [EffectKey]) -> [EffectKey] {
        let busy = Set(running)
        let lost = order.filter { items[$0]?.isCancelled == true && !busy.contains($0) }
        for key in lost { remove(key) }
        return lost
    }

    /// What is to be begun and what to be stopped, for a process that says what it is working on.
    ///
    /// A task that was handed out and is not among `running` was lost with the process that had it: it is handed out again.
    func poll(running: [EffectKey]) async throws -> WorkAnswer {
        let began = clock.now()
        while true {
            let now = clock.now()
            lastPoll = now
            for key in order { items[key]?.isMissed = false }
            if isClosed { return .tasks(start: [], cancel: []) }
            let (start, cancel) = answer(running)
            if !start.isEmpty || !cancel.isEmpty || now.since(began) >= WorkRules.pollPatience {
                return .tasks(start: start, cancel: cancel)
            }
            try await clock.sleep(Self.lookPause)
        }
    }

    private static let lookPause = Duration.milliseconds(200)

    private func answer(_ running: [EffectKey]) -> (start: [WorkTask], cancel: [EffectKey]) {
        let busy = Set(running)
        var start: [WorkTask] = []
        for key in order where !busy.contains(key) {
            guard let item = items[key], !item.isCancelled else { continue }
            items[key]?.givenAt = clock.now()
            start.append(item.task)
        }
        // What the process works on and we do not know is over for us, too; right after a start it may come back.
        let knowsAll = clock.now().since(began) > WorkRules.silenceMax
        return (start, running.filter { items[$0]?.isCancelled ?? knowsAll })
    }
}
