import FoundationEssentials
import Glibc
import Model
import Testing

@testable import Delivery

@Suite struct MirrorTests {
    @Test func aRepositoryThatIsGoneIsNamed() async throws {
        let repository = try await TestRepository()
        try await repository.commit(["a": "1\n"])
        let mirror = try await repository.mirror()
        try FileManager.default.removeItem(atPath: repository.path)
        #expect(try await fault { try await mirror.update() }?.code == "repository.gone")
        try repository.folder.write("not a repository", to: "project.git/x")
        #expect(try await fault { try await mirror.update() }?.code == "repository.gone")
    }

    @Test func aServerThatCannotBeReachedIsNamed() async throws {
        let folder = try TestFolder()
        var project = try await TestRepository().project()
        // Port 9 of the loopback: nobody listens.
        project.repository.url = "https://127.0.0.1:9/a.git"
        let mirror = try Mirror(of: project, state: folder.path, git: Git())
        #expect(try await fault { try await mirror.update() }?.code == "repository.unreachable")
    }

    @Test func aMissingBranchIsNamed() async throws {
        let repository = try await TestRepository()
        #expect(try await fault { _ = try await repository.mirror() }?.code == "repository.branch")
    }

    @Test func revisionsAreResolved() async throws {
        let repository = try await TestRepository()
        let first = try await repository.commit(["a": "1\n"])
        let second = try await repository.commit(["a": "2\n"])
        _ = try await repository.git.run(["update-ref", "refs/tags/v1.0", first.text], in: repository.path)
        let mirror = try await repository.mirror()
        #expect(try await mirror.resolve(first.text) == first)
        #expect(try await mirror.resolve(first.short) == first)
        #expect(try await mirror.resolve("v1.0") == first)
        #expect(try await mirror.resolve("v1.0-0-g\(second.short)") == second)
        #expect(try await mirror.head() == second)
        for text in ["nowhere", String(repeating: "1", count: 40), "main~1", "--all", ":/A", "@{1}", ""] {
            #expect(try await fault { _ = try await mirror.resolve(text) }?.code == "repository.revision", "\(text)")
        }
    }

    @Test func aRewrittenHistoryIsFollowed() async throws {
        let repository = try await TestRepository()
        let first = try await repository.commit(["a": "1\n"])
        try await repository.commit(["a": "2\n"])
        let mirror = try await repository.mirror()
        _ = try await repository.git.run(["update-ref", "refs/heads/main", first.text], in: repository.path)
        try await mirror.update()
        #expect(try await mirror.head() == first)
    }

