import Agents
import Delivery
import Ledger
import Model
import Runbooks

// What agents spend: held before a request goes out, and replaced by what it took. The other process is not trusted to
// stop by itself: every step of it has an end here.
extension WorkService {
    /// Holds what a request may cost at worst where it fits every budget, what others hold included; all in one
    /// transaction, so that two agents never both get the last dollar. Asked again, it is held once.
    func book(_ hold: WorkHold, for key: EffectKey) async throws(Fault) -> WorkAnswer {
        guard WorkHold.isID(hold.request.utf8), hold.part >= 0, hold.most.isSane else { throw Self.strange }
        let incident = try await incident(of: key)
        let (name, now, budget) = (key.request(hold.request), clock.now().wall, budget)
        return try await ledger.write { transaction in
            let reader = transaction.read
            if try reader.held(for: name)[hold.part] != nil { return .done }
            let size = try reader.transcriptSize(run: name.run, path: name.path)
            guard hold.number == size.last + 1, try !reader.isSettled(name) else { throw Self.disorder(size) }
            guard hold.number <= Role.Budget.turnsMax, size.holds < WorkRules.holdsMax else { throw Self.endless }
            let spent = try reader.spending(of: incident, run: name.run, at: now)
            let cost = Money(microdollars: Int64(hold.most.cost))
            if let refusal = budget.refusal(tokens: hold.most.tokens, cost: cost, spent: spent) {
                return .refused(refusal.description)
            }
            let most = SpendingRow(
                incident: incident, model: hold.most.model, tokens: hold.most.tokens, cost: hold.most.cost)
            try transaction.hold(most, for: name, part: hold.part, at: now)
            return .done
        }
    }

    /// Stores the exchange that a held request became; one that is stored already is left as it is.
    func store(
        _ body: String, number: Int, of key: EffectKey, spent: WorkSpending, request: String
    ) async throws(Fault) {
        guard spent.isSane, number > 0 else { throw Self.strange }
        let incident = try await incident(of: key)
        let (name, now) = (key.request(request), clock.now().wall)
        let row = ExchangeRow(run: name.run, path: name.path, number: number, body: body, at: now)
        let spending = SpendingRow(incident: incident, model: spent.model, tokens: spent.tokens, cost: spent.cost)
        try await ledger.write { transaction in
            let size = try transaction.read.transcriptSize(run: name.run, path: name.path)
            if number <= size.last { return }
            guard number == size.last + 1, try !transaction.read.held(for: name).isEmpty,
                try !transaction.read.isSettled(name)
            else { throw Self.disorder(size) }
            guard number <= Role.Budget.turnsMax, size.bytes + body.utf8.count <= WorkRules.transcriptMax else {
                throw Self.endless
            }
            try transaction.append(exchange: row, spending: spending, request: name.id)
        }
    }

    /// Books what a request took that became no exchange, once; also where its task is not wanted any more.
    func settle(_ request: String, of key: EffectKey, spent: WorkSpending) async throws(Fault) {
        guard spent.isSane else { throw Self.strange }
        let (name, now) = (key.request(request), clock.now().wall)
        try await ledger.write { transaction in
            guard let incident = try transaction.read.held(for: name).values.first else {
                throw Fault("work.unknown", "Nothing is held for this request of \(key)")
            }
            let spending = SpendingRow(incident: incident, model: spent.model, tokens: spent.tokens, cost: spent.cost)
            try transaction.append(lost: spending, request: name, at: now)
        }
    }

    private static let strange = Fault("control.body", "No request has such a name or takes so much")
    private static let endless = Fault("work.endless", "The transcript of this step is as long as one may be")

    private static func disorder(_ size: TranscriptSize) -> Fault {
        Fault("work.order", "Exchange \(size.last + 1) is next, of a request for which something is held")
    }
}

extension LedgerReader {
    /// What has been spent and is held: for the incident, or for a review by itself, and on this day and in this month.
    fileprivate func spending(of incident: String?, run: String, at now: Timestamp) throws -> Spending {
        let whole =
            if let incident {
                try spent(since: Timestamp(microseconds: 0), incident: incident)
            } else {
                try spent(run: run)
            }
        return Spending(
            incident: Money(microdollars: Int64(whole.cost)), incidentTokens: whole.tokens,
            day: Money(microdollars: Int64(try spent(since: now.dayBegin).cost)),
            month: Money(microdollars: Int64(try spent(since: now.monthBegin).cost)))
    }
}

extension EffectKey {
    fileprivate func request(_ id: String) -> RequestName { RequestName(run: run, path: transcript, id: id) }
}
