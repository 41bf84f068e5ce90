import Ledger
import Model
import Synchronization
import Testing

@testable import Daemon

@Suite("The ledger's mender") struct LedgerMenderTests {
    /// What is left to fail, and what was tried.
    private final class World: Sendable {
        let inner = Mutex((isClosed: true, reopenFails: 1, takeUpFails: 2, reopened: 0, takenUp: 0))
    }

    @Test("tries until every run is taken up, though the ledger is open again after the first time")
    func untilTakenUp() async throws {
        let (world, log) = (World(), LogLines())
        let mender = LedgerMender(
            state: { world.inner.withLock { $0.isClosed ? .closed(Fault("ledger.io", "the disk")) : .open } },
            reopen: {
                try world.inner.withLock {
                    $0.reopenFails -= 1
                    if $0.reopenFails >= 0 { throw Fault("ledger.io", "still the disk") }
                    $0.isClosed = false
                    $0.reopened += 1
                }
            },
            takeUp: {
                try world.inner.withLock {
                    $0.takeUpFails -= 1
                    if $0.takeUpFails >= 0 { throw Fault("ledger.io", "a read") }
                    $0.takenUp += 1
                }
            },
            clock: SteppedClock(ObservatoryStage.begin).host, logger: log.logger)
        var isMended = true
        for _ in 0..<3 {
            await mender.look(&isMended)
            #expect(!isMended)
        }
        await mender.look(&isMended)
        #expect(isMended)
        await mender.look(&isMended)
        let (reopened, takenUp) = world.inner.withLock { ($0.reopened, $0.takenUp) }
        #expect(reopened == 1 && takenUp == 1, "once each, and then it is left alone")
        #expect(log.all.count { $0.hasPrefix("error") } == 3 && log.all.last?.contains("is open again") == true)
    }
}
