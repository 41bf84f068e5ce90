import Actuation
import Model
import Runbooks
import Testing

/// A person approves what the executor renders, and only that; uid 0 is never the second of two.
@Suite struct ApprovalTests {
    private func world(risk: String = "low") throws -> World {
        try World([variant("asks", mode: risk == "high" ? "auto" : "approve", risk: risk)])
    }

    private func begins(_ world: World) async throws -> String? {
        let key = EffectKey(run: "r1", path: "restart", attempt: 1)
        switch try await world.core.perform(key, try world.order(runbook: "asks")) {
        case .accepted:
            _ = try await world.core.result(of: key)
            return nil
        case .refused(let name, _): return name
        }
    }

    private func propose(_ world: World) async throws -> Proposal {
        let answer = try await world.core.propose(try world.order(runbook: "asks"))
        guard case .proposed(let proposal) = answer else { throw Fault("test", "\(answer)") }
        return proposal
    }

    @Test func nothingBeginsWithoutApproval() async throws {
        let world = try world()
        try await world.running { core async throws in
            #expect(try await begins(world) == "approval")
            let proposal = try await propose(world)
            #expect(proposal.needs == 1)
            #expect(proposal.text.contains("systemd restart web.service"))
            #expect(proposal.expires == world.clock.now.wall + .seconds(1800))
            #expect(try await begins(world) == "approval")
            #expect(world.host.effects.isEmpty)
            #expect(try await core.approve(run: "r1", planHash: proposal.planHash, by: ada) == .taken(needs: 0))
            #expect(try await begins(world) == nil)
        }
    }

    @Test func highRiskNeedsTwoOfWhomTheSecondIsNotRoot() async throws {
        let world = try world(risk: "high")
        try await world.running { core async throws in
            let hash = try await propose(world).planHash
            #expect(try await core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 1))
            for person in [ada, root] {
                guard case .refused("approval", _) = try await core.approve(run: "r1", planHash: hash, by: person)
                else {
                    return #expect(Bool(false), "\(person.name) counted")
                }
            }
            #expect(try await begins(world) == "approval")
            #expect(try await core.approve(run: "r1", planHash: hash, by: ben) == .taken(needs: 0))
            #expect(try await begins(world) == nil)
        }
    }

    @Test func rootMayBeTheFirstOfTwo() async throws {
        let world = try world(risk: "high")
        let hash = try await propose(world).planHash
        #expect(try await world.core.approve(run: "r1", planHash: hash, by: root) == .taken(needs: 1))
        #expect(try await world.core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 0))
    }

    @Test func anotherPlanIsNotApproved() async throws {
        let world = try world()
        _ = try await propose(world)
        let answer = try await world.core.approve(run: "r1", planHash: "0", by: ada)
        guard case .refused("approval", _) = answer else { return #expect(Bool(false), "\(answer)") }
        #expect(try await begins(world) == "approval")
    }

    @Test func aTargetThatWasStartedAnewVoidsTheApproval() async throws {
        let world = try world()
        try await world.running { core async throws in
            let hash = try await propose(world).planHash
            #expect(try await core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 0))
            world.host.change("web.service") { $0.invocationID = "somebody restarted it" }
            #expect(try await begins(world) == "approval")
            let fresh = try await propose(world)
            #expect(fresh.planHash != hash)
            #expect(fresh.needs == 1)
            #expect(try await core.approve(run: "r1", planHash: fresh.planHash, by: ada) == .taken(needs: 0))
            #expect(try await begins(world) == nil)
        }
    }

    @Test func whatWasApprovedIsSettledWhenItBegins() async throws {
        let world = try world()
        try await world.running { core async throws in
            let hash = try await propose(world).planHash
            #expect(try await core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 0))
            #expect(try await begins(world) == nil)
            // The restart gave the target another InvocationID, and time passes; the rest of the run is approved still.
            world.clock.advance(.seconds(3000))
            let later = try await propose(world)
            #expect(later.planHash == hash)
            #expect(later.needs == 0)
            #expect(later.approvedBy == [ada])
            #expect(try await world.done("dump", try world.order(runbook: "asks")).word == "done")
        }
    }

    @Test func anApprovalLapses() async throws {
        let world = try world()
        try await world.running { core async throws in
            let hash = try await propose(world).planHash
            #expect(try await core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 0))
            world.clock.advance(.seconds(1801))
            #expect(try await begins(world) == "approval")
            #expect(try await propose(world).needs == 1)
            #expect(try await begins(world) == "approval")
            #expect(try await core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 0))
            #expect(try await begins(world) == nil)
        }
    }

    @Test func aRejectionIsFinal() async throws {
        let world = try world()
        let hash = try await propose(world).planHash
        #expect(try await world.core.reject(run: "r1", by: ben, why: "load test") == .taken(needs: 0))
        guard case .refused("approval", let text) = try await world.core.approve(run: "r1", planHash: hash, by: ada)
        else {
            return #expect(Bool(false), "it was approved")
        }
        #expect(text.contains("ben"))
        #expect(try await begins(world) == "approval")
        guard case .refused("approval", _) = try await world.core.propose(try world.order(runbook: "asks")) else {
            return #expect(Bool(false), "it was proposed again")
        }
    }

    @Test func approvalsOutliveTheProcess() async throws {
        let world = try world()
        let hash = try await propose(world).planHash
        #expect(try await world.core.approve(run: "r1", planHash: hash, by: ada) == .taken(needs: 0))
        let next = try world.reopened()
        let refused = try await next.running { _ in try await begins(next) }
        #expect(refused == nil)
    }

    @Test func haltForbidsAndOnlyAPersonResumes() async throws {
        let world = try World()
        try await world.running { core async throws in
            let notices = core.notices()
            try await core.halt(why: "smoke")
            #expect(try await core.hello().halted == "smoke")
            let order = try world.order()
            guard
                case .refused("halt", _) = try await core.perform(EffectKey(run: "r1", path: "dump", attempt: 1), order)
            else { return #expect(Bool(false), "it began under halt") }
            try await core.resume(by: ada)
            #expect(try await core.hello().halted == nil)
            #expect(try await world.done("dump", order).word == "done")
            var heard: [ExecutorNotice] = []
            for await notice in notices {
                heard.append(notice)
                if heard.count == 3 { break }
            }
            #expect(heard.prefix(2) == [.halted(why: "smoke"), .resumed(by: ada)])
        }
    }

    @Test func anUnaskedRunCannotBeApproved() async throws {
        let world = try world()
        #expect(try await world.core.show(run: "r9") == nil)
        guard case .refused("approval", _) = try await world.core.approve(run: "r9", planHash: "", by: ada) else {
            return #expect(Bool(false), "it was approved")
        }
    }
}
