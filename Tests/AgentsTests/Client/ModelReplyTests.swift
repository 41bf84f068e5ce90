import Agents
import Model
import Testing

@Suite struct ModelReplyTests {
    @Test func itsTextIsAllThatIsNotACall() {
        let reply = ModelReply(
            parts: [.text("I look at "), .call(id: "1", tool: "units", arguments: [:]), .text("the unit.")],
            stop: .calls, usage: ModelUsage(input: 10, output: 5, cacheRead: 3))
        #expect(reply.text == "I look at the unit.")
        #expect(reply.usage.total == 18)
    }

    @Test(arguments: [
        (ModelError.Kind.unreachable, true), (.timeout, true), (.busy, true), (.refused, false), (.malformed, false),
        (.cancelled, false),
    ])
    func onlyPassingTroubleIsWorthAnotherTry(kind: ModelError.Kind, isTransient: Bool) {
        #expect(ModelError(kind, "no").isTransient == isTransient)
    }
}
