/// The grammar of Prometheus' names.
enum Names {
    static func isMetric(_ name: String) -> Bool { fits(name, colons: true) }
    static func isLabel(_ name: String) -> Bool { fits(name, colons: false) }

    private static func fits(_ name: String, colons: Bool) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            case UInt8(ascii: ":"): colons
            default: false
            }
        }
    }

    /// A journal field: capitals, digits and underscores, no digit first, at most 64 bytes.
    static func isField(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, UInt8(ascii: "_"): true
            default: false
            }
        }
    }
}
