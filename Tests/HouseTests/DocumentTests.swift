import Testing

/// Every path that the README and the pages in docs name exists.
@Suite struct DocumentTests {
    static let roots = ["Sources/", "Tests/", "docs/", "rules/", "runbooks/", "packaging/", ".ci/"]
    static let files: Set<String> = ["Makefile", "Package.swift", "LICENSE", "README.md", ".swift-format"]

    /// The paths in backquotes and in links of one page; a pattern or a placeholder in capitals is none.
    static func paths(in text: String, page: String) -> [String] {
        let folder = page.split(separator: "/").dropLast().joined(separator: "/")
        var found: [String] = []
        for word in words(in: text, from: "`", to: "`") where isPath(word) { found.append(word) }
        for link in words(in: text, from: "](", to: ")") {
            let target = String(link.prefix { $0 != "#" && $0 != " " })
            guard !target.isEmpty, !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
            found.append(resolve(target, in: folder))
        }
        return found
    }

    private static func isPath(_ word: String) -> Bool {
        guard files.contains(word) || roots.contains(where: { word.hasPrefix($0) && word != $0 }) else { return false }
        let stem = { (part: Substring) in part.prefix { $0 != "." } }
        let isPlaceholder = word.split(separator: "/").contains { part in
            !files.contains(String(part)) && !stem(part).isEmpty && stem(part).allSatisfy { $0.isUppercase }
        }
        return !isPlaceholder && !word.contains { " *?{}<>$…".contains($0) }
    }

    private static func words(in text: String, from open: String, to close: String) -> [String] {
        var found: [String] = []
        for line in text.split(separator: "\n") {
            var rest = line[...]
            while let start = rest.firstRange(of: open), let end = rest[start.upperBound...].firstRange(of: close) {
                found.append(String(rest[start.upperBound..<end.lowerBound]))
                rest = rest[end.upperBound...]
            }
        }
        return found
    }

    private static func resolve(_ target: String, in folder: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    @Test func pathsAreFound() {
        let text = """
            Read `Sources/Model` and [why](decisions/0001-x.md#a), not `rules/X.test.yaml`, `rules/*.yaml`, `make test`,
            [up](../README.md) or [out](https://example.org/a).
            """
        let paths = Self.paths(in: text, page: "docs/architecture.md")
        #expect(paths == ["Sources/Model", "docs/decisions/0001-x.md", "README.md"])
    }

    @Test func everyPathExists() throws {
        let repository = Repository()
        let pages = try [repository.read("README.md")] + repository.files(under: "docs", suffix: ".md")
        var seen = 0
        for page in pages {
            for path in Self.paths(in: page.text, page: page.path) {
                seen += 1
                #expect(repository.exists(path), "\(page) names \(path), which does not exist")
            }
        }
        #expect(seen > 10)
    }
}
