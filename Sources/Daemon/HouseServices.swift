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
            while !Task.isCancelled {
                do { try await clock.sleep(.seconds(60)) } catch { return }  // cancelled: asked to stop
                let summary = await observatory.summary
                Readiness.status(
                    "\(summary.firing) alerts firing, \(summary.up) of \(summary.targets) targets up, \(summary.series) series")
            }
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
                            incidents: retention.incidents, evidence: retention.evidence, disk: retention.disk),
                        now: clock.now().wall)
                    if !pruned.isEmpty { logger.info("the ledger forgot \(pruned.rows)") }
                } catch {
                    logger.error("the ledger cannot be pruned: \(error)")
                }
            }
        }
    }
}
