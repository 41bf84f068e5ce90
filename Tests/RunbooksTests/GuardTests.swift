import Model
import Runbooks
import Testing

@Suite("Guards")
struct GuardTests {
    /// One change to a snapshot that lets everything pass, and the guard that it drives to its stop.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: GuardName
        let says: String
        let change: @Sendable (inout GuardSnapshot) -> Void

        init(_ name: GuardName, _ says: String, _ change: @escaping @Sendable (inout GuardSnapshot) -> Void) {
            self.name = name
            self.says = says
            self.change = change
        }
        var testDescription: String { "\(name.rawValue): \(says)" }
    }

    static let cases: [Case] = [
        .init(.digest, "is not installed as it is now") { $0.isInstalled = .known(false) },
        .init(.digest, "cannot be told: no answer") { $0.isInstalled = .unknown("no answer") },
        .init(.halt, "halted: stop") { $0.halt = .known("stop") },
        .init(.halt, "cannot be told: no answer") { $0.halt = .unknown("no answer") },
        .init(.protected, "ssh.service is a protected unit") { $0.protectedUnits = ["ssh.service"] },
        .init(.target, "there is none") { $0.binding = .refused(guard: "target", text: "there is none") },
        .init(.target, "web.service is not-found") {
            $0.units = .known([.init(asked: "web.service", id: "web.service", loadState: "not-found")])
        },
        .init(.target, "is another name of nginx.service") {
            $0.units = .known([.init(asked: "web.service", id: "nginx.service", loadState: "loaded")])
        },
        .init(.target, "cannot be told: no answer") { $0.units = .unknown("no answer") },
        .init(.storm, "not_when holds: down > 3") { $0.storm = .init(expr: "down > 3", holds: .known(true)) },
        .init(.storm, "cannot be told: no value") { $0.storm = .init(expr: "down > 3", holds: .unknown("no value")) },
        .init(.cooldown, "the last run ended 4m59s ago; cooldown is 5m") { $0.sinceLast = .seconds(299) },
        .init(.attempts, "3 runs on this target; the limit is 3 per 1h") { $0.attempts = 3 },
        .init(.concurrency, "1 at work on this host; the limit is 1") { $0.concurrent = 1 },
        .init(.budget, "20 runs acted on this host; the limit is 20 per 1h") { $0.actions = 20 },
        .init(.preconditions, "up == 1 does not hold") {
            $0.preconditions = [.init(expr: "up == 1", holds: .known(false))]
        },
        .init(.preconditions, "cannot be told: no value") {
            $0.preconditions = [.init(expr: "up == 1", holds: .unknown("no value"))]
        },
        .init(.approval, "the unit was restarted since") { $0.approval = .void("the unit was restarted since") },
        .init(.approval, "cannot be told: no answer") { $0.approval = .unknown("no answer") },
    ]

    static let open: GuardSnapshot = {
        var snapshot = GuardSnapshot()
        snapshot.isInstalled = .known(true)
        snapshot.halt = .known(nil)
        snapshot.mode = .auto
        snapshot.binding = .bound(Parameters(["unit": "web.service"]))
        snapshot.units = .known([.init(asked: "web.service", id: "web.service", loadState: "loaded")])
        snapshot.storm = .init(expr: "down > 3", holds: .known(false))
        snapshot.sinceLast = .seconds(300)
        snapshot.attempts = 2
        snapshot.actions = 19
        snapshot.preconditions = [.init(expr: "up == 1", holds: .known(true))]
        snapshot.approval = .notNeeded
        return snapshot
    }()

    let runbook: Runbook

    init() throws { runbook = try Samples.parse(Samples.restart) }

    @Test("each stops what it is there to stop, and says why", arguments: cases)
    func stops(_ one: Case) {
        var snapshot = Self.open
        one.change(&snapshot)
        guard case .refused(let name, let text) = evaluateGuards(snapshot, of: runbook) else {
            Issue.record("it passed")
            return
        }
        #expect(name == one.name.rawValue)
        #expect(text.contains(one.says), "\(text)")
    }

    @Test("every guard but mode and lock has a case above")
    func complete() {
        let covered = Set(Self.cases.map(\.name))
        #expect(Set(GuardName.allCases).subtracting(covered) == [.mode, .lock])
    }

    @Test("what is not known refuses: an empty snapshot stops at the first guard")
    func nothingKnown() {
        #expect(
            evaluateGuards(GuardSnapshot(), of: runbook)
                == .refused(guard: "digest", text: "whether restart-web is installed cannot be told: nobody was asked"))
    }

    @Test("all open: passed, with what it used of its limits")
    func passes() {
        #expect(evaluateGuards(Self.open, of: runbook) == .passed(note: "limits: 3 of 3 in 1h, 20 of 20 on this host"))
    }

    @Test("a lock held by another run is waited for")
    func lock() {
        var snapshot = Self.open
        snapshot.lock = ("web.service", "r0")
        #expect(evaluateGuards(snapshot, of: runbook) == .busy(unit: "web.service", holder: "r0"))
    }

    @Test("a runbook that must ask does so when everything else lets it pass")
    func approval() {
        var snapshot = Self.open
        snapshot.approval = .needed(Play.request())
        #expect(evaluateGuards(snapshot, of: runbook) == .needsApproval(Play.request()))
        snapshot.actions = 20
        #expect(evaluateGuards(snapshot, of: runbook) != .needsApproval(Play.request()))
        snapshot.actions = 0
        snapshot.approval = .granted
        #expect(evaluateGuards(snapshot, of: runbook) == .passed(note: "limits: 3 of 3 in 1h, 1 of 20 on this host"))
    }

    @Test("observe mode never acts, and says what would have stopped it", arguments: cases)
    func observe(_ one: Case) {
        var snapshot = Self.open
        snapshot.mode = .observe
        #expect(evaluateGuards(snapshot, of: runbook) == .observed(stop: nil))
        one.change(&snapshot)
        switch evaluateGuards(snapshot, of: runbook) {
        case .observed(let stop): #expect(stop?.guard == one.name.rawValue)
        case .refused(let name, _): #expect([.digest, .halt].contains(one.name) && name == one.name.rawValue)
        case .passed, .needsApproval, .busy: Issue.record("it would act")
        }
    }

    @Test("they are asked in their order: with all of them stopping, each is the first once those before it pass")
    func order() {
        var snapshot = GuardSnapshot()
        snapshot.mode = .auto
        snapshot.isInstalled = .known(false)
        snapshot.halt = .known("stop")
        snapshot.protectedUnits = ["ssh.service"]
        snapshot.storm = .init(expr: "down", holds: .known(true))
        snapshot.lock = ("web.service", "r0")
        snapshot.sinceLast = .zero
        snapshot.attempts = 99
        snapshot.concurrent = 99
        snapshot.actions = 99
        snapshot.preconditions = [.init(expr: "up", holds: .known(false))]
        let pass: [(GuardName, (inout GuardSnapshot) -> Void)] = [
            (.digest, { $0.isInstalled = .known(true) }), (.halt, { $0.halt = .known(nil) }),
            (.protected, { $0.protectedUnits = [] }), (.target, { $0.binding = Self.open.binding }),
            (.storm, { $0.storm = nil }), (.lock, { $0.lock = nil }), (.cooldown, { $0.sinceLast = nil }),
            (.attempts, { $0.attempts = 0 }), (.concurrency, { $0.concurrent = 0 }), (.budget, { $0.actions = 0 }),
            (.preconditions, { $0.preconditions = [] }), (.approval, { $0.approval = .notNeeded }),
        ]
        #expect(pass.map(\.0) == GuardName.allCases.filter { $0 != .mode })
        for (name, open) in pass {
            switch evaluateGuards(snapshot, of: runbook) {
            case .refused(let stopped, _): #expect(stopped == name.rawValue)
            case .busy: #expect(name == .lock)
            default: Issue.record("\(name.rawValue) let it pass")
            }
            open(&snapshot)
        }
        #expect(evaluateGuards(snapshot, of: runbook) == .passed(note: "limits: 1 of 3 in 1h, 1 of 20 on this host"))
    }

    @Test(
        "what can have changed is asked again before each start; an undo passes fewer", arguments: GuardStage.allCases)
    func stages(_ stage: GuardStage) {
        let asked: Set<GuardName> =
            switch stage {
            case .admission: Set(GuardName.allCases)
            case .start: [.digest, .halt, .mode, .protected, .storm, .approval]
            case .undo: [.digest, .halt, .protected]
            }
        for one in Self.cases {
            var snapshot = Self.open
            one.change(&snapshot)
            let verdict = evaluateGuards(snapshot, of: runbook, at: stage)
            if case .passed = verdict {
                #expect(!asked.contains(one.name), "\(one.name.rawValue) was not asked")
            } else {
                #expect(asked.contains(one.name), "\(one.name.rawValue) was asked")
            }
        }
        var observing = Self.open
        observing.mode = .observe
        if case .passed = evaluateGuards(observing, of: runbook, at: stage) { #expect(stage == .undo) }
    }

    @Test(
        "protected units",
        arguments: [
            ("nginx.service", true), ("ssh.service", false), ("sshd@1.service", false), ("dbus.service", false),
            ("systemd-journald.service", false), ("poweroff.target", false), ("nightshift.service", false),
            ("init.scope", false), ("web.service", false), ("systemd-timesyncd.service", true),
        ])
    func protected(unit: String, mayAct: Bool) {
        let protected = ProtectedUnits(add: ["web.*"], remove: ["systemd-timesyncd.service"])
        #expect((protected.protection(id: unit) == nil) == mayAct)
        #expect(
            protected.protection(id: "harmless.service", names: [unit]) == nil || !mayAct || unit.hasPrefix("systemd-"))
    }
}
