import Testing

/// A pure target touches no file, socket, clock, random source or log, whatever its imports offer.
@Suite struct PurityTests {
    /// Words of code that reach out of the process, or that answer differently each time.
    static let effects = [
        // files and sockets
        "open(", "fopen(", "read(", "write(", "stat(", "socket(", "connect(", "FileManager", "FileHandle",
        "Data(contentsOf",
        "String(contentsOf", "mmap(", "print(", "fputs(",
        // clocks
        "time(", "clock_gettime(", "gettimeofday(", "ContinuousClock", "SuspendingClock", "Date(", "Task.sleep",
        "sleep(",
        // randomness and surroundings
        "SystemRandomNumberGenerator", "arc4random", "random(", "rand(", "UUID(", "getenv(", "ProcessInfo", "getpid(",
        // concurrency that nobody awaits
        "Task {", "Task.detached", "Thread(", "DispatchQueue",
    ]

    /// True where a line of a pure target's code has an effect; a declaration has none.
    static func effect(in line: Substring) -> String? {
        guard !line.contains("func "), !line.contains("case ") else { return nil }
        return effects.first { BannedCallTests.uses($0, in: line) } ?? (line.contains(".random(") ? ".random(" : nil)
    }

    @Test(
        arguments: [
            ("let a = clock_gettime(CLOCK_REALTIME, &t)", "clock_gettime("), ("let now = Date()", "Date("),
            ("reader.read(8)", nil), ("let x = Int.random(in: 0..<3)", ".random("), ("let runtime = runtime(3)", nil),
            ("func open(_ a: Int) {}", nil),
        ] as [(String, String?)])
    func recognises(line: String, effect: String?) {
        #expect(Self.effect(in: line[...]) == effect)
    }

    @Test(arguments: ImportTests.pure.sorted()) func hasNoEffect(target: String) throws {
        let files = try Repository.sources.get().filter { $0.path.hasPrefix("Sources/\(target)/") }
        try #require(!files.isEmpty)
        for file in files {
            let declared = Set(
                file.swift.codeLines.filter { $0.contains("func ") }.compactMap { line in
                    line.firstRange(of: "func ").map { line[$0.upperBound...].prefix { $0 != "(" && $0 != "<" } + "(" }
                }.map(String.init))
            for (number, line) in file.swift.codeLines.enumerated() {
                guard let effect = Self.effect(in: line), !declared.contains(effect) else { continue }
                Issue.record("\(file):\(number + 1): \(effect) in a pure target")
            }
        }
    }
}
