import Actuation
import Ledger
import Logging
import Model
import Runbooks

// What people tell the driver.
extension Driver {
    var haltedBecause: String? { halt }

    /// The units that open runs act on: their signals are wanted fresh.
    var isWatching: Bool { open.values.contains { $0.state.watch != nil } }

    /// Starts no further action, anywhere: told to every open run, stored, and told to whoever acts.
    ///
    /// It counts from this moment on, whatever of that fails; what failed is thrown.
    func halt(by person: String, why: String) async throws(Fault) {
        let row = HaltRow(halted: true, person: person, why: why, stamp: parts.clock.now())
        halt = "\(person): \(why)"
        var failure: Fault?
        do {
            try await parts.ledger.write(usingReserve: true) { try $0.append(halt: row) }
        } catch {
            failure = error
        }
        for id in open.keys.sorted() { await feedLoosely(.halted(by: person, why: why), to: id) }
        do {
            try await parts.executor?.halt(why: "\(person): \(why)")
        } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }

    /// The executor was halted by itself, or says so of our own halt.
    func halted(why: String) async {
        guard halt == nil else { return }
        halt = why
        for id in open.keys.sorted() { await feedLoosely(.halted(by: "the helper", why: why), to: id) }
    }

    /// Allows actions again; what ended meanwhile stays ended.
    func resume(by person: String) async throws(Fault) {
        let row = HaltRow(halted: false, person: person, why: "", stamp: parts.clock.now())
        try await parts.ledger.write { try $0.append(halt: row) }
        halt = nil
    }

    func resumed(by person: String) async {
        guard halt != nil else { return }
        do {
            try await resume(by: person)
        } catch {
            parts.logger.error("the end of the halt cannot be stored: \(error)")
        }
    }

    /// A run that waits for a person's word, with what it asks.
    struct Question: Sendable {
        var run: String
        var incident: String
        var request: ApprovalRequest
    }

    /// What the incident whose ID begins with `prefix` asks now.
    func question(of prefix: String) throws(Fault) -> Question {
        let asking = open.compactMap { id, run in
            run.state.question.map { Question(run: id, incident: run.header.incident ?? "", request: $0) }
        }
        let found = asking.filter { $0.incident.hasPrefix(prefix) || $0.run.hasPrefix(prefix) }
        guard let question = found.first, !prefix.isEmpty else {
            throw Fault("approval.unknown", "Nothing of \(prefix) waits for approval")
        }
        guard found.count == 1 else {
            throw Fault("approval.ambiguous", "\(prefix) could be several", hint: "Type more of the ID.")
        }
        return question
    }

    /// A person's yes to exactly the plan that they saw; a word on the run itself goes to whoever acts.
    ///
    /// `groups` are those of the person; a step that names one is for its members (and root) only.
    func approve(
        _ prefix: String, plan: String, by person: Person, groups: Set<String> = []
    ) async throws(Fault) -> String {
        let question = try question(of: prefix)
        guard question.request.plan == plan else {
            throw Fault(
                "approval.changed", "The plan has changed since you saw it",
                hint: "Look again: nightshift approve \(prefix)")
        }
        if let group = question.request.by, person.uid != 0, !groups.contains(group) {
            throw Fault("approval.group", "\(person.name) is not in the group \(group), which may approve this")
        }
        guard question.request.path == Self.runPath else {
            try await feed(
                .approved(
                    path: question.request.path, plan: plan, by: Approver(name: person.name, uid: person.uid),
                    remaining: nil), to: question.run)
            return "approved"
        }
        guard let core = parts.executor as? ExecutorCore else {
            throw Fault(
                "approval.helper", "Approvals of runs are given to the helper",
                hint: "Use nightshift approve on this host.")
        }
        switch try await core.approve(run: question.run, planHash: plan, by: person) {
        case .taken(let needs): return needs == 0 ? "approved" : "approved; \(needs) more must"
        case .refused(let name, let text): throw Fault("approval.\(name)", text)
        }
    }

    func reject(_ prefix: String, why: String, by person: Person) async throws(Fault) -> String {
        let question = try question(of: prefix)
        if question.request.path == Self.runPath, let core = parts.executor as? ExecutorCore {
            _ = try await core.reject(run: question.run, by: person, why: why)
        } else {
            try await feed(
                .rejected(
                    path: question.request.path, by: Approver(name: person.name, uid: person.uid), why: why),
                to: question.run)
        }
        return "rejected"
    }

    /// A person has dealt with an incident.
    func close(_ prefix: String, by person: String) async throws(Fault) -> String {
        let found = try await parts.ledger.read { try $0.incidents(prefix: prefix) }
        guard found.count == 1, let record = found.first else {
            throw Fault("incident.unknown", "\(prefix) is no incident, or several")
        }
        guard !record.state.isEnded else { return "it has ended already" }
        guard !open.values.contains(where: { $0.incidents[record.incident.id] != nil }) else {
            throw Fault("incident.busy", "A run is at work on it", hint: "nightshift halt stops it.")
        }
        let line = TimelineLine(
            at: parts.clock.now().wall, kind: .note, text: "closed by \(person)", evidence: [Evidence(.person, person)],
            state: .closed)
        try await parts.ledger.write { try $0.append(line: line, to: record.incident.id) }
        await parts.observations.set(.closed, of: record.incident.id)
        return "closed"
    }
}
