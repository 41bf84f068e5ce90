public import Model
public import Text

/// Who is told: a tree of routes to receivers, and how each receiver is reached; as in Alertmanager.
public struct EscalationSettings: Sendable, Hashable {
    public var route: Route
    public var receivers: [Receiver]

    public init(route: Route, receivers: [Receiver]) {
        self.route = route
        self.receivers = receivers
    }

    public func receiver(named name: String) -> Receiver? { receivers.first { $0.name == name } }

    /// The receivers for labels, by the routes; never empty.
    public func receivers(for labels: Labels) -> [Receiver] {
        var names: [String] = []
        for name in route.receivers(for: labels) where !names.contains(name) { names.append(name) }
        return names.compactMap(receiver(named:))
    }
}

/// One node of the routing tree. The first child that matches takes an incident, and those after it where it says
/// `continue`.
public struct Route: Sendable, Hashable {
    public var receiver: String
    public var matchers: [Matcher]
    public var continues: Bool
    public var routes: [Route]

    public init(receiver: String, matchers: [Matcher] = [], continues: Bool = false, routes: [Route] = []) {
        self.receiver = receiver
        self.matchers = matchers
        self.continues = continues
        self.routes = routes
    }

    func receivers(for labels: Labels) -> [String] {
        var names: [String] = []
        for child in routes where child.matchers.allSatisfy({ $0.matches(labels) }) {
            names += child.receivers(for: labels)
            if !child.continues { break }
        }
        return names.isEmpty ? [receiver] : names
    }
}

public struct Receiver: Sendable, Hashable {
    public var name: String
    public var webhooks: [Webhook]

    public init(name: String, webhooks: [Webhook]) {
        self.name = name
        self.webhooks = webhooks
    }

    /// The names under which the outbox knows the webhooks: the receiver's, then `NAME[1]` and so on.
    var channels: [(name: String, webhook: Webhook)] {
        webhooks.enumerated().map { ($0 == 0 ? name : "\(name)[\($0)]", $1) }
    }
}

/// An address that messages are posted to. Secrets stand in files, which are read anew for every try.
public struct Webhook: Sendable, Hashable {
    public enum Address: Sendable, Hashable {
        case url(String)
        case file(String)
    }

    public var address: Address
    /// Whether it also hears that an incident of which it was told is over.
    public var sendsResolved: Bool
    public var timeout: Duration
    public var authorization: Authorization?

    /// The scheme of the Authorization header, and the file with what follows it.
    public struct Authorization: Sendable, Hashable {
        public var scheme: String
        public var credentialsFile: String

        public init(scheme: String = "Bearer", credentialsFile: String) {
            self.scheme = scheme
            self.credentialsFile = credentialsFile
        }
    }

    public init(
        _ address: Address, sendsResolved: Bool = true, timeout: Duration = .seconds(10),
        authorization: Authorization? = nil
    ) {
        self.address = address
        self.sendsResolved = sendsResolved
        self.timeout = timeout
        self.authorization = authorization
    }
}
