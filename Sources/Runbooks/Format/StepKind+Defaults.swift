import Model
import Text

extension StepKind {
    var isRetrySafeByDefault: Bool {
        switch self {
        case .systemd(let verb, _): verb.isRetrySafe
        case .run: false
        case .http(let step): step.isSafe
        case .wait, .check, .approve, .notify, .agent, .repository, .runbook: true
        case .forge, .deploy: false
        }
    }

    /// What bounds a step that does not say: systemd's own default for jobs, and less for what answers faster.
    var defaultTimeout: Duration {
        switch self {
        case .systemd: .seconds(90)
        case .run, .check: .seconds(60)
        case .http, .notify: .seconds(10)
        case .wait(let duration): duration
        case .approve(let step): step.expires
        case .agent: .seconds(900)
        case .repository: .seconds(1800)
        case .forge: .seconds(10)
        case .deploy: .seconds(600)
        case .runbook: .seconds(86_400)
        }
    }
}

/// What a step may say in a request's head.
enum HTTPHeader {
    static func isValidName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Set by the core itself.
    static func isOurs(_ name: String) -> Bool {
        ["idempotency-key", "content-length", "host", "transfer-encoding", "connection"].contains(name.lowercased())
    }
}
