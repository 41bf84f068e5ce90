import Model

/// Which series carry a label: from each pair of name and value to the slots of its series.
struct LabelIndex: Sendable {
    /// Most pairs of few series: one slot needs no array.
    private enum Slots: Sendable {
        case one(Int32)
        case many([Int32])

        var all: [Int32] {
            switch self {
            case .one(let slot): [slot]
            case .many(let slots): slots
            }
        }
        var count: Int {
            switch self {
            case .one: 1
            case .many(let slots): slots.count
            }
        }
    }

    private var slots: [Labels.Pair: Slots] = [:]

    mutating func add(_ labels: Labels, _ slot: Int32) {
        for pair in labels.pairs {
            switch slots.removeValue(forKey: pair) {
            case nil: slots[pair] = .one(slot)
            case .one(let first): slots[pair] = .many([first, slot])
            case .many(var all):
                all.append(slot)
                slots[pair] = .many(all)
            }
        }
    }

    mutating func remove(_ labels: Labels, _ slot: Int32) {
        for pair in labels.pairs {
            guard case .many(var all) = slots.removeValue(forKey: pair) else { continue }
            all.removeAll { $0 == slot }
            slots[pair] = all.count == 1 ? .one(all[0]) : .many(all)
        }
    }

    /// The series of the rarest pair: any series with all of the pairs is among them. Nil where no pair is given.
    func fewest(_ pairs: [Labels.Pair]) -> [Int32]? {
        var best: Slots?
        for pair in pairs {
            guard let found = slots[pair] else { return [] }
            if best.map({ found.count < $0.count }) ?? true { best = found }
        }
        return best?.all
    }
}

/// Keeps one copy of each string, so that thousands of series share their label names and values.
struct StringPool: Sendable {
    private var strings: Set<String> = []
    private let keptAtStart: Int

    var count: Int { strings.count }

    init() { keptAtStart = 0 }

    /// A pool with the strings of these label sets only.
    init(sharing sets: inout [Labels?]) {
        var pool = StringPool()
        for index in sets.indices { sets[index] = sets[index].map { pool.share($0) } }
        strings = pool.strings
        keptAtStart = strings.count
    }

    /// Most strings may belong to no series any more.
    var isOvergrown: Bool { strings.count > 2 * keptAtStart + 4096 }

    mutating func share(_ labels: Labels) -> Labels {
        Labels(labels.pairs.map { (share($0.name), share($0.value)) })
    }

    private mutating func share(_ string: String) -> String {
        strings.insert(string).memberAfterInsert
    }
}
