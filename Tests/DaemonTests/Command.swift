import Foundation
import Testing

/// The built `nightshift`, as a person's shell starts it.
struct Command {
    struct Answer: CustomStringConvertible {
        var status: Int32
        var output: String
        var complaint: String

        var description: String { "exit \(status)\n--- output\n\(output)\n--- complaint\n\(complaint)" }
    }

    /// It stands beside the tests.
    static let path: String? = {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let path = tests.deletingLastPathComponent().appending(path: "nightshift").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    /// Runs it to its end, with nothing on standard input; one that takes a minute is killed, with status 137.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Answer {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        let path = try #require(path, "nightshift is not built: swift build")
        process.arguments = ["--signal=KILL", "60", path] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let folder = try Folder(["out": "", "err": ""])
        let (out, err) = (
            try FileHandle(forWritingTo: URL(filePath: folder.file("out"))),
            try FileHandle(forWritingTo: URL(filePath: folder.file("err")))
        )
        process.standardOutput = out
        process.standardError = err
        try process.run()
        process.waitUntilExit()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(filePath: folder.file(name))), as: UTF8.self)
        }
        return Answer(status: process.terminationStatus, output: try text("out"), complaint: try text("err"))
    }
}
