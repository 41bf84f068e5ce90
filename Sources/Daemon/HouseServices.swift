import FoundationEssentials
import Ledger
import Logging
import Model
import ServiceLifecycle

/// Tells systemd that the daemon is ready, once it listens and reads.
struct ReadyService: Service {
    let socket: String
    let observatory: Observatory
    let clock: HostClock

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if FileManager.default.fileExists(atPath: socket), await observatory.hasBegun { break }
                do { try await clock.sleep(.milliseconds(20)) } catch { return }  // cancelled: asked to stop
            }
            Readiness.ready("watching")
            do { try await clock.sleep(.seconds(30)) } catch { return }  // cancelled: asked to stop
            StartupPages.giveBack()
            while !Task.isCancelled {
                do { try await clock.sleep(.seconds(60)) } catch { return }  // cancelled: asked to stop
                let summary = await observatory.summary
                Readiness.status(
                    "\(summary.firing) alerts firing, \(summary.up) of \(summary.targets) targets up, \(summary.series) series"
                )
            }
        }
    }
}

/// Takes up a ledger again that a failed write or sync has closed; until then nothing acts, and pages go out from memory.
struct LedgerMender: Service {
    let state: @Sendable () -> LedgerState
    let reopen: @Sendable () async throws -> Void
    let takeUp: @Sendable () async throws -> Void
    let clock: HostClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isMended = true
            while !Task.isCancelled {
                do { try await clock.sleep(.seconds(2)) } catch { return }  // cancelled: asked to stop
                await look(&isMended)
            }
        }
    }

    /// Tries once where something is to be mended: a ledger that is open again is not enough, since until every run is
    /// taken up none goes on.
    func look(_ isMended: inout Bool) async {
        if case .closed(let fault) = state() {
            isMended = false
            logger.critical("the ledger is closed to action: \(fault)")
        }
        guard !isMended else { return }
        do {
            if case .closed = state() { try await reopen() }
            try await takeUp()
            isMended = true
            logger.notice("the ledger is open again; every run was taken up from what is on disk")
        } catch {
            logger.error("the ledger cannot be opened again yet: \(error)")
        }
    }
}

/// Lets the ledger forget what has ended long enough ago.
struct RetentionService: Service {
    let ledger: Ledger
    let retention: Settings.Retention
    let clock: HostClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await clock.sleep(.seconds(3600)) } catch { return }  // cancelled: asked to stop
                do {
                    let pruned = try await ledger.prune(
                        Retention(
                            incidents: retention.incidents, evidence: retention.evidence,
                            transcripts: retention.transcripts, disk: retention.disk),
                        now: clock.now().wall)
                    if !pruned.isEmpty { logger.info("the ledger forgot \(pruned.rows)") }
                } catch {
                    logger.error("the ledger cannot be pruned: \(error)")
                }
            }
        }
    }
}
