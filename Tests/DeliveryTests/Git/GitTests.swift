import Glibc
import Model
import Testing

@testable import Delivery

@Suite struct GitTests {
    @Test(arguments: [
        ("main", true), ("nightshift/1a2b3c4d-1", true), ("v1.2.3", true), ("release/2026+1", true),
        ("", false), ("-x", false), ("a/-x", false), ("a//b", false), ("/a", false), ("a/", false), ("a..b", false),
        ("a.lock", false), ("a/.b", false), ("a b", false), ("a~1", false), ("a^{tree}", false), ("a:b", false),
        ("@{-1}", false), ("a.", false), ("grün", false), ("a\nb", false), ("a\u{0}b", false),
    ])
    func branchesAreChecked(name: String, isAllowed: Bool) {
        let branch = Result { () throws(Fault) in try BranchName(name) }
        #expect(((try? branch.get()) != nil) == isAllowed)  // only whether it was refused
    }

    @Test(arguments: ["", "-a", "A", "a/b", "a.b", "..", String(repeating: "a", count: 65), "a b"])
    func itemsAreChecked(name: String) {
        #expect(throws: Fault.self) { try ItemName(name) }
    }

    @Test(arguments: ["HEAD", "--all", "", String(repeating: "g", count: 40), String(repeating: "a", count: 39)])
    func commitsAreChecked(name: String) {
        #expect(throws: Fault.self) { try CommitID(name) }
    }

    @Test(arguments: [
        ("/srv/git/a.git", true), ("file:///srv/a.git", true), ("https://example.org/a.git", true),
        ("ssh://git@example.org/a.git", true), ("git@example.org:a.git", true),
        ("ext::sh -c true", false), ("ext::true", false), ("-x", false), ("relative/a.git", false),
        ("http://example.org/a", false), ("file://host/a", false), ("a@b::c", false), ("/a\nb", false), ("", false),
    ])
    func addressesAreChecked(text: String, isAllowed: Bool) {
        let address = Result { () throws(Fault) in try RepositoryAddress(text) }
        #expect(((try? address.get()) != nil) == isAllowed)  // only whether it was refused
    }

