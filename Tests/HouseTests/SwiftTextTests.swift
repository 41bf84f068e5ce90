import Testing

/// The instruments of the house tests, measured themselves.
@Suite struct SwiftTextTests {
    @Test func commentsAndStringsAreNotCode() {
        let text = SwiftText(
            """
            let a = "Process(" // Process(
            /* Process( /* nested */ */ let b = #"a"b\\#(c["Process("])"#
            """)
        #expect(!text.code.contains("Process"))
        #expect(text.code.contains("let b = #\""))
        #expect(text.literals.map(\.text).contains("Process("))
        #expect(text.commented == [1, 2])
        #expect(text.codeLines.count == 2)
    }

    @Test func interpolationEndsAtItsOwnParenthesis() {
        let text = SwiftText(#"let s = "a \(f(x, ")")) b"; run()"#)
        #expect(text.code.hasSuffix("; run()"))
        #expect(text.code.contains("f(x, "))
    }

    @Test func functionsAreMeasuredFromKeywordToBrace() {
        let text = SwiftText(
            """
            protocol P {
                func required(_ a: Int) -> Int
                init?(a: Int)
            }
            struct S {
                init() {}
                func one<T>(_ a: T, with body: () -> Void = { }) -> Int
                where T: Sendable {
                    func inner() { "}" }
                    return S.init().x
                }
            }
            """)
        let found = Function.all(in: text)
        #expect(found.map(\.name) == ["init", "one", "inner"])
        #expect(found.map(\.lineCount) == [1, 5, 1])
        #expect(found.map(\.line) == [6, 7, 9])
    }
}
