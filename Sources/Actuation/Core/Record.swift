import Model
import Runbooks

/// What the executor's log holds: everything that must outlive it. Each is on disk before anything follows from it.
enum Record: Hashable, Codable {
    case proposed(order: Order)
    case approved(run: String, planHash: String, by: Person)
    case rejected(run: String, by: Person, why: String)
    /// Written before the step is begun; a second one for a key follows only a proof that the first never began.
    case started(key: EffectKey, order: Order, action: Action)
    case cancelled(key: EffectKey)
    case ended(key: EffectKey, outcome: Outcome)
    /// This key never began and never will.
    case void(key: EffectKey)
    case collected(key: EffectKey)
    case halted(why: String)
    case resumed(by: Person)

    /// The run that it is about, if any.
    var run: String? {
        switch self {
        case .proposed(let order): order.run
        case .approved(let run, _, _), .rejected(let run, _, _): run
        case .started(let key, _, _), .cancelled(let key), .ended(let key, _), .void(let key), .collected(let key):
            key.run
        case .halted, .resumed: nil
        }
    }
}

/// A started step: what was to be done, and what the world was like just before.
struct Action: Hashable, Codable {
    enum Kind: Hashable, Codable {
        case systemd(verb: SystemdVerb, unit: String, before: Before)
        /// `unit`: the transient unit's name.
        case run(unit: String)
    }

    /// The unit as it was.
    struct Before: Hashable, Codable {
        var invocation: String
        var activeState: String
    }

    var kind: Kind
    /// The value of the runbook's target parameter, by which its limits are kept.
    var target: String
    var boot: String
    /// One line for people, without arguments that may hold secrets.
    var summary: String
    /// The project's stage that a deploy step works on, as `payments production`; nil for every other step.
    var stage: String?

    var invocationBefore: String? {
        if case .systemd(_, _, let before) = kind { before.invocation } else { nil }
    }
    /// What it acts on, as one step at a time may: a unit, or a project's stage; nil for `run` steps.
    var subject: String? { if case .systemd(_, let unit, _) = kind { unit } else { stage } }
    var stepUnit: String? { if case .run(let unit) = kind { unit } else { nil } }
}

/// A record in the log, with its number (rising, from 1) and its time.
struct NumberedRecord: Hashable, Codable {
    var number: Int
    var at: Stamp
    var record: Record
}
