import Model
import Runbooks
import Testing

/// A line of the engine's table: what happens to a run, and what it wants done because of it.
struct DecideCase: Sendable, CustomTestStringConvertible {
    let name: String
    let runbook: String
    let effects: [String]
    /// Part of the end's sentence; empty where the run goes on or the sentence does not matter.
    let says: String
    let play: @Sendable (inout Play) -> Void

    init(
        _ name: String, _ runbook: String, _ effects: [String], says: String = "",
        _ play: @escaping @Sendable (inout Play) -> Void
    ) {
        self.name = name
        self.runbook = runbook
        self.effects = effects
        self.says = says
        self.play = play
    }
    var testDescription: String { name }
}

@Suite("Deciding")
struct DecideTests {
    static let restart = "- {name: restart, systemd: {restart: '{{ $params.unit }}'}, timeout: 30s}"
    static let reload = "- {name: reload, systemd: {reload: '{{ $params.unit }}'}}"
    static let dump = "- {name: dump, run: [/bin/dump, '{{ $params.unit }}'], undo: {run: [/bin/undump]}}"
    static let post =
        "- {name: post, http: {method: POST, url: 'http://h/'}, undo: {http: {method: POST, url: 'http://h/u'}}}"
    static let retried = "- {name: dump, run: [/bin/dump], retry: {attempts: 3, backoff: 2s}}"
    static let undo = "otherwise: [undo, escalate]"
    static let begin = ["guards", "perform restart/1"]

    static let guards: [DecideCase] = [
        .init("a new run asks the guards", Play.runbook(restart), ["guards"]) { $0.create() },
        .init("passed guards begin the first step", Play.runbook(restart), begin) { $0.admit() },
        .init("a refusal ends the run", Play.runbook(restart), ["guards", "end refused cooldown"], says: "too soon") {
            $0.create()
            $0.take(.guarded(.refused(guard: "cooldown", text: "too soon")))
        },
        .init(
            "observe mode says what it would do", Play.runbook(restart), ["guards", "end observed"],
            says: "it would have done: systemd restart web.service"
        ) {
            $0.create()
            $0.take(.guarded(.observed(stop: nil)))
        },
        .init(
            "and what would have stopped it", Play.runbook(restart), ["guards", "end observed"],
            says: "storm would have refused: 3 down"
        ) {
            $0.create()
            $0.take(.guarded(.observed(stop: GuardStop(.storm, "3 down"))))
        },
        .init(
            "a busy unit is waited for, and asked for again", Play.runbook(restart),
            ["guards", "guards", "perform restart/1"]
        ) {
            $0.create()
            $0.take(.guarded(.busy(unit: "web.service", holder: "r0")))
            $0.take(.unblocked)
            $0.take(.guarded(.passed(note: "")))
        },
        .init(
            "but not for ever", Play.runbook(restart), ["guards", "guards", "end refused lock"],
            says: "busy: run r0 still holds web.service after 10m"
        ) {
            $0.create()
            $0.take(.guarded(.busy(unit: "web.service", holder: "r0")))
            $0.wait(.seconds(599))
            $0.take(.timer(.lock))
            $0.take(.unblocked)
            $0.take(.guarded(.busy(unit: "web.service", holder: "r0")))
            $0.wait(.seconds(1))
            $0.take(.timer(.lock))
        },
        .init("a signal that ends while it waits cancels it", Play.runbook(restart), ["guards", "end cancelled"]) {
            $0.create()
            $0.take(.guarded(.busy(unit: "web.service", holder: "r0")))
            $0.take(.signal(incident: "i1", stands: false))
        },
        .init("an event that does not fit changes nothing", Play.runbook(restart), begin) {
            $0.admit()
            $0.take(.guarded(.refused(guard: "halt", text: "late")))
            $0.take(.unblocked)
            $0.take(.timer(.timeout))
            $0.result("other", .done([:]))
            $0.watch(true)
            $0.approve("ada", uid: 1)
            $0.probe("restart", .void)
        },
    ]

    @Test(
        "each line of the table",
        arguments: guards + steps + kinds + timeouts + proof + halts + approvals + restarts + pipeline + groups + merges
            + subruns + withdrawals)
    func line(_ line: DecideCase) throws {
        var play = try Play(line.runbook)
        line.play(&play)
        #expect(play.effects == line.effects)
        if !line.says.isEmpty {
            #expect(play.state.end?.text.contains(line.says) == true, "\(play.state.end?.text ?? "it goes on")")
        }
        let folded = RunState.fold(play.history, over: play.state.definition)
        #expect(folded.phase == play.state.phase, "the state is the fold of the history")
        if play.state.end != nil {
            play.take(.broken("late"))
            #expect(play.lastEffects.isEmpty, "nothing happens to a run that has ended")
        }
    }

    @Test("proof needs samples newer than the last result")
    func newer() throws {
        var play = try Play(Play.runbook(Self.restart))
        play.admit()
        play.start("restart")
        play.wait(.seconds(7))
        play.result("restart", .done([:]))
        #expect(play.state.watch?.newerThan == play.stamp.wall)
    }

    @Test("a clock stepped backwards fires no timer early and a boot in between counts by the wall")
    func clocks() throws {
        var play = try Play(Play.runbook("- {name: nap, wait: 1h}\n" + Self.restart))
        play.admit()
        let timer = try #require(play.state.timer)
        let before = Stamp(wall: play.stamp.wall - .seconds(7200), bootID: "0", sinceBoot: play.now)
        #expect(timer.remaining(at: before) == .seconds(3600))
        let rebooted = Stamp(wall: play.stamp.wall + .seconds(3600), bootID: "1", sinceBoot: .seconds(3))
        #expect(timer.isDue(at: rebooted))
    }

    @Test("a run locks its target and every unit that its steps name, from the first step to the end")
    func locks() throws {
        var play = try Play(Play.runbook(Self.restart + "\n- {name: stop, systemd: {stop: cache.service}}"))
        play.create()
        #expect(play.state.locks == [])
        play.take(.guarded(.passed(note: "")))
        #expect(play.state.locks == ["web.service", "cache.service"])
        play.does("restart", .failed("x"))
        #expect(play.state.locks == [])
    }
}