    @Test(arguments: ["HEAD", "refs/heads/main.lock", "packed-refs.lock", "objects"])
    func whatADyingProcessLeftIsMadeAnew(broken: String) async throws {
        let repository = try await TestRepository()
        try await repository.commit(["a": "1\n"])
        let mirror = try await repository.mirror()
        let second = try await repository.commit(["a": "2\n"])
        let path = "\(mirror.path)/\(broken)"
        if broken.hasSuffix(".lock") {
            try "".write(toFile: path, atomically: false, encoding: .utf8)
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        try StateFolder.make(mirror.path + ".part/objects")
        try await mirror.update()
        #expect(try await mirror.head() == second)
    }

    @Test func twoUpdatesAtOnceDoNotDisturbEachOther() async throws {
        let repository = try await TestRepository()
        let commit = try await repository.commit(["a": "1\n"])
        let mirror = try Mirror(of: repository.project(), state: repository.state, git: repository.git)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await mirror.update() } }
            try await group.waitForAll()
        }
        #expect(try await mirror.head() == commit)
    }

    @Test func filesAreListedAndReadAtARevision() async throws {
        let repository = try await TestRepository()
        let text = (1...50).map { "line \($0)\n" }.joined()
        let old = try await repository.commit([
            "src/a.py": text, "src/deep/b.py": "b\n", "README": "hello\n", "data.bin": "a\u{0}b",
        ])
        try await repository.commit(["src/a.py": "later\n", "src/later.py": "later\n"])
        let mirror = try await repository.mirror()
        #expect(try await mirror.list(at: old).items.map(\.path) == ["README", "data.bin", "src"])
        #expect(
            try await mirror.list(at: old, under: RelativePath("src")).items == [
                ListedEntry(path: "src/a.py", kind: .file, size: text.utf8.count),
                ListedEntry(path: "src/deep", kind: .folder, size: nil),
            ])
        let capped = try await mirror.list(at: old, recursively: true, max: 2)
        #expect(capped.items.count == 2 && !capped.isWhole)
        let part = try await mirror.read(RelativePath("src/a.py"), at: old, from: 10, lines: 2)
        #expect(part == ReadText(path: "src/a.py", firstLine: 10, text: "line 10\nline 11\n", linesInAll: 50))
        #expect(try await mirror.read(RelativePath("src/a.py"), at: old, bytesMax: 20).text == "line 1\nline 2\n")
        for (path, why) in [("src/later.py", "no src/later.py"), ("src", "no src"), ("data.bin", "not a text file")] {
            let fault = try await fault { _ = try await mirror.read(RelativePath(path), at: old) }
            #expect(fault?.code == "repository.path" && fault?.message.contains(why) == true, "\(path)")
        }
    }

    @Test func textIsSearchedAtARevision() async throws {
        let repository = try await TestRepository()
        let old = try await repository.commit([
            "src/a.py": "total = 1\n-e total\n", "tests/a.py": "total(x)\n", "b.txt": "Total\n",
        ])
        try await repository.commit(["src/later.py": "total\n"])
        let mirror = try await repository.mirror()
        let found = try await mirror.search("total", at: old)
        #expect(
            found.isWhole
                && found.items.map { "\($0.path):\($0.line)" } == ["src/a.py:1", "src/a.py:2", "tests/a.py:1"])
        #expect(try await mirror.search("-e total", at: old).items.map(\.text) == ["-e total"])
        #expect(try await mirror.search("total(", at: old).items.map(\.path) == ["tests/a.py"])
        #expect(try await mirror.search("^[tT]otal$", isExpression: true, at: old).items.map(\.path) == ["b.txt"])
        #expect(try await mirror.search("total", at: old, under: RelativePath("tests")).items.count == 1)
        #expect(try await mirror.search("total", at: old, max: 1).isWhole == false)
        #expect(try await mirror.search("absent", at: old).items.isEmpty)
        for (pattern, isExpression) in [("", false), ("a\nb", false), ("a(", true)] {
            let fault = try await fault { _ = try await mirror.search(pattern, isExpression: isExpression, at: old) }
            #expect(fault?.code == "repository.search")
        }
    }

    @Test func linesHaveTheirAuthors() async throws {
        let repository = try await TestRepository()
        let first = try await repository.commit(["a": "1\n2\n3\n"], message: "Begin")
        let second = try await repository.commit(["a": "1\ntwo\n3\n"], message: "Change two")
        let mirror = try await repository.mirror()
        let blamed = try await mirror.blame(RelativePath("a"), at: second, lines: 1...2)
        #expect(blamed.map(\.commit) == [first, second])
        #expect(blamed[1].summary == "Change two" && blamed[1].text == "two" && blamed[1].date == TestRepository.date)
        #expect(try await fault { _ = try await mirror.blame(RelativePath("b"), at: second, lines: 1...2) } != nil)
    }

    @Test func rangesAreAsPeopleWriteThem() async throws {
        let repository = try await TestRepository()
        let first = try await repository.commit(["a": "1\n"])
        let second = try await repository.commit(["a": "2\n"])
        let topic = try await repository.commit(["b": "1\n"], on: "topic", from: first)
        let mirror = try await repository.mirror()
        #expect(try await mirror.range("\(first)..main") == .init(old: first, new: second))
        #expect(try await mirror.range("main..topic") == .init(old: second, new: topic))
        #expect(try await mirror.range("main...topic") == .init(old: first, new: topic))
        #expect(try await mirror.range("main") == .init(old: first, new: second))
        #expect(try await mirror.diff(mirror.range("main...topic")).files.map(\.path) == ["b"])
        for text in [first.text, "main..", "..main", "main..nowhere", "--all..main", ""] {
            #expect(try await fault { _ = try await mirror.range(text) }?.code == "repository.revision", "\(text)")
        }
    }
}
