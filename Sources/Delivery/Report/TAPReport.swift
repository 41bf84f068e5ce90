/// Test names out of the Test Anything Protocol, versions 12 to 14, with subtests of version 14 and of Perl's writers.
///
/// A subtest's tests are `PARENT > NAME`, the parent is a test as well. A test that is marked as expected to fail
/// counts as skipped: it proves nothing either way. A plan must be there and hold; numbers, where given, must run from 1.
struct TAPReport {
    /// One level: the document, or a subtest.
    private struct Level {
        var planned: Int?
        var planLine = 0
        var planIsLast = false
        var seen = 0
        var tests: [(name: String, status: TestRun.Status)] = []
        /// A finished subtest whose own test point follows.
        var children: [(name: String, status: TestRun.Status)]?
    }

    private var levels = [Level()]
    private var version = 12
    /// A comment `# Subtest` came at this indentation, and no test point since.
    private var announced: Int?
    private var inDetails = false
    private var number = 0
    private var count = 0

    static func read(_ bytes: [UInt8]) throws(ReportProblem) -> [String: TestRun.Status] {
        guard bytes.count <= TestRun.reportBytesMax else { throw .tooLarge }
        var report = TAPReport()
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            report.number += 1
            let end = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            try report.take(String(decoding: end, as: UTF8.self))
        }
        return try report.finish()
    }

    private func wrong(_ text: String) -> ReportProblem { .malformed(line: number, text) }

    private mutating func take(_ line: String) throws(ReportProblem) {
        let indentation = line.utf8.prefix { $0 == UInt8(ascii: " ") }.count
        let text = String(Substring(line.utf8.dropFirst(indentation)))
        if inDetails {
            inDetails = text != "..."
            return
        }
        if text == "---", indentation % 4 == 2 {
            inDetails = true
            return
        }
        guard indentation % 4 == 0, text.utf8.count <= 64 << 10 else { return }
        let depth = indentation / 4
        let isPoint = Self.point(text) != nil
        let plan = Self.plan(text)
        let isComment = text.utf8.first == UInt8(ascii: "#")
        if isComment, text.hasPrefix("# Subtest") { announced = depth }
        guard isPoint || plan != nil || text.hasPrefix("Bail out!") || text.hasPrefix("TAP version ") else { return }
        guard try move(to: depth) else { return }
        if text.hasPrefix("Bail out!") { throw .bailedOut(Self.trimmed(text.dropFirst(9)).prefixed(200)) }
        if text.hasPrefix("TAP version ") {
            if depth == 0 { version = Int(text.dropFirst(12)) ?? 13 }
        } else if let plan {
            try take(plan: plan)
        } else if let point = Self.point(text) {
            try take(point)
        }
    }

    /// False where the line is at an indentation that means nothing here.
    private mutating func move(to depth: Int) throws(ReportProblem) -> Bool {
        let current = levels.count - 1
        if depth > current {
            guard version >= 14 || announced == depth || announced == depth - 1 else { return false }
            guard depth <= 16 else { throw wrong("subtests nested too deep") }
            guard levels[current].children == nil else { throw wrong("a subtest after a subtest without its result") }
            while levels.count - 1 < depth { levels.append(Level()) }
        }
        while levels.count - 1 > depth {
            let level = levels.removeLast()
            levels[levels.count - 1].children = try closed(level)
        }
        return true
    }

    private func closed(_ level: Level) throws(ReportProblem) -> [(name: String, status: TestRun.Status)] {
        guard let planned = level.planned else { throw .truncated("no plan after \(counted(level.seen, "test"))") }
        guard level.seen >= planned else {
            throw .truncated("\(level.seen) of \(counted(planned, "planned test")) ran")
        }
        return level.tests
    }

    private mutating func take(plan: Int) throws(ReportProblem) {
        let top = levels.count - 1
        guard levels[top].planned == nil else { throw wrong("a second plan") }
        guard plan >= levels[top].seen else {
            throw wrong("a plan of \(plan) after \(counted(levels[top].seen, "test"))")
        }
        levels[top].planned = plan
        levels[top].planIsLast = levels[top].seen > 0
    }

    private mutating func take(_ point: Point) throws(ReportProblem) {
        let top = levels.count - 1
        levels[top].seen += 1
        let seen = levels[top].seen
        if let number = point.number, number != seen { throw wrong("test \(number) where test \(seen) was next") }
        guard !levels[top].planIsLast else { throw wrong("a test after the plan at the end") }
        if let planned = levels[top].planned, seen > planned { throw wrong("more tests than the \(planned) planned") }
        count += 1
        guard count <= TestRun.testsMax else { throw .tooLarge }
        let name = point.name.isEmpty ? "test \(seen)" : point.name
        for child in levels[top].children ?? [] {
            levels[top].tests.append(("\(name) > \(child.name)", child.status))
        }
        levels[top].children = nil
        levels[top].tests.append((name, point.status))
        announced = nil
    }

    private mutating func finish() throws(ReportProblem) -> [String: TestRun.Status] {
        if inDetails { throw .truncated("it ends within details") }
        guard levels.count == 1, levels[0].children == nil else { throw .truncated("it ends within a subtest") }
        if levels[0].planned == nil, levels[0].seen == 0 { throw .empty }
        var names = TestNames()
        for test in try closed(levels[0]) { names.add(test.name, test.status) }
        return names.tests
    }
}

