import Foundation
import Model
import Testing

@testable import Agents

@Suite struct JSONTextTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), ("true", true), ("false", false), ("0", 0), ("-0.5e+2", -50), ("1E3", 1000),
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\té""#, "a\"\\/\u{8}\u{C}\n\r\té"), (#""\u00e9\uD83C\uDF19🌙""#, "é🌙🌙"),
            ("[]", []), ("{}", [:]), (" [ 1 , \"a\" , [ ] , { } ] \n", [1, "a", [], [:]]),
            (#"{"a":{"b":[{"c":null}]},"d":"e"}"#, ["a": ["b": [["c": nil]]], "d": "e"]), (#"{"a":1,"a":2}"#, ["a": 2]),
        ] as [(String, JSONValue)])
    func valuesAreReadAsJSONSays(text: String, value: JSONValue) throws {
        #expect(JSONText.read(Array(text.utf8)) == value)
        let other = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        if !text.contains(#""a":2"#) { #expect(other == value) }
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "'a'", "01", "-", "1.", ".5", "1e", "+1", "0x1", "NaN", "Infinity", "1e999",
        "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "{\"a\" 1}", "{1:2}", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83c\"", "\"\\ud83cx\"",
        "\"\\ud83c\\u0041\"", "\"\\udf19\"", "\"a\nb\"", "\"\u{1}\"", "1 2", "{} {}", "// a\n1", "\u{FEFF}1",
    ])
    func anythingElseIsNone(text: String) { #expect(JSONText.read(Array(text.utf8)) == nil) }

    @Test(arguments: [[0xFF], [0xC3], [0xE2, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC0, 0xAF]])
    func textIsUTF8(bytes: [UInt8]) {
        #expect(JSONText.read([34] + bytes + [34]) == nil)
        #expect(JSONText.read([34, 92, 110] + bytes + [34]) == nil)
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func depthIsBounded(open: String, close: String) {
        func nested(_ depth: Int) -> JSONValue? {
            let text = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            return JSONText.read(Array(text.utf8))
        }
        #expect(nested(JSONText.depthMax) != nil)
        #expect(nested(JSONText.depthMax + 1) == nil)
        #expect(JSONText.read(Array(String(repeating: open, count: 1_000_000).utf8)) == nil)
    }
}
