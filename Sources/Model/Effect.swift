/// The key under which one attempt at one step acts, wherever it goes: an executor acts at most once on a key.
public struct EffectKey: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The run's ID.
    public var run: String
    /// The step's path, unique in a run: `restart`, `undo.restart`.
    public var path: String
    /// From 1.
    public var attempt: Int

    public init(run: String, path: String, attempt: Int) {
        self.run = run
        self.path = path
        self.attempt = attempt
    }

    /// `RUN/PATH/ATTEMPT`
    public var description: String { "\(run)/\(path)/\(attempt)" }
}

/// How a step ended.
public enum Outcome: Hashable, Sendable, Codable {
    /// The step's declared result shape, readable as `$steps.NAME.result`.
    case done(JSONValue)
    case failed(String)
    case timedOut
    /// A guard's name and a sentence.
    case refused(guard: String, text: String)
    /// Whether it happened cannot be known.
    case unknown(String)
    case cancelled(String)

    public var word: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .timedOut: "timed_out"
        case .refused: "refused"
        case .unknown: "unknown"
        case .cancelled: "cancelled"
        }
    }
}
