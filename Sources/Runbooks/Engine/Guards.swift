import Model

/// Everything that can stop a run, in the order in which it is asked.
public enum GuardName: String, Sendable, Codable, CaseIterable {
    case digest, halt, mode
    case protected = "protected unit"
    case target, storm, lock, cooldown, attempts, concurrency, budget, preconditions, approval
}

/// What the guards say of a run.
public enum GuardVerdict: Sendable, Codable, Hashable {
    /// `note` says which limits it used up how far.
    case passed(note: String)
    /// It may only say what it would do; `stop` is what would have refused it then.
    case observed(stop: GuardStop?)
    case needsApproval(ApprovalRequest)
    case busy(unit: String, holder: String)
    case refused(guard: String, text: String)
}

public struct GuardStop: Sendable, Codable, Hashable {
    public var `guard`: String
    public var text: String

    public init(_ name: GuardName, _ text: String) { self.init(guard: name.rawValue, text: text) }

    init(guard name: String, text: String) {
        `guard` = name
        self.text = text
    }
}

/// Something that was looked up; what could not be told refuses.
public enum Told<Value: Sendable & Hashable>: Sendable, Hashable {
    case known(Value)
    case unknown(String)
}

/// All that the guards look at, gathered at one time.
public struct GuardSnapshot: Sendable {
    /// A unit that a step names, as systemd knows it.
    public struct Unit: Sendable, Hashable {
        public var asked: String
        /// Its own name, whatever alias was asked for.
        public var id: String
        public var loadState: String

        public init(asked: String, id: String, loadState: String) {
            self.asked = asked
            self.id = id
            self.loadState = loadState
        }
    }

    public struct Condition: Sendable, Hashable {
        public var expr: String
        public var holds: Told<Bool>

        public init(expr: String, holds: Told<Bool>) {
            self.expr = expr
            self.holds = holds
        }
    }

    public enum Approval: Sendable, Hashable {
        case notNeeded
        case needed(ApprovalRequest)
        case granted
        /// It was given for something else than what would be done now, or too long ago.
        case void(String)
        case unknown(String)
    }

    /// Whether whoever acts has exactly this digest installed.
    public var isInstalled: Told<Bool> = .unknown("nobody was asked")
    /// Why everything is halted; nil inside where it is not.
    public var halt: Told<String?> = .unknown("nobody was asked")
    public var mode = Mode.observe
    public var protectedUnits: [String] = []
    public var binding: Binding = .refused(guard: "target", text: "there is none")
    public var units: Told<[Unit]> = .known([])
    /// Nil where the runbook has no `not_when`.
    public var storm: Condition?
    public var lock: (unit: String, holder: String)?
    /// Since the last run of this runbook on this target ended; nil where there was none.
    public var sinceLast: Duration?
    /// Runs of this runbook on this target within `attempts`' time, this one not counted.
    public var attempts = 0
    /// Runs of this runbook that are acting on this host, this one not counted.
    public var concurrent = 0
    /// Runs that began to act within the host's time, over all runbooks, this one not counted.
    public var actions = 0
    public var actionLimit = Budget(count: 20, per: .seconds(3600))
    public var preconditions: [Condition] = []
    public var approval = Approval.unknown("nobody was asked")

    public init() {}
}

/// When guards are asked.
public enum GuardStage: Sendable, Hashable, CaseIterable {
    /// Before the first step: all of them.
    case admission
    /// Before each start: what can have changed since.
    case start
    /// Before the start of an undo: what not even taking back may ignore.
    case undo

    func asks(_ name: GuardName) -> Bool {
        switch (self, name) {
        case (.admission, _): true
        case (.start, .digest), (.start, .halt), (.start, .mode), (.start, .protected), (.start, .storm),
            (.start, .approval):
            true
        case (.undo, .digest), (.undo, .halt), (.undo, .protected): true
        default: false
        }
    }
}

/// Asks the guards in their order; the first stop decides.
public func evaluateGuards(
    _ snapshot: GuardSnapshot, of runbook: Runbook, at stage: GuardStage = .admission
) -> GuardVerdict {
    let observes = stage.asks(.mode) && snapshot.mode == .observe
    for name in GuardName.allCases where stage.asks(name) {
        if name == .lock, let lock = snapshot.lock, !observes { return .busy(unit: lock.unit, holder: lock.holder) }
        if name == .approval, case .needed(let request) = snapshot.approval, !observes {
            return .needsApproval(request)
        }
        guard let stop = snapshot.stop(at: name, runbook) else { continue }
        if observes, name > .mode { return .observed(stop: stop) }
        return .refused(guard: stop.guard, text: stop.text)
    }
    return observes ? .observed(stop: nil) : .passed(note: snapshot.note(runbook))
}

