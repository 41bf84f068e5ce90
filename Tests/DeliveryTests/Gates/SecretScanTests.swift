import Testing
import Text

@testable import Delivery

@Suite struct SecretScanTests {
    static func kind(_ path: String, _ line: String, before: String = "", isTest: Bool = false) throws -> String? {
        let file = FileChange(path: path, before: before, after: before + line + "\n")
        return SecretScan(try Masking(extra: ["INTERNAL-[0-9]+"])).failure(in: file, isTest: isTest)?.text
    }

    @Test(arguments: [
        ("a.py", "password = \"hunter2\""), ("a.py", "DB_PASSWORD = 'correcthorse'"), ("a.py", "api_key = \"ab12cd\""),
        ("a.py", "x = \"AKIAABCDEFGHIJKLMNOP\""), ("a.go", "tok := \"ghp_0123456789abcdefghijABCDEFGHIJ\""),
        ("a.py", "url = \"postgres://app:s3cret@db/pay\""), ("a.py", "-----BEGIN RSA PRIVATE KEY-----"),
        ("a.py", "h = {\"Authorization\": \"Bearer abcDEF123456\"}"), ("a.yaml", "password: hunter2"),
        ("a.env", "API_TOKEN=abc123def"), ("a.sh", "run --password hunter2"), ("a.conf", "secret = \"x9\\\"y8\""),
        ("a.c", "const char *k = \"Zk3v9QxT2mLp8RwB5nYc7HdJ\";"), ("a.py", "# INTERNAL-4711"),
        ("a.py", "K = \"9f86d081884c7d659a2feaa0c55ad015\""), ("a.js", "const k = 'k3j9x0q7w2z5m8n1b4v6c3l9p0';"),
        ("a.py", "session(\"sk-ant-api03-abcdefghijklmnop\")"), ("a.py", "password = f\"pre{x}fix9\""),
    ])
    func isFound(path: String, line: String) throws {
        let text = try Self.kind(path, line)
        #expect(text?.contains("\(path):1") ?? false, "\(text ?? "nothing found")")
    }

    @Test(arguments: [
        ("a.py", "password = request.form[\"password\"]"), ("a.py", "token = os.environ[\"TOKEN\"]"),
        ("a.py", "def login(user, password: str, token=None):"), ("a.py", "rows.sort(key=lambda r: r.id)"),
        ("a.py", "cache.get(key=\"user_id\")"), ("a.py", "cache.get(key=\"User-Id-7\")"), ("a.py", "password = \"\""),
        ("a.go", "secret := cfg.Secret"),
        ("a.js", "const token = await login(user, \"a\");"), ("a.yaml", "password: ${DB_PASSWORD}"),
        ("a.yaml", "password: '{{ .password }}'"), ("a.yaml", "token: null"), ("a.sh", "run --password \"$PW\""),
        ("a.py", "url = f\"postgres://{user}:{password}@{host}/pay\""), ("a.py", "token_type = \"bearer\""),
        ("a.py", "raise ValueError(\"token: must not be empty\")"), ("a.py", "with account.lock:"),
        ("a.py", "ID = \"123e4567-e89b-12d3-a456-426614174000\""),
        ("a.py", "sha256 = \"9f86d081884c7d659a2feaa0c55ad015\""),
        ("a.py", "def test_concurrent_withdrawals_of_two_accounts_do_not_lose_an_update_2():"),
        ("a.java", "HTTP2ServerConnectionManagerStateMachineFactory x2;"),
        ("a.js", "import x from '../../Components/V2/Form1';"),
        ("a.py", "# see https://example.org/a/very/long/path/2024/01/02/index.html"),
        ("a.c", "static const uint64_t k = 0x9e3779b97f4a7c15ULL;"),
        ("a.py", "h = {\"Authorization\": f\"Bearer {token}\"}"),
        ("a.swift", "let masked = password.isEmpty ? nil : password"),
        ("a.py", "ALPHABET = \"abcdefghijklmnopqrstuvwxyz\""),
    ])
    func isNotTakenForOne(path: String, line: String) throws {
        #expect(try Self.kind(path, line) == nil)
    }

    @Test(arguments: [
        "login(\"ann\", password=\"wrong\")", "assert digest == \"9f86d081884c7d659a2feaa0c55ad015\"",
        "db = \"postgres://test:test@localhost/x\"",
        "client.get(\"/\", headers={\"Authorization\": \"Bearer test-1\"})",
        "id = \"123e4567-e89b-12d3-a456-426614174000\"", "TOKEN = \"token-1\"",
    ])
    func testsMayHaveMadeUpValues(line: String) throws {
        #expect(try Self.kind("tests/test_a.py", line, isTest: true) == nil)
    }

    @Test(arguments: [
        "x = \"AKIAABCDEFGHIJKLMNOP\"", "password = \"Zk3v9QxT2mLp8RwB5nYc\"", "-----BEGIN PRIVATE KEY-----",
        "k = \"sk-ant-api03-abcdefghijklmnop\"",
    ])
    func realOnesAreFoundInTestsToo(line: String) throws {
        #expect(try Self.kind("tests/test_a.py", line, isTest: true) != nil)
    }

    @Test func whatWasThereBeforeIsNotNew() throws {
        let before = "password = \"hunter2\"\n"
        #expect(try Self.kind("a.py", "    password = \"hunter2\"", before: before) == nil)
        #expect(try Self.kind("a.py", "    password = \"hunter3\"", before: before) != nil)
        let token = "k(\"Zk3v9QxT2mLp8RwB5nYc7HdJ\")"
        #expect(try Self.kind("a.py", "    " + token, before: token + "\n") == nil)
        #expect(try Self.kind("a.py", token) != nil)
    }

    @Test func theSecretItselfIsNotShown() throws {
        let file = FileChange(path: "a.py", before: nil, after: "x = 1\npassword = \"hunter2\"\n")
        let failure = SecretScan(try Masking()).failure(in: file, isTest: false)
        #expect(failure?.evidence == ["a.py:2"])
        #expect(!(failure?.text.contains("hunter2") ?? true))
    }

    /// The scan knows three of masking's rules by name.
    @Test func theRulesHaveTheirNames() {
        #expect(SecretScan.keyBlock != nil)
        #expect(Masking.defaults.contains { $0.name == SecretScan.shapes })
        #expect(Masking.defaults.count { $0.name.hasPrefix(SecretScan.values) } == 1)
    }
}
