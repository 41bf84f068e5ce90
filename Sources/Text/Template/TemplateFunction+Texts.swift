import Model

extension TemplateFunction {
    static let printing: [TemplateFunction] = [
        TemplateFunction("print A…", 0...1 << 16) { arguments, _ in .string(printed(arguments)) },
        TemplateFunction("println A…", 0...1 << 16) { arguments, _ in
            .string(arguments.map(\.shown).joined(separator: " ") + "\n")
        },
        TemplateFunction("printf FORMAT A…", 1...1 << 16) { arguments, _ throws(Fault) in
            .string(try TemplateFormat.render(try text(arguments[0]), Array(arguments.dropFirst())))
        },
        TemplateFunction("html A…", 1...1 << 16) { arguments, _ in .string(Escape.html(printed(arguments))) },
        TemplateFunction("js A…", 1...1 << 16) { arguments, _ in .string(Escape.javaScript(printed(arguments))) },
        TemplateFunction("urlquery A…", 1...1 << 16) { arguments, _ in
            .string(Escape.urlComponent(printed(arguments)).replacing("%20", with: "+"))
        },
    ]

    /// As Go's Sprint: a blank between two operands of which neither is text.
    private static func printed(_ arguments: [TemplateValue]) -> String {
        var out = ""
        var before: TemplateValue?
        for argument in arguments {
            if let before, before.string == nil, argument.string == nil { out += " " }
            out += argument.shown
            before = argument
        }
        return out
    }

    static let texts: [TemplateFunction] = [
        TemplateFunction("title TEXT", 1...1) { arguments, _ throws(Fault) in .string(titled(try text(arguments[0]))) },
        TemplateFunction("toUpper TEXT", 1...1) { arguments, _ throws(Fault) in
            .string(try text(arguments[0]).uppercased())
        },
        TemplateFunction("toLower TEXT", 1...1) { arguments, _ throws(Fault) in
            .string(try text(arguments[0]).lowercased())
        },
        TemplateFunction("safeHtml TEXT", 1...1) { arguments, _ throws(Fault) in .string(try text(arguments[0])) },
        TemplateFunction("join SEPARATOR LIST", 2...2) { arguments, _ throws(Fault) in
            let separator = try text(arguments[0])
            guard let items = arguments[1].asJSON.array else { throw wrong("a list", arguments[1]) }
            return .string(items.map { TemplateValue.json($0).printed }.joined(separator: separator))
        },
        withPattern(
            TemplateFunction("match PATTERN TEXT", 2...2) { arguments, pattern throws(Fault) in
                let pattern = try compiled(arguments[0], pattern)
                return .bool(pattern.matches(try text(arguments[1])))
            }),
        withPattern(
            TemplateFunction("reReplaceAll PATTERN REPLACEMENT TEXT", 3...3) { arguments, pattern throws(Fault) in
                let pattern = try compiled(arguments[0], pattern)
                let (replacement, subject) = (try text(arguments[1]), try text(arguments[2]))
                let bytesMax = TemplateRenderer.outputBytesMax
                guard let replaced = pattern.replaceAll(in: subject, with: replacement, bytesMax: bytesMax) else {
                    throw Fault("template.large", "makes more than 64 KiB of text")
                }
                return .string(replaced)
            }),
        TemplateFunction("stripPort HOST", 1...1) { arguments, _ throws(Fault) in
            let address = try text(arguments[0])
            return .string(HostAndPort(address)?.host ?? address)
        },
        TemplateFunction("stripDomain HOST", 1...1) { arguments, _ throws(Fault) in
            .string(HostAndPort.withoutDomain(try text(arguments[0])))
        },
    ]

    private static func compiled(_ argument: TemplateValue, _ pattern: Pattern?) throws(Fault) -> Pattern {
        if let pattern { return pattern }
        return try Pattern(try text(argument))
    }

    private static func withPattern(_ function: TemplateFunction) -> TemplateFunction {
        var function = function
        function.takesPattern = true
        return function
    }

    /// Each word begins with a capital letter; the rest stays as it is. Go's strings.Title, `It'S` included.
    private static func titled(_ text: String) -> String {
        var out = ""
        var startsWord = true
        for scalar in text.unicodeScalars {
            out += startsWord ? scalar.properties.titlecaseMapping : String(scalar)
            let inWord = scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            startsWord = !inWord && (scalar.isASCII || scalar.properties.isWhitespace)
        }
        return out
    }
}
