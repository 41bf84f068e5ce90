import CSystemd
import Glibc
public import Model

/// Prints entries as journalctl does.
public struct JournalWriter {
    public enum Format: String, Sendable, CaseIterable {
        /// One object a line, as `journalctl -o json`: text as strings, other bytes as arrays of numbers, fields that
        /// occur more than once as arrays, values of 4096 bytes and more as null.
        case json
        /// The message alone, as `journalctl -o cat`.
        case cat
    }

    private let format: Format
    private let fields: Set<[UInt8]>?
    private let showsAll: Bool
    private let put: ([UInt8]) -> Bool
    private var out: [UInt8] = []

    /// - Parameters:
    ///   - fields: those to print; nil for all, or with `cat` for MESSAGE.
    ///   - showsAll: long values too.
    ///   - put: writes bytes out; false when nobody reads any more.
    public init(_ format: Format, fields: [String]?, showsAll: Bool = false, put: @escaping ([UInt8]) -> Bool) {
        self.format = format
        self.fields = (fields ?? (format == .cat ? ["MESSAGE"] : nil)).map { Set($0.map { Array($0.utf8) }) }
        self.showsAll = showsAll
        self.put = put
    }

    /// Prints all entries from the reader's position to the end, or to the first one later than `until`.
    ///
    /// - Returns: what could not be read.
    public mutating func write(_ reader: JournalReader, until: Timestamp? = nil) throws(Fault) -> [JournalGap] {
        reader.readValuesWhole()
        let last = until.map { UInt64(clamping: $0.microseconds) } ?? .max
        while try reader.nextEntry() {
            guard let time = reader.entryTime else { continue }
            if time > last { break }
            switch format {
            case .json: writeObject(reader, time)
            case .cat: writePlain(reader)
            }
            if out.count >= 1 << 16, !flush() { return [] }
        }
        _ = flush()
        return reader.takeGaps()
    }

    private mutating func flush() -> Bool {
        defer { out.removeAll(keepingCapacity: true) }
        return out.isEmpty || put(out)
    }

    private func isWanted(_ name: UnsafeRawBufferPointer) -> Bool {
        fields?.contains { $0.count == name.count && name.elementsEqual($0) } ?? true
    }

    private mutating func writePlain(_ reader: JournalReader) {
        reader.forEachField { field in
            guard let equals = field.firstIndex(of: UInt8(ascii: "=")),
                isWanted(UnsafeRawBufferPointer(rebasing: field[..<equals]))
            else { return true }
            out += field[(equals + 1)...]
            out.append(UInt8(ascii: "\n"))
            return fields.map { $0.count > 1 } ?? true
        }
    }

    /// One field of an entry: where its name and value are among the copied bytes.
    private struct Field {
        var name: Range<Int>
        var value: Range<Int>
        var isWritten = false
    }

    private mutating func writeObject(_ reader: JournalReader, _ time: UInt64) {
        var monotonic: UInt64 = 0
        var boot = sd_id128_t()
        let place = reader.currentPlace()
        out += "{\"__CURSOR\":\"\(place.cursor ?? "")\",\"__REALTIME_TIMESTAMP\":\"\(time)\"".utf8
        if sd_journal_get_monotonic_usec(reader.handle.pointer, &monotonic, &boot) >= 0 {
            out += ",\"__MONOTONIC_TIMESTAMP\":\"\(monotonic)\",\"_BOOT_ID\":\"".utf8
            withUnsafeBytes(of: boot) { for byte in $0 { appendHexadecimal(byte) } }
            out.append(UInt8(ascii: "\""))
        }
        // The bytes of a field are gone when the next one is read.
        var bytes: [UInt8] = []
        var all: [Field] = []
        reader.forEachField { field in
            guard let equals = field.firstIndex(of: UInt8(ascii: "=")) else { return true }
            let name = UnsafeRawBufferPointer(rebasing: field[..<equals])
            guard isWanted(name), !name.elementsEqual("_BOOT_ID".utf8) else { return true }
            let start = bytes.count
            bytes += field
            all.append(Field(name: start..<start + equals, value: start + equals + 1..<bytes.count))
            return true
        }
        bytes.withUnsafeBytes { bytes in
            for index in all.indices where !all[index].isWritten { writeMember(index, &all, bytes) }
        }
        out += "}\n".utf8
    }

    private mutating func writeMember(_ index: Int, _ all: inout [Field], _ bytes: UnsafeRawBufferPointer) {
        let name = UnsafeRawBufferPointer(rebasing: bytes[all[index].name])
        var values = [all[index].value]
        for other in all.indices.dropFirst(index + 1)
        where all[other].name.count == name.count && bytes[all[other].name].elementsEqual(name) {
            values.append(all[other].value)
            all[other].isWritten = true
        }
        out += ",\"".utf8
        out += name
        out += "\":".utf8
        if values.count > 1 { out.append(UInt8(ascii: "[")) }
        for (position, value) in values.enumerated() {
            if position > 0 { out.append(UInt8(ascii: ",")) }
            writeValue(UnsafeRawBufferPointer(rebasing: bytes[value]), nameCount: name.count)
        }
        if values.count > 1 { out.append(UInt8(ascii: "]")) }
    }

    private mutating func writeValue(_ value: UnsafeRawBufferPointer, nameCount: Int) {
        // journalctl measures the field with its name.
        if !showsAll, value.count + nameCount + 1 >= 4096 {
            out += "null".utf8
        } else if JournalText.isPrintable(value) {
            out.append(UInt8(ascii: "\""))
            for byte in value {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
                case UInt8(ascii: "\n"): out += "\\n".utf8
                case UInt8(ascii: "\t"): out += "\\t".utf8
                default: out.append(byte)
                }
            }
            out.append(UInt8(ascii: "\""))
        } else {
            out += "[\(value.map { String($0) }.joined(separator: ","))]".utf8
        }
    }

    private mutating func appendHexadecimal(_ byte: UInt8) {
        for digit in [byte >> 4, byte & 15] { out.append(digit < 10 ? 48 + digit : 87 + digit) }
    }
}

/// What journalctl takes for text.
enum JournalText {
    /// UTF-8 without control characters, line feeds and tabs allowed, and without noncharacters.
    static func isPrintable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.allSatisfy({ ($0 >= 32 && $0 < 127) || $0 == 9 || $0 == 10 }) { return true }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return true
            case .error: return false
            case .scalarValue(let scalar):
                let code = scalar.value
                if code < 32 && code != 9 && code != 10 || (127...159).contains(code) { return false }
                if (0xFDD0...0xFDEF).contains(code) || code & 0xFFFE == 0xFFFE { return false }
            }
        }
    }
}
