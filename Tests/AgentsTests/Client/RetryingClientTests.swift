import Agents
import Model
import Synchronization
import Testing

/// A fake: it answers as a test lists it, and remembers what it was asked.
private final class FlakyClient: ModelClient {
    let model = "flaky"
    let hasTools = false
    private let answers: Mutex<[Result<ModelReply, ModelError>]>
    private let asked = Mutex<[ModelRequest]>([])
    private let onSend: @Sendable () -> Void

    init(_ answers: [Result<ModelReply, ModelError>], onSend: @escaping @Sendable () -> Void = {}) {
        self.answers = Mutex(answers)
        self.onSend = onSend
    }

    var requests: [ModelRequest] { asked.withLock { $0 } }

    func send(
        _ request: ModelRequest, onText: @Sendable (String) -> Void
    ) async throws(ModelError) -> ModelReply {
        asked.withLock { $0.append(request) }
        onSend()
        onText("try ")
        let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        return try answer.get()
    }
}

/// A fake clock: sleeping takes no time and moves it.
private final class SkippingClock: Sendable {
    private let state = Mutex<(elapsed: Duration, pauses: [Duration])>((.zero, []))

    var pauses: [Duration] { state.withLock { $0.pauses } }
    func advance(_ duration: Duration) { state.withLock { $0.elapsed += duration } }

    var host: HostClock {
        HostClock(
            now: {
                let elapsed = self.state.withLock { $0.elapsed }
                return Stamp(
                    wall: Timestamp(microseconds: elapsed.microseconds), bootID: "boot", sinceBoot: elapsed)
            },
            sleep: { pause in
                try Task.checkCancellation()
                self.state.withLock {
                    $0.pauses.append(pause)
                    $0.elapsed += pause
                }
            })
    }
}

@Suite struct RetryingClientTests {
    static let reply = ModelReply(parts: [.text("ok")], stop: .end, usage: ModelUsage(input: 5, output: 2))
    static let busy = ModelError(.busy, "busy")
    private let clock = SkippingClock()

    private func send(
        _ client: FlakyClient, _ policy: RetryingClient.Policy = RetryingClient.Policy(), random: Double = 0.5,
        onRetry: @escaping @Sendable (RetryingClient.Retry) async -> Duration? = { $0.left }
    ) async -> Result<ModelReply, ModelError> {
        let retrying = RetryingClient(
            client, policy: policy, clock: clock.host, random: { random }, onRetry: onRetry)
        do throws(ModelError) {
            return .success(
                try await retrying.send(ModelRequest(system: "", messages: [], timeout: .seconds(120))) { _ in })
        } catch {
            return .failure(error)
        }
    }

    @Test func anAnswerNeedsOneTry() async throws {
        let client = FlakyClient([.success(Self.reply)])
        #expect(try await send(client).get() == Self.reply)
        #expect(client.requests.count == 1 && clock.pauses.isEmpty)
    }

    @Test(arguments: [ModelError.Kind.unreachable, .timeout, .busy])
    func passingTroubleIsTriedAgainWithDoubledPauses(kind: ModelError.Kind) async throws {
        let error = ModelError(kind, "no")
        let client = FlakyClient([.failure(error), .failure(error), .failure(error), .success(Self.reply)])
        #expect(try await send(client).get().text == "ok")
        #expect(clock.pauses == [.seconds(1), .seconds(2), .seconds(4)])
    }

    @Test(arguments: [ModelError.Kind.refused, .malformed, .cancelled])
    func otherTroubleIsNot(kind: ModelError.Kind) async throws {
        let client = FlakyClient([.failure(ModelError(kind, "no")), .success(Self.reply)])
        guard case .failure(let error) = await send(client) else {
            Issue.record("tried again")
            return
        }
        #expect(error.kind == kind && error.message == "no" && client.requests.count == 1)
    }

    @Test(arguments: [(0.0, 750), (0.5, 1000), (0.999, 1249)])
    func pausesVary(random: Double, milliseconds: Int64) async {
        _ = await send(FlakyClient([.failure(Self.busy), .success(Self.reply)]), random: random)
        #expect(clock.pauses.map(\.milliseconds) == [milliseconds])
    }

