public import Model
public import Text

/// The checks of a change that need no test run: it is made from edits here, or not at all.
public struct ChangeGates: Sendable {
    /// Whether a new text was copied from somewhere that the agents only read (a log line, say): a sentence that says
    /// from where, or nil.
    public typealias InjectionCheck = @Sendable (_ path: String, _ added: String) -> String?

    public let policy: PathPolicy
    private let secrets: SecretScan
    private let injected: InjectionCheck
    private let limits: EditLimits

    public init(
        _ project: Project, masking: Masking, limits: EditLimits = EditLimits(), injected: @escaping InjectionCheck
    ) throws(Fault) {
        policy = try PathPolicy(project)
        secrets = SecretScan(masking)
        self.injected = injected
        self.limits = limits
    }

    /// What the edits make of the tree, once every check has passed.
    public func change(
        _ edits: [Edit], as role: ChangeRole, in tree: some SourceTree
    ) throws(GateFailure) -> Change {
        try policy.check(edits, as: role)
        let change = try EditSet(edits).applied(to: tree, limits: limits)
        try check(change, as: role)
        return change
    }

    /// The same checks of a change that exists already.
    public func check(_ change: Change, as role: ChangeRole) throws(GateFailure) {
        guard !change.isEmpty else { throw GateFailure(.noChange, "nothing is changed") }
        for file in change.files { try policy.check(file, as: role) }
        for file in change.files {
            if role == .test, let failure = TestWeakening.failure(in: file) { throw failure }
            if let failure = secrets.failure(in: file, isTest: role == .test) { throw failure }
            for hunk in Hunk.all(in: file) where !hunk.added.isEmpty {
                if let why = injected(file.path, hunk.added.joined()) {
                    throw GateFailure(.injected, "\(hunk): \(why)", evidence: ["\(hunk)"])
                }
            }
        }
    }
}