    @Test func aMissingGitSaysWhatToInstall() {
        #expect {
            try Git(programs: ["/nonexistent/git"])
        } throws: {
            ($0 as? Fault)?.code == "git.missing" && "\($0)".contains("apt-get install git")
        }
    }

    @Test func hooksAndConfigurationOfARepositoryAreNotRun() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n"])
        let mark = repository.folder.path + "/ran"
        for hook in ["reference-transaction", "pre-receive", "update", "post-update", "post-receive"] {
            try repository.folder.write("#!/bin/sh\ntouch \(mark)\n", to: "project.git/hooks/\(hook)", mode: 0o755)
        }
        _ = try await repository.git.run(["config", "core.fsmonitor", "touch \(mark)"], in: repository.path)
        _ = try await repository.git.run(["config", "core.hooksPath", "\(repository.path)/hooks"], in: repository.path)
        _ = try await repository.git.run(["config", "diff.external", "touch \(mark)"], in: repository.path)
        let mirror = try await repository.mirror()
        let worktree = try await mirror.worktree(ItemName("1a-1"), at: base)
        let tree = try await worktree.record(
            Change([FileChange(path: "a", before: "1\n", after: "2\n")]), over: worktree.baseTree())
        let commit = try await worktree.commit(tree, message: "Fix", date: TestRepository.date)
        #expect(try await repository.receive(commit, of: worktree) == .made)
        let forge = try await LocalForge(repository.project().repository, git: repository.git)
        _ = try await forge.facts(of: worktree.item.branch, into: BranchName("main"))
        _ = try await forge.merge(
            worktree.item.branch, expecting: commit, into: BranchName("main"), at: base, message: "Merge",
            date: TestRepository.date)
        #expect(!repository.folder.has("ran"))
    }

    /// Programs that the project's own repository names, in its configuration and its attributes.
    @Test func noProgramOfARepositoryIsStarted() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n", ".gitattributes": "* filter=f diff=d merge=m\n"])
        let mark = repository.folder.path + "/ran"
        try repository.folder.write("#!/bin/sh\ntouch \(mark)\nexit 1\n", to: "program", mode: 0o755)
        let program = repository.folder.path + "/program"
        for key in [
            "merge.m.driver", "filter.f.clean", "filter.f.smudge", "filter.f.process", "diff.d.command",
            "diff.d.textconv", "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy",
            "core.alternateRefsCommand", "credential.helper", "gpg.program", "uploadpack.packObjectsHook",
            "remote.other.uploadpack", "remote.other.receivepack", "diff.external",
        ] {
            _ = try await repository.git.run(["config", key, program], in: repository.path)
        }
        for (key, value) in [
            ("remote.other.url", repository.path), ("remote.other.promisor", "true"),
            ("extensions.partialClone", "other"), ("core.repositoryFormatVersion", "1"),
            ("protocol.allow", "always"), ("protocol.file.allow", "always"),
        ] {
            _ = try await repository.git.run(["config", key, value], in: repository.path)
        }
        try repository.folder.write("* filter=f diff=d merge=m\n", to: "project.git/info/attributes")
        let mirror = try await repository.mirror()
        let worktree = try await mirror.worktree(ItemName("1a-1"), at: base)
        let tree = try await worktree.record(
            Change([FileChange(path: "a", before: "1\n", after: "2\n")]), over: worktree.baseTree())
        try await worktree.reset(to: tree)
        let commit = try await worktree.commit(tree, message: "Fix", date: TestRepository.date)
        #expect(try await repository.receive(commit, of: worktree) == .made)
        let forge = try await LocalForge(repository.project().repository, git: repository.git)
        _ = try await forge.facts(of: worktree.item.branch, into: BranchName("main"))
        // What is missing would be asked of the other repository, by its program.
        let missing = try CommitID(String(repeating: "1", count: 40))
        #expect(try await !forge.has(missing, in: BranchName("main")))
        #expect(try await forge.strays(BranchName("main"), from: missing.text) == nil)
        _ = try await mirror.blame(RelativePath("a"), at: base, lines: 1...1)
        _ = try await mirror.search("1", at: base)
        let end = try await forge.merge(
            worktree.item.branch, expecting: commit, into: BranchName("main"), at: base, message: "Merge",
            date: TestRepository.date)
        #expect(end == .merged(.forward))
        #expect(!repository.folder.has("ran"))
    }

    @Test func outputIsBounded() async throws {
        let repository = try await TestRepository()
        let commit = try await repository.commit(["big": String(repeating: "0123456789abcde\n", count: 20_000)])
        let fault = try await fault {
            _ = try await repository.git.run(
                ["cat-file", "blob", "\(commit):big"], Git.Setting(repository: repository.path, outputMax: 1000))
        }
        #expect(fault?.code == "git.output")
    }

    @Test func aStuckGitIsEnded() async throws {
        var git = try Git()
        git.wall = .milliseconds(100)
        let folder = try TestFolder()
        // Reads a pipe that nobody writes to.
        try #require(mkfifo(folder.path + "/pipe", 0o600) == 0)
        let fault = try await fault {
            _ = try await git.run(["hash-object", "--", folder.path + "/pipe"], Git.Setting())
        }
        #expect(fault?.code == "git.time")
    }

    @Test func aFailureIsASentence() async throws {
        let repository = try await TestRepository()
        let fault = try await fault {
            _ = try await repository.git.run(["rev-parse", "--verify", "x"], in: repository.path)
        }
        #expect(fault?.message == "git rev-parse failed: Needed a single revision")
    }

    @Test func inputLargerThanAPipeIsGivenWhole() async throws {
        let repository = try await TestRepository()
        let text = String(repeating: "x", count: 300_000)
        let blob = try await repository.git.run(
            ["hash-object", "-w", "--stdin"], Git.Setting(repository: repository.path, input: Array(text.utf8)))
        #expect(try await repository.git.run(["cat-file", "blob", blob.line], in: repository.path).text == text)
    }
}
