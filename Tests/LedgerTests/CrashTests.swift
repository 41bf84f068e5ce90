import Glibc
import Ledger
import Model
import Testing

/// Failures that only the kernel can make: a killed process, a file that cannot grow.
@Suite struct CrashTests {
    @Test func aProcessKilledInTheMiddleOfAWriteLosesThatWriteOnly() async throws {
        let directory = try Scratch()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.ledger as String] in
            let ledger = try await Ledger.open(path: path)
            try await ledger.write { try $0.insert(incident: .sample()) }
            try await ledger.write {
                try $0.append(line: .sample("half"), to: "4f2a000000000000")
                kill(getpid(), SIGKILL)
            }
        }
        let ledger = try await Ledger.open(path: directory.ledger)
        #expect(ledger.state == .open)
        let (records, lines) = try await ledger.read {
            (try $0.incidents(), try $0.timeline(of: "4f2a000000000000"))
        }
        #expect(records.map(\.incident.id) == ["4f2a000000000000"])
        #expect(lines.isEmpty)
    }

    @Test func aProcessKilledRightAfterACommitHasKeptIt() async throws {
        let directory = try Scratch()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.ledger as String] in
            let ledger = try await Ledger.open(path: path, onCommit: { if $0 == 2 { kill(getpid(), SIGKILL) } })
            for name in ["first", "second", "third"] {
                try await ledger.write { try $0.saveSnapshot(name: name, json: "1", at: .sample) }
            }
        }
        let ledger = try await Ledger.open(path: directory.ledger)
        let kept = try await ledger.read { reader in try ["first", "second", "third"].map(reader.snapshot(name:)) }
        #expect(kept == ["1", "1", nil])
    }

    @Test func aFailedWriteClosesTheLedgerUntilItIsReopened() async throws {
        let directory = try Scratch()
        await #expect(processExitsWith: .success) { [path = directory.ledger as String] in
            let ledger = try await Ledger.open(path: path)
            try await ledger.write { try $0.saveSnapshot(name: "a", json: "kept", at: .sample) }
            // A file that may not grow any more fails like a broken disk: with an error that is not ENOSPC.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 64 << 10, rlim_max: .max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let big = String(repeating: "x", count: 1 << 20)
            let fault = await #expect(throws: Fault.self) {
                try await ledger.write { try $0.saveSnapshot(name: "b", json: big, at: .sample) }
            }
            #expect(fault?.code == "ledger.io")
            limit.rlim_cur = .max
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            for usingReserve in [false, true] {
                let refused = await #expect(throws: Fault.self) {
                    try await ledger.write(usingReserve: usingReserve) {
                        try $0.saveSnapshot(name: "c", json: "1", at: .sample)
                    }
                }
                #expect(refused == fault)
            }
            #expect(try await ledger.read { try $0.snapshot(name: "a") } == "kept")
            try await ledger.reopen()
            #expect(ledger.state == .open)
            try await ledger.write { try $0.saveSnapshot(name: "c", json: "1", at: .sample) }
            #expect(try await ledger.read { try [$0.snapshot(name: "b"), $0.snapshot(name: "c")] } == [nil, "1"])
        }
    }
}
