import Model

/// What of the log is kept when it has grown: limits look back hours, people a few weeks.
enum Retention {
    static let age = Duration.seconds(30 * 86_400)
    /// For runs that were only proposed, and keys that never began.
    static let idleAge = Duration.seconds(86_400)

    /// The records of runs that are recent or still open, and the last halt or resume.
    static func kept(_ entries: [NumberedRecord], now: Stamp) -> [NumberedRecord] {
        var last: [String: Stamp] = [:]
        var open: Set<EffectKey> = []
        var hasActed: Set<String> = []
        var lastHalt: Int?
        for entry in entries {
            if let run = entry.record.run { last[run] = entry.at }
            switch entry.record {
            case .started(let key, _, _):
                open.insert(key)
                hasActed.insert(key.run)
            case .ended(let key, _), .void(let key): open.remove(key)
            case .halted, .resumed: lastHalt = entry.number
            default: break
            }
        }
        let openRuns = Set(open.map(\.run))
        return entries.filter { entry in
            guard let run = entry.record.run else { return entry.number == lastHalt }
            let limit = hasActed.contains(run) ? age : idleAge
            return openRuns.contains(run) || last[run].map { now.since($0) < limit } ?? false
        }
    }
}
