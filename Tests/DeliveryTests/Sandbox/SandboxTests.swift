import FoundationEssentials
import Glibc
import Model
import Testing

@testable import Delivery

/// Real sandboxes; without bubblewrap these fail, since nothing may ever run without one.
@Suite(.serialized) struct SandboxTests {
    let folder: TestFolder
    let sandbox: Sandbox
    var worktree: String { folder.path + "/tree" }

    init() async throws {
        folder = try TestFolder()
        var sandbox = try await Sandbox.open()
        sandbox.interval = .milliseconds(10)
        self.sandbox = sandbox
        try folder.write("hello\n", to: "tree/file")
        try folder.write("secret\n", to: "secret")
    }

    private func shell(
        _ script: String, limits: SandboxLimits = SandboxLimits(wall: .seconds(60)),
        environment: [String: String] = [:], reading: [Sandbox.Reading] = []
    ) async throws -> SandboxReport {
        try await sandbox.run(
            ["/bin/sh", "-c", script], worktree: worktree, limits: limits, environment: environment, reading: reading)
    }

    private func python(_ script: String, limits: SandboxLimits) async throws -> SandboxReport {
        try await sandbox.run(["/usr/bin/python3", "-c", script], worktree: worktree, limits: limits)
    }

    /// How many processes of this machine have this word in their command line.
    private func running(_ word: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").count { name in
            guard Int32(name) != nil, let bytes = StateFolder.read("/proc/\(name)/cmdline") else { return false }
            return String(decoding: bytes, as: UTF8.self).contains(word)
        }
    }

    @Test func withoutBubblewrapNothingRuns() async throws {
        let missing = try await fault { _ = try await Sandbox.open(programs: ["/nonexistent/bwrap"]) }
        #expect(missing?.code == "sandbox.missing")
        #expect("\(missing!)".contains("apt-get install bubblewrap"))
        let unusable = try await fault { _ = try await Sandbox.open(programs: ["/usr/bin/false"]) }
        #expect(unusable?.code == "sandbox.unusable")
    }

    @Test func aCommandRunsInItsWorktree() async throws {
        let report = try await shell("pwd; cat file; echo new > made; echo problem >&2; exit 3")
        #expect(report.end == .exit(3))
        #expect(report.standardOutput.text == "/worktree\nhello\n")
        #expect(report.standardError.text == "problem\n")
        #expect(try folder.read("tree/made") == "new\n")
        #expect(report.ending == "exited with 3")
    }

    @Test func aSignalIsReported() async throws {
        #expect(try await shell("kill -SEGV $$").end == .signal(SIGSEGV))
        #expect(try await shell("exit 0").end == .exit(0))
        #expect(try await sandbox.run(["/nonexistent"], worktree: worktree).end == .exit(127))
        #expect(try await fault { _ = try await sandbox.run([], worktree: worktree) }?.code == "sandbox.command")
        #expect(try await fault { _ = try await sandbox.run(["true"], worktree: "/nonexistent") } != nil)
    }

    @Test func manyLinesArriveWhole() async throws {
        let report = try await shell("seq 1 100000; seq 1 100000 >&2", limits: SandboxLimits(wall: .seconds(60)))
        let expected = (1...100_000).reduce(0) { $0 + String($1).utf8.count + 1 }
        #expect(report.standardOutput.total == expected && report.standardOutput.isWhole)
        #expect(report.standardOutput.text.hasSuffix("\n100000\n"))
        #expect(report.standardError.total == expected)
    }

    @Test(arguments: [
        "echo x > /usr/x", "echo x > /etc/x", "echo x > /x", "mkdir /dev/x", "echo x > ../x", "rm /usr/bin/env",
        "echo x > /proc/sys/kernel/core_pattern", "echo x > /proc/sysrq-trigger", "mount -t tmpfs none /tmp",
        "mknod /tmp/d b 8 0 && cat /tmp/d",
    ])
    func nothingOutsideIsWritten(script: String) async throws {
        let report = try await shell("\(script) || exit 7")
        #expect(report.end == .exit(7))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["secret", "tree"])
    }

    @Test func aLinkOutOfTheWorktreeLeadsNowhere() async throws {
        #expect(symlink(folder.path + "/secret", worktree + "/link") == 0)
        #expect(try await shell("cat link").end == .exit(1))
        #expect(try await shell("echo x > link").end != .exit(0))
        #expect(try folder.read("secret") == "secret\n")
    }

    @Test func whatProgramsNeedIsThere() async throws {
        let report = try await shell(
            "set -e; grep -c '^root:' /etc/passwd; ls /etc/ssl > /dev/null; test -r /etc/ld.so.cache; "
                + "git config --global --list; echo x > /dev/shm/x; echo x > /tmp/x; echo x > /dev/null; "
                + "head -c 1 /dev/urandom > /dev/null; test -c /dev/tty; test -d /proc/self/fd",
            environment: ["GIT_CONFIG_GLOBAL": "/dev/null"])
        #expect(report.end == .exit(0) && report.standardOutput.text == "1\n", "\(report.standardError.text)")
    }

    @Test func secretsAreNotSeen() async throws {
        let paths = [
            "/etc/shadow", "/etc/gshadow", "/etc/nightshift", "/etc/ssl/private", "/etc/ssh", "/root", "/home", "/run",
            "/var", "/srv", "/opt", "/sys", folder.path + "/secret", "/proc/\(getpid())",
        ]
        let script = paths.map { "[ -e \($0) ] && echo \($0)" }.joined(separator: "; ") + "; true"
        #expect(try await shell(script).standardOutput.text == "")
    }

    @Test func theEnvironmentIsEmpty() async throws {
        setenv("NIGHTSHIFT_TEST_KEY", "secret", 1)
        let report = try await sandbox.run(["/usr/bin/env"], worktree: worktree, environment: ["EXTRA": "a b"])
        #expect(
            report.standardOutput.text.split(separator: "\n").sorted() == [
                "EXTRA=a b", "HOME=/tmp", "LANG=C.UTF-8",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PWD=/worktree", "TMPDIR=/tmp",
            ])
    }

    @Test func noPrivilegeIsLeft() async throws {
        let report = try await shell("id -u; grep -E '^(CapPrm|CapEff|CapInh|CapAmb|NoNewPrivs)' /proc/self/status")
        let lines = report.standardOutput.text.split(separator: "\n").map { $0.split(separator: "\t").last ?? "" }
        let none = String(repeating: "0", count: 16)
        #expect(lines.count == 6 && lines[0] != "0")
        #expect(lines.filter { $0 == none }.count == 4 && lines.last == "1")
    }

    @Test func onlyItsOwnProcessesAreSeen() async throws {
        let report = try await shell("ls /proc | grep -c '^[0-9]'; readlink /proc/self/ns/net")
        let lines = report.standardOutput.text.split(separator: "\n")
        #expect(lines.count == 2 && (Int(lines[0]) ?? 99) < 8)
        var name = [UInt8](repeating: 0, count: 100)
        let length = name.withUnsafeMutableBytes {
            readlink("/proc/self/ns/net", $0.baseAddress!.assumingMemoryBound(to: CChar.self), 100)
        }
        #expect(lines[1] != String(decoding: name[..<max(0, length)], as: UTF8.self))
    }

    @Test func thereIsNoNetworkButALoopback() async throws {
        let report = try await python(
            """
            import socket, sys
            def reaches(address):
                s = socket.socket(); s.settimeout(2)
                try: s.connect(address); return "reached"
                except OSError as e: return e.strerror
            l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen()
            print(reaches(l.getsockname()), reaches(("192.0.2.1", 80)), reaches(("10.0.0.1", 22)), sep="|")
            """, limits: SandboxLimits(wall: .seconds(60)))
        #expect(report.standardOutput.text == "reached|Network is unreachable|Network is unreachable\n")
    }

    @Test func aServiceOutsideIsNotReached() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port =
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw -> Bool in
                    bind(listener, raw, length) == 0 && listen(listener, 1) == 0
                        && getsockname(listener, raw, &length) == 0
                }
            } ? UInt16(bigEndian: address.sin_port) : 0
        try #require(port != 0)
        let report = try await python(
            "import socket; socket.create_connection(('127.0.0.1', \(port)), 2)",
            limits: SandboxLimits(wall: .seconds(60)))
        #expect(report.end == .exit(1) && report.standardError.text.contains("refused"))
    }

    @Test func moreMayBeReadWhereItIsSaid() async throws {
        try folder.write("tool\n", to: "tools/tool")
        let report = try await shell(
            "cat /opt/tools/tool .git/tool; echo x > /opt/tools/tool || echo x > .git/tool",
            reading: [
                .init(folder.path + "/tools", at: "/opt/tools"), .init(folder.path + "/tools", at: "/worktree/.git"),
            ])
        #expect(report.standardOutput.text == "tool\ntool\n" && report.end != .exit(0))
        #expect(try folder.read("tools/tool") == "tool\n")
    }

    @Test func whatItLeavesRunningEndsWithIt() async throws {
        let mark = "61\(getpid())"
        let report = try await shell("setsid sleep \(mark) & (sleep \(mark) > /dev/null 2>&1 &) ; exit 0")
        #expect(report.end == .exit(0))
        #expect(report.wall < .seconds(20))
        #expect(try running("sleep\0\(mark)") == 0)
    }

    @Test func itsFirstProcessCannotBeEnded() async throws {
        let report = try await shell("kill -9 1; kill -TERM 1; kill -9 $PPID; exec true")
        #expect(report.end == .exit(0))
    }

    @Test func whatADeadStarterLeftIsEnded() async throws {
        let remains = try #require(SandboxRemains(worktree: worktree))
        let sandbox = sandbox
        let worktree = worktree
        let end = try await withThrowingTaskGroup(of: SandboxReport.End.self) { group in
            group.addTask { try await sandbox.run(["sleep", "60"], worktree: worktree).end }
            while remains.processes().isEmpty { await Task.yield() }
            try await remains.end()
            return try await group.next()
        }
        #expect(end == .signal(SIGKILL) || end == .exit(1))
        #expect(remains.processes().isEmpty)
    }

    @Test func oneThatClosesItsOutputIsStillWatched() async throws {
        let report = try await shell(
            "exec >/dev/null 2>&1 </dev/null; sleep 30", limits: SandboxLimits(wall: .milliseconds(300)))
        #expect(report.end == .limit(.wall))
    }

    @Test func aCancelledRunIsEnded() async throws {
        let mark = "62\(getpid())"
        let sandbox = sandbox
        let worktree = worktree
        let ended = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    _ = try await sandbox.run(["sleep", mark], worktree: worktree)
                    return false
                } catch {
                    return true
                }
            }
            while let count = try? running("sleep\0\(mark)"), count == 0 {  // counted again until it runs
                await Task.yield()
            }
            group.cancelAll()
            return await group.next() ?? false
        }
        #expect(ended)
        // The kernel takes away what is left in the namespace, a moment after its first process is gone.
        let patience = ContinuousClock.now + .seconds(10)
        while try running("sleep\0\(mark)") > 0, ContinuousClock.now < patience { await Task.yield() }
        #expect(try running("sleep\0\(mark)") == 0)
    }
}
