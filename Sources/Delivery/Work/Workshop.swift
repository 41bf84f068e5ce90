public import Model

/// The agents' process: fetches tasks from the daemon, works on a few at once, and tells how they ended.
///
/// It keeps nothing itself: a task that is handed out again goes on from what the daemon's transcripts and the item's
/// record hold. When it is cancelled, everything that it began is cancelled and awaited.
public struct Workshop: Sendable {
    public typealias Perform = @Sendable (WorkTask) async -> Outcome

    let line: any WorkLine
    let clock: HostClock
    let atOnce: Int
    let say: @Sendable (String) -> Void
    let perform: Perform

    /// - Parameter say: takes a line about each task that begins and ends, without secrets.
    public init(
        line: any WorkLine, clock: HostClock, atOnce: Int = 2, say: @escaping @Sendable (String) -> Void,
        perform: @escaping Perform
    ) {
        self.line = line
        self.clock = clock
        self.atOnce = max(1, atOnce)
        self.say = say
        self.perform = perform
    }

    private enum News: Sendable {
        case tasks(start: [WorkTask], cancel: [EffectKey])
        case unreached(Fault)
        case ended(WorkTask, Outcome)
        case taken(EffectKey)
        /// Cancelled before it came to anything.
        case stopped
    }

    /// Works until it is cancelled.
    public func run() async {
        await withTaskGroup(of: News.self) { group in
            var book = WorkBook(atOnce: atOnce)
            var stops: [EffectKey: AsyncStream<Never>.Continuation] = [:]
            var (pauses, trouble) = (WorkPauses(), String?.none)
            group.addTask { await poll([], after: .zero) }
            while let news = await group.next() {
                if Task.isCancelled { continue }
                switch news {
                case .tasks(let start, let cancel):
                    if trouble != nil { say("the daemon answers again") }
                    (pauses, trouble) = (WorkPauses(), nil)
                    let taken = book.take(start: start, cancel: cancel)
                    for key in taken.stop { stops[key]?.finish() }
                    for key in taken.dropped {
                        group.addTask { await report(key, .cancelled("it was cancelled before it began")) }
                    }
                    begin(&book, &stops, &group)
                    let (running, pause) = (book.known, taken.isNews ? Duration.zero : Self.idlePause)
                    group.addTask { await poll(running, after: pause) }
                case .unreached(let fault):
                    if trouble != fault.message { say("no tasks: \(fault)") }
                    trouble = fault.message
                    let (running, pause) = (book.known, pauses.next())
                    group.addTask { await poll(running, after: pause) }
                case .ended(let task, let outcome):
                    stops[task.key] = nil
                    book.end(task.key)
                    say("\(task.key) ended: \(Self.line(outcome))")
                    group.addTask { await report(task.key, outcome) }
                    begin(&book, &stops, &group)
                case .taken(let key): book.forget(key)
                case .stopped: break
                }
            }
        }
    }

    /// A daemon that repeats what is known already is not asked again at once.
    private static let idlePause = Duration.milliseconds(200)

    private func begin(
        _ book: inout WorkBook, _ stops: inout [EffectKey: AsyncStream<Never>.Continuation],
        _ group: inout TaskGroup<News>
    ) {
        for task in book.begin() {
            let (stop, continuation) = AsyncStream<Never>.makeStream()
            stops[task.key] = continuation
            say("\(task.key) begins: \(Self.line(task))")
            group.addTask { .ended(task, await work(task, until: stop)) }
        }
    }

    private func poll(_ running: [EffectKey], after pause: Duration) async -> News {
        do {
            if pause > .zero { try await clock.sleep(pause) }
        } catch {
            return .stopped
        }
        do throws(Fault) {
            guard case .tasks(let start, let cancel) = try await line.ask(.poll(running: running)) else {
                throw PatientLine.otherAnswer
            }
            return .tasks(start: start, cancel: cancel)
        } catch {
            return .unreached(error)
        }
    }

    private func report(_ key: EffectKey, _ outcome: Outcome) async -> News {
        var pauses = WorkPauses()
        var told = false
        while true {
            do throws(Fault) {
                try await line.tell(.finished(key, outcome))
                return .taken(key)
            } catch {
                if !told { say("\(key): its outcome is not taken yet: \(error)") }
                told = true
            }
            do {
                try await clock.sleep(pauses.next())
            } catch {
                return .stopped
            }
        }
    }

    private enum End: Sendable {
        case outcome(Outcome)
        case stopped, late
    }

    /// The task's outcome; where it is stopped or late, it is cancelled and awaited, and what it did anyway counts.
    private func work(_ task: WorkTask, until stop: AsyncStream<Never>) async -> Outcome {
        await withTaskGroup(of: End.self) { group in
            group.addTask { .outcome(await perform(task)) }
            group.addTask {
                for await _ in stop {}
                return .stopped
            }
            group.addTask {
                do {
                    try await clock.sleep(task.timeout)
                    return .late
                } catch {
                    return .stopped  // cancelled, because the task has ended
                }
            }
            var first: End?
            var outcome: Outcome?
            for await end in group {
                first = first ?? end
                if case .outcome(let made) = end { outcome = made }
                group.cancelAll()
            }
            switch (first, outcome) {
            case (_, .done(let result)): return .done(result)
            case (.late, _): return .timedOut
            case (.outcome, let made?): return made
            default: return .cancelled("it was told to stop")
            }
        }
    }

    private static func line(_ task: WorkTask) -> String {
        let what =
            switch task.step {
            case .agent(let role, _, _, _): "agent \(role)"
            case .repository(.checkout): "checkout"
            case .repository(.apply(_, let part)): "apply \(part.rawValue)"
            case .repository(.test(let expect, let times)): "test, \(expect.rawValue), \(times) times"
            case .repository(.commit): "commit"
            }
        return "\(what) for \(task.project?.name ?? "no project"), item \(task.item)"
    }

    /// Without results, which may be large or somebody's code.
    private static func line(_ outcome: Outcome) -> String {
        switch outcome {
        case .failed(let text): "failed, \(excerpt(text, max: 300))"
        case .cancelled(let text), .unknown(let text): "\(outcome.word), \(excerpt(text, max: 300))"
        case .done, .timedOut, .refused: outcome.word
        }
    }
}
