import Synchronization

/// Streams that all get the same elements; one that is not read loses its oldest.
final class Subscribers<Element: Sendable>: Sendable {
    private struct State {
        var last = 0
        var inputs: [Int: AsyncStream<Element>.Continuation] = [:]
    }

    private let state = Mutex(State())
    private static var elementsMax: Int { 256 }

    func subscribe() -> AsyncStream<Element> {
        let (stream, input) = AsyncStream<Element>.makeStream(bufferingPolicy: .bufferingNewest(Self.elementsMax))
        let number = state.withLock { state in
            state.last += 1
            state.inputs[state.last] = input
            return state.last
        }
        input.onTermination = { [weak self] _ in
            self?.state.withLock { state in state.inputs[number] = nil }
        }
        return stream
    }

    func tell(_ element: Element) {
        for input in state.withLock({ Array($0.inputs.values) }) { input.yield(element) }
    }
}