extension TAPReport {
    private struct Point {
        var status: TestRun.Status
        var number: Int?
        var name: String
    }

    /// `ok 3 - name # SKIP why`
    private static func point(_ line: String) -> Point? {
        var rest = Substring(line)
        let isGood = !rest.hasPrefix("not ok")
        guard isGood ? rest.hasPrefix("ok") : true else { return nil }
        rest = rest.dropFirst(isGood ? 2 : 6)
        guard rest.isEmpty || rest.first == " " else { return nil }
        rest = rest.drop { $0 == " " }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        var number: Int?
        if let value = Int(digits), digits.endIndex == rest.endIndex || rest[digits.endIndex] == " " {
            number = value
            rest = rest[digits.endIndex...].drop { $0 == " " }
        }
        if rest.hasPrefix("- ") || rest == "-" { rest = rest.dropFirst().drop { $0 == " " } }
        let (name, directive) = parted(rest)
        let word = directive.lowercased()
        let status: TestRun.Status =
            word.hasPrefix("skip") || word.hasPrefix("todo") ? .skipped : isGood ? .passed : .failed
        return Point(status: status, number: number, name: name)
    }

    /// The description and what follows the first `#` that no backslash escapes and that stands after a space.
    private static func parted(_ text: Substring) -> (name: String, directive: String) {
        var name = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        var at = 0
        while at < scalars.count {
            if scalars[at] == "\\", at + 1 < scalars.count, scalars[at + 1] == "#" || scalars[at + 1] == "\\" {
                name.append(scalars[at + 1])
                at += 2
                continue
            }
            if scalars[at] == "#", at == 0 || scalars[at - 1] == " " {
                let rest = String(String.UnicodeScalarView(scalars[(at + 1)...]))
                let word = trimmed(rest[...]).lowercased()
                if word.hasPrefix("skip") || word.hasPrefix("todo") {
                    return (trimmed(String(name)[...]), trimmed(rest[...]))
                }
            }
            name.append(scalars[at])
            at += 1
        }
        return (trimmed(String(name)[...]), "")
    }

    /// `1..7`, also with a comment
    private static func plan(_ line: String) -> Int? {
        guard line.hasPrefix("1..") else { return nil }
        let digits = line.dropFirst(3).prefix { $0.isASCII && $0.isNumber }
        let rest = line.dropFirst(3 + digits.count)
        guard rest.isEmpty || trimmed(rest).hasPrefix("#") || trimmed(rest).isEmpty else { return nil }
        return Int(digits)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
