import Model

extension Masking {
    /// What is masked unless nobody asked for less; tests hold an example of each.
    public static let defaults: [Rule] = sources.map { name, source, replacement in
        do throws(Fault) {
            return Rule(name: name, pattern: try Pattern(source), replacement: replacement)
        } catch {
            preconditionFailure("the masking rule for \(name) does not compile: \(error)")
        }
    }

    static func emailAddresses() throws(Fault) -> Rule {
        let pattern = try Pattern(#"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"#)
        return Rule(name: "e-mail addresses", pattern: pattern, replacement: marker)
    }

    private static let sources: [(name: String, source: String, replacement: String)] = [
        (
            "private keys in PEM or OpenPGP armour, cut ones to the end of the text",
            #"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)"#,
            marker
        ),
        (
            "credentials in Authorization headers",
            #"(?i)\b((?:proxy-)?authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?"#
                + #"(?:(?:basic|bearer|token|digest|negotiate|apikey)[ \t]+)?)[^\s"',;\\]+"#,
            "${1}" + marker
        ),
        (
            "cookies in headers",
            #"(?i)\b((?:set-)?cookie:[ \t]*)[^\r\n]+"#,
            "${1}" + marker
        ),
        (
            "bearer and basic tokens elsewhere",
            #"\b((?i:bearer|basic)[ \t]+)[A-Za-z._~+/-]*(?:[a-z][A-Z]|[0-9])[A-Za-z0-9._~+/-]{4,}=*"#,
            "${1}" + marker
        ),
        (
            "passwords in URLs",
            #"\b((?i:[a-z][a-z0-9+.-]*)://[^\s/?#:@"'<>]*:)[^\s/?#"'<>]+@"#,
            "${1}\(marker)@"
        ),
        (
            "values of password, secret, token, key and the like, after = or :",
            "((?:" + names + "|" + #"\b(?:[A-Za-z0-9_.-]*[_.-])?[Pp]wd"# + ")" + separator + #"|\b(?i:key)=)"# + value,
            "${1}" + marker
        ),
        (
            "values of options such as --password",
            #"((?i:--[a-z0-9-]*(?:password|passwd|passphrase|secret|token|api-?key))[ \t]+)"# + value,
            "${1}" + marker
        ),
        ("tokens of a known shape", shapes.joined(separator: "|"), marker),
    ]

    /// `tokens` is not among them: it counts what language models read.
    private static let names =
        #"(?i:[a-z0-9_.-]*(?:(?:passw(?:or)?d|passphrase|secret|credential|"#
        + #"api[_.-]?key|access[_.-]?key|private[_.-]?key)[a-z0-9_-]*"#
        + #"|token(?:[_-][a-z0-9_-]*|value|key|id)?))"#

    /// Between a name and its value, in settings, JSON (also JSON inside a string), YAML and Ruby.
    private static let separator = #"\\?["']?[ \t]{0,3}(?:=>|[:=])[ \t]{0,3}"#

    /// Quoted or bare pieces, as a shell joins them; a quote that is never closed takes the rest of the line. Not of the
    /// text: whoever can write `token='` into a log would hide what comes after it.
    private static let value =
        #"(?:(?i:bearer|basic|token)[ \t]+)?"#
        + #"(?:\\"(?:[^"\\\r\n]|\\[^"\r\n])*(?:\\")?|"(?:[^"\\\r\n]|\\[^\r\n])*"?|'[^'\r\n]*'?|[^\s,;&"'<>])+"#

    private static let shapes = [
        #"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"#,  // AWS access key IDs
        #"\bgh[pousr]_[A-Za-z0-9]{20,}"#, #"\bgithub_pat_[A-Za-z0-9_]{20,}"#,  // GitHub
        #"\bglpat-[A-Za-z0-9_-]{16,}"#,  // GitLab
        #"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"#, #"\bxapp-[A-Za-z0-9-]{10,}"#,  // Slack
        #"\bhooks\.slack\.com/services/[A-Za-z0-9_/-]{10,}"#,  // Slack's incoming webhooks
        #"\bsk-[A-Za-z0-9_-]{20,}"#,  // Anthropic, OpenAI
        #"\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"#,  // Stripe
        #"\bAIza[A-Za-z0-9_-]{30,}"#,  // Google
        #"\bnpm_[A-Za-z0-9]{30,}"#, #"\bpypi-[A-Za-z0-9_-]{40,}"#,  // package registries
        #"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"#,  // JSON web tokens
        #"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}"#,
        #"\$(?:1|2[abxy]|5|6|7|y|gy|argon2[a-z]*)\$[A-Za-z0-9./$=,+-]{10,}"#,  // password hashes of crypt(3)
    ]
}
