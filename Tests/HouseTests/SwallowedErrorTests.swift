import Testing

/// An error that is dropped says beside it why losing it is right.
@Suite struct SwallowedErrorTests {
    /// The lines, from 1, that drop an error without a comment on the line, in the lines just above, or in the catch.
    static func unexplained(in swift: SwiftText) -> [Int] {
        let lines = swift.codeLines
        var found: [Int] = []
        for (index, line) in lines.enumerated() {
            let number = index + 1
            let swallows = drops(line) || isEmptyCatch(lines, at: index)
            guard swallows else { continue }
            let near = [number - 2, number - 1, number, number + 1]
            let range = drops(line) ? near.dropLast() : near.dropFirst(1)
            if !range.contains(where: { swift.commented.contains($0) }) { found.append(number) }
        }
        return found
    }

    /// Whether the line has the word `try?`; `LogEntry?` ends like it.
    private static func drops(_ line: Substring) -> Bool {
        line.ranges(of: "try?").contains { found in
            found.lowerBound == line.startIndex || !line[line.index(before: found.lowerBound)].isLetter
        }
    }

    private static func isEmptyCatch(_ lines: [Substring], at index: Int) -> Bool {
        guard lines[index].contains("catch") else { return false }
        let rest = lines[index...].prefix(3).joined().filter { $0 != " " }
        return rest.firstRange(of: "catch{}") != nil
    }

    @Test(
        arguments: [
            ("let a = try? f()", [1]),
            ("func log() -> LogEntry? {", []),
            ("// gone is as good as closed\nlet a = try? f()", []),
            ("let a = try? f()  // gone is as good as closed", []),
            ("do { try f() } catch {}", [1]),
            ("do {\n    try f()\n} catch {\n}", [3]),
            ("do {\n    try f()\n} catch {\n    // the peer has gone\n}", []),
            ("do { try f() } catch { throw error }", []),
            ("let text = \"try? this\"", []),
        ] as [(String, [Int])])
    func recognises(text: String, lines: [Int]) {
        #expect(Self.unexplained(in: SwiftText(text)) == lines)
    }

    @Test func everyDroppedErrorIsExplained() throws {
        for file in try Repository.sources.get() + Repository.tests.get() {
            for line in Self.unexplained(in: file.swift) {
                Issue.record("\(file):\(line): an error is dropped; say why that is right")
            }
        }
    }
}
