public import Model
import Runbooks

/// What became of a person's word.
public enum ApprovalAnswer: Hashable, Sendable, Codable {
    /// `needs`: how many more must approve.
    case taken(needs: Int)
    case refused(guard: String, text: String)
}

extension ExecutorCore {
    public func propose(_ order: Order) async throws(Fault) -> ProposalAnswer {
        let units: [String]
        do throws(Refusal) {
            units = try unitsNamed(order)
        } catch {
            return .refused(guard: error.guard, text: error.text)
        }
        let states = try await states(of: units)
        var plan: Proposal
        do throws(Refusal) {
            let guards = try guards()
            let runbook = try guards.runbook(order)
            try guards.halt()
            try guards.mode(runbook)
            try guards.units(units, states)
            try guards.rejection(order.run)
            plan = try guards.plan(order, runbook, states)
        } catch {
            return .refused(guard: error.guard, text: error.text)
        }
        guard plan.needs > 0, book.runs[order.run]?.begun == nil else { return .proposed(plan) }
        let now = clock.now()
        let proposed = book.runs[order.run]?.proposed
        if proposed.map({ now.since($0) >= Guards.approvalLifetime }) ?? true {
            try checkUnlimited(EffectKey(run: order.run, path: "", attempt: 1))
            try commit(.proposed(order: order))
            options.say("run \(order.run) of \(order.runbook) asks for \(plan.needs) approvals".onOneLine)
            plan.expires = now.wall + Guards.approvalLifetime
        }
        return .proposed(plan)
    }

    /// The plan of a proposed run, rendered now; nil for a run that nobody proposed.
    public func show(run: String) async throws(Fault) -> ProposalAnswer? {
        guard let order = book.runs[run]?.order else { return nil }
        let units: [String]
        do throws(Refusal) {
            units = try unitsNamed(order)
        } catch {
            return .refused(guard: error.guard, text: error.text)
        }
        let states = try await states(of: units)
        do throws(Refusal) {
            let guards = try guards()
            return .proposed(try guards.plan(order, try guards.runbook(order), states))
        } catch {
            return .refused(guard: error.guard, text: error.text)
        }
    }

    /// Takes a person's approval of exactly the plan with this hash.
    ///
    /// The caller has made sure that the person may approve; here it counts that nobody counts twice, and that root is
    /// never the second of two.
    public func approve(run: String, planHash: String, by person: Person) async throws(Fault) -> ApprovalAnswer {
        guard case .proposed(let shown)? = try await show(run: run) else {
            return .refused(guard: "approval", text: "no such run waits for approval")
        }
        guard let known = book.runs[run], let proposed = known.proposed, known.begun == nil else {
            return .refused(guard: "approval", text: "run \(run) does not wait for approval")
        }
        if let refusal = Self.refusal(of: person, planHash, shown, known, clock.now().since(proposed)) {
            return .refused(guard: "approval", text: refusal)
        }
        try commit(.approved(run: run, planHash: planHash, by: person))
        options.say("run \(run) approved by \(person.name), plan \(planHash.prefix(12))".onOneLine)
        let needs = max(0, shown.needs - 1)
        subscribers.tell(.approved(run: run, planHash: planHash, by: person, needs: needs))
        return .taken(needs: needs)
    }

    private static func refusal(
        of person: Person, _ planHash: String, _ shown: Proposal, _ known: Book.Run, _ age: Duration
    ) -> String? {
        if let rejected = known.rejected { return "\(rejected.by.name) has rejected it" }
        if age >= Guards.approvalLifetime { return "it was proposed too long ago, and has lapsed" }
        if shown.planHash != planHash { return "the plan is not the one that was shown; look at it again" }
        if shown.needs == 0 { return "it needs no further approval" }
        if shown.approvedBy.contains(where: { $0.uid == person.uid }) {
            return "\(person.name) has approved it already"
        }
        if person.uid == 0, !shown.approvedBy.isEmpty { return "root is never the second of two persons" }
        return nil
    }

    /// Forbids every further start of a run, whether it has begun or not; undos of begun steps excepted.
    public func reject(run: String, by person: Person, why: String) throws(Fault) -> ApprovalAnswer {
        guard let known = book.runs[run] else {
            return .refused(guard: "approval", text: "no such run is known here")
        }
        guard known.rejected == nil else { return .taken(needs: 0) }
        let why = why.onOneLine
        try commit(.rejected(run: run, by: person, why: why))
        options.say("run \(run) rejected by \(person.name): \(why)")
        subscribers.tell(.rejected(run: run, by: person, why: why))
        return .taken(needs: 0)
    }

    /// Allows starts again; what was refused meanwhile stays refused.
    public func resume(by person: Person) throws(Fault) {
        guard book.haltedWhy != nil else { return }
        try commit(.resumed(by: person))
        options.say("resumed by \(person.name)")
        subscribers.tell(.resumed(by: person))
    }

    // MARK: Parts

    private func unitsNamed(_ order: Order) throws(Refusal) -> [String] {
        let guards = try guards()
        return try named(try guards.runbook(order), order)
    }

    /// What no limit of a runbook bounds is bounded here: proposals and voids together.
    func checkUnlimited(_ key: EffectKey) throws(Fault) {
        guard Guards.isRunID(key.run), key.path.utf8.count <= 128, (1...Guards.attemptsMax).contains(key.attempt) else {
            throw Fault("executor.key", "That is not the key of an effect")
        }
        let recent = book.recentUnlimited(within: .seconds(3600), now: clock.now())
        guard recent < Self.unlimitedMax else {
            throw Fault(
                "executor.flood", "More than \(Self.unlimitedMax) proposals and probes of unknown keys in an hour")
        }
    }

    static let unlimitedMax = 500
}
