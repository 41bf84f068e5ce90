import Model

/// A step with all its values in place: exactly what will be done.
public enum RenderedStep: Sendable, Codable, Hashable {
    case systemd(verb: SystemdVerb, unit: String)
    case run(arguments: [String], asRoot: Bool)
    case http(RenderedRequest)
    case wait(Duration)
    case check(expr: String)
    case approve(by: String?, expires: Duration, show: String)
    case notify(to: String, text: String)
    case agent(RenderedAgent)
    case repository(RenderedRepository)
    case forge(RenderedForge)
    case deploy(RenderedDeploy)
    case runbook(RenderedSubrun)

    /// One line for people and for tests: `systemd restart nginx.service`.
    public var summary: String {
        switch self {
        case .systemd(let verb, let unit): "systemd \(verb.rawValue) \(unit)"
        case .run(let arguments, let asRoot):
            "run\(asRoot ? " as root" : "") \(arguments.map(\.quotedWhereNeeded).joined(separator: " "))"
        case .http(let request): "http \(request.method) \(request.url)"
        case .wait(let duration): "wait \(duration.literal)"
        case .check(let expr): "check \(expr)"
        case .approve(let by, let expires, _): "ask \(by ?? "an approver"), for at most \(expires.literal)"
        case .notify(let to, _): "notify \(to)"
        case .agent(let agent): "agent \(agent.role)"
        case .repository(let repository): repository.summary
        case .forge(let forge): forge.summary
        case .deploy(let deploy): deploy.summary
        case .runbook(let subrun): subrun.summary
        }
    }
}

/// A request that the core sends for a step.
public struct RenderedRequest: Sendable, Codable, Hashable {
    public struct Header: Sendable, Codable, Hashable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public let method: String
    public let url: String
    public let headers: [Header]
    public let body: String?
    public let expect: HTTPStep.Expectation
    public let timeout: Duration

    public init(
        method: String, url: String, headers: [Header], body: String?, expect: HTTPStep.Expectation, timeout: Duration
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.expect = expect
        self.timeout = timeout
    }
}

extension String {
    /// As it is where a reader cannot mistake it, else in single quotes as a shell would want it.
    public var quotedWhereNeeded: String {
        let plain = utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "@%+=:,./-_".utf8.contains(byte)
            }
        }
        guard !plain || isEmpty else { return self }
        return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
