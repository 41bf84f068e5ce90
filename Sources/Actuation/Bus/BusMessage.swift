import CSystemd
import Model

/// One D-Bus message, written or read item by item; used only on the thread of its connection.
final class BusMessage {
    let pointer: OpaquePointer

    /// Takes over the caller's reference.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }
    deinit { sd_bus_message_unref(pointer) }

    // MARK: Writing

    func append(_ text: String) throws(Fault) {
        try check(text.withCString { sd_bus_message_append_basic(pointer, code("s"), $0) })
    }

    func append(_ flag: Bool) throws(Fault) {
        var value: Int32 = flag ? 1 : 0
        try check(sd_bus_message_append_basic(pointer, code("b"), &value))
    }

    func append(_ number: UInt64) throws(Fault) {
        var value = number
        try check(sd_bus_message_append_basic(pointer, code("t"), &value))
    }

    func append(_ number: UInt32) throws(Fault) {
        var value = number
        try check(sd_bus_message_append_basic(pointer, code("u"), &value))
    }

    func append(_ texts: [String]) throws(Fault) {
        try container("a", "s") { () throws(Fault) in
            for text in texts { try append(text) }
        }
    }

    /// `type`: `a` for an array, `r` for a structure, `v` for a variant.
    func container(_ type: Unicode.Scalar, _ contents: String, _ body: () throws(Fault) -> Void) throws(Fault) {
        try check(sd_bus_message_open_container(pointer, code(type), contents))
        try body()
        try check(sd_bus_message_close_container(pointer))
    }

    // MARK: Reading

    func text() throws(Fault) -> String { try readText("s") }
    func path() throws(Fault) -> String { try readText("o") }

    func number() throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        try check(sd_bus_message_read_basic(pointer, code("u"), &value))
        return value
    }

    /// The members of an `a{sv}` whose types are known here; the others are skipped.
    func properties() throws(Fault) -> [String: BusValue] {
        var properties: [String: BusValue] = [:]
        try check(sd_bus_message_enter_container(pointer, code("a"), "{sv}"))
        while try check(sd_bus_message_enter_container(pointer, code("e"), "sv")) > 0 {
            let name = try text()
            if let value = try variant() { properties[name] = value }
            try check(sd_bus_message_exit_container(pointer))
        }
        try check(sd_bus_message_exit_container(pointer))
        return properties
    }

    private func variant() throws(Fault) -> BusValue? {
        var type: CChar = 0
        var contents: UnsafePointer<CChar>?
        try check(sd_bus_message_peek_type(pointer, &type, &contents))
        guard let contents, let known = BusValue.Signature(rawValue: String(cString: contents)) else {
            try check(sd_bus_message_skip(pointer, "v"))
            return nil
        }
        try check(sd_bus_message_enter_container(pointer, code("v"), known.rawValue))
        let value = try self.value(known)
        try check(sd_bus_message_exit_container(pointer))
        return value
    }

    private func value(_ signature: BusValue.Signature) throws(Fault) -> BusValue {
        switch signature {
        case .text: return .text(try text())
        case .unsigned: return .number(Int(try number()))
        case .signed:
            var value: Int32 = 0
            try check(sd_bus_message_read_basic(pointer, code("i"), &value))
            return .number(Int(value))
        case .bytes:
            var start: UnsafeRawPointer?
            var count = 0
            try check(sd_bus_message_read_array(pointer, code("y"), &start, &count))
            return .bytes(Array(UnsafeRawBufferPointer(start: start, count: count)))
        case .texts:
            var texts: [String] = []
            try check(sd_bus_message_enter_container(pointer, code("a"), "s"))
            while try check(sd_bus_message_at_end(pointer, 0)) == 0 { texts.append(try text()) }
            try check(sd_bus_message_exit_container(pointer))
            return .texts(texts)
        case .job:
            try check(sd_bus_message_enter_container(pointer, code("r"), "uo"))
            let id = try number()
            _ = try path()
            try check(sd_bus_message_exit_container(pointer))
            return .number(Int(id))
        }
    }

    private func readText(_ type: Unicode.Scalar) throws(Fault) -> String {
        var value: UnsafePointer<CChar>?
        try check(withUnsafeMutablePointer(to: &value) { sd_bus_message_read_basic(pointer, code(type), $0) })
        return value.map { String(cString: $0) } ?? ""
    }

    private func code(_ scalar: Unicode.Scalar) -> CChar { CChar(truncatingIfNeeded: scalar.value) }

    @discardableResult
    private func check(_ result: Int32) throws(Fault) -> Int32 {
        guard result >= 0 else {
            throw Fault("bus.message", "A message on the bus could not be read or written (error \(-result))")
        }
        return result
    }
}

/// The kinds of property that are read.
enum BusValue: Equatable {
    enum Signature: String {
        case text = "s"
        case unsigned = "u"
        case signed = "i"
        case bytes = "ay"
        case texts = "as"
        case job = "(uo)"
    }

    case text(String)
    case number(Int)
    case bytes([UInt8])
    case texts([String])
}
