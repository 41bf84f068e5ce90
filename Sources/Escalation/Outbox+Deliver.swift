internal import HTTPClient
internal import Ledger
internal import Model
internal import Synchronization

extension Outbox {
    /// What is to be written about a try.
    struct Record: Sendable {
        var delivery: Delivery
        var incident: String?
        var line: TimelineLine?

        init(_ delivery: Delivery, incident: String?, line: TimelineLine?) {
            self.delivery = delivery
            self.incident = incident
            self.line = line
        }

        func isDelivered(_ key: String) -> Bool { delivery.key == key && delivery.outcome == .delivered }
    }

    /// How a try went.
    enum Answer: Sendable {
        case delivered(String)
        case failed(String, retryAfter: Duration?)
        case refused(String)
    }

    /// Sends a lane's messages one after the other until it is empty.
    func work(_ lane: Lanes.Lane) async {
        while let message = state.withLock({ $0.lanes.next(lane) }) {
            do {
                if message.wait > .zero { try await clock.sleep(message.wait) }
            } catch {
                // Cancelled: the daemon stops, and the message stays in the ledger.
            }
            let answer = await slots(for: message.channel).with { Task.isCancelled ? nil : await self.attempt(message) }
            guard let answer, !Task.isCancelled || answer.isDelivered else {
                state.withLock { $0.lanes.giveBack(lane) }
                return
            }
            await settle(message, in: lane, answer)
        }
    }

    private func slots(for channel: String) -> Slots {
        state.withLock { state in
            if let slots = state.slots[channel] { return slots }
            let slots = Slots(Self.concurrentMax)
            state.slots[channel] = slots
            return slots
        }
    }

    private func attempt(_ message: Lanes.Message) async -> Answer {
        guard let webhook = webhook(of: message.channel) else {
            return .refused("the settings name no receiver \"\(message.channel)\" any more")
        }
        do {
            var row = message.unstored
            if row == nil { row = try await ledger.read { try $0.message(key: message.key) } }
            guard let row else { return .delivered("it is not in the ledger any more") }
            let request = try webhook.request(body: row.body, key: row.key, receiver: message.channel)
            return Answer(try await client.send(request))
        } catch {
            return .failed(error.description, retryAfter: nil)
        }
    }

    private func webhook(of channel: String) -> Webhook? {
        for receiver in settings()?.receivers ?? [] {
            for candidate in receiver.channels where candidate.name == channel { return candidate.webhook }
        }
        return nil
    }

    private func settle(_ message: Lanes.Message, in lane: Lanes.Lane, _ answer: Answer) async {
        let attempt = message.attempts + 1
        let now = clock.now().wall
        var wait: Duration?
        switch answer {
        case .delivered: break
        case .failed(_, let retryAfter):
            let pause = Backoff.pause(afterTry: attempt, random: random())
            wait = max(pause, min(retryAfter ?? .zero, Backoff.refused))
        case .refused: wait = Backoff.spread(Backoff.refused, random())
        }
        let delivery = Delivery(
            key: message.key, attempt: attempt, at: now, outcome: answer.outcome, text: answer.text,
            nextAt: wait.map { now + $0 })
        let isOld = message.attempts > 0 && message.isRefused == (answer.outcome == .refused)
        let line = answer.isDelivered || !isOld ? line(message, answer, attempt: attempt, at: now) : nil
        if !answer.isDelivered, !isOld { log("\(message.channel) was not told of \(message.key): \(answer.text)") }
        // While it only fails again, the tries are recorded less and less often.
        let isRecorded = answer.isDelivered || !isOld || attempt <= 5 || attempt & (attempt - 1) == 0
        let record = Record(delivery, incident: message.incident, line: line)
        let current = state.withLock { state -> Lanes.Message in
            let current = state.lanes.current(message, in: lane)
            switch answer {
            case .delivered:
                state.statistics.delivered += 1
                if current.unstored != nil {
                    state.statistics.unstored -= 1
                    if state.deliveredFromMemory.count >= Self.memoryMax { state.deliveredFromMemory.removeAll() }
                    state.deliveredFromMemory[message.key] = delivery
                } else {
                    state.settled[message.key] = false
                }
                state.lanes.remove(message, from: lane)
            case .failed:
                state.statistics.failed += 1
                state.lanes.postpone(message, in: lane, by: wait ?? .zero)
            case .refused:
                state.statistics.refused += 1
                state.lanes.setAside(current, from: lane, for: wait ?? .zero)
            }
            return current
        }
        if isRecorded, current.unstored == nil { await self.record([record]) }
        let isMoreToLoad = state.withLock {
            $0.partial.contains(message.channel) && $0.lanes.count(channel: message.channel) < Self.loadedMax / 2
        }
        if isMoreToLoad || answer.outcome == .refused { wake() }
    }

    private func line(_ message: Lanes.Message, _ answer: Answer, attempt: Int, at: Timestamp) -> TimelineLine {
        let text =
            switch answer {
            case .delivered: "told \(message.channel)\(attempt > 1 ? ", after \(attempt) tries" : "")"
            case .failed: "\(message.channel) could not be told and is tried again: \(answer.text)"
            case .refused: "\(message.channel) refuses the message; somebody has to mend that: \(answer.text)"
            }
        return TimelineLine(
            at: at, kind: .escalate, text: text, evidence: [Evidence(.http, message.key, answer.text)])
    }

    /// Writes what became of tries, and of those that could not be written before.
    func record(_ records: [Record]) async {
        let all = state.withLock { state in
            let all = state.unrecorded + records
            state.unrecorded = []
            return all
        }
        guard !all.isEmpty else { return }
        do {
            try await write(all)
            state.withLock { state in
                for record in all where state.settled[record.delivery.key] != nil {
                    state.settled[record.delivery.key] = record.delivery.outcome == .delivered
                }
            }
        } catch  where error.code == "ledger.refused" && all.count > 1 {
            // One of them names a message that retention has removed: the others are written by themselves.
            for record in all { await self.record([record]) }
        } catch {
            log("what became of messages cannot be recorded: \(error)")
            guard error.code != "ledger.refused" else {
                state.withLock { for record in all { $0.settled[record.delivery.key] = nil } }
                return
            }
            // A failed try need not be known; a delivered one is recorded as soon as the ledger takes it.
            let delivered = all.filter { $0.delivery.outcome == .delivered }
            state.withLock { $0.unrecorded = delivered.suffix(Self.memoryMax) + $0.unrecorded }
        }
    }

    private func write(_ records: [Record]) async throws(Fault) {
        try await ledger.write(usingReserve: true) { transaction in
            for record in records {
                try transaction.record(delivery: record.delivery)
                if let line = record.line, let incident = record.incident {
                    try transaction.append(line: line, to: incident)
                }
            }
        }
    }
}

extension Outbox.Answer {
    /// 2xx is delivered; 408, 429 and 5xx may be better later; anything else will not.
    init(_ response: HTTPResponse) {
        let text = "HTTP \(response.status)"
        switch response.status {
        case 200..<300: self = .delivered(text)
        case 408, 429, 500...:
            self = .failed(text, retryAfter: response[header: "Retry-After"].flatMap { Int($0) }.map { .seconds($0) })
        case 300..<400: self = .refused("\(text): redirects are not followed")
        default: self = .refused(text)
        }
    }

    var text: String {
        switch self {
        case .delivered(let text), .failed(let text, _), .refused(let text): text
        }
    }
    var outcome: Delivery.Outcome {
        switch self {
        case .delivered: .delivered
        case .failed: .failed
        case .refused: .refused
        }
    }
    var isDelivered: Bool { outcome == .delivered }
}
