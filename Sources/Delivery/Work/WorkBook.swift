import Model

/// Which tasks wait, are under way, and have ended without the daemon knowing: decides, does nothing.
struct WorkBook {
    /// Tasks under way at once.
    let atOnce: Int
    private var waiting: [WorkTask] = []
    private var working: [EffectKey: String] = [:]
    private var stopping: Set<EffectKey> = []
    private var ended: Set<EffectKey> = []

    init(atOnce: Int) { self.atOnce = atOnce }

    /// What the daemon need not hand out.
    var known: [EffectKey] {
        (waiting.map(\.key) + working.keys + ended).sorted { $0.description < $1.description }
    }

    /// Takes an answer to a poll: which tasks to stop, which of the waiting will never begin, and whether it says
    /// anything new.
    mutating func take(
        start: [WorkTask], cancel: [EffectKey]
    ) -> (stop: [EffectKey], dropped: [EffectKey], isNews: Bool) {
        let known = Set(known)
        let fresh = start.filter { !known.contains($0.key) }
        waiting += fresh
        let cancelled = Set(cancel)
        let stop = working.keys.filter { cancelled.contains($0) && !stopping.contains($0) }
        stopping.formUnion(stop)
        let dropped = waiting.map(\.key).filter(cancelled.contains)
        waiting.removeAll { cancelled.contains($0.key) }
        ended.formUnion(dropped)
        return (stop, dropped, !fresh.isEmpty || !stop.isEmpty || !dropped.isEmpty)
    }

    /// Those to begin now: the oldest first, of an item one at a time.
    mutating func begin() -> [WorkTask] {
        var begun: [WorkTask] = []
        for task in waiting where working.count < atOnce && !working.values.contains(task.item) {
            working[task.key] = task.item
            begun.append(task)
        }
        waiting.removeAll { working[$0.key] != nil }
        return begun
    }

    mutating func end(_ key: EffectKey) {
        working[key] = nil
        stopping.remove(key)
        ended.insert(key)
    }

    /// The daemon knows how it ended.
    mutating func forget(_ key: EffectKey) { ended.remove(key) }
}
