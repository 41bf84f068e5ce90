/// A token of a template and where it begins, in characters from 0.
struct TemplateToken {
    enum Kind: Equatable {
        case text(String)
        /// `{{` and `}}`, with or without a trim marker.
        case open, close
        /// A function's name or a keyword.
        case word(String)
        /// The name without its `$`; empty for `$` itself.
        case variable(String)
        /// The name without its dot.
        case field(String)
        case dot
        case integer(Double)
        case float(Double)
        case string(String)
        case pipe, leftParenthesis, rightParenthesis, comma, declare, assign, end
    }

    var kind: Kind
    var offset: Int
    /// A blank stands before it, so that it does not continue what stands there.
    var afterBlank = false

    /// The token as a person reads it, for a sentence.
    var shown: String {
        switch kind {
        case .text: "text"
        case .open: "\"{{\""
        case .close: "\"}}\""
        case .word(let name): "\"\(name)\""
        case .variable(let name): "\"$\(name)\""
        case .field(let name): "\".\(name)\""
        case .dot: "\".\""
        case .integer(let number): number.shortestText
        case .float(let number): number.shortestText
        case .string(let text): excerpt(text)
        case .pipe: "\"|\""
        case .leftParenthesis: "\"(\""
        case .rightParenthesis: "\")\""
        case .comma: "\",\""
        case .declare: "\":=\""
        case .assign: "\"=\""
        case .end: "the end"
        }
    }
}
