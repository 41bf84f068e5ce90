import Glibc
import Model

/// Why a check failed, in words.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = text }
}

func expect(_ holds: Bool, _ text: @autoclosure () -> String) throws(Failure) {
    if !holds { throw Failure(text()) }
}

func expectFault(_ code: String, _ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let fault as Fault where fault.code == code {
        return
    }
    throw Failure("no fault \(code)")
}

func write(_ text: String, to path: String) throws(Failure) {
    guard let file = fopen(path, "w") else { throw Failure("\(path) cannot be written (error \(errno))") }
    fputs(text, file)
    fclose(file)
}

func read(_ path: String) throws(Failure) -> String {
    guard let file = fopen(path, "r") else { throw Failure("\(path) cannot be read (error \(errno))") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}

/// A line a check, and the counts at the end.
actor Report {
    private(set) var passed = 0
    private(set) var failed = 0

    func check(_ name: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            passed += 1
            print("ok      \(name)")
        } catch {
            failed += 1
            print("FAILED  \(name): \(error)")
        }
        fflush(nil)
    }
}
