import Testing

@testable import Delivery

@Suite struct HunkTests {
    /// The text before, with only these hunks done: another way to what undoing the others gives.
    static func applied(_ hunks: [Hunk], to before: String) -> String {
        let lines = Hunk.lines(before)
        var text = ""
        var next = 0
        for hunk in hunks {
            for line in lines[next..<hunk.before.lowerBound] { text += Substring(line) }
            text += hunk.added.joined()
            next = hunk.before.upperBound
        }
        for line in lines[next...] { text += Substring(line) }
        return text
    }

    @Test(arguments: 0..<400) func hunksRebuildBothSides(seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let before = random.text(lines: 30)
        let after = Bool.random(using: &random) ? random.text(lines: 30) : before + random.text(lines: 3)
        let file = FileChange(path: "f", before: before, after: after)
        let hunks = Hunk.all(in: file)
        #expect(Self.applied(hunks, to: before).utf8.elementsEqual(after.utf8))
        let undone = try #require(Hunk.undo(hunks, in: file).after)
        #expect(undone.utf8.elementsEqual(before.utf8))
        #expect(hunks.isEmpty == before.utf8.elementsEqual(after.utf8))
        let some = hunks.filter { _ in Bool.random(using: &random) }
        let others = hunks.filter { !some.contains($0) }
        let half = try #require(Hunk.undo(some, in: file).after)
        #expect(half.utf8.elementsEqual(Self.applied(others, to: before).utf8))
        for (one, next) in zip(hunks, hunks.dropFirst()) {
            #expect(one.after.upperBound < next.after.lowerBound && one.before.upperBound < next.before.lowerBound)
        }
    }

    /// As few differing lines as the longest common subsequence allows.
    @Test(arguments: 0..<100) func differencesAreFewest(seed: Int) {
        var random = Seeded(state: UInt64(seed) &+ 7777)
        let before = random.text(lines: 12)
        let after = random.text(lines: 12)
        let a = Hunk.lines(before).map(Array.init)
        let b = Hunk.lines(after).map(Array.init)
        var common = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in a.indices.reversed() {
            for j in b.indices.reversed() {
                common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : max(common[i + 1][j], common[i][j + 1])
            }
        }
        let hunks = Hunk.all(in: FileChange(path: "f", before: before, after: after))
        #expect(hunks.reduce(0) { $0 + $1.added.count + $1.removed.count } == a.count + b.count - 2 * common[0][0])
    }

    @Test func beyondTheBoundAllBetweenIsOneHunk() {
        let before = (0..<3000).map { "a\($0)\n" }.joined()
        let after = "a0\n" + (0..<3000).map { "b\($0)\n" }.joined() + "a2999\n"
        let hunks = Hunk.all(in: FileChange(path: "f", before: before, after: after))
        #expect(hunks.count == 1)
        #expect(hunks.first?.removed.count == 2998)
    }

    @Test func aNewFileIsOneHunk() {
        let file = FileChange(path: "n.py", before: nil, after: "a\nb\n")
        let change = Change([file])
        #expect(change.hunks.map(\.description) == ["n.py:1-2"])
        #expect(change.undoing(change.hunks).isEmpty)
        let empty = Change([FileChange(path: "empty", before: nil, after: "")])
        #expect(empty.hunks.count == 1)
        #expect(empty.undoing(empty.hunks).isEmpty)
    }

    @Test func changesAddUp() {
        let tests = Change([FileChange(path: "t", before: "1\n", after: "1\n2\n")])
        let fix = Change([
            FileChange(path: "t", before: "1\n2\n", after: "1\n"), FileChange(path: "s", before: "a", after: "b"),
        ])
        let both = tests.then(fix)
        #expect(both.paths == ["s"])
        #expect(both.lines == 2)
    }

    /// Strings that Unicode calls equal are two texts.
    @Test func bytesCount() {
        let change = Change([FileChange(path: "t", before: "caf\u{e9}\n", after: "cafe\u{301}\n")])
        #expect(change.lines == 2)
    }
}
