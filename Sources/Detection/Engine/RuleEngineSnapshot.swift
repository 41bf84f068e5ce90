public import Model

/// What an engine must not forget across a restart or a reload.
public struct RuleEngineSnapshot: Sendable, Hashable, Codable {
    /// When a group was last evaluated; nil where none was.
    var evaluatedAt: Timestamp?
    var rules: [RuleMemory]

    struct RuleMemory: Sendable, Hashable, Codable {
        var key: String
        var place: SourcePlace
        var claims: Set<String>
        var alerts: [AlertInstance]
        var windows: [Window]
        var dropped: Int
        var heartbeat: Heartbeat
        var history: [History]
        var written: [Labels]
    }

    struct Window: Sendable, Hashable, Codable {
        var labels: Labels
        var window: LogWindow
    }

    struct History: Sendable, Hashable, Codable {
        var labels: Labels
        var values: [AnomalyHistory.Value]
    }
}

extension RuleEngine {
    /// After a restart a firing alert does not end for this long: its series must come back first.
    static let grace = Duration.seconds(120)

    public func snapshot() -> RuleEngineSnapshot {
        let memories = zip(keys, zip(rules.rules, states.flatMap { $0 })).map { key, item in
            let (rule, state) = item
            return RuleEngineSnapshot.RuleMemory(
                key: key, place: rule.place, claims: rule.claims, alerts: state.alerts.sorted,
                windows: state.windows.windows.sorted { $0.key < $1.key }
                    .map { RuleEngineSnapshot.Window(labels: $0.key, window: $0.value) },
                dropped: state.windows.dropped, heartbeat: state.heartbeat,
                history: state.history.series.sorted { $0.key < $1.key }
                    .map { RuleEngineSnapshot.History(labels: $0.key, values: $0.value) },
                written: state.written.sorted())
        }
        return RuleEngineSnapshot(evaluatedAt: evaluatedAt.compactMap { $0 }.max(), rules: memories)
    }

    /// Takes over what a former engine knew of rules of the same group, kind, name and labels.
    ///
    /// Gives the firing alerts of rules that are gone, as resolved. `afterRestart` tells that the store is new: then
    /// the time of being down does not count as pending, and firing alerts wait for their series to come back.
    @discardableResult
    public mutating func restore(_ snapshot: RuleEngineSnapshot, at time: Timestamp, afterRestart: Bool) -> [Alert] {
        var memories: [String: RuleEngineSnapshot.RuleMemory] = [:]
        for memory in snapshot.rules { memories[memory.key] = memory }
        let down = afterRestart ? snapshot.evaluatedAt.map { max(.zero, time - $0) } ?? .zero : .zero
        var keys = self.keys[...]
        for group in states.indices {
            for rule in states[group].indices {
                guard let key = keys.popFirst(), let memory = memories.removeValue(forKey: key) else { continue }
                states[group][rule].restore(memory, down: down, graceUntil: afterRestart ? time + Self.grace : nil)
            }
        }
        let gone = snapshot.rules.filter { memories[$0.key] != nil }
        orphans.formUnion(gone.flatMap(\.written))
        return gone.flatMap { $0.ended(at: time) }
    }

    /// A name for each rule that survives a reload, in the order of the files; equal rules are numbered.
    private var keys: [String] {
        var seen: [String: Int] = [:]
        return rules.groups.flatMap { group in
            group.rules.map { rule in
                let key = "\(group.place.file) \(group.name) \(rule.key)"
                let number = seen[key, default: 0]
                seen[key] = number + 1
                return number == 0 ? key : "\(key) #\(number)"
            }
        }
    }
}

extension RuleState {
    fileprivate mutating func restore(
        _ memory: RuleEngineSnapshot.RuleMemory, down: Duration, graceUntil: Timestamp?
    ) {
        let instances = memory.alerts.map { instance in
            var instance = instance
            if instance.state == .pending { instance.activeAt = instance.activeAt + down }
            return instance
        }
        alerts = AlertTable(instances, graceUntil: graceUntil)
        windows = LogWindows(memory.windows.map { ($0.labels, $0.window) }, dropped: memory.dropped)
        heartbeat = memory.heartbeat
        history = AnomalyHistory(memory.history.map { ($0.labels, $0.values) })
        written = Set(memory.written)
    }
}

extension RuleEngineSnapshot.RuleMemory {
    fileprivate func ended(at time: Timestamp) -> [Alert] {
        let firing =
            alerts.filter { $0.state == .firing } + windows.compactMap(\.window.firing)
            + (heartbeat.firing.map { [$0] } ?? [])
        return firing.map { instance in
            Alert(
                labels: instance.labels, annotations: instance.annotations, state: .resolved, at: time,
                value: instance.value, rule: place, claims: claims.intersection(instance.labels.names),
                evidence: [Evidence(.rule, place.short, "the rule is gone")])
        }
    }
}
