import Model

/// What one log rule remembers of one label set.
struct LogWindow: Hashable, Sendable, Codable {
    /// The times of the last matching entries, oldest first; as many as the threshold needs, none older than its window.
    var times: [Timestamp] = []
    /// Matching entries since the alert was last told.
    var fresh = 0
    /// When the threshold was last met.
    var metAt: Timestamp?
    var toldAt: Timestamp?
    /// The alert as last told; nil while it is not firing.
    var firing: AlertInstance?
}

/// The windows of one log rule, by their labels; bounded, whatever the log says.
struct LogWindows: Sendable {
    private(set) var windows: [Labels: LogWindow] = [:]
    /// Entries that were not counted because there were too many label sets.
    private(set) var dropped = 0
    /// When there was last no room to be found.
    private var searchedAt: Timestamp?

    /// All windows of a rule together keep at most this many times.
    private static let timesMax = 100_000
    static let setsMax = 256
    /// A firing alert whose threshold is met anew is told again at most this often.
    static let repeatAfter = Duration.seconds(1)

    init(_ restored: [(labels: Labels, window: LogWindow)] = [], dropped: Int = 0) {
        for item in restored { windows[item.labels] = item.window }
        self.dropped = dropped
    }

    /// Counts an entry; whether the alert must be told now, with the number of entries in the window.
    mutating func count(_ labels: Labels, at: Timestamp, _ threshold: LogCondition.Threshold) -> Int? {
        if windows[labels] == nil, !makeRoom(at: at, threshold) {
            dropped += 1
            return nil
        }
        return note(&windows[labels, default: LogWindow()], at, threshold)
    }

    private func note(_ window: inout LogWindow, _ at: Timestamp, _ threshold: LogCondition.Threshold) -> Int? {
        let old = window.times.prefix { at - $0 >= threshold.window }.count
        window.times.removeFirst(max(old, window.times.count + 1 - threshold.count))
        window.times.append(at)
        window.fresh += 1
        guard window.times.count == threshold.count else { return nil }
        window.metAt = at
        if window.firing != nil {
            guard window.fresh >= threshold.count, at - (window.toldAt ?? at) >= Self.repeatAfter else { return nil }
        }
        window.fresh = 0
        window.toldAt = at
        return window.times.count
    }

    mutating func fire(_ instance: AlertInstance) { windows[instance.labels]?.firing = instance }

    /// Ends the alerts of a unit and forgets what was counted towards new ones.
    mutating func end(unit: String?, at: Timestamp) -> [AlertTransition] {
        let ended = windows.keys.filter { $0["unit"] == unit }.sorted()
        return ended.compactMap { labels in
            guard let window = windows.removeValue(forKey: labels), let instance = window.firing else { return nil }
            return AlertTransition(instance: instance, state: .resolved, at: at)
        }
    }

    /// Ends the alert of one label set where its time is over; the end is when it was over.
    mutating func expire(_ labels: Labels, at: Timestamp, keep: Duration) -> AlertTransition? {
        guard let window = windows[labels], let instance = window.firing else { return nil }
        var met = window.metAt ?? instance.activeAt
        if met > at {  // the clock was set back
            met = at
            windows[labels]?.metAt = at
        }
        guard at - met >= keep else { return nil }
        windows[labels]?.firing = nil
        windows[labels]?.fresh = 0
        return AlertTransition(instance: instance, state: .resolved, at: met + keep)
    }

    /// Ends what is over and forgets what no longer counts.
    mutating func expire(at: Timestamp, keep: Duration, _ threshold: LogCondition.Threshold) -> [AlertTransition] {
        let ended = windows.keys.sorted().compactMap { expire($0, at: at, keep: keep) }
        forget(at: at, threshold)
        return ended
    }

    private mutating func forget(at: Timestamp, _ threshold: LogCondition.Threshold) {
        windows = windows.filter { _, window in
            window.firing != nil || window.times.contains { at - $0 < threshold.window }
        }
    }

    /// Drops what no longer counts, then a quarter, those quiet longest; false where all are firing.
    ///
    /// Looks at most once a second, so that a flood of label sets stays cheap.
    private mutating func makeRoom(at: Timestamp, _ threshold: LogCondition.Threshold) -> Bool {
        let limit = max(1, min(Self.setsMax, Self.timesMax / threshold.count))
        guard windows.count >= limit else { return true }
        if let searchedAt, (Duration.zero..<Self.repeatAfter).contains(at - searchedAt) { return false }
        forget(at: at, threshold)
        if windows.count >= limit {
            let quiet = windows.filter { $0.value.firing == nil }
                .sorted { ($0.value.times.last ?? at, $0.key) < ($1.value.times.last ?? at, $1.key) }
            for (labels, window) in quiet.prefix(max(1, limit / 4)) {
                windows[labels] = nil
                dropped += window.times.count
            }
        }
        searchedAt = windows.count < limit ? nil : at
        return windows.count < limit
    }
}