    @Test func pausesHaveALimit() async {
        let policy = RetryingClient.Policy(tries: 8, pauseMax: .seconds(5), wall: .seconds(1000))
        _ = await send(FlakyClient([.failure(Self.busy)]), policy)
        #expect(clock.pauses.map(\.milliseconds) == [1000, 2000, 4000, 5000, 5000, 5000, 5000])
    }

    @Test func theVendorsPauseIsTakenAsItIs() async {
        let hinted = ModelError(.busy, "busy", retryAfter: .seconds(42))
        _ = await send(FlakyClient([.failure(hinted), .success(Self.reply)]), random: 0.9)
        #expect(clock.pauses == [.seconds(42)])
    }

    @Test func triesAreBoundedAndTheLastErrorSaysSo() async {
        let client = FlakyClient([.failure(Self.busy)])
        guard case .failure(let error) = await send(client) else {
            Issue.record("answered")
            return
        }
        #expect(error.message == "busy (after 4 tries)" && client.requests.count == 4)
    }

    @Test func aPauseThatWouldLastTooLongIsNotBegun() async {
        let hinted = ModelError(.busy, "busy", retryAfter: .seconds(3600))
        let client = FlakyClient([.failure(hinted)])
        guard case .failure(let error) = await send(client) else {
            Issue.record("answered")
            return
        }
        #expect(client.requests.count == 1 && clock.pauses.isEmpty && error.retryAfter == .seconds(3600))
    }

    @Test func theWallBoundsAllTriesTogether() async {
        let clock = clock
        let client = FlakyClient([.failure(ModelError(.timeout, "late"))]) { clock.advance(.seconds(120)) }
        _ = await send(client, RetryingClient.Policy(tries: 100, wall: .seconds(300)))
        // 120 s, a second's pause, 120 s, two seconds' pause: 57 s are left for the third.
        #expect(client.requests.map(\.timeout) == [.seconds(120), .seconds(120), .seconds(57)])
    }

    @Test func whatFailedTriesCostIsCounted() async throws {
        let costly = ModelError(.timeout, "late", usage: ModelUsage(input: 100, output: 10))
        let client = FlakyClient([.failure(costly), .failure(costly), .success(Self.reply)])
        #expect(try await send(client).get().usage == ModelUsage(input: 205, output: 22))
        guard case .failure(let error) = await send(FlakyClient([.failure(costly)])) else { return }
        #expect(error.usage == ModelUsage(input: 400, output: 40))
    }

    @Test func whoeverIsToldOfATryMayEndIt() async {
        let told = Mutex<[RetryingClient.Retry]>([])
        let client = FlakyClient([.failure(ModelError(.busy, "busy", usage: ModelUsage(input: 9)))])
        let result = await send(client) { retry in
            told.withLock {
                $0.append(retry)
                return $0.count < 2 ? retry.left : nil
            }
        }
        guard case .failure = result else {
            Issue.record("answered")
            return
        }
        #expect(client.requests.count == 2)
        #expect(told.withLock { $0.map(\.tries) } == [1, 2])
        #expect(told.withLock { $0.map(\.usage.input) } == [9, 18])
    }

    @Test func whoeverIsToldOfATryBoundsTheNext() async {
        let client = FlakyClient([.failure(Self.busy)])
        _ = await send(client) { $0.tries == 1 ? .seconds(7) : .zero }
        #expect(client.requests.map(\.timeout) == [.seconds(120), .seconds(7)])
    }

    @Test func cancellationEndsAPause() async {
        let client = FlakyClient([.failure(Self.busy)])
        let result = await withTaskGroup(of: Result<ModelReply, ModelError>.self) { group in
            group.cancelAll()
            group.addTask { await send(client) }
            return await group.next()
        }
        guard case .failure(let error) = result else {
            Issue.record("answered")
            return
        }
        #expect(error.kind == .cancelled && client.requests.count == 1)
    }

    @Test func itSpeaksForItsClient() {
        let retrying = RetryingClient(FlakyClient([]), clock: clock.host, random: { 0 })
        #expect(retrying.model == "flaky" && !retrying.hasTools)
    }
}
