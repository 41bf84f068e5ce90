import FoundationEssentials
import Glibc
import Model
import Testing

@testable import Delivery

@Suite struct WorktreeTests {
    static let item = Result { () throws(Fault) in try ItemName("1a2b3c4d-1") }

    @Test func theCloneEndsAtItsBase() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n"])
        let later = try await repository.commit(["a": "2\n", "fix": "the answer\n"])
        let other = try await repository.commit(["b": "1\n"], on: "topic", from: base)
        let worktree = try await repository.mirror().worktree(Self.item.get(), at: base)
        for commit in [later, other] {
            let there = try await repository.git.run(
                ["cat-file", "-e", commit.text], Git.Setting(repository: worktree.repository, accepts: [0, 1, 128]))
            #expect(there.exit != 0)
        }
        let references = try await repository.git.run(["for-each-ref", "--format=%(refname)"], in: worktree.repository)
        #expect(references.text == "refs/nightshift/base\n")
        let objects = try await repository.git.run(
            ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"], in: worktree.repository)
        #expect(objects.text.split(separator: "\n").sorted() == ["blob", "commit", "tree"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: worktree.directory) == ["a"])
        #expect(try String(contentsOfFile: worktree.directory + "/a", encoding: .utf8) == "1\n")
    }

    @Test func aHalfMadeWorktreeIsMadeAnew() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n", "d/b": "2\n"])
        let mirror = try await repository.mirror()
        let item = try Self.item.get()
        // Every point at which making one can end: what a whole one has is there up to there.
        let folder = repository.state + "/items/\(item)"
        try repository.folder.write("", to: "state/items/\(item).part/git/HEAD")
        #expect(mirror.existingWorktree(item, at: base) == nil)
        let worktree = try await mirror.worktree(item, at: base)
        #expect(mirror.existingWorktree(item, at: base)?.directory == worktree.directory)
        try FileManager.default.removeItem(atPath: folder + "/made")
        #expect(mirror.existingWorktree(item, at: base) == nil)
        let again = try await mirror.worktree(item, at: base)
        #expect(try String(contentsOfFile: again.directory + "/d/b", encoding: .utf8) == "2\n")
    }

    @Test func anotherBaseMakesItAnew() async throws {
        let repository = try await TestRepository()
        let first = try await repository.commit(["a": "1\n"])
        let second = try await repository.commit(["a": "2\n"])
        let mirror = try await repository.mirror()
        _ = try await mirror.worktree(Self.item.get(), at: second)
        let worktree = try await mirror.worktree(Self.item.get(), at: first)
        let there = try await repository.git.run(
            ["cat-file", "-e", second.text], Git.Setting(repository: worktree.repository, accepts: [0, 1, 128]))
        #expect(there.exit != 0)
    }

    @Test func foreignContentIsGoneAfterAReset() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n", "src/b": "2\n", ".gitignore": "build\n"])
        let worktree = try await repository.mirror().worktree(Self.item.get(), at: base)
        let outside = try TestFolder()
        try outside.write("kept", to: "kept")
        let tree = worktree.directory
        try "changed".write(toFile: tree + "/a", atomically: false, encoding: .utf8)
        for folder in ["build/deep", ".git/hooks", "closed"] { try StateFolder.make(tree + "/" + folder) }
        try "x".write(toFile: tree + "/build/deep/x", atomically: false, encoding: .utf8)
        try "[core]\nfsmonitor = touch \(outside.path)/ran\n".write(
            toFile: tree + "/.git/config", atomically: false, encoding: .utf8)
        try FileManager.default.removeItem(atPath: tree + "/src")
        #expect(symlink(outside.path, tree + "/src") == 0)
        #expect(chmod(tree + "/closed", 0) == 0)
        try await worktree.reset(to: worktree.baseTree())
        #expect(try FileManager.default.contentsOfDirectory(atPath: tree).sorted() == [".gitignore", "a", "src"])
        #expect(try String(contentsOfFile: tree + "/a", encoding: .utf8) == "1\n")
        #expect(try String(contentsOfFile: tree + "/src/b", encoding: .utf8) == "2\n")
        #expect(try outside.read("kept") == "kept")
        #expect(!outside.has("ran"))
    }

    @Test func changesAreRecordedWithoutTheFiles() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(
            ["run.sh": "old\n", "gone": "x\n", "crlf": "a\r\nb\r\n", ".gitattributes": "* text=auto eol=crlf ident\n"],
            modes: ["run.sh": "100755"])
        let worktree = try await repository.mirror().worktree(Self.item.get(), at: base)
        let change = Change([
            FileChange(path: "run.sh", before: "old\n", after: "new $Id$\n"),
            FileChange(path: "tests/new.py", before: nil, after: "test\n"),
            FileChange(path: "gone", before: "x\n", after: nil),
        ])
        let tree = try await worktree.record(change, over: worktree.baseTree())
        #expect(try String(contentsOfFile: worktree.directory + "/run.sh", encoding: .utf8) == "old\n")
        #expect(try await worktree.record(change, over: worktree.baseTree()) == tree)
        let diff = try await worktree.diff(from: worktree.baseTree(), to: tree)
        #expect(
            diff.files == [
                .init(
                    path: "gone", added: 0, removed: 1, isBinary: false, modeBefore: "100644", modeAfter: "000000"),
                .init(
                    path: "run.sh", added: 1, removed: 1, isBinary: false, modeBefore: "100755", modeAfter: "100755"),
                .init(
                    path: "tests/new.py", added: 1, removed: 0, isBinary: false, modeBefore: "000000",
                    modeAfter: "100644"),
            ])
        #expect(diff.lines == 4 && diff.isWhole && diff.text.contains("+new $Id$\n") && !diff.text.contains("\u{1b}"))
        try await worktree.reset(to: tree)
        // Bytes as they are in git, whatever the attributes say.
        #expect(try String(contentsOfFile: worktree.directory + "/run.sh", encoding: .utf8) == "new $Id$\n")
        #expect(try String(contentsOfFile: worktree.directory + "/crlf", encoding: .utf8) == "a\r\nb\r\n")
        #expect(access(worktree.directory + "/run.sh", X_OK) == 0)
        #expect(access(worktree.directory + "/gone", F_OK) != 0)
        #expect(try await worktree.diff(from: worktree.baseTree(), to: tree, bytesMax: 10).isWhole == false)
    }

    @Test(arguments: ["../x", "/etc/passwd", ".git/config", "a/.git/hooks/x", "", "a\\b", "-\u{0}"])
    func aPathThatLeadsAwayIsRefused(path: String) async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n"])
        let worktree = try await repository.mirror().worktree(Self.item.get(), at: base)
        let change = Change([FileChange(path: path, before: nil, after: "x")])
        let fault = try await fault { _ = try await worktree.record(change, over: worktree.baseTree()) }
        #expect(fault?.code == "repository.path")
    }

    @Test func aLinkIsNotWrittenThrough() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["link": "/etc", "a": "1\n", "d/x": "x"], modes: ["link": "120000"])
        let worktree = try await repository.mirror().worktree(Self.item.get(), at: base)
        for path in ["link", "link/passwd", "a/b", "d"] {
            let change = Change([FileChange(path: path, before: nil, after: "x")])
            #expect(
                try await fault { _ = try await worktree.record(change, over: worktree.baseTree()) } != nil, "\(path)")
        }
        let files = WorktreeFiles(worktree.directory)
        #expect(try files.entry(at: "link") == .link(to: "/etc"))
        #expect(try files.entry(at: "link/passwd") == .link(to: "/etc"))
        #expect(try files.entry(at: "a") == .file(Array("1\n".utf8)))
        #expect(try files.entry(at: "a/b") == .absent)
        #expect(try files.entry(at: "b") == .absent)
        #expect(throws: Fault.self) { try files.read("link") }
        #expect(throws: Fault.self) { try files.read("../../made") }
        #expect(try WorktreeFiles(worktree.directory, bytesMax: 1).entry(at: "a") == .tooLarge(bytes: 2))
        try #require(mkfifo(worktree.directory + "/pipe", 0o600) == 0)
        #expect(try files.entry(at: "pipe") == .special)
    }

    @Test func theSameCommitIsMadeAgain() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n"])
        let mirror = try await repository.mirror()
        let item = try Self.item.get()
        let change = Change([FileChange(path: "a", before: "1\n", after: "2\n")])
        var names: [CommitID] = []
        for _ in 0..<2 {
            let worktree = try await mirror.worktree(item, at: base)
            let tree = try await worktree.record(change, over: worktree.baseTree())
            names.append(
                try await worktree.commit(
                    tree, message: "Fix it\n\nNightshift-Item: forged\n\u{1b}[31m", date: TestRepository.date))
            #expect(try await worktree.head() == names.last)
            try await mirror.removeWorktree(item)
        }
        #expect(names[0] == names[1])
        let worktree = try await mirror.worktree(item, at: base)
        #expect(try await worktree.head() == nil)
    }

    @Test func theCommitIsOurs() async throws {
        let repository = try await TestRepository()
        let base = try await repository.commit(["a": "1\n"])
        let worktree = try await repository.mirror().worktree(Self.item.get(), at: base)
        let tree = try await worktree.record(
            Change([FileChange(path: "a", before: "1\n", after: "2\n")]), over: worktree.baseTree())
        let commit = try await worktree.commit(tree, message: "Fix it", date: TestRepository.date)
        let shown = try await repository.git.run(
            ["log", "-1", "--format=%an <%ae>|%cn <%ce>|%at|%ct|%P|%B", commit.text], in: worktree.repository)
        let seconds = TestRepository.date.milliseconds / 1000
        let who = "Nightshift <nightshift@localhost>"
        #expect(
            shown.text.hasPrefix("\(who)|\(who)|\(seconds)|\(seconds)|\(base)|Fix it\n\nNightshift-Item: 1a2b3c4d-1\n"))
    }
}
