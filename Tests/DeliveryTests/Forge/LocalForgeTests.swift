import Model
import Testing

@testable import Delivery

@Suite struct LocalForgeTests {
    let repository: TestRepository
    let forge: LocalForge
    let main: BranchName
    let branch: BranchName
    let base: CommitID

    init() async throws {
        repository = try await TestRepository()
        base = try await repository.commit(["a": "1\n2\n3\n", "b": "1\n"])
        forge = try await LocalForge(repository.project().repository, git: repository.git)
        main = try BranchName("main")
        branch = try BranchName("nightshift/1a-1")
    }

    private func merge(_ head: CommitID) async throws -> LocalForge.Merge {
        try await merge(head, at: base)
    }

    private func merge(_ head: CommitID, at base: CommitID) async throws -> LocalForge.Merge {
        try await forge.merge(
            branch, expecting: head, into: main, at: base, message: "Merge it\n", date: Timestamp(seconds: 1_000_000))
    }

    @Test func onlyABareRepositoryOnThisHostServes() async throws {
        let folder = try TestFolder()
        _ = try await repository.git.run(["init", "--quiet", "--", folder.path], Git.Setting())
        for url in [folder.path, folder.path + "/.git", "https://example.org/a.git", "/nonexistent"] {
            let fault = try await fault {
                _ = try await LocalForge(.init(url: url, branch: "main"), git: repository.git)
            }
            #expect(fault?.code == "forge.repository" || fault?.code == "repository.gone", "\(url)")
        }
    }

