public import Model
public import Runbooks

/// systemd as the executor needs it: five verbs, transient units for `run` steps, and what units say of themselves.
///
/// A fault whose code is `bus.refused` is systemd's own no: nothing was begun. Any other means that nobody knows.
public protocol UnitBus: Sendable {
    func state(of unit: String) async throws(Fault) -> UnitState

    /// Asks for a job in mode `replace` and returns when systemd has taken it; nil for a verb without one (reset-failed).
    func begin(_ verb: SystemdVerb, _ unit: String) async throws(Fault) -> UnitJob?

    /// Creates the unit of a `run` step and starts it.
    func begin(_ step: StepUnit) async throws(Fault) -> UnitJob

    /// Awaits the end of a job and returns systemd's word for it (`done`, `failed`, `timeout`, `canceled`, …); nil where
    /// it had ended before anybody listened.
    func end(of job: UnitJob) async throws(Fault) -> String?

    /// Whether systemd ever got as far as running the unit of this `run` step in this boot, whatever became of it since.
    func hasBegun(_ step: String) async throws(Fault) -> Bool

    /// Stops the unit of a `run` step and lets systemd forget it; a unit that is not there is as good.
    func collect(_ step: String) async throws(Fault)

    /// Fails every call that waits, and every later one.
    func close()
}

/// A job of systemd's.
public struct UnitJob: Hashable, Sendable {
    public var id: UInt32
    public init(id: UInt32) { self.id = id }
}

extension Fault {
    static let busRefused = "bus.refused"

    /// systemd said no, so nothing was begun.
    var isRefusalByBus: Bool { code == Fault.busRefused }
}
