import Glibc
import Model
import Testing

@testable import Delivery

/// A process that dies at any of its calls to git, before or after what the call does, leaves nothing that the next one
/// cannot go on from.
@Suite struct DeathTests {
    /// The whole way of a fix; returns what can be seen of it outside.
    private static func way(_ repository: TestRepository, _ git: Git, base: CommitID) async throws -> [String] {
        let mirror = try Mirror(of: repository.project(), state: repository.state, git: git)
        try await mirror.update()
        let worktree = try await mirror.worktree(ItemName("1a-1"), at: base)
        let tree = try await worktree.record(
            Change([FileChange(path: "a", before: "1\n", after: "2\n")]), over: worktree.baseTree())
        try await worktree.reset(to: tree)
        let commit = try await worktree.commit(tree, message: "Fix", date: TestRepository.date)
        try await repository.receive(commit, of: worktree, by: git)
        let forge = try await LocalForge(repository.project().repository, git: git)
        let main = try BranchName("main")
        let end = try await forge.merge(
            worktree.item.branch, expecting: commit, into: main, at: forge.head(of: main), message: "Merge",
            date: TestRepository.date)
        guard case .merged = end else { throw Fault("test", "\(end)") }
        return try await repository.lines(["log", "--format=%H %s %an %ct", "main"])
            + repository.lines(["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    private static func prepared() async throws -> (TestRepository, CommitID) {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n", "b": "1\n"])
        // Main has moved on, so that the merge is a commit.
        try await repository.commit(["b": "2\n"])
        return (repository, base)
    }

    /// A git that ends its caller's call number `death`, before or after doing it, and every later one.
    private static func mortal(_ repository: TestRepository, death: Int, isAfter: Bool) throws -> Git {
        let count = repository.folder.path + "/count"
        let real = "/usr/bin/git \"$@\""
        try repository.folder.write(
            """
            #!/bin/sh
            [ -e \(count).dead ] && exit 99
            echo >> \(count)
            if [ $(wc -l < \(count)) -eq \(death) ]; then
                touch \(count).dead
                \(isAfter ? real + " > /dev/null 2>&1" : ":")
                exit 99
            fi
            exec \(real)
            """, to: "git", mode: 0o755)
        return try Git(programs: [repository.folder.path + "/git"])
    }

    @Test(arguments: [false, true]) func everyCallMayBeTheLast(isAfter: Bool) async throws {
        let (whole, base) = try await Self.prepared()
        let expected = try await Self.way(whole, whole.git, base: base)
        var deaths = 0
        // Every one where that is asked for, else a sample: other calls before than after.
        let stride = getenv("NIGHTSHIFT_EVERY_DEATH") == nil ? 4 : 1
        for death in Swift.stride(from: isAfter ? 1 : min(3, stride), to: 1000, by: stride) {
            let (repository, base) = try await Self.prepared()
            let mortal = try Self.mortal(repository, death: death, isAfter: isAfter)
            let died = try await fault { _ = try await Self.way(repository, mortal, base: base) } != nil
            guard died || repository.folder.has("count.dead") else { break }
            deaths += 1
            #expect(try await Self.way(repository, repository.git, base: base) == expected, "died at call \(death)")
        }
        #expect(deaths * stride > 20)
    }

    @Test func aSandboxDiesWithItsStarter() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            // The dying process cannot tidy up: the test does, and knows the name as its starter.
            let folder = "/tmp/nightshift-test-\(getppid())"
            try StateFolder.make(folder + "/tree")
            let sandbox = try await Sandbox.open()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await sandbox.run(["sleep", "61\(getppid())"], worktree: folder + "/tree") }
                while sleepers("61\(getppid())") == 0 { await Task.yield() }
                kill(getpid(), SIGKILL)
                try await group.waitForAll()
            }
        }
        let deadline = ContinuousClock.now + .seconds(10)
        while sleepers("61\(getpid())") > 0, ContinuousClock.now < deadline { await Task.yield() }
        #expect(sleepers("61\(getpid())") == 0)
        #expect(StateFolder.exists("/tmp/nightshift-test-\(getpid())/tree"))
        try await StateFolder.remove("/tmp/nightshift-test-\(getpid())")
    }
}

/// How many processes sleep for exactly so long.
func sleepers(_ seconds: String) -> Int {
    guard let directory = opendir("/proc") else { return 0 }
    defer { closedir(directory) }
    return names(in: directory).count { name in
        guard Int32(name) != nil, let bytes = StateFolder.read("/proc/\(name)/cmdline") else { return false }
        return bytes == Array("sleep\u{0}\(seconds)\u{0}".utf8)
    }
}
