/// Reads an XML document as a series of events: strict, bounded, without document types or entities of its own.
///
/// UTF-8 only. `<!DOCTYPE` is refused, so no text grows and nothing outside is read.
struct XMLReader {
    enum Event: Hashable {
        case start(name: String, attributes: [String: String])
        case text(String)
        case end(name: String)
    }

    private let bytes: [UInt8]
    private(set) var at = 0
    /// Elements that are open.
    private var open: [String] = []
    private var hadRoot = false
    /// The end of an element that began and ended in one tag.
    private var pendingEnd: String?

    static let depthMax = 64
    static let attributesMax = 64

    init(_ bytes: [UInt8]) throws(ReportProblem) {
        guard bytes.count <= TestRun.reportBytesMax else { throw .tooLarge }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformed(line: 1, "it is not UTF-8")
        }
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
    }

    /// Nil after the document's end.
    mutating func next() throws(ReportProblem) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            open.removeLast()
            return .end(name: name)
        }
        while at < bytes.count {
            if bytes[at] != UInt8(ascii: "<") {
                let text = try text()
                if !open.isEmpty { return .text(text) }
                guard text.utf8.allSatisfy(Self.isSpace) else { throw wrong("text outside of the document's element") }
            } else if skip("<!--") {
                try passOver("-->", "a comment")
            } else if skip("<![CDATA[") {
                guard !open.isEmpty else { throw wrong("a CDATA section outside of the document's element") }
                return .text(try passOver("]]>", "a CDATA section"))
            } else if skip("<?") {
                try passOver("?>", "a processing instruction")
            } else if skip("<!") {
                throw wrong("a document type; it is refused")
            } else if skip("</") {
                return try endTag()
            } else {
                at += 1
                return try startTag()
            }
        }
        guard open.isEmpty else { throw .truncated("<\(open[open.count - 1])> is never closed") }
        guard hadRoot else { throw .empty }
        return nil
    }

    func wrong(_ text: String) -> ReportProblem {
        .malformed(line: bytes[..<min(at, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1, text)
    }

    private mutating func startTag() throws(ReportProblem) -> Event {
        guard !hadRoot || !open.isEmpty else { throw wrong("a second document element") }
        let name = try name()
        guard open.count < Self.depthMax else { throw wrong("elements nested too deep") }
        var attributes: [String: String] = [:]
        while true {
            let hadSpace = skipSpace()
            if skip("/>") {
                pendingEnd = name
                break
            }
            if skip(">") { break }
            guard at < bytes.count else { throw .truncated("it ends within <\(name)>") }
            guard hadSpace else { throw wrong("no space before an attribute of <\(name)>") }
            let key = try self.name()
            skipSpace()
            guard skip("=") else { throw at < bytes.count ? wrong("no = after \(key)") : .truncated("in <\(name)>") }
            skipSpace()
            guard attributes.count < Self.attributesMax else { throw wrong("too many attributes") }
            guard attributes.updateValue(try quoted(), forKey: key) == nil else { throw wrong("\(key) stands twice") }
        }
        open.append(name)
        hadRoot = true
        return .start(name: name, attributes: attributes)
    }

    private mutating func endTag() throws(ReportProblem) -> Event {
        let name = try name()
        skipSpace()
        guard skip(">") else { throw at < bytes.count ? wrong("no > after </\(name)") : .truncated("in </\(name)>") }
        guard let last = open.last else { throw wrong("</\(name)> closes nothing") }
        guard last == name else { throw wrong("</\(name)> where <\(last)> is open") }
        open.removeLast()
        return .end(name: name)
    }

    private mutating func name() throws(ReportProblem) -> String {
        let start = at
        while at < bytes.count, Self.isName(bytes[at]) { at += 1 }
        guard at > start else { throw at < bytes.count ? wrong("no name where one must be") : .truncated("in a tag") }
        guard at - start <= 200, !(UInt8(ascii: "-")...UInt8(ascii: "9")).contains(bytes[start]) else {
            throw wrong("a name that is none")
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func quoted() throws(ReportProblem) -> String {
        guard at < bytes.count else { throw .truncated("an attribute has no value") }
        let quote = bytes[at]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw wrong("a value without quotes") }
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != quote {
            guard bytes[at] != UInt8(ascii: "<") else { throw wrong("< within a value") }
            at += 1
        }
        guard at < bytes.count else { throw .truncated("a value is never closed") }
        let value = try unescaped(bytes[start..<at])
        at += 1
        return value
    }

    private mutating func text() throws(ReportProblem) -> String {
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "<") { at += 1 }
        return try unescaped(bytes[start..<at])
    }

    @discardableResult private mutating func passOver(_ end: String, _ what: String) throws(ReportProblem) -> String {
        let start = at
        let mark = Array(end.utf8)
        while at + mark.count <= bytes.count {
            if bytes[at] == mark[0], bytes[at..<at + mark.count].elementsEqual(mark) {
                let inside = String(decoding: bytes[start..<at], as: UTF8.self)
                at += mark.count
                return inside
            }
            at += 1
        }
        throw .truncated("\(what) is never closed")
    }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[at...].starts(with: text.utf8) else { return false }
        at += text.utf8.count
        return true
    }

    @discardableResult private mutating func skipSpace() -> Bool {
        let start = at
        while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 }
        return at > start
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...0xff: true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

extension XMLReader {
    private static let entities: [String: UInt32] = ["lt": 0x3c, "gt": 0x3e, "amp": 0x26, "quot": 0x22, "apos": 0x27]

    /// With the five entities of XML and character references put in.
    private func unescaped(_ raw: ArraySlice<UInt8>) throws(ReportProblem) -> String {
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        var out = String.UnicodeScalarView()
        var rest = raw
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            out.append(contentsOf: String(decoding: rest[..<mark], as: UTF8.self).unicodeScalars)
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw wrong("an & that begins no entity")
            }
            let name = String(decoding: rest[(mark + 1)..<end], as: UTF8.self)
            guard let scalar = Self.entities[name].flatMap(Unicode.Scalar.init) ?? Self.character(name) else {
                throw wrong("the entity \(excerpt(name)) is not known")
            }
            out.append(scalar)
            rest = rest[(end + 1)...]
        }
        out.append(contentsOf: String(decoding: rest, as: UTF8.self).unicodeScalars)
        return String(out)
    }

    /// `#10` or `#x0A`
    private static func character(_ name: String) -> Unicode.Scalar? {
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let isHex = digits.hasPrefix("x")
        let value = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        guard let value, value != 0, !name.contains("+"), !name.contains("-") else { return nil }
        return Unicode.Scalar(value)
    }
}
