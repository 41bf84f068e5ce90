public import Model

/// Whoever acts for the driver: the helper behind its socket (`ExecutorClient`), or the same logic in process on a
/// user's own bus (`ExecutorCore`).
///
/// What is thrown is never an answer: the executor was out of reach or could not write its log, so nothing is known
/// and the caller asks again. A "no" is a value. Calls are safe to repeat; an executor acts at most once on a key.
public protocol Executor: Sendable {
    /// Who answers, under which boot, and what root has installed there.
    func hello() async throws(Fault) -> ExecutorHello

    /// Announces a run, so that people can approve it; asking again gives the approvals that are still missing.
    func propose(_ order: Order) async throws(Fault) -> ProposalAnswer

    /// Starts one step. `accepted` means that the start is on the executor's disk and that the step was begun.
    ///
    /// A repeated key with the same order returns its first acceptance and does nothing.
    func perform(_ key: EffectKey, _ order: Order) async throws(Fault) -> Acceptance

    /// Awaits the end of a step that was accepted; of any other key it gives what `probe` says.
    func result(of key: EffectKey) async throws(Fault) -> Outcome

    /// What is known of a key. A key that never began is made void: it is then certain that it never acts.
    func probe(_ key: EffectKey) async throws(Fault) -> ProbeAnswer

    /// Stops a `run` step; its end is then awaited as any other. Jobs of systemd steps are only awaited.
    func cancel(_ key: EffectKey) async throws(Fault)

    /// Forgets the unit of a `run` step; to be called when the step's RESULT is committed.
    func collect(_ key: EffectKey) async throws(Fault)

    /// Forbids every further start. Only a person resumes.
    func halt(why: String) async throws(Fault)

    /// Reads one unit, aliases resolved.
    func unitState(_ unit: String) async throws(Fault) -> UnitState

    /// What happens without being asked for; a stream of its own for each caller, of which a slow reader loses the oldest.
    func notices() -> AsyncStream<ExecutorNotice>
}

/// What an executor says of itself.
public struct ExecutorHello: Hashable, Sendable, Codable {
    public struct Installed: Hashable, Sendable, Codable {
        public var runbook: String
        public var digest: String

        public init(runbook: String, digest: String) {
            self.runbook = runbook
            self.digest = digest
        }
    }

    /// The kernel's boot ID.
    public var boot: String
    /// Why it is halted; nil when it is not.
    public var halted: String?
    public var installed: [Installed]

    public init(boot: String, halted: String?, installed: [Installed]) {
        self.boot = boot
        self.halted = halted
        self.installed = installed
    }
}

/// The state of a unit as systemd tells it.
public struct UnitState: Hashable, Sendable, Codable {
    /// The unit's own name, whatever alias was asked for.
    public var id: String
    /// Every name of it, `id` included.
    public var names: [String]
    /// `loaded`, `not-found`, `masked`, `bad-setting`, …
    public var loadState: String
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`
    public var activeState: String
    public var subState: String
    /// systemd's word for how it last ended: `success`, `exit-code`, `signal`, `timeout`, …; empty for units without one.
    public var result: String
    /// 32 hexadecimal digits; empty when it has never run.
    public var invocationID: String
    public var restarts: Int
    /// The exit status or the signal's number, as `exitCode` says.
    public var exitStatus: Int
    /// How the main process ended: 0 it has not, 1 exited, 2 killed, 3 dumped core.
    public var exitCode: Int
    /// The ID of the job that waits or runs for it; 0 for none.
    public var job: UInt32
    /// The file that defines it; empty for none.
    public var fragment: String
    /// The files that change what `fragment` says; nil where an older helper was asked, which does not tell.
    public var dropIns: [String]?

    public init(
        id: String, names: [String] = [], loadState: String = "loaded", activeState: String = "inactive",
        subState: String = "dead", result: String = "success", invocationID: String = "", restarts: Int = 0,
        exitStatus: Int = 0, exitCode: Int = 0, job: UInt32 = 0, fragment: String = "",
        dropIns: [String]? = nil
    ) {
        self.id = id
        self.names = names.isEmpty ? [id] : names
        self.loadState = loadState
        self.activeState = activeState
        self.subState = subState
        self.result = result
        self.invocationID = invocationID
        self.restarts = restarts
        self.exitStatus = exitStatus
        self.exitCode = exitCode
        self.job = job
        self.fragment = fragment
        self.dropIns = dropIns
    }
}

/// Somebody with an account on the host, as the kernel names the other end of a socket.
public struct Person: Hashable, Sendable, Codable {
    public var uid: UInt32
    public var name: String

    public init(uid: UInt32, name: String) {
        self.uid = uid
        self.name = name
    }
}

/// Something that happened at the executor without being asked for.
public enum ExecutorNotice: Hashable, Sendable, Codable {
    case result(key: EffectKey, outcome: Outcome)
    /// `needs`: the approvals that are still missing.
    case approved(run: String, planHash: String, by: Person, needs: Int)
    case rejected(run: String, by: Person, why: String)
    case halted(why: String)
    case resumed(by: Person)
    /// The connection was lost and stands again; notices in between are lost, so ask again for what is awaited.
    case reconnected
}
