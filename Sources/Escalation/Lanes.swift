internal import Ledger
internal import Model

/// The messages that wait, in lanes: one for each incident and channel, in which the next is sent only after the one
/// before.
///
/// A message that its receiver refuses leaves its lane for one of its own, so that it holds up none behind it.
struct Lanes {
    struct Lane: Hashable {
        var incident: String
        var channel: String
        /// The key of the one message of a lane for a refused one.
        var refused: String?
    }

    struct Message {
        var key: String
        var incident: String?
        var channel: String
        /// Tries so far.
        var attempts = 0
        /// Before the next try.
        var wait = Duration.zero
        var isRefused = false
        /// The message itself, where it is not in the ledger.
        var unstored: OutboxRow?
    }

    private var queues: [Lane: [Message]] = [:]
    private var busy: Set<Lane> = []
    private var lanes: [String: Lane] = [:]
    private var counts: [String: Int] = [:]

    var count: Int { lanes.count }
    func count(channel: String) -> Int { counts[channel] ?? 0 }
    func contains(_ key: String) -> Bool { lanes[key] != nil }

    /// At the end of its lane; false where it waits already.
    @discardableResult
    mutating func add(_ message: Message) -> Bool {
        guard lanes[message.key] == nil else { return false }
        let lane = Lane(
            incident: message.incident ?? message.key, channel: message.channel,
            refused: message.isRefused ? message.key : nil)
        queues[lane, default: []].append(message)
        lanes[message.key] = lane
        counts[message.channel, default: 0] += 1
        return true
    }

    /// The ledger has this message now; true where it was only in memory until then.
    mutating func markStored(_ key: String) -> Bool {
        guard let lane = lanes[key], let index = queues[lane]?.firstIndex(where: { $0.key == key }),
            queues[lane]?[index].unstored != nil
        else { return false }
        queues[lane]?[index].unstored = nil
        return true
    }

    /// A message as it is now, where it may have been stored since it was taken.
    func current(_ message: Message, in lane: Lane) -> Message {
        queues[lane]?.first { $0.key == message.key } ?? message
    }

    /// The lanes that nobody works on yet; they are somebody's from now on.
    mutating func takeIdle() -> [Lane] {
        let idle = queues.keys.filter { !busy.contains($0) }
        busy.formUnion(idle)
        return idle
    }

    /// The message that is due next in a lane; nil gives the lane back.
    mutating func next(_ lane: Lane) -> Message? {
        if let message = queues[lane]?.first { return message }
        busy.remove(lane)
        return nil
    }

    mutating func remove(_ message: Message, from lane: Lane) {
        queues[lane]?.removeAll { $0.key == message.key }
        if queues[lane]?.isEmpty == true { queues[lane] = nil }
        lanes[message.key] = nil
        counts[message.channel, default: 1] -= 1
    }

    /// After a try that did not succeed: the message stays where it is.
    mutating func postpone(_ message: Message, in lane: Lane, by wait: Duration, isRefused: Bool = false) {
        guard let index = queues[lane]?.firstIndex(where: { $0.key == message.key }) else { return }
        queues[lane]?[index].attempts += 1
        queues[lane]?[index].wait = wait
        queues[lane]?[index].isRefused = isRefused
    }

    /// Moves a message that was refused out of the way of those behind it.
    mutating func setAside(_ message: Message, from lane: Lane, for wait: Duration) {
        if lane.refused != nil { return postpone(message, in: lane, by: wait, isRefused: true) }
        remove(message, from: lane)
        var message = message
        message.attempts += 1
        message.wait = wait
        message.isRefused = true
        add(message)
    }

    /// What a lane's worker leaves behind when it is stopped goes to the next worker.
    mutating func giveBack(_ lane: Lane) { busy.remove(lane) }
}
