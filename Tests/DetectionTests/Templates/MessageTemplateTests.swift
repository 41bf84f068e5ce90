import Detection
import Testing

@Suite struct MessageTemplateTests {
    @Test(arguments: [
        ("Started nginx.service - A web server.", "Started nginx.service - A web server."),
        ("worker 4711 exited with code 3", "worker <*> exited with code <*>"),
        ("GET /pay?id=7 failed", "GET <*> failed"),
        ("could not open \"a file with spaces\" again", "could not open <*> again"),
        ("user='bob' refused", "<*> refused"),
        ("deadbeefdeadbeefdeadbeefdeadbeef seen", "<*> seen"),
        ("mail from ada@example.org to x", "mail from <*> to x"),
        ("naïve café", "<*>"),
        ("", ""),
    ])
    func variesOnlyInItsGaps(message: String, template: String) { #expect(MessageTemplate.of(message) == template) }

    @Test func aLongMessageIsCut() {
        let template = MessageTemplate.of((0..<100).map { _ in "word" }.joined(separator: " "))
        #expect(template.split(separator: " ").count == 25 && template.hasSuffix("…"))
    }

    @Test func equalMessagesOfDifferentNumbersAreOne() {
        #expect(MessageTemplate.of("request 12 took 30 ms") == MessageTemplate.of("request 9 took 1000 ms"))
    }
}
