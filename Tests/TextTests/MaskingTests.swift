import Model
import Testing
import Text

@Suite struct MaskingTests {
    static let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
    static let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"

    @Test(arguments: [
        ("key \(pem) end", "key [masked] end"),
        ("cut -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", "cut [masked]"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----", "[masked]"),
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer [masked]"),
        ("authorization: c2VjcmV0 next", "authorization: [masked] next"),
        (#"{"Authorization":"Basic dXNlcjpwYXNz"}"#, #"{"Authorization":"Basic [masked]"}"#),
        ("Set-Cookie: sid=31d4; Path=/\nnext", "Set-Cookie: [masked]\nnext"),
        ("curl -H 'X: Bearer dXNlcjpwYXNz'", "curl -H 'X: Bearer [masked]'"),
        ("got bearer 9f86d081884c7d65", "got bearer [masked]"),
        ("postgres://app:s3cr3t@db:5432/x", "postgres://app:[masked]@db:5432/x"),
        ("redis://:pa@ss@cache/0", "redis://:[masked]@cache/0"),
        ("password=hunter2", "password=[masked]"),
        ("DB_PASSWORD='a b' x", "DB_PASSWORD=[masked] x"),
        ("password: \"a \\\" b\", user: c", "password: [masked], user: c"),
        (#"{"user":"a","password":"b c","n":1}"#, #"{"user":"a","password":[masked],"n":1}"#),
        (#"{\"secret\":\"b c\",\"n\":1}"#, #"{\"secret\":[masked],\"n\":1}"#),
        ("?user=a&token=abc&x=1", "?user=a&token=[masked]&x=1"),
        ("key=abc&sort=key", "key=[masked]&sort=key"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [masked]"),
        ("api-key: abc, Pwd=x;", "api-key: [masked], Pwd=[masked];"),
        ("clientSecret => 'abc'", "clientSecret => [masked]"),
        ("token: Bearer abc", "token: [masked]"),
        ("password=\"never closed a b", "password=[masked]"),
        ("refused 'x; api_token=9f1c': no account\nUNIQUE failed", "refused 'x; api_token=[masked]\nUNIQUE failed"),
        ("+token = \"a b\n+next\n+it = \"c\"", "+token = [masked]\n+next\n+it = \"c\""),
        ("{\\\"password\\\": \\\"a b\r\nnext", "{\\\"password\\\": [masked]\r\nnext"),
        ("run --password hunter2 --user a", "run --password [masked] --user a"),
        ("id AKIAIOSFODNN7EXAMPLE.", "id [masked]."),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[masked]"),
        ("github_pat_11ABCDEFG0123456789_abcdef", "[masked]"),
        ("glpat-abcdefghijklmnopqrst", "[masked]"),
        ("xoxb-123456789012-abcdef", "[masked]"),
        ("https://hooks.slack.com/services/T0/B0/XXXXXXXX", "https://[masked]"),
        ("sk-ant-api03-abcdefghijklmnopqrstuvwxyz", "[masked]"),
        ("sk-proj-abcdefghijklmnopqrstuvwxyz", "[masked]"),
        ("sk_live_abcdefghijklmnop", "[masked]"),
        ("AIzaSyA-abcdefghijklmnopqrstuvwxyz01234", "[masked]"),
        ("jwt \(jwt)", "jwt [masked]"),
        ("root:$6$saltsalt$abcdefghijklmnopqrstuv:19000", "root:[masked]:19000"),
    ])
    func masksTheDefaultSet(text: String, masked: String) throws {
        let masking = try Masking()
        #expect(masking.mask(text) == masked)
        #expect(masking.mask(masked) == masked)
    }

    @Test(arguments: [
        "nginx.service: Main process exited, code=killed, status=9/KILL",
        "Failed password for root from 10.0.0.1 port 22 ssh2",
        "basic authentication failed; bearer authentication-required",
        "max_tokens: 4096, tokens=512",
        "sudo: ada : PWD=/home/ada ; USER=root ; COMMAND=/bin/ls",
        "https://example.org:8443/path?x=1#y, ssh://git@example.org/x",
        "commit 3f9c1e2a71d004b8e1f0c2d4a5b6978877665544",
        "monkey=1 keyboard: us primary key",
        "InvocationID 51c0a1b2c3d4e5f60718293a4b5c6d7e",
        "a@b.example.org wrote",
        "",
    ])
    func leavesOtherTextAlone(text: String) throws {
        #expect(try Masking().mask(text) == text)
    }

    @Test func everyDefaultRuleHasAnExample() throws {
        let examples =
            Self.pem + "\nAuthorization: x\nCookie: a=b\nBearer 9f86d081\nhttp://a:b@c\npassword=x\n--token x\n"
            + Self.jwt
        for rule in Masking.defaults { #expect(rule.pattern.matches(examples), "\(rule.name)") }
    }

    @Test func eMailAddressesAreMaskedOnRequest() throws {
        #expect(try Masking(emailAddresses: true).mask("from ada@example.org,") == "from [masked],")
    }

    @Test(arguments: [
        ("customer \\d+", "customer 12 and 3", "[masked] and 3"),
        ("customer (\\d+)", "customer 12", "customer [masked]"),
        ("masked", "masked password=x", "[masked] password=[masked]"),
        ("\\w", "ab", "[masked][masked]"),
    ])
    func extraPatternsMaskTheirMatchOrTheirGroup(pattern: String, text: String, masked: String) throws {
        let masking = try Masking(extra: [pattern])
        #expect(masking.mask(text) == masked)
        #expect(masking.mask(masked) == masked)
    }

    @Test(arguments: [("(", "pattern \"(\" is not valid"), ("x*", "matches the empty text")])
    func extraPatternsThatCannotServeAreRefused(pattern: String, message: String) {
        do throws(Fault) {
            _ = try Masking(extra: [pattern])
            Issue.record("it was accepted")
        } catch { #expect(error.message.contains(message)) }
    }

    /// Random mixtures of names, separators, quotes and values: a second masking changes nothing, and no value survives
    /// behind an equals sign.
    @Test(arguments: 0..<8)
    func maskingTwiceIsMaskingOnce(seed: UInt64) throws {
        var random = FixedRandom(seed: seed)
        let masking = try Masking(extra: ["cust[0-9]+"], emailAddresses: true)
        let pieces = [
            "password", "=", ":", " ", "\"", "'", "\\", "token", "key=", "secret", "https://", "u:", "p@", "host/",
            "[masked]", "a1B",
            "bearer ", "--", "Authorization", "\n", "eyJabcdef.", "abcdef", "sk-", "0123456789012345678901", "cust7",
            "x@y.z", "&",
            ",", ";", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "ü", "$6$", "cookie: ", "pwd",
        ]
        for _ in 0..<300 {
            let text = (0..<random.below(14)).map { _ in pieces[random.below(pieces.count)] }.joined()
            let once = masking.mask(text)
            #expect(masking.mask(once) == once, "\(text)")
        }
    }

    @Test(arguments: [
        "password=\"", "http://a:", "bearer ", "-----BEGIN PRIVATE KEY-----", "eyJabcde.", "key=", "=", "a", "$6$", "'",
    ])
    func aMebibyteOfAnythingIsMaskedInGoodTime(piece: String) throws {
        let text = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        #expect(try !Masking().mask(text).isEmpty)
    }
}
