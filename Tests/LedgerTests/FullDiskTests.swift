import Glibc
import Ledger
import Model
import Synchronization
import Testing

/// Nothing new is written to a full ledger, results are, and it opens by itself once there is space.
@Suite struct FullDiskTests {
    @Test(.enabled(if: mayMount, "no file system may be mounted here; the limit of size shows the same course"))
    func aFullDisk() async throws {
        let directory = try Scratch()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=3m") == 0)
        defer { umount2(directory.path, CInt(MNT_DETACH)) }
        let ledger = try await Ledger.open(
            path: directory.ledger, sizes: LedgerSizes(reserve: ByteSize(bytes: 512 << 10)))
        #expect(ledger.state == .open)
        let ballast = directory.path + "/ballast"
        fillDisk(ballast)
        try await stopsAndGoesOn(ledger) { unlink(ballast) }
    }

    @Test(.enabled(if: mayMount, "no file system may be mounted here"))
    func aDiskThatStaysFullIsNotTriedAgainAndAgain() async throws {
        let directory = try Scratch()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=3m") == 0)
        defer { umount2(directory.path, CInt(MNT_DETACH)) }
        let ledger = try await Ledger.open(
            path: directory.ledger, sizes: LedgerSizes(reserve: ByteSize(bytes: 512 << 10)))
        fillDisk(directory.path + "/ballast")
        let text = String(repeating: "x", count: 3000)
        let attempts = Mutex(0)
        for number in 0..<1000 {
            do {
                try await ledger.write { transaction in
                    attempts.withLock { $0 += 1 }
                    try transaction.saveSnapshot(name: "\(number)", json: text, at: .sample)
                }
            } catch {
                break
            }
        }
        #expect(ledger.state == .full)
        let before = attempts.withLock { $0 }
        // Nothing has used the reserve yet, so it is still there, and is no sign of room.
        for _ in 0..<5 {
            await #expect(throws: Fault.self) {
                try await ledger.write { _ in attempts.withLock { $0 += 1 } }
            }
            #expect(ledger.state == .full)
        }
        #expect(attempts.withLock { $0 } == before)
        unlink(directory.path + "/ballast")
        try await ledger.write { try $0.saveSnapshot(name: "again", json: "", at: .sample) }
        #expect(ledger.state == .open)
    }

    @Test func aLedgerAtItsLimitOfSize() async throws {
        let sizes = LedgerSizes(most: ByteSize(bytes: 1 << 20), reserve: ByteSize(bytes: 256 << 10))
        let ledger = try Ledger.inMemory(sizes: sizes)
        try await stopsAndGoesOn(ledger) {
            let cleared = try await ledger.write(usingReserve: true) { transaction in
                for number in 0..<1000 { try transaction.saveSnapshot(name: "\(number)", json: "", at: .sample) }
                return true
            }
            #expect(cleared)
        }
    }

    @Test(.enabled(if: mayMount, "no file system may be mounted here"))
    func aLedgerOpensOnADiskThatIsFullAlready() async throws {
        let directory = try Scratch()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=3m") == 0)
        defer { umount2(directory.path, CInt(MNT_DETACH)) }
        let sizes = LedgerSizes(reserve: ByteSize(bytes: 512 << 10))
        do {
            let ledger = try await Ledger.open(path: directory.ledger, sizes: sizes)
            try await ledger.write { try $0.saveSnapshot(name: "a", json: "kept", at: .sample) }
        }
        unlink(directory.ledger + "-wal")
        fillDisk(directory.path + "/ballast")
        let ledger = try await Ledger.open(path: directory.ledger, sizes: sizes)
        #expect(ledger.state == .full)
        try await ledger.write(usingReserve: true) { try $0.saveSnapshot(name: "b", json: "result", at: .sample) }
        #expect(try await ledger.read { try $0.snapshot(name: "a") } == "kept")
        let fault = await #expect(throws: Fault.self) {
            try await ledger.write { try $0.saveSnapshot(name: "c", json: "new", at: .sample) }
        }
        #expect(fault?.code == "ledger.full")
    }

    private func stopsAndGoesOn(_ ledger: Ledger, makeRoom: () async throws -> Void) async throws {
        let text = String(repeating: "x", count: 3000)
        var stopped: Fault?
        for number in 0..<1000 where stopped == nil {
            do {
                try await ledger.write { try $0.saveSnapshot(name: "\(number)", json: text, at: .sample) }
            } catch { stopped = error }
        }
        #expect(stopped?.code == "ledger.full")
        #expect(ledger.state == .full)
        for number in 0..<20 {
            try await ledger.write(usingReserve: true) {
                try $0.saveSnapshot(name: "result \(number)", json: "done", at: .sample)
            }
            let refused = await #expect(throws: Fault.self) {
                try await ledger.write { try $0.saveSnapshot(name: "intent \(number)", json: "", at: .sample) }
            }
            #expect(refused?.code == "ledger.full")
        }
        #expect(ledger.state == .full)
        try await makeRoom()
        try await ledger.write { try $0.saveSnapshot(name: "intent", json: "new", at: .sample) }
        #expect(ledger.state == .open)
        try await ledger.read { reader throws in
            #expect(try reader.snapshot(name: "result 19") == "done")
            #expect(try reader.snapshot(name: "intent 19") == nil)
            #expect(try reader.snapshot(name: "intent") == "new")
        }
    }
}

/// Whether this process is root with the right to mount.
private let mayMount: Bool = {
    guard let directory = try? Scratch(), mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0 else {
        return false
    }
    umount2(directory.path, CInt(MNT_DETACH))
    return true
}()

private func fillDisk(_ path: String) {
    let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
    let bytes = [UInt8](repeating: 0, count: 4096)
    while write(descriptor, bytes, bytes.count) > 0 {}
    close(descriptor)
}
