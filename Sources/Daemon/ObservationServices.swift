import Detection
import Journal
import Ledger
import Logging
import Model
import Scraper
import ServiceLifecycle

/// Follows the journal from where the ledger says, and hands every batch to the observatory.
struct JournalService: Service {
    let settings: Settings.Journal
    let content: CurrentContent
    let observatory: Observatory
    let ledger: Ledger
    let clock: HostClock
    let logger: Logger

    func run() async throws {
        let follower = JournalFollower(
            source: settings.source, matches: settings.match, start: try await start(),
            fields: { [content] in content.current.rules.journalFields })
        let (observatory, logger) = (observatory, logger)
        try await cancelWhenGracefulShutdown {
            do {
                try await follower.run { batch in
                    if let start = batch.start { logger.notice("\(start.text)") }
                    await observatory.take(batch)
                }
            } catch is CancellationError {
                // We are asked to stop: every batch that was taken is on disk.
            }
        }
        await observatory.flush()
    }

    /// After the last entry that was counted; a first start where the settings say.
    private func start() async throws -> JournalPosition {
        let source = settings.source.description
        let stored = try await ledger.read { try $0.journalPosition(source: source) }
        if let stored { return .cursor(stored.cursor) }
        switch settings.start {
        case .now: return .tail
        case .boot: return .boot
        case .ago(let duration): return .since(clock.now().wall - duration)
        }
    }
}

/// Scrapes every target at its interval; begins anew when the targets change.
struct ScrapeService: Service {
    let observatory: Observatory
    let configurations: AsyncStream<[ScrapeConfig]>
    let scraper: @Sendable ([ScrapeConfig]) -> Scraper

    func run() async throws {
        let (observatory, scraper) = (observatory, scraper)
        await cancelWhenGracefulShutdown {
            var running: Task<Void, Never>?  // always cancelled and awaited below, so that none outlives this function
            for await configs in configurations {
                running?.cancel()
                await running?.value
                await observatory.forgetTargets()
                running = Task { await scraper(configs).run { await observatory.take($0) } }
            }
            running?.cancel()
            await running?.value
        }
    }
}

/// Evaluates the rule groups when they are due.
struct EvaluationService: Service {
    let observatory: Observatory
    let clock: HostClock

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let now = clock.now().wall
                let next = await observatory.nextEvaluation(after: now) ?? now + .seconds(15)
                // A clock that was stepped must not make us sleep for hours.
                let pause = min(max(next - now, .milliseconds(1)), .seconds(60))
                do { try await clock.sleep(pause) } catch { return }  // cancelled: we are asked to stop
                await observatory.evaluate()
            }
        }
    }
}

/// Samples the host and the units that matter: seldom while all is quiet, each second while a repair is being proven.
struct SamplerService: Service {
    let observatory: Observatory
    let units: UnitSamples
    let clock: HostClock
    let interval: Duration
    let logger: Logger
    /// The units to sample now.
    let interesting: @Sendable () async -> Set<String>
    /// Whether somebody waits for fresh samples.
    let isUrgent: @Sendable () async -> Bool

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isOutOfReach = false
            var last: Stamp?
            while !Task.isCancelled {
                let urgent = await isUrgent()
                let now = clock.now()
                if urgent || last.map({ now.since($0) >= interval }) ?? true {
                    do {
                        let samples = try await units.samples(of: await interesting())
                        await observatory.take(samples, at: now.wall)
                        isOutOfReach = false
                    } catch {
                        if !isOutOfReach { logger.warning("units cannot be sampled: \(error)") }
                        isOutOfReach = true
                    }
                    if last.map({ now.since($0) >= interval }) ?? true {
                        await observatory.take(HostSamples.read(), at: now.wall)
                        last = now
                    }
                }
                do { try await clock.sleep(min(interval, .seconds(1))) } catch { return }  // cancelled: asked to stop
            }
        }
    }
}
