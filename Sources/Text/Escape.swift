/// Makes a value harmless in the place where it is put.
public enum Escape {
    /// For inside a PromQL string, whichever quotes it stands in.
    ///
    /// Quotes of all three kinds become `\x` escapes, so that no value ends the string; the backslash and control
    /// characters are escaped too. Within backquotes, where PromQL knows no escapes, the value differs but stays inside.
    public static func promQLString(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"", "'", "`": out += "\\x" + hexadecimal(UInt8(scalar.value))
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: out += "\\x" + hexadecimal(UInt8(scalar.value))
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// For one part of a URL: a path segment, or a name or value of the query. Only RFC 3986's unreserved characters stay.
    public static func urlComponent(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + hexadecimal(byte).uppercased()
            }
        }
        return out
    }

    /// For HTML text and quoted attribute values.
    public static func html(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&#34;"
            case "'": out += "&#39;"
            case "\0": out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// For a pattern that must match the text itself.
    public static func pattern(_ text: String) -> String {
        var out = ""
        for character in text.unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(character) { out += "\\" }
            out.unicodeScalars.append(character)
        }
        return out
    }

    /// Two lowercase digits.
    static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }
}

extension Escape {
    /// For inside a JavaScript string, as Go's template function `js`.
    static func javaScript(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "'": out += "\\'"
            case "\"": out += "\\\""
            case "<", ">", "&", "=": out += "\\u00" + hexadecimal(UInt8(scalar.value)).uppercased()
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                out += "\\u00" + hexadecimal(UInt8(scalar.value)).uppercased()
            case "\u{2028}": out += "\\u2028"
            case "\u{2029}": out += "\\u2029"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
