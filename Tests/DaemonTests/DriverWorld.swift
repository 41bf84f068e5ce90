import Actuation
import Foundation
import HTTPClient
import Model
import Runbooks
import Synchronization

/// A host that exists in memory, outside the driver: its clock, its units, what was really done to it, and a web server.
///
/// What is done here counts: a driver that dies cannot take it back. Boundaries of durability are numbered; at the one
/// to die at, the ledger's file is copied as it then is, and whoever belongs to that life reaches nothing any more.
final class DriverWorld: Sendable {
    struct State {
        var now = Duration.seconds(1_000_000)
        var boot = "b0"
        var life = 0
        var isDead = false
        var boundary = 0
        var dieAt: Int?
        /// Boundaries from a life's beginning to its own death, for the lives after the first.
        var laterDeaths: [Int] = []
        /// Called at the boundary to die at, before anything else can happen.
        var onDeath: (@Sendable () -> Void)?

        /// Executions of each effect that really happened, by `RUN/PATH`.
        var done: [String: Int] = [:]
        var keys: [EffectKey: Key] = [:]
        var units: [String: UnitState] = [:]
        /// What was done to which unit, in order.
        var log: [(at: Duration, key: EffectKey, unit: String)] = []
        var isHalted: String?
        /// The executor does not answer until then.
        var outOfReachUntil = Duration.zero
        /// Awaited when a step was accepted, before it is done.
        var beforeDeed: (@Sendable () async -> Void)?
        /// It accepts a step, does it, and falls silent for so long.
        var silenceAfterDeed: Duration?
        /// The executor forgets what it did at the next death, as after a reboot.
        var forgets = false
        var installed: [Runbook] = []
        /// By path: how its attempts end; without one they are done.
        var outcomes: [String: [Outcome]] = [:]
        var approvers: [String: [Person]] = [:]
        /// Requests by method and path, and how the server answers.
        var requests: [String: Int] = [:]
        var statuses: [String: Int] = [:]
        var faults: [String: Fault] = [:]
        /// Conditions that hold, do not, or have no value; all others are true from two seconds after the last deed on.
        var conditions: [String: Bool?] = [:]
        var lastDeed: Duration?
        var pagedFromMemory: [String] = []
        var states: [(incident: String, state: IncidentState)] = []
    }

    struct Key {
        var outcome: Outcome?
        var isVoid = false
        var isCollected = false
    }

    let state = Mutex(State())

    func with<T: Sendable>(_ body: (inout State) -> T) -> T { state.withLock { body(&$0) } }

    var stamp: Stamp { state.withLock { Self.stamp($0) } }
    var isDead: Bool { state.withLock { $0.isDead } }
    var now: Duration { state.withLock { $0.now } }

    static func stamp(_ state: borrowing State) -> Stamp {
        Stamp(wall: Timestamp(microseconds: state.now.microseconds), bootID: state.boot, sinceBoot: state.now)
    }

    func pass(_ duration: Duration) { state.withLock { $0.now += duration } }

    /// Sleeping is the passing of time: nobody else is there to wait for.
    var clock: HostClock {
        HostClock(
            now: { self.stamp },
            sleep: { duration in
                guard !self.isDead else { throw CancellationError() }
                self.pass(duration)
                // A service that lives in no time must not keep a thread from all others.
                await Task.yield()
            })
    }

    /// Something has become durable, here or in the ledger.
    func boundary() {
        let death = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isDead else { return nil }
            state.boundary += 1
            guard state.boundary == state.dieAt else { return nil }
            state.isDead = true
            return state.onDeath ?? {}
        }
        death?()
    }

    /// A new process begins, some time later.
    func rise(after pause: Duration = .seconds(5)) {
        state.withLock { state in
            state.life += 1
            state.dieAt = state.laterDeaths.isEmpty ? nil : state.boundary + state.laterDeaths.removeFirst()
            state.isDead = false
            state.now += pause
            if state.forgets {
                state.boot = "b\(state.life)"
                for (key, known) in state.keys where known.outcome != nil && !known.isCollected {
                    state.keys[key]?.outcome = .unknown("the host was started anew")
                }
            }
        }
    }
}

extension DriverWorld {
    /// What a life of the driver reaches of the world; after that life's end, nothing.
    struct Reach: Sendable {
        let world: DriverWorld
        let life: Int

        init(_ world: DriverWorld) {
            self.world = world
            life = world.state.withLock { $0.life }
        }

        func check() throws(Fault) {
            let isThere = world.state.withLock { state in
                life == state.life && !state.isDead && state.now >= state.outOfReachUntil
            }
            guard isThere else { throw Fault("test.reach", "nobody answers") }
        }
    }

    /// The server's side of `http` steps: what arrives has happened, whatever becomes of the answer.
    func answer(_ request: HTTPRequest, _ reach: Reach) throws(Fault) -> HTTPResponse {
        let name = "\(request.method) \(request.url.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" })"
        guard reach.life == state.withLock({ $0.life }), !isDead else { throw Fault("http.connect", "refused") }
        let (status, fault) = state.withLock { state -> (Int, Fault?) in
            if state.faults[name]?.code != "http.connect" {
                state.requests[name, default: 0] += 1
                if request.method != "GET" { state.lastDeed = state.now }
            }
            // A probe's question: was the POST to the same path seen?
            let seen = state.requests["POST \(name.dropFirst(4))"] != nil
            let status = state.statuses[name] ?? (request.method == "GET" && !seen ? 404 : 200)
            return (status, state.faults[name])
        }
        boundary()
        if let fault { throw fault }
        guard !isDead else { throw Fault("http.truncated", "the answer was lost") }
        return HTTPResponse(
            status: status, headers: [], body: Array("ok".utf8), began: stamp.wall, duration: .milliseconds(1))
    }

    /// What the observatory would say of a condition.
    func holds(_ condition: String, newerThan: Timestamp?) -> Bool? {
        state.withLock { state in
            if let told = state.conditions[condition] { return told }
            guard let deed = state.lastDeed else { return true }
            if let newerThan, Self.stamp(state).wall - newerThan < .seconds(1) { return nil }
            return state.now - deed >= .seconds(2)
        }
    }
}
