/// Characters that show nothing themselves and could hide, move or turn round what stands beside them on a terminal:
/// control characters, format characters (direction, zero width), and separators of lines that are no line feeds.
public enum HiddenCharacters {
    /// The text with `<U+202E>` in the place of each; tabs, line feeds and the returns before them stay.
    public static func shown(in text: String) -> String {
        guard first(in: text) != nil else { return text }
        var out = String.UnicodeScalarView()
        let scalars = text.unicodeScalars
        for index in scalars.indices {
            if isHidden(scalars, index) {
                out.append(contentsOf: name(of: scalars[index]).unicodeScalars)
            } else {
                out.append(scalars[index])
            }
        }
        return String(out)
    }

    /// How the first of them is written, `<U+202E>`; nil where there is none.
    public static func first(in text: String) -> String? {
        let scalars = text.unicodeScalars
        return scalars.indices.first { isHidden(scalars, $0) }.map { name(of: scalars[$0]) }
    }

    private static func isHidden(_ scalars: String.UnicodeScalarView, _ index: String.Index) -> Bool {
        let scalar = scalars[index]
        if scalar.isASCII, scalar.value >= 0x20, scalar.value != 0x7f { return false }
        switch scalar {
        case "\n", "\t": return false
        case "\r":
            let next = scalars.index(after: index)
            return next == scalars.endIndex || scalars[next] != "\n"
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return false
        }
    }

    private static func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "<U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + ">"
    }
}
