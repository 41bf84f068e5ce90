import Model

/// What one heartbeat rule remembers.
struct Heartbeat: Hashable, Sendable, Codable {
    /// When the rule was first judged; nil before.
    var since: Timestamp?
    var seen: Timestamp?
    var firing: AlertInstance?

    /// Notes a beat; true where it is the newest.
    mutating func beat(at: Timestamp) -> Bool {
        if let seen, seen >= at { return false }
        seen = at
        return true
    }

    /// How long there has been no beat; begins to count where nothing is known yet.
    mutating func silence(at: Timestamp) -> Duration {
        let start = since ?? at
        since = start
        return at - max(start, seen ?? start)
    }
}
