import FoundationEssentials
import Glibc
import Model
import Testing

@testable import Delivery

/// Each limit is driven to its stop.
@Suite(.serialized) struct SandboxLimitTests {
    let folder: TestFolder
    let sandbox: Sandbox
    var worktree: String { folder.path + "/tree" }

    init() async throws {
        folder = try TestFolder()
        var sandbox = try await Sandbox.open()
        sandbox.interval = .milliseconds(10)
        self.sandbox = sandbox
        try folder.write("hello\n", to: "tree/file")
    }

    private func run(_ words: [String], _ limits: SandboxLimits) async throws -> SandboxReport {
        try await sandbox.run(words, worktree: worktree, limits: limits)
    }

    private static let mebi = 1 << 20

    @Test func time() async throws {
        let report = try await run(["sleep", "60"], SandboxLimits(wall: .milliseconds(200)))
        #expect(report.end == .limit(.wall))
        #expect(report.ending == "was stopped: it ran longer than 200ms")
        #expect(report.wall < .seconds(20))
    }

    @Test func processorTimeOfTheTree() async throws {
        // Two that burn, so that no single one has used it all.
        let script = "(while :; do :; done) & while :; do :; done"
        let report = try await run(
            ["/bin/sh", "-c", script], SandboxLimits(wall: .seconds(60), cpu: .milliseconds(300)))
        #expect(report.end == .limit(.cpu))
        #expect(report.cpu > .milliseconds(300))
    }

    @Test func memoryOfOneProcess() async throws {
        let report = try await run(
            ["/usr/bin/python3", "-c", "x = []\nwhile True: x.append(bytearray(b'x' * 1000000))"],
            SandboxLimits(memory: ByteSize(bytes: 64 * Self.mebi), wall: .seconds(60)))
        #expect(report.end == .limit(.memory))
        #expect(report.memoryPeak > ByteSize(bytes: 64 * Self.mebi))
        #expect(report.memoryPeak < ByteSize(bytes: 512 * Self.mebi))
    }

    @Test func memoryOfTheTree() async throws {
        // Six that hold 20 MiB each: none is over the limit by itself.
        let one = "/usr/bin/python3 -c 'import time; x = bytearray(b\"x\" * (20 << 20)); time.sleep(60)' &"
        let report = try await run(
            ["/bin/sh", "-c", String(repeating: one + "\n", count: 6) + "wait"],
            SandboxLimits(memory: ByteSize(bytes: 100 * Self.mebi), wall: .seconds(60)))
        #expect(report.end == .limit(.memory))
    }

    @Test func memorySharedByManyCountsOnce() async throws {
        // Six share what one allocated: as a plain sum 200 MiB and more, in truth little over 40.
        let script = """
            import os
            x = bytearray(b"x" * (32 << 20))
            r, w = os.pipe()
            children = []
            for _ in range(5):
                pid = os.fork()
                if pid == 0:
                    os.close(w); os.read(r, 1); os._exit(0)
                children.append(pid)
            import time; time.sleep(0.3)
            os.close(w)
            for pid in children: os.waitpid(pid, 0)
            """
        let report = try await run(
            ["/usr/bin/python3", "-c", script],
            SandboxLimits(memory: ByteSize(bytes: 100 * Self.mebi), wall: .seconds(60)))
        #expect(report.end == .exit(0))
    }

    @Test(arguments: ["/tmp/x", "/dev/shm/x"])
    func memoryOfFilesInMemory(path: String) async throws {
        let report = try await run(
            ["/bin/sh", "-c", "head -c 60M /dev/zero > \(path); head -c 60M /dev/zero > \(path)2; sleep 60"],
            SandboxLimits(memory: ByteSize(bytes: 100 * Self.mebi), wall: .seconds(60)))
        #expect(report.end == .limit(.memory) || report.standardError.text.contains("No space left"))
        #expect(report.end != .limit(.wall))
    }

    @Test func memoryAskedForAtOnceIsRefusedByTheKernel() async throws {
        let report = try await run(
            ["/usr/bin/python3", "-c", "bytearray(1 << 32)"],
            SandboxLimits(memory: ByteSize(bytes: 64 * Self.mebi), wall: .seconds(60)))
        #expect(report.end == .exit(1) && report.standardError.text.contains("MemoryError"))
    }

    @Test func processes() async throws {
        // A storm that ends by itself at 300.
        let script = "for i in $(seq 300); do sleep 60 & done; wait"
        let report = try await run(["/bin/sh", "-c", script], SandboxLimits(processes: 40, wall: .seconds(60)))
        #expect(report.end == .limit(.processes) || report.standardError.text.contains("fork"))
        #expect(report.processesPeak <= 40 + 16)
        #expect(report.wall < .seconds(30))
    }

    @Test func processesAreBoundedByTheKernelToo() async throws {
        var blind = sandbox
        blind.interval = .seconds(30)
        // The watch sleeps: only the kernel's limit holds.
        let script = "n=0; for i in $(seq 100); do sleep 60 & n=$i; done; echo $n; kill 0"
        let report = try await blind.run(
            ["/bin/sh", "-c", script], worktree: worktree, limits: SandboxLimits(processes: 10, wall: .seconds(60)))
        #expect(report.standardError.text.contains("fork"))
        #expect(!report.standardOutput.text.contains("100"))
    }

    @Test func threadsCount() async throws {
        let script = """
            import threading, time
            for _ in range(100): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            time.sleep(60)
            """
        let report = try await run(
            ["/usr/bin/python3", "-c", script], SandboxLimits(processes: 20, wall: .seconds(60)))
        #expect(report.end == .limit(.processes) || report.standardError.text.contains("can't start new thread"))
    }

    @Test func output() async throws {
        let report = try await run(
            ["/bin/sh", "-c", "echo begin; yes | head -c 1000000000"],
            SandboxLimits(
                wall: .seconds(60), output: ByteSize(bytes: 4 * Self.mebi), kept: ByteSize(bytes: 1000)))
        #expect(report.end == .limit(.output))
        #expect(report.standardOutput.text.hasPrefix("begin\ny\ny\n"))
        #expect(report.standardOutput.bytes.count <= 2000)
        #expect(report.standardOutput.total < 64 * Self.mebi)
    }

    @Test func aGigabyteWithinTheLimitKeepsItsEnds() async throws {
        let report = try await run(
            ["/bin/sh", "-c", "echo begin; head -c 100000000 /dev/zero; echo end"],
            SandboxLimits(wall: .seconds(60), output: ByteSize(bytes: 1 << 30), kept: ByteSize(bytes: 1000)))
        #expect(report.end == .exit(0))
        #expect(report.standardOutput.total == 100_000_010)
        #expect(report.standardOutput.text.hasPrefix("begin\n") && report.standardOutput.text.hasSuffix("end\n"))
    }

    @Test func oneFile() async throws {
        let report = try await run(
            ["/bin/sh", "-c", "exec head -c 9M /dev/zero > big"],
            SandboxLimits(wall: .seconds(60), file: ByteSize(bytes: Self.mebi)))
        #expect(report.end == .limit(.file))
        #expect(try FileManager.default.attributesOfItem(atPath: worktree + "/big")[.size] as? UInt64 == 1 << 20)
    }

    @Test func theWorktree() async throws {
        let script = "for i in $(seq 20); do head -c 4M /dev/zero > big$i; done; sync; sleep 60"
        let report = try await run(
            ["/bin/sh", "-c", script],
            SandboxLimits(wall: .seconds(60), disk: ByteSize(bytes: 16 * Self.mebi)))
        #expect(report.end == .limit(.disk))
    }
}
