import FoundationEssentials
import Testing

/// The checkout that these tests read.
struct Repository {
    struct File: CustomStringConvertible, Sendable {
        /// From the root: `Sources/Model/Alert.swift`.
        let path: String
        let text: String

        /// The text taken apart, for a Swift file.
        let swift: SwiftText

        init(path: String, text: String) {
            self.path = path
            self.text = text
            swift = SwiftText(path.hasSuffix(".swift") ? text : "")
        }

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var description: String { path }
    }

    let root: String

    /// Every Swift file of Sources, and of Tests, read once.
    static let sources = Result { try Repository().files(under: "Sources", suffix: ".swift") }
    static let tests = Result { try Repository().files(under: "Tests", suffix: ".swift") }

    init(root: String? = nil, file: String = #filePath) {
        // ROOT/Tests/HouseTests/Repository.swift
        self.root = root ?? file.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    func read(_ path: String) throws -> File {
        let bytes = try #require(FileManager.default.contents(atPath: root + "/" + path), "\(path) cannot be read")
        return File(path: path, text: String(decoding: bytes, as: UTF8.self))
    }

    /// The names in a folder, sorted; none where it does not exist.
    func names(in folder: String) throws -> [String] {
        guard exists(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder).sorted()
    }

    /// Every file under a folder whose name ends so, in the order of their paths.
    func files(under folder: String, suffix: String) throws -> [File] {
        var found: [File] = []
        for name in try names(in: folder) where !name.hasPrefix(".") {
            let path = folder + "/" + name
            if name.hasSuffix(suffix) {
                found.append(try read(path))
            } else if isFolder(path) {
                found += try files(under: path, suffix: suffix)
            }
        }
        return found
    }

    private func isFolder(_ path: String) -> Bool {
        var folder = false
        return FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &folder) && folder
    }
}
