import Testing

/// Sizes of the style: a file of at most 500 lines, a function of at most 70 (`swift format` counts columns).
@Suite struct SizeTests {
    static let fileLinesMax = 500
    static let fileLinesLooked = 300
    static let functionLinesMax = 70
    static let folderDepthMax = 2

    /// Files over 300 lines that were looked at again and left whole, each with the reason.
    static let lookedAt: [String: String] = [:]

    private static func swiftFiles() throws -> [Repository.File] {
        try Repository.sources.get() + Repository.tests.get()
    }

    @Test func filesAreShort() throws {
        let files = try Self.swiftFiles()
        try #require(files.count > 20)
        for file in files {
            let count = file.lines.count - 1
            #expect(count <= Self.fileLinesMax, "\(file): \(count) lines")
            if count > Self.fileLinesLooked {
                #expect(Self.lookedAt[file.path] != nil, "\(file): \(count) lines; split it, or say why not above")
            }
        }
    }

    @Test func functionsAreShort() throws {
        var seen = 0
        for file in try Self.swiftFiles() {
            for function in Function.all(in: file.swift) {
                seen += 1
                #expect(
                    function.lineCount <= Self.functionLinesMax,
                    "\(file):\(function.line): \(function.name) has \(function.lineCount) lines")
            }
        }
        #expect(seen > 50)
    }

    @Test func foldersAreShallow() throws {
        for file in try Repository.sources.get() {
            // Sources, the target, and at most two more before the file
            let folders = file.path.split(separator: "/").count - 1
            #expect(folders <= 2 + Self.folderDepthMax, "\(file) is too deep")
        }
    }

    @Test func namesAreNouns() throws {
        for file in try Repository.sources.get() {
            let name = String(file.path.split(separator: "/").last ?? "")
            for banned in ["Manager", "Helper", "Utils", "Common"] {
                #expect(!name.contains(banned), "\(file): a name with \(banned) says nothing")
            }
        }
    }
}
