import FoundationEssentials
import Model
import Testing

/// Files of the checkout that these tests were built from, and beside it.
enum Checkout {
    static let root =
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../..").standardized.path

    static func text(_ folder: String, _ name: String) throws(Diagnostics) -> String {
        guard let data = FileManager.default.contents(atPath: "\(root)/\(folder)/\(name)") else {
            throw Diagnostics([Diagnostic(SourcePlace(file: name, line: 1, column: 1), "cannot be read")])
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Empty where there is no such folder.
    static func names(_ folder: String) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted()
        } catch {
            return []
        }
    }
}