extension GuardName: Comparable {
    public static func < (left: GuardName, right: GuardName) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension GuardSnapshot {
    func stop(at name: GuardName, _ runbook: Runbook) -> GuardStop? {
        switch name {
        case .digest:
            switch isInstalled {
            case .known(true): nil
            case .known(false):
                GuardStop(.digest, "\(runbook.name) is not installed as it is now (\(runbook.digest.prefix(12)))")
            case .unknown(let text): GuardStop(.digest, "whether \(runbook.name) is installed cannot be told: \(text)")
            }
        case .halt:
            switch halt {
            case .known(nil): nil
            case .known(let why?): GuardStop(.halt, "halted: \(why)")
            case .unknown(let text): GuardStop(.halt, "whether there is a halt cannot be told: \(text)")
            }
        case .mode: nil
        case .protected:
            protectedUnits.first.map { GuardStop(.protected, "\($0) is a protected unit, never a target") }
        case .target: targetStop(runbook)
        case .storm: stormStop
        case .lock: lock.map { GuardStop(.lock, "run \($0.holder) holds \($0.unit)") }
        case .cooldown:
            sinceLast.flatMap { since in
                since >= runbook.limits.cooldown
                    ? nil
                    : GuardStop(
                        .cooldown,
                        "the last run ended \(since.literal) ago; cooldown is \(runbook.limits.cooldown.literal)")
            }
        case .attempts:
            attempts < runbook.limits.attempts.count
                ? nil : GuardStop(.attempts, "\(attempts) runs on this target; the limit is \(runbook.limits.attempts)")
        case .concurrency:
            concurrent < runbook.limits.concurrentOnHost
                ? nil
                : GuardStop(
                    .concurrency, "\(concurrent) at work on this host; the limit is \(runbook.limits.concurrentOnHost)")
        case .budget:
            actions < actionLimit.count
                ? nil : GuardStop(.budget, "\(actions) runs acted on this host; the limit is \(actionLimit)")
        case .preconditions: preconditionStop
        case .approval: approvalStop
        }
    }

    private func targetStop(_ runbook: Runbook) -> GuardStop? {
        if case .refused(let name, let text) = binding { return GuardStop(guard: name, text: text) }
        switch units {
        case .unknown(let text): return GuardStop(.target, "the units cannot be told: \(text)")
        case .known(let units):
            for unit in units {
                if unit.loadState != "loaded" {
                    return GuardStop(.target, "\(unit.asked) is \(unit.loadState), so there is nothing to act on")
                }
                if unit.id != unit.asked, !units.contains(where: { $0.asked == unit.id }) {
                    return GuardStop(.target, "\(unit.asked) is another name of \(unit.id), which was not declared")
                }
            }
            return nil
        }
    }

    private var stormStop: GuardStop? {
        guard let storm else { return nil }
        switch storm.holds {
        case .known(false): return nil
        case .known(true): return GuardStop(.storm, "not_when holds: \(storm.expr)")
        case .unknown(let text): return GuardStop(.storm, "whether \(storm.expr) holds cannot be told: \(text)")
        }
    }

    private var preconditionStop: GuardStop? {
        for condition in preconditions {
            switch condition.holds {
            case .known(true): continue
            case .known(false): return GuardStop(.preconditions, "\(condition.expr) does not hold")
            case .unknown(let text):
                return GuardStop(.preconditions, "whether \(condition.expr) holds cannot be told: \(text)")
            }
        }
        return nil
    }

    private var approvalStop: GuardStop? {
        switch approval {
        case .notNeeded, .granted: nil
        case .needed: GuardStop(.approval, "nobody has approved it yet")
        case .void(let text): GuardStop(.approval, text)
        case .unknown(let text): GuardStop(.approval, "whether it is approved cannot be told: \(text)")
        }
    }

    func note(_ runbook: Runbook) -> String {
        "limits: \(attempts + 1) of \(runbook.limits.attempts.count) in \(runbook.limits.attempts.per.literal), "
            + "\(actions + 1) of \(actionLimit.count) on this host"
    }
}