    @Test func aBranchHasFacts() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["b": "2\n"])
        let facts = try await forge.facts(of: branch, into: main)
        #expect(facts.head == head && facts.base == tip && facts.mergeBase == base && facts.commits == 1)
        #expect(facts.diff.files.map(\.path) == ["a"] && facts.diff.lines == 2 && facts.diff.unseen == nil)
        #expect(facts.diff.files.first?.isPlainText == true && facts.diff.text.contains("-2\n+two\n"))
        #expect(
            try await fault { _ = try await forge.facts(of: BranchName("absent"), into: main) }?.code == "forge.branch")
    }

    @Test func whatIsNotPlainTextIsKnown() async throws {
        try await repository.commit(
            [
                "b": nil, "new": "x\n", "program": "x\n", "link": "a", "zero": "a\0b", "hidden": "x\n",
                ".gitattributes": "hidden -diff\n",
            ], on: branch.text, from: base, modes: ["program": "100755", "link": "120000"])
        let path = repository.path + "/info/attributes"
        try StateFolder.make(repository.path + "/info")
        try StateFolder.write("hidden -diff\n", to: path)
        let diff = try await forge.facts(of: branch, into: main).diff
        let plain = Dictionary(uniqueKeysWithValues: diff.files.map { ($0.path, $0.isPlainText) })
        #expect(
            plain == [
                "b": true, "new": true, "program": false, "link": false, "zero": false, "hidden": false,
                ".gitattributes": true,
            ])
        #expect(diff.unseen == "what git takes for binary is not shown: hidden, zero")
    }

    @Test func aChangeThatIsCutSaysWhatIsLeftOut() async throws {
        let long = String(repeating: "a line of it\n", count: 400)
        try await repository.commit(["a": "0\n", "m": long, "z": "1\n"], on: branch.text, from: base)
        #expect(try await forge.facts(of: branch, into: main).diff.unseen == nil)
        let diff = try await forge.facts(of: branch, into: main, bytesMax: 1024).diff
        #expect(!diff.isWhole && diff.text.utf8.count == 1024)
        #expect(diff.unseen == "it is larger than 1KiB: of m, z not all is shown")
    }

    @Test func aMainThatStoodStillMovesForward() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        #expect(try await !forge.has(head, in: main))
        #expect(try await merge(head) == .merged(.forward))
        #expect(try await forge.head(of: main) == head, "the commit that was tested, and no other")
        #expect(try await merge(head) == .merged(.known))
        try await repository.commit(["b": "later\n"])
        #expect(try await forge.has(head, in: main))
        // Asked again, also where others went on and the branch is gone.
        _ = try await repository.git.run(["update-ref", "-d", branch.reference], in: repository.path)
        #expect(try await merge(head) == .merged(.known))
        #expect(try await repository.lines(["rev-list", "--count", "main"]) == ["3"])
    }

    @Test func aMainThatMovedIsNotMergedInto() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["b": "2\n"])
        #expect(try await merge(head) == .refused(.targetMoved(now: tip)))
        #expect(try await forge.head(of: main) == tip)
    }

    @Test func aMainThatIsAheadGetsAMergeCommitAndWhatWasTestedStaysWhatItIs() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["b": "2\n"])
        let facts = try await forge.facts(of: branch, into: main)
        #expect(facts.ahead == 1)
        #expect(try await forge.conflicts(facts) == [])
        #expect(try await merge(head, at: tip) == .merged(.commit))
        let parents = try await repository.lines(["rev-list", "--parents", "-1", "main"])
        #expect(parents.first?.split(separator: " ").dropFirst().map(String.init) == [tip.text, head.text])
        #expect(try await repository.lines(["show", "main:a", "main:b"]) == ["1", "two", "3", "2"])
        #expect(try await merge(head, at: tip) == .merged(.known), "asked again")
    }

    @Test func aConflictIsNamedAndNotMerged() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["a": "1\nzwei\n3\n"])
        #expect(try await forge.conflicts(forge.facts(of: branch, into: main)) == ["a"])
        #expect(try await merge(head, at: tip) == .refused(.conflict(files: ["a"])))
        #expect(try await forge.head(of: main) == tip)
    }

    @Test func aMergeStartsNoProgramOfTheRepository() async throws {
        let mark = repository.folder.path + "/started"
        let head = try await repository.commit(
            ["a": "1\ntwo\n3\n", ".gitattributes": "* merge=evil\n"], on: branch.text, from: base)
        let tip = try await repository.commit(["a": "1\nzwei\n3\n", "c": "1\n"])
        _ = try await repository.git.run(["config", "merge.evil.driver", "touch \(mark)"], in: repository.path)
        try StateFolder.make(repository.path + "/info")
        try StateFolder.write("* merge=evil\n", to: repository.path + "/info/attributes")
        #expect(
            try await merge(head, at: tip) == .refused(.conflict(files: ["a"])), "the driver would have said it is fine"
        )
        #expect(!StateFolder.exists(mark))
    }

    @Test func aPushInTheMiddleOfAMergeIsNotMergedInto() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let pushed = try await repository.commit(["b": "2\n"], on: "pushed", from: base)
        // Moves the target at the last moment: when the merge has looked at it, and is about to move it.
        try repository.folder.write(
            """
            #!/bin/sh
            case " $* " in *" update-ref --stdin "*)
                /usr/bin/git --git-dir=\(repository.path) update-ref refs/heads/main \(pushed) ;;
            esac
            exec /usr/bin/git "$@"
            """, to: "git", mode: 0o755)
        let git = try Git(programs: [repository.folder.path + "/git"])
        let forge = try await LocalForge(repository.project().repository, git: git)
        let end = try await forge.merge(
            branch, expecting: head, into: main, at: base, message: "Merge\n", date: Timestamp(seconds: 1))
        #expect(end == .refused(.targetMoved(now: pushed)))
        #expect(try await forge.head(of: main) == pushed)
    }

    @Test func aBranchWithoutWhatIsDeployedStrays() async throws {
        let other = try await repository.commit(["x": "1\n"], on: "v1", from: base)
        try await repository.commit(["b": "2\n"])
        #expect(try await forge.strays(main, from: base.text) == nil, "it may be ahead")
        #expect(try await forge.strays(main, from: String(base.text.prefix(12))) == nil)
        let fault = try #require(try await forge.strays(main, from: other.text))
        #expect(fault.code == "forge.strayed")
        #expect(fault.message.contains("\(other.short) is deployed, which is not on main"), "\(fault)")
        // Said elsewhere, by their own names.
        #expect(try await forge.strays(main, from: String(repeating: "1", count: 40)) == nil)
        #expect(try await forge.strays(BranchName("absent"), from: base.text) == nil)
    }

    @Test func aHeadThatChangedIsRefused() async throws {
        let approved = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let changed = try await repository.commit(["a": "evil\n"], on: branch.text)
        #expect(try await merge(approved) == .refused(.headChanged(now: changed)))
        _ = try await repository.git.run(["update-ref", "-d", branch.reference], in: repository.path)
        #expect(try await merge(approved) == .refused(.headChanged(now: nil)))
        #expect(try await forge.head(of: main) == base)
    }

    @Test func anUnknownCommitIsNotMerged() async throws {
        let unknown = try CommitID(String(repeating: "1", count: 40))
        #expect(try await !forge.has(unknown, in: main))
        #expect(try await merge(unknown) == .refused(.headChanged(now: nil)))
    }

    @Test func ofTwoMergesAtOnceOneLands() async throws {
        let other = try BranchName("nightshift/1b-1")
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        let otherHead = try await repository.commit(["b": "2\n"], on: other.text, from: base)
        let date = Timestamp(seconds: 1)
        async let first = forge.merge(branch, expecting: head, into: main, at: base, message: "1\n", date: date)
        async let second = forge.merge(
            other, expecting: otherHead, into: main, at: base, message: "2\n", date: date)
        let ends = try await [first, second]
        let tip = try await forge.head(of: main)
        #expect(ends.count { $0 == .merged(.forward) } == 1 && ends.contains(.refused(.targetMoved(now: tip))))
        #expect(tip == head || tip == otherHead)
    }

    @Test func aStaleLockIsAFaultNotAMerge() async throws {
        let head = try await repository.commit(["a": "1\ntwo\n3\n"], on: branch.text, from: base)
        try repository.folder.write("", to: "project.git/refs/heads/main.lock")
        #expect(try await merge(head) == .refused(.busy))
        #expect(try await forge.head(of: main) == base)
    }
}
