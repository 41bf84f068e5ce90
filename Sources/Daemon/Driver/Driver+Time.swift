import Actuation
import Logging
import Model
import Runbooks

// What time brings: timers, watches, and notices of whoever acts.
extension Driver {
    private static let lookPause = Duration.milliseconds(200)
    private static let idlePause = Duration.seconds(1)
    private static let signOfLife = Duration.seconds(5)
    private static let askPause = Duration.seconds(15)
    private static let retryPause = Duration.seconds(1)

    /// Looks at timers and watches while runs are open; rests while none is.
    func keepTime() async {
        while !Task.isCancelled {
            do {
                try await parts.clock.sleep(open.isEmpty && unstarted.isEmpty ? Self.idlePause : Self.lookPause)
            } catch { return }  // cancelled: we are asked to stop
            await tick()
        }
    }

    /// One look at everything that time can have changed.
    func tick() async {
        let now = parts.clock.now()
        if !open.isEmpty, lastSign.map({ now.since($0) >= Self.signOfLife }) ?? true {
            lastSign = now
            await markAlive()
        }
        for id in open.keys.sorted() { await look(at: id, now) }
        if lastAsk.map({ now.since($0) >= Self.askPause }) ?? true {
            lastAsk = now
            askAgain()
            await tellOfSilence()
        }
        await beginWaitingFixes(now)
        for (id, waiting) in unstarted where now.since(waiting.since) >= Self.retryPause {
            await respond(to: waiting.incident)
            if unstarted[id]?.since == waiting.since { unstarted[id] = nil }
        }
    }

    private func look(at id: String, _ now: Stamp) async {
        guard let run = open[id], run.turnstile.isFree else { return }
        if let since = run.stalledSince {
            guard now.since(since) >= Self.retryPause else { return }
            open[id]?.stalledSince = nil
            // What is under way is awaited by whoever began it; everything else begins anew where it stood.
            if run.state.running == nil {
                await feedLoosely(.restarted(downtime: now.since(since)), to: id)
                return
            }
        }
        if let watch = run.state.watch { await look(at: watch, of: id) }
        if let timer = open[id]?.state.timer, timer.isDue(at: parts.clock.now()) {
            await feedLoosely(.timer(timer.name), to: id)
        }
    }

    private func look(at watch: RunState.Watch, of id: String) async {
        let (holds, detail): (Bool, String)
        do {
            let answer = try await parts.observations.holds(watch.expr, newerThan: watch.newerThan)
            holds = answer == true
            detail = answer.map { $0 ? "1" : "0" } ?? "no sample newer than the result"
        } catch {
            (holds, detail) = (false, error.description)
        }
        guard open[id]?.state.watch == watch else { return }
        let held = holds ? (open[id]?.held ?? 0) + 1 : 0
        open[id]?.held = held
        guard watch.isNews(holds: holds, at: parts.clock.now()) else { return }
        await feedLoosely(.watched(path: watch.path, holds: holds, detail: detail, samples: held), to: id)
    }

    /// Follows what happens at the executor without being asked for: approvals, and its own halt.
    func listen() async {
        guard let executor = parts.executor else { return }
        for await notice in executor.notices() {
            switch notice {
            case .approved(let run, let plan, let by, let needs):
                let approver = Approver(name: by.name, uid: by.uid)
                await feedLoosely(
                    .approved(path: Self.runPath, plan: plan, by: approver, remaining: needs), to: run)
            case .rejected(let run, let by, let why):
                let approver = Approver(name: by.name, uid: by.uid)
                await feedLoosely(.rejected(path: Self.runPath, by: approver, why: why), to: run)
            case .halted(let why): await halted(why: why)
            case .resumed(let by): await resumed(by: by.name)
            case .result: break  // awaited where the effect was performed
            case .reconnected: askAgain()
            }
        }
    }

    /// Notices may have been lost: what was decided meanwhile is found out by asking.
    private func askAgain() {
        for (id, run) in open where run.state.question?.path == Self.runPath {
            later { await self.askAgain(id) }
        }
    }
}
